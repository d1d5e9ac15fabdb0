"""Tables fit the page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qamctl.cli.table import cell, columns, fit, pad, table


def test_columns_stand_under_their_heads() -> None:
    """Text stands to the left, the columns named as right to the right."""
    text = table(("name", "n"), [("a", 1), ("long", 1000)], width=80, right="n")
    assert text == "name     n\na        1\nlong  1000"


def test_absent_values_are_dashes_and_floats_are_short() -> None:
    """None is a dash, a float has at most eight digits, white space is folded."""
    assert [cell(None), cell(""), cell(1 / 3), cell(2.0), cell("a\n b"), cell(0)] == [
        "-",
        "-",
        "0.33333333",
        "2",
        "a b",
        "0",
    ]


def test_a_wide_character_takes_two_columns() -> None:
    """Alignment counts columns of the terminal, not characters."""
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert pad("日", 4) == "日  "
    assert pad("日", 4, right=True) == "  日"


def test_what_is_cut_is_marked() -> None:
    """A text that does not fit ends in an ellipsis."""
    assert fit("abcdef", 4) == "abc…"
    assert fit("abcd", 4) == "abcd"
    assert columns(fit("日本日本", 4)) <= 4


@given(
    rows=st.lists(st.tuples(st.text(max_size=60), st.integers(), st.text(max_size=200)), max_size=8),
    width=st.integers(20, 120),
)
def test_no_line_is_wider_than_the_page(rows: list[tuple[str, int, str]], width: int) -> None:
    """Whatever stands in the cells, no line wraps, and every row is one line."""
    lines = table(("a", "b", "c"), rows, width=width, right="b").split("\n")
    assert len(lines) == len(rows) + 1
    assert max(map(columns, lines)) <= width
