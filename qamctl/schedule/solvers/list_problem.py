"""From an `Instance` to the flat arrays of the list-search kernels: needs, stocks and starting points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from qamctl.kernels.schedule.problem import ScheduleProblem, cooling, surprise
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.relaxation import relaxation_of
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.crew_tables import crew_tables, list_graph, takes
from qamctl.schedule.solvers.list_options import Listed, draws, every_start, sorted_options, tasks_of
from qamctl.schedule.solvers.starting_points import starting_points
from qamctl.schedule.spec import TERMS, Floats, Index, Ints

Mask = npt.NDArray[np.bool_]

#: Temperatures at the two ends of a cooling, in units of the mean change that a move makes.
HOT, COLD = 0.3, 0.03

#: How many times more often than another one a move takes an option that the linear relaxation does all of a task by.
FAVOUR = 10

_COST, _REASONING = TERMS.index("cost"), TERMS.index("reasoning")
_BACKWARD = np.array([0, 2, 1, 3], np.int8)  # FS, SS, FF, SF when time runs backward: SS and FF trade places
_OWN, _SHARED, _FREE = 0, 1, 2  # where a holder's need of a column falls: itself, the pool, nowhere (never binds)


@dataclass(frozen=True)
class ListProblem:
    """The kernels' problem, and the way back to the instance's options.

    Attributes
    ----------
    problem
        What the kernels are given.
    listed
        Its options.
    """

    problem: ScheduleProblem
    listed: Listed

    @property
    def option(self) -> Ints:
        """[O] the instance's option for each of the problem's."""
        return self.listed.option

    def numbers(self, instance: Instance, option: Ints, start: Ints | None = None) -> Ints:
        """[T] the problem's number of each task's option, -1 where that is -1.

        Parameters
        ----------
        start
            [T] where the tasks start, so that they wait as long as that needs; None: none waits.
        """
        waits = None if start is None else instance.not_before(start)
        return self.listed.numbers(option, waits)


#: What was flattened of the instances that are in use.
_KNOWN: Final[WeakKeyDictionary[Instance, ListProblem]] = WeakKeyDictionary()


def list_problem(
    instance: Instance, incumbent: Solution | None, bounds: Floats, hot: float = HOT, cold: float = COLD
) -> ListProblem:
    """Flatten an instance whose tasks all have an option; the incumbent is the first starting point."""
    flat = flat_problem(instance)
    keys, choices = starting_points(instance, incumbent, flat.listed)
    bounds = np.ascontiguousarray(bounds, np.float64)
    problem = replace(flat.problem, bounds=bounds, keys=keys, choices=choices, cooling=cooling(hot, cold))
    relaxed = relaxation_of(instance)
    if relaxed is not None:
        favour = np.rint(FAVOUR * relaxed.share[flat.option]).astype(np.int64)
        draw_first, draw = draws(problem.first_option, favour)
        problem = replace(problem, draw_first=draw_first, draw=draw)
    return ListProblem(problem, flat.listed)


def flat_problem(instance: Instance) -> ListProblem:
    """The same without bounds and starting points; an instance is flattened once."""
    if instance not in _KNOWN:
        _KNOWN[instance] = _flattened(instance)
    return _KNOWN[instance]


def _flattened(instance: Instance) -> ListProblem:
    cheapest_first = _weighs_only_cost(instance.levels)
    listed = sorted_options(instance, cheapest_first)
    option = listed.option
    first = np.searchsorted(tasks_of(instance)[option], np.arange(instance.n + 1)).astype(np.int64)
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
    wishes = instance.wishes
    draw_first, draw = draws(first)
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
        option_floor=listed.floor,
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
        bounds=np.full(len(instance.levels), -np.inf),
        unit=instance.unit,
        keys=np.zeros((0, instance.n)),
        choices=np.zeros((0, instance.n), np.int64),
        draw_first=draw_first,
        draw=draw,
        cheapest_first=cheapest_first,
        surprise=surprise(),
        cooling=cooling(HOT, COLD),
        crews=None
        if crews is None
        else crew_tables(instance, crews, option, columns, waits=every_start(instance) is not None),
    )
    return ListProblem(problem, listed)


def _int64(values: npt.NDArray[np.integer]) -> Ints:
    return np.ascontiguousarray(values, np.int64)


def _weighs_only_cost(levels: Floats) -> bool:
    """Whether the first level that weighs anything weighs nothing but cost, what reasoning prefers apart."""
    levels = np.delete(levels, _REASONING, axis=1)
    first = levels[(levels != 0).any(axis=1)][:1]
    return bool(len(first)) and np.flatnonzero(first[0]).tolist() == [_COST]


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
