"""CPLEX LP text: an objective, quadratic in [ ... ] / 2, linear constraints, bounds, and lists of binary variables.

The form is that of the CPLEX reference ("LP file format: algebraic representation"); names may hold brackets, as
Gurobi writes them. Variables are numbered as the list of binaries has them, so that those which no term holds are
kept. A bound that fixes a variable becomes a constraint.
"""

from __future__ import annotations

import numpy as np

from qamctl.errors import Location
from qamctl.formats.json_place import line_and_column
from qamctl.formats.models.build import Objective, Rows, sums
from qamctl.formats.models.limits import too_many_variables
from qamctl.formats.models.lines import text_of
from qamctl.formats.models.lp_grammar import Reader
from qamctl.formats.models.lp_text import LpText
from qamctl.formats.models.notes import read_notes, renamed
from qamctl.formats.models.parsed import Parsed


def read(raw: bytes, label: str) -> Parsed:
    """The objective, constraints and variables of an LP file.

    Raises
    ------
    SpecError
        With file, line and column: faults of the text, and whatever no binary model with linear constraints holds.
    """
    content = text_of(raw, label)
    text = LpText(content.decode(), label)
    notes = read_notes(content, lambda line, message: text.fault(_start_of_line(text.text, line), message))
    reader = Reader(text)
    sections = text.sections()
    for section in sections:
        reader.section(section)
        complaint = too_many_variables(len(reader.index))
        if complaint:
            raise text.fault(section.at, complaint)
    order = reader.order()
    reader.fix()
    n, written = len(order), list(reader.index)
    names = renamed(notes.names, [written[place] for place in order])
    if names is None:
        raise text.fault(0, "two variables have the same name in the notes")
    to = np.empty(n, np.int64)
    to[order] = np.arange(n)
    index, value = reader.linear.columns()
    linear = sums(to[index[:, 0]], value, n)
    pairs, weight = reader.pairs.columns()
    objective = Objective(linear, to[pairs[:, 0]], to[pairs[:, 1]], weight, reader.offset)
    index, value = reader.entries.columns()
    rows = Rows(
        np.array(reader.start, np.int64), to[index[:, 0]], value, np.array(reader.senses, np.int64),
        np.array(reader.rhs, float), reader.names, np.zeros(len(reader.rhs), bool),
    )  # fmt: skip

    def place(row: int | None) -> Location:
        return Location(label, *line_and_column(text.text, sections[0].at if row is None else reader.row_at[row]))

    return Parsed(objective, rows, names, sections[0].what, place)


def _start_of_line(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at
