"""Samples as text: a table with or without a header, or bit strings with or without counts."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from typing import Final

import numpy as np

from qamctl.formats.faults import shown
from qamctl.formats.samples.found import SampleFile, Unreadable, from_bitstrings, sample_file

#: Columns that say something of a sample, where they are no variables of the model.
ABOUT: Final = frozenset(
    ("", "energy", "occurrences", "num_occurrences", "count", "counts", "feasible", "is_feasible", "is_satisfied",
     "chain_break_fraction", "sample", "objective")
)  # fmt: skip
COUNTS: Final = ("occurrences", "num_occurrences", "count", "counts")

_BITS = re.compile(r"([01]+)(?:[\s,;:=]+([0-9]{1,15}))?").fullmatch
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*", re.ASCII).fullmatch


def from_text(text: str, variables: Collection[str], *, first_left: bool) -> SampleFile:
    """Samples of a text.

    Parameters
    ----------
    variables
        Names of the model's variables: such a column is no remark on the sample.

    Raises
    ------
    Unreadable
        With the line.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise Unreadable("there are no samples in it")
    if all(_BITS(line) and len(line.split()[0].split(",")[0]) > 1 for _, line in lines[:50]):
        return from_bitstrings([_count(number, line) for number, line in lines], "bit strings", first_left=first_left)
    return _table(lines, variables)


def _count(number: int, line: str) -> tuple[str, int]:
    match = _BITS(line)
    if match is None:
        raise Unreadable(f"{shown(line)} is no bit string with a count", number)
    return match[1], int(match[2] or 1)


def _table(lines: list[tuple[int, str]], variables: Collection[str]) -> SampleFile:
    mark = next((mark for mark in ",;\t" if mark in lines[0][1]), None)
    rows = [line.split() for _, line in lines]
    if mark is not None:
        rows = [next(csv.reader([line], delimiter=mark), []) for _, line in lines]
    header = None
    if not all(_NUMBER(cell) for cell in rows[0]) or _is_numbered(rows):
        header, rows, lines = [cell.strip() for cell in rows[0]], rows[1:], lines[1:]
    width = len(header) if header is not None else len(rows[0])
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise Unreadable(f"has {len(row)} columns, the first line has {width}", number)
    if header is None:
        return sample_file(_numbers(lines, rows, range(width)), None, "a table")
    about = {name: k for k, name in enumerate(header) if name.lower() in ABOUT and name not in variables}
    own = [k for k in range(width) if header[k] not in about]
    met = next((about[name] for name in about if name.lower() in COUNTS), None)
    counts = None if met is None else _numbers(lines, rows, [met])[:, 0]
    return sample_file(_numbers(lines, rows, own), [header[k] for k in own], "a table with a header", counts)


def _is_numbered(rows: list[list[str]]) -> bool:
    """Whether the first row counts the columns, 0 1 2 ..., as tables of variables without names begin."""
    return (
        len(rows) > 1
        and len(rows[0]) > 2
        and [cell.strip() for cell in rows[0]] == [str(k) for k in range(len(rows[0]))]
    )


def _numbers(lines: list[tuple[int, str]], rows: list[list[str]], columns: Collection[int]) -> np.ndarray:
    """[s, c] the chosen columns as numbers."""
    picked = [[row[k] for k in columns] for row in rows]
    try:
        return np.array(picked, dtype=np.float64).reshape(len(rows), len(columns))
    except ValueError:
        for (number, _), row in zip(lines, picked, strict=True):
            for cell in row:
                if not _NUMBER(cell):
                    raise Unreadable(f"{shown(cell)} is no number", number, "values are 0 and 1, or -1 and 1") from None
        raise
