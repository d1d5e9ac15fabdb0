"""Columns of numbers from lines of text: millions of rows in one call, line by line only where there is a fault."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

import numpy as np

from qamctl.errors import Location, SpecError
from qamctl.formats.faults import fault, shown
from qamctl.spec.reader import decode

#: A column of whole numbers or of finite numbers.
Kind = Literal["whole", "number"]

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z", re.ASCII).match
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?\Z", re.ASCII).match
_TYPES: Final = {"whole": "i8", "number": "f8"}


def text_of(raw: bytes, label: str) -> bytes:
    """The bytes of a text file, checked: UTF-8, no control characters; no byte order mark, lines end in `\\n`.

    Raises
    ------
    SpecError
        With the place of the first byte that no text file holds.
    """
    decode(raw, label)
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of cells, one a line; blank lines are skipped.

    Attributes
    ----------
    body
        The lines, comments blanked out.
    first
        The number of the first line in the file, from 1.
    file, what
        The file's and the format's name, for messages.
    mark
        What stands between cells; None: white space.
    """

    body: bytes
    first: int
    file: str
    what: str
    mark: str | None = None

    def rows(self) -> Iterator[tuple[int, str]]:
        """Number and text of every line that is not blank."""
        for number, line in enumerate(io.TextIOWrapper(io.BytesIO(self.body), "utf-8", newline="\n"), self.first):
            if not line.isspace():
                yield number, line.removesuffix("\n")

    def columns(self, meanings: Sequence[str], kinds: Sequence[Kind], *, least: int | None = None) -> list[np.ndarray]:
        """[k] columns of numbers, all of one length.

        Parameters
        ----------
        meanings
            What stands in each column, in words.
        least
            Rows may end after so many cells; the numbers that they lack are 1. None: all cells are needed.

        Raises
        ------
        SpecError
            For the first row of another width, and for the first cell that is no finite number.
        """
        quick = self.quick(kinds, least)
        return self._slow(meanings, kinds, least) if quick is None else quick

    def quick(self, kinds: Sequence[Kind], least: int | None = None) -> list[np.ndarray] | None:
        """All rows at once; None unless every cell is plainly what it should be."""
        first = next(self.rows(), None)
        if first is None:
            return [np.zeros(0, _TYPES[kind]) for kind in kinds]
        width = len(first[1].split(self.mark))
        if width > len(kinds) or width < (len(kinds) if least is None else least):
            return None
        names = [str(k) for k in range(width)]
        dtype = np.dtype({"names": names, "formats": [_TYPES[kind] for kind in kinds[:width]]})
        stream = io.TextIOWrapper(io.BytesIO(self.body), "ascii")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                table = np.loadtxt(stream, dtype=dtype, comments=None, delimiter=self.mark, ndmin=1)
        except (ValueError, Warning):
            return None
        columns = [np.ascontiguousarray(table[name]) for name in names]
        columns += [np.ones(len(table)) for _ in kinds[width:]]
        return columns if all(np.isfinite(column).all() for column in columns) else None

    def _slow(self, meanings: Sequence[str], kinds: Sequence[Kind], least: int | None) -> list[np.ndarray]:
        """Row by row, up to the first fault."""
        columns: list[list[float]] = [[] for _ in kinds]
        for number, line in self.rows():
            cells = self._cells(line)
            if not (len(kinds) if least is None else least) <= len(cells) <= len(kinds):
                self._wrong_width(number, cells, meanings, least)
            for k, kind in enumerate(kinds):
                columns[k].append(self.cell(number, cells[k], meanings[k], kind) if k < len(cells) else 1.0)
        return [np.array(column, _TYPES[kind]) for column, kind in zip(columns, kinds, strict=True)]

    def _cells(self, line: str) -> list[tuple[str, int]]:
        """The cells of a line, each with its column from 1."""
        if self.mark is None:
            return [(match.group(), match.start() + 1) for match in re.finditer(r"\S+", line)]
        cells, at = [], 0
        for cell in line.split(self.mark):
            cells.append((cell.strip(), at + len(cell) - len(cell.lstrip()) + 1))
            at += len(cell) + 1
        return cells

    def _wrong_width(
        self, number: int, cells: Sequence[tuple[str, int]], meanings: Sequence[str], least: int | None
    ) -> NoReturn:
        some = "" if least is None else f"{least} to "
        column = cells[len(meanings)][1] if len(cells) > len(meanings) else 1
        message = f"the line has {len(cells)} cells in place of {some}{len(meanings)}"
        raise fault(self.file, number, column, message, what=self.what, hint=f"a line holds {', '.join(meanings)}")

    def cell(self, number: int, cell: tuple[str, int], meaning: str, kind: Kind) -> float:
        """The number in a cell, given as its text and its column, of line `number`.

        Raises
        ------
        SpecError
            It is none.
        """
        text, column = cell
        good = _WHOLE(text) if kind == "whole" else _NUMBER(text)
        value = (int(text) if kind == "whole" else float(text)) if good else 0
        if not good or (kind == "number" and not np.isfinite(value)):
            need = "a whole number" if kind == "whole" else "a finite number"
            raise fault(
                self.file, number, column, f"{shown(text)} stands where {meaning} should, {need}", what=self.what
            )
        return value

    def place(self, row: int, cell: int) -> tuple[int, int]:
        """Line and column, from 1, of a cell; rows and cells count from 0."""
        for k, (number, line) in enumerate(self.rows()):
            if k == row:
                cells = self._cells(line)
                return number, cells[cell][1] if cell < len(cells) else 1
        return self.first, 1

    def fault(self, row: int, cell: int, message: str, hint: str | None = None) -> SpecError:
        """The error for a fault in a cell."""
        return fault(self.file, *self.place(row, cell), message, hint=hint, what=self.what)

    def end(self) -> Location:
        """The place behind the last row."""
        return Location(self.file, self.first + self.body.rstrip().count(b"\n"), 1)


def without_comments(body: bytes, mark: bytes) -> bytes:
    """Lines that start with a mark, blank space apart, as blank lines: so that the others keep their numbers."""
    if mark not in body:  # looking for one byte is many times faster than a pattern
        return body
    return re.sub(rb"(?m)^[ \t]*" + re.escape(mark) + rb".*$", b"", body)
