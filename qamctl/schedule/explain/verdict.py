"""Whether a spec has a schedule: proved either way, or not known in the time there is.

That there is one is said only of a schedule that the independent checker accepts. That there is none is said by
reasons that need no search, or by CP-SAT. Budgets are steps, so that the same questions get the same answers wherever
the time lasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from qamctl.errors import BackendError
from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.explain.fewer import fewer, kept_tasks, whole
from qamctl.schedule.instance import Instance
from qamctl.schedule.reasons import reasons
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat, list_search
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget, Outcome

#: Passes of list search over all tasks that a question is worth, and its least and most passes.
PASSES: Final = (20_000, 10, 200)
#: Steps of CP-SAT that any question is worth; `cpsat.TIME_PER_STEP` says what one is.
STEPS: Final = 20_000
#: How many times the passes of a question the first one is worth, and the search for the shortest schedule.
FIRST: Final = 10
#: Part of the time left that a question may take, and the seconds that each may.
SHARE: Final = 0.2
LEAST: Final = 1.0
#: Part of the time left that the search for the shortest schedule may take.
SHORTEST: Final = 0.4
#: How much longer than the proof for the whole spec a question about part of it may take.
LONGER: Final = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a spec.

    Attributes
    ----------
    status
        feasible, infeasible or unknown.
    solution
        A schedule that the checker accepts, where it is feasible.
    """

    status: str
    solution: Solution | None = None


@dataclass
class Judge:
    """Answers questions until its time is over; then it knows nothing more.

    Attributes
    ----------
    until
        By `time.monotonic`.
    most
        Steps of CP-SAT for the first question, and for the shortest schedule.
    steps
        Steps for every other question.
    asked, unknown
        Questions so far, and those that had no answer.
    """

    until: float
    seed: int = 0
    most: int = 15 * STEPS
    steps: int = STEPS
    asked: int = field(default=0, init=False)
    unknown: int = field(default=0, init=False)
    _last: float = field(default=0.0, init=False)  # when the question that is being asked is given up

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.until

    def first(self, spec: ScheduleSpec) -> Verdict:
        """The verdict on the spec that all others are parts of: as long as it takes."""
        self.steps = self.most
        found, used = self._of(spec)
        self.steps = min(self.most, max(STEPS, int(LONGER * used / cpsat.TIME_PER_STEP)))
        self.unknown += found.status == "unknown"
        return found

    def of(self, spec: ScheduleSpec) -> Verdict:
        """The verdict on a spec."""
        found = self._of(spec)[0]
        self.unknown += found.status == "unknown"
        return found

    def refutes(self, spec: Callable[[], ScheduleSpec]) -> bool:
        """Whether it proves that a spec, which is made only if there is time, has no schedule."""
        return not self.over and self.of(spec()).status == "infeasible"

    def shows(self, spec: Callable[[], ScheduleSpec]) -> bool:
        """Whether it shows without a search that such a spec has no schedule."""
        return not self.over and bool(self.why(spec()))

    def why(self, spec: ScheduleSpec) -> tuple[str, ...]:
        """The reasons why a spec has no schedule, where they need no search."""
        instance = build_instance(fewer(spec, kept_tasks(spec)))
        return tuple(reason.text for reason in reasons(instance))

    def proves(self, spec: ScheduleSpec) -> bool:
        """Whether CP-SAT proves once more, by another search, that a spec has no schedule.

        Raises
        ------
        BackendError
            It finds one that the checker accepts.
        """
        self._last = self.until
        tasks = kept_tasks(spec)
        outcome = self._search(build_instance(fewer(spec, tasks)), seed=self.seed + 1)
        if outcome.solution is not None and accepted(spec, whole(spec, tasks, outcome.solution)):
            raise BackendError("constraints that were proved to clash have a schedule; please report this as a bug")
        return outcome.status == "infeasible"

    def shortest(self, spec: ScheduleSpec, known: Solution) -> tuple[int, int, int]:
        """Ticks until the shortest schedule that is found ends, that none is shorter than, and the same without search.

        Parameters
        ----------
        known
            Some schedule.
        """
        now = time.monotonic()
        self._last = now + (self.until - now) * SHORTEST
        tasks = kept_tasks(spec)
        if not len(tasks):
            return 0, 0, 0
        instance = build_instance(replace(fewer(spec, tasks), objective=({"makespan": 1.0},)))
        listed = self._listed(instance).solution
        if listed is not None and not accepted(spec, whole(spec, tasks, listed)):
            listed = None
        outcome = cpsat.solve(instance, listed, Budget(steps=self.most), self.seed, self._stop, _nobody)
        makespan, quick = int(known.end.max()), makespan_bound(instance)
        if outcome.solution is not None and accepted(spec, whole(spec, tasks, outcome.solution)):
            makespan = min(makespan, int(outcome.solution.end.max()))
        bound = -(-Fraction(outcome.bounds[0] or 0.0) // spec.time.resolution)
        return makespan, min(makespan, max(int(bound), quick)), quick

    def _of(self, spec: ScheduleSpec) -> tuple[Verdict, float]:
        """The verdict, and the deterministic time that CP-SAT took for it."""
        if self.over:
            return Verdict("unknown"), 0.0
        self.asked += 1
        now = time.monotonic()
        self._last = self.until if self.asked == 1 else now + max(LEAST, (self.until - now) * SHARE)
        tasks = kept_tasks(spec)
        part = fewer(spec, tasks)
        instance = build_instance(part)
        if reasons(instance):
            return Verdict("infeasible"), 0.0
        if len(tasks):
            listed = self._listed(instance).solution
            if listed is not None and accepted(spec, found := whole(spec, tasks, listed)):
                return Verdict("feasible", found), 0.0
        outcome = self._search(instance, seed=self.seed)
        used = float(outcome.info.get("deterministic_time", 0.0))
        if outcome.solution is not None and accepted(spec, found := whole(spec, tasks, outcome.solution)):
            return Verdict("feasible", found), used
        return Verdict("infeasible" if outcome.status == "infeasible" else "unknown"), used

    def _listed(self, instance: Instance) -> Outcome:
        each, least, most = PASSES
        passes = max(least, min(most, each // instance.n)) * (FIRST if self.asked <= 1 else 1)
        return list_search.solve(instance, None, Budget(steps=passes), self.seed, self._stop, _nobody)

    def _search(self, instance: Instance, seed: int) -> Outcome:
        return cpsat.solve(instance, None, Budget(steps=self.steps), seed, self._stop, _nobody)

    def _stop(self) -> bool:
        return time.monotonic() >= min(self.until, self._last)


def _nobody(solution: Solution) -> None:
    """Nobody waits for better and better schedules."""


def accepted(spec: ScheduleSpec, found: Solution) -> bool:
    """Whether the checker has nothing against a schedule."""
    return check_columns(spec, found.start, found.end, found.mode, found.agent, found.others).feasible
