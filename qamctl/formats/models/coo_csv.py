"""Tables of couplings: a row `i,j,weight` for each, also with white space in place of commas, with or without a header.

Where every i and j is a whole number they are indices from 0; else they are names, numbered as they come. A row with
i equal to j is a linear term. A line `# vartype=SPIN`, as dimod's COO text has it, makes the variables spins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.models.build import Objective, Rows, sums
from qamctl.formats.models.detect import FORMATS
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.lines import Lines, text_of, without_comments
from qamctl.formats.models.parsed import Parsed
from qamctl.qubo.model import Floats, Ints
from qamctl.spec.cells import read_name
from qamctl.spec.faults import Refusal
from qamctl.spec.schedule_fields import AGENTS, RESOURCES
from qamctl.spec.task_fields import TASKS

#: Bytes of rows with names that are taken apart at once.
PIECE: Final = 1 << 20

_WHAT = FORMATS["csv"]
_HINT = "a row holds i, j and a weight"
_MEANINGS = ("the first variable", "the second variable", "the weight")

#: Columns of the tables of problem files, and what their rows are called; couplings, too, have a weight or a cost.
_PROBLEM_COLUMNS: Final = frozenset(
    name
    for table in (RESOURCES, AGENTS, TASKS)
    for name in (table.name, table.name.removesuffix("s"), *(field.name for field in table.fields))
) - {"weight", "cost"}

_SPIN = re.compile(rb"(?m)^[ \t]*#.*\bvartype\s*=\s*(SPIN|BINARY)\b").search
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z", re.ASCII).match
_NUMERIC = re.compile(r"[-+]?(\.?[0-9]|inf|nan)", re.IGNORECASE).match


def read(raw: bytes, label: str) -> Parsed:
    """The terms of a table.

    Raises
    ------
    SpecError
        With file, line and column of the first fault.
    """
    text = text_of(raw, label)
    vartype = _SPIN(text)
    lines = _without_header(without_comments(text, b"#"), label)
    names: list[str] | None = None
    quick = lines.quick(("whole", "whole", "number"))
    if quick is None:
        row, col, weight, names = _named(lines)
    else:
        row, col, weight = quick
    n = _bounded(lines, row, col) if names is None else len(names)
    own = row == col
    spin = np.ones(n, bool) if vartype is not None and vartype[1] == b"SPIN" else None
    linear = sums(row[own], weight[own], n)  # of spins too, as dimod writes them
    objective = Objective(linear, row[~own], col[~own], weight[~own], 0.0, spin)
    return Parsed(objective, Rows(), Numbered(n) if names is None else names)


def _without_header(body: bytes, label: str) -> Lines:
    """The rows below the header, where there is one: a first row whose third cell is no number."""
    match = re.search(rb"(?m)^[ \t]*(\S.*)$", body)
    if match is None:
        raise fault(label, 1, 1, "the table is empty", what=_WHAT, hint=_HINT)
    first = match[1].decode("utf-8", "replace")
    mark = next((mark for mark in ",;\t" if mark in first), None)
    line = body.count(b"\n", 0, match.start(1)) + 1
    cells = _cells(Lines(body, line, label, _WHAT, mark), line, first)
    if _NUMERIC(cells[2]):
        return Lines(body, 1, label, _WHAT, mark)
    _refuse_problem_table(cells, label, line)
    return Lines(body[match.end() + 1 :], line + 1, label, _WHAT, mark)


def _refuse_problem_table(header: Sequence[str], label: str, line: int) -> None:
    """Refuse tasks, agents or resources as a table: three columns of it would pass for names and weights."""
    for cell, name in enumerate(header):
        if name.partition(".")[0].casefold() in _PROBLEM_COLUMNS:
            message = f"it looks like a table of tasks, agents or resources: its header has a column {shown(name)}"
            hint = "name it in a spec, as in `tasks: {table: FILE}`; a table of couplings has the header i,j,weight"
            raise fault(label, line, _column(header, cell), message, what=_WHAT, hint=hint)


def _bounded(lines: Lines, row: Ints, col: Ints) -> int:
    """The number of variables that the indices need."""
    for cell, index in enumerate((row, col)):
        if len(index) and int(index.min()) < 0:
            at = int(index.argmin())
            raise lines.fault(at, cell, f"index {int(index[at])} is below 0", "variables count from 0")
    n = max(int(row.max(initial=-1)), int(col.max(initial=-1))) + 1
    complaint = too_many_variables(n)
    if complaint:
        cell = 0 if int(row.max(initial=-1)) == n - 1 else 1
        at = int((row, col)[cell].argmax())
        raise lines.fault(at, cell, f"index {n - 1} needs {n:,} variables: {complaint}", "number them without gaps")
    return n


def _named(lines: Lines) -> tuple[Ints, Ints, Floats, list[str] | None]:
    """Rows whose variables are names, or that the quick way does not take; names are None where all are indices."""
    index: dict[str, int] = {}
    codes, weights = [np.zeros(0, np.int64)], [np.zeros(0)]
    for part in _parts(lines):
        ends, weight = _at_once(part) or _by_row(part)
        known = [-1 if code is None else code for code in map(index.get, ends)]
        for at in [at for at, code in enumerate(known) if code < 0]:
            known[at] = index.setdefault(ends[at], len(index))
        codes.append(np.array(known, np.int64))
        weights.append(weight)
    code, weight = np.concatenate(codes), np.concatenate(weights)
    if all(map(_WHOLE, index)):
        code = np.array([int(name) for name in index], np.int64)[code]
        return code[::2], code[1::2], weight, None
    for name, place in index.items():
        try:
            read_name(name, True)
        except Refusal as refusal:
            raise _misnamed(lines, int(np.flatnonzero(code == place)[0]), refusal) from None
    return code[::2], code[1::2], weight, list(index)


def _parts(lines: Lines) -> Iterator[Lines]:
    """The rows in pieces of whole lines, so that the texts of all cells never stand in memory at once."""
    start, first = 0, lines.first
    while start < len(lines.body):
        stop = lines.body.find(b"\n", start + PIECE) + 1 or len(lines.body)
        part = replace(lines, body=lines.body[start:stop], first=first)
        yield part
        start, first = stop, first + part.body.count(b"\n")


def _at_once(part: Lines) -> tuple[list[str], Floats] | None:
    """The names and the weights of a piece; None unless every line plainly has three cells, without quotes."""
    if part.mark is None or b'"' in part.body:
        return None
    body = part.body.removesuffix(b"\n") + b"\n"
    octets = np.frombuffer(body, np.uint8)
    ends = octets[(octets == ord(part.mark)) | (octets == ord("\n"))] == ord("\n")
    if len(ends) % 3 or not (ends.reshape(-1, 3) == [False, False, True]).all():
        return None
    cells = body.decode().replace("\n", part.mark).split(part.mark)[:-1]
    weight = replace(part, body="\n".join(cells[2::3]).encode(), mark=None).quick(("number",))
    if weight is None or len(weight[0]) < len(cells) // 3:
        return None
    names = [""] * (len(cells) // 3 * 2)
    names[::2], names[1::2] = cells[::3], cells[1::3]
    return (list(map(str.strip, names)) if b" " in body or b"\t" in body else names), weight[0]


def _by_row(part: Lines) -> tuple[list[str], Floats]:
    """The names and the weights of a piece, line by line, up to the first fault."""
    names: list[str] = []
    weights: list[float] = []
    for number, cells in _rows(part):
        names += cells[:2]
        weights.append(part.cell(number, (cells[2], _column(cells, 2)), _MEANINGS[2], "number"))
    return names, np.array(weights, float)


def _misnamed(lines: Lines, end: int, refusal: Refusal) -> SpecError:
    return lines.fault(end // 2, end % 2, f"the name of a variable {refusal.message}", "give every variable a name")


def _rows(lines: Lines) -> Iterator[tuple[int, Sequence[str]]]:
    """Line number and three cells of every row."""
    for number, line in lines.rows():
        yield number, _cells(lines, number, line)


def _cells(lines: Lines, number: int, line: str) -> Sequence[str]:
    """The three cells of a line, quotes taken off."""
    cells = line.split(lines.mark)
    if lines.mark is not None and '"' in line:
        try:
            cells = next(csv.reader([line], delimiter=lines.mark, strict=True))
        except csv.Error as error:
            message = f"the line cannot be read: {error}"
            raise fault(lines.file, number, 1, message, what=_WHAT, hint="check its quotes") from None
    if len(cells) != 3:
        message = f"the line has {len(cells)} cells in place of 3"
        raise fault(lines.file, number, 1, message, what=_WHAT, hint=_HINT)
    return [cell.strip() for cell in cells]


def _column(cells: Sequence[str], cell: int) -> int:
    return len(",".join(chain(cells[:cell], [""]))) + 1
