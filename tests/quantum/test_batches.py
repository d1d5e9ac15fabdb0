"""Shots in batches: all of them are made, with a seed each, and a run can end in between."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.quantum.program import Counts
from qamctl.quantum.simulate.batches import Stopped, in_batches


def test_batches_make_all_shots_with_seeds_of_their_own() -> None:
    """Sizes add up, no two seeds are equal, the same numbers give the same seeds, and counts are joined."""
    calls: list[tuple[int, int]] = []

    def measure(shots: int, seed: int) -> Counts:
        calls.append((shots, seed))
        return Counts(np.array([[1, 0]], np.uint8), np.array([shots]))

    found = in_batches(measure, 10, 1.0, 4.0, (7, 0), lambda: False)
    assert [shots for shots, _ in calls] == [4, 4, 2]
    assert len({seed for _, seed in calls}) == 3
    assert found.strings() == {"01": 10}
    first = list(calls)
    calls.clear()
    in_batches(measure, 10, 1.0, 4.0, (7, 0), lambda: False)
    assert calls == first
    calls.clear()
    in_batches(measure, 3, 100.0, 1.0, (7, 1), lambda: False)
    assert [shots for shots, _ in calls] == [1, 1, 1]
    assert not {seed for _, seed in calls} & {seed for _, seed in first}


def test_a_run_ends_between_batches() -> None:
    """What was measured until then is not given: it would be fewer shots than were asked for."""
    answers = iter([False, True])
    with pytest.raises(Stopped):
        in_batches(
            lambda shots, seed: Counts(np.zeros((1, 1), np.uint8), np.array([shots])),
            2, 1.0, 1.0, (1,), lambda: next(answers),
        )  # fmt: skip
