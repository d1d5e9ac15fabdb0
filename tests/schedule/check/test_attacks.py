"""Schedules with crews, calendars, setups, rules, data and tasks left out: broken in one way, rejected for just that."""

from __future__ import annotations

import pytest
from support.schedule_attacks import ATTACKS, SOUND, Data, Rows

from qamctl.schedule.check import Report, check_schedule
from qamctl.schedule.read import schedule_from_data


def verdict(tasks: list[Data], rest: Data, rows: Rows) -> Report:
    """The checker's report; plain texts among the rows are tasks that are left out."""
    spec = schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **rest})
    assignments = [row for row in rows if not isinstance(row, str)]
    return check_schedule(spec, assignments, [row for row in rows if isinstance(row, str)])


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
