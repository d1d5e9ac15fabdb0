"""What the status page is made of: its style, and texts, times and tables as HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --ground: #fff;
  --raised: #f6f8fa; --bad: #b3261e; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --soft: #a0a9b4; --line: #3a424c; --ground: #14181d;
  --raised: #1d232a; --bad: #ff9d94; --link: #8cc2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.25rem 1rem 3rem; background: var(--ground); color: var(--text);
  font: 0.9375rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.125rem; margin: 2rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
p { margin: 0.25rem 0 0.75rem; }
.soft { color: var(--soft); }
a { color: var(--link); }
a:focus-visible, .box:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0.5rem 0 1.25rem; padding: 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; margin: 0; }
dl div { background: var(--raised); border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.5rem 0.75rem; }
dt { color: var(--soft); font-size: 0.8125rem; }
dd { font-size: 1.125rem; font-variant-numeric: tabular-nums; margin: 0; overflow-wrap: anywhere; }
.side { display: flex; flex-wrap: wrap; gap: 0 3rem; }
.side .box { flex: 0 1 22rem; min-width: min(100%, 16rem); }
.box { margin: 0 0 1.25rem; overflow-x: auto; }
.counts { max-width: 26rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
caption { font-weight: 600; padding: 0.25rem 0; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 1rem 0.25rem 0; text-align: left; vertical-align: top;
  white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0.25rem; }
thead th { color: var(--soft); font-size: 0.8125rem; font-weight: 600; }
tbody th { font-weight: 400; }
th.number, td.number { text-align: right; }
.bad { color: var(--bad); font-weight: 600; }
"""

#: What a Content-Security-Policy names the style by.
STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

#: Characters of a text that are shown, so that every row is one line.
_MOST: Final = 48


def text(value: str, *, tail: bool = False) -> str:
    """A text of whatever origin as HTML, on one line.

    Characters that are not seen are written out: those that control a terminal or turn the direction of writing
    could make it read as something else, and halves of characters could not be sent.

    Parameters
    ----------
    tail
        Of a long text the end is shown, as for a path, instead of its beginning.
    """
    short = value
    if len(value) > _MOST:
        short = f"…{value[1 - _MOST :]}" if tail else f"{value[: _MOST - 1]}…"
    return escape("".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in short))


def time(moment: str) -> str:
    """A time as `times.brief` writes it."""
    day, _, clock = moment.rstrip("Z").partition("T")
    return f'<time datetime="{escape(moment)}">{escape(day)} {escape(clock)}</time>'


def duration(seconds: float) -> str:
    """A time span in its two largest units."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number or parts or name == "s":
            parts.append(f"{number} {name}")
    return " ".join(parts[:2])


def table(
    caption: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], *, head: int = 0, box: str = "box"
) -> str:
    """A table that scrolls in a box of its own, also by keyboard.

    Parameters
    ----------
    columns
        Title and class: empty, or `number` (at the right).
    rows
        Cells as HTML.
    head
        The column that names the rows.
    box
        The classes of the box.
    """
    kinds = [f' class="{kind}"' if kind else "" for _, kind in columns]
    titles = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for (name, _), kind in zip(columns, kinds, strict=True)
    )
    opened = [f'<th scope="row"{kind}>' if n == head else f"<td{kind}>" for n, kind in enumerate(kinds)]
    closed = ["</th>" if n == head else "</td>" for n in range(len(kinds))]
    lines = ("".join(a + cell + b for a, cell, b in zip(opened, row, closed, strict=True)) for row in rows)
    named = escape(caption)
    return (
        f'<div class="{box}" role="region" aria-label="{named}" tabindex="0">\n<table>\n<caption>{named}</caption>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n"
        + "".join(f"<tr>{line}</tr>\n" for line in lines)
        + "</tbody>\n</table>\n</div>\n"
    )
