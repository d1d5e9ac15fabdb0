"""What the critical-path search works on: tasks in precedence, each on one machine that does one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]

#: No sum of times is greater; within it nothing overflows.
LONGEST = 2**60


@dataclass(frozen=True, eq=False)
class ShopProblem:
    """A flexible job shop: T tasks, O options, P precedences. Times are ticks; arrays are C-contiguous.

    Attributes
    ----------
    release
        [T] no task starts before it.
    first_option, option_machine, option_duration
        [T + 1], [O], [O] the options of task t are first_option[t]:first_option[t + 1], one at least; machine -1 is no
        machine: nothing else has to wait for such a task.
    before_first, before_task, before_lag
        [T + 1], [P], [P] the tasks that must have ended so many ticks before a task starts, by task; no lag is
        negative.
    after_first, after_task, after_lag
        The same the other way round.
    machines
        Number of machines.
    tenure, spread
        A move may not be undone for `tenure` steps and up to `spread` more.
    """

    release: Ints
    first_option: Ints
    option_machine: Index
    option_duration: Ints
    before_first: Ints
    before_task: Index
    before_lag: Ints
    after_first: Ints
    after_task: Index
    after_lag: Ints
    machines: int
    tenure: int
    spread: int

    @property
    def n(self) -> int:
        """Number of tasks."""
        return len(self.release)

    def check(self) -> None:
        """Go on where the fields fit each other.

        Raises
        ------
        ValueError
            They don't.
        """
        options, precedences = len(self.option_machine), len(self.before_task)
        _check(len(self.option_duration) == options, "option_duration", "has another length than option_machine")
        for side in ("before", "after"):
            _check(len(getattr(self, f"{side}_task")) == precedences, f"{side}_task", "has a wrong length")
            _check(len(getattr(self, f"{side}_lag")) == precedences, f"{side}_lag", "has a wrong length")
            _check_rows(f"{side}_first", getattr(self, f"{side}_first"), self.n, precedences)
            _check_range(f"{side}_task", getattr(self, f"{side}_task"), 0, self.n)
            _check_range(f"{side}_lag", getattr(self, f"{side}_lag"), 0, LONGEST)
        _check_rows("first_option", self.first_option, self.n, options)
        _check(bool((np.diff(self.first_option) > 0).all()), "first_option", "leaves a task without an option")
        _check_range("option_machine", self.option_machine, -1, self.machines)
        _check_range("option_duration", self.option_duration, 0, LONGEST)
        _check_range("release", self.release, 0, LONGEST)
        _check(0 <= self.tenure < 2**31, "tenure", "is out of range")
        _check(0 <= self.spread < 2**31, "spread", "is out of range")
        total = float(self.before_lag.sum(dtype=np.float64)) + float(self.release.max(initial=0))
        if self.n:
            total += float(np.maximum.reduceat(self.option_duration, self.first_option[:-1]).sum(dtype=np.float64))
        _check(total < LONGEST, "option_duration", "leads beyond all times")


def check_start(problem: ShopProblem, order: Index, choice: Ints) -> None:
    """Go on where a list of all tasks keeps their precedence, and every choice is an option of its task.

    Raises
    ------
    ValueError
        It doesn't, or one is not.
    """
    n = problem.n
    _check(len(order) == n and bool((np.sort(order) == np.arange(n)).all()), "order", "is no list of all tasks")
    _check(len(choice) == n, "choice", "has a wrong length")
    mine = (choice >= problem.first_option[:-1]) & (choice < problem.first_option[1:])
    _check(bool(mine.all()), "choice", "has another task's option")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    task = np.repeat(np.arange(n), np.diff(problem.before_first))
    _check(bool((place[problem.before_task] < place[task]).all()), "order", "breaks the precedence")


def _check_rows(name: str, first: Ints, rows: int, entries: int) -> None:
    good = len(first) == rows + 1 and first[0] == 0 and first[-1] == entries and bool((np.diff(first) >= 0).all())
    _check(good, name, "does not divide its entries")


def _check_range(name: str, values: npt.NDArray[np.integer], low: int, high: int) -> None:
    _check(not len(values) or (int(values.min()) >= low and int(values.max()) < high), name, "is out of range")


def _check(good: bool, name: str, fault: str) -> None:
    if not good:
        raise ValueError(f"{name} {fault}")
