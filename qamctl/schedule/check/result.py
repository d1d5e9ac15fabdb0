"""A result file against its spec: every figure recomputed, every statement held against the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from qamctl.schedule.check.report import CONSTRAINTS, Report, shown
from qamctl.schedule.check.table import read_assignments
from qamctl.schedule.check.verdict import check_schedule
from qamctl.schedule.spec import ScheduleSpec

#: Every kind of discrepancy: the kinds of violation, and the parts of a result; part of the public contract.
DISCREPANCIES: Final = (
    *CONSTRAINTS, "schema", "kind", "status", "provenance", "solution", "violations", "terms", "levels", "objective",
    "bound", "gap", "attempts", "compiled",
)  # fmt: skip

SCHEMA: Final = "qamctl/result/1"
STATUSES: Final = ("optimal", "feasible", "infeasible", "unknown", "interrupted")

#: Figures that are not whole numbers may differ by the rounding of sums.
_CLOSE: Final = 1e-9

#: No figure is greater; also keeps whole numbers in the range of floats.
_MOST: Final = 1e300


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in a result file that does not hold.

    Attributes
    ----------
    kind
        One of `DISCREPANCIES`.
    field
        The way to it in the result file: `levels[0].bound`.
    text
        What is wrong and what it should be.
    """

    kind: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.field}: {self.text}"


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
    comparison = _Comparison(result, spec)
    comparison.header()
    comparison.provenance()
    rows = comparison.assignments(folder)
    if rows is None:
        comparison.without_schedule()
    else:
        report = check_schedule(spec, rows)
        comparison.schedule(report)
        comparison.figures(report)
        comparison.bounds(report)
        comparison.attempts(report)
        comparison.compiled(report)
    return comparison.found


class _Comparison:
    """One pass over a result; each method looks at one part of it."""

    def __init__(self, result: Mapping[str, Any], spec: ScheduleSpec) -> None:
        self.result, self.spec = result, spec
        self.found: list[Discrepancy] = []
        self.status = result.get("status")

    def say(self, kind: str, field: str, text: str) -> None:
        self.found.append(Discrepancy(kind, field, text))

    def mapping(self, kind: str, field: str, value: Any) -> Mapping[str, Any]:
        """The value if it is a mapping, else an empty one and a discrepancy."""
        if isinstance(value, Mapping):
            return value
        self.say(kind, field, f"must be a mapping, not {shown(value)}")
        return {}

    def equal(self, kind: str, field: str, value: Any, expected: float | None) -> None:
        """Hold a figure against what it should be; None stands for null."""
        if not _same(value, expected):
            self.say(kind, field, f"is {shown(value)}, {'null' if expected is None else expected} is right")

    def header(self) -> None:
        if self.result.get("schema") != SCHEMA:
            self.say("schema", "schema", f"is {shown(self.result.get('schema'))}, {SCHEMA!r} is read here")
        if self.result.get("kind") != "schedule":
            self.say("kind", "kind", f"is {shown(self.result.get('kind'))}, the spec is a schedule")
        if self.status not in STATUSES:
            self.say("status", "status", f"is {shown(self.status)}, none of {', '.join(STATUSES)}")

    def provenance(self) -> None:
        provenance = self.mapping("provenance", "provenance", self.result.get("provenance"))
        source = self.spec.source
        given = provenance.get("spec_sha256")
        if given != source.sha256:
            text = f"is {shown(given)}, {source.label} has {source.sha256!r}: the result is of another spec"
            self.say("provenance", "provenance.spec_sha256", text)
        tables = self.mapping("provenance", "provenance.tables", provenance.get("tables", {}))
        for name, (_, sha256) in source.tables.items():
            if tables.get(name) != sha256:
                text = f"is {shown(tables.get(name))}, the table has {sha256!r}"
                self.say("provenance", f"provenance.tables[{shown(name)}]", text)
        for name in tables:
            if name not in source.tables:
                self.say("provenance", f"provenance.tables[{shown(name)}]", "is no table of the spec")

    def assignments(self, folder: Path | None) -> Sequence[Mapping[str, Any]] | None:
        """The rows to check, None where the result has no schedule."""
        solution = self.result.get("solution")
        rows = solution.get("assignments") if isinstance(solution, Mapping) else None
        wanted = self.status not in ("infeasible", "unknown")
        if solution is not None and not isinstance(solution, Mapping):
            self.say("solution", "solution", f"must be a mapping, not {shown(solution)}")
        elif isinstance(solution, Mapping):
            for key in solution:
                if key not in ("assignments", "unscheduled"):
                    self.say("solution", f"solution.{shown(key)}", "is no part of a schedule")
            if solution.get("unscheduled") not in (None, []):
                self.say("solution", "solution.unscheduled", "must be empty: no task of this spec may be left out")
        if rows is None or (not wanted and rows == []):
            if wanted and self.status != "interrupted":
                self.say("solution", "solution.assignments", f"is missing, and the status is {shown(self.status)}")
            return None
        if not wanted:
            self.say("status", "status", f"is {self.status}, and there are assignments")
        if isinstance(rows, Mapping) and "table" in rows:
            try:
                return read_assignments(folder, rows["table"], rows.get("sha256"))
            except (OSError, ValueError) as error:
                self.say("solution", "solution.assignments.table", f"can't be read: {error}")
                return None
        return cast("Sequence[Mapping[str, Any]]", rows)  # the check takes anything and says what is wrong

    def without_schedule(self) -> None:
        """No schedule: then there is no figure of one either."""
        for key in ("objective", "gap"):
            self.equal(key, key, self.result.get(key), None)
        for key, value in self.mapping("terms", "terms", self.result.get("terms") or {}).items():
            self.equal("terms", f"terms.{shown(key)}", value, None)
        for k, level in enumerate(self.levels):
            self.equal("levels", f"levels[{k}].value", level.get("value"), None)
        if self.result.get("violations"):
            self.say("violations", "violations", "must be empty where there is no schedule")
        if self.result.get("bound") is not None and not _is_number(self.result["bound"]):
            self.say("bound", "bound", f"must be a number or null, not {shown(self.result['bound'])}")

    def schedule(self, report: Report) -> None:
        for kind, count in report.counts.items():
            kept = [violation for violation in report.violations if violation.constraint == kind]
            for violation in kept:
                self.say(kind, "solution.assignments", violation.text)
            if count > len(kept):
                self.say(kind, "solution.assignments", f"and {count - len(kept)} more of this kind")
        if self.result.get("violations") != []:
            self.say("violations", "violations", "must be an empty list: only checked schedules are results")

    def figures(self, report: Report) -> None:
        terms = self.mapping("terms", "terms", self.result.get("terms"))
        for name, value in report.terms.items():
            self.equal("terms", f"terms.{name}", terms.get(name), value)
        for name in terms:
            if name not in report.terms:
                self.say("terms", f"terms.{shown(name)}", "is no term of a schedule")
        levels = self.levels
        if len(levels) != len(report.levels):
            self.say("levels", "levels", f"has {len(levels)} levels, the spec has {len(report.levels)}")
        for k, (level, value, weights) in enumerate(zip(levels, report.levels, self.spec.objective, strict=False)):
            self.equal("levels", f"levels[{k}].value", level.get("value"), value)
            mine = self.mapping("levels", f"levels[{k}].terms", level.get("terms"))
            for name, weight in weights.items():
                if name in mine or weight:
                    self.equal("levels", f"levels[{k}].terms.{name}", mine.get(name), report.terms[name])
            for name in mine:
                if name not in weights:
                    self.say("levels", f"levels[{k}].terms.{shown(name)}", "is no term of this level")

    @cached_property
    def levels(self) -> list[Mapping[str, Any]]:
        given = self.result.get("levels")
        if given is None and self.status in ("infeasible", "unknown", "interrupted"):
            return []
        if not isinstance(given, list):
            self.say("levels", "levels", f"must be a list, not {shown(given)}")
            return []
        return [self.mapping("levels", f"levels[{k}]", level) for k, level in enumerate(given)]

    def bounds(self, report: Report) -> None:
        """Bounds, the decisive level, its gap, and the status that follows from them."""
        given = [level.get("bound") for level in self.levels]
        bounds: list[float | None] = [None] * len(report.levels)
        for k, (bound, value) in enumerate(zip(given, report.levels, strict=False)):
            if _is_number(bound):
                bounds[k] = bound
                if bound > value and not _same(bound, value):
                    self.say("bound", f"levels[{k}].bound", f"is {bound}, above the value {value} that was reached")
            elif bound is not None:
                self.say("bound", f"levels[{k}].bound", f"must be a number or null, not {shown(bound)}")
        pairs = list(zip(bounds, report.levels, strict=True))
        open_ = [k for k, (b, v) in enumerate(pairs) if b is None or (b < v and not _same(b, v))]
        decisive = open_[0] if open_ else len(report.levels) - 1
        value, proved = report.levels[decisive], bounds[decisive]
        self.equal("objective", "objective", self.result.get("objective"), value)
        self.equal("bound", "bound", self.result.get("bound"), proved)
        gap = None if proved is None else abs(value - proved) / max(1, abs(value))
        self.equal("gap", "gap", self.result.get("gap"), gap)
        if open_ and self.status == "optimal":
            text = f"is optimal, and level {decisive} is not proved: its bound is {proved}, its value {value}"
            self.say("status", "status", text)
        if not open_ and self.status == "feasible":
            self.say("status", "status", "is feasible, and every level meets its bound: optimal is right")

    def attempts(self, report: Report) -> None:
        """No engine may claim what the answer contradicts; with one level the figures can be compared."""
        attempts = self.result.get("attempts")
        if not isinstance(attempts, list):
            self.say("attempts", "attempts", f"must be a list, not {shown(attempts)}")
            return
        engines = [attempt.get("backend") for attempt in attempts if isinstance(attempt, Mapping)]
        if engines and self.result.get("solved_by") is not None and self.result["solved_by"] not in engines:
            self.say("attempts", "solved_by", f"is {shown(self.result['solved_by'])}, which made no attempt")
        for k, attempt in enumerate(attempts):
            row = self.mapping("attempts", f"attempts[{k}]", attempt)
            if len(report.levels) > 1:
                continue
            best, claimed, bound = report.levels[0], row.get("objective"), row.get("bound")
            if _is_number(claimed) and claimed < best and not _same(claimed, best):
                self.say("attempts", f"attempts[{k}].objective", f"is {claimed}, better than the answer's {best}")
            if _is_number(bound) and bound > best and not _same(bound, best):
                self.say("attempts", f"attempts[{k}].bound", f"is {bound}, above the value {best} that was reached")

    def compiled(self, report: Report) -> None:
        """The encoded answer has no penalty; at slots of one tick its energy is the value of a level."""
        if self.result.get("compiled") is None:
            return
        compiled = self.mapping("compiled", "compiled", self.result["compiled"])
        if "penalty" in compiled:
            self.equal("compiled", "compiled.penalty", compiled["penalty"], 0)
        provenance = self.result.get("provenance")
        options = provenance.get("options") if isinstance(provenance, Mapping) else None
        given = (self.spec.solver, options if isinstance(options, Mapping) else {})
        coarse = any(where.get("slot") not in (None, 1) or where.get("max_variables") is not None for where in given)
        energy = compiled.get("energy")
        if "energy" in compiled and not coarse and not any(_same(energy, value) for value in report.levels):
            text = f"is {shown(energy)}, the value of no level ({', '.join(map(str, report.levels))})"
            self.say("compiled", "compiled.energy", text)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def _same(value: object, expected: float | None) -> bool:
    """Whether a figure is the expected one: whole numbers exactly, others up to the rounding of sums."""
    if expected is None or value is None:
        return value is expected
    if not _is_number(value):
        return False
    if isinstance(expected, int) and abs(expected) <= 2**53 and float(value).is_integer():
        return value == expected
    return math.isclose(value, expected, rel_tol=_CLOSE, abs_tol=_CLOSE)
