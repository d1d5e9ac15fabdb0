"""Which units and leaves are worth trying together: a costly unit, leaves that attract it, and who would follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.spec import Floats, Ints
from qamctl.cluster.standing import Standing
from qamctl.cluster.tables import gather
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Leaves of a window at most, where the engine is small and elsewhere.
FEW_LEAVES, MOST_LEAVES = 3, 6

#: Units that are looked at for a window at most, and of those in no leaf.
LOOKED_AT, LEFT_OUT = 20_000, 64

#: What every unit counts beside what it costs, as a share of the mean.
EVEN = 0.1


@dataclass(frozen=True)
class Choice:
    """What a window opens: units, ascending, and leaves, ascending."""

    units: Ints
    leaves: Ints


class Picker:
    """Picks windows around one assignment at one level of the objective."""

    def __init__(self, standing: Standing, level: int) -> None:
        self.standing, self.level, self.problem = standing, level, standing.instance.problem
        self.pain = pains(standing, level)
        mean = float(self.pain.mean()) if len(self.pain) else 0.0
        self._sums = np.cumsum(self.pain + (EVEN * mean or 1.0))

    def pick(
        self, pairs: int, leaves: int, rng: np.random.Generator, used: np.ndarray, most_units: int | None = None
    ) -> Choice | None:
        """A window of about so many pairs of unit and leaf; None where there is nothing to choose.

        Parameters
        ----------
        leaves
            So many at most.
        used
            [k + 1] flags of leaves that may not be opened; the last one of those who are in none.
        most_units
            Units at most; None: as many as make the pairs.
        """
        kind = int(rng.integers(4))
        pivot = self._pivot(rng, used, even=kind == 3)
        if pivot is None:
            return None
        opened = self._leaves(pivot, leaves, rng, used)
        if not len(opened):
            return None
        units = self._candidates(opened, rng, used)
        options = self.problem.allowed[self.problem.kind[units]][:, opened].astype(np.int64)
        here = self.standing.leaf[units]
        known = np.isin(here, opened) & (options[np.arange(len(units)), self._spots(opened, here)] > 0)
        ways = options.sum(axis=1) + ~known + (self.problem.optional[units] > 0) * (here < self.problem.k)
        some = (ways > 1) | (units == pivot)
        units, ways = units[some], ways[some]
        score = rng.random(len(units))
        if kind != 3:
            worth = self._pull(units, opened) + self.pain[units]
            score = score * (worth + EVEN * float(worth.mean()) + 1e-9)
        if kind < 2:
            grown = self._grown(pivot, units, pairs // max(1, int(ways.min(initial=2))), rng)
            score[grown] += np.arange(len(grown), 0, -1) * (1.0 + float(score.max(initial=0.0)))
        score[units == pivot] = np.inf
        order = np.argsort(-score, kind="stable")
        count = max(2, int(np.searchsorted(np.cumsum(ways[order]), pairs, side="right")))
        return Choice(np.sort(units[order[: count if most_units is None else min(count, most_units)]]), opened)

    def _grown(self, pivot: int, units: Ints, most: int, rng: np.random.Generator) -> Ints:
        """Places in `units` of those that links lead to from the pivot, nearest first."""
        problem = self.problem
        reached, order = {pivot}, [pivot]
        for unit in order:  # grows while it is read
            if len(order) >= most:
                break
            others = problem.link_to[problem.link_first[unit] : problem.link_first[unit + 1]]
            at = np.minimum(np.searchsorted(units, others), len(units) - 1)
            inside = others[units[at] == others]
            for other in rng.permutation(inside).tolist():
                if other not in reached:
                    reached.add(other)
                    order.append(other)
        return np.searchsorted(units, np.array(order[:most], np.int64))

    def _spots(self, leaves: Ints, here: np.ndarray) -> Ints:
        return np.minimum(np.searchsorted(leaves, here), len(leaves) - 1)

    def _pivot(self, rng: np.random.Generator, used: np.ndarray, *, even: bool) -> int | None:
        n = self.problem.n
        for _ in range(16):
            unit = int(rng.integers(n)) if even else int(np.searchsorted(self._sums, rng.random() * self._sums[-1]))
            unit = min(unit, n - 1)
            if not used[self.standing.leaf[unit]]:
                return unit
        free = np.flatnonzero(~used[self.standing.leaf])
        return int(rng.choice(free)) if len(free) else None

    def _leaves(self, pivot: int, count: int, rng: np.random.Generator, used: np.ndarray) -> Ints:
        """The pivot's leaf, those that attract it, then those that attract the units in them."""
        problem, leaf = self.problem, self.standing.leaf
        chosen: list[int] = [int(leaf[pivot])] if leaf[pivot] < problem.k else []
        who = np.array([pivot])
        while len(chosen) < count:
            weights = self._attraction(who, rng)
            weights[used[: problem.k]] = 0.0
            weights[chosen] = 0.0
            total = float(weights.sum())
            if total <= 0:
                break
            chosen.append(int(np.searchsorted(np.cumsum(weights), rng.random() * total)))
            first, order = self.standing.inside
            at = chosen[int(rng.integers(len(chosen)))]
            inside = order[first[at] : first[at + 1]]
            who = np.append(rng.choice(inside, min(len(inside), 8), replace=False), pivot) if len(inside) else who
        return np.array(sorted(chosen), np.int64)

    def _attraction(self, who: Ints, rng: np.random.Generator) -> Floats:
        """[k] how much leaves attract some units: by links, old places, costs, and a little at random."""
        problem, leaf = self.problem, self.standing.leaf
        weights = np.zeros(problem.k)
        entry, _ = gather(problem.link_first, who)
        there = leaf[problem.link_to[entry]]
        placed = there < problem.k
        np.add.at(weights, there[placed], problem.link_weight[entry][placed])
        if weights.any():
            weights /= weights.sum()
        entry, _ = gather(problem.home_first, who)
        np.add.at(weights, problem.home_leaf[entry], 1.0 / max(1, len(entry)))
        entry, owner = gather(problem.cost_first, who)
        if len(entry):
            cheap = np.full(len(who), np.inf)
            np.minimum.at(cheap, owner, problem.cost_value[entry])
            best = problem.cost_value[entry] <= cheap[owner]
            np.add.at(weights, problem.cost_leaf[entry[best]], 1.0 / max(1, int(best.sum())))
        kind = problem.kind[who[rng.integers(len(who))]]
        allowed = problem.allowed_leaf[problem.allowed_first[kind] : problem.allowed_first[kind + 1]]
        if len(allowed):
            weights[rng.choice(allowed, min(len(allowed), 4), replace=False)] += 0.25
        return weights

    def _candidates(self, leaves: Ints, rng: np.random.Generator, used: np.ndarray) -> Ints:
        """Units in the leaves, some of those that are in none too."""
        first, order = self.standing.inside
        place, _ = gather(first, leaves)
        inside = order[place]
        if len(inside) > LOOKED_AT:
            inside = rng.choice(inside, LOOKED_AT, replace=False)
        out = order[first[self.problem.k] : first[self.problem.k + 1]]
        if not len(out) or used[self.problem.k]:
            return np.sort(inside)
        return np.sort(np.concatenate([inside, rng.choice(out, min(len(out), LEFT_OUT), replace=False)]))

    def _pull(self, units: Ints, leaves: Ints) -> Floats:
        """[units] the weight of links to units in other chosen leaves."""
        problem, leaf = self.problem, self.standing.leaf
        chosen = np.zeros(problem.k + 1, bool)
        chosen[leaves] = True
        entry, owner = gather(problem.link_first, units)
        there = leaf[problem.link_to[entry]]
        other = chosen[there] & (there != leaf[units][owner])
        pull: Floats = np.zeros(len(units))
        np.add.at(pull, owner[other], problem.link_weight[entry][other])
        return pull


def pains(standing: Standing, level: int) -> Floats:
    """[n] about what each unit has to do with the value of a level: a few passes over everything."""
    problem, leaf = standing.instance.problem, standing.leaf
    cut, load, balance, move, cost, spread, unplaced = standing.instance.levels[level].tolist()
    pain = np.zeros(problem.n)
    if cut and len(problem.link_to):
        one = owners(problem.link_first)
        apart = leaf[one] != leaf[problem.link_to]
        pain += cut * np.bincount(one[apart], weights=problem.link_weight[apart], minlength=problem.n)
    if move and len(problem.home_leaf):
        unit, away = owners(problem.home_first), standing.away
        pain += move * np.bincount(unit[away], weights=problem.home_cost[away], minlength=problem.n)
    if cost and len(problem.cost_leaf):
        pain += cost * _excess(standing)
    if unplaced:
        pain[leaf == problem.k] += unplaced * problem.reward[leaf == problem.k]
    by_leaf = np.zeros(problem.k + 1)
    size = np.maximum(1, np.bincount(leaf, minlength=problem.k + 1))
    use = standing.use[: problem.k]
    if load:
        over = np.maximum(0, use - problem.safe[: problem.k])
        by_leaf[: problem.k] += load * (over * problem.load).sum(axis=1)
    if balance:
        by_leaf[: problem.k] += balance * _lacks(problem, use)
    if cost:
        by_leaf[: problem.k] += cost * problem.open_cost[: problem.k]
    pain += (by_leaf / size)[leaf]
    if spread and len(problem.member_rule):
        unit = owners(problem.member_first)
        pain += spread * np.bincount(unit, weights=problem.rule_weight[problem.member_rule], minlength=problem.n)
    return pain


def _excess(standing: Standing) -> Floats:
    """[n] what units cost where they are beyond the least that they cost anywhere."""
    problem = standing.instance.problem
    here = standing.tables.cost(np.arange(problem.n), standing.leaf.astype(np.int64))
    named = np.diff(problem.cost_first)
    least = np.zeros(problem.n)
    # Where every leaf has a cost; elsewhere some leaf costs nothing.
    full = named == problem.k
    if full.any():
        some = np.flatnonzero(named)
        lowest = np.minimum.reduceat(problem.cost_value, problem.cost_first[:-1][some])
        least[some] = np.where(full[some], lowest, 0.0)
    return np.asarray(here - least, np.float64)


def _lacks(problem: AssignmentProblem, use: Ints) -> Floats:
    """[k] the term `balance` leaf by leaf."""
    free = (problem.capacity[: problem.k] - use).astype(np.float64)
    lacks = problem.ratio_value * free[:, problem.ratio_one] - free[:, problem.ratio_other]
    total: Floats = (np.maximum(0.0, lacks) * problem.ratio_weight).sum(axis=1)
    if problem.target:
        total = total + np.abs(use[:, -1] - problem.target) * (use[:, -1] > 0)
    return total
