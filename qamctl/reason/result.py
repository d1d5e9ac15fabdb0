"""What a result file says of a decision, and the table beside it where there are very many paths."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.reason.answer import Answer, attempt_row, worth_of
from qamctl.reason.exact import Exact
from qamctl.reason.solution import Solution, choose, rounded
from qamctl.reason.solvers.sampled import utility_intervals
from qamctl.reason.spec import Floats, ReasonSpec

#: More paths than this stand in a table of their own.
MOST_ROWS: Final = 50_000

#: The table of very many paths.
TABLE: Final = "posterior.csv"


def build_result(
    spec: ReasonSpec,
    answer: Answer,
    *,
    run: str,
    reasons: Sequence[Mapping[str, Any]],
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
    pruned: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result file as plain data, in the order in which a person reads it, and the further files that it names."""
    worth, exact = worth_of(spec, answer), answer.exact
    block: dict[str, Any] | None = None
    tables: dict[str, bytes] = {}
    terms: dict[str, float] = {}
    if answer.solution is not None and exact is not None and worth is not None:
        more = {"pruned": dict(pruned), "mitigation": None, "reconstructed": None}
        block, tables = to_block(spec, answer.solution, exact, more | dict(answer.best.extra if answer.best else {}))
        terms = {"expected_utility" if spec.utility.actions else "probability": rounded(worth.value)}
    value = None if worth is None else rounded(worth.value)
    bound = None if worth is None else rounded(worth.bound)
    found = {
        "schema": "qamctl/result/1",
        "kind": "reason",
        "run": run,
        "status": answer.status,
        "objective": value,
        "bound": bound,
        "gap": None if worth is None else rounded(worth.gap),
        "levels": [] if worth is None else [{"terms": terms, "value": value, "bound": bound}],
        "terms": terms,
        "solution": block,
        "violations": [],
        "reasons": list(reasons),
        "notes": list(spec.notes),
        "solved_by": answer.solved_by,
        "fallback": answer.fallback,
        "attempts": [] if exact is None else [attempt_row(spec, attempt, exact) for attempt in answer.attempts],
        "compiled": compiled,
        "provenance": dict(provenance),
    }
    return found, tables


def to_block(
    spec: ReasonSpec, solution: Solution, exact: Exact, more: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The block of a posterior, and the files that it names.

    Parameters
    ----------
    exact
        What holds of all paths exactly.
    more
        Further entries, such as what was left out or reconstructed.
    """
    ids, choice = spec.paths.ids, choose(spec, solution.posterior)
    measured = solution.shots > 0
    tables: dict[str, bytes] = {}
    posterior: Any = {name: rounded(p) for name, p in zip(ids, solution.posterior.tolist(), strict=True)}
    digits = _digits(solution)
    intervals: Any = _pairs(ids, solution.intervals.tolist(), digits)
    if len(ids) > MOST_ROWS:
        content = _table(ids, solution)
        posterior = intervals = {"table": TABLE, "sha256": hashlib.sha256(content).hexdigest()}
        tables[TABLE] = content
    utilities = utility_intervals(spec.utility.values, solution)
    block = {
        "posterior": posterior,
        "intervals": intervals,
        "joint_intervals": None if solution.joint is None else _pairs(ids, solution.joint.tolist(), digits),
        "decision": choice.name,
        "decisions": {name: rounded(p) for name, p in choice.decisions.items()},
        "expected_utility": {name: rounded(value) for name, value in choice.expected.items()},
        "expected_utility_intervals": _pairs(spec.utility.actions, utilities, digits),
        "actions": {text: rounded(p) for text, p in choice.actions.items()},
        "evidence_probability": rounded(solution.evidence_probability),
        "log_evidence_probability": rounded(solution.log_evidence),
        "order_effect": rounded(exact.order_effect),
        "order_pair": None if exact.exchanged is None else list(exact.exchanged),
        # Differences of probabilities: what is smaller is rounding.
        "interference": {name: rounded(round(value, 12)) for name, value in exact.interference.items()},
        "shots": solution.shots,
        "accepted": solution.accepted,
        "counts": _counts(ids, solution) if measured and len(ids) <= MOST_ROWS else None,
        **more,
    }
    return block, tables


def posterior_of(spec: ReasonSpec, block: Mapping[str, Any], tables: Mapping[str, bytes]) -> Floats:
    """[N] the posterior that a block tells, or the table that it names: what `to_block` wrote, read again."""
    told = block["posterior"]
    if "table" in told and len(spec.paths.ids) > MOST_ROWS:
        rows = csv.DictReader(io.StringIO(tables[told["table"]].decode(), newline=""))
        told = {row["path"]: float(row["probability"]) for row in rows}
    return np.array([told[name] for name in spec.paths.ids])


def _digits(solution: Solution) -> int:
    """Of the ends of intervals: fewer than of shares, unless an interval is the very point that was computed."""
    return 12 if solution.shots else 15


def _pairs(names: Any, pairs: Any, digits: int) -> dict[str, list[float]]:
    return {name: [rounded(end, digits) for end in pair] for name, pair in zip(names, pairs, strict=True)}


def _counts(ids: tuple[str, ...], solution: Solution) -> dict[str, int] | None:
    """Accepted shots by path; None where mitigation made shares of them that are no counts."""
    if solution.mitigated:
        return None
    counts = (solution.posterior * solution.accepted).round().astype(int)
    return {name: int(count) for name, count in zip(ids, counts.tolist(), strict=True) if count}


def _table(ids: tuple[str, ...], solution: Solution) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "probability", "low", "high"))
    rows, digits = zip(ids, solution.posterior.tolist(), solution.intervals.tolist(), strict=True), _digits(solution)
    for name, p, ends in rows:
        writer.writerow((name, repr(rounded(p)), *(repr(rounded(end, digits)) for end in ends)))
    return text.getvalue().encode()
