"""Which schedules are those of a shop, where tasks wait for others and for one machine: the kernels' view of them.

A machine is a holder, or a shared resource, that can't do two of its tasks at once; a holder that does several is
several machines alike.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from qamctl.kernels.critical.problem import LONGEST, ShopProblem
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import Loads, option_loads, ranges
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import TERMS, Index, Ints

#: Tasks and options of the largest shop that is searched so: a step looks at all of its tasks.
MOST_TASKS: Final = 50_000
MOST_OPTIONS: Final = 5_000_000

#: Steps for which a move is not undone (C. Y. Zhang and others, 2007): these, and one for each task of a machine.
TENURE: Final = 10


@dataclass(frozen=True)
class Shop:
    """The kernels' problem, and the way back to the instance's options.

    Attributes
    ----------
    option
        [O] the instance's option for each of the problem's.
    crowded
        Tasks wait for each other, and most machines are like another one: moves to any of them are the same there, and
        lists, which take whichever is free first, lead to shorter schedules.
    """

    problem: ShopProblem
    option: Ints
    crowded: bool

    def start_of(self, instance: Instance, solution: Solution) -> tuple[Index, Ints]:
        """[T] the tasks in the order of a schedule, and the problem's option of each."""
        rank = np.empty(instance.n, np.int64)
        rank[instance.graph.order] = np.arange(instance.n)
        order = np.lexsort((rank, solution.start)).astype(np.int32)
        p, wanted = self.problem, instance.options_of(solution)
        task = np.repeat(np.arange(p.n), np.diff(p.first_option))
        mine = np.flatnonzero(self.option == wanted[task])
        first, count = np.unique(task[mine], return_index=True, return_counts=True)[1:]
        choice = mine[first]
        several = np.flatnonzero(count > 1)
        if len(several):  # machines alike: whichever is free first
            free: dict[int, list[tuple[int, int]]] = {}
            for t in order[np.isin(order, several)].tolist():
                own = mine[first[t] : first[t] + count[t]]
                machines = p.option_machine[own].tolist()
                heap = free.setdefault(machines[0], [(0, k) for k in range(len(machines))])
                _, k = heap[0]
                heapq.heapreplace(heap, (int(solution.end[t]), k))
                choice[t] = own[k]
        return order, choice.astype(np.int64)


@lru_cache(maxsize=2)  # a contest asks first, and then the engine
def shop_of(instance: Instance) -> Shop | None:
    """The instance as a shop; None where it is none, or something else than the makespan counts first."""
    if instance.crews is not None or instance.n == 0 or instance.n > MOST_TASKS or not _plain(instance):
        return None
    loads = option_loads(instance, consumable=False)
    copies = _copies(instance, loads)
    if copies is None:
        return None
    binding = copies[loads.supply] > 0
    option = np.repeat(np.arange(len(instance.option_mode)), np.diff(loads.first))[binding]
    if len(option) and np.bincount(option).max() > 1:
        return None  # it needs two machines at once
    supply = np.full(len(instance.option_mode), -1, np.int64)
    supply[option] = loads.supply[binding]
    count = np.where(supply >= 0, copies[supply], 1)
    if count.sum() > MOST_OPTIONS:
        return None
    first_machine = np.concatenate([[0], np.cumsum(np.maximum(copies, 0))])
    back = np.repeat(np.arange(len(supply)), count)
    one = ranges(np.where(supply >= 0, first_machine[supply], -1), count)
    machines = int(first_machine[-1])
    graph, task = instance.graph, np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    tenure = TENURE + instance.n // max(1, machines)
    problem = ShopProblem(
        release=np.ascontiguousarray(instance.release, np.int64),
        first_option=np.searchsorted(task[back], np.arange(instance.n + 1)).astype(np.int64),
        option_machine=one.astype(np.int32),
        option_duration=np.ascontiguousarray(instance.option_duration[back], np.int64),
        before_first=np.ascontiguousarray(graph.pred_start, np.int64),
        before_task=np.ascontiguousarray(graph.pred_task, np.int32),
        before_lag=np.ascontiguousarray(graph.pred_lag, np.int64),
        after_first=np.ascontiguousarray(graph.succ_start, np.int64),
        after_task=np.ascontiguousarray(graph.succ_task, np.int32),
        after_lag=np.ascontiguousarray(graph.succ_lag, np.int64),
        machines=machines,
        tenure=tenure,
        spread=2 * tenure // 5,
    )
    crowded = len(graph.pred_task) > 0 and 2 * int(copies[copies > 1].sum()) > machines
    return Shop(problem, back, crowded)


def _plain(instance: Instance) -> bool:
    """Whether nothing but precedence, releases, machines and the makespan counts."""
    graph, first = instance.graph, instance.levels[:1]
    consumed = instance.demand[instance.option_mode][:, instance.consumable] > 0
    total = int(instance.longest.sum()) + int(graph.pred_lag.sum()) + int(instance.release.max(initial=0))
    return bool(
        (np.diff(instance.first_option) > 0).all()
        and first[:, TERMS.index("makespan")].all()
        and np.count_nonzero(first) == 1
        and (instance.pinned_start < 0).all()
        and instance.deadline.min() == instance.deadline.max()
        and (graph.pred_kind == 0).all()
        and (graph.pred_lag >= 0).all()
        and not consumed.any()
        and total < LONGEST
    )


def _copies(instance: Instance, loads: Loads) -> Ints | None:
    """[S] how many machines each supply is, 0 where it never binds; None where one is something else."""
    capacity = np.maximum(instance.capacity.ravel(), 0)
    least = np.full(len(capacity), np.iinfo(np.int64).max)
    most = np.zeros(len(capacity), np.int64)
    np.minimum.at(least, loads.supply, loads.amount)
    np.maximum.at(most, loads.supply, loads.amount)
    used = most > 0
    option = np.repeat(np.arange(len(instance.option_mode)), np.diff(loads.first))
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))[option]
    pairs = np.unique(loads.supply * np.int64(instance.n) + task)
    users = np.bincount(pairs // instance.n, minlength=len(capacity))
    number = np.where(used, capacity // np.maximum(most, 1), 0)
    single = used & (capacity // 2 < least) & (number >= 1)
    alike = used & (least == most)
    if not (single | alike | ~used | (number >= users)).all():
        return None
    copies: Ints = np.where(used & (number < users), np.where(single, 1, number), 0).astype(np.int64)
    return copies
