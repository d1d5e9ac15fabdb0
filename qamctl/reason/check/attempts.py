"""What a result says of its engines and of its circuit, held against what choices are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.reason.check.measured import Shots
from qamctl.reason.check.question import question
from qamctl.reason.check.told import count, near
from qamctl.reason.check.worth import CLOSE, Worth
from qamctl.reason.spec import Floats, ReasonSpec

#: The circuit's exact distribution may be so far from the posterior, in total variation.
MOST_DISTANCE: Final = 1e-6

#: Distances are told with six digits, gains with twelve.
SIX_DIGITS: Final = 1e-5

_STATUSES: Final = ("optimal", "feasible", "unknown")


@dataclass(frozen=True, slots=True)
class Known:
    """What attempts are held against.

    Attributes
    ----------
    worth
        Of each choice, by the exact posterior; None where that is not known.
    slack, error
        What the values may be off by, and the posteriors in total variation.
    posterior, exact
        [N] that of the answer, and that which was computed a second time; None where it was not.
    """

    worth: Worth | None
    slack: float
    error: float
    posterior: Floats
    exact: Floats | None
    shots: Shots


def compare_attempts(told: Comparison, known: Known | None) -> None:
    """No engine claims more than there is, and the answer is the first one's that has a posterior."""
    given = told.result.get("attempts")
    if not isinstance(given, list):
        told.say("attempts", "attempts", f"must be a list, not {shown(given)}")
        return
    rows = [told.mapping("attempts", f"attempts[{k}]", row) for k, row in enumerate(given)]
    answer = next((k for k, row in enumerate(rows) if row.get("objective") is not None), None)
    solved_by = told.result.get("solved_by")
    if known is None:
        if answer is not None:
            told.say("attempts", f"attempts[{answer}].objective", "must be null where there is no posterior")
        if solved_by is not None:
            told.say("attempts", "solved_by", f"is {shown(solved_by)}, and nothing was found")
    elif answer is None:
        told.say("attempts", "attempts", "has no engine that found the answer")
    elif rows[answer].get("backend") != solved_by:
        right = shown(rows[answer].get("backend"))
        told.say("attempts", "solved_by", f"is {shown(solved_by)}, the first engine with a posterior is {right}")
    _fallback(told, [row.get("backend") for row in rows])
    for k, row in enumerate(rows):
        _row(told, f"attempts[{k}]", row, known, answer=k == answer)


def _fallback(told: Comparison, engines: list[Any]) -> None:
    fallback = told.result.get("fallback")
    if fallback is None:
        return
    row = told.mapping("attempts", "fallback", fallback)
    if row.get("from") not in engines:
        told.say("attempts", "fallback.from", f"is {shown(row.get('from'))}, which made no attempt")
    if row.get("to") != told.result.get("solved_by"):
        told.say("attempts", "fallback.to", f"is {shown(row.get('to'))}, which is not what solved it")
    if not isinstance(row.get("reason"), str) or not row["reason"]:
        told.say("attempts", "fallback.reason", f"must say why, not {shown(row.get('reason'))}")


def _row(told: Comparison, field: str, row: Mapping[str, Any], known: Known | None, *, answer: bool) -> None:
    if not isinstance(row.get("backend"), str):
        told.say("attempts", f"{field}.backend", f"must be the name of an engine, not {shown(row.get('backend'))}")
    if not is_number(row.get("seconds")) or row["seconds"] < 0:
        told.say("attempts", f"{field}.seconds", f"must be a number from 0, not {shown(row.get('seconds'))}")
    qubits = count(told, "attempts", f"{field}.variables", row.get("variables"))
    shots = count(told, "attempts", f"{field}.shots", row.get("shots"))
    if qubits and shots == 0:
        told.say("attempts", f"{field}.variables", f"is {qubits}, and nothing was measured")
    value = row.get("objective")
    right = "unknown" if value is None else "feasible" if shots else "optimal"
    if row.get("status") != right:
        told.say("attempts", f"{field}.status", f"is {shown(row.get('status'))}, {right} is right")
    if value is None or known is None:
        figures = ("bound", "feasible_fraction", "distance", "gain_over_random", "gain_over_classical_same_time")
        for key in figures:
            told.equal("attempts", f"{field}.{key}", row.get(key), None)
        return
    if known.worth is None:
        bound = row.get("bound")
        if not is_number(value) or not is_number(bound) or value > bound + CLOSE * max(1.0, abs(bound)):
            text = f"is {shown(value)}, which must be a number up to the bound {shown(bound)}"
            told.say("attempts", f"{field}.objective", text)
    else:
        _worth(told, field, row, known.worth, known.slack, answer=answer, measured=bool(shots))
    _measured(told, field, row, known, answer=answer)
    if answer and shots is not None and shots != known.shots.run:
        told.say("attempts", f"{field}.shots", f"is {shots}, the answer has {known.shots.run}")


def _worth(
    told: Comparison, field: str, row: Mapping[str, Any], worth: Worth, slack: float, *, answer: bool, measured: bool
) -> None:
    """What the attempt's choice is worth: no more than the best, and what one at random would miss."""
    value = row.get("objective")
    near(told, "attempts", f"{field}.bound", row.get("bound"), worth.best, slack)
    if not is_number(value) or not (np.abs(worth.values - value) <= slack).any():
        told.say("attempts", f"{field}.objective", f"is {shown(value)}, what no choice is worth")
        return
    if answer and is_number(right := told.result.get("objective")):
        near(told, "attempts", f"{field}.objective", value, right, slack)
    for key, other in (
        ("gain_over_random", float(worth.values.mean())), ("gain_over_classical_same_time", worth.best),
    ):  # fmt: skip
        if measured:
            near(told, "attempts", f"{field}.{key}", row.get(key), value - other, 2 * slack)
        else:
            told.equal("attempts", f"{field}.{key}", row.get(key), None)


def _measured(told: Comparison, field: str, row: Mapping[str, Any], known: Known, *, answer: bool) -> None:
    """The accepted share, and the distance of the posterior."""
    share, distance = row.get("feasible_fraction"), row.get("distance")
    if answer:
        right = known.shots.accepted / known.shots.shots if known.shots.shots else 1.0
        near(told, "attempts", f"{field}.feasible_fraction", share, right, CLOSE)
        if known.exact is not None:
            off = float(np.abs(known.posterior - known.exact).sum()) / 2
            near(told, "attempts", f"{field}.distance", distance, off, CLOSE + known.error, relative=SIX_DIGITS)
    for key, value in (("feasible_fraction", share), ("distance", distance)):
        if not is_number(value) or not 0 <= value <= 1 + CLOSE:
            told.say("attempts", f"{field}.{key}", f"must be a share from 0 to 1, not {shown(value)}")


def compare_compiled(told: Comparison, spec: ReasonSpec, held: int) -> None:
    """The circuit is large enough, and gives the posterior.

    Parameters
    ----------
    held
        The paths that it holds.
    """
    given = told.result.get("compiled")
    if given is None:
        return
    row = told.mapping("compiled", "compiled", given)
    if row.get("kind") != "circuit":
        told.say("compiled", "compiled.kind", f"is {shown(row.get('kind'))}, circuit is right")
    if row.get("scope") == "refused":
        if not isinstance(row.get("reason"), str) or not row["reason"]:
            told.say("compiled", "compiled.reason", f"must say why, not {shown(row.get('reason'))}")
        return
    if row.get("scope") != "whole":
        told.say("compiled", "compiled.scope", f"is {shown(row.get('scope'))}, neither whole nor refused")
        return
    least = 1 if spec.network is not None else max(1, (held - 1).bit_length())
    qubits = count(told, "compiled", "compiled.variables", row.get("variables"), least)
    for key in ("depth", "two_qubit", "rounds"):
        count(told, "compiled", f"compiled.{key}", row.get(key))
    digest = row.get("sha256")
    if not isinstance(digest, str) or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        told.say("compiled", "compiled.sha256", f"is {shown(digest)}, which is no SHA-256")
    attempts = told.result.get("attempts")
    first = attempts[0] if isinstance(attempts, list) and attempts else None
    if isinstance(first, Mapping) and first.get("shots") and qubits is not None and first.get("variables") != qubits:
        told.say("compiled", "compiled.variables", f"is {qubits}, {shown(first.get('variables'))} were measured")
    distance = row.get("distance")
    approximate = spec.context is not None and spec.context.trotter > 0 and question(spec).evolves
    most = 1.0 if approximate else MOST_DISTANCE
    if distance is not None and (not is_number(distance) or not 0 <= distance <= most):
        told.say("compiled", "compiled.distance", f"is {shown(distance)}, and {most:g} is the most")
