"""A difference of two results as Markdown for a pull request: a table of figures, and the changes folded away."""

from __future__ import annotations

from qamctl.cli import diff_rows as cells
from qamctl.cli.markdown import code, figure, folded, plain, table
from qamctl.differences.compared import Changes, Difference


def diff_markdown(found: Difference, *, limit: int) -> str:
    """The difference as Markdown, without a heading.

    Parameters
    ----------
    limit
        Changes that are listed at most; 0: all.
    """
    parts = [f"**{cells.headline(found)}**: {code(found.before.name)} → {code(found.after.name)}"]
    rows = [
        (code(name), figure(before), figure(after), change) for name, before, after, change in cells.figure_cells(found)
    ]
    parts.append(table(cells.FIGURES, rows, right=cells.FIGURES[1:]))
    parts += [f"Note: {plain(note)}" for note in found.notes]
    if found.changes is not None:
        parts.append(plain(cells.sentence(found.changes)))
        parts += [_list(found.changes, limit)] if found.changes.rows else []
    return "\n\n".join(parts)


def _list(changes: Changes, limit: int) -> str:
    shown = changes.rows[: limit or None]
    rows = [
        (code(id), what, *map(figure, fields))
        for id, what, *fields in cells.change_cells(changes, shown, "→")
    ]  # fmt: skip
    all_ = len(changes.rows)
    title = f"{all_} changed {changes.of}{'s' * (all_ != 1)}" + (
        f", the first {len(shown)}" if all_ > len(shown) else ""
    )
    return folded(title, table(cells.change_head(changes), rows, right=[changes.measure]))
