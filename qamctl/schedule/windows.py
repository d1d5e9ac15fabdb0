"""Parts of a schedule that are worth solving anew, and how a sample of one becomes a schedule again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from qamctl.qubo.window import Window
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import least_reasoning
from qamctl.schedule.loads import option_loads
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.part import reduced
from qamctl.schedule.place import place
from qamctl.schedule.sizes import estimate
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, Ints
from qamctl.windowed import OpenLevels, compiled_window, next_window, resized

#: Bits of a window where the engine has no limit of its own.
WINDOW_VARIABLES = 300

#: Options of a task, and starts of an option, in a window.
OPTIONS = 6
NEAR = 16

#: How often a window is picked anew that is too large for the engine, or has nothing to choose.
TRIES = 8

#: How often a window begins with a task that reasoning would have otherwise, where the level weighs that.
AGAINST = 0.5

#: Up to so many tasks the whole schedule is shifted left again after a window; beyond, the window only.
REPLACED_TASKS = 2_000


@dataclass
class ScheduleWindows:
    """The windows of one schedule problem, for `qubo.improve`.

    Attributes
    ----------
    max_variables
        Bits that the engine takes, None without a limit.
    slot
        Ticks in a slot.
    levels
        Those of the objective that can still be better.
    exact
        The engine proves what it finds: the whole problem is tried first, level by level.
    together
        Several windows may be opened at once, of tasks that they do not share: for engines that work on many jobs.
    """

    instance: Instance
    max_variables: int | None
    slot: int
    levels: OpenLevels
    exact: bool = False
    together: bool = False
    _tasks: int = 0
    _whole_tried: set[tuple[int, tuple[float, ...]]] = field(default_factory=set)

    def value(self, answer: Solution) -> tuple[float, ...]:
        """The objective of each level."""
        return self.instance.value(answer)

    def open(
        self, incumbent: Solution, attempt: int, rng: np.random.Generator, count: int
    ) -> Sequence[Window[Solution]]:
        """Windows in the first level that can still be better, now and then in a later one."""
        opened: list[Window[Solution]] = []
        used = np.zeros(self.instance.n, bool)
        while len(opened) < (count if self.together else 1) and not used.all():
            window = self._next(incumbent, rng, used)
            if window is None:
                break
            opened.append(window)
        return opened

    def closed(self, window: Window[Solution], improved: bool) -> None:
        """Windows are picked at random: what one gave changes nothing."""

    def _next(self, incumbent: Solution, rng: np.random.Generator, used: np.ndarray) -> Window[Solution] | None:
        """The next window, of tasks that are not used yet, which are then."""
        if self.instance.n == 0:
            return None
        value = self.value(incumbent)
        return next_window(
            self.levels, value, rng, partial(self._whole, incumbent, value, used),
            partial(self._part, incumbent, value, rng, used),
        )  # fmt: skip

    def _part(
        self, incumbent: Solution, value: tuple[float, ...], rng: np.random.Generator, used: np.ndarray, level: int
    ) -> Window[Solution] | None:
        """A window of about the size that the engine likes; None where none of a few tries fits it."""
        if self._tasks == 0:
            per_task = min(self._few(OPTIONS), max(1, len(self.instance.option_mode) // self.instance.n))
            self._tasks = max(2, self._limit() // (self._few(NEAR) * per_task))
        for again in range(TRIES, -1, -1):
            free = pick(self.instance, incumbent, level, min(self._tasks, self.instance.n), rng) & ~used
            if not free.any():
                continue
            part = reduced(self.instance, incumbent, free, self._few(OPTIONS), rng)
            built = build_model(
                part, incumbent, level=level, fixed_levels=value[:level], slot=self.slot, free=free,
                near=self._few(NEAR), pull=self._pull(level, int(free.sum())),
            )  # fmt: skip
            window = self._window(built, incumbent, free)
            size = window.compiled.n
            self._tasks = resized(self._tasks, size, self._limit(), self.instance.n)
            fits = self.max_variables is None or size <= self.max_variables
            if fits and (size > 0 or again == 0):
                used |= free
                return window
        return None

    def _limit(self) -> int:
        return WINDOW_VARIABLES if self.max_variables is None else min(self.max_variables, WINDOW_VARIABLES)

    def _few(self, many: int) -> int:
        """`many` choices of one kind, fewer where the engine is so small that one task would fill it."""
        return max(2, min(many, self._limit() // 8))

    def _pull(self, level: int, tasks: int) -> float:
        """A cost of ending late that stays small beside one tick of the level."""
        weights = self.instance.levels[level]
        tick = float(weights[[0, 1, 3]].sum()) * self.instance.unit or 1.0
        return tick / (4 * max(tasks, 1))

    def _whole(
        self, incumbent: Solution, value: tuple[float, ...], used: np.ndarray, level: int
    ) -> Window[Solution] | None:
        """The whole problem, once for each incumbent value, where the engine takes it."""
        key = (level, value[: level + 1])
        if used.any() or key in self._whole_tried or self.instance.n > self._limit():
            return None
        self._whole_tried.add(key)
        size, couplings = estimate(
            self.instance, incumbent, level=level, fixed_levels=value[:level], slot=self.slot, limit=self._limit()
        )
        if size > self._limit() or couplings > self._limit() ** 2:
            return None
        built = build_model(self.instance, incumbent, level=level, fixed_levels=value[:level], slot=self.slot)

        def settles(energy: float) -> None:
            # What is left out of the model is worse than the incumbent or no better than what it holds.
            if self.exact and self.slot == 1:
                self.levels.settle(level, energy)

        window = self._window(built, incumbent, np.ones(self.instance.n, bool), settles)
        if self.max_variables is not None and window.compiled.n > self.max_variables:
            return None
        used[:] = True
        return window

    def _window(
        self,
        built: ScheduleModel,
        incumbent: Solution,
        free: np.ndarray,
        settles: Callable[[float], None] = lambda energy: None,
    ) -> Window[Solution]:
        kept = None if self.instance.n <= REPLACED_TASKS else ~free

        def read(found: np.ndarray, onto: Solution) -> Solution | None:
            if onto is incumbent or not self.together:
                return repaired(built, incumbent, found, kept)
            return transplanted(self.instance, built, found, onto, kept)

        return compiled_window(built, incumbent, read, settles)


def repaired(built: ScheduleModel, incumbent: Solution, sample: np.ndarray, kept: np.ndarray | None) -> Solution | None:
    """The schedule of a sample, however broken: its starts give the order in which tasks are placed.

    A task with several starts takes its first, one without any keeps the incumbent's. None where the order
    leads to no feasible schedule.
    """
    choices, exact = built.choices, built.exact
    start, option = incumbent.start.copy(), exact.options_of(incumbent)
    taken = np.flatnonzero(np.asarray(sample)[: len(choices.task)])[::-1]
    task = choices.task[taken]
    by_start = np.argsort(-choices.start[taken], kind="stable")
    start[task[by_start]] = choices.start[taken][by_start] * built.slot
    option[task[by_start]] = choices.option[taken][by_start]
    return _placed(exact, start, option, kept)


def transplanted(
    instance: Instance, built: ScheduleModel, sample: np.ndarray, onto: Solution, kept: np.ndarray | None
) -> Solution | None:
    """The sample of a window in a schedule that differs from the one that the window was opened around."""
    choices, part = built.choices, built.exact
    start, option = onto.start.copy(), instance.options_of(onto)
    for k in np.flatnonzero(np.asarray(sample)[: len(choices.task)])[::-1].tolist():
        task, own = int(choices.task[k]), int(choices.option[k])
        first, end = int(instance.first_option[task]), int(instance.first_option[task + 1])
        alike = (instance.option_mode[first:end] == part.option_mode[own]) & (
            instance.option_holder[first:end] == part.option_holder[own]
        )
        start[task], option[task] = choices.start[k] * built.slot, first + int(np.argmax(alike))
    return _placed(instance, start, option, kept)


def _placed(instance: Instance, start: Ints, option: Ints, kept: np.ndarray | None) -> Solution | None:
    """The schedule with the tasks in the order of `start`, each as early as possible and as late as preferred."""
    waits = instance.not_before(start)
    placed = None if waits is None else place(instance, start, option, kept=kept, not_before=waits)
    if placed is None:  # the order alone, where waiting misses a deadline
        placed = place(instance, start, option, kept=kept)
    return None if placed is None else instance.solution(placed, option)


def pick(instance: Instance, incumbent: Solution, level: int, tasks: int, rng: np.random.Generator) -> np.ndarray:
    """[T] the tasks of a window: a costly or a random one, and others near it in time or on its supplies."""
    free = np.zeros(instance.n, bool)
    kind = int(rng.integers(4))
    if kind == 3:
        free[rng.choice(instance.n, tasks, replace=False)] = True
        return free
    worth = _unmet(instance, incumbent, level, rng)
    if not len(worth):
        worth = _costly(instance, incumbent, level)
    pivot = int(rng.choice(worth)) if kind != 1 else int(rng.integers(instance.n))
    middle = incumbent.start + incumbent.end
    distance = np.abs(middle - middle[pivot]).astype(float)
    if kind == 2:
        distance[~_shares(instance, incumbent, pivot)] += float(middle.max(initial=0)) + 1.0
    # A little noise, so that the same pivot does not always give the same window.
    distance *= rng.uniform(0.8, 1.25, instance.n)
    free[np.argsort(distance, kind="stable")[:tasks]] = True
    free[pivot] = True
    return free


def _costly(instance: Instance, incumbent: Solution, level: int) -> Ints:
    """The tasks that the level pays for most: last ones, late ones, else all."""
    weights = instance.levels[level]
    if weights[0] > 0:
        return np.flatnonzero(incumbent.end >= np.quantile(incumbent.end, 0.9))
    late = np.flatnonzero((incumbent.end > instance.due) & (instance.due < NEVER))
    if (weights[1] > 0 or weights[2] > 0) and len(late):
        return late
    return np.arange(instance.n)


def _unmet(instance: Instance, incumbent: Solution, level: int, rng: np.random.Generator) -> Ints:
    """The tasks that could agree with reasoning more, now and then; none where the level does not weigh that."""
    weights = instance.levels[level]
    if weights[5] == 0 or instance.wishes is None or (weights[:5].any() and rng.random() >= AGAINST):
        return np.zeros(0, np.int64)
    everyone = np.arange(instance.n)
    now = instance.reasoning_of(everyone, instance.options_of(incumbent), incumbent.start)
    start, _ = instance.earliest
    return np.flatnonzero(now > least_reasoning(instance, start, np.full(instance.n, NEVER)) + 1e-9)


def _shares(instance: Instance, incumbent: Solution, pivot: int) -> np.ndarray:
    """[T] the tasks that use a renewable supply of the pivot's."""
    used = reduced(instance, incumbent, np.zeros(instance.n, bool), 0)
    who, supply, _ = option_loads(used, consumable=False).of(np.arange(instance.n))
    shares = np.zeros(instance.n, bool)
    shares[who[np.isin(supply, supply[who == pivot])]] = True
    return shares
