"""Starts of tasks by the gaps that they meet: every start that is possible is in one piece, with its true end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.cpsat_cases import instance_of

from qamctl.schedule.gaps import Spans, end_of, pieces
from qamctl.schedule.gaps import joined as joined_spans
from qamctl.schedule.solvers.cpsat_calendars import Calendars, Piece, joined, pausing_pieces, whole_pieces
from qamctl.schedule.solvers.cpsat_supplies import Takes

GAPS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda g: (g[0], g[0] + g[1])), max_size=6)
WINDOW = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).map(
    lambda w: (w[0], w[0] + w[1], w[2], w[2] + w[3] + 5)
)


def starts_of(found: tuple[Piece, ...]) -> dict[int, Piece]:
    """The piece of every start; none is in two."""
    out: dict[int, Piece] = {}
    for piece in found:
        for low, high in piece.starts:
            assert low <= high
            for start in range(low, high + 1):
                assert start not in out
                out[start] = piece
    return out


@given(GAPS, st.integers(1, 12), WINDOW)
def test_pieces_of_tasks_that_pause(gaps: list[tuple[int, int]], work: int, window: tuple[int, int, int, int]) -> None:
    """Each start in no gap has a piece if its end is in time, and the piece knows that end and the gaps before it."""
    spans: Spans = joined_spans(gaps)
    first_start, last_start, first_end, last_end = window
    known = starts_of(pausing_pieces(spans, work, window))
    for start in range(first_start, last_start + 1):
        inside = any(low <= start < high for low, high in spans)
        end = None if inside else end_of(spans, start, work)
        assert (start in known) == (end is not None and first_end <= end <= last_end)
        if start in known and end is not None:
            assert known[start].size == end - start
            assert known[start].gaps == tuple(span for span in spans if start < span[0] < end)
    assert set(known) <= set(range(first_start, last_start + 1))


@given(GAPS, st.integers(1, 12), WINDOW)
def test_starts_of_tasks_that_do_not_pause(
    gaps: list[tuple[int, int]], work: int, window: tuple[int, int, int, int]
) -> None:
    """A start is possible exactly where the task meets no gap and is in time."""
    spans: Spans = joined_spans(gaps)
    first_start, last_start, first_end, last_end = window
    known = starts_of(whole_pieces(spans, work, window))
    for start in range(first_start, last_start + 1):
        free = pieces(spans, start, start + work) == [(start, start + work)]
        assert (start in known) == (free and first_end <= start + work <= last_end)
    assert set(known) <= set(range(first_start, last_start + 1))


def test_ranges_are_joined() -> None:
    """Ranges that overlap or follow each other become one."""
    assert joined([(5, 6), (0, 2), (3, 3), (9, 12), (10, 11)]) == [(0, 3), (5, 6), (9, 12)]


def test_options_with_the_same_times_are_one_way() -> None:
    """Options are told apart by their work, their gaps, and what they take from the pool while others pause."""
    instance = instance_of(
        resources=[{"id": "gpu", "capacity": 2}],
        agents=[
            {"id": "a"},
            {"id": "b", "calendar": [[3, 5]]},
            {"id": "c", "calendar": [[3, 5]], "capacity": {"gpu": 1}},
            {"id": "d", "speed": 2},
        ],
        tasks=[{"id": "x", "duration": 4, "demand": {"gpu": 1}, "preemptible": pauses} for pauses in (False,)]
        + [{"id": "y", "duration": 4, "demand": {"gpu": 1}, "preemptible": True}],
    )
    assert instance.crews is not None
    options = len(instance.option_mode)
    calendars = Calendars(instance, instance.crews, Takes(instance, instance.crews).of_pool(options))
    ways = [calendars.ways(t, (0, 9, 0, 20), range(4 * t, 4 * t + 4)) for t in (0, 1)]
    # a; b and c, who are away alike, but hold different things; d, who is quicker
    assert [len(found) for found in ways] == [3, 4]
    assert [way.pauses for way in ways[1]] == [False, True, True, False]
    assert [way.needs for way in ways[1] if way.pauses] == [((1, 1),), ()]
