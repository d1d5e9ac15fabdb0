"""The schedule as bars."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qamctl.cli.gantt import MOST_LINES, gantt
from qamctl.cli.table import columns


def row(task: str, start: float, end: float, *agents: str) -> dict[str, Any]:
    return {"task": task, "agents": list(agents), "start": start, "end": end}


def test_bars_stand_at_their_times() -> None:
    """A bar begins and ends where its task does, and carries its name where there is room."""
    text = gantt([row("t1", 0, 5, "a"), row("t2", 5, 10, "b")], width=23, unit="s")
    assert text == "a |[t1======]\nb |          [t2======]\n  0                10 s"


def test_agents_come_in_natural_order() -> None:
    """M2 stands before M10."""
    text = gantt([row("x", 0, 1, "M10"), row("y", 0, 1, "M2")], width=40)
    assert [line.split()[0] for line in text.splitlines()[:2]] == ["M2", "M10"]


def test_an_agent_with_two_tasks_at_once_has_two_lines() -> None:
    """Overlapping bars never hide each other."""
    lines = gantt([row("t1", 0, 5, "a"), row("t2", 3, 10, "a")], width=40).splitlines()
    assert lines[0].startswith("a |[t1")
    assert lines[1].startswith("  |")
    assert "[t2" in lines[1]


def test_without_agents_each_task_has_its_line() -> None:
    """Tasks that need no agent are listed by their start."""
    lines = gantt([row("late", 5, 10), row("early", 0, 5)], width=40).splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["early", "late"]


def test_many_agents_are_cut_and_counted() -> None:
    """The picture stays small enough to be seen at once, and says what is left out."""
    lines = gantt([row(f"t{k}", 0, 1, f"a{k}") for k in range(100)], width=80).splitlines()
    assert len(lines) == MOST_LINES + 2
    assert lines[-1] == f"... and {100 - MOST_LINES} more lines"


def test_an_empty_schedule_has_no_picture() -> None:
    """Nothing to draw is drawn as nothing."""
    assert gantt([], width=80) == ""
    assert gantt([row("milestone", 0, 0, "a")], width=80) == ""


@given(
    bars=st.lists(
        st.tuples(st.text(max_size=30), st.integers(0, 1000), st.integers(0, 1000), st.sampled_from(["", "a", "日本"])),
        max_size=30,
    ),
    width=st.integers(40, 120),
)
def test_no_line_is_wider_than_the_page(bars: list[tuple[str, int, int, str]], width: int) -> None:
    """Whatever the names and times, no line wraps."""
    rows = [row(task, start, start + size, *([agent] if agent else [])) for task, start, size, agent in bars]
    assert all(columns(line) <= width for line in gantt(rows, width=width).splitlines())
