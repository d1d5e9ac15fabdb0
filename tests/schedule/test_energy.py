"""Earliest ends by energy: never later than what is possible, by brute force, and often later than what is known."""

from __future__ import annotations

from itertools import combinations, product
from random import Random

import numpy as np
import pytest

from qamctl.schedule import energy
from qamctl.schedule.energy import Demands, earliest_ends


def demands(length: list[int], need: list[int] | None = None, capacity: int = 1, pausing: int = 0) -> Demands:
    """Of tasks of which the first ones may pause."""
    n = len(length)
    needs = np.array(need or [1] * n)
    return Demands(np.arange(n), needs, np.array(length), np.arange(n) < pausing, capacity)


def possible(what: Demands, low: list[int], high: list[int]) -> list[int] | None:
    """The earliest end of each task over all ways to give tasks ticks in their windows; None where there is none."""
    ways: list[list[tuple[int, ...]]] = []
    for k, (first, last) in enumerate(zip(low, high, strict=True)):
        length = int(what.length[k])
        if what.pausing[k]:
            ways.append(list(combinations(range(first, last), length)))
        else:
            ways.append([tuple(range(s, s + length)) for s in range(first, last - length + 1)])
    found = [10**9] * len(low)
    for chosen in product(*ways):
        used = [0] * (max(high) + 1)
        for k, ticks in enumerate(chosen):
            for tick in ticks:
                used[tick] += int(what.need[k])
        if max(used) <= what.capacity:
            found = [min(end, ticks[-1] + 1) for end, ticks in zip(found, chosen, strict=True)]
    return None if found[0] == 10**9 else found


@pytest.mark.parametrize("block", range(4))
def test_never_later_than_possible(block: int) -> None:
    """On random supplies with windows, forwards and backwards, with tasks that pause and machines."""
    later = refuted = 0
    for seed in range(150 * block, 150 * block + 150):
        rng = Random(seed)
        n, capacity = rng.randint(2, 4), rng.choice((1, 2, 3))
        low = [rng.randint(0, 4) for _ in range(n)]
        length = [rng.randint(1, 3) for _ in range(n)]
        high = [a + p + rng.randint(0, 3) for a, p in zip(low, length, strict=True)]
        need = [rng.randint(1, capacity) for _ in range(n)]
        what = demands(length, need, capacity, rng.choice((0, 0, 1, n)))
        want = possible(what, low, high)
        found = earliest_ends(what, np.array(low), np.array(high))
        top = max(high)
        turned = possible(what, [top - b for b in high], [top - a for a in low])
        back = earliest_ends(what, -np.array(high), -np.array(low))
        if want is None or turned is None:
            assert want is turned
            refuted += found is None or back is None or bool((found > high).any() or (-back < low).any())
            continue
        assert found is not None, seed
        assert back is not None, seed
        assert (found <= want).all(), seed
        assert (back + top <= turned).all(), seed
        later += int((found > np.array(low) + length).any())
    assert later >= 15
    assert refuted >= 15


def test_edges_on_a_machine() -> None:
    """Two tasks that fill the time up to 8 come before a third one, which may end later, whatever it could do alone."""
    found = earliest_ends(demands([3, 4, 3]), np.array([0, 1, 0]), np.array([8, 8, 20]))
    assert found is not None
    assert found.tolist() == [3, 5, 10]


def test_precedences_that_are_seen() -> None:
    """Tasks that can only come before another one push it together, though no set with it is too much."""
    low, high = np.array([0, 1, 2]), np.array([9, 9, 16])
    found = earliest_ends(demands([4, 3, 5]), low, high)
    assert found is not None
    assert found[2] == 12


def test_too_much_for_an_interval_is_impossible() -> None:
    """Three tasks of two ticks on a place for two can't end by 2, whoever is first."""
    what = demands([2, 2, 2], [1, 1, 1], capacity=2)
    assert earliest_ends(what, np.zeros(3, np.int64), np.full(3, 2)) is None
    assert earliest_ends(what, np.zeros(3, np.int64), np.full(3, 4)) is not None


def test_thinned_intervals_stay_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few begins and ends less is seen, never more than is so."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        n = 12
        low = rng.integers(0, 30, n)
        length, need = rng.integers(1, 6, n), rng.integers(1, 4, n)
        what = demands(length.tolist(), need.tolist(), 3)
        high = low + length + rng.integers(5, 30, n)
        monkeypatch.setattr(energy, "GRID", 32)
        whole = earliest_ends(what, low, high)
        monkeypatch.setattr(energy, "GRID", 4)
        few = earliest_ends(what, low, high)
        assert whole is None or (few is not None and (few <= whole).all())
