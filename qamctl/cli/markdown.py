"""Markdown as GitHub reads it: tables, code that holds any text, and what is folded away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qamctl.cli.table import cell


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """A table of cells that are Markdown already.

    Parameters
    ----------
    head
        One title for each column; may be empty.
    right
        Titles of the columns that stand to the right.
    """
    line = " | ".join("---:" if name in right else "---" for name in head)
    return "\n".join([f"| {' | '.join(head)} |", f"| {line} |", *(f"| {' | '.join(row)} |" for row in rows)])


def code(value: object) -> str:
    """A value as code: nothing in it is markup, a mention, or the end of a cell."""
    text = cell(value)
    if text == "-":
        return text
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    bar = r"\|"  # ends no cell there, and is shown as it was
    return f"{fence}{space}{text.replace('|', bar)}{space}{fence}"


def figure(value: object) -> str:
    """A number as it is, anything else as code."""
    text = cell(value)
    return text if re.fullmatch(r"[-+.0-9e]+( %)?", text) else code(text)


def plain(text: str) -> str:
    """A sentence of ours, with whatever names it has in it, so that none of them is markup."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&])", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))


def folded(title: str, content: str) -> str:
    """Content that is shown when its title is clicked."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"
