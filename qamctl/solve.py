"""From a spec to a verified answer: the engines search, the checker decides, the proofs are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamctl import engines
from qamctl.errors import BackendError, UnsupportedError
from qamctl.measuring import NOTHING, Settings
from qamctl.portfolio import plan
from qamctl.race import Attempt, Progress, Race, race
from qamctl.schedule.bounds import level_bounds
from qamctl.schedule.check import Report, check_columns
from qamctl.schedule.instance import Instance
from qamctl.schedule.result import Proof, prove
from qamctl.schedule.solution import Solution, better

#: CP-SAT is imported and has built its model after about this long; with less time `auto` leaves it out.
CPSAT_LEAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified schedule, or the lack of one, with what is known about it.

    Attributes
    ----------
    status
        optimal, feasible, infeasible, unknown or interrupted.
    report
        The checker's, of `solution`.
    attempts
        One for each engine, those that were left out too.
    fallback
        What failed, where other engines stood in for it.
    """

    status: str
    solution: Solution | None = None
    report: Report | None = None
    proof: Proof | None = None
    solved_by: str | None = None
    attempts: tuple[Attempt, ...] = ()
    race: Race | None = None
    fallback: dict[str, Any] | None = None


def solve_schedule(
    instance: Instance,
    *,
    backends: Sequence[str] = ("auto",),
    seconds: float | None = None,
    steps: int | None = None,
    seed: int,
    threads: int = 1,
    strict: bool = False,
    slot: int | None = None,
    max_variables: int | None = None,
    settings: Settings = NOTHING,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda seconds, best: None,
    meanwhile: Callable[[], object] = lambda: None,
    phase: Callable[[str], None] = lambda name: None,
) -> Answer:
    """Let engines search for a schedule, and take the best one that the checker accepts.

    Parameters
    ----------
    backends
        Names of engines; `auto` alone is the portfolio.
    seconds, steps
        The budget; exactly one is set.
    strict
        An engine of `auto`, or one that measures circuits, that fails ends the run instead of being stood in for.
    settings
        Of engines that measure circuits.
    progress
        Called about fifty times a second with the seconds gone and the best value.
    meanwhile
        Called once while the engines work.
    phase
        Told "solve" and "check" as they begin.

    Raises
    ------
    UsageError
        An engine's name is not known.
    UnsupportedError, BackendError
        An engine that was named can't run or failed.
    """
    auto = tuple(backends) == ("auto",)
    names = engines.expand(backends)
    left_out = []
    if auto and seconds is not None and seconds < CPSAT_LEAST_SECONDS:
        names = tuple(name for name in names if name != "cpsat")
        left_out.append(Attempt("cpsat", "skipped", note=f"left out below {CPSAT_LEAST_SECONDS:g} s of time"))
    # With a step budget the answer must not depend on the number of cores: one lane, one engine after another.
    sampled = [name for name in names if engines.sampled(name)]
    lanes = plan(names, threads if steps is None else 1, sampled=sampled)
    options = {"slot": slot, "max_variables": max_variables, "settings": settings}
    solvers = {turn.engine: engines.solver(turn.engine, options) for lane in lanes for turn in lane}
    if instance.n == 0:
        nothing = Solution(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0, np.int32),) * 2)
        report = _check(instance, nothing)
        return Answer("optimal", nothing, report, prove(report.levels, (), report.levels))
    phase("solve")
    found = race(
        instance,
        solvers,
        lanes,
        seconds=seconds,
        steps=steps,
        seed=seed,
        stop=stop,
        sampled=sampled,
        fault=lambda solution: _fault(instance, solution),
        progress=progress,
        meanwhile=meanwhile,
    )
    phase("check")
    answer = judge(instance, (*found.attempts, *left_out), interrupted=found.interrupted)
    failed = [attempt for attempt in found.attempts if attempt.error is not None]
    stood_in_for = auto or (answer.solution is not None and all(engines.quantum(one.backend) for one in failed))
    if failed and (strict or not stood_in_for or len(failed) == len(found.attempts)):
        raise failed[0].error or BackendError(f"{failed[0].backend} failed")
    too_large = [attempt for attempt in found.attempts if "skipped" in attempt.info]
    if too_large and not auto and answer.solution is None:
        raise UnsupportedError(f"{too_large[0].backend}: {too_large[0].note}")
    fallback = {"backend": failed[0].backend, "reason": failed[0].note} if failed else None
    return replace(answer, race=found, fallback=fallback)


def judge(instance: Instance, attempts: Sequence[Attempt], *, interrupted: bool) -> Answer:
    """The best schedule that the checker accepts, with the best bounds; one that it rejects is an engine's failure.

    The order is by the checker's own figures, ties by the order of the attempts.
    """
    best: tuple[Attempt, Report] | None = None
    for attempt in attempts:
        if attempt.solution is None:
            continue
        report = _check(instance, attempt.solution)
        if report.violations:
            attempt.status, attempt.note = "rejected", f"the checker found: {report.violations[0].text}"
            attempt.error = BackendError(f"{attempt.backend} gave a schedule that does not hold: {attempt.note}")
            attempt.value = attempt.solution = attempt.bounds = None
            continue
        attempt.value = report.levels
        if best is None or better(report.levels, best[1].levels):
            best = attempt, report
    if best is None:
        proved = any(attempt.status == "infeasible" for attempt in attempts)
        status = "infeasible" if proved else "interrupted" if interrupted else "unknown"
        return Answer(status, attempts=tuple(attempts))
    attempt, report = best
    proof = prove(report.levels, attempts, level_bounds(instance))
    status = "optimal" if proof.optimal else "interrupted" if interrupted else "feasible"
    return Answer(status, attempt.solution, report, proof, attempt.backend, tuple(attempts))


def _check(instance: Instance, solution: Solution) -> Report:
    return check_columns(instance.spec, solution.start, solution.end, solution.mode, solution.agent)


def _fault(instance: Instance, solution: Solution) -> str | None:
    violations = _check(instance, solution).violations
    return violations[0].text if violations else None
