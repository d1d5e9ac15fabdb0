"""Ids looked up by columns, and rows that say the same thing twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import SpecError
from qamctl.spec.faults import Faults
from qamctl.spec.fields import Field
from qamctl.spec.references import first_rows, references
from qamctl.spec.rows import Column, Rows
from qamctl.spec.source import Source

FIELD = Field("a", "text", "an id")


def found(column: Column | None, index: dict[str, int] | None) -> tuple[list[int], list[str]]:
    """The rows that a column names, and the faults."""
    faults = Faults(Source("s", None, b"", ""))
    n = len(column.cells) if column else 2
    rows = Rows(n, {} if column is None else {"a": column}, lambda row: ("links", row))
    got = references(rows, FIELD, index, "agent", faults)
    assert got.dtype == np.int32
    try:
        faults.check()
    except SpecError as error:
        return got.tolist(), [str(fault) for fault in error.diagnostics]
    return got.tolist(), []


def test_ids_become_rows() -> None:
    """A cell is the row of its id, an absent one -1; texts of tables and plain data alike."""
    index = {"x": 0, "y": 1}
    assert found(Column(["y", "x", "y"]), index) == ([1, 0, 1], [])
    assert found(Column(["y", None]), index) == ([1, -1], [])
    assert found(Column(["y", "", "x"], text=True), index) == ([1, -1, 0], [])
    assert found(None, index) == ([-1, -1], [])


def test_ids_that_are_none() -> None:
    """What names no row is unknown, what is no name is refused; each at its place."""
    rows, faults = found(Column(["web1", 3, ["web2"], "web2"]), {"web2": 5, "y": 6})
    assert rows == [-1, -1, -1, 5]
    assert faults == [
        "links[0].a: unknown agent `web1` (did you mean `web2`?)",
        'links[1].a: `a` must be text, found 3 (write "3" in quotes)',
        "links[2].a: `a` must be text, found a list",
    ]


def test_a_list_that_could_not_be_read_knows_every_id() -> None:
    """Then no id is unknown, and still each must be a name."""
    rows, faults = found(Column(["x1", 3]), None)
    assert rows == [-1, -1]
    assert len(faults) == 1
    assert "must be text" in faults[0]


@given(st.lists(st.integers(-3, 3)))
def test_the_first_row_with_a_key(keys: list[int]) -> None:
    """Each row gets the first one that has its key."""
    assert first_rows(np.array(keys, np.int64)).tolist() == [keys.index(key) for key in keys]


@pytest.mark.parametrize("n", [0, 1])
def test_no_key_is_first_of_itself(n: int) -> None:
    """Without rows there is nothing, and one row is its own first."""
    assert first_rows(np.full(n, 7, np.int64)).tolist() == list(range(n))
