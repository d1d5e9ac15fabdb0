"""What large problems are divided by: components, waves, dealing, and shares of what all draw on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.qubo import partition
from qamctl.qubo.partition import UNCUT, components, deal, imbalance, members, shared, waves

Pairs = list[tuple[int, int]]

calm = settings(deadline=None, max_examples=60)


@st.composite
def links(draw: st.DrawFn, most: int = 20) -> tuple[int, Pairs]:
    """So many items, and pairs of them."""
    n = draw(st.integers(1, most))
    item = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(item, item), max_size=2 * n))


@st.composite
def works(draw: st.DrawFn) -> tuple[list[int], Pairs]:
    """The work of each item, and pairs of which the second waits for the first."""
    n, pairs = draw(links())
    return draw(st.lists(st.integers(1, 30), min_size=n, max_size=n)), sorted(
        {(min(p), max(p)) for p in pairs if p[0] != p[1]}
    )


@st.composite
def dealings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Work of each kind in components, what parts have to do it with, and where each may be."""
    c, p, d = draw(st.integers(1, 12)), draw(st.integers(1, 4)), draw(st.integers(1, 3))

    def table(rows: int, columns: int, least: int, most: int) -> np.ndarray:
        cells = draw(st.lists(st.integers(least, most), min_size=rows * columns, max_size=rows * columns))
        return np.array(cells).reshape(rows, columns)

    return table(c, d, 0, 9).astype(float), table(p, d, 1, 5).astype(float), table(c, p, 0, 3) > 0


def columns(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def joined(n: int, pairs: Pairs) -> list[int]:
    """The least item that each one hangs together with, by union and find."""
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(i) for i in range(n)]


def cut(work: list[int], pairs: Pairs, parts: Callable[[int], int], moment: list[int] | None = None) -> np.ndarray:
    """The waves of items that may begin in the order of their numbers."""
    moments = np.array(list(range(len(work))) if moment is None else moment, np.int64)
    return waves(moments, np.array(work, float), *columns(pairs), parts)


@calm
@given(links())
def test_components_are_those_of_union_and_find(case: tuple[int, Pairs]) -> None:
    """What hangs together has one label; labels are numbered by the first item of each."""
    label, root = components(case[0], *columns(case[1])).tolist(), joined(*case)
    number = {one: k for k, one in enumerate(sorted(set(root)))}
    assert label == [number[one] for one in root]


def test_nothing_has_no_components() -> None:
    """Without items there are no labels."""
    assert components(0, *columns([])).tolist() == []


@calm
@given(works(), st.integers(1, 4))
def test_nothing_is_before_what_it_waits_for(case: tuple[list[int], Pairs], parts: int) -> None:
    """Whatever the order of the moments, the wave of an item is no earlier than that of any it waits for."""
    work, pairs = case
    for moment in (list(range(len(work))), [0] * len(work), list(range(len(work)))[::-1]):
        wave = cut(work, pairs, lambda number: parts, moment)
        assert all(wave[a] <= wave[b] for a, b in pairs)
        assert sorted(set(wave.tolist())) == list(range(int(wave.max()) + 1))


@calm
@given(works(), st.integers(2, 4))
def test_waves_are_cut_until_they_can_be_dealt_evenly(case: tuple[list[int], Pairs], parts: int) -> None:
    """No component is more than `UNCUT` fair shares of its wave, unless nothing in it waits for anything."""
    work, pairs = case
    wave = cut(work, pairs, lambda number: parts)
    inside = [(a, b) for a, b in pairs if wave[a] == wave[b]]
    if inside:
        load = np.bincount(components(len(work), *columns(inside)), work)
        of = wave[np.unique(components(len(work), *columns(inside)), return_index=True)[1]]
        assert (load <= np.bincount(wave, work)[of] * UNCUT / parts + 1e-9).all()


@calm
@given(works())
def test_what_can_be_dealt_is_not_cut(case: tuple[list[int], Pairs]) -> None:
    """One part takes all in one wave, and so do several where nothing waits for anything."""
    work, pairs = case
    assert set(cut(work, pairs, lambda number: 1).tolist()) == {0}
    assert set(cut(work, [], lambda number: 3).tolist()) == {0}


def test_a_chain_is_cut_by_time() -> None:
    """Twenty items that wait one for the other are as many waves; in pairs of chains the halves are about even."""
    chain = [(k, k + 1) for k in range(19)]
    assert cut([1] * 20, chain, lambda number: 2).tolist() == list(range(20))
    assert len(set(cut([1] * 20, chain, lambda number: 2 if number == 1 else 1).tolist())) == 2


def test_halving_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few cuts are allowed, what comes out is an order."""
    monkeypatch.setattr(partition, "HALVINGS", 1)
    assert set(cut([1] * 20, [(k, k + 1) for k in range(19)], lambda number: 2).tolist()) == {0, 1}


@calm
@given(dealings())
def test_components_are_dealt_only_where_they_may_be(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Each is on a part that is allowed; where one is allowed nowhere, there is no dealing."""
    load, supply, allowed = case
    part = deal(load, supply, allowed)
    if not allowed.any(axis=1).all():
        assert part is None
    else:
        assert part is not None
        assert allowed[np.arange(len(load)), part].all()


@calm
@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(1, 3))
def test_one_kind_of_work_is_dealt_within_grahams_bound(work: list[int], parts: int) -> None:
    """On parts that are alike the greatest use is at most 4/3 - 1/(3 p) of the least possible one."""
    found = deal(np.array(work, float)[:, None], np.ones((parts, 1)))
    assert found is not None
    most = np.bincount(found, work, parts).max()
    states = {(0,) * parts}
    for one in work:
        states = {tuple(sorted((*s[:k], s[k] + one, *s[k + 1 :]))) for s in states for k in range(parts)}
    assert most <= (4 / 3 - 1 / (3 * parts)) * min(max(s) for s in states) + 1e-9


def test_larger_parts_get_more() -> None:
    """A part with three times the agents gets about three times the work."""
    part = deal(np.ones((40, 1)), np.array([[1.0], [3.0]]))
    assert part is not None
    assert np.bincount(part).tolist() == [10, 30]


def test_the_scarcest_kind_decides() -> None:
    """Two kinds of work are both dealt evenly, though one is much more."""
    load = np.array([[10.0, 0.0]] * 4 + [[0.0, 1.0]] * 4)
    part = deal(load, np.array([[10.0, 1.0]] * 2))
    assert part is not None
    assert np.bincount(part[:4]).tolist() == np.bincount(part[4:]).tolist() == [2, 2]


@calm
@given(dealings(), st.randoms(use_true_random=False))
def test_imbalance_is_the_sum_of_squares_of_use(case: tuple[np.ndarray, np.ndarray, np.ndarray], rng: Random) -> None:
    """Use is counted against what the whole would be used if all parts were used alike."""
    load, supply, _ = case
    part = [rng.randrange(len(supply)) for _ in load]
    total = 0.0
    for p in range(len(supply)):
        for d in range(load.shape[1]):
            mean = load[:, d].sum() / supply[:, d].sum()
            if mean:
                total += (sum(load[c, d] for c in range(len(load)) if part[c] == p) / supply[p, d] / mean) ** 2
    assert imbalance(load, supply, np.array(part)) == pytest.approx(total)


@calm
@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), min_size=1, max_size=6),
)
def test_shares_add_up(total: int, rows: list[tuple[int, int]]) -> None:
    """All is given away, at least what each must have; where that is more than there is, just that."""
    need, least = np.array([n for n, _ in rows], float), np.array([low for _, low in rows])
    share = shared(total, need, least)
    assert (share >= least).all()
    if least.sum() > total:
        assert share.tolist() == least.tolist()
    elif need.any():
        assert share.sum() == total
    else:
        assert share.tolist() == least.tolist()


def test_shares_follow_needs() -> None:
    """Twice the need is twice the share, where nobody must have more; a part that needs nothing gets nothing."""
    assert shared(90, np.array([1.0, 2.0, 0.0]), np.zeros(3, np.int64)).tolist() == [30, 60, 0]
    assert shared(10, np.array([1.0, 9.0]), np.array([5, 0])).tolist() == [5, 5]


@calm
@given(st.lists(st.integers(0, 5), max_size=30))
def test_members_are_the_items_of_each_label(label: list[int]) -> None:
    """Ascending, and none for a label that nothing has."""
    found = [mine.tolist() for mine in members(np.array(label, np.int64), 6)]
    assert found == [[k for k, one in enumerate(label) if one == number] for number in range(6)]
