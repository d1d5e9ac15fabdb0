"""What a result file says of a model run (spec.md section 7): figures in the sense that the user asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qamctl.model_judge import Answer, Attempt
from qamctl.qubo.verdict import Broken
from qamctl.story import Figures

Number = int | float

#: Broken constraints of the nearest sample that are told one by one.
TOLD = 20


def figures(answer: Answer, objective: Callable[[float], float]) -> Figures:
    """Objective, bound and gap of an answer; `objective` turns an energy into the user's figure."""
    if answer.energy is None:
        return Figures()
    value = tidy(objective(answer.energy))
    bound = None if answer.bound is None else tidy(objective(answer.bound))
    return Figures(value, bound, None if bound is None else abs(value - bound) / max(1, abs(value)))


def build_result(
    answer: Answer,
    *,
    run: str,
    sense: str,
    format: str,
    objective: Callable[[float], float],
    labels: Sequence[str],
    samples: tuple[str, bytes] | None,
    reasons: Sequence[Mapping[str, Any]],
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """The result file as plain data, in the order in which a person reads it.

    Parameters
    ----------
    objective
        Turns an energy of the minimised model into the user's figure.
    samples
        Name and content of the file of samples beside the result; None where there is none.
    """
    found = figures(answer, objective)
    value, bound = found.objective, found.bound
    solution = None
    if answer.solution is not None:
        solution = {
            "variables": [str(label) for label in labels],
            "sample": answer.solution.tolist(),
            "samples_file": None if samples is None else samples[0],
            "samples_sha256": None if samples is None else hashlib.sha256(samples[1]).hexdigest(),
        }
    return {
        "schema": "qamctl/result/1",
        "kind": "model",
        "run": run,
        "status": answer.status,
        "objective": value,
        "bound": bound,
        "gap": found.gap,
        "energy": None if answer.energy is None else tidy(answer.energy),
        "sense": sense,
        "format": format,
        "levels": [] if value is None else [{"terms": {"objective": value}, "value": value, "bound": bound}],
        "terms": {} if value is None else {"objective": value},
        "solution": solution,
        "violations": [],
        "reasons": list(reasons),
        "solved_by": answer.solved_by,
        "fallback": answer.fallback,
        "attempts": [attempt_row(attempt, objective) for attempt in answer.attempts],
        "compiled": compiled,
        "provenance": dict(provenance),
    }


def attempt_row(attempt: Attempt, objective: Callable[[float], float]) -> dict[str, Any]:
    """One engine's line of `attempts`."""
    outcome = attempt.outcome
    bound = outcome.bound
    row = {
        "backend": attempt.backend,
        "status": attempt.status,
        "objective": None if attempt.energy is None else tidy(objective(attempt.energy)),
        "bound": None if bound is None else tidy(objective(bound)),
        "seconds": round(attempt.seconds, 4),
        "variables": outcome.variables,
        "shots": outcome.shots,
        "feasible_fraction": outcome.feasible_fraction,
        "gain_over_random": _tidy(outcome.gain_over_random),
        "gain_over_classical_same_time": _tidy(outcome.gain_over_classical),
    }
    return row if attempt.note is None else {**row, "note": attempt.note}


def why_none(answer: Answer, name: Callable[[Broken], str], file: str) -> list[dict[str, Any]]:
    """Reasons why there is no answer: who proved it, and what the sample that breaks least shows."""
    provers = [attempt.backend for attempt in answer.attempts if attempt.status == "infeasible"]
    if answer.status == "infeasible" and provers:
        text = f"{provers[0]} proved that no sample keeps every constraint"
        return [{"file": file, "line": None, "constraint": None, "text": text}]
    if answer.nearest is None:
        return []
    rows = [
        {"file": file, "line": None, "constraint": name(broken),
         "text": f"the sample that breaks least still breaks it by {broken.amount}"}
        for broken in answer.nearest.broken[:TOLD]
    ]  # fmt: skip
    if more := len(answer.nearest.broken[TOLD:]):
        rows.append({"file": file, "line": None, "constraint": None, "text": f"and {more} more constraints"})
    return rows


def tidy(value: Number) -> Number:
    """A figure as an int where it is integral, and never a negative zero."""
    return int(value) if float(value).is_integer() else float(value)


def _tidy(value: float | None) -> Number | None:
    return None if value is None else tidy(round(value, 9))
