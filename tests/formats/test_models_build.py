"""From the terms of a file to a model: the same polynomial and the same constraints, in integers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.formats.models.build import Objective, Refused, Rows, build
from qamctl.formats.models.labels import Numbered
from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE

VALUE = st.one_of(st.integers(-9, 9).map(float), st.sampled_from([0.1, -0.25, 1.5, 2.75, 0.000001, -3.3]))


def rows_of(*rows: tuple[list[tuple[int, float]], int, float]) -> Rows:
    """Constraints from plain lists: terms, sense, right side."""
    terms = [term for row in rows for term in row[0]]
    return Rows(
        np.cumsum([0, *(len(row[0]) for row in rows)]).astype(np.int64),
        np.array([index for index, _ in terms], np.int64),
        np.array([value for _, value in terms], float),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], float),
        [f"r{r}" for r in range(len(rows))],
        np.zeros(len(rows), bool),
    )


NONE = Objective(np.zeros(3), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@settings(max_examples=300)
@given(data=st.data())
def test_a_model_is_the_polynomial_and_the_constraints_that_were_given(data: st.DataObject) -> None:
    """Repeats, squares, either order of a pair, spins: every state has its energy, and keeps the same rows."""
    n = data.draw(st.integers(1, 4))
    index = st.integers(0, n - 1)
    linear = data.draw(st.lists(VALUE, min_size=n, max_size=n))
    pairs = data.draw(st.lists(st.tuples(index, index, VALUE), max_size=8))
    spin = data.draw(st.none() | st.lists(st.booleans(), min_size=n, max_size=n))
    rows = data.draw(
        st.lists(
            st.tuples(st.lists(st.tuples(index, VALUE), max_size=5), st.sampled_from((LE, EQ, GE)), VALUE), max_size=4
        )
    )
    maximise = data.draw(st.booleans())
    objective = Objective(
        np.array(linear),
        np.array([i for i, _, _ in pairs], np.int64),
        np.array([j for _, j, _ in pairs], np.int64),
        np.array([w for _, _, w in pairs], float),
        1.25,
        None if spin is None else np.array(spin),
    )  # fmt: skip
    model = build(objective, rows_of(*rows), Numbered(n), maximise=maximise).model
    assert (model.row < model.col).all()
    assert (np.diff(model.row.astype(np.int64) * n + model.col) > 0).all()
    assert (model.weight != 0).all()
    for state in product((0, 1), repeat=n):
        value = [2 * x - 1 if spin is not None and spin[i] else x for i, x in enumerate(state)]
        energy = 1.25 + sum(a * b for a, b in zip(linear, value, strict=True))
        energy += sum(w * value[i] * value[j] for i, j, w in pairs)
        assert check.objective(model, state) == pytest.approx(-energy if maximise else energy, abs=1e-9)
        kept = True
        for terms, sense, rhs in rows:
            over = sum(round(a * 10**6) * value[i] for i, a in terms) - round(rhs * 10**6)
            kept &= over <= 0 if sense == LE else over >= 0 if sense == GE else over == 0
        assert (not check.violations(model, state)) == kept


def test_negative_zero_is_zero() -> None:
    """Nothing prints as -0."""
    model = build(NONE, Rows(), Numbered(3), maximise=True).model
    assert not np.signbit([*model.linear, model.offset]).any()


def test_a_row_is_scaled_by_its_own_decimals() -> None:
    """Each row by the least power of ten that makes it whole; groups are found behind the scale."""
    rows = rows_of(([(0, 0.5), (1, 2)], LE, 3.25), ([(0, 0.1), (2, 0.1)], EQ, 0.1), ([(1, -2.0)], EQ, -2.0))
    built = build(NONE, rows, Numbered(3))
    assert (built.model.con_coef.tolist(), built.model.con_rhs.tolist()) == ([50, 200], [325])
    assert (built.model.group_index.tolist(), list(built.group_names)) == ([0, 2, 1], ["r1", "r2"])


@pytest.mark.parametrize(
    ("rows", "message", "at"),
    [
        ([([(0, 1)], LE, 1), ([(0, 1e-7)], LE, 1)], "more than 6 decimals", 1),
        ([([(0, 1)], LE, 1 / 3)], "more than 6 decimals", 0),
        ([([(0, 1e12), (1, 0.1)], LE, 1)], "are beyond 1e+12", 0),
        ([([(0, 1)], LE, -1e13)], "are beyond 1e+12", 0),
    ],
)
def test_rows_that_no_whole_numbers_stand_for_are_refused(
    rows: list[tuple[list[tuple[int, float]], int, float]], message: str, at: int
) -> None:
    """The refusal says which row it is."""
    with pytest.raises(Refused, match=message.replace("+", r"\+")) as caught:
        build(NONE, rows_of(*rows), Numbered(3))
    assert caught.value.row == at


def test_long_rows_of_large_numbers_are_refused() -> None:
    """Sums stay inside 64 bits."""
    n = 3_000_000
    rows = Rows(
        np.array([0, n]), np.arange(n), np.full(n, 1e12), np.array([LE]), np.array([1.0]), ["r"], np.array([False])
    )
    none = Objective(np.zeros(n), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    with pytest.raises(Refused, match="beyond"):
        build(none, rows, Numbered(n))


def test_numbered_names() -> None:
    """They count from their first number, and compare like the tuples they are."""
    names = Numbered(3, 1)
    assert (list(names), names[0], names[-1], names[1:], len(names)) == (["1", "2", "3"], "1", "3", ["2", "3"], 3)
    assert "2" in names
    assert names != Numbered(3)
    with pytest.raises(IndexError):
        names[3]
