"""The inner loops, in C++ where the extension was built, else in plain numpy; both decide alike, step by step."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import ModuleType

    from qamctl.kernels.assignment.problem import AssignmentProblem
    from qamctl.kernels.critical.problem import ShopProblem
    from qamctl.kernels.schedule.problem import Floats, Index, Ints, ScheduleProblem


class ScheduleSearch(Protocol):
    """Activity-list search for schedules (see `qamctl.kernels.schedule.reference`), driven in slices.

    A step is one schedule generation pass. The search depends on the problem, the seed and the plan alone,
    not on how `run` divides it.
    """

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` steps and about `seconds`; the steps done. Fewer when `done`.

        Raises
        ------
        RuntimeError
            When another thread is using this object.
        """
        ...

    def plan(self, steps: int) -> None:
        """Lay the cooling out over a search of `steps` steps in all, those done included."""
        ...

    @property
    def steps(self) -> int:
        """Steps done."""
        ...

    @property
    def cycles(self) -> int:
        """Coolings finished; each began at the best schedule known."""
        ...

    @property
    def done(self) -> bool:
        """Whether the best schedule meets every bound."""
        ...

    @property
    def best_value(self) -> Floats:
        """[1 + L] violation (0 where feasible) and objective levels of the best schedule; inf before the first."""
        ...

    @property
    def best_start(self) -> Ints:
        """[T] ticks."""
        ...

    @property
    def best_option(self) -> Ints:
        """[T] options of the problem."""
        ...

    @property
    def value(self) -> Floats:
        """[1 + L] of the current schedule."""
        ...

    @property
    def order(self) -> Index:
        """[T] the current list."""
        ...

    @property
    def choice(self) -> Ints:
        """[T] the current choices, -1 for auto."""
        ...


class AssignmentSearch(Protocol):
    """Local search for assignments (see `qamctl.kernels.assignment.reference`), driven in slices.

    A step is one proposal. The search depends on the problem, the start, the seed and the plan alone, not on how
    `run` divides it.
    """

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` steps and about `seconds`; the steps done.

        Raises
        ------
        RuntimeError
            When another thread is using this object.
        """
        ...

    def plan(self, steps: int) -> None:
        """Lay the cooling out over a search of `steps` steps in all, those done included."""
        ...

    def focus(self, level: int, bounds: Floats) -> None:
        """Go on from the best assignment with one level of the objective; earlier ones stay within `bounds`."""
        ...

    @property
    def steps(self) -> int:
        """Steps done."""
        ...

    @property
    def cycles(self) -> int:
        """Coolings finished; each began at the best assignment known."""
        ...

    @property
    def best(self) -> Index:
        """[n] the leaf of each unit; k where in none."""
        ...

    @property
    def best_mask(self) -> Ints:
        """[pieces] the devices that each piece takes, as bits."""
        ...

    @property
    def best_violation(self) -> int:
        """0 where every rule is kept."""
        ...

    @property
    def best_term(self) -> Floats:
        """[7] the terms of the best assignment."""
        ...

    @property
    def leaf(self) -> Index:
        """[n] of the current assignment."""
        ...

    @property
    def violation(self) -> int:
        """Of the current assignment."""
        ...

    @property
    def term(self) -> Floats:
        """[7] of the current assignment."""
        ...


class CriticalPathSearch(Protocol):
    """Tabu search for the makespan of shops (see `qamctl.kernels.critical.reference`), driven in slices.

    A step is one move. The search depends on the problem, the starts and the seed alone, not on how `run` divides it.
    """

    def run(self, steps: int, seconds: float) -> int:
        """Carry on for at most `steps` steps and about `seconds`; the steps done. Fewer when `stuck`.

        Raises
        ------
        RuntimeError
            When another thread is using this object.
        """
        ...

    def restart(self, order: Index, choice: Ints) -> None:
        """Forget all but the number of steps and the state of chance, and go on from another schedule.

        Parameters
        ----------
        order
            [T] all tasks, each behind those that precede it; machines take theirs in this order.
        choice
            [T] the option of each.
        """
        ...

    @property
    def steps(self) -> int:
        """Steps done."""
        ...

    @property
    def stalled(self) -> int:
        """Steps since the best schedule was found."""
        ...

    @property
    def stuck(self) -> bool:
        """Whether no move is left: no machine's order on the critical path can be changed."""
        ...

    @property
    def best_span(self) -> int:
        """The makespan of the best schedule since the last start, ticks."""
        ...

    @property
    def best_start(self) -> Ints:
        """[T] ticks."""
        ...

    @property
    def best_choice(self) -> Ints:
        """[T] options."""
        ...

    @property
    def start(self) -> Ints:
        """[T] of the current schedule."""
        ...

    @property
    def choice(self) -> Ints:
        """[T] of the current schedule."""
        ...


#: The extension modules, one for each folder of kernels.
FAMILIES = ("schedule", "tabu", "anneal", "groups", "mixing", "statevector", "assignment", "critical")


def extension(family: str) -> ModuleType | None:
    """The C++ kernels of a folder; None where they were not built, or QAMCTL_KERNELS is `reference`."""
    if os.environ.get("QAMCTL_KERNELS") == "reference":
        return None
    try:
        return import_module(f"qamctl.kernels._{family}")
    except ImportError:
        return None


def native() -> bool:
    """Whether the C++ kernels are in use: they were built, and QAMCTL_KERNELS is not `reference`."""
    return extension("schedule") is not None


def describe() -> str:
    """Which kernels are in use, in a few words."""
    found = extension("schedule")
    return "numpy reference" if found is None else f"C++ ({found.compiler})"


def schedule_search(problem: ScheduleProblem, seed: int) -> ScheduleSearch:
    """A search over `problem`, in C++ or else the reference; `seed` is taken modulo 2**64."""
    found = extension("schedule")
    if found is None:
        from qamctl.kernels.schedule.reference import ScheduleSearch as Reference

        return Reference(problem, seed % 2**64)
    search: ScheduleSearch = found.ScheduleSearch(problem, seed % 2**64)
    return search


def assignment_search(problem: AssignmentProblem, start: Index, seed: int) -> AssignmentSearch:
    """A search over `problem` from [n] leaves of units, in C++ or else the reference; `seed` as for schedules."""
    found = extension("assignment")
    if found is None:
        from qamctl.kernels.assignment.reference import AssignmentSearch as Reference

        return Reference(problem, start, seed % 2**64)
    search: AssignmentSearch = found.AssignmentSearch(problem, start, seed % 2**64)
    return search


def critical_path_search(problem: ShopProblem, order: Index, choice: Ints, seed: int) -> CriticalPathSearch:
    """A search over `problem` from a list of tasks and their options, in C++ or else the reference.

    `seed` is taken modulo 2**64.
    """
    found = extension("critical")
    if found is None:
        from qamctl.kernels.critical.reference import CriticalPathSearch as Reference

        return Reference(problem, order, choice, seed % 2**64)
    search: CriticalPathSearch = found.CriticalPathSearch(problem, order, choice, seed % 2**64)
    return search
