"""Columns with crews and tasks left out are not trusted, whatever they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.schedule_attacks import Data, row, team

from qamctl.schedule.check import check_columns, check_schedule
from qamctl.schedule.read import schedule_from_data

X: Data = {"id": "x", "duration": 3, "count": 2}
Y: Data = {"id": "y", "duration": 2, "optional": True}
SPEC = schedule_from_data({"kind": "schedule", "version": 1, "tasks": [X, Y], **team(a={}, b={}, c={})})
COLUMNS: Data = {"start": [0, 3], "end": [3, 5], "mode": [0, 1], "agent": [0, 0], "others": {0: (1,)}}
OUT: Data = COLUMNS | {"start": [0, 0], "end": [3, 0], "mode": [0, -1], "agent": [0, -1]}


@pytest.mark.parametrize("others", [{0: (1,)}, {0: [1]}, {0: (2,), 1: ()}, {np.int64(0): (np.int32(2),)}])
def test_crews_may_be_given_in_many_ways(others: Any) -> None:
    """Tuples and lists, of Python's integers and numpy's."""
    assert check_columns(SPEC, **COLUMNS | {"others": others}).feasible


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        (None, "agent-missing"),
        ({}, "agent-missing"),
        ([(1,)], "malformed"),
        ({"x": (1,)}, "malformed"),
        ({0: 1}, "malformed"),
        ({0: "1"}, "malformed"),
        ({0: (1.0,)}, "malformed"),
        ({0: (3,)}, "unknown-agent"),
        ({0: (-1,)}, "unknown-agent"),
        ({0: (0,)}, "agent-twice"),
        ({0: (1, 1)}, "agent-twice"),
        ({0: (1, 2)}, "agent-not-allowed"),
        ({0: (1,), 1: (2,)}, "agent-not-allowed"),
    ],
)
def test_bad_crews_are_named(others: Any, kind: str) -> None:
    """Whatever stands in place of further agents is a violation, and nothing is raised."""
    report = check_columns(SPEC, **COLUMNS | {"others": others})
    assert kind in report.counts
    assert set(report.counts) <= {kind, "agent-missing"}


@pytest.mark.parametrize("task", [2, -1])
def test_further_agents_of_no_task_are_named(task: int) -> None:
    """The key is a task's place in the spec."""
    assert check_columns(SPEC, **COLUMNS | {"others": {0: (1,), task: (2,)}}).counts == {"malformed": 1}


def test_further_agents_need_a_first_one() -> None:
    """A task whose agent is -1 has none, so it can't have further ones."""
    assert check_columns(SPEC, **COLUMNS | {"agent": [-1, 0]}).counts == {"malformed": 1}


def test_the_order_of_a_crew_does_not_matter() -> None:
    """A crew is a set: any of its agents may be named first, in columns and in rows."""
    turned = COLUMNS | {"agent": [1, 0], "others": {0: (0,)}}
    assert check_columns(SPEC, **turned) == check_columns(SPEC, **COLUMNS)
    one, other = ([row("x", 0, 3, *crew), row("y", 3, 5, "a")] for crew in ("ab", "ba"))
    assert check_schedule(SPEC, one) == check_schedule(SPEC, other) == check_columns(SPEC, **COLUMNS)


def test_what_is_left_out_has_mode_minus_one() -> None:
    """Then no other column says anything of it; where it may not be left out, that is said."""
    report = check_columns(SPEC, **OUT)
    assert report.feasible
    assert report.terms["makespan"] == 3
    strange = OUT | {"start": [0, -7], "end": [3, 2**62], "agent": [0, 99], "others": {0: (1,), 1: (7,)}}
    assert check_columns(SPEC, **strange) == report
    assert check_columns(SPEC, **OUT | {"mode": [-1, -1]}).counts == {"not-optional": 1}
    assert check_columns(SPEC, **OUT | {"mode": [-2, -1]}).counts == {"unknown-mode": 1}


def test_rows_and_columns_of_tasks_left_out_are_the_same() -> None:
    """A task without a row that the result names as unscheduled is one of mode -1."""
    assert check_schedule(SPEC, [row("x", 0, 3, "a", "b")], ["y"]) == check_columns(SPEC, **OUT)


@pytest.mark.parametrize("unscheduled", ["y", 7, {"y": 1}, [7], [None], [["y"]]])
def test_a_list_of_unscheduled_tasks_that_is_none_is_malformed(unscheduled: Any) -> None:
    """Anything may stand in a file."""
    report = check_schedule(SPEC, [row("x", 0, 3, "a", "b"), row("y", 3, 5, "a")], unscheduled)
    assert report.counts == {"malformed": 1}


@pytest.mark.parametrize("segments", ["0..1", [1], [[0, 1], [2]], [[0, "1"]], [[0, None]], [[0, 10**400]]])
def test_segments_that_are_none_are_malformed(segments: Any) -> None:
    """Then whether the task pauses rightly is not judged any further."""
    rows = [row("x", 0, 3, "a", "b") | {"segments": segments}, row("y", 3, 5, "a")]
    assert check_schedule(SPEC, rows).counts == {"malformed": 1}


def test_segments_between_ticks_are_named() -> None:
    """Like a start or an end between two ticks."""
    rows = [row("x", 0, 3, "a", "b", segments=[[0, 1.5], [2, 3]]), row("y", 3, 5, "a")]
    assert check_schedule(SPEC, rows).counts == {"not-on-tick": 1}


def test_far_times_of_tasks_that_pause_are_judged_too() -> None:
    """Times at the end of all time, with calendars and data, raise nothing."""
    tasks = [
        {"id": "x", "duration": 3, "preemptible": True},
        {"id": "y", "duration": 2, "after": [{"task": "x", "data": 10**12}]},
    ]
    rest = team(a={"calendar": [[1, 2]]}, b={}) | {"communication": {"bandwidth": 1e-6, "latency": 10**12}}
    rest |= {"time": {"resolution": 0.001}, "objective": {"balance": 1, "communication": 1}}
    spec = schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **rest})
    far = 2**61
    report = check_columns(spec, [0, far - 2000], [far, far], [0, 1], [0, 1])
    assert set(report.counts) == {"duration", "precedence-FS"}
    assert check_columns(spec, [0, far - 2000], [4000, far], [0, 1], [0, 1]).counts == {"transfer": 1}
