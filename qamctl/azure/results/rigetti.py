"""rigetti.quil-results.v1: the readout registers of a Quil program, shot by shot.

    {"ro": [[0, 1], [1, 1], ...]}

Bit order: element j of a row is `ro[j]` (azure/quantum/target/rigetti/result.py: a Readout is the memory region of each
shot), so a row is reversed to have the highest bit leftmost. Registers come in the order in which the output has them,
the last one leftmost.
"""

from __future__ import annotations

from typing import Any, Final

from qamctl.azure.results.document import Row
from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.result import Result, from_shots

FORMAT: Final = "rigetti.quil-results.v1"


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result; Quil may read numbers back, too, and those are refused."""
    if not isinstance(document, dict) or not document:
        raise Unreadable("it has no registers")
    return (from_shots(joined([_rows(name, rows) for name, rows in document.items()]), FORMAT, bits),)


def joined(registers: list[list[str]]) -> list[str]:
    """Shots [s] of registers in the order of their declaration, each [s]; the last one becomes leftmost.

    Raises
    ------
    Unreadable
        They are of different numbers of shots.
    """
    if len({len(rows) for rows in registers}) > 1:
        raise Unreadable("its registers have different numbers of shots")
    if len(registers) == 1:
        return registers[0]
    return [" ".join(parts) for parts in zip(*reversed(registers), strict=True)]


def _rows(name: str, rows: Any) -> list[str]:
    if not isinstance(rows, list):
        raise Unreadable(f"register {clean(name)} is no list of shots")
    known: dict[str, str] = {}
    for row in rows:
        if not isinstance(row, Row) or "2" in row:
            raise Unreadable(f"register {clean(name)} has a shot that is no list of 0 and 1")
        known.setdefault(row, row[::-1])
    return [known[row] for row in rows]
