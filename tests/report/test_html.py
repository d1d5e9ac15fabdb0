"""The pieces of HTML that reports are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pages import read_page

from qamctl.report.html import Html, document, facts, folded, items, paragraph, said, section, table, tag

TEXTS = st.text() | st.sampled_from(["<script>alert(1)</script>", "a & b", "</td>", '"><img src=x>', "-->", "&amp;"])


def legal(content: str) -> str:
    """A text as it is shown: spaces joined, what can't be held replaced."""
    joined = " ".join(content.split())
    return "".join(one if one >= " " and one not in "\ufffe\uffff" else "\ufffd" for one in joined)


def test_elements() -> None:
    """Attributes by their names; void elements have no end."""
    assert tag("td", "x", class_="figure", id=None) == '<td class="figure">x</td>'
    assert tag("td") == "<td></td>"
    assert tag("meta", charset="utf-8", name="a") == '<meta charset="utf-8" name="a">'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"), (0.1 + 0.2, "0.3"), (1234.5, "1,234.5"), (True, "yes"), (False, "no"), (None, "–"),
        ("", "–"), ("a<b", "a&lt;b"), (Html("<b>x</b>"), "<b>x</b>"),
    ],
)  # fmt: skip
def test_values(value: object, shown: str) -> None:
    """Figures as people read them, nothing as a dash, texts escaped, HTML as it is."""
    assert said(value) == shown  # type: ignore[arg-type]


@given(TEXTS, TEXTS)
def test_any_text_is_safe(one: str, other: str) -> None:
    """In every place of a page, and it reads as it was."""
    page = read_page(
        document(
            one, "", section(one, paragraph(other)), table(one, ("a", one), [(other, one)]),
            facts([(one, other)]), items([one]), folded(one, items([other])),
        )
    )  # fmt: skip
    shown = {name: legal(text) or "–" for name, text in (("one", one), ("other", other))}
    assert legal(page.all("title")[0].text()) == legal(one)
    assert [legal(cell.text()) for cell in page.all("td")] == [shown["one"]]
    assert [legal(cell.text()) for cell in page.all("li")] == [shown["one"], shown["other"]]
    assert [legal(cell.text()) for cell in page.all("dd")] == [shown["other"]]


def test_what_is_empty_is_left_out() -> None:
    """No heading over nothing, no table without rows, no list without items."""
    assert section("a", "", "") == table("a", ("b",), []) == items([]) == facts([("a", None)]) == folded("a", "") == ""


def test_tables_can_be_read_aloud() -> None:
    """A caption, a head for every column, and the first cell of a row names it; figures stand to the right."""
    page = read_page(document("t", "", table("cap", ("name", "beyond chance"), [("a", 5)], right="beyond-chance")))
    (found,) = page.all("table")
    assert found.all("caption")[0].text() == "cap"
    assert [(head.text(), head.attributes) for head in found.all("th")] == [
        ("name", {"scope": "col"}), ("beyond chance", {"scope": "col", "class": "figure"}), ("a", {"scope": "row"}),
    ]  # fmt: skip
    assert found.all("td")[0].attributes == {"class": "figure"}
