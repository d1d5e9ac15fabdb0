"""The pieces of SVG that pictures are made of."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.report.svg import element, number, short, text, title, width, words


def test_elements() -> None:
    """Attributes by their names, numbers short, what is None left out."""
    assert element("rect", class_="box", x=1.25, rx=3, height=None) == '<rect class="box" x="1.2" rx="3"/>'
    assert element("g", "<a/>", stroke_width=2.0) == '<g stroke-width="2"><a/></g>'
    assert text(1, 2.5, "a", class_="b", anchor="end") == '<text x="1" y="2.5" class="b" text-anchor="end">a</text>'


@given(st.text())
def test_any_text_is_safe(content: str) -> None:
    """As content and as an attribute, whatever it holds: what XML can't hold is replaced, spaces are joined."""
    tree = ET.fromstring(element("g", title(content), words(content), id=content))
    assert tree.findtext("title") == legal(" ".join(content.split()))
    assert tree.get("id") == legal(content)


def legal(content: str) -> str:
    """What XML 1.0 can hold of a text."""
    return "".join(one if one in "\t\n\r" or (one >= " " and one not in "\ufffe\uffff") else "�" for one in content)


@pytest.mark.parametrize(
    ("content", "kept"), [("db-0", "db-0"), ("a database-17", "a dat…-17"), ("数据库集群", "数据库集…")]
)
def test_texts_are_cut_in_the_middle(content: str, kept: str) -> None:
    """Ends tell ids apart; wide letters count twice."""
    assert short(content, 51, 10) == kept
    assert width(kept, 10) <= 51


def test_figures() -> None:
    """As people read them."""
    assert [number(value) for value in (3, 0.1 + 0.2, 1e9 + 0.5, 1e20)] == ["3", "0.3", "1e+09", "1e+20"]
