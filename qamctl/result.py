"""What a result file says of a run whose answers have objective levels (spec.md section 7), whatever their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qamctl.contest import Report
from qamctl.levels import Number, Proof, relative_gap, same, tidy

if TYPE_CHECKING:
    from qamctl.race import Attempt


def build_result(
    kind: str,
    objective: Sequence[Mapping[str, float]],
    *,
    run: str,
    status: str,
    solution: Mapping[str, Any] | None,
    report: Report | None,
    proof: Proof | None,
    solved_by: str | None,
    fallback: Mapping[str, Any] | None,
    attempts: Sequence[Attempt],
    reasons: Sequence[Mapping[str, Any]],
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """The result file as plain data, in the order in which a person reads it.

    Parameters
    ----------
    objective
        Weights by term, one mapping a level.
    solution
        The block `solution`, as the kind of problem writes it.
    """
    value = bound = gap = None
    levels: list[dict[str, Any]] = []
    if report is not None and proof is not None:
        value, bound = report.levels[proof.level], proof.bounds[proof.level]
        gap = None if bound is None else relative_gap(value, bound)
        levels = [
            {"terms": {term: report.terms[term] for term in level}, "value": reached, "bound": known}
            for level, reached, known in zip(objective, report.levels, proof.bounds, strict=True)
        ]
    return {
        "schema": "qamctl/result/1",
        "kind": kind,
        "run": run,
        "status": status,
        "objective": value,
        "bound": bound,
        "gap": gap,
        "levels": levels,
        "terms": dict(report.terms) if report is not None else {},
        "solution": solution,
        "violations": [],
        "reasons": list(reasons),
        "solved_by": solved_by,
        "fallback": fallback,
        "attempts": [attempt_row(attempt, proof.level if proof else 0) for attempt in attempts],
        "compiled": compiled,
        "provenance": dict(provenance),
    }


def attempt_row(attempt: Attempt, level: int) -> dict[str, Any]:
    """One engine's line of `attempts`; objective and bound are those of the level the result speaks of."""
    bound = attempt.bounds[level] if attempt.bounds is not None else None
    if bound is not None and attempt.value is not None and same(bound, attempt.value[level]):
        bound = attempt.value[level]
    row = {
        "backend": attempt.backend,
        "status": attempt.status,
        "objective": tidy(attempt.value[level]) if attempt.value is not None else None,
        "bound": tidy(bound) if bound is not None else None,
        "seconds": round(attempt.seconds, 4),
        "variables": attempt.variables,
        "shots": int(attempt.info.get("shots", 0)),
        "feasible_fraction": attempt.info.get("feasible_fraction"),
        **_gains(attempt, level),
    }
    return row if attempt.note is None else {**row, "note": attempt.note}


def _gains(attempt: Attempt, level: int) -> dict[str, Number | None]:
    """By how much a sampled engine beat chance and a classical one: in the same windows where it measured circuits."""
    names = ("gain_over_random", "gain_over_classical_same_time")
    if "sampled_gain" in attempt.info:
        return {name: tidy(round(float(attempt.info[name]), 9)) for name in names}
    return {names[0]: _gain(attempt, "random_value", level), names[1]: _gain(attempt, "classical_value", level)}


def _gain(attempt: Attempt, rival: str, level: int) -> Number | None:
    """By how much a sampled engine beat a rival from the same start; negative where it fell behind."""
    value = attempt.info.get(rival)
    return None if value is None or attempt.value is None else tidy(round(value[level] - attempt.value[level], 9))
