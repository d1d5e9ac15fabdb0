"""Penalty weights that are sufficient: every minimum of the penalty QUBO is feasible and optimal.

**The cited bound.** For integer constraints squared, a broken one costs at least its weight, so any
weight above the largest minus the smallest objective over all binary states is sufficient (A. Lucas,
"Ising formulations of many NP problems", Frontiers in Physics 2, 2014, section 3; A. Verma and
M. Lewis, "Penalty and partitioning techniques to improve performance of QUBO solvers", Discrete
Optimization 44, 2022; M. Ayodele, "Penalty weights in QUBO formulations: permutation problems", EvoCOP
2022). `cited_bound` is that weight; ours never exceed it.

**What we use instead**, one weight for each group and row:

(1) *One flip.* Where a single flip repairs a constraint and can break no other, what that flip may cost is
enough: `local_bounds`. This settles groups whose members are in no row, packing and covering rows, cardinalities.

(2) *Implications.* Let z occur in nothing but implications (a <= z, z <= w) and in its own linear term.
A state with a = 1, z = 0 is improved by setting z = 1 when the weight of a <= z exceeds
max(0, cost of z) + the weights of all z <= w: the broken a <= z are repaired, and nothing else but
z <= w can break. So no minimum breaks an implication of such a weight, whatever the other weights are.
Along a chain these weights grow from one link's cost to at most P.

(3) *Bits of a row's own* that count what is beyond its limit can make up for it: `relief`.

(4) *Everything else.* One of each group is chosen in every feasible state, so the group's least cost can be
moved to the offset. Let f be the shifted objective, low a bound with f >= low for every binary state that
keeps what (1) settles, and y a feasible state. With weight P > f(y) - low, any such state s that breaks a
constraint has energy >= low + P > f(y) >= the optimum, so no minimum is infeasible; feasible states have
no penalty, so the minima are the optima. A weight by (1), (2) or (3) that is larger than P gives way to it.

With domain walls in place of one-hot groups see `domain_wall.wall_weights`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.local_bounds import Flips, flips, group_bounds, largest_two, row_bounds, structure
from qamctl.qubo.model import Floats, Index, Ints, Model
from qamctl.qubo.objective import between_groups, margin, on_grid, reach_of, shifted, unit
from qamctl.qubo.relief import relief
from qamctl.qubo.shapes import (
    IMPLICATION,
    group_of_variables,
    groups_apart,
    implication_ends,
    row_of_entries,
    row_shapes,
)

__all__ = ["Weights", "cited_bound", "estimated_weights", "margin", "sufficient_weights"]

#: How often groups whose own weight is larger than the common one are handed over to it.
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Weights:
    """Penalty weights.

    Attributes
    ----------
    group
        [g] of the one-hot groups (of the walls of a group under the domain-wall encoding); one number stands for all.
    row
        [r] of the rows of constraints.
    shift
        [g] what the costs of a group's members are raised by, and the offset lowered: it changes no feasible
        state. None: nothing.
    """

    group: Floats | float
    row: Floats
    shift: Floats | None = None

    def groups(self, count: int) -> Floats:
        """[count] the weight of each group."""
        return np.broadcast_to(np.asarray(self.group, np.float64), count)

    @property
    def least(self) -> float:
        """The smallest penalty of a broken constraint; inf where there is none."""
        return float(min(np.min(self.group, initial=np.inf), np.min(self.row, initial=np.inf)))


def cited_bound(model: Model) -> float:
    """The general sufficient weight: above the range of the objective over all binary states."""
    reach = float(np.abs(model.linear).sum() + np.abs(model.weight).sum())
    return reach + margin(model)


def sufficient_weights(model: Model, upper: float | None = None, *, one_hot: str = "one-hot") -> Weights:
    """Weights with which every minimum of the compiled QUBO is a feasible optimum.

    Parameters
    ----------
    upper
        The objective of some feasible state; None takes the largest that a state can have.
    one_hot
        The encoding of the groups, as for `compile_qubo`.

    Raises
    ------
    ValueError
        A one-hot group has no member.
    """
    linear, offset = shifted(model)
    spare = margin(model)
    if one_hot == "domain-wall":
        from qamctl.qubo.domain_wall import wall_weights

        # Whole walls choose exactly one of a group; what is not encoded by walls has the common weight.
        settled = groups_apart(model, group_of_variables(model))
        everywhere = _everywhere(model, linear, offset, settled, upper, spare)
        row = _row_weights(model, linear, flips(model, linear, settled), everywhere, spare)
        return wall_weights(model, Weights(np.where(settled, 0.0, everywhere), row), upper)
    settled = structure(model)
    for again in range(ROUNDS):
        found = flips(model, linear, settled)
        own, complete, shift = _group_weights(model, found, settled, spare)
        everywhere = _everywhere(model, linear, offset, settled, upper, spare)
        dear = settled & (own > everywhere)
        if again == ROUNDS - 1 or not dear.any():
            break
        settled = settled & ~dear
    group = np.where(complete, own, np.maximum(np.where(settled, own, 0.0), everywhere))
    return Weights(on_grid(model, group), _row_weights(model, linear, found, everywhere, spare), shift)


def estimated_weights(model: Model) -> Weights:
    """Weights to start from, often far below the sufficient ones, and no proof of anything.

    Each is what one flip, or for a member of a group one change of its choice, could gain from breaking the
    constraint, as if nothing else could break: the largest single gain of Ayodele (2022), constraint by constraint.
    """
    linear, _ = shifted(model)
    spare = margin(model)
    group = group_of_variables(model)
    settled = groups_apart(model, group)
    found = flips(model, linear, settled)
    bounds = group_bounds(model, found, settled, careful=False)
    several = np.where(np.isfinite(bounds.several), bounds.several, 0.0)
    of_group = np.maximum(np.maximum(several, bounds.floor), np.maximum(bounds.none, 0.0))
    of_group = np.where(settled, of_group, float(of_group[settled].max(initial=0.0)))
    # What is turned off in a group is another member turned on: the one that costs least.
    instead = np.zeros(model.n)
    member = np.flatnonzero(group >= 0)
    instead[member] = np.where(settled, bounds.none, 0.0)[group[member]]
    gain = np.where(found.off + instead > 0, found.off + instead, np.maximum(found.on, 0.0))
    # A flip breaks a row by its coefficient, which costs the square of it.
    square = np.bincount(row_of_entries(model), model.con_coef.astype(np.float64) ** 2, len(model.con_rhs))
    mean = np.maximum(square / np.maximum(np.diff(model.con_start), 1), 1.0)
    of_row = np.maximum(largest_two(model.con_start, gain[model.con_index])[0], 0.0) / mean
    of_row = np.ceil(of_row / spare) * spare
    return Weights(on_grid(model, of_group + spare), on_grid(model, of_row + spare))


def _group_weights(model: Model, found: Flips, settled: np.ndarray, spare: float) -> tuple[Floats, np.ndarray, Floats]:
    """([g], [g], [g]) the weight by single flips, whether it excludes none chosen too, and the shift of the costs."""
    bounds = group_bounds(model, found, settled)
    complete = np.isfinite(bounds.none)
    none = np.where(complete, bounds.none, 0.0)
    several = np.where(np.isneginf(bounds.several), -none, bounds.several)
    step = unit(model)
    half = np.where(complete, (several - none) / 2, 0.0)
    shift = half if step is None else np.floor(half / step) * step
    weight = np.maximum(np.maximum(several - shift, bounds.floor), none + shift) + spare
    return weight, complete, on_grid(model, shift)


def _row_weights(model: Model, linear: Floats, found: Flips, everywhere: float, spare: float) -> Floats:
    """[r] the least of what one flip, the implications of a row, bits of its own, and everything else prove."""
    row = np.minimum(np.maximum(row_bounds(model, found), 0.0) + spare, everywhere)
    row_of, implied = _implications(model)
    need = _implication_needs(model, linear, row_of, implied, spare)
    tight = need[implied[:, 1]] if len(implied) else np.zeros(0)
    row[row_of] = np.minimum(row[row_of], tight)
    price = relief(model)
    step = unit(model)
    some = np.isfinite(price)
    row[some] = np.minimum(row[some], on_grid(model, price[some] + (price[some] / 1024 if step is None else step)))
    return row


def _everywhere(
    model: Model, linear: Floats, offset: float, settled: np.ndarray, upper: float | None, spare: float
) -> float:
    """The weight that excludes whatever single flips do not."""
    kept = between_groups(model)
    costs = linear, model.row[kept].astype(np.int64), model.col[kept].astype(np.int64), model.weight[kept]
    group = group_of_variables(model)

    def reach(together: np.ndarray) -> tuple[float, float]:
        block = np.arange(model.n, dtype=np.int64) + len(together)
        grouped = np.flatnonzero(group >= 0)
        grouped = grouped[together[group[grouped]]]
        block[grouped] = group[grouped]
        return reach_of(*costs, block)

    low = offset + reach(settled)[0]
    if upper is None:  # a feasible state has one of each group
        upper = offset + reach(groups_apart(model, group))[1]
    return min(max(upper - low, 0.0) + spare, cited_bound(model))


def _implications(model: Model) -> tuple[Ints, Ints]:
    """Rows a <= z whose z occurs in nothing but implications, and their [r, 2] ends."""
    is_implication = row_shapes(model) == IMPLICATION
    elsewhere = np.zeros(model.n, bool)
    elsewhere[model.group_index] = True
    elsewhere[model.row] = True
    elsewhere[model.col] = True
    elsewhere[model.con_index[~is_implication[row_of_entries(model)]]] = True
    rows = np.flatnonzero(is_implication)
    ends = implication_ends(model, rows)
    local = ~elsewhere[ends[:, 1]]
    return rows[local], ends[local]


def _implication_needs(model: Model, linear: Floats, rows: Ints, ends: Ints, spare: float) -> Floats:
    """[n] the sufficient weight of a <= z by z; inf where z cannot be settled by its implications alone."""
    need = np.full(model.n, np.inf)
    local = np.unique(ends[:, 1]) if len(rows) else np.zeros(0, np.int64)
    # A power of two, so that sums of integral costs stay exact; all of them together stay below `spare`.
    step = 2.0 ** -len(local).bit_length() * spare
    leads: dict[int, list[int]] = {int(z): [] for z in local}
    waits: dict[int, int] = dict.fromkeys(leads, 0)
    out: dict[int, list[int]] = {}
    all_rows = np.flatnonzero(row_shapes(model) == IMPLICATION)
    chain: Index | Ints = implication_ends(model, all_rows)
    for a, z in chain[np.isin(chain[:, 0], local)].tolist():
        out.setdefault(a, []).append(z)
        waits[a] += 1
        if z in leads:
            leads[z].append(a)
    ready = [z for z in leads if waits[z] == 0]
    for z in ready:  # grows while it is read
        need[z] = max(0.0, float(linear[z])) + sum(float(need[w]) for w in out.get(z, ())) + step
        for a in leads[z]:
            waits[a] -= 1
            if waits[a] == 0:
                ready.append(a)
    return need
