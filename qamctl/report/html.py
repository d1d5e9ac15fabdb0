"""The few pieces of HTML that a report is made of: elements, safe texts, tables that can be read aloud, the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from qamctl.report.svg import spelled, words

#: Elements that have no end tag.
_VOID: Final = frozenset({"meta", "br"})

#: A cell of a table: a text, a figure, nothing, or HTML that was made by `tag`.
Cell = str | float | int | None


class Html(str):
    """Text that is HTML already; any other text is escaped where it is put into a table."""

    __slots__ = ()


def tag(name: str, /, *inside: str, **attributes: str | float | None) -> Html:
    """An element of HTML; `class_` stands for `class`, and None is left out."""
    told = spelled(attributes)
    if name in _VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{''.join(inside)}</{name}>")


def said(content: Cell) -> Html:
    """A value as the content of an element: figures with separators, a dash for nothing."""
    if isinstance(content, Html):
        return content
    if content is None:
        return Html("–")
    if isinstance(content, bool):
        return Html("yes" if content else "no")
    if isinstance(content, int):
        return Html(f"{content:,}")
    if isinstance(content, float):
        return Html(words(f"{content:,.8g}"))
    return Html(words(content) or "–")


def paragraph(content: str, class_: str | None = None) -> Html:
    """A paragraph of plain text."""
    return tag("p", said(content), class_=class_)


def section(title: str, *inside: str, level: int = 3, id: str | None = None) -> Html:
    """A heading and what stands under it; nothing where there is nothing under it."""
    if not any(inside):
        return Html("")
    return tag("section", tag(f"h{level}", words(title)), *inside, id=id)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], right: str = "") -> Html:
    """A table with a caption; the first column names the rows.

    Parameters
    ----------
    right
        The columns of figures, by their words in `head` with dashes for spaces, one after another.
    """
    figures = [name.replace(" ", "-") in right.split() for name in head]
    kinds = ["figure" if one else None for one in figures]
    heads = [tag("th", words(name), scope="col", class_=kind) for name, kind in zip(head, kinds, strict=True)]
    body = [tag("tr", *_row(row, kinds)) for row in rows]
    if not body:
        return Html("")
    parts = (tag("caption", words(caption)), tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", tag("table", *parts), class_="scroll")


def facts(rows: Iterable[tuple[str, Cell]]) -> Html:
    """Names and values, as a list; those without a value are left out."""
    told = [tag("div", tag("dt", words(name)), tag("dd", said(value))) for name, value in rows if value is not None]
    return tag("dl", *told) if told else Html("")


def items(texts: Iterable[str]) -> Html:
    """A list of plain texts."""
    told = [tag("li", said(text)) for text in texts]
    return tag("ul", *told) if told else Html("")


def folded(summary: str, *inside: str) -> Html:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", words(summary)), *inside) if any(inside) else Html("")


def figure(picture: str, caption: str) -> Html:
    """A picture with what there is to say of it."""
    return tag("figure", picture, tag("figcaption", said(caption)))


def document(title: str, style: str, *inside: str) -> str:
    """A whole page: valid, in one file, without scripts, and asking for nothing from elsewhere."""
    head = tag(
        "head", tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"), tag("title", words(title)), tag("style", style),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *inside), lang='en')}\n"


def _row(row: Sequence[Cell], kinds: Sequence[str | None]) -> list[Html]:
    first = tag("th", said(row[0]), scope="row", class_=kinds[0])
    return [first, *(tag("td", said(cell), class_=kind) for cell, kind in zip(row[1:], kinds[1:], strict=True))]
