"""A schedule problem as a binary model: one variable for each start that a task may still take.

The time-indexed formulation of Pritsker, Watters and Wolfe (1969): x[task, option, start] = 1 where the
task starts then and so; exactly one for each task. The makespan is a unary chain of z[k] ("something
ends at or after the k-th possible end"), a fixed cost is one bit per agent ("used"); everything else in
the objective is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qamctl.qubo.model import Model
from qamctl.schedule.choices import Choices, edges, open_choices
from qamctl.schedule.instance import Instance
from qamctl.schedule.labels import Labels
from qamctl.schedule.limits import task_terms
from qamctl.schedule.place import place
from qamctl.schedule.rows import (
    ROW_KINDS,
    Rows,
    capacity_rows,
    count_precedence_pairs,
    join,
    level_row,
    pairs,
    precedence_rows,
    stock_rows,
)
from qamctl.schedule.sizes import size_of_choices
from qamctl.schedule.slots import coarsen, in_slots
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Floats, Ints

Sample = np.ndarray


@dataclass(frozen=True)
class ScheduleModel:
    """The model of a schedule and the way there and back.

    Attributes
    ----------
    model
        Variables: the choices, then the makespan chain, then the used bits.
    instance
        The problem in slots; the one of the spec where a slot is one tick.
    exact
        The problem in ticks.
    choices
        What the first variables stand for.
    ends
        [z] z[k] is 1 where something ends at or after ends[k] (slots).
    holders
        [u] the holder of each used bit.
    slot
        Ticks in a slot.
    """

    model: Model
    instance: Instance
    exact: Instance
    choices: Choices
    ends: Ints
    holders: Ints
    slot: int

    @property
    def variables(self) -> int:
        """Variables of the model."""
        return self.model.n

    @property
    def raw_variables(self) -> int:
        """Variables before the windows were pruned."""
        return self.choices.raw + len(self.ends) + len(self.holders)

    def chosen(self, sample: Sample) -> tuple[Ints, Ints] | None:
        """[T] start (slots) and option; None where a task has no start or several."""
        choices = self.choices
        taken = np.flatnonzero(np.asarray(sample)[: len(choices.task)])
        task = choices.task[taken]
        if len(task) != int((choices.fixed_option < 0).sum()) or (np.diff(task) == 0).any():
            return None
        start, option = choices.fixed_start.copy(), choices.fixed_option.copy()
        start[task], option[task] = choices.start[taken], choices.option[taken]
        return start, option

    def decode(self, sample: Sample) -> Solution | None:
        """The schedule of a sample, None where a task has no start or several.

        A sample that violates other constraints gives a schedule that does. With slots longer than a tick
        the schedule is shifted left in exact ticks, and None where that breaks a constraint.
        """
        found = self.chosen(sample)
        if found is None:
            return None
        if self.slot == 1:
            return self.instance.solution(*found)
        start = place(self.exact, found[0], found[1])
        return None if start is None else self.exact.solution(start, found[1])

    def encode(self, solution: Solution) -> Sample:
        """[n] the sample of a schedule; with long slots that of the schedule rounded to slots.

        Raises
        ------
        ValueError
            The model has no variable for one of the starts.
        """
        if self.slot > 1:
            solution = in_slots(self.exact, self.instance, solution, self.slot)
        choices, option = self.choices, self.instance.options_of(solution)
        fixed = choices.fixed
        if (option[fixed] != choices.fixed_option[fixed]).any() or (
            solution.start[fixed] != choices.fixed_start[fixed]
        ).any():
            raise ValueError("the schedule moves a task that the model holds fixed")
        width = int(max(choices.start.max(initial=0), solution.start.max(initial=0))) + 1
        keys = choices.option * width + choices.start
        free = np.flatnonzero(choices.fixed_option < 0)
        wanted = option[free] * width + solution.start[free]
        at = np.searchsorted(keys, wanted)
        if (option[free] < 0).any() or (at >= len(keys)).any() or (keys[at] != wanted).any():
            raise ValueError("the model has no variable for a start of the schedule")
        sample = np.zeros(self.model.n, np.uint8)
        sample[at] = 1
        n, z = len(choices.task), len(self.ends)
        sample[n : n + z] = solution.end.max(initial=0) >= self.ends
        sample[n + z :] = np.isin(self.holders, self.instance.option_holder[option])
        return sample


def build_model(
    instance: Instance,
    incumbent: Solution | None,
    *,
    level: int = 0,
    fixed_levels: Sequence[float] = (),
    slot: int = 1,
    free: np.ndarray | None = None,
    near: int | None = None,
    pull: float = 0.0,
) -> ScheduleModel:
    """The model whose minima are the schedules of least value in one objective level.

    Parameters
    ----------
    incumbent
        A feasible schedule; it prunes the windows and is itself representable. None: only the spec prunes.
    level, fixed_levels
        The level that is minimised, and the values of the earlier levels, which are kept.
    slot
        Ticks in a slot; durations, lags and releases round up to slots, deadlines and due times down.
    free
        [T] a window: tasks outside stay as they are in the incumbent. None: the whole problem.
    near
        At most so many starts for each option, nearest to the incumbent (for windows).
    pull
        Cost of each tick by which an open task ends late, on top of the level (for windows whose other
        tasks hide what was gained; 0 keeps the objective exact).

    Raises
    ------
    UnsupportedError
        The objective, or an earlier level, cannot be held by a QUBO.
    InfeasibleError
        No schedule keeps the bounds.
    """
    exact = instance
    instance, incumbent, fixed_levels = _on_grid(instance, incumbent, fixed_levels, slot)
    choices = open_choices(instance, incumbent, level=level, fixed_levels=fixed_levels, free=free, near=near)
    kept = [instance.levels[k] for k in range(level)]
    ends, holders = _makespan_ends(instance, choices), _used_holders(instance, choices)
    parts = _variable_costs(instance, choices, ends, holders)
    constants = _constants(instance, choices)
    blocks: list[Rows] = []
    for weights, value in zip(kept, fixed_levels, strict=False):
        row = level_row(instance, choices, weights @ parts, float(weights @ constants), value, weights)
        if row is not None:
            blocks.append(row)
    linear = instance.levels[level] @ parts
    needed = linear != 0
    needed[: len(choices.task)] = True
    for block in blocks:
        needed[block.index] = True
    linear[: len(choices.task)] += pull * (choices.end - choices.box.end_low[choices.task])
    return _assemble(instance, exact, choices, ends, holders, linear, float(instance.levels[level] @ constants),
                     blocks, needed, slot)  # fmt: skip


def _on_grid(
    instance: Instance, incumbent: Solution | None, fixed_levels: Sequence[float], slot: int
) -> tuple[Instance, Solution | None, Sequence[float]]:
    """Problem, incumbent and kept values in slots; a value that the rounded incumbent misses gives way to it."""
    if slot == 1:
        return instance, incumbent, fixed_levels
    coarse, moved = coarsen(instance, incumbent, slot)
    if moved is None:
        return coarse, None, fixed_levels
    return coarse, moved, [max(kept, now) for kept, now in zip(fixed_levels, coarse.value(moved), strict=False)]


def _assemble(
    instance: Instance,
    exact: Instance,
    choices: Choices,
    ends: Ints,
    holders: Ints,
    linear: Floats,
    constant: float,
    kept: list[Rows],
    needed: np.ndarray,
    slot: int,
) -> ScheduleModel:
    """Leave out chain and used bits that nothing weighs, and put the rows together."""
    n = len(choices.task)
    number = np.cumsum(needed) - 1
    kept = [replace(row, index=number[row.index]) for row in kept]
    # The chain is weighed as a whole: a zero weight on one link would cut it.
    ends = ends if needed[n : n + len(ends)].any() else ends[:0]
    holders = holders[needed[len(needed) - len(holders) :]]
    linear = linear[needed]
    blocks = [precedence_rows(instance, choices), *capacity_rows(choices), stock_rows(instance, choices)]
    blocks += _makespan_rows(instance, choices, ends, n) + _used_rows(instance, choices, holders, n + len(ends))
    start, index, coef, rhs, sense, kind = join(blocks + kept)
    count = np.diff(choices.first)
    model = Model(
        n=n + len(ends) + len(holders),
        linear=linear,
        row=np.zeros(0, np.int32),
        col=np.zeros(0, np.int32),
        weight=np.zeros(0),
        offset=constant,
        group_start=np.concatenate([[0], np.cumsum(count[count > 0])]).astype(np.int64),
        group_index=np.arange(n, dtype=np.int32),
        con_start=start,
        con_index=index.astype(np.int32),
        con_coef=coef.astype(np.int64),
        con_sense=sense.astype(np.int8),
        con_rhs=rhs.astype(np.int64),
        con_kind=kind.astype(np.int8),
        con_kinds=ROW_KINDS,
        labels=Labels(instance, choices, ends, holders),
    )
    return ScheduleModel(model, instance, exact, choices, ends, holders, slot)


def _last_ones(instance: Instance) -> np.ndarray:
    """[T] tasks that no successor is sure to outlast: only these can end last alone."""
    pred, succ, kind, lag = edges(instance)
    outlasts = np.where(
        (kind == 0) | (kind == 2),
        lag + np.where(kind == 0, instance.shortest[succ], 0) >= 0,
        lag + np.where(kind == 1, instance.shortest[succ], 0) >= instance.longest[pred],
    )
    last = np.ones(instance.n, bool)
    last[pred[outlasts]] = False
    return last


def _makespan_ends(instance: Instance, choices: Choices) -> Ints:
    """The possible makespans above the least, ascending."""
    least = int(choices.box.end_low.max(initial=0))
    end = choices.end[_last_ones(instance)[choices.task]]
    ends: Ints = np.unique(end[end > least])
    return ends


def _makespan_rows(instance: Instance, choices: Choices, ends: Ints, first: int) -> list[Rows]:
    """x <= z of its end, z[k + 1] <= z[k]."""
    if len(ends) == 0:
        return []
    defines = np.flatnonzero(_last_ones(instance)[choices.task] & (choices.end >= ends[0]))
    top = first + np.searchsorted(ends, choices.end[defines])
    link = first + np.arange(1, len(ends))
    return [pairs("makespan", defines, top, -1, 0), pairs("makespan", link, link - 1, -1, 0)]


def _used_holders(instance: Instance, choices: Choices) -> Ints:
    """Holders with a fixed cost that choices use and no fixed task does."""
    held = instance.option_holder[choices.fixed_option[choices.fixed]]
    used = np.setdiff1d(instance.option_holder[choices.option], held)
    return used[instance.fixed_cost[used] != 0].astype(np.int64)


def _used_rows(instance: Instance, choices: Choices, holders: Ints, first: int) -> list[Rows]:
    """x <= used bit of its holder."""
    holder = instance.option_holder[choices.option]
    which = np.flatnonzero(np.isin(holder, holders))
    return [pairs("used", which, first + np.searchsorted(holders, holder[which]), -1, 0)] if len(which) else []


def _variable_costs(instance: Instance, choices: Choices, ends: Ints, holders: Ints) -> Floats:
    """[5, n] what each variable adds to each term."""
    n = len(choices.task)
    parts = np.zeros((instance.levels.shape[1], n + len(ends) + len(holders)))
    parts[:, :n] = task_terms(instance, choices.task, choices.option, choices.end)
    least = choices.box.end_low.max(initial=0)
    parts[0, n : n + len(ends)] = np.diff(ends, prepend=least) * instance.unit
    parts[4, n + len(ends) :] = instance.fixed_cost[holders]
    return parts


def _constants(instance: Instance, choices: Choices) -> Floats:
    """[5] the part of each term that no choice changes."""
    fixed = choices.fixed
    option = choices.fixed_option[fixed]
    end = choices.fixed_start[fixed] + instance.option_duration[option]
    out: Floats = task_terms(instance, fixed, option, end).sum(axis=1)
    out[0] = choices.box.end_low.max(initial=0) * instance.unit
    out[4] += instance.fixed_cost[np.unique(instance.option_holder[option])].sum()
    return out


def estimate(
    instance: Instance,
    incumbent: Solution | None,
    *,
    level: int = 0,
    fixed_levels: Sequence[float] = (),
    slot: int = 1,
    limit: int = 20_000,
) -> tuple[int, int]:
    """(variables, couplings) of the whole model, without building it.

    Above `limit` variables the couplings are only a lower bound.
    """
    instance, incumbent, fixed_levels = _on_grid(instance, incumbent, fixed_levels, slot)
    return size_of_choices(
        instance, incumbent, level, fixed_levels, limit, count_precedence_pairs, _makespan_ends, _used_holders
    )
