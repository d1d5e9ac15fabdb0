"""A model file's part of the story: the model, the engines' turns, the checker's verdict, the QUBO, the result."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl import model_engines
from qamctl.config import resolve
from qamctl.errors import QamError
from qamctl.formats.models import ModelFile, read_model
from qamctl.gates.aims import Aims
from qamctl.measuring import settings_of, told
from qamctl.model_judge import Answer, Attempt
from qamctl.model_result import attempt_row, build_result, tidy, why_none
from qamctl.model_result import figures as answer_figures
from qamctl.model_samples import to_bytes
from qamctl.model_solve import solve_model
from qamctl.model_task import Question, make_question
from qamctl.qubo.check_result import Asked
from qamctl.qubo.impossible import impossible
from qamctl.qubo.verdict import Broken
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop
from qamctl.story import Figures, Problem, Tick, at_its_origin, make_problem, refuse_mitigation

#: The file of samples beside the result.
SAMPLES = "samples.npz"

#: Couplings of a QUBO that is compiled for the result: for each second of the time limit, at least, and at most.
COUPLINGS_PER_SECOND, LEAST_COUPLINGS, MOST_COUPLINGS = 400_000, 300_000, 4_000_000


@dataclass(frozen=True)
class Built:
    """What the search sees, and why nothing can satisfy it, as far as that shows without a search."""

    question: Question
    reasons: tuple[dict[str, Any], ...]


def read(path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
    """Read a model file and resolve the options that hold for it.

    Raises
    ------
    SpecError
        The file is at fault, or an option is.
    UsageError
        An option makes no sense.
    """
    asked = resolve(
        flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    file = read_model(path, format=asked.format, sense=asked.sense)
    problem = make_problem(
        file, file.name, file.source, file.solver, flags, profile=profile, config_file=config_file
    )  # fmt: skip
    refuse_mitigation(problem)
    with at_its_origin(problem, "backend"):
        model_engines.expand(problem.options.backend)
    return replace(problem, taken={"format": file.format, "sense": file.sense})


def aims(problem: Problem) -> Aims:
    """The objective, in the sense of the file."""
    return Aims(("objective",), ({"objective": 1.0},), problem.spec.sense)


def build(problem: Problem) -> Built:
    """The model as the kernels hold it, and the constraints that nothing can keep."""
    file: ModelFile = problem.spec
    asked = as_asked(file)
    rows = [
        {"file": problem.source.label, "line": None, "constraint": asked.name(found.kind, found.number),
         "text": found.text}
        for found in impossible(file.model)
    ]  # fmt: skip
    return Built(make_question(file.model, file.polynomial, file.pairs), tuple(rows))


def as_asked(file: ModelFile) -> Asked:
    """A model file as the checker of results takes it."""
    return Asked(
        file.model, file.sense, file.source.sha256, file.source.label, file.row_names, file.group_names
    )  # fmt: skip


def sizes(problem: Problem, built: Built) -> dict[str, Any]:
    """Variables, couplings, groups and constraints."""
    model = built.question.model
    return {
        "format": problem.spec.format,
        "sense": problem.spec.sense,
        "variables": model.n,
        "couplings": built.question.objective.pairs,
        "groups": len(model.group_start) - 1,
        "constraints": len(model.con_rhs),
    }


def solve(
    problem: Problem, built: Built, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let the engines take turns, unless there are reasons why nothing can be found."""
    options, file = problem.options, problem.spec
    if built.reasons:
        model_engines.expand(backends)
        return Answer("infeasible", None, None, None, None, (), _nothing(built.question))

    def progress(seconds: float, best: float | None) -> None:
        tick({} if best is None else {"objective": tidy(file.objective(best))})

    return solve_model(
        built.question, backends=backends, seconds=None if options.max_steps else options.time_limit,
        steps=options.max_steps, seed=problem.seed, threads=options.threads, target=options.target_energy,
        reads=options.reads, max_variables=options.max_variables,
        settings=settings_of(options, problem.name, problem.account), strict=options.strict, stop=stop,
        progress=progress, phase=watch.phase,
    )  # fmt: skip


def _nothing(question: Question) -> Any:
    from qamctl.model_samples import join

    return join(question.model, [])


def compile(problem: Problem, built: Built, answer: Answer) -> dict[str, Any] | None:
    """What the model is as a QUBO, and the answer's energy in it; nothing where there is no answer."""
    question = built.question
    if answer.solution is None or answer.energy is None or question.n == 0:
        return None
    limit = problem.options.time_limit
    most = MOST_COUPLINGS if limit is None else COUPLINGS_PER_SECOND * limit
    most = max(LEAST_COUPLINGS, min(most, MOST_COUPLINGS))
    if question.constrained and (estimate := couplings_of(question)) > most:
        return _refused(f"its penalty QUBO would have about {estimate} couplings, more than are compiled in this time")
    if answer.status == "interrupted" and question.objective.pairs > LEAST_COUPLINGS:
        return _refused("the run was interrupted, and compiling the model would take a while")
    try:
        compiled: Any = model_engines.compile_question(question, answer.solution)
    except QamError as error:
        return _refused(error.message)
    energy = float(compiled.energy(compiled.extend(answer.solution))[0])
    reach = float(np.abs(compiled.linear).sum() + np.abs(compiled.weight).sum()) + abs(compiled.offset)
    # What lies below is the rounding of penalties that cancel.
    penalty = 0.0 if abs(energy - answer.energy) <= 2.0**-44 * reach else energy - answer.energy
    return {
        **_compiled_sizes(compiled, question),
        "sha256": compiled.sha256,
        "energy": tidy(answer.energy + penalty),
        "penalty": tidy(penalty),
    }


def _refused(reason: str) -> dict[str, Any]:
    return {"kind": "qubo", "scope": "refused", "reason": reason}


def _compiled_sizes(compiled: Any, question: Question) -> dict[str, Any]:
    return {
        "kind": compiled.kind,
        "scope": "whole",
        "variables": compiled.n,
        "raw_variables": question.n,
        "quadratic": len(compiled.row),
    }


def couplings_of(question: Question) -> int:
    """About how many couplings the penalty QUBO has: every group and row is squared, at most."""
    model = question.model
    size = np.concatenate([np.diff(model.group_start), np.diff(model.con_start)]).astype(np.float64)
    return len(model.row) + int((size * (size + 1) / 2).sum())


def figures(problem: Problem, answer: Answer) -> Figures:
    """In the sense of the file."""
    return answer_figures(answer, problem.spec.objective)


def measured(problem: Problem, answer: Answer) -> dict[str, Any]:
    """Of the last engine that measures circuits."""
    ran = [one for one in answer.attempts if model_engines.quantum(one.backend)]
    return told(attempt_row(ran[-1], problem.spec.objective), ran[-1].outcome.info) if ran else {}


def result(
    problem: Problem,
    built: Built,
    answer: Answer,
    *,
    run: str,
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result file; where samples were asked for, a file of all of them beside it."""
    file: ModelFile = problem.spec
    options, labels = problem.options, file.model.labels
    tables = {}
    if answer.solution is not None and (options.reads is not None or options.samples is not None):
        tables[SAMPLES] = to_bytes(answer.table, labels, ".npz")
    asked = as_asked(file)

    def name(broken: Broken) -> str:
        return asked.name(broken.kind, broken.number)

    found = build_result(
        answer, run=run, sense=file.sense, format=file.format, objective=file.objective, labels=labels,
        samples=next(iter(tables.items()), None),
        reasons=[*built.reasons, *why_none(answer, name, problem.source.label)],
        compiled=compiled, provenance=provenance,
    )  # fmt: skip
    return found, tables


def copies(problem: Problem, answer: Answer) -> dict[Path, bytes]:
    """The samples, where `--samples` names a file for them."""
    path = problem.options.samples
    return {} if path is None else {path: to_bytes(answer.table, problem.spec.model.labels, path.suffix)}


def measures(problem: Problem, built: Built, answer: Answer, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes of the model, figures of the engines, the curve of the objective."""
    file, question = problem.spec, built.question
    objective, n = question.objective, question.n
    degree = np.diff(objective.first)
    return {
        "sense": file.sense,
        "model": {
            **sizes(problem, built),
            "density": round(2 * objective.pairs / (n * (n - 1)), 9) if n > 1 else 0.0,
            "degree_mean": round(float(degree.mean()), 6) if n else 0.0,
            "degree_max": int(degree.max(initial=0)),
            "scale": objective.scale,
            "exact": objective.exact,
            "compiled_variables": compiled.get("variables", 0),
            "quadratic": compiled.get("quadratic", 0),
        },
        "search": {attempt.backend: plain(_search_figures(attempt)) for attempt in answer.attempts},
        "curve": [(at, tidy(file.objective(energy)), who) for at, energy, who in answer.curve],
        "quantum": [one.backend for one in answer.attempts if model_engines.quantum(one.backend)],
        "jobs": [plain(job) for one in answer.attempts for job in one.outcome.info.get("jobs", [])],
    }


def _search_figures(attempt: Attempt) -> dict[str, Any]:
    found: dict[str, Any] = {"seconds": round(attempt.seconds, 6), **attempt.outcome.info}
    found.pop("jobs", None)  # they have a place of their own
    if found.get("attempts") and attempt.seconds > 0:
        found["attempts_per_second"] = round(found["attempts"] / attempt.seconds)
    return found


def plain(value: Any) -> Any:
    """Figures as JSON holds them: no numpy, no NaN or infinity."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def preview(problem: Problem, built: Built) -> dict[str, Any]:
    """Sizes of the model and of its penalty QUBO."""
    question = built.question
    model_engines.expand(problem.options.backend)
    return {
        **sizes(problem, built),
        "reasons": list(built.reasons),
        "compiled": None if built.reasons else _preview(question),
    }


def _preview(question: Question) -> dict[str, Any]:
    if question.constrained and couplings_of(question) > MOST_COUPLINGS:
        return {"kind": "qubo", "scope": "estimate", "variables": question.n, "quadratic": couplings_of(question)}
    compiled: Any = model_engines.compile_question(question, None)
    return {**_compiled_sizes(compiled, question), "sha256": compiled.sha256}
