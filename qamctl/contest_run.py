"""What the parts of the story do alike whose problems are solved by a contest of engines: schedules and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from qamctl import engines, result
from qamctl.contest import Contest
from qamctl.levels import relative_gap
from qamctl.measuring import settings_of, told
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop
from qamctl.solve import Answer, find_answer
from qamctl.story import Figures, Problem, Tick


def solve_contest(
    problem: Problem, contest: Contest, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let the engines race with the options of the run, and check what was found."""
    options = problem.options

    def progress(seconds: float, value: tuple[float, ...] | None) -> None:
        tick({} if value is None else {"objective": value[0] if len(value) == 1 else list(value)})

    return find_answer(
        contest, backends=backends, seconds=None if options.max_steps else options.time_limit,
        steps=options.max_steps, seed=problem.seed, threads=options.threads, strict=options.strict,
        max_variables=options.max_variables, settings=settings_of(options, problem.name, problem.account), stop=stop,
        progress=progress, phase=watch.phase,
        meanwhile=lambda: import_module(f"qamctl.{contest.kind}.answer"),  # `compile` follows at once
    )  # fmt: skip


def load_contestants(contest: Contest, backends: Sequence[str]) -> None:
    """Let each engine solve a small problem, which imports what it needs: no search then waits for that."""
    for name in backends:
        if not engines.remote(name):
            find_answer(contest, backends=(name,), seconds=None, steps=1, seed=0)


def couplings_limit(time_limit: float | None, most: int) -> int:
    """Couplings that are compiled in about a tenth of the time limit, or what a small problem needs anyway."""
    return most if time_limit is None else int(min(most, max(250_000, 300_000 * time_limit)))


def figures(problem: Problem, answer: Answer) -> Figures:
    """Of the level that the result speaks of."""
    if answer.report is None or answer.proof is None:
        return Figures()
    objective, bound = answer.report.levels[answer.proof.level], answer.proof.bounds[answer.proof.level]
    return Figures(objective, bound, None if bound is None else relative_gap(objective, bound))


def measured(problem: Problem, answer: Answer) -> dict[str, Any]:
    """Of the last engine that measures circuits."""
    ran = [one for one in answer.attempts if engines.quantum(one.backend)]
    return told(result.attempt_row(ran[-1], open_level(answer)), ran[-1].info) if ran else {}


def copies(problem: Problem, answer: Answer) -> dict[Path, bytes]:
    """None: the whole answer is in the run folder."""
    return {}


def result_of(
    kind: str, problem: Problem, answer: Answer, solution: Mapping[str, Any] | None, **more: Any
) -> dict[str, Any]:
    """The result file around its block `solution`; the rest as `qamctl.result.build_result` takes it."""
    return result.build_result(
        kind, problem.spec.objective, status=answer.status, solution=solution, report=answer.report,
        proof=answer.proof, solved_by=answer.solved_by, fallback=answer.fallback, attempts=answer.attempts, **more,
    )  # fmt: skip


def search_figures(answer: Answer) -> dict[str, Any]:
    """What the metrics file says of the engines: their figures, the curve of the open level, their jobs."""
    level = open_level(answer)
    return {
        "search": {
            attempt.backend: {"seconds": attempt.seconds} | {k: v for k, v in attempt.info.items() if k != "jobs"}
            for attempt in answer.attempts
        },
        "curve": [] if answer.race is None else [(at, value[level], who) for at, value, who in answer.race.curve],
        "quantum": [attempt.backend for attempt in answer.attempts if engines.quantum(attempt.backend)],
        "jobs": [job for attempt in answer.attempts for job in attempt.info.get("jobs", [])],
    }


def open_level(answer: Answer) -> int:
    """The level that the result speaks of."""
    return answer.proof.level if answer.proof is not None else 0
