"""Work that pauses in gaps: where it ends, whether it may begin, and its pieces, many at once as one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qamctl.schedule.gaps import Gaps, end_of, joined, pieces, skip

#: Patterns of gaps, and (pattern, start, work); pattern -1 has none.
PATTERNS = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), min_size=1, max_size=4).map(
        lambda rows: joined([(start, start + length) for start, length in rows])
    ),
    min_size=1,
    max_size=4,
)
WORK = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=20)


@given(PATTERNS, WORK)
def test_many_are_as_one_by_one(patterns: list[tuple[tuple[int, int], ...]], work: list[tuple[int, int, int]]) -> None:
    """Ends, gaps that starts are in, and pieces are those that each pattern gives on its own."""
    gaps = Gaps.of(patterns)
    rows = [(p if p < len(patterns) else -1, start, ticks) for p, start, ticks in work]
    pattern, start, ticks = np.array(rows, np.int64).T
    spans = [gaps.spans(p) for p, *_ in rows]
    end = gaps.ends(pattern, start, ticks)
    assert end.tolist() == [
        end_of(mine, begin, length) if length else begin
        for mine, (_, begin, length) in zip(spans, rows, strict=True)
    ]  # fmt: skip
    assert gaps.inside(pattern, start).tolist() == [
        skip(mine, begin) != begin for mine, (_, begin, _) in zip(spans, rows, strict=True)
    ]
    assert gaps.length(pattern).tolist() == [sum(b - a for a, b in mine) for mine in spans]
    able = np.flatnonzero(~gaps.inside(pattern, start) & (ticks > 0))
    found = zip(*(column.tolist() for column in gaps.pieces(pattern[able], start[able], end[able])), strict=True)
    assert list(found) == [
        (k, low, high)
        for k, which in enumerate(able.tolist())
        for low, high in pieces(spans[which], int(start[which]), int(end[which]))
    ]


def test_no_gaps_at_all() -> None:
    """Without any pattern work ends when it is done."""
    nothing = Gaps.of([])
    pattern, start = np.array([-1, -1]), np.array([0, 3])
    assert nothing.ends(pattern, start, np.array([2, 0])).tolist() == [2, 3]
    assert not nothing.inside(pattern, start).any()
    assert nothing.length(pattern).tolist() == [0, 0]
    assert [column.tolist() for column in nothing.pieces(pattern, start, start + 1)] == [[0, 1], [0, 3], [1, 4]]
