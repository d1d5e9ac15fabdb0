"""An earlier schedule in the options of an instance: what each task is asked for, and whether it still holds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.replanning import after, solved
from support.rich_schedules import rich_spec

from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import Planned, carried
from qamctl.schedule.contest import check_solution, contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import Kept, as_it_was
from qamctl.schedule.read import schedule_from_data

PLAN = {
    "one": Planned(("b",), None, Fraction(4)), "two": Planned(("gone",), None, Fraction(2)),
    "left": Planned((), None, Fraction(3)),
}  # fmt: skip


def instance_of(plan: dict[str, Planned]) -> Instance:
    """Three tasks, one of them optional, after a plan."""
    tasks = [
        {"id": "one", "duration": 2, "release": 1},
        {"id": "two", "duration": 3, "after": ["one"]},
        {"id": "left", "duration": 1, "optional": True, "release": 2},
    ]
    data = {"kind": "schedule", "version": 1, "agents": [{"id": "a"}, {"id": "b"}], "objective": {"disruption": 1}}
    return build_instance(carried(schedule_from_data(data | {"tasks": tasks}), plan, {}))


def kept_by(instance: Instance) -> Kept:
    """What there is to keep."""
    assert instance.kept is not None
    return instance.kept


def test_each_task_is_asked_for_what_it_had() -> None:
    """Its option and its start; who has lost an agent comes last, and whoever was left out first, at its release."""
    instance = instance_of({name: PLAN[name] for name in ("one", "two")})
    kept = kept_by(instance)
    one, two, left = kept.option.tolist()
    assert instance.holder_of_agent[1] == instance.option_holder[one]
    assert (two, instance.crews is not None and bool(instance.crews.out[left])) == (-1, True)
    assert kept.start.tolist() == [4, 2, 2]
    assert kept.out.tolist() == [False, False, True]
    assert np.argsort(kept.keys).tolist() == [2, 0, 1]


def test_tasks_that_are_new_have_the_start_that_their_windows_ask_for() -> None:
    """By precedence from the end; they come after all that have a place."""
    kept = kept_by(instance_of({"one": PLAN["one"]}))
    assert kept.option[1] == -1
    assert kept.start[1] == 3
    assert kept.keys[1] > kept.keys[0]


def test_without_an_earlier_schedule_there_is_nothing_to_keep() -> None:
    """Nor anything as it was."""
    spec = schedule_from_data({"kind": "schedule", "version": 1, "tasks": [{"id": "t", "duration": 1}]})
    instance = build_instance(spec)
    assert instance.kept is None
    assert as_it_was(instance) is None


def test_the_schedule_as_it_was() -> None:
    """Agents, starts and ends; tasks that may be left out and were, are."""
    plan = {"one": PLAN["one"], "two": Planned(("a",), None, Fraction(6))}
    solution = as_it_was(instance_of(plan))
    assert solution is not None
    assert solution.start.tolist() == [4, 6, 0]
    assert solution.end.tolist() == [6, 9, 0]
    assert solution.agent.tolist() == [1, 0, -1]
    assert solution.mode.tolist() == [0, 1, -1]


@pytest.mark.parametrize("plan", [{"one": PLAN["one"]}, {name: PLAN[name] for name in ("one", "two")}])
def test_a_schedule_with_holes_is_not_what_it_was(plan: dict[str, Planned]) -> None:
    """A task that has to be done is new, or its agent is gone."""
    assert as_it_was(instance_of(plan)) is None


def test_a_schedule_that_no_longer_holds_is_not_begun_from() -> None:
    """What it was breaks a release now: the engines get the repaired one."""
    plan = {"one": Planned(("b",), None, Fraction(0)), "two": Planned(("a",), None, Fraction(2))}
    instance = instance_of(plan)
    was, start = as_it_was(instance), contest_of(instance).start
    assert was is not None
    assert check_solution(instance.spec, was).violations
    assert start is not None
    assert not check_solution(instance.spec, start).violations
    assert instance.value(start) == (2.0,)  # each waits for one tick


@pytest.mark.parametrize("size", ["tiny", "small"])
@pytest.mark.parametrize("seed", range(25))
def test_an_unchanged_spec_begins_from_the_very_schedule(seed: int, size: str) -> None:
    """Whatever features it has: the checker accepts it, its disruption is 0, and the search values it alike."""
    data = rich_spec(seed, size)
    data["objective"] = [{"disruption": 1}, *data["objective"]]
    spec = schedule_from_data(data)
    solution = solved(spec)
    if solution is None:
        pytest.skip("a short search finds no schedule of this random spec")
    later = after(spec, solution)
    instance = build_instance(later)
    start = contest_of(instance).start
    assert start is not None
    for column in ("start", "end", "mode", "agent"):
        assert getattr(start, column).tolist() == getattr(solution, column).tolist()
    assert dict(start.others) == dict(solution.others)
    report = check_solution(later, start)
    assert (report.violations, report.levels[0]) == ((), 0)
    np.testing.assert_allclose(instance.value(start), report.levels, rtol=1e-9)
