"""What helped is tried more often, and nothing is given up for good."""

from __future__ import annotations

from collections import Counter

import numpy as np

from qamctl.qubo.record import Record


def chosen(record: Record, times: int = 2_000) -> Counter[str]:
    rng = np.random.default_rng(1)
    return Counter(record.choose(rng) for _ in range(times))


def test_at_first_all_ways_are_alike() -> None:
    """Before anything is known each is chosen about as often."""
    found = chosen(Record(("a", "b", "c", "d")))
    assert set(found) == {"a", "b", "c", "d"}
    assert max(found.values()) < 1.3 * min(found.values())


def test_what_helps_is_chosen_more_often() -> None:
    """A way whose windows improve takes nearly all; the other keeps a small share."""
    record = Record(("good", "poor"))
    for _ in range(200):
        record.learn("good", improved=True)
        record.learn("poor", improved=False)
    found = chosen(record)
    assert found["good"] > 20 * found["poor"] > 0


def test_old_windows_are_forgotten() -> None:
    """Once the other way helps, and the first does no more, the shares turn round: sooner with less memory."""
    for memory, windows in ((0.98, 150), (0.9, 30)):
        record = Record(("first", "second"), memory=memory)
        for k in range(2 * windows):
            record.learn("first", improved=k < windows)
            record.learn("second", improved=k >= windows)
        found = chosen(record)
        assert found["second"] > 5 * found["first"]
