"""Which parts of an assignment are worth deciding anew: clusters that cost too much, and those that could help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.solvers.programs.part import Frame, Part, everywhere, part_of
from qamctl.cluster.spec import NO_LIMIT, TERMS, Flags, Floats, Index, Ints
from qamctl.cluster.terms import usage
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Units that a part has at most, whatever else limits it.
MOST_UNITS: Final = 1500


@dataclass(frozen=True, eq=False)
class Guide:
    """What a linear relaxation says of who should be where.

    Attributes
    ----------
    reduced
        [n, k] what it adds to the bound that a unit is in a leaf; inf where it may not be.
    value
        [n, k] the relaxation's shares.
    price
        [k, r] of a unit of a leaf's capacity.
    cost
        [k] what leaves cost in the relaxation by their load and balance.
    """

    reduced: Floats
    value: Floats
    price: Floats
    cost: Floats


def guide_of(part: Part, weights: Floats, value: Floats, reduced: Floats, price: Floats) -> Guide:
    """The guide that a relaxation of the whole problem gives.

    Parameters
    ----------
    value, reduced
        [q] of the variables of its pairs.
    price
        [k, r]
    """
    problem = part.problem
    where = part.free[part.unit], part.to
    costs, shares = np.full((problem.n, problem.k), np.inf), np.zeros((problem.n, problem.k))
    costs[where], shares[where] = np.maximum(0.0, reduced), np.clip(value, 0.0, 1.0)
    use = np.zeros((problem.k, problem.r))
    np.add.at(use, part.to, part.demand * shares[where][:, None])
    return Guide(costs, shares, price, leaf_costs(problem, weights, use))


def leaf_costs(problem: AssignmentProblem, weights: Floats, use: np.ndarray) -> Floats:
    """[k] what each leaf costs by its load and balance, given [k, r] what is used."""
    k = problem.k
    by = dict(zip(TERMS, weights.tolist(), strict=True))
    over = np.maximum(0, use - problem.safe[:k]) * (problem.safe[:k] < NO_LIMIT)
    free = (problem.capacity[:k] - use).astype(float)
    lacks = np.maximum(0.0, problem.ratio_value * free[:, problem.ratio_one] - free[:, problem.ratio_other])
    cost: Floats = by["load"] * (over @ problem.load) + by["balance"] * (lacks @ problem.ratio_weight)
    return cost


@dataclass(frozen=True, eq=False)
class Ground:
    """What parts of one assignment are chosen by.

    Attributes
    ----------
    frame, leaf
        The problem, and [n] where everyone is.
    score
        [k] how much more each leaf costs than it should.
    size
        [n] of each unit, in shares of what there is of each resource.
    room
        [k] the least free share of a resource.
    home
        [n] where most of a unit's agents were; -1: nowhere.
    """

    frame: Frame
    leaf: Index
    guide: Guide | None
    score: Floats
    size: Floats
    room: Floats
    home: Ints


def ground_of(frame: Frame, weights: Floats, leaf: Index, guide: Guide | None) -> Ground:
    """What parts of an assignment are chosen by."""
    problem, k = frame.problem, frame.problem.k
    use = usage(problem, leaf)[:k]
    placed = leaf < k
    units = np.flatnonzero(placed)
    score = leaf_costs(problem, weights, use)
    by = dict(zip(TERMS, weights.tolist(), strict=True))
    bounded = problem.capacity[:k] < NO_LIMIT
    free = np.where(bounded, problem.capacity[:k] - use, 0)
    if guide is None:
        score += by["cost"] * problem.open_cost[:k] * (use[:, -1] > 0)
        here = owners(problem.cost_first)
        paid = problem.cost_leaf == leaf[here]
        score += by["cost"] * np.bincount(problem.cost_leaf[paid], weights=problem.cost_value[paid], minlength=k)
        here = owners(problem.home_first)
        moved = placed[here] & (leaf[here] != problem.home_leaf)
        price = by["move"] * problem.per_agent * problem.home_cost[moved]
        score += np.bincount(leaf[here[moved]], weights=price, minlength=k)
    else:
        score = np.maximum(0.0, score - guide.cost) + (guide.price * np.maximum(0, free)).sum(axis=1)
        score += np.bincount(leaf[units], weights=guide.reduced[units, leaf[units]], minlength=k)
    scale = np.maximum(1.0, np.where(bounded, problem.capacity[:k], 0).max(axis=0, initial=0))
    whole = np.where(bounded.any(axis=0), scale, np.maximum(1, problem.demand.sum(axis=0)))
    home = np.full(problem.n, -1)
    home[owners(problem.home_first)] = problem.home_leaf
    return Ground(
        frame, leaf, guide, score, (problem.demand / whole).sum(axis=1),
        np.where(bounded, np.maximum(0, free) / scale, np.inf).min(axis=1), home,
    )  # fmt: skip


def choose_wide(ground: Ground, pairs: float, rng: np.random.Generator) -> Part | None:
    """A few leaves that could help each other, their units all free to swap places; about so many pairs."""
    problem, leaf = ground.frame.problem, ground.leaf
    k = problem.k
    inside = np.bincount(leaf, minlength=k + 1)
    lost = np.flatnonzero(leaf == k)
    chosen = [_draw(ground.score, [], rng)]
    while len(chosen) < k:
        more = _draw(_helpers(ground, chosen, rng), chosen, rng)
        if len(chosen) > 1 and inside[[*chosen, more]].sum() * (len(chosen) + 1) > pairs:
            break
        chosen.append(more)
    units = np.flatnonzero(np.isin(leaf, chosen))
    room = max(2, int(pairs / max(1, len(chosen))))
    units = np.concatenate([_some(units, room, rng), _some(lost, max(1, room // 4), rng)])
    units = np.sort(units)
    unit, to = everywhere(problem, units)
    return _part(ground, units, unit, to, np.isin(to, chosen))


def choose_narrow(ground: Ground, pairs: float, rng: np.random.Generator) -> Part | None:
    """Many leaves and only the best of other places for their units, by reduced costs; about so many of these.

    What a unit costs more there than here counts, by a random share of what it costs here: so the same leaves make
    another part the next time.
    """
    assert ground.guide is not None
    problem, leaf = ground.frame.problem, ground.leaf
    k = problem.k
    share = ground.score + 0.05 * ground.score.mean() + 1e-9
    chosen = rng.choice(k, int(rng.integers(min(2, k), k + 1)), replace=False, p=share / share.sum())
    units = np.flatnonzero(np.isin(leaf, np.append(chosen, k)))
    units = np.sort(_some(units, MOST_UNITS, rng))
    unit, to = everywhere(problem, units)
    wanted = np.isin(to, chosen) & (to != leaf[units[unit]])
    reduced = ground.guide.reduced
    placed = leaf[units] < k
    here = np.where(placed, reduced[units, np.minimum(leaf[units], k - 1)], 0.0) * rng.random(len(units))
    costs = reduced[units[unit], to] - here[unit]
    order = np.flatnonzero(wanted)
    order = order[np.argsort(costs[order], kind="stable")[: max(1, int(pairs))]]
    wanted[:] = False
    wanted[order] = True
    return _part(ground, units, unit, to, wanted)


def choose_all(ground: Ground, most: float) -> Part | None:
    """Everything that could be in an assignment that beats the known one: pairs with reduced costs up to `most`."""
    units = np.arange(ground.frame.problem.n)
    unit, to = everywhere(ground.frame.problem, units)
    wanted = np.ones(len(to), bool)
    if ground.guide is not None:
        wanted = ground.guide.reduced[unit, to] <= most
    return _part(ground, units, unit, to, wanted)


def _part(ground: Ground, units: Ints, unit: Ints, to: Ints, wanted: Flags) -> Part | None:
    """The part of wanted pairs, and of where units are now; units with one place alone are left out.

    Parameters
    ----------
    unit, to, wanted
        Pairs of a row of `units` and a leaf, all that are allowed, and whether they are wanted.

    Returns
    -------
    Part or None
        None where no unit has several places.
    """
    problem, leaf = ground.frame.problem, ground.leaf
    wanted = wanted | (leaf[units[unit]] == to)
    unit, to = unit[wanted], to[wanted]
    several = np.bincount(unit, minlength=len(units)) + (problem.optional[units] > 0) > 1
    if not several.any():
        return None
    kept = several[unit]
    number = np.cumsum(several) - 1
    return part_of(ground.frame, leaf, units[several], number[unit[kept]], to[kept])


def _some(units: Ints, count: int, rng: np.random.Generator) -> Ints:
    return units if len(units) <= count else rng.choice(units, count, replace=False)


def _draw(share: Floats, without: list[int], rng: np.random.Generator) -> int:
    """A leaf by its share, of those that are not chosen yet; any, where no share is above zero."""
    share = np.where(np.isfinite(share), share, 0.0)
    share[without] = 0.0
    if share.sum() <= 0:
        share = np.ones(len(share))
        share[without] = 0.0
    return int(rng.choice(len(share), p=share / share.sum()))


def _helpers(ground: Ground, chosen: list[int], rng: np.random.Generator) -> Floats:
    """[k] how likely each leaf is to help those that are chosen; from one of several points of view."""
    problem, leaf = ground.frame.problem, ground.leaf
    k = problem.k
    view = int(rng.integers(4))
    inside = np.isin(leaf, chosen)
    if view == 1 and ground.guide is not None:  # where the relaxation has their units, and whose units it has there
        flow = (ground.guide.value * (ground.size * inside)[:, None]).sum(axis=0)
        out = ~inside & (leaf < k)
        back = ground.guide.value[out][:, chosen].sum(axis=1) * ground.size[out]
        return np.asarray(flow + np.bincount(leaf[out], weights=back, minlength=k), float)
    if view == 2:  # where their units were, and where the units are that were there: old places take room
        moved = (ground.home >= 0) & (ground.home != leaf)
        there = moved & (leaf == chosen[-1])
        gone = moved & (ground.home == chosen[-1]) & (leaf < k)
        return np.asarray(
            np.bincount(ground.home[there], weights=ground.size[there], minlength=k)
            + np.bincount(leaf[gone], weights=ground.size[gone], minlength=k), float,
        )  # fmt: skip
    if view == 3:
        return ground.room.copy()
    return np.ones(k)
