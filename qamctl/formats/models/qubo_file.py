"""D-Wave's .qubo text: `p qubo topology maxNodes nNodes nCouplers`, then a line for each node and each coupler.

`i i weight` is a linear term, `i j weight` a coupling, and lines that start with `c` are comments (D-Wave, "qbsolv",
QUBO input file format, 2017). Nodes count from 0, up to maxNodes - 1. qbsolv itself maximises: whoever means that
says `sense="max"`.
"""

from __future__ import annotations

import re

import numpy as np

from qamctl.errors import SpecError
from qamctl.formats.faults import fault, shown
from qamctl.formats.models.build import Objective, Rows, sums
from qamctl.formats.models.detect import FORMATS
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.lines import Lines, text_of, without_comments
from qamctl.formats.models.notes import read_notes, renamed
from qamctl.formats.models.parsed import Parsed

_WHAT = FORMATS["qubo"]
_HINT = "it reads `p qubo 0 maxNodes nNodes nCouplers`"
_COUNTS = ("maxNodes", "nNodes", "nCouplers")


def read(raw: bytes, label: str) -> Parsed:
    """The terms of a .qubo file.

    Raises
    ------
    SpecError
        With file, line and column of the first fault; counts that do not fit the lines are one.
    """
    text = text_of(raw, label)
    start, line, (n, nodes, couplers) = _header(text, label)
    complaint = too_many_variables(n)
    if complaint:
        raise fault(label, line, 1, complaint, what=_WHAT, hint="count the nodes from 0, without gaps")
    notes = read_notes(text, lambda number, message: fault(label, number, 1, message, what=_WHAT))
    lines = Lines(without_comments(text[start:], b"c"), line, label, _WHAT)
    meanings = ("the first node", "the second node", "the weight")
    row, col, weight = lines.columns(meanings, ("whole", "whole", "number"))
    for cell, index in enumerate((row, col)):
        bad = (index < 0) | (index >= n)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            message = f"node {int(index[at])} is outside 0..{n - 1}" if n else "the file declares no node"
            raise lines.fault(at, cell, message, f"line {line} declares {n} nodes, counted from 0")
    _check_counts(lines, row == col, nodes, couplers, line)
    names = renamed(notes.names, Numbered(n)) if notes.names else Numbered(n)
    if names is None:
        raise fault(label, line, 1, "two nodes have the same name in the notes", what=_WHAT)
    own = row == col
    linear = sums(row[own], weight[own], n)
    objective = Objective(linear, row[~own], col[~own], weight[~own], notes.offset)
    return Parsed(objective, Rows(), names, notes.sense)


def _header(text: bytes, label: str) -> tuple[int, int, list[int]]:
    """Where the terms start, the number of the problem line, and its counts."""
    match = re.search(rb"(?m)^[ \t]*(?![ \t]|c)(\S.*)$", text)
    if match is None:
        raise fault(label, 1, 1, "there is no problem line", what=_WHAT, hint=_HINT)
    line = text.count(b"\n", 0, match.start(1)) + 1
    words = match[1].decode("utf-8", "replace").split()
    if words[0] != "p":
        message = f"{shown(words[0])} stands where the problem line should"
        raise fault(label, line, 1, message, what=_WHAT, hint=_HINT)
    if words[1:2] != ["qubo"] or len(words) != 6:
        raise fault(label, line, 1, "the problem line is not whole", what=_WHAT, hint=_HINT)
    for word, name in zip(words[3:], _COUNTS, strict=True):
        if not re.fullmatch("[0-9]{1,18}", word, re.ASCII):
            column = match[0].decode("utf-8", "replace").index(word) + 1
            raise fault(label, line, column, f"{shown(word)} stands where {name} should", what=_WHAT, hint=_HINT)
    return match.end(), line, [int(word) for word in words[3:]]


def _check_counts(lines: Lines, own: np.ndarray, nodes: int, couplers: int, line: int) -> None:
    for found, said, name in ((int(own.sum()), nodes, "node"), (int((~own).sum()), couplers, "coupler")):
        if found != said:
            raise _miscounted(lines, found, said, name, line, own)


def _miscounted(lines: Lines, found: int, said: int, name: str, line: int, own: np.ndarray) -> SpecError:
    message = f"line {line} announces {said} {name}s and {found} follow"
    if found < said:
        end = lines.end()
        return fault(lines.file, end.line, end.column, message, what=_WHAT, hint="the file may be cut off")
    extra = np.flatnonzero(own if name == "node" else ~own)[said]
    return lines.fault(int(extra), 0, message, f"correct the count in line {line}, or take the line out")
