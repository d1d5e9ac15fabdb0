"""The earlier schedule as a start of the search: as it was, as far as agents and constraints still allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.kernels import schedule_search
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.eject import Room, Supplies
from qamctl.schedule.solvers.given_lists import unbounded
from qamctl.schedule.solvers.list_problem import ListProblem, planned
from qamctl.schedule.spec import NEVER, Floats, Ints

#: Times that what is too late is moved to the front.
ROUNDS = 30


def repaired(instance: Instance) -> Solution | None:
    """The earlier schedule, with what is new or can't stay fitted in; None where that breaks a constraint.

    Tasks are placed as they were, those without a place last. Where one then misses its deadline, others give way to
    it, or to what it waits for, and are placed last themselves (`eject.py`); so few tasks move. Where nobody can, it is
    placed before others, the more so the more often that happens.
    """
    if instance.spec.earlier is None or (np.diff(instance.first_option) == 0).any() or instance.n == 0:
        return None
    flat = unbounded(instance)
    plan = _Plan(instance)
    for _ in range(ROUNDS):
        violation, start, option = _placed(instance, flat, plan.keys(), plan.choice, plan.starts)
        if violation == 0:
            return instance.solution(start, option)
        if not plan.improve(start, instance.ends(start, option), option):
            return None
    return None


class _Plan:
    """What is asked of every task: an option (-1: any), a start, and whether it is placed before or after others."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        option, starts, keys = planned(instance)
        self.choice, self.starts = option.copy(), starts.copy()
        self.homeless, self.urgency = option < 0, np.zeros(instance.n, np.int64)
        self.span = float(keys.max() - keys.min() + 1)
        self.supplies = Supplies(instance)
        _, self.latest = instance.latest(NEVER // 4)  # ends that leave time for what comes after

    def keys(self) -> Floats:
        """[T] tasks are placed by rising key."""
        rank = _with_ancestors(self.instance, self.urgency)
        return np.where(rank > 0, self.starts - self.span * rank, self.starts + np.where(self.homeless, self.span, 0.0))

    def improve(self, start: Ints, end: Ints, option: Ints) -> bool:
        """Ask for something else, as a schedule with late tasks came of what was asked; False where none is late."""
        instance = self.instance
        late = end > self.latest
        if not late.any():
            return False
        room = Room(self.supplies, start.copy(), end.copy(), option.copy())
        held = _waited_for(instance, late, start, end)
        urgent = [t for t in instance.graph.order.tolist() if held[t]]
        stuck = []
        for t in urgent:  # what comes before has been moved already
            ready = _ready(instance, t, room.start, room.end)
            if room.start[t] > ready and not self._moved(room, t, ready, int(self.latest[t])):
                stuck.append(t)
        if not room.gone.any():  # nobody waits for an agent that could be had: somebody has to be quicker
            stuck = [t for t in urgent if not self._moved(room, t, int(start[t]), int(end[t]) - 1)]
        if not room.gone.any():
            self.choice[stuck] = -1
            self.urgency[stuck] += 1
        self.homeless |= room.gone
        self.choice[room.gone] = -1
        return True

    def _moved(self, room: Room, t: int, ready: int, latest: int) -> bool:
        found = room.make(t, ready, latest)
        if found is None:
            return False
        self.choice[t], self.starts[t], self.homeless[t] = found, ready, False
        return True


def _ready(instance: Instance, task: int, start: Ints, end: Ints) -> int:
    """When a task could start if it had not to wait for anybody's agents."""
    graph = instance.graph
    ready = int(instance.release[task])
    for e in range(int(graph.pred_start[task]), int(graph.pred_start[task + 1])):
        before, kind = int(graph.pred_task[e]), int(graph.pred_kind[e])
        if kind < 2:
            ready = max(ready, int(end[before] if kind == 0 else start[before]) + int(graph.pred_lag[e]))
    return ready


def _placed(
    instance: Instance, flat: ListProblem, keys: Floats, choice: Ints, starts: Ints
) -> tuple[float, Ints, Ints]:
    """(violation, [T] starts, [T] options) of one list."""
    problem = replace(
        flat.problem,
        keys=np.ascontiguousarray(keys[None, :], np.float64),
        choices=np.ascontiguousarray(flat.numbers(instance, choice, starts)[None, :], np.int64),
    )
    search = schedule_search(problem, 0)
    while search.steps < 1:
        search.run(1, 1.0)
    return float(search.best_value[0]), search.best_start, flat.option[search.best_option]


def _with_ancestors(instance: Instance, urgency: Ints) -> Ints:
    """[T] the greatest urgency of a task and all that come after it, which can't be placed before it is."""
    graph, out = instance.graph, urgency.copy()
    for t in graph.order[::-1].tolist():
        if out[t]:
            before = graph.pred_task[graph.pred_start[t] : graph.pred_start[t + 1]]
            out[before] = np.maximum(out[before], out[t])
    return out


def _waited_for(instance: Instance, late: np.ndarray, start: Ints, end: Ints) -> np.ndarray:
    """[T] the late tasks, and the tasks before them without which they would have started, or ended, earlier."""
    graph, out = instance.graph, late.copy()
    for t in graph.order[::-1].tolist():
        if not out[t]:
            continue
        mine = slice(int(graph.pred_start[t]), int(graph.pred_start[t + 1]))
        before, kind = graph.pred_task[mine], graph.pred_kind[mine]
        moment = np.where((kind == 0) | (kind == 2), end[before], start[before]) + graph.pred_lag[mine]
        out[before[moment == np.where(kind < 2, start[t], end[t])]] = True
    return out
