"""The few pieces of SVG that pictures are made of: elements, safe texts, and texts cut to the room that they have."""

from __future__ import annotations

import re
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
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_legal(_value(value)))}"
        for key, value in attributes.items()
        if value is not None
    )
    content = "".join(inside)
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


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
