"""The two schedules that any workflow system makes: by upward rank (HEFT), and first come first served."""

from __future__ import annotations

import heapq

from paths import upward_rank
from plain import AGENTS, Plain


def heft(problem: Plain) -> list[int]:
    """Starts by HEFT on identical agents without communication: by upward rank, each task into the earliest gap.

    Topcuoglu, H., Hariri, S. and Wu, M.-Y., "Performance-effective and low-complexity task scheduling for
    heterogeneous computing", IEEE Trans. Parallel Distrib. Syst. 13 (2002).
    """
    rank = upward_rank(problem.duration, problem.before)
    depth = _depth(problem)
    busy: list[list[tuple[int, int]]] = [[] for _ in range(problem.capacity[AGENTS])]
    start = [0] * len(problem.ids)
    end = [0] * len(problem.ids)
    for i in sorted(range(len(start)), key=lambda i: (-rank[i], depth[i], i)):
        ready = max((end[p] for p in problem.before[i]), default=0)
        best, agent = min((_gap(intervals, ready, problem.duration[i]), a) for a, intervals in enumerate(busy))
        start[i], end[i] = best, best + problem.duration[i]
        if problem.duration[i]:
            busy[agent].append((start[i], end[i]))
            busy[agent].sort()
    return start


def _depth(problem: Plain) -> list[int]:
    """Number of tasks on the longest chain before each: it parts tasks of no duration, whose ranks are equal."""
    after, waiting = problem.after, [len(before) for before in problem.before]
    depth = [0] * len(waiting)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    for i in ready:  # grows while it is read
        for j in after[i]:
            depth[j] = max(depth[j], depth[i] + 1)
            waiting[j] -= 1
            if waiting[j] == 0:
                ready.append(j)
    return depth


def _gap(intervals: list[tuple[int, int]], ready: int, duration: int) -> int:
    """The earliest instant from `ready` on at which an agent is free for `duration` ticks."""
    at = ready
    for begin, finish in intervals:
        if at + duration <= begin:
            break
        at = max(at, finish)
    return at


def fifo(problem: Plain) -> list[int]:
    """Starts by first come first served: at every instant, ready tasks in the order in which they became ready."""
    after, waiting = problem.after, [len(before) for before in problem.before]
    free = dict(problem.capacity)
    queue = [i for i, count in enumerate(waiting) if count == 0]
    running: list[tuple[int, int]] = []
    start = [0] * len(waiting)
    now = 0
    while queue or running:
        left = []
        for i in queue:
            if all(free[r] >= q for r, q in problem.demand[i].items()):
                start[i] = now
                heapq.heappush(running, (now + problem.duration[i], i))
                for r, q in problem.demand[i].items():
                    free[r] -= q
            else:
                left.append(i)
        queue = left
        now = running[0][0]
        while running and running[0][0] == now:
            _, i = heapq.heappop(running)
            for r, q in problem.demand[i].items():
                free[r] += q
            for j in after[i]:
                waiting[j] -= 1
                if waiting[j] == 0:
                    queue.append(j)
    return start
