"""The objective terms that crews, calendars, setups, data, tasks left out and an earlier result have, by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from support.schedule_attacks import Data, Rows, row, setup, team

from qamctl.schedule.check import check_columns, check_schedule
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import Earlier, ScheduleSpec

X: Data = {"id": "x", "duration": 3}
Y: Data = {"id": "y", "duration": 2}
PLAIN = {"makespan", "tardiness", "tardy", "flow", "cost"}


def spec_of(tasks: list[Data], *objective: Data, **rest: Any) -> ScheduleSpec:
    """A spec of these tasks that weighs these levels."""
    data = {"kind": "schedule", "version": 1, "tasks": tasks, "objective": list(objective) or [{"makespan": 1}]}
    return schedule_from_data(data | rest)


def terms(spec: ScheduleSpec, rows: Rows) -> dict[str, float | int]:
    """The terms of a schedule that holds; plain texts among the rows are tasks that are left out."""
    report = check_schedule(spec, [r for r in rows if not isinstance(r, str)], [r for r in rows if isinstance(r, str)])
    assert report.violations == ()
    return report.terms


def test_a_term_is_there_where_the_spec_speaks_of_it_or_weighs_it() -> None:
    """Results of specs without the features have the terms that they always had."""
    one = [row("x", 0, 3, "a")]
    assert terms(spec_of([X], **team(a={})), one).keys() == PLAIN
    assert terms(spec_of([X | {"optional": True}], **team(a={})), one).keys() == PLAIN | {"unscheduled"}
    family = spec_of([X | {"setup": "f"}], **team(a={}), **setup(("f", "f", 1)))
    assert terms(family, one).keys() == PLAIN | {"setup"}
    for term in ("unscheduled", "setup", "communication", "balance", "disruption"):
        for weight in (1, 0):
            found = terms(spec_of([X], {"makespan": 1}, {term: weight}, **team(a={})), one)
            assert found.keys() == PLAIN | {term}
            assert found[term] == 0


def test_tasks_left_out_cost_their_reward_and_nothing_else() -> None:
    """No other term sees them; where nothing is done the makespan is 0."""
    maybe = {"optional": True, "due": 1, "weight": 2}
    tasks = [X | maybe | {"reward": 2.5}, Y | maybe | {"reward": 0.2}]
    spec = spec_of(tasks, {"unscheduled": 1}, **team(a={"cost": {"fixed": 7}}))
    assert terms(spec, ["x", "y"]) == dict.fromkeys(PLAIN, 0) | {"unscheduled": 2.7}
    assert terms(spec, ["x", row("y", 0, 2, "a")]) == {
        "makespan": 2, "tardiness": 2, "tardy": 2, "flow": 4, "cost": 7, "unscheduled": 2.5,
    }  # fmt: skip


def test_every_agent_of_a_crew_costs_and_is_busy() -> None:
    """Fixed costs fall once an agent, the others by its work; the balance is over all agents, also idle ones."""
    agents = team(a={"cost": {"fixed": 10, "per_time": 2}}, b={"cost": {"per_time": 0.5}}, c={"cost": {"fixed": 99}})
    spec = spec_of([X | {"count": 2}, Y], {"cost": 1, "balance": 1}, **agents)
    found = terms(spec, [row("x", 0, 3, "a", "b"), row("y", 3, 5, "a")])
    assert found["cost"] == 10 + 2 * 5 + 0.5 * 3
    assert found["balance"] == float(5 - Fraction(8, 3))
    assert terms(spec_of([X], {"balance": 1}), [row("x", 0, 3)])["balance"] == 0


def test_pauses_are_no_work() -> None:
    """A task that pauses costs and occupies its agents for its work alone; it ends when it ends."""
    agents = team(a={"calendar": [[1, 5]], "cost": {"per_time": 2}}, b={})
    spec = spec_of([X | {"preemptible": True}], {"balance": 1}, **agents)
    found = terms(spec, [row("x", 0, 7, "a", segments=[[0, 1], [5, 7]])])
    assert (found["makespan"], found["flow"], found["cost"], found["balance"]) == (7, 7, 6, 1.5)


def test_setups_are_counted_on_every_agent_between_neighbours() -> None:
    """A crew of two counts on both; a task without a family in between changes nothing; times are in the unit."""
    tasks = [X | {"count": 2, "setup": "f"}, Y | {"count": 2, "setup": "g"}, {"id": "z", "duration": 1}]
    rest = team(a={}, b={}) | setup(("f", "g", 1), ("g", "f", 5)) | {"time": {"resolution": 0.5}}
    rows = [row("x", 0, 3, "a", "b"), row("z", 3, 4, "a"), row("y", 4, 6, "a", "b")]
    assert terms(spec_of(tasks, **rest), rows)["setup"] == 2
    alone = [row("y", 0, 2, "a", "b"), row("x", 7, 10, "a", "b"), row("z", 3, 4, "a")]
    assert terms(spec_of(tasks, **rest), alone)["setup"] == 10


def test_communication_is_what_data_wait_for() -> None:
    """The sum over arcs between scheduled tasks, in the unit; nothing within one agent, nor to or from nobody."""
    after = [{"task": "x", "data": 3}]
    tasks = [X | {"optional": True}, Y | {"after": after}, Y | {"id": "z", "after": after}]
    rest = team(a={}, b={}) | {"communication": {"bandwidth": 2, "latency": 0}, "time": {"resolution": 0.5}}
    spec = spec_of(tasks, **rest)
    rows = [row("x", 0, 3, "a"), row("y", 4.5, 6.5, "b"), row("z", 3, 5, "a")]
    assert terms(spec, rows)["communication"] == 1.5
    assert terms(spec, ["x", row("y", 0, 2, "b"), row("z", 3, 5, "a")])["communication"] == 0


def earlier(spec: ScheduleSpec, start: list[int], agents: list[tuple[int, ...]]) -> ScheduleSpec:
    """The spec with what an earlier result had."""
    told = Earlier({"file": "old.json"}, np.array(start, np.int64), np.zeros(len(start), np.int32), agents)
    return replace(spec, earlier=told)


@pytest.mark.parametrize(
    ("start", "agents", "rows", "value"),
    [
        ([0, 6], [(0,), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 0),  # ticks are half a unit
        ([0, 3], [(0,), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 0.5 * 1.5),
        ([4, 6], [(0,), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 2 * 2),
        (
            [4, 6],
            [(1,), (1,)],
            [row("x", 0, 3, "a"), row("y", 3, 5, "b")],
            2,
        ),  # another agent: once, whatever the start
        ([0, 6], [(-1,), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 2),  # one that is no more
        ([0, 6], [(), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 2),
        ([0, 6], [(0, 1), (1,)], [row("x", 0, 3, "a"), row("y", 3, 5, "b")], 2),
        ([-1, 6], [(), (1,)], [row("x", 9, 12, "a"), row("y", 3, 5, "b")], 0),  # it was not scheduled
        ([0, 6], [(0,), (1,)], [row("x", 0, 3, "a"), "y"], 0.5),
        ([0, -1], [(0,), ()], [row("x", 0, 3, "a"), "y"], 0),
    ],
)
def test_disruption_counts_what_changed(
    start: list[int], agents: list[tuple[int, ...]], rows: Rows, value: float
) -> None:
    """Other agents count 1, else the start as far as it moved in the unit; so does a task that was done, and is not."""
    tasks = [X | {"weight": 2}, Y | {"weight": 0.5, "optional": True}]
    spec = spec_of(tasks, {"disruption": 1}, **team(a={}, b={}), time={"resolution": 0.5})
    assert terms(spec, rows)["disruption"] == 0
    assert terms(earlier(spec, start, agents), rows)["disruption"] == value


def test_crews_of_an_earlier_result_are_compared_whole() -> None:
    """The same agents in any order; one more or less is another crew."""
    spec = spec_of([X | {"count": 2}], {"disruption": 1}, **team(a={}, b={}, c={}))
    for agents, value in (((0, 2), 0), ((0, 1), 1), ((0,), 1), ((-1, 0), 1), ((-1, 2), 1)):
        known = earlier(spec, [0], [agents])
        assert check_columns(known, [0], [3], [0], [2], {0: (0,)}).terms["disruption"] == value


def test_reasoning_is_met_by_any_agent_of_a_crew() -> None:
    """A preference for an agent is met where that agent is among those that do the task."""
    actions = {"prefer x on a": 0.8}
    spec = spec_of([X | {"count": 2}], {"reasoning": 1}, **team(a={}, b={}, c={}), reasoning={"actions": actions})
    assert terms(spec, [row("x", 0, 3, "a", "b")])["reasoning"] == 0
    assert terms(spec, [row("x", 0, 3, "b", "c")])["reasoning"] > 1
    maybe = spec_of([X | {"optional": True}], {"reasoning": 1}, **team(a={}), reasoning={"actions": actions})
    assert terms(maybe, ["x"])["reasoning"] == 0
