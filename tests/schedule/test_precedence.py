"""Precedence graphs: order, cycles, and the time windows that minimum lags imply."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.schedule.precedence import Graph, find_cycle, topological_order
from qamctl.schedule.spec import NEVER, Precedence

Edge = tuple[int, int, int, int]  # pred, succ, kind, lag


def precedence(edges: list[Edge]) -> Precedence:
    pred, succ, kind, lag = zip(*edges, strict=True) if edges else ((), (), (), ())
    nothing = np.zeros(len(lag), np.int64)
    return Precedence(
        np.array(pred, np.int32), np.array(succ, np.int32), np.array(kind, np.int8), np.array(lag, np.int64), nothing
    )


def graph(n: int, edges: list[Edge]) -> Graph:
    return Graph.build(n, precedence(edges))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@st.composite
def acyclic(draw: st.DrawFn) -> tuple[int, list[Edge]]:
    n = draw(st.integers(1, 7))
    name = draw(st.permutations(range(n)))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    kinds = st.tuples(pairs, st.integers(0, 3), st.integers(-3, 4))
    edges = draw(st.lists(kinds, max_size=10)) if n > 1 else []
    return n, [(name[i], name[j], kind, lag) for (i, j), kind, lag in edges]


@given(acyclic())
def test_order_is_topological(case: tuple[int, list[Edge]]) -> None:
    """Every task stands once, after all its predecessors."""
    n, edges = case
    order = graph(n, edges).order.tolist()
    assert sorted(order) == list(range(n))
    assert all(order.index(i) < order.index(j) for i, j, _, _ in edges)


@given(acyclic())
def test_both_directions_hold_the_same_edges(case: tuple[int, list[Edge]]) -> None:
    """The predecessors and the successors of the tasks are the edges given, repeated ones included."""
    n, edges = case
    g = graph(n, edges)
    back = [
        (int(g.pred_task[e]), j, int(g.pred_kind[e]), int(g.pred_lag[e]))
        for j in range(n)
        for e in range(g.pred_start[j], g.pred_start[j + 1])
    ]
    forth = [
        (i, int(g.succ_task[e]), int(g.succ_kind[e]), int(g.succ_lag[e]))
        for i in range(n)
        for e in range(g.succ_start[i], g.succ_start[i + 1])
    ]
    assert sorted(back) == sorted(forth) == sorted(edges)


@given(acyclic(), st.integers(0, 2**32))
def test_windows_hold_every_schedule(case: tuple[int, list[Edge]], seed: int) -> None:
    """No schedule that keeps the lags starts or ends a task outside its window; the windows are not empty for it."""
    n, edges = case
    rng = Random(seed)
    short = [rng.randint(0, 3) for _ in range(n)]
    long = [d + rng.randint(0, 2) for d in short]
    release = [rng.randint(0, 3) for _ in range(n)]
    pinned = [-1] * n
    start, end = [0] * n, [0] * n
    g = graph(n, edges)
    for t in g.order.tolist():  # a random schedule, predecessors first
        duration = rng.randint(short[t], long[t])
        start[t] = release[t] + rng.randint(0, 2)
        for i, j, kind, lag in edges:
            if j == t:
                moment = (end[i] if kind in (0, 2) else start[i]) + lag
                start[t] = max(start[t], moment if kind in (0, 1) else moment - duration)
        end[t] = start[t] + duration
        if rng.random() < 0.2:
            pinned[t] = start[t]
    first_start, first_end = g.earliest(ints(*release), ints(*pinned), ints(*short), ints(*long))
    last_start, last_end = g.latest(ints(*[max(end)] * n), ints(*pinned), ints(*short), ints(*long))
    assert (first_start <= start).all()
    assert (first_end <= end).all()
    assert (last_start >= start).all()
    assert (last_end >= end).all()


@pytest.mark.parametrize(
    ("kind", "lag", "start", "end"),
    [
        (0, 2, 7, 11),  # FS: after the end
        (1, 2, 4, 8),  # SS: after the start
        (2, 2, 3, 7),  # FF: ends after the end
        (3, 9, 7, 11),  # SF: ends after the start
        (0, -4, 1, 5),
    ],
)
def test_earliest_of_each_type(kind: int, lag: int, start: int, end: int) -> None:
    """The lag counts from the first letter's event of the one to the second letter's of the other."""
    g = graph(2, [(0, 1, kind, lag)])
    starts, ends = g.earliest(ints(2, 0), ints(-1, -1), ints(3, 4), ints(3, 4))
    assert (starts[1], ends[1]) == (start, end)


@pytest.mark.parametrize(
    ("kind", "lag", "start", "end"),
    [(0, 2, 11, 14), (1, 2, 14, 17), (2, 2, 15, 18), (3, 9, 11, 14)],
)
def test_latest_of_each_type(kind: int, lag: int, start: int, end: int) -> None:
    """Seen from the end, the same lags say how late the first task may be."""
    g = graph(2, [(0, 1, kind, lag)])
    starts, ends = g.latest(ints(NEVER, 20), ints(-1, -1), ints(3, 4), ints(3, 4))
    assert (starts[0], ends[0]) == (start, end)


def test_a_pinned_start_is_not_moved() -> None:
    """A pinned start stays where it is, whatever comes before; what follows it moves."""
    g = graph(3, [(0, 1, 0, 0), (1, 2, 0, 0)])
    starts, ends = g.earliest(ints(0, 0, 0), ints(-1, 2, -1), ints(5, 4, 1), ints(5, 4, 1))
    assert starts.tolist() == [0, 2, 6]
    assert ends.tolist() == [5, 6, 7]
    last_start, last_end = g.latest(ints(30, 30, 30), ints(-1, 9, -1), ints(5, 4, 1), ints(5, 4, 1))
    assert last_start.tolist() == [4, 9, 29]
    assert last_end.tolist() == [9, 13, 30]


def test_duration_range_couples_start_and_end() -> None:
    """An end that is pushed pushes the start by the greatest duration, and a start the end by the least."""
    g = graph(2, [(0, 1, 2, 10)])
    starts, ends = g.earliest(ints(0, 0), ints(-1, -1), ints(1, 2), ints(1, 5))
    assert (starts[1], ends[1]) == (6, 11)
    last_start, last_end = g.latest(ints(20, 20), ints(-1, -1), ints(1, 2), ints(1, 5))
    assert (last_start[0], last_end[0]) == (9, 10)


def test_cycle_is_found_in_order() -> None:
    """A cycle is named along its edges, without the tasks that merely hang on it."""
    edges = [(0, 1, 0, 0), (1, 2, 0, 0), (2, 3, 0, 0), (3, 1, 0, 0), (3, 4, 0, 0)]
    after = precedence(edges)
    cycle = find_cycle(5, after.pred, after.succ)
    assert sorted(cycle) == [1, 2, 3]
    assert all((i, j) in {e[:2] for e in edges} for i, j in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    assert len(topological_order(5, after.pred, after.succ)) == 1


def test_self_reference_is_a_cycle_and_none_is_none() -> None:
    """A task after itself is a cycle of one; an acyclic graph has none."""
    itself, chain = precedence([(1, 1, 0, 0)]), precedence([(0, 1, 0, 0), (0, 1, 1, 5)])
    assert find_cycle(2, itself.pred, itself.succ) == [1]
    assert find_cycle(2, chain.pred, chain.succ) == []
    assert find_cycle(0, *(np.zeros(0, np.int32),) * 2) == []


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_cycle_is_found_where_there_is_one(n: int, pairs: list[tuple[int, int]]) -> None:
    """What is found is a closed walk over edges without repeats; nothing is found exactly where all can be ordered."""
    edges = {(i % n, j % n) for i, j in pairs}
    after = precedence([(i, j, 0, 0) for i, j in sorted(edges)])
    cycle = find_cycle(n, after.pred, after.succ)
    assert bool(cycle) == (len(topological_order(n, after.pred, after.succ)) < n)
    assert len(set(cycle)) == len(cycle)
    assert all(step in edges for step in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True))
