"""Differences of schedules: who came, went, was left out or taken up, moved, changed hands or mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import row

from qamctl.differences.compared import Changes
from qamctl.differences.schedules import changes_of
from qamctl.errors import SpecError

PLACES = (Path("/old/result.json"), Path("/new/result.json"))


def compare(before: list[Any], after: list[Any], out: tuple[list[str], list[str]] = ([], [])) -> Changes:
    old, new = ({"assignments": rows, "unscheduled": left} for rows, left in zip((before, after), out, strict=True))
    return changes_of(old, new, PLACES)


def test_every_way_of_changing_has_its_word() -> None:
    """And is counted; what did not change has no row."""
    before = [
        row("gone", 0, 1),
        row("out", 0, 1),
        row("same", 2, 3, "a"),
        row("late", 0, 2, "a"),
        row("who", 0, 1, "a"),
    ]
    before += [row("how", 0, 4, mode="slow"), row("long", 0, 2), row("all", 0, 1, "a", "b", mode="x")]
    after = [row("same", 2, 3, "a"), row("late", 5, 7, "a"), row("who", 0, 1, "b"), row("how", 0, 4, mode="fast")]
    after += [row("long", 0, 3), row("all", 1, 3, "a", "c", mode="y"), row("new", 0, 1), row("back", 4, 5)]
    found = compare(before, after, (["back"], ["out"]))
    words = {one.id: one.what for one in found.rows}
    assert words == {
        "gone": ("dropped",), "out": ("left out",), "new": ("added",), "back": ("taken up",), "late": ("moved",),
        "who": ("reassigned",), "how": ("switched",), "long": ("resized",),
        "all": ("reassigned", "switched", "moved", "resized"),
    }  # fmt: skip
    assert found.counts == {
        "dropped": 1, "left_out": 1, "added": 1, "taken_up": 1, "reassigned": 2, "switched": 2, "moved": 2,
        "resized": 2, "paused": 0, "unchanged": 1, "largest_shift": 5,
    }  # fmt: skip
    assert [one.id for one in found.rows] == ["gone", "out", "new", "back", "late", "all", "who", "how", "long"]


def test_a_row_has_both_sides_and_the_shift() -> None:
    """Null where a side does not have the task, or leaves it out."""
    found = compare([row("t", 3, 5, "b", "a"), row("u", 0, 1)], [row("t", 1.5, 3.5, "a", "b")], ([], ["u"]))
    assert found.rows[0].data() == {
        "id": "u", "what": ["left out"], "after": None, "change": None,
        "before": {"agents": [], "mode": None, "start": 0, "end": 1, "segments": None},
    }  # fmt: skip
    moved = found.rows[1]
    assert (moved.what, moved.change) == (("moved",), -1.5)


def test_the_order_of_agents_is_no_change_and_segments_are() -> None:
    """Several agents do a task together, whoever is named first."""
    one, other = row("t", 0, 5, "a", "b"), row("t", 0, 5, "b", "a")
    assert compare([one], [other]).rows == []
    assert compare([one], [other | {"segments": [[0, 2], [4, 5]]}]).rows[0].what == ("paused",)


def test_left_out_on_both_sides_is_unchanged() -> None:
    """Also where they are dropped or added while left out."""
    found = compare([], [], (["a", "b"], ["a", "c"]))
    assert {one.id: one.what for one in found.rows} == {"b": ("dropped",), "c": ("added",)}
    assert found.counts["unchanged"] == 1


TIMES = st.tuples(st.integers(0, 9), st.integers(0, 3))
SCHEDULES = st.dictionaries(st.sampled_from("abcdef"), TIMES)


@given(SCHEDULES, SCHEDULES)
def test_each_task_is_told_once(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> None:
    """Those that changed have a row, the others are counted; the other way round the shifts turn."""
    old, new = ([row(t, start, start + length) for t, (start, length) in one.items()] for one in (before, after))
    found, back = compare(old, new), compare(new, old)
    changed = {task for task in {*before, *after} if before.get(task) != after.get(task)}
    assert {one.id for one in found.rows} == {one.id for one in back.rows} == changed
    assert found.counts["unchanged"] == len({*before, *after}) - len(changed)
    shifts = {one.id: one.change for one in back.rows}
    assert all(shifts[one.id] == (None if one.change is None else -one.change) for one in found.rows)


@pytest.mark.parametrize(
    "rows",
    [None, 7, "rows", [7], [{"start": 0}], [row("a", 0, 1), row("a", 1, 2)], [{"task": "a", "start": "x", "end": 1}],
     [{"task": "a", "agents": "b", "start": 0, "end": 1}], {"table": "none.csv"}, {"table": 7}],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(rows: Any, tmp_path: Path) -> None:
    """With the file that holds it."""
    file = tmp_path / "result.json"
    with pytest.raises(SpecError, match=r"result\.json: "):
        changes_of({"assignments": rows}, {"assignments": []}, (file, file))


def test_tables_beside_results_are_read(tmp_path: Path) -> None:
    """As very large schedules have them."""
    places = []
    for name, start in (("old", 0), ("new", 7)):
        (tmp_path / name).mkdir()
        places.append(tmp_path / name / "result.json")
        text = f"task,agents,mode,start,end,segments\nx,a|b,,{start},{start + 2},\n"
        (tmp_path / name / "assignments.csv").write_text(text)
        (tmp_path / name / "unscheduled.csv").write_text(f"task\n{name}\n")
    block = {"assignments": {"table": "assignments.csv"}, "unscheduled": {"table": "unscheduled.csv"}}
    found = changes_of(block, block, (places[0], places[1]))
    assert [(one.id, one.what, one.change) for one in found.rows] == [
        ("old", ("dropped",), None), ("new", ("added",), None), ("x", ("moved",), 7),
    ]  # fmt: skip
