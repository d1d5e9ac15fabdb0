"""What a result says, as numbers: what has another shape than it should is a discrepancy, and then there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.checks.table import SURPLUS, read_cells
from qamctl.reason.check.question import Flags
from qamctl.reason.spec import Floats

#: Entries of one mapping that are told; of more there is the number.
MOST_TOLD: Final = 10

_COLUMNS: Final = ("path", "probability", "low", "high")


def say_each(told: Comparison, kind: str, texts: Sequence[tuple[str, str]], field: str) -> None:
    """Note discrepancies of one mapping (field, text): the first ones, and how many more there are."""
    for where, text in texts[:MOST_TOLD]:
        told.say(kind, where, text)
    if len(texts) > MOST_TOLD:
        told.say(kind, field, f"and {len(texts) - MOST_TOLD:,} more of this kind")


def entries(told: Comparison, kind: str, field: str, given: Any, names: Sequence[str]) -> list[Any] | None:
    """The value of each name, in their order; None after a discrepancy: a name is missing, or unknown."""
    if not isinstance(given, Mapping):
        told.say(kind, field, f"must be a mapping, not {shown(given)}")
        return None
    known = set(names)
    wrong = [(f"{field}.{shown(key)}", "is not in the spec") for key in given if key not in known]
    wrong += [(f"{field}.{shown(name)}", "is missing") for name in names if name not in given]
    say_each(told, kind, wrong, field)
    return None if wrong else [given[name] for name in names]


def numbers(told: Comparison, kind: str, field: str, given: Any, names: Sequence[str]) -> Floats | None:
    """[N] a number for each name."""
    values = entries(told, kind, field, given, names)
    if values is None:
        return None
    pairs = zip(names, values, strict=True)
    wrong = [(f"{field}.{shown(name)}", f"must be a number, not {shown(v)}") for name, v in pairs if not is_number(v)]
    say_each(told, kind, wrong, field)
    return None if wrong else np.array(values, float)


def intervals(told: Comparison, kind: str, field: str, given: Any, names: Sequence[str]) -> Floats | None:
    """[N, 2] the ends of an interval for each name."""
    values = entries(told, kind, field, given, names)
    if values is None:
        return None
    wrong = [
        (f"{field}.{shown(name)}", f"must be [low, high], not {shown(value)}")
        for name, value in zip(names, values, strict=True)
        if not isinstance(value, list) or len(value) != 2 or not all(map(is_number, value)) or value[0] > value[1]
    ]
    say_each(told, kind, wrong, field)
    return None if wrong else np.array(values, float).reshape(-1, 2)


def count(told: Comparison, kind: str, field: str, given: Any, least: int = 0) -> int | None:
    """A whole number of things."""
    if isinstance(given, int) and is_number(given) and given >= least:
        return int(given)
    told.say(kind, field, f"must be a whole number from {least}, not {shown(given)}")
    return None


def near(
    told: Comparison, kind: str, field: str, given: Any, right: float, slack: float, *, relative: float = 0.0
) -> bool:
    """Hold a figure against what it should be; what it may be off by is in its unit, and relative."""
    if is_number(given) and abs(given - right) <= slack + relative * abs(right):
        return True
    told.say(kind, field, f"is {shown(given)}, {right:.12g} is right")
    return False


def near_each(
    told: Comparison, kind: str, field: str, names: Sequence[str], given: Floats, right: Floats, slack: Floats | float
) -> None:
    """Hold numbers [N], or intervals [N, 2], against what they should be."""
    off = np.abs(given - right)
    rows: Flags = np.asarray((off.max(axis=1) if off.ndim == 2 else off) > slack)
    wrong = [
        (f"{field}.{shown(names[row])}", f"is {_plain(given[row])}, {_plain(right[row])} is right")
        for row in np.flatnonzero(rows).tolist()
    ]
    say_each(told, kind, wrong, field)


def _plain(value: Any) -> str:
    return f"{float(value):.12g}" if np.ndim(value) == 0 else f"[{value[0]:.12g}, {value[1]:.12g}]"


def posterior_and_intervals(
    told: Comparison, solution: Mapping[str, Any], names: Sequence[str], folder: Path | None
) -> tuple[Floats | None, Floats | None]:
    """[N] and [N, 2], inside the result or in the table beside it that both name."""
    tables: dict[tuple[Any, Any], list[dict[str, str | None]] | None] = {}
    found: list[Any] = []
    for kind in ("posterior", "intervals"):
        given = solution.get(kind)
        if isinstance(given, Mapping) and "table" in given and "table" not in names:
            name, sha256 = given["table"], given.get("sha256")
            if not isinstance(name, str) or not isinstance(sha256, str):
                told.say(kind, f"solution.{kind}", "must name a file and its sha256")
                given = None
            else:
                if (name, sha256) not in tables:
                    tables[name, sha256] = _rows(told, kind, name, sha256, folder)
                rows = tables[name, sha256]
                given = None if rows is None else _from_table(told, kind, rows)
            if given is None:
                found.append(None)
                continue
        read = numbers if kind == "posterior" else intervals
        found.append(read(told, kind, f"solution.{kind}", given, names))
    return found[0], found[1]


def _rows(
    told: Comparison, kind: str, name: str, sha256: str, folder: Path | None
) -> list[dict[str, str | None]] | None:
    try:
        return read_cells(folder, name, sha256)
    except (OSError, ValueError) as error:
        told.say(kind, f"solution.{kind}.table", f"can't be read: {error}")
        return None


def _from_table(told: Comparison, kind: str, rows: list[dict[str, str | None]]) -> dict[str, Any] | None:
    """The part of a table that is meant, as it would stand inside the result."""
    out: dict[str, Any] = {}
    for line, row in enumerate(rows, 2):
        path, cells = row.get("path"), [_number(row.get(column)) for column in _COLUMNS[1:]]
        if path is None or path in out or SURPLUS in row or None in cells:
            told.say(kind, f"solution.{kind}.table", f"line {line} is no path with three numbers, or has one again")
            return None
        out[path] = cells[0] if kind == "posterior" else cells[1:]
    return out


def _number(cell: str | None) -> float | None:
    try:
        value = float(cell or "")
    except ValueError:
        return None
    return value if is_number(value) else None
