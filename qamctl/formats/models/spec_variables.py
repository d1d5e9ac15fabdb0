"""The variables of a spec of kind model, and which of them a cell means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.formats.models.labels import Numbered
from qamctl.formats.models.limits import VARIABLES, too_many_variables
from qamctl.qubo.model import Ints
from qamctl.spec.cells import read_name
from qamctl.spec.decode import coded, plain_integers
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.rows import Rows


@dataclass(frozen=True)
class Variables:
    """The names of the variables, in order.

    Attributes
    ----------
    index
        The place of each name; None where they are numbered.
    known
        Whether the list could be read: else no name can be called unknown.
    """

    labels: Sequence[str]
    index: Mapping[str, int] | None
    known: bool = True

    @property
    def n(self) -> int:
        """Number of variables."""
        return len(self.labels)

    def code(self, cell: Any, text: bool) -> int:
        """The variable that a cell means; whole numbers mean the name of their digits.

        Raises
        ------
        Refusal
            There is no such variable.
        """
        name = str(cell) if type(cell) is int else cell
        if not isinstance(name, str):
            raise Refusal(f"must be the name of a variable, found {show(cell)}")
        if not self.known:
            return 0
        if self.index is not None:
            if name not in self.index:
                raise Refusal(f"unknown variable {show(name)}", nearest(name, self.index))
            return self.index[name]
        digits = name if name.isascii() and name.isdigit() and len(name) < 19 else ""
        if not digits or int(digits) >= self.n:
            raise Refusal(
                f"unknown variable {show(name)}", f"they are 0 .. {self.n - 1}" if self.n else "there are none"
            )
        return int(digits)

    def codes(self, rows: Rows, column: str, faults: Faults) -> Ints:
        """[rows] the variable in each cell of a column."""
        cells = rows.columns.get(column)
        if cells is None:
            return np.zeros(rows.n, np.int64)
        if self.index is None and self.known:
            whole = plain_integers(cells)
            if whole is not None and len(whole) and 0 <= int(whole.min()) <= int(whole.max()) < self.n:
                return whole
        found = coded(rows, Field(column, "text", "a variable"), self.code, 0, faults)
        return np.array(found.values, np.int64)[found.codes]


def read_variables(value: Any, faults: Faults) -> Variables:
    """The variables that the spec declares; a missing or wrong declaration is a fault."""
    unknown = Variables(Numbered(1), None, known=False)
    if type(value) is int:
        complaint = "must not be negative" if value < 0 else too_many_variables(value)
        if complaint:
            faults.add(("variables",), complaint, f"at most {VARIABLES:,}")
            return unknown
        return Variables(Numbered(value), None)
    if not isinstance(value, list):
        if value is not None:  # that it is missing has been said
            faults.add(("variables",), f"must be a list of names, or how many there are, found {show(value)}")
        return unknown
    before = faults.count
    index: dict[str, int] = {}
    for k, item in enumerate(value):
        try:
            name = read_name(str(item) if type(item) is int else item, False)
            if name in index:
                raise Refusal(f"must not repeat a name, found {show(name)} again")
            index[name] = len(index)
        except Refusal as refusal:
            faults.refuse(("variables", k), refusal)
    return Variables(list(index), index) if faults.count == before else unknown
