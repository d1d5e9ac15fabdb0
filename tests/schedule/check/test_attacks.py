"""A schedule with crews, calendars, setups, rules, data or tasks left out is rejected for just what is broken."""

from __future__ import annotations

import pytest
from support.schedule_attacks import ATTACKS, SOUND, Data, Rows, row

from qamctl.schedule.check import Report, check_schedule
from qamctl.schedule.read import schedule_from_data


def verdict(tasks: list[Data], rest: Data, rows: Rows) -> Report:
    """The checker's report; plain texts among the rows are tasks that are left out."""
    spec = schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **rest})
    assignments = [one for one in rows if not isinstance(one, str)]
    return check_schedule(spec, assignments, [one for one in rows if isinstance(one, str)])


@pytest.mark.parametrize(
    ("kind", "tasks", "rest", "good", "bad"), ATTACKS, ids=[f"{k}-{attack[0]}" for k, attack in enumerate(ATTACKS)]
)
def test_a_schedule_broken_in_one_way_is_rejected_for_just_that(
    kind: str, tasks: list[Data], rest: Data, good: Rows, bad: Rows
) -> None:
    """The sound schedule passes; the broken one fails with its kind and no other."""
    assert verdict(tasks, rest, good).violations == ()
    report = verdict(tasks, rest, bad)
    assert report.counts == {kind: 1}
    assert not report.feasible
    assert report.violations[0].text


@pytest.mark.parametrize(("tasks", "rest", "rows"), SOUND)
def test_corners_at_which_nothing_breaks_are_accepted(tasks: list[Data], rest: Data, rows: Rows) -> None:
    """Intervals that touch, tasks of no length, and rules about nobody break nothing."""
    assert verdict(tasks, rest, rows).violations == ()


def test_texts_say_where_when_and_by_how_much() -> None:
    """Tasks, agents, resources, moments in the unit and amounts stand in the text."""
    tasks: list[Data] = [
        {"id": "x", "duration": 3, "count": 2, "demand": {"ram": 2}, "preemptible": True, "setup": "f"},
        {"id": "y", "duration": 2, "after": [{"task": "x", "data": 8}], "gang": "g"},
        {"id": "z", "duration": 2, "setup": "f", "gang": "g", "demand": {"ram": 1.5}, "near": ["y"]},
        {"id": "w", "duration": 0, "pinned": {"agents": ["a", "c"]}, "count": 2, "optional": True},
    ]
    rest: Data = {
        "resources": [{"id": "ram", "capacity": 2, "calendar": [[8, 9, 1]]}],
        "agents": [{"id": "a", "calendar": [[2, 4]]}, {"id": "b", "calendar": [[8, 9]]}, {"id": "c"}],
        "setup": [{"from": "f", "to": "f", "time": 4}],
        "communication": {"bandwidth": 2},
        "time": {"unit": "min"},
    }
    rows: Rows = [
        row("x", 1, 6, "a", "b", segments=[[1, 3], [5, 6]]), row("y", 6, 8, "c"), row("z", 7, 9, "b"),
        row("w", 0, 0, "a", "b"),
    ]  # fmt: skip
    assert [str(violation) for violation in verdict(tasks, rest, rows).violations] == [
        "pinned-crew: task w: pinned to agents a, c, done by agents a, b",
        "away: task z: it goes from 7 min to 9 min, 1 min of it while agent b is away, 8 min to 9 min",
        "segments: task x: its segments are [[1, 3], [5, 6]], [[1, 2], [4, 6]] follows from its calendar",
        "transfer: task y: it starts at 6 min, 4 min too early after task x (FS, data 4 min from a, b to c), which "
        "ends at 6 min",
        "gang: task z: it starts at 7 min, 1 min after task y of its gang",
        "setup: task z: it starts at 7 min, 3 min too early after task x on agent b (setup from f to f, 4 min), which "
        "ends at 6 min",
        "near: tasks y and z: agent c does y and not z, and they are near",
        "shared-capacity: resource ram: 1.5 used at 8 min, 0.5 more than there is in the shared pool by its calendar, "
        "1 (z)",
    ]
