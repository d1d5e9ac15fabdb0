"""Samples as they were read, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


class Unreadable(Exception):
    """What is wrong with samples: a sentence, the line where there is one, and the next step."""

    def __init__(self, message: str, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.hint = message, line, hint


@dataclass(frozen=True)
class SampleFile:
    """Samples of a binary model.

    Attributes
    ----------
    values
        [s, n] 0 and 1; spins -1 and 1 are read as 0 and 1.
    occurrences
        [s] how often each was drawn.
    labels
        [n] what the columns are called; None where the file does not say.
    format
        What the file is, for people.
    """

    values: np.ndarray
    occurrences: np.ndarray
    labels: tuple[str, ...] | None
    format: str


def sample_file(
    values: np.ndarray, labels: Sequence[str] | None, format: str, occurrences: np.ndarray | None = None
) -> SampleFile:
    """Samples from numbers [s, n]: 0 and 1, or, where a -1 is among them, spins.

    Raises
    ------
    Unreadable
        A value is neither, a label stands twice, or an occurrence is no count.
    """
    numbers = np.asarray(values)
    if numbers.ndim != 2:
        raise Unreadable(f"samples are rows of 0 and 1, found {numbers.ndim} dimensions")
    if numbers.dtype.kind not in "biuf":
        raise Unreadable("a value is no number", hint="samples are rows of 0 and 1, or of -1 and 1")
    spins = bool((numbers == -1).any())
    fine = (numbers == 1) | (numbers == (-1 if spins else 0))
    if not fine.all():
        s, i = (int(k[0]) for k in np.nonzero(~fine))
        name = f"variable {labels[i]!r}" if labels is not None else f"column {i + 1}"
        allowed = "0 beside -1: spins are -1 and 1" if numbers[s, i] == 0 else f"{numbers[s, i]}"
        raise Unreadable(f"sample {s + 1} gives {name} the value {allowed}", hint="values are 0 and 1, or -1 and 1")
    if labels is not None and len(set(labels)) != len(labels):
        twice = next(label for k, label in enumerate(labels) if label in labels[:k])
        raise Unreadable(f"the label {twice!r} stands twice")
    met = np.ones(len(numbers), np.int64) if occurrences is None else np.asarray(occurrences)
    whole = met.dtype.kind in "biuf" and bool(((met >= 0) & (met == np.rint(met)) & (met < 2.0**53)).all())
    if met.shape != (len(numbers),) or not whole:
        raise Unreadable("how often each sample occurs must be a whole number for each")
    names = None if labels is None else tuple(labels)
    return SampleFile((numbers == 1).astype(np.uint8), met.astype(np.int64), names, format)


def from_bitstrings(counts: Sequence[tuple[str, int]], format: str, *, first_left: bool) -> SampleFile:
    """Samples from bit strings and how often each occurs.

    Parameters
    ----------
    first_left
        The leftmost bit is that of variable 0; else, as in qiskit, that of the last one.
    """
    widths = {len(bits) for bits, _ in counts}
    if len(widths) > 1:
        few, many = min(widths), max(widths)
        raise Unreadable(f"the bit strings have different lengths, from {few} to {many}")
    raw = "".join(bits for bits, _ in counts).encode("ascii")
    values = (np.frombuffer(raw, np.uint8) - ord("0")).reshape(len(counts), next(iter(widths), 0))
    met = np.array([count for _, count in counts], np.int64)
    return sample_file(values if first_left else values[:, ::-1], None, format, met)
