"""From a spec to a verified answer: the engines search, the checker decides, the proofs are joined."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qamctl import engines
from qamctl.contest import Contest, Report
from qamctl.errors import BackendError, UnsupportedError
from qamctl.levels import Proof, better, prove
from qamctl.measuring import NOTHING, Settings
from qamctl.portfolio import Turn, plan
from qamctl.race import Attempt, Progress, Race, race
from qamctl.solver import Solver


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer, or the lack of one, with what is known about it.

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
    solution: Any = None
    report: Report | None = None
    proof: Proof | None = None
    solved_by: str | None = None
    attempts: tuple[Attempt, ...] = ()
    race: Race | None = None
    fallback: dict[str, Any] | None = None


def find_answer(
    contest: Contest,
    *,
    backends: Sequence[str] = ("auto",),
    seconds: float | None = None,
    steps: int | None = None,
    seed: int,
    threads: int = 1,
    strict: bool = False,
    max_variables: int | None = None,
    settings: Settings = NOTHING,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda seconds, best: None,
    meanwhile: Callable[[], object] = lambda: None,
    phase: Callable[[str], None] = lambda name: None,
) -> Answer:
    """Let engines search for an answer, and take the best one that the checker accepts.

    Parameters
    ----------
    backends
        Names of engines; `auto` alone is the portfolio.
    seconds, steps
        The budget; exactly one is set. Remote engines follow when it is over, with a budget of their own: so many
        parts, shots, credits, and seconds of waiting as `settings` say.
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
    names = engines.expand(backends, contest.kind)
    heuristic = contest.heuristic or engines.heuristic(contest.kind)
    idle = contest.left_out(seconds) if "auto" in backends else {}
    idle = {name: why for name, why in idle.items() if name not in backends}
    names = tuple(name for name in names if name not in idle)
    left_out = [Attempt(name, "skipped", note=why) for name, why in idle.items() if why]
    remote = [name for name in names if engines.remote(name)]
    near = [name for name in names if name not in remote]
    options = {"max_variables": max_variables, "settings": settings, "windows": contest.windows}
    # With a step budget the answer must not depend on the number of cores: one lane, one engine after another.
    sampled = [name for name in near if engines.sampled(name, contest.kind)]
    start = None if near else steps or contest.opening
    lanes = [[Turn(heuristic, 1.0)]]
    if near:
        lead = contest.lead if auto and steps is None else None
        lanes = plan(near, threads if steps is None else 1, sampled=sampled, heuristic=heuristic, lead=lead)
    wanted = dict.fromkeys([*(turn.engine for lane in lanes for turn in lane), *remote])
    solvers = {name: engines.solver(name, contest.kind, options) for name in wanted}
    if contest.nothing is not None:
        report = contest.check(contest.nothing)
        return Answer("optimal", contest.nothing, report, prove(report.levels, (), report.levels))
    phase("solve")
    end = None if start is None or seconds is None else time.monotonic() + seconds
    found = race(
        contest,
        solvers,
        lanes,
        seconds=seconds if start is None else None,
        steps=steps if start is None else start,
        seed=seed,
        stop=stop if end is None else lambda: stop() or time.monotonic() >= end,
        sampled=sampled,
        progress=progress,
        meanwhile=meanwhile,
        incumbent=contest.start,
    )
    if start is not None:
        found = _told_if_cut(found, start, stop())
    if remote:
        found = _follow(contest, found, solvers, remote, settings.parts, seed, stop, progress)
    phase("check")
    answer = judge(contest, (*found.attempts, *left_out), interrupted=found.interrupted)
    at_work = [attempt for attempt in found.attempts if not (auto and _declined(attempt, contest.kind))]
    failed = [attempt for attempt in at_work if attempt.error is not None]
    stood_in_for = auto or (answer.solution is not None and all(engines.quantum(one.backend) for one in failed))
    if failed and (strict or not stood_in_for or len(failed) == len(at_work)):
        raise failed[0].error or BackendError(f"{failed[0].backend} failed")
    too_large = [attempt for attempt in found.attempts if "skipped" in attempt.info]
    if too_large and not auto and answer.solution is None:
        raise UnsupportedError(f"{too_large[0].backend}: {too_large[0].note}")
    fallback = {"backend": failed[0].backend, "reason": failed[0].note} if failed else None
    return replace(answer, race=found, fallback=fallback)


def _declined(attempt: Attempt, kind: str) -> bool:
    """Whether a native engine said that it does not take such a problem: in a portfolio that is no failure."""
    return isinstance(attempt.error, UnsupportedError) and not engines.sampled(attempt.backend, kind)


def _told_if_cut(found: Race, steps: int, interrupted: bool) -> Race:
    """The race for a start; where the time limit ended it, that is told: another run may begin elsewhere."""
    first = found.attempts[0]
    done = int(first.info.get("steps", 0))
    if done < steps and first.status not in ("optimal", "infeasible") and first.error is None and not interrupted:
        first.note = (
            f"the time limit ended it after {done:,} of {steps:,} steps: a run that is repeated may begin elsewhere, "
            "and send other jobs"
        )
    return replace(found, interrupted=interrupted)


def _follow(
    contest: Contest,
    found: Race,
    solvers: dict[str, Solver],
    names: Sequence[str],
    parts: int,
    seed: int,
    stop: Callable[[], bool],
    progress: Progress,
) -> Race:
    """Let remote engines improve what a race found, unless it was proved; both together are one race."""
    values = [attempt for attempt in found.attempts if attempt.solution is not None and attempt.value is not None]
    proved = any(attempt.status in ("optimal", "infeasible") for attempt in found.attempts)
    if proved or stop():
        why = "there was nothing left to gain: the answer is proved" if proved else "the run ended before its turn came"
        return replace(found, attempts=(*found.attempts, *(Attempt(name, note=why) for name in names)))
    best = None
    for attempt in values:
        if best is None or better(attempt.value or (), best.value or ()):
            best = attempt
    later = race(
        contest, solvers, [[Turn(name, 1.0) for name in names]], seconds=None, steps=contest.window * parts,
        seed=seed, stop=stop, sampled=names,
        progress=lambda seconds, value: progress(found.seconds + seconds, value),
        incumbent=None if best is None else best.solution,
    )  # fmt: skip
    curve = tuple((found.seconds + at, value, who) for at, value, who in later.curve)
    together = _joined(found.attempts, later.attempts)
    return Race(together, (*found.curve, *curve), found.seconds + later.seconds, later.interrupted)


def _joined(first: Sequence[Attempt], later: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts of two races; an engine of both is one, with its better answer and the bounds of its search."""
    known = {attempt.backend: attempt for attempt in first}
    for attempt in later:
        earlier = known.get(attempt.backend)
        if earlier is None or attempt.value is None:
            continue
        if earlier.value is None or better(attempt.value, earlier.value):
            earlier.value, earlier.solution = attempt.value, attempt.solution
            earlier.status = "feasible" if earlier.error is None else earlier.status
        earlier.seconds += attempt.seconds
        earlier.note = "; ".join(text for text in (earlier.note, attempt.note) if text)
    return (*first, *(attempt for attempt in later if attempt.backend not in known))


def judge(contest: Contest, attempts: Sequence[Attempt], *, interrupted: bool) -> Answer:
    """The best answer that the checker accepts, with the best bounds; one that it rejects is an engine's failure.

    The order is by the checker's own figures, ties by the order of the attempts.
    """
    best: tuple[Attempt, Report] | None = None
    for attempt in attempts:
        if attempt.solution is None:
            continue
        report = contest.check(attempt.solution)
        if report.violations:
            attempt.status, attempt.note = "rejected", f"the checker found: {report.violations[0].text}"
            attempt.error = BackendError(f"{attempt.backend} gave an answer that does not hold: {attempt.note}")
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
    proof = prove(report.levels, attempts, contest.bounds())
    status = "optimal" if proof.optimal else "interrupted" if interrupted else "feasible"
    return Answer(status, attempt.solution, report, proof, attempt.backend, tuple(attempts))
