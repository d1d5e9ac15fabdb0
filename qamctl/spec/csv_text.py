"""CSV text by columns: RFC 4180 with a header, read in pieces so that a million rows stay small."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np

from qamctl.spec.faults import KEPT, Faults
from qamctl.spec.rows import Column, Rows
from qamctl.spec.source import Path_

#: Rows that are turned into columns at once; few enough to stay in the processor's cache.
PIECE: Final = 1_024

#: Bytes that are split into cells at once, for the same reason.
BYTES: Final = 65_536

#: A column with more distinct texts than this is not worth sharing equal texts in.
DISTINCT: Final = 100_000


def _reader(raw: bytes) -> Any:
    stream = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline="")
    return csv.reader(stream, strict=True)


def read_csv(raw: bytes, path: Path_, faults: Faults) -> Rows:
    """Rows from CSV bytes (UTF-8, checked before); rows of another width than the header's are faults."""
    rows = Rows(0, {}, lambda row: (*path, row), header=path)
    reader, start, n = _reader(raw), 0, 0
    try:
        header = next((row for row in reader if row), None)
        if header is None:
            faults.add(path, "the table is empty", "its first line names the columns")
            return rows
        names = [name.strip() for name in header]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice or "" in names:
            what = f"the column `{twice[0][:60]}` stands in the header twice" if twice and twice[0] else ""
            faults.add(path, what or "a column has no name in the header")
            return rows
        # As many cells as there can be: lists that grow are copied over and over.
        most = min(raw.count(b"\n") + raw.count(b"\r"), len(raw) // len(names)) + 1
        columns = [[""] * most for _ in names]
        known: list[dict[str, str] | None] = [{} for _ in names]
        if b'"' not in raw and b"\r" not in raw and raw.startswith(",".join(header).encode()):
            start = raw.find(b"\n") + 1 or len(raw)
            for end, piece in _unquoted(raw, start, len(names)):
                start = end
                n = _append(piece, n, columns, known)
            reader = _reader(raw[start:])
        while piece_rows := list(islice(reader, PIECE)):
            if set(map(len, piece_rows)) != {len(names)}:
                piece_rows = _right_width(piece_rows, len(names), n, path, faults)
            n = _append(list(zip(*piece_rows, strict=True)), n, columns, known)
            if faults.count > KEPT:  # filling up row after row would let a small file take any memory
                break
    except csv.Error as error:
        line = raw.count(b"\n", 0, start) + reader.line_num
        faults.add(path, f"line {line} of the table cannot be read: {error}", "check its quotes")
        return rows
    for column in columns:
        del column[n:]
    rows.n = n
    rows.columns = {name: Column(cells, text=True) for name, cells in zip(names, columns, strict=True)}
    return rows


def _unquoted(raw: bytes, start: int, width: int) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    """Pieces of a table without quotes as columns, each with its end; stops before a row of another width.

    Splitting a piece at every separator at once takes half the time of the csv module.
    """
    while start < len(raw):
        end = raw.find(b"\n", start + BYTES) + 1 or len(raw)
        piece = raw[start:end].removesuffix(b"\n") + b"\n"
        octets = np.frombuffer(piece, np.uint8)
        ends = octets[(octets == ord(",")) | (octets == ord("\n"))] == ord("\n")
        if len(ends) % width or not (ends.reshape(-1, width) == [False] * (width - 1) + [True]).all():
            return
        cells = piece.decode().replace("\n", ",").split(",")
        if width == 1 and "" in cells[:-1]:  # blank lines
            return
        yield end, [cells[k : len(cells) - 1 : width] for k in range(width)]
        start = end


def _append(
    piece: Sequence[Sequence[str]], n: int, columns: list[list[str]], known: list[dict[str, str] | None]
) -> int:
    """Put a piece behind the first n cells of the columns; equal texts become one object while that pays."""
    end = n + len(piece[0]) if piece else n
    for k, cells in enumerate(piece):
        shared = known[k]
        if shared is None:
            columns[k][n:end] = cells
            continue
        columns[k][n:end] = map(shared.setdefault, cells, cells)
        if len(shared) > DISTINCT or 2 * len(shared) > end:
            known[k] = None
    return end


def _right_width(piece: list[list[str]], width: int, before: int, path: Path_, faults: Faults) -> list[list[str]]:
    """Blank lines dropped, rows of a wrong width noted and cut or filled to the header's width."""
    out: list[list[str]] = []
    for row in piece:
        if not row:
            continue
        if len(row) != width:
            message = f"the row has {len(row)} cells, the header {width}"
            faults.add((*path, before + len(out)), message, "leave a cell empty where there is nothing to say")
            row = (row + [""] * width)[:width]
        out.append(row)
    return out


def csv_places(raw: bytes, cells: Sequence[tuple[int, str | None]]) -> list[tuple[int, int | None]]:
    """Line and cell number, both from 1, of (row, column name) pairs; line 1 is the header's."""
    wanted = {row for row, _ in cells}
    lines: dict[int, int] = {}
    header: list[str] = []
    for row, line, texts in _numbered(_reader(raw)):
        if row < 0:
            header = [name.strip() for name in texts]
        if row in wanted:
            lines[row] = line
            if len(lines) == len(wanted):
                break
    last = max(lines.values(), default=1)
    return [(lines.get(row, last), header.index(name) + 1 if name in header else None) for row, name in cells]


def _numbered(reader: Any) -> Iterator[tuple[int, int, list[str]]]:
    """Row number (-1 is the header), first line, and cells of every row that is not blank."""
    row, line = -1, 1
    try:
        for texts in reader:
            if texts:
                yield row, line, texts
                row += 1
            line = reader.line_num + 1
    except csv.Error:
        return
