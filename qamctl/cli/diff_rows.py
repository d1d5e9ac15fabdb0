"""A difference of two results as cells, which pages and Markdown put into their own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qamctl.cli.table import cell
from qamctl.cli.views import percent
from qamctl.differences.compared import Changes, Difference, Figure, Row, is_number

#: The head of a table of figures.
FIGURES = ("", "before", "after", "change")


def figure_cells(found: Difference) -> list[tuple[str, str, str, str]]:
    """Figures and terms before and after, each name once; those that neither side has are left out."""
    named = {figure.name: figure for figure in (*found.terms, *found.figures)}
    return [
        (name, _shown(named[name], named[name].before), _shown(named[name], named[name].after), _moved(named[name]))
        for name in dict.fromkeys(figure.name for figure in (*found.figures, *found.terms))
        if named[name].before is not None or named[name].after is not None
    ]


def _shown(figure: Figure, value: Any) -> str:
    return percent(value) if figure.name == "gap" and is_number(value) else cell(value)


def _moved(figure: Figure) -> str:
    """The change of a figure; that of a gap in percent, as the gap itself."""
    change = figure.change
    if figure.name != "gap" or change is None:
        return signed(change)
    return f"{100 * change:+.2f} %" if abs(change) >= 0.5e-4 else ""


def signed(change: float | None) -> str:
    """A change with its sign; nothing where there is none."""
    if not change:
        return ""
    return f"+{cell(change)}" if change > 0 else cell(change)


def change_head(changes: Changes) -> tuple[str, ...]:
    """The head of a table of changes."""
    return (changes.of, "what", *changes.fields, *([changes.measure] if changes.measure else []))


def change_cells(changes: Changes, rows: Sequence[Row], arrow: str) -> list[tuple[str, ...]]:
    """A row for each change: what is the same on both sides stands there once, what is not with an arrow between."""
    return [
        (
            row.id, ", ".join(row.what), *(_field(row, name, arrow) for name in changes.fields),
            *([signed(row.change)] if changes.measure else []),
        )
        for row in rows
    ]  # fmt: skip


def _field(row: Row, name: str, arrow: str) -> str:
    sides = [None if side is None else _text(side.get(name)) for side in (row.before, row.after)]
    known = [side for side in sides if side is not None]
    return known[0] if len(set(known)) == 1 else f" {arrow} ".join(known)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return cell(", ".join(map(str, value)))
    if isinstance(value, dict):
        return cell(", ".join(f"{name} {'+'.join(map(str, numbers))}" for name, numbers in value.items()))
    return cell(value)


def sentence(changes: Changes) -> str:
    """How many changed in each way, in words."""
    told = [
        f"{cell(count)} {word.replace('_', ' ')}"
        for word, count in changes.counts.items()
        if count and word not in ("largest_shift", "total_variation")
    ]
    text = f"{changes.of.capitalize()}s: {', '.join(told) or 'none'}"
    if most := changes.counts.get("largest_shift"):
        text += f"; the largest shift is {cell(most)}"
    if distance := changes.counts.get("total_variation"):
        text += f"; total variation {cell(distance)}"
    return text


def headline(found: Difference) -> str:
    """Whether they differ, and which one is better."""
    if found.same:
        return "No difference"
    words = {"better": "The second one is better", "worse": "The second one is worse", "same": "Neither is better"}
    return "They differ" if found.verdict is None else words[found.verdict]
