"""From an `Instance` to the flat arrays of the list-search kernels: needs, stocks and starting points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qamctl.kernels.schedule.problem import ScheduleProblem, cooling, surprise
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.cpsat_window import long_enough
from qamctl.schedule.solvers.crew_tables import crew_tables, list_graph, same_crew, takes
from qamctl.schedule.spec import NEVER, TERMS, Floats, Index, Ints

Mask = npt.NDArray[np.bool_]

#: Temperatures at the two ends of a cooling, in units of the mean change that a move makes.
HOT, COLD = 0.3, 0.03

#: Tasks, and options with a start of their own, of problems in which tasks may wait for any start.
SMALL_TASKS, SMALL_STARTS = 12, 3_000

_COST, _REASONING = TERMS.index("cost"), TERMS.index("reasoning")
_BACKWARD = np.array([0, 2, 1, 3], np.int8)  # FS, SS, FF, SF when time runs backward: SS and FF trade places
_OWN, _SHARED, _FREE = 0, 1, 2  # where a holder's need of a column falls: itself, the pool, nowhere (never binds)


@dataclass(frozen=True)
class ListProblem:
    """The kernels' problem, and the way back to the instance's options.

    Attributes
    ----------
    problem
        What the kernels are given; its options are sorted.
    option
        [O] the instance's option for each of the problem's.
    """

    problem: ScheduleProblem
    option: Ints

    def numbers(self, instance: Instance, option: Ints, start: Ints | None = None) -> Ints:
        """[T] the problem's number of each task's option, -1 where that is -1.

        Parameters
        ----------
        start
            [T] where the tasks start, so that they wait as long as that needs; None: none waits.
        """
        waits = None if start is None else instance.not_before(start)
        return _numbers(self.option, self.problem.option_floor, option, waits)


def list_problem(
    instance: Instance, incumbent: Solution | None, bounds: Floats, hot: float = HOT, cold: float = COLD
) -> ListProblem:
    """Flatten an instance whose tasks all have an option; the incumbent is the first starting point."""
    cheapest_first = _weighs_only_cost(instance.levels)
    option, floor = _sorted_options(instance, cheapest_first)
    first = np.searchsorted(_tasks(instance)[option], np.arange(instance.n + 1)).astype(np.int64)
    graph, crews = list_graph(instance), instance.crews
    if crews is None:
        need, tables, stock_cells = _needs(instance, option, first)
    else:
        need, tables, stock_cells = _crew_needs(instance, crews, option, first)
    stock = instance.capacity[stock_cells[:, 0], stock_cells[:, 1]]
    columns = _columns(instance)
    capacity = np.maximum(instance.capacity[:, columns], 0)
    rank = np.empty(instance.n, np.int32)
    rank[graph.order] = np.arange(instance.n, dtype=np.int32)
    free = np.full(instance.n, -1, np.int64)
    tail = -instance.tails.latest(np.zeros(instance.n, np.int64), free, instance.shortest, instance.longest)[0]
    keys, choices = starting_points(instance, incumbent, option, floor)
    wishes = instance.wishes
    problem = ScheduleProblem(
        release=_int64(instance.release),
        deadline=_int64(instance.deadline),
        due=_int64(instance.due),
        weight=np.ascontiguousarray(instance.weight, np.float64),
        pinned=_int64(instance.pinned_start),
        tail=_int64(tail),
        first_option=first,
        option_holder=np.ascontiguousarray(instance.option_holder[option], np.int32),
        option_need=need,
        option_duration=_int64(instance.option_duration[option]),
        option_cost=np.ascontiguousarray(instance.option_cost[option], np.float64),
        option_reasoning=np.ascontiguousarray(instance.option_reasoning[option], np.float64),
        option_floor=floor,
        start_first=np.zeros(instance.n + 1, np.int64) if wishes is None else wishes.first,
        start_since=np.zeros(0, np.int64) if wishes is None else wishes.since,
        start_price=np.zeros(0) if wishes is None else wishes.price,
        **tables,
        capacity=np.ascontiguousarray(capacity),
        fixed_cost=np.ascontiguousarray(instance.fixed_cost, np.float64),
        stock=_int64(stock),
        stock_weight=_stock_weight(instance, stock_cells),
        before_first=_int64(graph.pred_start),
        before_task=np.ascontiguousarray(graph.pred_task, np.int32),
        before_kind=np.ascontiguousarray(graph.pred_kind, np.int8),
        before_lag=_int64(graph.pred_lag),
        after_first=_int64(graph.succ_start),
        after_task=np.ascontiguousarray(graph.succ_task, np.int32),
        after_kind=np.ascontiguousarray(_BACKWARD[graph.succ_kind], np.int8),
        after_lag=_int64(graph.succ_lag),
        rank=rank,
        levels=np.ascontiguousarray(instance.levels, np.float64),
        bounds=np.ascontiguousarray(bounds, np.float64),
        unit=instance.unit,
        keys=keys,
        choices=choices,
        cheapest_first=cheapest_first,
        surprise=surprise(),
        cooling=cooling(hot, cold),
        crews=None if crews is None else crew_tables(instance, crews, option, columns),
    )
    return ListProblem(problem, option)


def _int64(values: npt.NDArray[np.integer]) -> Ints:
    return np.ascontiguousarray(values, np.int64)


def _weighs_only_cost(levels: Floats) -> bool:
    """Whether the first level that weighs anything weighs nothing but cost, what reasoning prefers apart."""
    levels = np.delete(levels, _REASONING, axis=1)
    first = levels[(levels != 0).any(axis=1)][:1]
    return bool(len(first)) and np.flatnonzero(first[0]).tolist() == [_COST]


def _tasks(instance: Instance) -> Ints:
    """[O] the task of each option."""
    return np.repeat(np.arange(instance.n), np.diff(instance.first_option))


def _sorted_options(instance: Instance, cheapest_first: bool) -> tuple[Ints, Ints]:
    """([O], [O]) the options of each task in the order in which the kernels try them, and what each waits for.

    A task that reasoning would have start at certain times has its options once for whenever it can start, and once
    for each time from which a start is preferred to those before; where it counts how far the schedule is from an
    earlier one, its earlier crew may wait for its earlier start.
    """
    duration, cost, task = instance.option_duration, instance.option_cost, _tasks(instance)
    waits = _waits(instance)
    if not waits:
        whenever = np.zeros(len(duration), np.int64)
        if not cost.any():
            same = task[1:] == task[:-1]
            if not (same & (duration[1:] < duration[:-1])).any():
                return np.arange(len(duration), dtype=np.int64), whenever
            return np.asarray(np.lexsort((duration, task)), np.int64), whenever
        by = (duration, cost, task) if cheapest_first else (cost, duration, task)
        return np.asarray(np.lexsort(by), np.int64), whenever
    every, floors = [np.arange(len(duration))], [np.zeros(len(duration), np.int64)]
    for mine, moment in waits:
        every.append(mine)
        floors.append(np.full(len(mine), moment, np.int64))
    option, floor = np.concatenate(every).astype(np.int64), np.concatenate(floors)
    duration, cost, task, wished = duration[option], cost[option], task[option], instance.option_reasoning[option]
    first, then = (cost, duration) if cheapest_first else (duration, cost)
    order = np.lexsort((option, floor, wished, then, first, task))
    return option[order], floor[order]


def _waits(instance: Instance) -> list[tuple[Ints, int]]:
    """Options that may wait, and for which moment."""
    free = instance.pinned_start < 0
    every = _every_start(instance)
    if every is not None:
        return every
    out: list[tuple[Ints, int]] = []
    if instance.wishes is not None:
        for t in np.flatnonzero(instance.wishes.timed & free).tolist():
            mine = np.arange(instance.first_option[t], instance.first_option[t + 1])
            out += [(mine, moment) for moment in instance.wishes.drops_of(t).tolist()]
    if instance.keeps and instance.crews is not None:
        same = same_crew(instance, instance.crews)
        for t in np.flatnonzero(free & (instance.kept_start > instance.release)).tolist():
            first, last = instance.first_option[t : t + 2].tolist()
            mine = first + np.flatnonzero(same[first:last])
            out += [(mine, int(instance.kept_start[t]))] if len(mine) else []
    return out


def _every_start(instance: Instance) -> list[tuple[Ints, int]] | None:
    """Each option with each start that it may wait for, where a problem with crews is small enough for all of them.

    The earliest start of each task in some list is not always part of a best schedule: gangs, setups that count, types
    of precedence other than FS, an earlier schedule may all want a task to wait. None where there would be too many.
    """
    if instance.crews is None or instance.n > SMALL_TASKS:
        return None
    low, _ = instance.earliest
    high, _ = instance.latest(long_enough(instance))
    count = np.where(instance.pinned_start < 0, np.maximum(0, high - low), 0)
    if int((count * np.diff(instance.first_option)).sum()) > SMALL_STARTS:
        return None
    starts = [(t, moment) for t in range(instance.n) for moment in range(int(low[t]) + 1, int(low[t] + count[t]) + 1)]
    return [(np.arange(instance.first_option[t], instance.first_option[t + 1]), moment) for t, moment in starts]


def planned(instance: Instance) -> tuple[Ints, Ints, Floats]:
    """What an earlier schedule says: [T] options, -1 where there is none now; [T] starts; [T] keys.

    Tasks without such an option, and those that are new, come last by their keys: they are fitted in.
    """
    earlier, late = instance.spec.earlier, instance.latest(int(instance.earliest[1].max(initial=0)))[0]
    if earlier is None:
        return np.full(instance.n, -1, np.int64), late, late.astype(np.float64)
    known = (earlier.start >= 0) & (earlier.mode >= 0)
    there = known & np.array([-1 not in crew for crew in earlier.agents], bool)
    agent = np.array([crew[0] if crew else -1 for crew in earlier.agents], np.int32)
    others = {t: crew[1:] for t, crew in enumerate(earlier.agents) if len(crew) > 1 and there[t]}
    nothing = np.zeros(instance.n, np.int64)
    mode = np.where(there, earlier.mode, -2).astype(np.int32)
    options = instance.options_of(Solution(nothing, nothing, mode, agent, others))
    starts = np.where(earlier.start >= 0, earlier.start, late)
    last = float(starts.max(initial=0) - starts.min(initial=0) + 1)
    return options, starts, starts + np.where(options >= 0, 0.0, last)


def _numbers(listed: Ints, floor: Ints, option: Ints, waits: Ints | None) -> Ints:
    """[T] the place of each option in the list; of those that wait the last one that need not wait longer."""
    # Places by option, then by floor: of the floors of an option the last one that is not above what a task waits for.
    floors, rank = np.unique(floor, return_inverse=True)
    key = listed * len(floors) + rank
    order = np.argsort(key, kind="stable")
    most = np.zeros(len(option), np.int64) if waits is None else np.searchsorted(floors, waits, "right") - 1
    at = np.searchsorted(key[order], option * len(floors) + np.maximum(most, 0), "right") - 1
    return np.where(option >= 0, order[np.maximum(at, 0)], -1)


def _columns(instance: Instance) -> Ints:
    """The renewable columns that any mode takes from."""
    return np.flatnonzero((instance.demand > 0).any(axis=0) & ~instance.consumable)


def _source(instance: Instance) -> npt.NDArray[np.int8]:
    """[H, K] where the need of a holder's option falls: on the holder, on the pool, or nowhere."""
    capacity, most = instance.capacity, instance.demand.max(axis=0, initial=0)
    source = np.where(capacity >= 0, _OWN, _SHARED).astype(np.int8)
    source[0] = _SHARED
    # The slots of a holder bound how many of the greatest demands can meet.
    never = (capacity >= 0) & (most * capacity[:, :1] <= capacity) & ~instance.consumable
    never[0] = False
    never[:, 0] = capacity[:, 0] >= instance.n
    source[never] = _FREE
    # The pool never binds where all tasks fit at once.
    modes = instance.spec.tasks.first_mode[:-1]
    if len(modes):
        total = np.maximum.reduceat(instance.demand, modes, axis=0).astype(np.float64).sum(axis=0)
        plenty = (total <= capacity[0]) & ~instance.consumable
        source[(source == _SHARED) & plenty] = _FREE
    return source


def _needs(instance: Instance, option: Ints, first: Ints) -> tuple[Index, dict[str, Any], Ints]:
    """The row of each option, the four need tables, and the (holder, column) of each stock."""
    source = _source(instance)
    holds = instance.consumable & (instance.capacity >= 0)
    cells = np.argwhere(holds).astype(np.int64)
    cell_of = np.full(holds.shape, -1, np.int64)
    cell_of[holds] = np.arange(len(cells))
    # Holders that need the same columns of themselves share rows; those with stocks of their own do not.
    alone = np.where(holds[1:].any(axis=1), np.arange(1, len(holds)), 0) if len(holds) > 1 else np.zeros(0, np.int64)
    _, representative, pattern = np.unique(
        np.column_stack([source, np.concatenate([[0], alone])]), axis=0, return_index=True, return_inverse=True
    )
    patterns = len(representative)
    pair = instance.option_mode[option] * np.int64(patterns) + pattern.reshape(-1)[instance.option_holder[option]]
    seen = np.zeros(len(instance.demand) * patterns, bool)
    seen[pair] = True
    row_of = np.cumsum(seen) - 1
    pairs = np.flatnonzero(seen)
    mode, holder = pairs // patterns, representative[pairs % patterns]
    columns = _columns(instance)
    demand, where = instance.demand[mode], source[holder]
    tables: dict[str, Any] = {}
    needed = demand[:, columns] > 0
    for name, kind in (("own", _OWN), ("shared", _SHARED)):
        row, column = np.nonzero(needed & (where[:, columns] == kind))
        tables |= _table(name, len(pairs), row, column, demand[row, columns[column]])
    row, column = np.nonzero((demand > 0) & instance.consumable)
    cell = np.where(cell_of[holder[row], column] >= 0, cell_of[holder[row], column], cell_of[0, column])
    tables |= _table("stock_use", len(pairs), row, cell, demand[row, column])
    need = row_of[pair].astype(np.int32)
    tables |= _least(first, need, tables, len(cells))
    return need, tables, cells


def _crew_needs(instance: Instance, crews: Crews, option: Ints, first: Ints) -> tuple[Index, dict[str, Any], Ints]:
    """As `_needs`: each option has a row of its own, and only for stocks; the rest is in `crew_tables`."""
    cells = np.argwhere(instance.consumable & (instance.capacity >= 0)).astype(np.int64)
    cell_of = np.full(instance.capacity.shape, -1, np.int64)
    cell_of[cells[:, 0], cells[:, 1]] = np.arange(len(cells))
    columns = np.flatnonzero(instance.consumable)
    start, holder, place, amount = takes(instance, crews, option, columns)
    row = np.repeat(np.arange(len(option)), np.diff(start))
    none = np.zeros(0, np.int64)
    tables = _table("own", len(option), none, none, none) | _table("shared", len(option), none, none, none)
    tables |= _table("stock_use", len(option), row, cell_of[holder, columns[place]], amount)
    need = np.arange(len(option), dtype=np.int32)
    tables |= _least(first, need, tables, len(cells))
    return need, tables, cells


def _table(name: str, rows: int, row: Ints, column: Ints, amount: Ints) -> dict[str, Any]:
    return {
        f"{name}_first": np.searchsorted(row, np.arange(rows + 1)).astype(np.int64),
        f"{name}_column": np.ascontiguousarray(column, np.int32),
        f"{name}_amount": _int64(amount),
    }


def _least(first: Ints, need: Index, tables: dict[str, Any], cells: int) -> dict[str, Any]:
    """By task: the least that its options take from each stock, where that is anything."""
    rows = []
    row_of_use = np.repeat(np.arange(len(tables["stock_use_first"]) - 1), np.diff(tables["stock_use_first"]))
    for cell in range(cells):
        use = np.zeros(len(tables["stock_use_first"]) - 1, np.int64)
        mine = tables["stock_use_column"] == cell
        use[row_of_use[mine]] = tables["stock_use_amount"][mine]
        least = np.minimum.reduceat(use[need], first[:-1]) if len(need) else use[:0]
        task = np.flatnonzero(least)
        rows.append(np.column_stack([task, np.full(len(task), cell), least[task]]))
    entries = np.concatenate(rows) if rows else np.zeros((0, 3), np.int64)
    entries = entries[np.argsort(entries[:, 0], kind="stable")]
    return _table("least", len(first) - 1, entries[:, 0], entries[:, 1], entries[:, 2])


def _stock_weight(instance: Instance, cells: Ints) -> Floats:
    """[C] the violation of one unit beyond a stock, made comparable with ticks: mean duration / mean demand."""
    out = np.ones(len(cells))
    ticks = float(instance.shortest.mean()) if instance.n else 1.0
    for c, (_, column) in enumerate(cells.tolist()):
        demand = instance.demand[:, column]
        if (demand > 0).any():
            out[c] = max(1.0, ticks) / float(demand[demand > 0].mean())
    return out


def starting_points(instance: Instance, incumbent: Solution | None, option: Ints, floor: Ints) -> tuple[Floats, Ints]:
    """[S, T] priority keys (least first) and options to start from: the incumbent, then priority rules.

    The rules are the classics of Kolisch (1996), the likeliest first, as a large problem has time for few:
    the latest start behind due times where lateness is weighed; latest start, latest finish; weighted
    shortest processing time where lateness or flow is weighed; earliest start. Where reasoning prefers anything, the
    first rule comes twice: with its options, too.
    """
    rules: list[Floats] = []
    choices: list[Ints] = []
    auto = np.full(instance.n, -1, np.int64)
    if incumbent is not None:
        rules.append(incumbent.start.astype(np.float64))
        waits = instance.not_before(incumbent.start)
        choices.append(_numbers(option, floor, instance.options_of(incumbent), waits))
    if instance.spec.earlier is not None:
        options, starts, first = planned(instance)
        rules += [first, starts.astype(np.float64)]
        choices += [_numbers(option, floor, options, instance.not_before(starts))] * 2
    early_start, early_end = instance.earliest
    span = int(early_end.max(initial=0))
    late_start, late_end = instance.latest(span)
    weighed = (instance.levels != 0).any(axis=0)
    if (instance.due < NEVER).any() and weighed[1:3].any():
        for rest in (span, 2 * span):  # how urgent what has no due time is against what has one
            end = np.minimum(instance.deadline, np.minimum(instance.due, rest))
            wished, _ = instance.graph.latest(end, instance.pinned_start, instance.shortest, instance.longest)
            rules.append(wished.astype(np.float64))
    rules += [late_start.astype(np.float64), late_end.astype(np.float64)]
    if weighed[1:4].any():
        rules.append(instance.shortest / np.maximum(instance.weight, 1e-9))
    rules.append(early_start.astype(np.float64))
    choices += [auto] * (len(rules) - len(choices))
    if instance.wishes is not None:
        at = 1 if incumbent is None else 2
        rules.insert(at, rules[at - 1])
        choices.insert(at, _preferred(instance, option, floor))
    return np.ascontiguousarray(rules), np.ascontiguousarray(choices)


def _preferred(instance: Instance, option: Ints, floor: Ints) -> Ints:
    """[T] the place of the option that reasoning prefers, the earliest among equals; -1 where it prefers none."""
    task = _tasks(instance)[option]
    cost = instance.reasoning_of(task, option, np.maximum(floor, instance.earliest[0][task]))
    by_cost = np.lexsort((np.arange(len(option)), cost, task))
    first = np.searchsorted(task, np.arange(instance.n + 1))
    out = np.full(instance.n, -1, np.int64)
    for t in np.flatnonzero(np.diff(first)).tolist():
        mine = by_cost[first[t] : first[t + 1]]
        out[t] = mine[0] if cost[mine[0]] < cost[mine[-1]] else -1
    return out
