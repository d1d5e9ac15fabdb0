"""The figures of a result that a condition may speak of, by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from qamctl.gates.aims import Aims
from qamctl.gates.condition import Value

#: Figures that results of every kind have; the seconds are those from the start of the run to its checked answer.
EVERY: Final = ("status", "objective", "bound", "gap", "seconds")

#: Further ones of each kind, besides its terms.
FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "schedule": ("left_out",),
    "cluster": ("moves", "blocked"),
    "reason": ("decision", "evidence_probability", "order_effect"),
    "model": ("energy",),
    "circuit": ("shots",),
}

#: Figures that are words, with the words that they can be; none: any.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("optimal", "feasible", "infeasible", "unknown", "interrupted"),
    "decision": (),
}

#: Figures that stand in the result itself, and those in its solution.
_TOP: Final = ("status", "objective", "bound", "gap", "energy")
_INSIDE: Final = ("decision", "evidence_probability", "order_effect", "shots")

#: Figures that count the rows of a part of the solution.
_COUNTED: Final = {"left_out": "unscheduled", "moves": "moves", "blocked": "blocked"}


def figures_of(kind: str, aims: Aims) -> tuple[str, ...]:
    """The names that a condition on a problem of this kind may speak of."""
    return tuple(dict.fromkeys((*EVERY, *aims.terms, *FURTHER.get(kind, ()))))


def value_of(
    figure: str, result: Mapping[str, Any], seconds: float, tables: Mapping[str, bytes]
) -> Value | None:  # fmt: skip
    """The figure in a result; None where it has none.

    Parameters
    ----------
    result
        The object of a result file.
    seconds
        Since the start of the run.
    tables
        The files that the result names, where very long lists are.
    """
    if figure == "seconds":
        return seconds
    solution = result.get("solution") or {}
    found: Any
    if figure in _TOP:
        found = result.get(figure)
    elif figure in _INSIDE:
        found = solution.get(figure)
    elif figure in _COUNTED:
        found = _count(solution.get(_COUNTED[figure]), tables)
    else:
        found = (result.get("terms") or {}).get(figure)
    return found if isinstance(found, (int, float, str)) else None


def left_out(result: Mapping[str, Any], tables: Mapping[str, bytes]) -> int | None:
    """How many tasks a schedule leaves out; None where there is no schedule."""
    return _count((result.get("solution") or {}).get(_COUNTED["left_out"]), tables)


def _count(rows: Any, tables: Mapping[str, bytes]) -> int | None:
    """How many rows a part of the solution has, inside the result or in a table beside it."""
    if isinstance(rows, Mapping):
        lines = csv.reader(io.StringIO(tables[rows["table"]].decode(), newline=""))
        return sum(1 for _ in lines) - 1  # the first line names the columns
    return len(rows) if isinstance(rows, list) else None
