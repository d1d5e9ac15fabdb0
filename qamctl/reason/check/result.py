"""A result file against its spec: every figure recomputed, every statement held against the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qamctl.checks import comparison as shared
from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import shown
from qamctl.checks.found import Checked, Discrepancy
from qamctl.reason.check.attempts import compare_attempts
from qamctl.reason.check.solution import EVERY, compare_solution, truth_of
from qamctl.reason.check.told import count, near_each, numbers
from qamctl.reason.check.worth import CLOSE
from qamctl.reason.spec import ReasonSpec

#: Every kind of discrepancy; part of the public contract.
DISCREPANCIES: Final = (
    "malformed", *shared.DISCREPANCIES, "posterior", "intervals", "decision", "utility", "evidence", "interference",
    "order", "counts", "pruned", "mitigation", "reconstructed", "reasons", "state",
)  # fmt: skip


def check_result(result: Mapping[str, Any], spec: ReasonSpec, folder: Path | None = None) -> list[Discrepancy]:
    """Everything in a result file that does not hold: `compare_result` without its notes."""
    return [*compare_result(result, spec, folder).found]


def compare_result(result: Mapping[str, Any], spec: ReasonSpec, folder: Path | None = None) -> Checked:
    """Everything in a result file that does not hold: its posterior, what follows from it, and what it says of both.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    spec
        With the priors and reliabilities that the run took from a state file, if there is one.
    folder
        Where a table of very many paths is looked for, beside the result file; None if there is no such place.

    Returns
    -------
    The discrepancies, part by part, and a note on each part that was not computed a second time.
    """
    if not isinstance(result, Mapping):
        return Checked([Discrepancy("malformed", "result", f"must be a mapping, not {type(result).__name__}")])
    term = "expected_utility" if spec.utility.actions else "probability"
    told = Comparison(result, "reason", "posterior", spec.source, [{term: 1.0}])
    told.header()
    told.provenance()
    _texts(told)
    _state(told, spec)
    told.unbroken()
    solution = result.get("solution")
    if solution is not None and not isinstance(solution, Mapping):
        told.say("solution", "solution", f"must be a mapping, not {shown(solution)}")
    if isinstance(solution, Mapping):
        notes = compare_solution(told, spec, solution, folder)
    else:
        notes = _without_solution(told, spec)
    return Checked(told.found, notes)


def _texts(told: Comparison) -> None:
    """The run, notes, and reasons where the evidence is impossible."""
    if not isinstance(told.result.get("run"), str):
        told.say("malformed", "run", f"must be the id of a run, not {shown(told.result.get('run'))}")
    notes = told.result.get("notes")
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        told.say("malformed", "notes", f"must be a list of texts, not {shown(notes)}")
    reasons = told.result.get("reasons")
    if not isinstance(reasons, list):
        told.say("reasons", "reasons", f"must be a list, not {shown(reasons)}")
        return
    if told.status == "infeasible" and not reasons:
        told.say("reasons", "reasons", "is empty, and the status is infeasible")
    if told.status != "infeasible" and reasons:
        told.say("reasons", "reasons", f"must be empty where the status is {shown(told.status)}")
    for k, reason in enumerate(reasons):
        row = told.mapping("reasons", f"reasons[{k}]", reason)
        for key in ("constraint", "text"):
            if not isinstance(row.get(key), str) or not row[key]:
                told.say("reasons", f"reasons[{k}].{key}", f"must be a text, not {shown(row.get(key))}")


def _state(told: Comparison, spec: ReasonSpec) -> None:
    """What the run took from a state file, which is what the spec has by now."""
    given = told.result.get("state")
    if spec.state is None:
        if given is not None:
            told.say("state", "state", "is there, and the spec names no state file")
        return
    row = told.mapping("state", "state", given)
    if row.get("file") != spec.state:
        told.say("state", "state.file", f"is {shown(row.get('file'))}, the spec names {spec.state!r}")
    count(told, "state", "state.events", row.get("events"))
    for key, names, right in (
        ("priors", spec.paths.ids, spec.paths.prior),
        ("reliabilities", spec.evidence.ids, spec.evidence.reliability),
    ):
        values = numbers(told, "state", f"state.{key}", row.get(key), names)
        if values is not None:
            near_each(told, "state", f"state.{key}", names, values, right, CLOSE)


def _without_solution(told: Comparison, spec: ReasonSpec) -> Sequence[str]:
    """No posterior: then there is no figure of one either, and the evidence is impossible or nothing was found."""
    if told.status in ("optimal", "feasible"):
        told.say("solution", "solution", f"is missing, and the status is {told.status}")
    for key in ("objective", "bound", "gap"):
        told.equal(key, key, told.result.get(key), None)
    if told.result.get("levels") != []:
        told.say("levels", "levels", "must be an empty list where there is no posterior")
    if told.result.get("terms") != {}:
        told.say("terms", "terms", "must be an empty mapping where there is no posterior")
    compare_attempts(told, None)
    if told.result.get("compiled") is not None:
        told.say("compiled", "compiled", "must be null where there is no posterior")
    notes: list[str] = []
    truth = truth_of(spec, EVERY, notes)
    if truth is None:
        return notes
    if truth.possible and told.status == "infeasible":
        text = f"is infeasible, and the evidence is possible: its probability is exp({truth.log_evidence:.6g})"
        told.say("status", "status", text)
    if not truth.possible and told.status == "unknown":
        told.say("status", "status", "is unknown, and the evidence is impossible")
    return notes
