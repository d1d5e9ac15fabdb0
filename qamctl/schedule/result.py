"""What a result file says of a schedule run (spec.md section 7): figures of the checker, proofs of the engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamctl.schedule.check import Report
from qamctl.schedule.solution import Solution, same, to_rows
from qamctl.schedule.spec import ScheduleSpec

if TYPE_CHECKING:
    from qamctl.race import Attempt

Number = int | float


@dataclass(frozen=True, slots=True)
class Proof:
    """How good the answer is known to be.

    Attributes
    ----------
    bounds
        A lower bound for each objective level, given the values of the levels before it; None where unknown.
    level
        The level that `objective` and `bound` speak of: the first one not proved optimal, else the last.
    optimal
        Every level is proved.
    """

    bounds: tuple[Number | None, ...]
    level: int
    optimal: bool


def prove(levels: Sequence[Number], attempts: Sequence[Attempt], everywhere: Sequence[float | None]) -> Proof:
    """Join the bounds of all engines.

    An engine's bound of a later level holds under the values that its own schedule has in the levels before;
    it counts only where the answer has the same ones.

    Parameters
    ----------
    levels
        The answer's objective values.
    attempts
        What the engines achieved.
    everywhere
        Bounds of each level that hold for every schedule.
    """
    bounds: list[Number | None] = []
    for k, value in enumerate(levels):
        known = [b for b in [everywhere[k]] if b is not None]
        for attempt in attempts:
            bound = attempt.bounds[k] if attempt.bounds is not None else None
            if bound is None:
                continue
            if k == 0 or (attempt.value is not None and all(map(same, attempt.value[:k], levels[:k]))):
                known.append(bound)
        best = max(known, default=None)
        # An integral bound reads as one; rounding of floats must not put the bound above the answer.
        bounds.append(None if best is None else value if same(best, value) else tidy(best))
    proved = [b is not None and b == v for b, v in zip(bounds, levels, strict=True)]
    level = proved.index(False) if False in proved else max(0, len(levels) - 1)
    return Proof(tuple(bounds), level, all(proved))


def build_result(
    spec: ScheduleSpec,
    *,
    run: str,
    status: str,
    solution: Solution | None,
    report: Report | None,
    proof: Proof | None,
    solved_by: str | None,
    fallback: Mapping[str, Any] | None,
    attempts: Sequence[Attempt],
    reasons: Sequence[Mapping[str, Any]],
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """The result file as plain data, in the order in which a person reads it."""
    objective = bound = gap = None
    levels: list[dict[str, Any]] = []
    if report is not None and proof is not None:
        objective, bound = report.levels[proof.level], proof.bounds[proof.level]
        gap = None if bound is None else relative_gap(objective, bound)
        levels = [
            {"terms": {term: report.terms[term] for term in level}, "value": value, "bound": known}
            for level, value, known in zip(spec.objective, report.levels, proof.bounds, strict=True)
        ]
    return {
        "schema": "qamctl/result/1",
        "kind": "schedule",
        "run": run,
        "status": status,
        "objective": objective,
        "bound": bound,
        "gap": gap,
        "levels": levels,
        "terms": dict(report.terms) if report is not None else {},
        "solution": None if solution is None else {"assignments": to_rows(spec, solution), "unscheduled": []},
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


def relative_gap(objective: Number, bound: Number) -> float:
    """gap = |objective - bound| / max(1, |objective|)."""
    return abs(objective - bound) / max(1, abs(objective))


def tidy(value: Number) -> Number:
    """A figure as an int where it is integral."""
    return int(value) if float(value).is_integer() else float(value)
