"""Lines of bars: nothing overlaps, nothing gets lost that is not told, and never too much is drawn."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qamctl.report.lanes import MOST_BARS, MOST_GROUPS, MOST_LINES, MOST_OF_ONE, lanes_of
from qamctl.report.plan import SHARED, Known, Plan

AGENTS = ["m2", "m10", "m1"]


def row(task: str, start: float, end: float, *agents: str, segments: Any = None) -> dict[str, Any]:
    """A row of a result."""
    return {"task": task, "agents": list(agents), "mode": None, "start": start, "end": end, "segments": segments}


ROWS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 9), st.lists(st.sampled_from(AGENTS), max_size=2, unique=True)),
    max_size=30,
).map(lambda found: [row(f"t{k}", start, start + long, *crew) for k, (start, long, crew) in enumerate(found)])


@given(ROWS, st.floats(1, 1000))
def test_every_task_is_on_a_line_of_each_agent_of_it(rows: list[dict[str, Any]], room: float) -> None:
    """Once for each agent; bars on one line follow each other."""
    lanes = lanes_of(Plan(rows), room)
    drawn = [place for _, bars in lanes.lines for bar in bars for place in bar.rows]
    staffed = any(one["agents"] for one in rows)
    assert sorted(drawn) == sorted(
        k for k, one in enumerate(rows) for _ in (one["agents"] if staffed else []) or [SHARED]
    )
    assert lanes.tasks == (len(rows), len(rows))
    for _, bars in lanes.lines:
        assert all(one.end <= other.start for one, other in pairwise(bars))
    assert lanes.joined == len(
        {place for _, bars in lanes.lines for bar in bars if len(bar.rows) > 1 for place in bar.rows}
    )


def test_the_lines_of_agents() -> None:
    """In the order that people expect, as many lines as there are tasks at once, the name on the first."""
    rows = [row("a", 0, 5, "m10"), row("b", 0, 5, "m2"), row("c", 2, 4, "m2"), row("d", 5, 6, "m2"), row("e", 0, 1)]
    lanes = lanes_of(Plan(rows), 1000)
    assert [(name, [rows[bar.rows[0]]["task"] for bar in bars]) for name, bars in lanes.lines] == [
        (SHARED, ["e"]), ("m2", ["b", "d"]), ("", ["c"]), ("m10", ["a"]),
    ]  # fmt: skip
    assert lanes.groups == (3, 3)


def test_without_agents_resources_have_lines() -> None:
    """A task stands at each resource that it uses; it is shared where it uses none, or no file is known."""
    rows = [row("a", 0, 5), row("b", 0, 5), row("c", 5, 6)]
    plan = Plan(rows, known=Known(uses={"a": ["cpu", "disk"], "b": ["cpu"]}))
    found = [(name, [rows[bar.rows[0]]["task"] for bar in bars]) for name, bars in lanes_of(plan, 1000).lines]
    assert found == [(SHARED, ["c"]), ("cpu", ["a"]), ("", ["b"]), ("disk", ["a"])]
    assert [name for name, _ in lanes_of(Plan(rows), 1000).lines] == [SHARED, ""]


def test_a_task_that_pauses_has_parts() -> None:
    """From the first to the last, and its line is not free in between."""
    rows = [row("a", 0, 9, "m1", segments=[[0, 3], [5, 9]]), row("b", 3, 5, "m1")]
    (_, (bar,)), (_, (other,)) = lanes_of(Plan(rows), 1000).lines
    assert (bar.parts, bar.start, bar.end) == (((0, 3), (5, 9)), 0, 9)
    assert other.rows == (1,)


def test_neighbours_without_room_are_joined() -> None:
    """Only as many as are too narrow together; a wide one stays alone."""
    rows = [row(f"t{k}", k, k + 1, "m1") for k in range(10)] + [row("wide", 10, 100, "m1")]
    lanes = lanes_of(Plan(rows), 50)
    ((_, bars),) = lanes.lines
    assert [len(bar.rows) for bar in bars] == [3, 3, 3, 1, 1]
    assert (lanes.joined, lanes.narrowest) == (9, 2.0)


def test_of_very_many_the_busiest_are_drawn() -> None:
    """So many agents, lines and bars at most; how many are left is told."""
    rows = [row(f"t{a}.{k}", 3 * k, 3 * k + 1 + (a % 2), f"a{a}") for a in range(100) for k in range(300)]
    lanes = lanes_of(Plan(rows), 800)
    assert lanes.groups == (MOST_GROUPS, 100)
    assert {name for name, _ in lanes.lines} == {f"a{a}" for a in range(1, 2 * MOST_GROUPS, 2)}
    assert lanes.tasks == (300 * MOST_GROUPS, 30_000)
    assert sum(len(bars) for _, bars in lanes.lines) <= MOST_BARS
    assert lanes.joined > 0
    wide = [row(f"t{a}.{k}", 0, 10, f"a{a}") for a in range(9) for k in range(100)]
    lanes = lanes_of(Plan(wide), 800)
    assert len(lanes.lines) == MOST_LINES
    assert lanes.groups == (5, 9)
    assert lanes.tasks == (5 * MOST_OF_ONE, 900)


def test_no_time_and_no_tasks() -> None:
    """Tasks that take no time at all are drawn; without tasks there are no lines."""
    assert lanes_of(Plan([]), 800).lines == []
    assert len(lanes_of(Plan([row("a", 0, 0, "m1"), row("b", 0, 0, "m1")]), 800).lines) == 1
