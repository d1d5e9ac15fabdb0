"""pasqal.pulser-results.v1: counts of what the atoms of a pulse sequence were measured as.

    {"001010": 50, "001011": 50}    or    {"counter": {...}}

Bit order: Pulser writes the first atom of the register leftmost (pulser/result.py: strings are the numbers of basis
states in `atom_order`), so the strings are reversed: atom k is bit k, and the highest is leftmost here as everywhere.
The SDK gives the strings as they are (azure/quantum/target/pasqal/result.py).
"""

from __future__ import annotations

from typing import Any, Final

from qamctl.azure.results.fault import Unreadable
from qamctl.azure.results.outcome import bitstring
from qamctl.azure.results.result import Result, from_counts, whole_count

FORMAT: Final = "pasqal.pulser-results.v1"


def read(document: Any, shots: int | None, bits: int | None) -> tuple[Result, ...]:
    """One result; there is no sequence."""
    counts = document.get("counter", document) if isinstance(document, dict) else None
    if not isinstance(counts, dict) or not counts:
        raise Unreadable("it has no counts")
    met = {bitstring(key)[::-1]: whole_count(value, key) for key, value in counts.items()}
    return (from_counts(met, FORMAT, bits),)
