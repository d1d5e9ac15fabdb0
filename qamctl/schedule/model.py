"""A schedule problem as a binary model: one variable for each start that a task may still take.

The time-indexed formulation of Pritsker, Watters and Wolfe (1969): x[task, option, start] = 1 where the
task starts then and so; exactly one for each task. The makespan is a unary chain of z[k] ("something
ends at or after the k-th possible end"), a fixed cost is one bit per agent ("used"); everything else in
the objective is linear, but for what tasks send each other. A task that may be left out has one choice more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qamctl.qubo.model import Model
from qamctl.qubo.objective import value_of
from qamctl.qubo.row_blocks import Rows, join
from qamctl.schedule.choices import Choices, open_choices
from qamctl.schedule.communication import Sent, sent_between
from qamctl.schedule.instance import Instance
from qamctl.schedule.labels import Labels
from qamctl.schedule.loads import holders_of
from qamctl.schedule.place import place
from qamctl.schedule.rows import CREW_ROW_KINDS, ROW_KINDS, capacity_rows, level_row, pair_rows, stock_rows
from qamctl.schedule.slots import in_slots, on_grid
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import TERMS, Floats, Ints
from qamctl.schedule.spread_rows import spread_rows
from qamctl.schedule.terms import constants, makespan_ends, makespan_rows, used_holders, used_rows, variable_costs

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

    def objective(self, solution: Solution) -> float:
        """What the model minimises, of a schedule."""
        return value_of(self.model, self.encode(solution))

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
        waits = self.exact.not_before(found[0] * self.slot)
        start = place(self.exact, found[0], found[1], not_before=waits)
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
        sample[n + z :] = np.isin(self.holders, holders_of(self.instance, option)[1])
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
    instance, incumbent, fixed_levels = on_grid(instance, incumbent, fixed_levels, slot)
    choices = open_choices(instance, incumbent, level=level, fixed_levels=fixed_levels, free=free, near=near)
    kept = [instance.levels[k] for k in range(level)]
    ends, holders = makespan_ends(instance, choices), used_holders(instance, choices)
    parts = variable_costs(instance, choices, ends, holders)
    fixed_part = constants(instance, choices)
    blocks: list[Rows] = []
    for weights, value in zip(kept, fixed_levels, strict=False):
        row = level_row(instance, choices, weights @ parts, float(weights @ fixed_part), value, weights)
        if row is not None:
            blocks.append(row)
    linear = instance.levels[level] @ parts
    needed = linear != 0
    needed[: len(choices.task)] = True
    for block in blocks:
        needed[block.index] = True
    linear[: len(choices.task)] += pull * _late(instance, choices)
    offset, sent = float(instance.levels[level] @ fixed_part), None
    rate = float(instance.levels[level][TERMS.index("communication")]) * instance.unit
    if rate and instance.crews is not None and instance.spec.transfers is not None:
        sent = sent_between(instance, instance.crews, choices)
        linear[: len(choices.task)] += rate * sent.beside
        offset += rate * sent.settled
    return _assemble(instance, exact, choices, ends, holders, linear, offset, rate, sent, blocks, needed, slot)


def _late(instance: Instance, choices: Choices) -> Ints:
    """[c] ticks by which choices end later than they could, as far as nothing speaks for that."""
    late = choices.end - choices.box.end_low[choices.task]
    if instance.wishes is not None:  # what may be wanted late is not pulled back
        late = np.where(instance.wishes.timed[choices.task], 0, late)
    if instance.crews is None:
        return late
    earlier = instance.spec.earlier
    if instance.keeps and earlier is not None:
        late = np.where(earlier.start[choices.task] >= 0, 0, late)
    # Leaving a task out is no way to be early.
    latest = np.zeros(instance.n, np.int64)
    np.maximum.at(latest, choices.task, late)
    return np.where(instance.crews.out[choices.option], latest[choices.task], late)


def _assemble(
    instance: Instance,
    exact: Instance,
    choices: Choices,
    ends: Ints,
    holders: Ints,
    linear: Floats,
    offset: float,
    rate: float,
    sent: Sent | None,
    kept: list[Rows],
    needed: np.ndarray,
    slot: int,
) -> ScheduleModel:
    """Leave out chain and used bits that nothing weighs, and put the rows together.

    Parameters
    ----------
    rate, sent
        What a tick of `sent` counts; None where nothing does.
    """
    n, crews = len(choices.task), instance.crews
    number = np.cumsum(needed) - 1
    kept = [replace(row, index=number[row.index]) for row in kept]
    # The chain is weighed as a whole: a zero weight on one link would cut it.
    ends = ends if needed[n : n + len(ends)].any() else ends[:0]
    holders = holders[needed[len(needed) - len(holders) :]]
    linear = linear[needed]
    blocks = [*pair_rows(instance, choices), *capacity_rows(choices), stock_rows(instance, choices)]
    if crews is not None:
        blocks += spread_rows(instance, crews, choices)
    blocks += makespan_rows(instance, choices, ends, n) + used_rows(instance, choices, holders, n + len(ends))
    kinds = ROW_KINDS if crews is None else CREW_ROW_KINDS
    start, index, coef, rhs, sense, kind = join(blocks + kept, kinds)
    none = np.zeros(0, np.int64)
    one, other, ticks = (none, none, none) if sent is None else (sent.one, sent.other, sent.ticks)
    count = np.diff(choices.first)
    model = Model(
        n=n + len(ends) + len(holders),
        linear=linear,
        row=one.astype(np.int32),
        col=other.astype(np.int32),
        weight=rate * ticks.astype(np.float64),
        offset=offset,
        group_start=np.concatenate([[0], np.cumsum(count[count > 0])]).astype(np.int64),
        group_index=np.arange(n, dtype=np.int32),
        con_start=start,
        con_index=index.astype(np.int32),
        con_coef=coef.astype(np.int64),
        con_sense=sense.astype(np.int8),
        con_rhs=rhs.astype(np.int64),
        con_kind=kind.astype(np.int8),
        con_kinds=kinds,
        labels=Labels(instance, choices, ends, holders),
    )
    return ScheduleModel(model, instance, exact, choices, ends, holders, slot)
