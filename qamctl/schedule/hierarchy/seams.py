"""Windows across the seams of a divided schedule: some tasks, on agents of any part, scheduled anew together.

A window begins with a task that costs more than it must, takes some of those that it waits for, agents that could do
these sooner, and what they do meanwhile, so that tasks can change places. Everything else stays where it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from qamctl.levels import better, reached
from qamctl.schedule.build import build_instance
from qamctl.schedule.eligible import eligibility
from qamctl.schedule.hierarchy.around import held_around
from qamctl.schedule.hierarchy.draft import Draft
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import list_search
from qamctl.schedule.spec import NEVER, TERMS, Floats, Index, Ints
from qamctl.schedule.subspec import SubSpec
from qamctl.solver import Budget

#: Tasks and agents of a window, about.
TASKS: Final = 150
AGENTS: Final = 24

#: Tasks that a window follows back from the one that it begins with, at most.
CHAIN: Final = 8

#: Tasks that draw on what all share, in a window where they are in the way.
RIVALS: Final = 16

#: How far the tasks of a window may be moved, and how far it looks around, in durations of a task.
ROOM: Final = 5

#: Schedule generation passes of a window, and the seconds that it may take.
STEPS: Final = 1_000
SECONDS: Final = 2.0

#: Windows at a time where steps are counted.
BATCH: Final = 2

#: Windows in a row without a gain after which the search ends.
PATIENCE: Final = 200

_MAKESPAN, _TARDINESS, _TARDY, _FLOW = (TERMS.index(name) for name in ("makespan", "tardiness", "tardy", "flow"))


def improved(
    instance: Instance,
    solution: Solution,
    bounds: tuple[float | None, ...],
    budget: Budget,
    begun: float,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
    least: int = 1,
) -> tuple[Solution, dict[str, Any]]:
    """A schedule that is no worse, after windows until nothing is left to gain, or the budget is spent.

    Parameters
    ----------
    budget, begun
        With steps, as many windows as make about half of them, or `least`; with seconds, until so many after `begun`.

    Returns
    -------
    tuple
        The schedule, and how many windows there were, and how many of them helped.
    """
    told: dict[str, Any] = {"windows": 0, "improved": 0}
    if instance.crews is not None:
        return solution, told
    rng = np.random.default_rng(seed)
    picker = _Picker.of(instance)
    value, fruitless = instance.value(solution), 0
    number = BATCH if budget.steps is not None else max(1, budget.threads)
    most = None if budget.steps is None else max(least, budget.steps * instance.n // (STEPS * TASKS) // 2)

    def left() -> float:
        return np.inf if budget.seconds is None else budget.seconds - (time.monotonic() - begun)

    while fruitless < PATIENCE and left() > 0 and not stop() and (most is None or told["windows"] < most):
        level = next((k for k in range(len(value)) if not reached(value[k], bounds[k])), None)
        windows = [] if level is None else picker.pick(solution, level, number, rng)
        if not windows:
            break
        own = Budget(steps=STEPS) if budget.seconds is None else Budget(seconds=max(0.01, min(SECONDS, left())))
        seeds = rng.integers(2**62, size=len(windows)).tolist()
        search = partial(_searched, solution, own, stop)
        with ThreadPoolExecutor(max(1, min(len(windows), budget.threads))) as pool:
            found = list(pool.map(search, windows, seeds))
        gained = False
        for window, part in zip(windows, found, strict=True):
            told["windows"] += 1
            fruitless += 1
            if part is None:
                continue
            draft = Draft.of(solution)
            draft.take(window.sub, part, window.free)
            after = draft.solution()
            if better(then := instance.value(after), value):
                solution, value, fruitless, gained = after, then, 0, True
                told["improved"] += 1
        if gained:
            report(solution)
    return solution, told


@dataclass(frozen=True, eq=False)
class _Window:
    sub: SubSpec
    free: Ints


def _searched(now: Solution, budget: Budget, stop: Callable[[], bool], window: _Window, seed: int) -> Solution | None:
    part = build_instance(window.sub.spec)
    outcome = list_search.solve(part, window.sub.part(now), budget, seed, stop, lambda solution: None)
    found: Solution | None = outcome.solution
    return found


@dataclass(frozen=True, eq=False)
class _Picker:
    """What windows are picked by.

    Attributes
    ----------
    able
        By requirement: whether each agent meets it; `need` [T] is that of each task's first mode.
    quick
        [A] speed.
    shares
        [T] whether a task draws on what the whole fleet shares.
    """

    instance: Instance
    able: np.ndarray
    need: Index
    quick: Floats
    shares: np.ndarray

    @staticmethod
    def of(instance: Instance) -> _Picker:
        spec = instance.spec
        masks, mask_of_mode = eligibility(spec)
        drawn = (spec.modes.demand > 0) & (spec.resources.capacity >= 0)
        shares = np.logical_or.reduceat(drawn.any(axis=1), spec.tasks.first_mode[:-1])
        speed = spec.agents.speed_num / spec.agents.speed_den
        return _Picker(instance, np.array(masks), mask_of_mode[spec.tasks.first_mode[:-1]], speed, shares)

    def pick(self, now: Solution, level: int, number: int, rng: np.random.Generator) -> list[_Window]:
        """Windows that don't touch each other; only the first has tasks that draw on what all share."""
        found: list[_Window] = []
        cost = self._excess(now, level)
        barred = np.zeros(self.instance.n, bool)
        taken = np.zeros(len(self.quick), bool)
        for _ in range(number if not self.instance.consumable.any() else 1):
            open_cost = np.where(barred | self.shares if found else barred, 0.0, cost)
            if not open_cost.any():
                break
            focus = int(rng.choice(len(cost), p=open_cost / open_cost.sum()))
            window = self._window(now, focus, barred | (self.shares if found else False), taken, rng)
            taken[window.sub.agents] = True
            barred |= self._beside(window.free) | ((now.agent >= 0) & taken[now.agent])
            found.append(window)
        return found

    def _excess(self, now: Solution, level: int) -> Floats:
        """[T] how much more than it must each task costs in a level, whatever others do; by other terms all alike."""
        instance, weights = self.instance, self.instance.levels[level]
        _, least = instance.earliest
        due, weight = instance.due, instance.weight
        late, sure = np.maximum(0, now.end - due), np.maximum(0, least - due)
        dated = due < NEVER
        cost = weights[_TARDINESS] * weight * np.where(dated, late - sure, 0)
        cost = cost + weights[_TARDY] * weight * (dated & (late > 0) & (sure == 0))
        cost = cost + weights[_FLOW] * weight * (now.end - least)
        if weights[_MAKESPAN]:
            cost = cost + weights[_MAKESPAN] * (now.end >= np.quantile(now.end, 0.999))
        known = [_MAKESPAN, _TARDINESS, _TARDY, _FLOW]
        rest = np.delete(weights, known).any()
        out: Floats = np.maximum(cost, 0.0)
        return out + (out.mean() or 1.0) if rest else out

    def _window(
        self, now: Solution, focus: int, barred: np.ndarray, taken: np.ndarray, rng: np.random.Generator
    ) -> _Window:
        instance = self.instance
        chain = self._chain(now, focus, barred, int(rng.integers(CHAIN)))
        room = int(ROOM * instance.longest.mean()) + 1
        begin, end = int(now.start[chain].min()) - room, int(now.end[focus]) + room
        core = np.union1d(chain, self._rivals(now, chain, barred))
        agents = self._agents(now, core, begin, end, taken, rng)
        inside = np.zeros(len(self.quick), bool)
        inside[agents] = True
        on = (now.agent >= 0) & inside[now.agent]
        meanwhile = np.flatnonzero(on & ~barred & (now.start < end) & (now.end > begin))
        far = np.abs(now.start[meanwhile] + now.end[meanwhile] - now.start[chain[-1]] - now.end[chain[-1]])
        free = np.union1d(core, meanwhile[np.argsort(far, kind="stable")[:TASKS]])
        loose = np.zeros(instance.n, bool)
        loose[free] = True
        held = np.flatnonzero((on | self.shares) & ~loose)
        since, until = int(now.start[free].min()) - room, int(now.end[free].max()) + room
        return _Window(held_around(instance.spec, now, free, agents, held, since=since, until=until), free)

    def _chain(self, now: Solution, focus: int, barred: np.ndarray, length: int) -> Ints:
        """The focus, and so many tasks before it, each the last one that the next waits for; those first last."""
        graph, found = self.instance.graph, [focus]
        for _ in range(length):
            mine = slice(int(graph.pred_start[found[-1]]), int(graph.pred_start[found[-1] + 1]))
            before = graph.pred_task[mine]
            before = before[~barred[before]]
            if not len(before):
                break
            found.append(int(before[np.argmax(now.end[before])]))
        return np.array(found, np.int64)

    def _rivals(self, now: Solution, chain: Ints, barred: np.ndarray) -> Ints:
        """Where a task of the chain draws on what all share: those that did so just before it, and may have to wait."""
        drawing: Ints = chain[self.shares[chain]]
        if not len(drawing):
            return drawing
        wait = int(now.start[drawing[0]])
        others = np.flatnonzero(self.shares & ~barred & (now.start <= wait))
        return others[np.argsort(-now.end[others], kind="stable")[:RIVALS]]

    def _agents(
        self, now: Solution, core: Ints, begin: int, end: int, taken: np.ndarray, rng: np.random.Generator
    ) -> Ints:
        """Those of the core's tasks, and others that could do these: quick ones and idle ones first."""
        mine = np.unique(now.agent[core][now.agent[core] >= 0])
        overlap = np.maximum(0, np.minimum(now.end, end) - np.maximum(now.start, begin))
        busy = np.bincount(now.agent[now.agent >= 0], overlap[now.agent >= 0], len(self.quick))
        idle = 1 - busy / (self.instance.spec.agents.slots * max(1, end - begin))
        fit = self.able[np.unique(self.need[core])].any(axis=0) & ~taken
        fit[mine] = False
        others = np.flatnonzero(fit)
        worth = (self.quick * (0.2 + np.maximum(idle, 0.0)))[others] * rng.random(len(others))
        best = others[np.argsort(-worth, kind="stable")[: max(8, AGENTS - len(mine))]]
        return np.union1d(mine, best)

    def _beside(self, free: Ints) -> np.ndarray:
        """[T] the tasks of a window, and those that they are tied to."""
        after = self.instance.spec.after
        found = np.zeros(self.instance.n, bool)
        found[free] = True
        inside = found.copy()
        found[after.succ[inside[after.pred]]] = True
        found[after.pred[inside[after.succ]]] = True
        return found
