"""A difference of two results as a page of text."""

from __future__ import annotations

from textwrap import fill

from qamctl.cli import diff_rows as cells
from qamctl.cli.table import table
from qamctl.console import Paint
from qamctl.differences.compared import Difference

_STYLES = {"better": "good", "worse": "bad"}


def diff_page(found: Difference, *, width: int, paint: Paint, limit: int) -> str:
    """The page of a difference.

    Parameters
    ----------
    limit
        Changes that are listed at most; 0: all.
    """
    head = [
        paint(cells.headline(found), _STYLES.get(found.verdict or "", "bold")),
        f"Before: {found.before.name}",
        f"After:  {found.after.name}",
        *(fill(f"Note: {note}", width, subsequent_indent="  ") for note in found.notes),
    ]
    figures = table(cells.FIGURES, cells.figure_cells(found), width=width, right="before after change")
    parts = ["\n".join(head), figures]
    if (changes := found.changes) is not None:
        parts.append(fill(cells.sentence(changes), width, subsequent_indent="  "))
        rows = changes.rows[: limit or None]
        if rows:
            listed = cells.change_cells(changes, rows, "->")
            text = table(cells.change_head(changes), listed, width=width, right=changes.measure)
            more = len(changes.rows) - len(rows)
            parts.append(text + (f"\n... and {more} more: --limit 0 lists all" if more else ""))
    return "\n\n".join(parts)
