"""CP-SAT on the interval model: bounds, proofs of optimality and of infeasibility, and good schedules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np

from qamctl.errors import BackendError
from qamctl.schedule.bounds import term_bounds
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.cpsat_crews import crew_objective, too_many
from qamctl.schedule.solvers.cpsat_model import Model, windows
from qamctl.schedule.solvers.cpsat_objective import Objective
from qamctl.schedule.solvers.cpsat_run import FEW, Answer, Settings, run
from qamctl.schedule.solvers.cpsat_sums import rounded_down, scaled
from qamctl.schedule.solvers.cpsat_window import latest_ends
from qamctl.schedule.spec import Ints
from qamctl.solver import Budget, Outcome

#: CP-SAT's deterministic time (about seconds on a quick machine) that one step of a budget buys.
TIME_PER_STEP: Final = 1e-4
#: Options that are modelled for each second of the budget, so that building and presolve leave time to search...
OPTIONS_PER_SECOND: Final = 2_000
#: ... and at most, however long the budget.
MOST_OPTIONS: Final = 50_000
#: Part of a level's time in which few workers look for schedules before they push the bound.
LOOK: Final = 0.6
#: Ticks beyond which CP-SAT's 64-bit sums are no longer safe.
LAST_TICK: Final = 2**50


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Search for a better schedule than `incumbent` and prove how good one can be; see `qamctl.solver.Solver`.

    The levels are solved one after the other, each with the earlier ones held at their values. With a
    budget of steps one worker runs for a deterministic time, whatever `budget.threads`.

    Raises
    ------
    BackendError
        CP-SAT refuses the model, or calls the problem infeasible though a schedule is known, or the incumbent is
        no schedule of this problem.
    """
    clock = _Clock(budget)
    count = len(instance.levels)
    nothing: tuple[float | None, ...] = (None,) * count
    if instance.n == 0:
        empty = instance.solution(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return Outcome("optimal", empty, instance.value(empty))
    complete = instance.complete
    if complete and (np.diff(instance.first_option) == 0).any():
        return _infeasible(incumbent, nothing)
    least = term_bounds(instance)
    cheap = tuple((instance.levels @ least).tolist())
    latest = latest_ends(instance, incumbent, least)
    skipped = _too_large(instance, int(latest.max()), budget)
    if incumbent is not None and skipped is None and (instance.options_of(incumbent) < 0).any():
        if complete:
            raise BackendError("the schedule that CP-SAT was given to start from is none of this problem")
        skipped = "the schedule to start from has agents that are not modelled"
    if skipped:
        return Outcome("unknown" if incumbent is None else "feasible", incumbent, cheap, info={"skipped": skipped})
    objective = _modelled(instance, latest)
    if objective is None:
        return _infeasible(incumbent, nothing)
    search = _Search(instance, objective, incumbent, cheap, report, complete)
    for level in range(count):
        if stop() or clock.left() <= 0 or not search.minimise(level, clock, seed, stop):
            break
    return search.outcome()


def _too_large(instance: Instance, last_tick: int, budget: Budget) -> str | None:
    options, most = len(instance.option_mode), MOST_OPTIONS
    if budget.seconds is not None:
        most = min(most, int(budget.seconds * OPTIONS_PER_SECOND))
    if options > most:
        return f"the model would have {options} options of tasks; at most {most} are modelled in this budget"
    if last_tick > LAST_TICK:
        return f"schedules may last {last_tick} ticks; at most {LAST_TICK} are modelled"
    return None if instance.crews is None else too_many(instance, instance.crews, budget)


def _modelled(instance: Instance, latest: Ints) -> Objective | None:
    """The model and its objective; None where a task has no moment to be done at."""
    if instance.crews is not None:
        return crew_objective(instance, instance.crews, latest)
    window = windows(instance, latest)
    return None if window is None else Objective(Model(instance, window))


def _infeasible(known: Solution | None, bounds: tuple[float | None, ...], **more: Any) -> Outcome:
    if known is not None:
        raise BackendError("CP-SAT calls the problem infeasible, but a schedule is known; please report this as a bug")
    return Outcome("infeasible", None, bounds, **more)


@dataclass
class _Clock:
    """What is left of a budget: wall seconds, or deterministic ones where it is in steps."""

    budget: Budget
    began: float = field(default_factory=time.monotonic)
    used: float = 0.0

    def left(self) -> float:
        if self.budget.seconds is not None:
            return self.budget.seconds - (time.monotonic() - self.began)
        return (self.budget.steps or 0) * TIME_PER_STEP - self.used

    @property
    def workers(self) -> int:
        """One where the answer must be reproducible."""
        return 1 if self.budget.seconds is None else self.budget.threads

    def share(self, levels: int) -> float:
        """Of what is left, for the first of so many levels: twice as much as the next; what one leaves passes on."""
        return self.left() / (2.0 - 0.5 ** (levels - 1))


@dataclass
class _Search:
    """The best schedule so far, and what is proved of each level."""

    instance: Instance
    objective: Objective
    best: Solution | None
    cheap: tuple[float, ...]
    report: Callable[[Solution], None]
    complete: bool  #: the model has all schedules; else it proves nothing
    bounds: list[float | None] = field(default_factory=list)
    proved: int = 0
    infeasible: bool = False
    info: dict[str, Any] = field(default_factory=lambda: {"conflicts": 0, "branches": 0, "deterministic_time": 0.0})

    def __post_init__(self) -> None:
        self.variables = self.objective.variables
        self.integers = [scaled(total, self.variables) for total in self.objective.levels]
        self._best_worth = None if self.best is None else self._worth(self.best)

    def minimise(self, level: int, clock: _Clock, seed: int, stop: Callable[[], bool]) -> bool:
        """Solves one level and holds it at the value found; False where there is nothing to go on from."""
        total, integers = self.objective.levels[level], self.integers[level]
        least = Fraction(0) if integers.coefficients or not self.complete else total.constant  # every schedule has that
        if self.best is None or (integers.coefficients and self._value(level) > self.cheap[level]):
            answer = self._explore(level, integers.coefficients, clock, seed, stop)
            if answer.status == "infeasible":
                self.infeasible = self.complete
                return False
            if self.complete:
                least = answer.bound / integers.scale + total.constant
        if self.best is None:
            self.bounds.append(max(rounded_down(least), self.cheap[level]))
            return False
        exact, value = total.value(self._values(self.best)), self._value(level)
        proved = self.complete and (least >= exact + total.constant or value <= self.cheap[level])
        self.proved += proved
        self.bounds.append(value if proved else min(value, max(rounded_down(least), self.cheap[level])))
        if integers.coefficients and level + 1 < len(self.cheap):
            held = sum(self.variables[i][0] * weight for i, weight in integers.coefficients.items())
            self.variables.cp.add(held <= int(exact * integers.scale))
        return True

    def _explore(
        self, level: int, objective: Mapping[int, int], clock: _Clock, seed: int, stop: Callable[[], bool]
    ) -> Answer:
        """The runs of one level: few workers look for schedules first and for the bound then, many for both at once."""
        relax = self.objective.has_loads or bool(self.instance.levels[level, 1:].any())
        settings = Settings(workers=clock.workers, seed=seed, relax=relax, orders=self.instance.crews is None)
        share = clock.share(len(self.cheap) - level)
        if clock.workers > FEW:
            return self._run(objective, clock, share, settings, stop)
        first = self._run(objective, clock, LOOK * share, settings, stop)
        if first.status in ("optimal", "infeasible") or stop() or clock.left() <= 0:
            return first
        if self.best is None:
            second = self._run(objective, clock, clock.left(), replace(settings, seed=seed + 1), stop)
        else:
            bounding = replace(settings, raise_bound=True)
            second = self._run(objective, clock, min((1 - LOOK) * share, clock.left()), bounding, stop)
        return replace(second, bound=max(first.bound, second.bound))

    def _run(
        self, objective: Mapping[int, int], clock: _Clock, share: float, settings: Settings, stop: Callable[[], bool]
    ) -> Answer:
        """One run of CP-SAT; by the clock it may go on beyond its share until there is a schedule."""
        if clock.budget.steps is None:
            settings = replace(settings, seconds=max(0.01, clock.left() if self.best is None else share))
        else:
            settings = replace(settings, deterministic=share)
        rest = clock.left() - share
        hint = None if self.best is None else self._values(self.best)

        def enough() -> bool:
            return stop() or (settings.seconds is not None and self.best is not None and clock.left() < rest)

        answer = run(self.variables, objective, hint, settings, enough, self._offer)
        if answer.values is not None:
            self._offer(answer.values)
        clock.used += answer.deterministic_time
        for key in self.info:
            self.info[key] += getattr(answer, key)
        return answer

    def _value(self, level: int) -> float:
        assert self.best is not None
        return self.instance.value(self.best)[level]

    def _values(self, solution: Solution) -> dict[int, int]:
        return self.objective.values(solution.start, self.instance.options_of(solution))

    def _offer(self, values: Sequence[int]) -> None:
        """Takes a solution of the model where it is better than the best one."""
        found = self.objective.schedule(values)
        worth = self._worth(found)
        if self._best_worth is None or worth < self._best_worth:
            self.best, self._best_worth = found, worth
            self.report(found)

    def _worth(self, solution: Solution) -> tuple[int, ...]:
        """The levels of a schedule in their integers: an order without float noise."""
        values = self._values(solution)
        return tuple(
            sum(weight * values[i] for i, weight in integers.coefficients.items()) for integers in self.integers
        )

    def outcome(self) -> Outcome:
        """What was achieved; levels that were not reached have the bounds that need no search."""
        count, size = len(self.cheap), len(self.variables)
        if self.infeasible:
            return _infeasible(self.best, (None,) * count, variables=size, info=self.info)
        bounds = (*self.bounds, *self.cheap[len(self.bounds) :])
        status = "unknown" if self.best is None else "optimal" if self.proved == count else "feasible"
        return Outcome(status, self.best, bounds, size, self.info)
