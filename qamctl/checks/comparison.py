"""A result file against its problem: what results of every part state alike, and the arithmetic between it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Protocol

from qamctl.checks.figures import is_number, same, shown
from qamctl.checks.found import SCHEMA, STATUSES, Discrepancy
from qamctl.spec.source import Source

#: Kinds of discrepancy that every result may have, beside the violations of its part.
DISCREPANCIES: Final = (
    "schema", "kind", "status", "provenance", "solution", "violations", "terms", "levels", "objective", "bound", "gap",
    "attempts", "compiled",
)  # fmt: skip


class Violated(Protocol):
    """A broken constraint, as `Comparison` needs it."""

    @property
    def constraint(self) -> str: ...
    @property
    def text(self) -> str: ...


class Broken(Protocol):
    """What a checker found broken, as `Comparison` needs it."""

    @property
    def violations(self) -> Sequence[Violated]: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


class Recomputed(Broken, Protocol):
    """What a checker found out, as `Comparison` needs it: see the `Report` of a part."""

    @property
    def terms(self) -> Mapping[str, float | int]: ...
    @property
    def levels(self) -> Sequence[float | int]: ...


class Comparison:
    """One pass over a result, which collects in `found` what does not hold; each method looks at one part of it.

    Parameters
    ----------
    result
        The data of a result file.
    kind, answer
        Of the spec, and what its solution is called in a sentence.
    source
        Where the spec came from.
    objective
        The spec's weights by term, level by level.
    """

    def __init__(
        self,
        result: Mapping[str, Any],
        kind: str,
        answer: str,
        source: Source,
        objective: Sequence[Mapping[str, float]],
    ) -> None:
        self.result, self.kind, self.answer, self.source, self.objective = result, kind, answer, source, objective
        self.found: list[Discrepancy] = []
        self.status = result.get("status")

    def say(self, kind: str, field: str, text: str) -> None:
        """Note one discrepancy."""
        self.found.append(Discrepancy(kind, field, text))

    def mapping(self, kind: str, field: str, value: Any) -> Mapping[str, Any]:
        """The value if it is a mapping, else an empty one and a discrepancy."""
        if isinstance(value, Mapping):
            return value
        self.say(kind, field, f"must be a mapping, not {shown(value)}")
        return {}

    def equal(self, kind: str, field: str, value: Any, expected: float | None) -> None:
        """Hold a figure against what it should be; None stands for null."""
        if not same(value, expected):
            self.say(kind, field, f"is {shown(value)}, {'null' if expected is None else expected} is right")

    def header(self) -> None:
        """Schema, kind and status are of the known ones."""
        if self.result.get("schema") != SCHEMA:
            self.say("schema", "schema", f"is {shown(self.result.get('schema'))}, {SCHEMA!r} is read here")
        if self.result.get("kind") != self.kind:
            self.say("kind", "kind", f"is {shown(self.result.get('kind'))}, the spec is a {self.kind}")
        if self.status not in STATUSES:
            self.say("status", "status", f"is {shown(self.status)}, none of {', '.join(STATUSES)}")

    def provenance(self) -> None:
        """The result is of this spec, and of these side tables."""
        provenance = self.mapping("provenance", "provenance", self.result.get("provenance"))
        given = provenance.get("spec_sha256")
        if given != self.source.sha256:
            text = f"is {shown(given)}, {self.source.label} has {self.source.sha256!r}: the result is of another spec"
            self.say("provenance", "provenance.spec_sha256", text)
        tables = self.mapping("provenance", "provenance.tables", provenance.get("tables", {}))
        for name, (_, sha256) in self.source.tables.items():
            if tables.get(name) != sha256:
                text = f"is {shown(tables.get(name))}, the table has {sha256!r}"
                self.say("provenance", f"provenance.tables[{shown(name)}]", text)
        for name in tables:
            if name not in self.source.tables:
                self.say("provenance", f"provenance.tables[{shown(name)}]", "is no table of the spec")

    def assignments(self, known: Sequence[str]) -> Any:
        """What stands under `solution.assignments`, None where the result has no solution.

        Parameters
        ----------
        known
            The parts that a solution of this kind has.
        """
        solution = self.result.get("solution")
        rows = solution.get("assignments") if isinstance(solution, Mapping) else None
        wanted = self.status not in ("infeasible", "unknown")
        if solution is not None and not isinstance(solution, Mapping):
            self.say("solution", "solution", f"must be a mapping, not {shown(solution)}")
        elif isinstance(solution, Mapping):
            for key in solution:
                if key not in known:
                    self.say("solution", f"solution.{shown(key)}", f"is no part of the solution of a {self.kind}")
        if rows is None or (not wanted and rows == []):
            if wanted and self.status != "interrupted":
                self.say("solution", "solution.assignments", f"is missing, and the status is {shown(self.status)}")
            return None
        if not wanted:
            self.say("status", "status", f"is {self.status}, and there are assignments")
        return rows

    def without_solution(self) -> None:
        """No solution: then there is no figure of one either."""
        for key in ("objective", "gap"):
            self.equal(key, key, self.result.get(key), None)
        for key, value in self.mapping("terms", "terms", self.result.get("terms") or {}).items():
            self.equal("terms", f"terms.{shown(key)}", value, None)
        for k, level in enumerate(self.levels):
            self.equal("levels", f"levels[{k}].value", level.get("value"), None)
        if self.result.get("violations"):
            self.say("violations", "violations", f"must be empty where there is no {self.answer}")
        if self.result.get("bound") is not None and not is_number(self.result["bound"]):
            self.say("bound", "bound", f"must be a number or null, not {shown(self.result['bound'])}")

    def violations(self, report: Broken, field: str = "solution.assignments") -> None:
        """Everything that the checker found broken in the part of the result that `field` names."""
        for kind, count in report.counts.items():
            kept = [violation for violation in report.violations if violation.constraint == kind]
            for violation in kept:
                self.say(kind, field, violation.text)
            if count > len(kept):
                self.say(kind, field, f"and {count - len(kept)} more of this kind")

    def unbroken(self) -> None:
        """A result states no violation of its own."""
        if self.result.get("violations") != []:
            self.say("violations", "violations", f"must be an empty list: only checked {self.answer}s are results")

    def figures(self, report: Recomputed) -> None:
        """Terms, and the levels that they add up to."""
        terms = self.mapping("terms", "terms", self.result.get("terms"))
        for name, value in report.terms.items():
            self.equal("terms", f"terms.{name}", terms.get(name), value)
        for name in terms:
            if name not in report.terms:
                self.say("terms", f"terms.{shown(name)}", f"is no term of a {self.kind}")
        levels = self.levels
        if len(levels) != len(report.levels):
            self.say("levels", "levels", f"has {len(levels)} levels, the spec has {len(report.levels)}")
        for k, (level, value, weights) in enumerate(zip(levels, report.levels, self.objective, strict=False)):
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
        """The levels that the result states."""
        given = self.result.get("levels")
        if given is None and self.status in ("infeasible", "unknown", "interrupted"):
            return []
        if not isinstance(given, list):
            self.say("levels", "levels", f"must be a list, not {shown(given)}")
            return []
        return [self.mapping("levels", f"levels[{k}]", level) for k, level in enumerate(given)]

    def bounds(self, report: Recomputed) -> None:
        """Bounds, the decisive level, its gap, and the status that follows from them."""
        given = [level.get("bound") for level in self.levels]
        bounds: list[float | None] = [None] * len(report.levels)
        for k, (bound, value) in enumerate(zip(given, report.levels, strict=False)):
            if is_number(bound):
                bounds[k] = bound
                if bound > value and not same(bound, value):
                    self.say("bound", f"levels[{k}].bound", f"is {bound}, above the value {value} that was reached")
            elif bound is not None:
                self.say("bound", f"levels[{k}].bound", f"must be a number or null, not {shown(bound)}")
        pairs = list(zip(bounds, report.levels, strict=True))
        open_ = [k for k, (b, v) in enumerate(pairs) if b is None or (b < v and not same(b, v))]
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

    def attempts(self, report: Recomputed) -> None:
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
            if is_number(claimed) and claimed < best and not same(claimed, best):
                self.say("attempts", f"attempts[{k}].objective", f"is {claimed}, better than the answer's {best}")
            if is_number(bound) and bound > best and not same(bound, best):
                self.say("attempts", f"attempts[{k}].bound", f"is {bound}, above the value {best} that was reached")

    def compiled(self, report: Recomputed, *, coarse: bool = False) -> None:
        """The encoded answer has no penalty, and the energy of a level; `coarse`: that of values rounded before."""
        if self.result.get("compiled") is None:
            return
        compiled = self.mapping("compiled", "compiled", self.result["compiled"])
        if "penalty" in compiled:
            self.equal("compiled", "compiled.penalty", compiled["penalty"], 0)
        energy = compiled.get("energy")
        if "energy" in compiled and not coarse and not any(same(energy, value) for value in report.levels):
            text = f"is {shown(energy)}, the value of no level ({', '.join(map(str, report.levels))})"
            self.say("compiled", "compiled.energy", text)
