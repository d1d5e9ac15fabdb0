"""The few pieces of SVG that pictures are made of: elements, safe texts, texts cut to their room, and the frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, takewhile
from typing import Final
from unicodedata import combining, east_asian_width
from xml.sax.saxutils import escape, quoteattr

#: What XML 1.0 can't hold in any form; ids come from elsewhere, and may hold anything.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Width of a letter, as a share of the size of the letters.
_LETTER: Final = 0.56


def element(name: str, *inside: str, **attributes: str | float | None) -> str:
    """An element; numbers have a decimal at most, `class_` stands for `class`, and None is left out."""
    content, told = "".join(inside), spelled(attributes)
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def spelled(attributes: Mapping[str, str | float | None]) -> str:
    """Attributes as they stand in a tag, each behind a space; see `element`."""
    return "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_legal(_value(value)))}"
        for key, value in attributes.items()
        if value is not None
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture stands: in a file of its own, or on a page, whose pictures share neither ids nor styles.

    Attributes
    ----------
    name
        What the ids of the picture begin with; on a page no other picture has it.
    whole
        Whether it is a file of its own.
    """

    name: str = "qamctl"
    whole: bool = True


#: A file of its own.
FILE: Final = Place()


def picture(
    place: Place, wide: float, high: float, *, heading: str, told: str, style: str, inside: Iterable[str]
) -> str:
    """A picture around what is drawn in it.

    Parameters
    ----------
    wide, high
        Of the picture, in its own units.
    heading, told
        What it is, and what it shows, in words.
    style
        Its rules, one a line; empty on a page that has them already.
    """
    ids = {"id": place.name, "aria_labelledby": f"{place.name}-title {place.name}-desc"}
    lines = [
        element("title", words(heading), id=f"{place.name}-title"),
        element("desc", words(told), id=f"{place.name}-desc"),
        *([element("style", style if place.whole else scoped(style, place.name))] if style else []),
        *inside,
    ]
    size = {"viewBox": f"0 0 {wide:.0f} {high:.0f}", "width": f"{wide:.0f}", "height": f"{high:.0f}", "role": "img"}
    if not place.whole:  # a page knows what an svg is
        return element("svg", "\n", "\n".join(lines), "\n", **ids, **size)
    svg = element("svg", "\n", "\n".join(lines), "\n", xmlns="http://www.w3.org/2000/svg", **ids, **size)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def scoped(style: str, name: str) -> str:
    """Rules that hold within the element of that id alone; each stands on a line of its own."""
    lines = []
    for line in style.splitlines():
        selectors, brace, rest = line.partition("{")
        if brace and not line.startswith("@"):
            selectors = ", ".join(f"#{name} {one.strip()}" for one in selectors.split(","))
            line = f"{selectors} {{{rest}"
        lines.append(line)
    return "\n".join(lines)


def words(text: str) -> str:
    """A text as the content of an element."""
    return escape(_legal(" ".join(text.split())))


def text(x: float, y: float, content: str, *, class_: str, anchor: str | None = None) -> str:
    """A line of text whose letters stand on `y`."""
    return element("text", words(content), x=x, y=y, class_=class_, text_anchor=anchor)


def title(content: str) -> str:
    """What is shown where the pointer rests, and read to those who can't see."""
    return element("title", words(content))


def number(value: float) -> str:
    """A figure as people read it."""
    return str(value) if isinstance(value, int) else f"{value:.8g}"


def short(content: str, room: float, size: float) -> str:
    """A text, cut to so much room, with letters of that size; its end, which often tells ids apart, stays."""
    content = " ".join(content.split())
    if width(content, size) <= room:
        return content
    tail = content[-3:] if len(content) > 6 else ""
    left = room - width(f"…{tail}", size)
    fitting = takewhile(lambda used: used <= left, accumulate(width(letter, size) for letter in content))
    return f"{content[: sum(1 for _ in fitting)].rstrip()}…{tail}"


def width(content: str, size: float) -> float:
    """About the room that a text takes."""
    letters = sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in content)
    return letters * size * _LETTER


def _value(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def _legal(content: str) -> str:
    return _ILLEGAL.sub("�", content)
