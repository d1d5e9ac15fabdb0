"""A file of prices of the user's own: read whole, every fault told with its line, laid over the prices that we have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure.targets import known
from qamctl.errors import Diagnostic, Location

if TYPE_CHECKING:
    from qamctl.azure.prices import Price

#: What a table may have beside the coefficients of its formula.
_WORDS: Final = ("formula", "currency", "source", "date", "note", "assumed")

_CURRENCY: Final = re.compile(r"[A-Za-z]{3,8}")

Rows = dict[str, Mapping[str, Any]]


def read(path: Path, ours: Mapping[str, Price]) -> tuple[Rows, list[Diagnostic]]:
    """The prices that a file changes, each whole, by target; and the file's faults.

    Parameters
    ----------
    ours
        The prices below it.
    """
    import tomllib

    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text, parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [_unreadable(path, error)]
    rows: Rows = {}
    faults: list[Diagnostic] = []
    for name, table in data.items():
        if not isinstance(table, dict):
            message = f"{name}: a price is a table, as in {_example(name)}"
            faults.append(Diagnostic(message, Location(str(path), _line(text, None, name))))
            continue
        ids = [id for id in ours if fnmatchcase(id, name)] if re.search(r"[*?]", name) else [name]
        if not ids:
            faults.append(_fault(path, text, name, "", "no target that we have a price of fits", "see docs/prices.md"))
        for id in ids:
            row = _laid_over(rows.get(id) or _row(ours.get(id)), table, path)
            found = [_fault(path, text, name, *fault) for fault in _faults(id, table, row)]
            faults += [fault for fault in found if fault not in faults]
            if not found:
                rows[id] = row
    return rows, faults


def _row(price: Price | None) -> Mapping[str, Any]:
    if price is None:
        return {}
    return dict(price.coefficients) | {
        "formula": price.formula, "currency": price.currency, "source": price.source, "date": price.date,
        "assumed": list(price.assumed), "note": price.note,
    }  # fmt: skip


def _laid_over(below: Mapping[str, Any], table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What the file says before what we have; what it does not repeat of source, date and guesses is no longer so."""
    kept = dict(below) if table.get("formula", below.get("formula")) == below.get("formula") else {}
    assumed = [name for name in kept.get("assumed", ()) if name not in table]
    row = kept | {"source": str(path), "date": "", "note": "", "assumed": assumed} | dict(table)
    return row | {"verified": False}


def _faults(id: str, table: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Key, message and hint of each fault of a table; `row` is what it makes of the price."""
    from qamctl.azure.prices import FORMULAS, UNITS

    name = row.get("formula")
    if name is None:
        yield "", f"there is no price of a target {id} that this could change", _near(id, list(known())) or (
            "a new price needs formula, currency and its coefficients"
        )  # fmt: skip
        return
    if not isinstance(name, str) or name not in FORMULAS:
        yield "formula", f"{name!r} is no formula", f"choose {', '.join(FORMULAS)}"
        return
    formula = FORMULAS[name]
    coefficients = formula.required + formula.optional
    for key, value in table.items():
        if key == "verified":
            yield key, "a price is verified by a bill, not by hand", "leave it out"
        elif key in coefficients:
            if (said := _number_fault(key, value)) is not None:
                yield key, said, None
        elif key not in _WORDS:
            names = [*_WORDS, *coefficients]
            yield key, f"the formula {name} has nothing of that name", _near(key, names) or f"it has {', '.join(names)}"
        elif (said := _word_fault(key, value, coefficients)) is not None:
            yield key, said, None
    missing = [key for key in formula.required if key not in row]
    if missing:
        yield "", f"the formula {name} needs {', '.join(missing)}", None
    currency = row.get("currency")
    if currency is None:
        yield "", "the currency is missing", 'as in currency = "USD"'
    elif name == "hqc" and ("price_per_hqc" in row) == (currency in UNITS):
        yield "currency", "a price per HQC is in a currency; without it the estimate is in HQC", (
            "give price_per_hqc and currency together"
        )  # fmt: skip


def _number_fault(key: str, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite() or value < 0:
        return f"{value!s} is not a number from 0 on"
    if key in ("divisor", "unit_seconds") and value == 0:
        return "it divides, and must be above 0"
    return None


def _word_fault(key: str, value: Any, coefficients: tuple[str, ...]) -> str | None:
    if key == "date":
        return None if isinstance(value, date) else "a date is written as 2026-11-20, without quotes"
    if key == "assumed":
        good = isinstance(value, list) and all(name in coefficients for name in value)
        return None if good else "it lists names of coefficients"
    if not isinstance(value, str):
        return "it is a text"
    if key == "currency" and not _CURRENCY.fullmatch(value):
        return f"{value!r} is no currency, as USD"
    return None


def _near(word: str, names: list[str]) -> str | None:
    import difflib  # for faults only

    near = difflib.get_close_matches(word, names, 3)
    return f"did you mean {' or '.join(near)}?" if near else None


def _example(name: str) -> str:
    return f'["{name}"]' if "." in name else '["ionq.qpu.forte-1"]'


def _fault(path: Path, text: str, name: str, key: str, message: str, hint: str | None) -> Diagnostic:
    where = f"{name}: {key}" if key else name
    return Diagnostic(f"{where}: {message}", Location(str(path), _line(text, name, key)), hint)


def _line(text: str, table: str | None, key: str) -> int | None:
    """The line of a key in a table, else of the table; None where it is written as a plain search does not see it."""
    header = None
    inside = table is None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = table is not None and re.match(rf"""\s*\[\s*["']{re.escape(table)}["']\s*\]""", line) is not None
            header = number if inside else header
        elif inside and key and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return number
    return header


def _unreadable(path: Path, error: Exception) -> Diagnostic:
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    location = Location(str(path), *map(int, place.groups())) if place else Location(str(path))
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Diagnostic(re.sub(r" \(at [^)]*\)$", "", said).rstrip("."), location)
