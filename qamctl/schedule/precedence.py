"""Minimum time lags between tasks as a graph: its order, its cycles, and the time windows that it implies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.spec import Index, Ints, Precedence


@dataclass(frozen=True)
class Graph:
    """Precedence in both directions.

    Attributes
    ----------
    order
        [T] the tasks in a topological order; among those that are ready the one that became so first.
    pred_start, pred_task, pred_kind, pred_lag, pred_data
        CSR: what comes before each task, the type (index into KINDS), the lag in ticks, and what is sent.
    succ_start, succ_task, succ_kind, succ_lag
        CSR: what comes after each task.
    """

    order: Index
    pred_start: Ints
    pred_task: Index
    pred_kind: np.ndarray
    pred_lag: Ints
    pred_data: Ints
    succ_start: Ints
    succ_task: Index
    succ_kind: np.ndarray
    succ_lag: Ints

    @staticmethod
    def build(n: int, after: Precedence) -> Graph:
        """The graph over `n` tasks; the precedence must have no cycle (see `find_cycle`)."""
        by_succ = np.argsort(after.succ, kind="stable")
        by_pred = np.argsort(after.pred, kind="stable")
        return Graph(
            order=topological_order(n, after.pred, after.succ),
            pred_start=np.searchsorted(after.succ[by_succ], np.arange(n + 1)).astype(np.int64),
            pred_task=after.pred[by_succ],
            pred_kind=after.kind[by_succ],
            pred_lag=after.lag[by_succ],
            pred_data=after.data[by_succ],
            succ_start=np.searchsorted(after.pred[by_pred], np.arange(n + 1)).astype(np.int64),
            succ_task=after.succ[by_pred],
            succ_kind=after.kind[by_pred],
            succ_lag=after.lag[by_pred],
        )

    def earliest(self, release: Ints, pinned: Ints, shortest: Ints, longest: Ints) -> tuple[Ints, Ints]:
        """[T] earliest start and earliest end in ticks; a pinned start (>= 0) is never moved."""
        start = np.where(pinned >= 0, pinned, release).tolist()
        end = [s + d for s, d in zip(start, shortest.tolist(), strict=True)]
        pin, short, long = pinned.tolist(), shortest.tolist(), longest.tolist()
        first, task = self.succ_start.tolist(), self.succ_task.tolist()
        kind, lag = self.succ_kind.tolist(), self.succ_lag.tolist()
        for i in self.order.tolist():
            if pin[i] < 0:
                start[i] = max(start[i], end[i] - long[i])
                end[i] = max(end[i], start[i] + short[i])
            for e in range(first[i], first[i + 1]):
                j, k = task[e], kind[e]
                if pin[j] >= 0:
                    continue
                moment = (end[i] if k in (0, 2) else start[i]) + lag[e]
                if k in (0, 1):
                    start[j] = max(start[j], moment)
                else:
                    end[j] = max(end[j], moment)
        return np.array(start, np.int64), np.array(end, np.int64)

    def latest(self, end: Ints, pinned: Ints, shortest: Ints, longest: Ints) -> tuple[Ints, Ints]:
        """[T] latest start and latest end in ticks if task t ends by end[t]."""
        pin, short, long = pinned.tolist(), shortest.tolist(), longest.tolist()
        finish = [min(e, p + d) if p >= 0 else e for e, p, d in zip(end.tolist(), pin, long, strict=True)]
        start = [min(e - d, p) if p >= 0 else e - d for e, d, p in zip(finish, short, pin, strict=True)]
        first, task = self.succ_start.tolist(), self.succ_task.tolist()
        kind, lag = self.succ_kind.tolist(), self.succ_lag.tolist()
        for i in reversed(self.order.tolist()):
            for e in range(first[i], first[i + 1]):
                j, k = task[e], kind[e]
                moment = (start[j] if k in (0, 1) else finish[j]) - lag[e]
                if k in (0, 2):
                    finish[i] = min(finish[i], moment)
                else:
                    start[i] = min(start[i], moment)
            start[i] = min(start[i], finish[i] - short[i])
            finish[i] = min(finish[i], start[i] + long[i])
        return np.array(start, np.int64), np.array(finish, np.int64)


def topological_order(n: int, pred: Index, succ: Index) -> Index:
    """The tasks, predecessors first; shorter than `n` where there is a cycle."""
    missing = np.bincount(succ, minlength=n).tolist() if len(succ) else [0] * n
    by_pred = np.argsort(pred, kind="stable")
    first = np.searchsorted(pred[by_pred], np.arange(n + 1)).tolist()
    after = succ[by_pred].tolist()
    order = [i for i in range(n) if missing[i] == 0]
    for i in order:  # grows while it is read
        for e in range(first[i], first[i + 1]):
            j = after[e]
            missing[j] -= 1
            if missing[j] == 0:
                order.append(j)
    return np.array(order, np.int32)


def find_cycle(n: int, pred: Index, succ: Index) -> list[int]:
    """The tasks of one precedence cycle in order, empty where there is none."""
    order = topological_order(n, pred, succ)
    if len(order) == n:
        return []
    stuck = np.ones(n, bool)
    stuck[order] = False
    # Every stuck task has a stuck predecessor: walk back until a task repeats.
    before = {int(j): int(i) for i, j in zip(pred, succ, strict=True) if stuck[i] and stuck[j]}
    walk, seen = [next(iter(before))], {}
    while walk[-1] not in seen:
        seen[walk[-1]] = len(walk) - 1
        walk.append(before[walk[-1]])
    return walk[seen[walk[-1]] : -1][::-1]
