"""Markdown as GitHub reads it: no text of a user's is markup."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from qamctl.cli.markdown import code, figure, folded, plain, table

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@example("\x85")
@given(TEXT)
def test_code_holds_any_text(text: str) -> None:
    """On one line; a fence that nothing inside closes, and no bar that ends a cell."""
    found = code(text)
    words = " ".join(text.split())
    if words in ("", "-"):
        assert found == "-"
        return
    fence = re.match("`+", found)
    assert fence is not None
    inner = found[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inner)
    assert inner.strip(" ").replace(r"\|", "|") == words
    assert re.search(r"(?<!\\)\|", inner) is None
    assert "\n" not in found


@given(TEXT)
def test_plain_text_is_no_markup(text: str) -> None:
    """What could be is a character reference, so that it is read as it was."""
    found = plain(text)
    assert not set(re.sub(r"&#\d+;", "", found)) & set("\\`*_{}[]<>()+!|~@&#")
    assert re.sub(r"&#(\d+);", lambda one: chr(int(one[1])), found) == " ".join(text.split())


def test_numbers_are_no_code() -> None:
    """Words are."""
    assert [figure(value) for value in (1, -2.5, 1e-9, "5.45 %", None, "feasible", "4; drop")] == [
        "1", "-2.5", "1e-09", "5.45 %", "-", "`feasible`", "`4; drop`",
    ]  # fmt: skip


def test_tables_and_folds() -> None:
    """As GitHub flavoured Markdown has them."""
    assert table(("a", "b"), [("1", "2")], right=["b"]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
    assert folded("more", "text") == "<details>\n<summary>more</summary>\n\ntext\n\n</details>"
