"""The gates that a result claims, recomputed: every condition that was asked for has its verdict, and it is right."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qamctl.checks.figures import is_number, shown
from qamctl.checks.found import Checked, Discrepancy
from qamctl.checks.table import read_cells

#: Kinds of discrepancy; part of the public contract.
DISCREPANCIES: Final = ("gates", "baseline")

#: Figures that differ by less, relatively, are the same; whole numbers that floats hold exactly never are.
_ROUNDING: Final = 1e-12
_WHOLE: Final = 2**53

_PARTS = re.compile(r"(\w+)(<=|>=|==|!=|<|>)(.+)")

#: Where a figure stands that is neither a term nor a count: in the result, or in its solution.
_TOP: Final = ("status", "objective", "bound", "gap", "energy")
_INSIDE: Final = ("decision", "evidence_probability", "order_effect", "shots")
_COUNTS: Final = {"left_out": "unscheduled", "moves": "moves", "blocked": "blocked"}


def check_gates(result: Mapping[str, Any], folder: Path | None) -> Checked:
    """What does not hold of the verdicts in a result; its figures are for the checker of its kind to look at.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    folder
        Where the tables lie that the result names; None: nowhere.
    """
    check = _Check(result, folder)
    check.run()
    return Checked(check.found, check.notes)


class _Check:
    """One pass over the blocks `gates` and `baseline`; each method looks at one part of them."""

    def __init__(self, result: Mapping[str, Any], folder: Path | None) -> None:
        self.result, self.folder = result, folder
        self.found: list[Discrepancy] = []
        self.notes: list[str] = []

    def say(self, field: str, text: str, kind: str = "gates") -> None:
        self.found.append(Discrepancy(kind, field, text))

    def run(self) -> None:
        """Every gate that was asked for is there, in order, and none besides."""
        asked = self.asked()
        rows = self.result.get("gates")
        if rows is None:
            if asked and "job" not in self.result:  # what `qamctl submit` wrote has no gates
                self.say("gates", f"is missing, and {', '.join(map(shown, asked))} was asked for")
            return
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            self.say("gates", f"must be a list of mappings, not {shown(rows)}")
            return
        given = [row.get("gate") for row in rows]
        if given != asked:
            self.say("gates", f"are {shown(given)}, and {shown(asked)} was asked for")
        for k, row in enumerate(rows):
            if row.get("gate") == "baseline":
                self.baseline(f"gates[{k}]", row)
            else:
                self.condition(f"gates[{k}]", row)

    def asked(self) -> list[str]:
        """The gates that the options of the run ask for, without their blanks."""
        provenance = self.result.get("provenance")
        options = provenance.get("options") if isinstance(provenance, Mapping) else None
        told = options if isinstance(options, Mapping) else {}
        texts = told.get("check") or []
        conditions = [
            re.sub(r"\s*(<=|>=|==|!=|<|>)\s*", r"\1", text.strip(), count=1) for text in texts if isinstance(text, str)
        ]
        return [*conditions, *(["baseline"] if told.get("baseline") is not None else [])]

    def condition(self, field: str, row: Mapping[str, Any]) -> None:
        """The value is that of the result, and the verdict follows from it."""
        parts = _PARTS.fullmatch(row["gate"]) if isinstance(row.get("gate"), str) else None
        if parts is None:
            self.say(f"{field}.gate", f"must be a condition, not {shown(row.get('gate'))}")
            return
        figure, operator, limit = parts.groups()
        value = row.get("value")
        if figure == "seconds":
            self.notes.append(f"{field}: the seconds of a run can't be told a second time")
            if not is_number(value):
                self.say(f"{field}.value", f"must be a number of seconds, not {shown(value)}")
                return
        elif not _alike(value, expected := self.figure(field, figure)):
            self.say(f"{field}.value", f"is {shown(value)}, {'null' if expected is None else shown(expected)} is right")
            value = expected
        met = _follows(value, operator, limit)
        if row.get("met") is not met:
            told = f"{figure} is {'null' if value is None else shown(value)}"
            self.say(f"{field}.met", f"is {shown(row.get('met'))}, {str(met).lower()} is right: {told}")

    def figure(self, field: str, name: str) -> float | str | None:
        """A figure as the result has it; None where it has none."""
        solution = self.result.get("solution")
        inside = solution if isinstance(solution, Mapping) else {}
        if name in _COUNTS:
            return self.count(field, inside.get(_COUNTS[name]))
        terms = self.result.get("terms")
        where = self.result if name in _TOP else inside if name in _INSIDE else terms
        found = where.get(name) if isinstance(where, Mapping) else None
        return found if isinstance(found, str) or is_number(found) else None

    def count(self, field: str, rows: Any) -> int | None:
        """Rows of a part of the solution, inside the result or in a table beside it."""
        if isinstance(rows, Mapping):
            try:
                return len(read_cells(self.folder, rows.get("table"), rows.get("sha256")))
            except (OSError, ValueError) as error:
                self.say(field, f"its rows can't be counted: {error}")
                return None
        return len(rows) if isinstance(rows, list) else None

    def baseline(self, field: str, row: Mapping[str, Any]) -> None:
        """The verdict follows from the values of both results, and those of the baseline are its own."""
        block = self.result.get("baseline")
        if not isinstance(block, Mapping) or not _numbers(block.get("levels")):
            self.say("baseline", f"must be a mapping with the levels of the baseline, not {shown(block)}", "baseline")
            return
        theirs = block["levels"]
        self.same_file(block, theirs)
        verdict, level = self.compare(theirs)
        for where, given, right in (
            ("baseline.verdict", block.get("verdict"), verdict), ("baseline.level", block.get("level"), level),
            (f"{field}.value", row.get("value"), verdict),
            (f"{field}.met", row.get("met"), verdict in ("better", "same")),
        ):  # fmt: skip
            if given != right or type(given) is not type(right):
                told = "null" if right is None else str(right).lower()
                self.say(where, f"is {shown(given)}, {told} is right", "baseline")

    def compare(self, theirs: Sequence[float]) -> tuple[str | None, int | None]:
        """The verdict on the answer, and the level that decides, from 1."""
        mine = _values(self.result.get("levels"))
        if self.result.get("solution") is None or not _numbers(mine) or len(mine) != len(theirs):
            return None, None
        maximised = self.result.get("kind") == "reason" or self.result.get("sense") == "max"
        for number, (a, b) in enumerate(zip(mine, theirs, strict=True), 1):
            if not _same(a, b):
                return ("better" if (a > b) == maximised else "worse"), number
        return "same", None

    def same_file(self, block: Mapping[str, Any], levels: Sequence[float]) -> None:
        """The baseline is looked up again where it still lies as it was."""
        try:
            content = Path(str(block.get("file"))).read_bytes()
            current = hashlib.sha256(content).hexdigest() == block.get("sha256")
            data = json.loads(content) if current else None
        except (OSError, ValueError, RecursionError):
            current, data = False, None
        if not current:
            self.notes.append("baseline: its file is not there any more as it was; its levels were taken as they stand")
            return
        values = _values(data.get("levels")) if isinstance(data, Mapping) else []
        if values != levels:
            self.say("baseline.levels", f"are {shown(levels)}, and its file has {shown(values)}", "baseline")


def _follows(value: Any, operator: str, limit: str) -> bool:
    """Whether a condition holds of a value; of null none does."""
    if value is None:
        return False
    if isinstance(value, str):
        return operator in ("==", "!=") and (value == limit) == (operator == "==")
    try:
        other = int(limit) if re.fullmatch(r"[+-]?[0-9]{1,300}", limit) else float(limit)
    except ValueError:
        return False
    alike = _same(value, other)
    return {
        "<": value < other and not alike, "<=": value < other or alike, ">": value > other and not alike,
        ">=": value > other or alike, "==": alike, "!=": not alike,
    }[operator]  # fmt: skip


def _same(a: float, b: float) -> bool:
    if max(abs(a), abs(b)) <= _WHOLE and float(a).is_integer() and float(b).is_integer():
        return a == b
    return abs(a - b) <= _ROUNDING * max(1.0, abs(a), abs(b))


def _alike(value: Any, expected: float | str | None) -> bool:
    if expected is None or isinstance(expected, str):
        return bool(value == expected)
    return is_number(value) and value == expected


def _values(levels: Any) -> list[Any]:
    """The values of objective levels, whatever they are."""
    rows = levels if isinstance(levels, list) else []
    return [level.get("value") for level in rows if isinstance(level, Mapping)]


def _numbers(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(map(is_number, values))
