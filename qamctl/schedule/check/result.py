"""A result file against its spec: every figure recomputed, every statement held against the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from qamctl.checks import comparison as shared
from qamctl.checks.comparison import Comparison
from qamctl.checks.found import Discrepancy
from qamctl.schedule.check.reasoning_block import check_block
from qamctl.schedule.check.report import CONSTRAINTS
from qamctl.schedule.check.table import read_assignments, read_unscheduled
from qamctl.schedule.check.verdict import check_schedule
from qamctl.schedule.spec import ScheduleSpec

#: Every kind of discrepancy: the kinds of violation, and the parts of a result; part of the public contract.
DISCREPANCIES: Final = (*CONSTRAINTS, *shared.DISCREPANCIES)


def check_result(result: Mapping[str, Any], spec: ScheduleSpec, folder: Path | None = None) -> list[Discrepancy]:
    """Everything in a result file that does not hold: its schedule, its figures, and what it says of them.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    folder
        Where a table of assignments is looked for, beside the result file; None if there is no such place.

    Returns
    -------
    The discrepancies in the order of the file; none means that every figure and every constraint holds.
    """
    if not isinstance(result, Mapping):
        return [Discrepancy("malformed", "result", f"must be a mapping, not {type(result).__name__}")]
    comparison = Comparison(result, "schedule", "schedule", spec.source, spec.objective)
    comparison.header()
    comparison.provenance()
    rows = _assignments(comparison, folder)
    unscheduled = _unscheduled(comparison, folder)
    if rows is None:
        comparison.without_solution()
        if unscheduled not in (None, []):
            comparison.say("solution", "solution.unscheduled", "must be empty where there is no schedule")
    else:
        report = check_schedule(spec, rows, unscheduled)
        comparison.violations(report)
        comparison.unbroken()
        comparison.figures(report)
        comparison.bounds(report)
        comparison.attempts(report)
        comparison.compiled(report, coarse=_coarse(result, spec))
        check_block(comparison, spec, report)
    return comparison.found


def _assignments(comparison: Comparison, folder: Path | None) -> Sequence[Mapping[str, Any]] | None:
    """The rows to check, None where the result has no schedule."""
    rows = comparison.assignments(("assignments", "unscheduled"))
    # The check takes anything and says what is wrong.
    return cast("Sequence[Mapping[str, Any]] | None", _beside(comparison, "assignments", rows, folder))


def _unscheduled(comparison: Comparison, folder: Path | None) -> Sequence[str] | None:
    """The tasks of which the result says that they are left out."""
    solution = comparison.result.get("solution")
    names = solution.get("unscheduled") if isinstance(solution, Mapping) else None
    return cast("Sequence[str] | None", _beside(comparison, "unscheduled", names, folder))


def _beside(comparison: Comparison, part: str, given: Any, folder: Path | None) -> Any:
    """A list of the solution, read from its table where it stands beside the result; None where that can't be read."""
    if not isinstance(given, Mapping) or "table" not in given:
        return given
    read = read_assignments if part == "assignments" else read_unscheduled
    try:
        return read(folder, given["table"], given.get("sha256"))
    except (OSError, ValueError) as error:
        comparison.say("solution", f"solution.{part}.table", f"can't be read: {error}")
        return None


def _coarse(result: Mapping[str, Any], spec: ScheduleSpec) -> bool:
    """Whether slots may be coarser than a tick: then the encoded schedule is the slot-rounded one."""
    provenance = result.get("provenance")
    options = provenance.get("options") if isinstance(provenance, Mapping) else None
    given = (spec.solver, options if isinstance(options, Mapping) else {})
    return any(where.get("slot") not in (None, 1) or where.get("max_variables") is not None for where in given)
