"""microsoft.quantum-results.v1: probabilities of what a QIR program recorded; what older services gave.

    {"Histogram": ["[0, 1]", 0.5, "[1, 0]", 0.5]}

Keys are written-out outcomes: `[0]`, `(0, 1)`, `0`. Bit order: as in v2, the order in which the program recorded, with
the same limits (`microsoft_v2`).
"""

from __future__ import annotations

from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.outcome import from_display
from qamctl.azure.results.result import Result, from_probabilities

FORMAT: Final = "microsoft.quantum-results.v1"


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result, estimated from probabilities; keys of the same bits are added."""
    histogram = document.get("Histogram") if isinstance(document, dict) else None
    if not isinstance(histogram, list):
        raise Unreadable("it has no list `Histogram`")
    if len(histogram) % 2:
        raise Unreadable("its Histogram is not of pairs")
    probabilities: dict[str, float] = {}
    for key, value in zip(histogram[::2], histogram[1::2], strict=True):
        if not isinstance(key, str) or isinstance(value, bool) or not isinstance(value, int | float):
            raise Unreadable(f"its Histogram has {clean(key)} and {clean(value)}, not an outcome and its probability")
        row = from_display(key)
        probabilities[row] = probabilities.get(row, 0) + value
    return (from_probabilities(probabilities, FORMAT, shots, bits),)
