"""The linear relaxation where options draw on stocks: who should do what in which way, and a bound.

Stocks tie the options of all tasks together: what one task takes more of, others have to do without, so options can't
be chosen one by one. The relaxation lets a task be divided among its options, keeps precedence between the times that
come of it, every stock, and for each renewable supply work <= capacity * makespan. Its shares say which options are
worth their price, and are rounded into starting points (P. Raghavan, C. D. Thompson, "Randomized rounding",
Combinatorica 7, 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import Loads, best_capacity, option_loads
from qamctl.schedule.spec import Floats, Ints

#: Options of the largest problem that is relaxed, and iterations of the simplex method: about a second.
MOST_OPTIONS, MOST_ITERATIONS = 3_000, 20_000

#: Covers the rounding errors of the bound, which is computed anew from the dual values.
ERROR: Final = 1e-6

#: Where the steps of precedence take a task's work into account: FS, SS, FF, SF.
_WORK_BEFORE, _WORK_AFTER = np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1])


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What the relaxation says.

    Attributes
    ----------
    bound
        Ticks that no schedule is shorter than.
    share
        [O] how much of its task is done by each option.
    """

    bound: int
    share: Floats


@lru_cache(maxsize=2)
def relaxation_of(instance: Instance) -> Relaxation | None:
    """The relaxation of an instance whose makespan counts.

    None where no stock is shared by options, the problem is too large, or no schedule could keep the relaxation.
    """
    options, tasks = len(instance.option_mode), instance.n
    if instance.crews is not None or not instance.complete or not instance.levels[0, 0]:
        return None
    if not tasks < options <= MOST_OPTIONS or (np.diff(instance.first_option) == 0).any() or not instance.sure.all():
        return None
    stocks = option_loads(instance, consumable=True)
    if len(stocks.supply) == 0:
        return None
    from scipy.optimize import linprog  # not before it is needed: it takes a while to load
    from scipy.sparse import csr_array

    matrix, right = _rows(instance, stocks)
    task = np.repeat(np.arange(tasks), np.diff(instance.first_option))
    once = csr_array((np.ones(options), (task, np.arange(options))), shape=(tasks, matrix.shape[1]))
    cost = np.zeros(matrix.shape[1])
    cost[-1] = 1.0
    low = np.concatenate([np.zeros(options), np.maximum(instance.release, instance.pinned_start), [0]])
    longest = float(low.max() + instance.longest.sum() + np.abs(instance.graph.pred_lag).sum())
    high = np.concatenate([np.ones(options), np.full(tasks + 1, longest)])
    found = linprog(
        cost, matrix, right, once, np.ones(tasks), np.column_stack([low, high]), method="highs-ds",
        options={"maxiter": MOST_ITERATIONS},
    )  # fmt: skip
    if found.status != 0:
        return None
    # Any prices give a bound (weak duality), so that it needs no trust in the solver's arithmetic. Schedules longer
    # than `longest` are longer than the bound, too.
    price = np.maximum(0.0, -found.ineqlin.marginals)
    worth = found.eqlin.marginals
    rest = cost + price @ matrix - worth @ once
    value = float(worth.sum() - price @ right + np.minimum(rest * low, rest * high).sum())
    return Relaxation(int(np.ceil(value - ERROR * max(1.0, value))), np.clip(found.x[:options], 0.0, 1.0))


def _rows(instance: Instance, stocks: Loads) -> tuple[Any, Floats]:
    """Rows, each at most its right side, over the shares of options, the starts of tasks, and the makespan."""
    from scipy.sparse import coo_array, csr_array, hstack, vstack

    options, tasks, graph = len(instance.option_mode), instance.n, instance.graph
    task = np.repeat(np.arange(tasks), np.diff(instance.first_option))
    duration = instance.option_duration.astype(np.float64)
    work = csr_array((duration, (task, np.arange(options))), shape=(tasks, options))
    start = csr_array((np.ones(tasks), (np.arange(tasks),) * 2), shape=(tasks, tasks))
    before, after = graph.pred_task, np.repeat(np.arange(tasks), np.diff(graph.pred_start))
    lag, kind = graph.pred_lag, graph.pred_kind
    steps = _weighed(work[before], _WORK_BEFORE[kind]) - _weighed(work[after], _WORK_AFTER[kind])
    renewable = option_loads(instance, consumable=False)
    energy, capacity = _totals(instance, renewable, duration)
    use, stock = _totals(instance, stocks, np.ones(options))
    blocks = [
        (steps, start[before] - start[after], np.zeros(len(lag)), -lag),
        (work, start, -np.ones(tasks), np.zeros(tasks)),
        (energy, csr_array((len(capacity), tasks)), -capacity, np.zeros(len(capacity))),
        (use, csr_array((len(stock), tasks)), np.zeros(len(stock)), stock),
    ]
    rows = [hstack([shares, starts, coo_array(end.reshape(-1, 1))]) for shares, starts, end, _ in blocks]
    return csr_array(vstack(rows)), np.concatenate([right for *_, right in blocks]).astype(np.float64)


def _weighed(rows: Any, factor: Ints) -> Any:
    return rows.multiply(factor.reshape(-1, 1).astype(np.float64)).tocsr()


def _totals(instance: Instance, loads: Loads, each: Floats) -> tuple[Any, Floats]:
    """By supply: what every option takes of it, times `each`; and what there is."""
    from scipy.sparse import csr_array

    option = np.repeat(np.arange(len(each)), np.diff(loads.first))
    supplies, row = np.unique(loads.supply, return_inverse=True)
    taken = csr_array((loads.amount * each[option], (row.reshape(-1), option)), shape=(len(supplies), len(each)))
    return taken, np.array([float(best_capacity(instance, s)) for s in supplies.tolist()])


def rounded(instance: Instance, share: Floats, count: int) -> Ints:
    """[count, T] an option for every task: the largest share, then draws by the shares.

    The draws are evenly spread over the shares of each task, and shifted from task to task by the golden ratio.
    """
    out = np.empty((count, instance.n), np.int64)
    for t, (first, last) in enumerate(zip(instance.first_option[:-1], instance.first_option[1:], strict=True)):
        mine = share[first:last]
        sums = np.cumsum(mine) / mine.sum()
        draws = ((np.arange(count - 1) + 0.5) / max(1, count - 1) + t * 0.6180339887498949) % 1.0
        drawn = np.searchsorted(sums, draws, "right")
        out[:, t] = first + np.minimum(np.concatenate([[mine.argmax()], drawn]), last - first - 1)
    return out
