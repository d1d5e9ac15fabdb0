"""The earlier schedule as a start of the search: as it was, as far as agents and constraints still allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.kernels import schedule_search
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import Kept, same_crew
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.eject import Room, Supplies
from qamctl.schedule.solvers.list_problem import ListProblem, flat_problem
from qamctl.schedule.spec import NEVER, Floats, Ints

#: Lists that are tried.
ROUNDS = 30


def repaired(instance: Instance) -> Solution | None:
    """The earlier schedule, with what is new or can't stay fitted in; None where that breaks a constraint.

    Tasks are placed as they were, those without a place last. Who then does not get what it had is placed last, too, by
    whichever option ends it first: so few others move. Where one still misses its deadline, others give way to it, or
    to what it waits for (`eject.py`); where nobody can, it is placed before others, the more so the more often that
    happens. Once nothing is broken, tasks that were left out may come in, others go back to where they were, as far as
    what they wait for allows that by then, and tasks that are much later than they were get another agent where that
    counts for less. The best schedule of all these counts.
    """
    kept = instance.kept
    if kept is None or (np.diff(instance.first_option) == 0).any() or instance.n == 0:
        return None
    flat, plan = flat_problem(instance), _Plan(instance, kept)
    best: tuple[tuple[float, ...], Ints, Ints] | None = None
    for _ in range(ROUNDS):
        value, start, option = _placed(instance, flat, plan.keys(), plan.choice, plan.starts)
        if value[0] == 0 and (best is None or value < best[0]):
            best = value, start, option
        end = instance.ends(start, option)
        if plan.let_go(start):
            continue
        if not (plan.make_room(start, end, option) if best is None else plan.settle(*best[1:])):
            break
    return None if best is None else instance.solution(best[1], best[2])


class _Plan:
    """What is asked of every task: an option (-1: any), a start, and whether it is placed before or after others."""

    def __init__(self, instance: Instance, kept: Kept) -> None:
        self.instance, self.kept = instance, kept
        self.choice, self.starts = kept.option.copy(), kept.start.copy()
        self.homeless, self.urgency = self.choice < 0, np.zeros(instance.n, np.int64)
        self.span = float(self.starts.max() - self.starts.min() + 1)
        self.slack = 1.0 / instance.unit if instance.keeps else 0.0  #: ticks by which it may be late for its own crew
        self.supplies = Supplies(instance)
        _, self.latest = instance.latest(NEVER // 4)  # ends that leave time for what comes after
        self._further = [self._let_in, self._take_back, self._change_agents]

    def keys(self) -> Floats:
        """[T] tasks are placed by rising key."""
        rank = _with_ancestors(self.instance, self.urgency)
        return np.where(rank > 0, self.starts - self.span * rank, self.starts + np.where(self.homeless, self.span, 0.0))

    def let_go(self, start: Ints) -> bool:
        """Have those that start later than they should placed last, by any option; whether there are new ones.

        Where it counts how far the schedule is from the earlier one, a little later is no worse than another agent.
        """
        late = (start - self.starts > self.slack) & self.supplies.movable & ~self.homeless
        self.homeless |= late
        self.choice[late] = -1
        return bool(late.any())

    def settle(self, start: Ints, option: Ints) -> bool:
        """Ask for more, each once, given the best schedule so far; False where there is nothing more to ask for."""
        while self._further:
            if self._further.pop(0)(start, self.instance.ends(start, option), option):
                return True
        return False

    def _let_in(self, start: Ints, end: Ints, option: Ints) -> bool:
        """Let in what was left out, after all others."""
        self.choice[self.kept.out] = -1
        self.homeless |= self.kept.out
        return bool(self.kept.out.any())

    def _take_back(self, start: Ints, end: Ints, option: Ints) -> bool:
        """Ask for the earlier place of those that could be there again."""
        kept, movable = self.kept, self.supplies.movable & ~self.kept.out
        away = movable & (kept.option >= 0) & ((self.choice != kept.option) | (self.starts != kept.start))
        found = [t for t in np.flatnonzero(away).tolist() if _ready(self.instance, t, start, end) <= kept.start[t]]
        self.choice[found], self.starts[found] = kept.option[found], kept.start[found]
        self.homeless[found], self.urgency[found] = False, 0
        return bool(found)

    def _change_agents(self, start: Ints, end: Ints, option: Ints) -> bool:
        """Ask for another agent for those that are late on their own, as far as nobody has to move for that."""
        instance, crews, earlier = self.instance, self.instance.crews, self.instance.spec.earlier
        if crews is None or earlier is None or not instance.keeps:
            return False
        same = same_crew(instance, crews)
        late = same[option] & (start - earlier.start > self.slack) & self.supplies.movable
        room = Room(self.supplies, start.copy(), end.copy(), option.copy())
        barred = same | crews.out
        found = [t for t in np.flatnonzero(late).tolist() if room.change(t, self._until(t, start), barred)]
        self.choice, self.starts = room.option, start.copy()
        self.homeless[:], self.urgency[:] = False, 0
        return bool(found)

    def _until(self, task: int, start: Ints) -> int:
        """When a task has to end at the latest, so that those that start after its end do so when they do."""
        graph = self.instance.graph
        mine = slice(int(graph.succ_start[task]), int(graph.succ_start[task + 1]))
        after, lag = graph.succ_task[mine], graph.succ_lag[mine]
        bound = (start[after] - lag)[graph.succ_kind[mine] == 0]
        return int(min(self.latest[task], bound.min(initial=NEVER)))

    def make_room(self, start: Ints, end: Ints, option: Ints) -> bool:
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
) -> tuple[tuple[float, ...], Ints, Ints]:
    """(violation and levels, [T] starts, [T] options) of one list."""
    problem = replace(
        flat.problem,
        keys=np.ascontiguousarray(keys[None, :], np.float64),
        choices=np.ascontiguousarray(flat.numbers(instance, choice, starts)[None, :], np.int64),
    )
    search = schedule_search(problem, 0)
    while search.steps < 1:
        search.run(1, 1.0)
    return tuple(search.best_value.tolist()), search.best_start, flat.option[search.best_option]


def _with_ancestors(instance: Instance, urgency: Ints) -> Ints:
    """[T] the greatest urgency of a task and all that come after it, which can't be placed before it is."""
    if not urgency.any():
        return urgency
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
