"""What an earlier schedule had begun by `freeze_until` stays as it is, if it can; a user is told what can't."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.replanning import spec_of

from qamctl.schedule.carry import Planned, carried, remarks

TOLD = {"file": "earlier.json", "sha256": "0" * 64}
FIVE = [
    {"id": "done", "duration": 3}, {"id": "runs", "duration": 5, "release": 2}, {"id": "next", "duration": 2},
    {"id": "new", "release": 9}, {"id": "held", "pinned": {"start": 1}},
]  # fmt: skip
PLAN = {
    "done": Planned(("a",), None, Fraction(0)), "runs": Planned(("b",), None, Fraction(3)),
    "next": Planned(("a",), None, Fraction(4)), "held": Planned(("b",), None, Fraction(2)),
}  # fmt: skip


def test_what_began_before_is_pinned() -> None:
    """To its start, its crew and its mode; all others are released then, but those that the spec itself pins."""
    tasks = carried(spec_of(FIVE, freeze_until=4), PLAN, TOLD).tasks
    assert tasks.pinned_start.tolist() == [0, 3, -1, -1, 1]
    assert tasks.pinned_agent.tolist() == [0, 1, -1, -1, -1]
    assert tasks.pinned_mode.tolist() == [0, 1, -1, -1, -1]
    assert tasks.pinned_crew == {}
    assert tasks.release.tolist() == [0, 2, 4, 9, 0]


def test_without_freeze_until_or_an_earlier_result_nothing_is_pinned() -> None:
    """The spec is as it was, but that it knows the earlier schedule."""
    spec = spec_of(FIVE)
    assert carried(spec, PLAN, TOLD).tasks is spec.tasks
    assert spec_of(FIVE, freeze_until=4).tasks.release.tolist() == [0, 2, 0, 9, 0]


def test_a_release_that_came_later_does_not_undo_the_past() -> None:
    """A running task stays, though its release is after its start now."""
    tasks = carried(spec_of([{"id": "t", "release": 9}], freeze_until=4), {"t": PLAN["runs"]}, TOLD).tasks
    assert (tasks.pinned_start.tolist(), tasks.release.tolist()) == ([3], [3])


def test_several_agents_stay_together() -> None:
    """The whole crew is pinned; nobody's task without agents stays, too."""
    spec = spec_of([{"id": "t", "count": 2}, {"id": "u", "agents": "none"}], freeze_until=1)
    plan = {"t": Planned(("b", "a"), None, Fraction(0)), "u": Planned((), None, Fraction(0))}
    tasks = carried(spec, plan, TOLD).tasks
    assert tasks.pinned_crew == {0: (0, 1)}
    assert tasks.pinned_start.tolist() == [0, 0]
    assert tasks.pinned_agent.tolist() == [0, -1]


def test_an_optional_task_that_runs_is_optional_no_more() -> None:
    """One that has not begun stays optional."""
    spec = spec_of([{"id": "t", "optional": True}, {"id": "u", "optional": True}], freeze_until=3)
    tasks = carried(spec, {"t": PLAN["done"], "u": PLAN["runs"]}, TOLD).tasks
    assert tasks.optional.tolist() == [False, True]


@pytest.mark.parametrize(
    ("task", "planned"),
    [
        ({}, Planned(("gone",), None, Fraction(1))),
        ({}, Planned(("a", "b"), None, Fraction(1))),
        ({}, Planned((), None, Fraction(1))),
        ({}, Planned(("a",), "mode", Fraction(1))),
        ({"agents": "none"}, Planned(("a",), None, Fraction(1))),
        ({"modes": [{"id": "slow", "duration": 2}]}, Planned(("a",), None, Fraction(1))),
        ({"pinned": {"agent": "b"}}, Planned(("a",), None, Fraction(1))),
        ({"count": 2, "pinned": {"agents": ["b", "c"]}}, Planned(("a", "b"), None, Fraction(1))),
        ({"modes": [{"id": "x", "duration": 2}, {"id": "y", "duration": 2}], "pinned": {"mode": "y"}},
         Planned(("a",), "x", Fraction(1))),
        ({"duration": 3}, Planned(("ill",), None, Fraction(2))),
        ({"duration": 4}, Planned(("quick",), None, Fraction(2))),
        ({"duration": 3, "preemptible": True}, Planned(("ill",), None, Fraction(4))),
    ],
)  # fmt: skip
def test_what_can_not_stay_is_planned_anew(task: dict[str, Any], planned: Planned) -> None:
    """Its agents, or its mode, are no more, too few, away, or not those that the spec pins it to; a remark says so."""
    agents = ["a", "b", "c", {"id": "ill", "calendar": [[4, 6]]}, {"id": "quick", "speed": 2, "calendar": [[3, 6]]}]
    spec = spec_of([{"id": "t"} | task], agents=agents, freeze_until=5)
    after = carried(spec, {"t": planned}, TOLD)
    assert after.tasks.pinned_start.tolist() == [-1]
    assert after.tasks.release.tolist() == [5]
    assert after.tasks.pinned_agent.tolist() == spec.tasks.pinned_agent.tolist()
    assert "1 task had begun by `freeze_until` but can't stay as before, and is planned anew: t;" in remarks(after)[-1]


@pytest.mark.parametrize(
    ("task", "agent", "start"),
    [({"duration": 2}, "ill", 2), ({"duration": 4}, "quick", 1), ({"duration": 3, "preemptible": True}, "ill", 3),
     ({"duration": 0}, "ill", 4), ({"duration": 3, "pinned": {"agent": "a"}}, "a", 4)],
)  # fmt: skip
def test_what_the_calendar_leaves_time_for_stays(task: dict[str, Any], agent: str, start: int) -> None:
    """It ends before its agent leaves, may pause meanwhile, or takes no time."""
    agents = ["a", {"id": "ill", "calendar": [[4, 6]]}, {"id": "quick", "speed": 2, "calendar": [[3, 6]]}]
    spec = spec_of([{"id": "t"} | task], agents=agents, freeze_until=5)
    after = carried(spec, {"t": Planned((agent,), None, Fraction(start))}, TOLD)
    assert after.tasks.pinned_start.tolist() == [start]


def test_remarks_say_what_a_user_should_know() -> None:
    """Of agents that are gone, of the few tasks that could not stay, and of an objective that does not keep to it."""
    tasks = [{"id": f"t{k}"} for k in range(8)]
    plan = {f"t{k}": Planned(("gone",), None, Fraction(k)) for k in range(8)}
    frozen = spec_of(tasks, freeze_until=7, objective={"disruption": 1})
    assert remarks(carried(frozen, plan, TOLD)) == (
        "8 tasks were planned on agents that the spec does not have",
        "7 tasks had begun by `freeze_until` but can't stay as before, and are planned anew: t0, t1, t2, t3, t4, ...; "
        "take out what is finished",
    )
    kept = {"t0": Planned(("a",), None, Fraction(0))}
    assert remarks(carried(spec_of(tasks), kept, TOLD)) == (
        "the earlier schedule is where the search begins; `disruption` in the objective keeps to it",
    )
    assert remarks(carried(spec_of(tasks, objective={"disruption": 1}), kept, TOLD)) == ()
    assert remarks(carried(spec_of(tasks, freeze_until=1), kept, TOLD)) == ()
    assert remarks(spec_of(tasks)) == ()


def test_arrays_of_the_spec_are_left_alone() -> None:
    """What is frozen is frozen in a copy."""
    spec = spec_of(FIVE, freeze_until=4)
    before = [np.array(getattr(spec.tasks, name)) for name in ("release", "pinned_start", "pinned_agent", "optional")]
    carried(spec, PLAN, TOLD)
    after = [getattr(spec.tasks, name) for name in ("release", "pinned_start", "pinned_agent", "optional")]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
