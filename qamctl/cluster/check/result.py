"""A result file against its spec: every figure recomputed, every statement held against the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

from qamctl.checks import comparison as shared
from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import shown
from qamctl.checks.findings import KEPT
from qamctl.checks.found import Discrepancy
from qamctl.cluster.check.listing import clusters_wrong
from qamctl.cluster.check.moves import STEPS, Replay, replay
from qamctl.cluster.check.report import CONSTRAINTS, NAMED, Report, new_findings
from qamctl.cluster.check.rows import columns_of_rows
from qamctl.cluster.check.table import read_assignments, read_moves
from qamctl.cluster.check.verdict import judge
from qamctl.cluster.spec import ClusterSpec

#: Every kind of discrepancy: the kinds of violation, and the parts of a result; part of the public contract.
DISCREPANCIES: Final = (*CONSTRAINTS, *STEPS, "clusters", "blocked", *shared.DISCREPANCIES)

_PARTS: Final = ("assignments", "clusters", "moves", "blocked")


def check_result(result: Mapping[str, Any], spec: ClusterSpec, folder: Path | None = None) -> list[Discrepancy]:
    """Everything in a result file that does not hold: its assignment, its moves, its figures, and what it says of them.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    folder
        Where a table of assignments is looked for, beside the result file; None if there is no such place.

    Returns
    -------
    The discrepancies, part by part; none means that every figure and every constraint holds.
    """
    if not isinstance(result, Mapping):
        return [Discrepancy("malformed", "result", f"must be a mapping, not {type(result).__name__}")]
    comparison = Comparison(result, "cluster", "assignment", spec.source, spec.objective)
    comparison.header()
    comparison.provenance()
    rows = _rows(comparison, "assignments", comparison.assignments(_PARTS), folder)
    if rows is None:
        comparison.without_solution()
        _nothing_else(comparison)
        return comparison.found
    findings = new_findings()
    columns = columns_of_rows(spec, rows, findings)
    report = judge(spec, columns, findings)
    comparison.violations(report)
    solution = result["solution"]
    _clusters(comparison, spec, report, solution.get("clusters"))
    moves = _rows(comparison, "moves", [] if solution.get("moves") is None else solution["moves"], folder)
    if moves is not None:
        replayed = replay(spec, columns, moves)
        comparison.violations(replayed, "solution.moves")
        _blocked(comparison, replayed, solution.get("blocked"))
    comparison.unbroken()
    comparison.figures(report)
    comparison.bounds(report)
    comparison.attempts(report)
    comparison.compiled(report)
    return comparison.found


def _rows(comparison: Comparison, part: str, given: Any, folder: Path | None) -> Sequence[Mapping[str, Any]] | None:
    """The rows of a part of the solution, inside the result or beside it; None where there are none to check."""
    if isinstance(given, Mapping) and "table" in given:
        read = read_assignments if part == "assignments" else read_moves
        try:
            return read(folder, given["table"], given.get("sha256"))
        except (OSError, ValueError) as error:
            comparison.say("solution", f"solution.{part}.table", f"can't be read: {error}")
            return None
    return cast("Sequence[Mapping[str, Any]] | None", given)  # the check takes anything and says what is wrong


def _nothing_else(comparison: Comparison) -> None:
    """Without an assignment there are no clusters in use and no moves."""
    solution = comparison.result.get("solution")
    if not isinstance(solution, Mapping):
        return
    for key in _PARTS[1:]:
        if solution.get(key) not in (None, []):
            comparison.say("solution", f"solution.{key}", "must be empty where nothing is assigned")


def _clusters(comparison: Comparison, spec: ClusterSpec, report: Report, listed: Any) -> None:
    wrong = clusters_wrong(spec, report, listed)
    for field, text in islice(wrong, KEPT):
        comparison.say("clusters", field, text)
    more = sum(1 for _ in wrong)
    if more:
        comparison.say("clusters", "solution.clusters", f"and {more} more of this kind")


def _blocked(comparison: Comparison, replayed: Replay, given: Any) -> None:
    """Blocked are those whose moves remain when every step is done."""
    listed = [] if given is None else given
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        comparison.say("blocked", "solution.blocked", f"must be a list of agent ids, not {shown(given)}")
        return
    right, named = set(replayed.blocked), set(listed)
    if len(named) < len(listed):
        comparison.say("blocked", "solution.blocked", "names an agent twice")
    for which, text in (
        ([name for name in replayed.blocked if name not in named], "no step takes them where the answer has them"),
        ([name for name in dict.fromkeys(listed) if name not in right], "nothing remains to be done for them"),
    ):
        if which:
            few = ", ".join(map(shown, which[:NAMED])) + (f" and {len(which) - NAMED} more" if which[NAMED:] else "")
            comparison.say("blocked", "solution.blocked", f"{few}: {text}")
