"""The result of one circuit, and the three ways to it: from shots, from counts, from probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from qamctl.azure.results.fault import Unreadable, clean
from qamctl.azure.results.outcome import LOST

#: Probabilities may sum to 1 with so much of an error.
TOLERANCE: Final = 1e-3

#: Probabilities as whole numbers of this fraction: exact for doubles from here up, so that ties are ties.
_SCALE: Final = 2.0**60


@dataclass(frozen=True)
class Result:
    """What one circuit gave.

    Attributes
    ----------
    counts
        Bitstring -> how often, in the order of the bitstrings, above 0. The leftmost bit is the highest classical bit,
        as qiskit has it; several registers are joined by a space, the last register first.
    shots
        Measured: the sum of the counts, lost ones not included. 0 where there are probabilities only.
    lost
        Shots in which a qubit was lost, or that failed: left out of the counts.
    sequence
        The bitstrings shot by shot, where the format has them; lost shots are left out, as in qiskit's memory, so
        that it has `shots` entries.
    probabilities
        As the service gave them, where it gave only those; outcomes in which a qubit was lost are left out, so they
        sum to 1 less the share of those. None where it counted.
    estimated
        The counts were computed from the probabilities, by largest remainder; nobody counted.
    format
        The output format that was read.
    """

    counts: dict[str, int]
    shots: int
    lost: int
    sequence: tuple[str, ...] | None
    probabilities: dict[str, float] | None
    estimated: bool
    format: str


def from_shots(shots: Iterable[str], format: str, bits: int | None) -> Result:
    """The result of shots, each a bitstring in which a lost qubit is `-`.

    Raises
    ------
    Unreadable
        Bitstrings are of different lengths, or not of so many bits.
    """
    rows = tuple(shots)
    met = Counter(rows)
    if any(LOST in row for row in met):
        rows = tuple(row for row in rows if LOST not in row)
    return from_counts(met, format, bits, rows)


def from_counts(
    met: Mapping[str, int], format: str, bits: int | None, sequence: tuple[str, ...] | None = None
) -> Result:
    """The result of counts of bitstrings, in which a lost qubit is `-`; raises `Unreadable` as `from_shots`."""
    counts = {row: count for row, count in sorted(met.items()) if count and LOST not in row}
    _check_width(counts, bits)
    shots = sum(counts.values())
    return Result(counts, shots, sum(met.values()) - shots, sequence, None, False, format)


def from_probabilities(given: Mapping[str, Any], format: str, shots: int | None, bits: int | None) -> Result:
    """The result of probabilities of bitstrings, in which a lost qubit is `-`.

    Counts are shared out by largest remainder: each outcome gets the whole part of its share of the shots, and those
    with the largest remainders one more, in the order of the bitstrings where remainders are equal. They sum to the
    shots exactly, and equal probabilities give equal counts every time; samples are not drawn, as the SDK does for
    simulators (azure/quantum/qiskit/job.py, `_draw_random_sample`).

    Parameters
    ----------
    shots
        None: not known; then there are no counts.

    Raises
    ------
    Unreadable
        As `from_shots`; or the probabilities are none.
    """
    for row, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1 + TOLERANCE:
            raise Unreadable(f"the probability of {clean(row)} is {clean(value)}, which is none")
    total = sum(given.values())
    if abs(total - 1) > TOLERANCE:
        raise Unreadable(f"its probabilities sum to {total:.6g}, not to 1")
    probabilities = {row: float(value) for row, value in sorted(given.items()) if LOST not in row}
    _check_width(probabilities, bits)
    pooled = probabilities | {LOST: sum(value for row, value in given.items() if LOST in row)}
    counts = _shared_out(pooled, shots or 0)
    lost = counts.pop(LOST, 0)
    return Result(counts, sum(counts.values()), lost, None, probabilities, True, format)


def _shared_out(probabilities: Mapping[str, float], shots: int) -> dict[str, int]:
    """Counts that sum to the shots, without those of 0; the integers are exact, whatever the size."""
    weights = {row: int(value * _SCALE) for row, value in probabilities.items()}
    total = sum(weights.values())
    parts = {row: divmod(weight * shots, total) for row, weight in weights.items()}
    left = shots - sum(whole for whole, _ in parts.values())
    more = set(sorted(parts, key=lambda row: (-parts[row][1], row))[:left])
    counts = {row: whole + (row in more) for row, (whole, _) in parts.items()}
    return {row: count for row, count in counts.items() if count}


def _check_width(rows: Iterable[str], bits: int | None) -> None:
    """Refuse bitstrings of different registers: they would not be of the same bits."""
    first: list[int] | None = None
    for row in rows:
        widths = [len(register) for register in row.split(" ")]
        if first is None:
            first = widths
            if bits is not None and sum(widths) != bits:
                raise Unreadable(f"its outcomes have {sum(widths)} bits, and the program measures {bits}")
        elif widths != first:
            raise Unreadable(f"its outcomes have different lengths, as {clean(row)}")


def whole_count(value: Any, of: str) -> int:
    """A count; raises `Unreadable` where it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"the count of {clean(of)} is {clean(value)}, which is none")
    return value
