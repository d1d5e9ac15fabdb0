"""A circuit's result as a page of text: the counts as bars, the mean of the observable, the engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.cli.table import cell, table
from qamctl.console import Paint

#: Bitstrings on the page; the result file has them all.
MOST_ROWS = 16

#: Columns of the longest bar.
BAR = 24

_STYLES = {"feasible": "good", "interrupted": "warn"}


def circuit_page(result: Mapping[str, Any], *, width: int, paint: Paint, place: str | None = None) -> str:
    """The page of a circuit's result.

    Parameters
    ----------
    result
        The object of a result file.
    place
        Where the whole result is; None where it was not written.
    """
    status, solution = result["status"], result.get("solution") or {}
    lines = [f"Status: {paint(status, _STYLES.get(status, 'bold'))}"]
    if expectation := solution.get("expectation"):
        error = "exact" if expectation["exact"] else f"standard error {expectation['standard_error']:.2g}"
        lines.append(f"Observable: {cell(expectation['value'])} ({error})")
    parts = ["\n".join(lines), _counts(solution, width), _engines(result, width)]
    if place:
        parts.append(f"Result: {place}")
    return "\n\n".join(part for part in parts if part)


def _counts(solution: Mapping[str, Any], width: int) -> str:
    counts = solution.get("counts") or {}
    if not counts:
        return ""
    shots, most = solution["shots"], max(counts.values())
    shown = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_ROWS]
    rows = [
        (text, counts[text], f"{100 * counts[text] / shots:.1f} %", "#" * max(1, round(BAR * counts[text] / most)))
        for text in shown
    ]
    text = table(("bits", "count", "share", ""), rows, width=width, right="count share")
    if more := len(counts) - len(shown):
        text += f"\n... and {more} more bitstrings"
    return text


def _engines(result: Mapping[str, Any], width: int) -> str:
    rows = [
        (
            attempt["backend"],
            attempt.get("objective"),
            attempt["shots"],
            f"{attempt['seconds']:.2f}",
            attempt["variables"],
        )
        for attempt in result.get("attempts") or []
    ]
    if not rows:
        return ""
    return table(("engine", "observable", "shots", "seconds", "qubits"), rows, width=width,
                 right="observable shots seconds qubits")  # fmt: skip
