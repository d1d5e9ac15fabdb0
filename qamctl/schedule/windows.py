"""Parts of a schedule that are worth solving anew, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from qamctl.qubo.window import Window
from qamctl.schedule.instance import Instance
from qamctl.schedule.mend import Placed, mended_window, repaired, transplanted
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.part import reduced
from qamctl.schedule.pick import Picker
from qamctl.schedule.sizes import estimate
from qamctl.schedule.solution import Solution
from qamctl.windowed import OpenLevels, compiled_window, next_window, resized

#: Bits of a window where the engine has no limit of its own.
WINDOW_VARIABLES = 300

#: Options of a task, and starts of an option, in a window.
OPTIONS = 6
NEAR = 16

#: How often a window is picked anew that is too large for the engine, or has nothing to choose.
TRIES = 8

#: Up to so many tasks the whole schedule is placed anew after a window; beyond, the window only.
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
    placed
        Schedules of lists, as problems with crews are repaired; others do without.
    """

    instance: Instance
    max_variables: int | None
    slot: int
    levels: OpenLevels
    exact: bool = False
    together: bool = False
    placed: Placed = lambda keys, options, starts: None
    _tasks: dict[str, int] = field(default_factory=dict)
    _opened: list[tuple[Window[Solution], int, str]] = field(default_factory=list)
    _whole_tried: set[tuple[int, tuple[float, ...]]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.picker = Picker(self.instance)

    def value(self, answer: Solution) -> tuple[float, ...]:
        """The objective of each level."""
        return self.instance.value(answer)

    def open(
        self, incumbent: Solution, attempt: int, rng: np.random.Generator, count: int
    ) -> Sequence[Window[Solution]]:
        """Windows in the first level that can still be better, now and then in a later one."""
        opened: list[Window[Solution]] = []
        self._opened = []
        used = np.zeros(self.instance.n, bool)
        while len(opened) < (count if self.together else 1) and not used.all():
            window = self._next(incumbent, rng, used)
            if window is None:
                break
            opened.append(window)
        return opened

    def closed(self, window: Window[Solution], improved: bool) -> None:
        """Remember what a window gave, by how its tasks were picked."""
        for mine, level, way in self._opened:
            if mine is window:
                self.picker.learn(level, way, improved)

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
        per_task = min(self._few(OPTIONS), max(1, len(self.instance.option_mode) // self.instance.n))
        way = self.picker.way(level, rng)
        tasks = self._tasks.get(way, max(2, self._limit() // (self._few(NEAR) * per_task)))
        for again in range(TRIES, -1, -1):
            picked = self.picker.pick(incumbent, level, way, tasks, used, rng)
            free = picked.free
            if not free.any():
                continue
            part = reduced(self.instance, incumbent, free, self._few(OPTIONS), rng, picked.holders)
            built = build_model(
                part, incumbent, level=level, fixed_levels=value[:level], slot=self.slot, free=free,
                near=self._few(NEAR), pull=self._pull(level, int(free.sum())),
            )  # fmt: skip
            window = self._window(built, incumbent, free)
            size = window.compiled.n
            tasks = self._tasks[way] = resized(tasks, size, self._limit(), self.instance.n)
            fits = self.max_variables is None or size <= self.max_variables
            if fits and (size > 0 or again == 0):
                used |= free
                self._opened.append((window, level, way))
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
            if self.exact and self.slot == 1 and self.instance.complete:
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
            if self.instance.crews is not None:
                return mended_window(self.instance, built, found, onto, self.placed, as_it_is=kept is not None)
            if onto is incumbent or not self.together:
                return repaired(built, incumbent, found, kept)
            return transplanted(self.instance, built, found, onto, kept)

        return compiled_window(built, incumbent, read, settles)
