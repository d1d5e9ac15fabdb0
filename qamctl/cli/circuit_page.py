"""A circuit's result as a page of text: the counts as bars, the mean of the observable, the engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.cli.gates_page import gates_text
from qamctl.cli.table import cell, table
from qamctl.cli.views import reused_line
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
    lines = [f"Status: {paint(status, _STYLES.get(status, 'bold'))}", *reused_line(result)]
    if expectation := solution.get("expectation"):
        lines.append(f"Observable: {_mean(expectation)}")
    if mitigation := solution.get("mitigation"):
        lines += _mitigation(mitigation)
    parts = ["\n".join(lines), gates_text(result, width, paint), _counts(solution, width), _engines(result, width)]
    if place:
        parts.append(f"Result: {place}")
    return "\n\n".join(part for part in parts if part)


def _mean(told: Mapping[str, Any]) -> str:
    error = "exact" if told.get("exact") else f"standard error {told['standard_error']:.2g}"
    return f"{cell(told['value'])} ({error})"


def _mitigation(told: Mapping[str, Any]) -> list[str]:
    """The raw value, what was done, and what it cost."""
    lines = [] if told["raw"] is None else [f"Without mitigation: {_mean(told['raw'])}"]
    text = f"Mitigation: {', '.join(told['methods'])} (circuits {told['circuits']}, shots {cell(told['shots'])}"
    text += "" if told["overhead"] is None else f", overhead {told['overhead']:.2g}"
    text += "" if told["kept"] is None else f", kept {100 * told['kept']:.1f} %"
    text += ")" if told["fit"] is None else f", fit {told['fit']})"
    return [*lines, text, *(f"Note: {note}" for note in told["notes"])]


def _counts(solution: Mapping[str, Any], width: int) -> str:
    counts = solution.get("counts") or {}
    if not counts:
        return ""
    shots, most = solution["shots"], max(counts.values())
    shown = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_ROWS]
    mitigated = (solution.get("mitigation") or {}).get("distribution")
    head = ("bits", "count", "share", *(("mitigated",) if mitigated else ()), "")
    rows = [
        (text, counts[text], f"{100 * counts[text] / shots:.1f} %",
         *((f"{100 * mitigated.get(text, 0):.1f} %",) if mitigated else ()),
         "#" * max(1, round(BAR * counts[text] / most)))
        for text in shown
    ]  # fmt: skip
    text = table(head, rows, width=width, right="count share mitigated")
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
