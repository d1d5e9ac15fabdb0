"""Shots in batches, for simulators that look at no signal while they work: between two batches a run can end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qamctl.errors import BackendError
from qamctl.quantum.program import Counts, join_counts


class Stopped(BackendError):
    """The simulation was told to end before it had its shots.

    Attributes
    ----------
    counts
        What it had by then; None where that is nothing.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        super().__init__("the simulation was stopped before it had its shots")
        self.counts = counts


def in_batches(
    measure: Callable[[int, int], Counts],
    shots: int,
    each: float,
    limit: float,
    seed: Sequence[int],
    stop: Callable[[], bool],
) -> Counts:
    """Counts of all shots together; how they are divided depends on no clock, so that equal seeds give equal counts.

    Parameters
    ----------
    measure
        Takes shots and a seed below 2^32.
    each, limit
        What one shot costs, and a batch may at most, in the same unit.
    seed
        Numbers that tell this run from others.

    Raises
    ------
    Stopped
        `stop` said so before the last batch.
    """
    size = max(1, min(shots, int(limit / each)))
    sizes = [min(size, shots - at) for at in range(0, shots, size)]
    found: list[Counts] = []
    for own, state in zip(sizes, np.random.SeedSequence(list(seed)).generate_state(len(sizes)).tolist(), strict=True):
        if stop():
            raise Stopped(_together(found) if found else None)
        found.append(measure(own, int(state)))
    return _together(found)


def _together(found: Sequence[Counts]) -> Counts:
    if len(found) == 1:
        return found[0]
    samples = np.concatenate([counts.samples for counts in found])
    return join_counts(samples, np.concatenate([counts.occurrences for counts in found]))
