"""rudy/Gset graphs as MaxCut: `n m`, then a line `i j weight` for each edge, nodes from 1, weight 1 where none stands.

The form is that of G. Rinaldi's generator rudy (1998), in which Helmberg and Rendl's G set is published. The
objective is the cut: the weight of the edges whose ends differ, to be maximised.
"""

from __future__ import annotations

import re

import numpy as np

from qamctl.formats.faults import fault, shown
from qamctl.formats.models.build import Objective, Rows, sums
from qamctl.formats.models.detect import FORMATS
from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.lines import Lines, text_of, without_comments
from qamctl.formats.models.parsed import Parsed

_WHAT = FORMATS["rudy"]
_HINT = "the first line holds the numbers of nodes and edges"


def read(raw: bytes, label: str) -> Parsed:
    """The cut as a polynomial: sum of w (x_i + x_j - 2 x_i x_j).

    Raises
    ------
    SpecError
        With file, line and column of the first fault.
    """
    text = without_comments(text_of(raw, label), b"#")
    start, line, (n, edges) = _header(text, label)
    complaint = too_many_variables(n)
    if complaint:
        raise fault(label, line, 1, complaint, what=_WHAT, hint=_HINT)
    lines = Lines(text[start:], line, label, _WHAT)
    meanings = ("the first node", "the second node", "the weight")
    row, col, weight = lines.columns(meanings, ("whole", "whole", "number"), least=2)
    for cell, index in enumerate((row, col)):
        bad = (index < 1) | (index > n)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            message = f"node {int(index[at])} is outside 1..{n}" if n else "the file declares no node"
            raise lines.fault(at, cell, message, f"line {line} declares {n} nodes, counted from 1")
    if len(row) != edges:
        message = f"line {line} announces {edges} edges and {len(row)} follow"
        if len(row) > edges:
            raise lines.fault(edges, 0, message, f"correct the count in line {line}, or take the line out")
        end = lines.end()
        raise fault(label, end.line, end.column, message, what=_WHAT, hint="the file may be cut off")
    apart = row != col  # an edge from a node to itself is never cut
    row, col, weight = row[apart] - 1, col[apart] - 1, weight[apart]
    linear = sums(row, weight, n) + sums(col, weight, n)
    return Parsed(Objective(linear, row, col, -2.0 * weight), Rows(), Numbered(n, 1), "max")


def _header(text: bytes, label: str) -> tuple[int, int, list[int]]:
    """Where the edges start, the number of the first line, and its counts."""
    match = re.search(rb"(?m)^[ \t]*(\S.*)$", text)
    if match is None:
        raise fault(label, 1, 1, "the file is empty", what=_WHAT, hint=_HINT)
    line = text.count(b"\n", 0, match.start(1)) + 1
    words = match[1].decode("utf-8", "replace").split()
    if len(words) != 2:
        raise fault(label, line, 1, f"the line has {len(words)} cells in place of 2", what=_WHAT, hint=_HINT)
    for word, name in zip(words, ("the number of nodes", "the number of edges"), strict=True):
        if not re.fullmatch("[0-9]{1,18}", word, re.ASCII):
            column = match[0].decode("utf-8", "replace").index(word) + 1
            message = f"{shown(word)} stands where {name} should"
            raise fault(label, line, column, message, what=_WHAT, hint=_HINT)
    return match.end(), line, [int(word) for word in words]
