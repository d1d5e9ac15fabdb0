"""Calendars, crews, rules, setups and transfers of a schedule spec: what is read, and each fault told once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.reading import data_faults, spec_data

from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import Rule, ScheduleSpec, transfer_ticks


def fleet(**fields: Any) -> dict[str, Any]:
    """Two agents, a shared resource and two tasks."""
    resources = [{"id": "gpu", "capacity": 4}]
    tasks = [{"id": "t", "duration": 1}, {"id": "u", "duration": 1}]
    return spec_data(**({"resources": resources, "agents": [{"id": "a"}, {"id": "b"}], "tasks": tasks} | fields))


def task(**fields: Any) -> dict[str, Any]:
    return fleet(tasks=[{"id": "t", "duration": 1} | fields, {"id": "u", "duration": 1}])


def read(data: dict[str, Any]) -> ScheduleSpec:
    return schedule_from_data(data)


def test_absences_that_meet_are_one_and_are_rounded_outwards() -> None:
    """[3, 5] and [4, 6] are [3, 6]; in ticks of 2 that is [1, 3]."""
    agents = [{"id": "a", "calendar": [[3, 5], [4, 6], [8, 9]]}, {"id": "b"}]
    away = read(fleet(agents=agents)).agents.away
    assert [away.of(0), away.of(1)] == [[(3, 6, 0), (8, 9, 0)], []]
    coarse = read(fleet(agents=agents, time={"resolution": 2}))
    assert coarse.agents.away.of(0) == [(1, 3, 0), (4, 5, 0)]


def test_periods_have_scaled_capacities() -> None:
    """Half a unit makes every quantity of the resource ten times as many."""
    spec = read(fleet(resources=[{"id": "gpu", "capacity": 4, "calendar": [[7, 9, 0.5], [2, 5, 1]]}]))
    assert spec.resources.capacity.tolist() == [40]
    assert spec.resources.calendar.of(0) == [(2, 5, 10), (7, 9, 5)]


def test_a_table_holds_calendars_and_partners() -> None:
    """Intervals are written from..to, periods from..to=capacity, partners as ids and @label/group."""
    spec = read(
        fleet(
            resources={"csv": "id,capacity,calendar\ngpu,4,2..5=1|7..9=0\n"},
            agents={"csv": "id,calendar,taints\na,3..5|8..9,x|y\nb,,\n"},
            tasks={
                "csv": "id,duration,near,tolerates,optional,spread\n"
                "t,1,u|@zone/web|@/g,x,true,label=zone|max_skew=2\nu,1,@zone/web|@/g,,,label=zone|max_skew=2\n"
            },
        )
    )  # fmt: skip
    assert spec.resources.calendar.of(0) == [(2, 5, 1), (7, 9, 0)]
    assert spec.agents.away.of(0) == [(3, 5, 0), (8, 9, 0)]
    assert spec.agents.taints == [frozenset("xy"), frozenset()]
    assert spec.modes.tolerates == [frozenset("x"), frozenset()]
    assert spec.tasks.optional.tolist() == [True, False]
    assert spec.rules == (
        Rule("near", None, (0, 1)), Rule("near", "zone", (0, 1)), Rule("near", None, (0, 1)),
        Rule("spread", "zone", (0, 1), 2),
    )  # fmt: skip


def test_a_row_of_setup_about_some_agents_goes_before_a_row_about_all() -> None:
    """Agents that the same rows are about share a table; families that only rows name are known, too."""
    rows = [{"from": "x", "to": "y", "time": 3}, {"from": "x", "to": "y", "time": 1, "agents": ["b"]}]
    setups = read(task(setup="x") | {"setup": rows}).setups
    assert setups is not None
    assert setups.families == ("x", "y")
    assert setups.of_agent.tolist() == [0, 1]
    assert setups.time[:, 0, 1].tolist() == [3, 1]


def test_links_have_their_own_speed_and_latency() -> None:
    """5 units at 2 a second and a second of latency take 3.5 s, at 10 a second half a second; ticks are whole."""
    data = fleet(communication={"bandwidth": 2, "latency": 1}, links=[{"a": "a", "b": "b", "bandwidth": 10}])
    data["tasks"][1]["after"] = [{"task": "t", "data": 5}]
    spec = read(data)
    sent = spec.transfers
    assert sent is not None
    assert spec.after.data.tolist() == [5_000_000]
    ticks = [
        transfer_ticks(5_000_000, int(bandwidth), int(latency), spec.time.resolution)
        for bandwidth, latency in zip(sent.bandwidth, sent.latency, strict=True)
    ]
    assert ticks == [4, 1]
    assert sent.link == {(0, 1): 1, (1, 0): 1}


def test_pins_of_several_agents_and_of_a_mode() -> None:
    """All agents of a crew are pinned together; a mode is pinned by its id."""
    modes = [{"id": "m", "duration": 1, "count": 2}, {"id": "n", "duration": 4}]
    spec = read(task(duration=None, modes=modes, pinned={"agents": ["b", "a"], "mode": "m"}))
    assert spec.tasks.pinned_crew == {0: (0, 1)}
    assert (spec.tasks.pinned_agent.tolist(), spec.tasks.pinned_mode.tolist()) == ([0, -1], [0, -1])
    assert spec.modes.count.tolist() == [2, 1, 1]


def test_fields_of_clusters_say_nothing_here() -> None:
    """One table of agents serves both kinds of spec."""
    plain = {"id": "a", "demand": {"gpu": 1}, "cluster": "c", "move_cost": 2, "group": "g", "location": "north"}
    assert read(fleet(agents=[plain, {"id": "b"}])).agents.ids == ("a", "b")


def test_gangs_and_families_are_numbered_as_they_come() -> None:
    """Tasks of one name share a number; others have -1."""
    spec = read(
        fleet(tasks=[{"id": k, "duration": 1, "gang": g} for k, g in zip("xyz", ["g", None, "g"], strict=True)])
    )
    assert np.array_equal(spec.tasks.gang, [0, -1, 0])


def agent(**fields: Any) -> dict[str, Any]:
    return fleet(agents=[{"id": "a"} | fields, {"id": "b"}])


def gpu(**fields: Any) -> dict[str, Any]:
    return fleet(resources=[{"id": "gpu", "capacity": 4} | fields])


ROW = {"from": "x", "to": "y", "time": 1}

FAULTS = [
    (agent(calendar=3), "agents[0].calendar: `calendar` must be a list of [from, to], found 3 (write [[from, to]])"),
    (agent(calendar=[[1]]), "an entry of `calendar` must be [from, to], found a list (in a table write from..to)"),
    (agent(calendar=[[5, 5]]), "an entry of `calendar` must end after it begins"),
    (agent(calendar=[[-1, 5]]), "must not be negative, found -1"),
    (agent(calendar=["1..5"]), "must be [from, to], found `1..5`"),
    (fleet(agents={"csv": "id,calendar\na,1..x\n"}), "agents[0].calendar[0].to: `to` must be a number"),
    (fleet(agents={"csv": "id,calendar\na,1-5\n"}), "must be [from, to], found `1-5` (in a table write from..to)"),
    (agent(taints="x"), "agents[0].taints: `taints` must be a list of names, found `x` (write [x])"),
    (agent(demand={"cpu": 1}), "agents[0].demand.cpu: unknown resource `cpu`"),
    (agent(move_cost=-1), "agents[0].move_cost: `move_cost` must be at least 0"),
    (gpu(calendar=[[1, 2]]), "an entry of `calendar` must be [from, to, capacity]"),
    (gpu(calendar=[[1, 4, 1], [3, 5, 2]]), "overlaps another period of the resource (cut one of them)"),
    (gpu(calendar=[[1, 4, -1]]), "must not be negative"),
    (gpu(calendar=[[1, 4, 1]], kind="consumable"), "has a calendar, but the resource is consumable"),
    (fleet(resources=[{"id": "r", "calendar": [[1, 4, 1]]}]), "has a calendar, but the resource has no shared"),
    (task(count=0), "tasks[0].count: `count` must be at least 1, found 0"),
    (task(count=2, agents="none"), "tasks[0].count: `count` asks for 2 agents, but agents is none"),
    (task(tolerates=[3]), "must be text, found 3"),
    (task(optional=1), "tasks[0].optional: `optional` must be true or false, found 1"),
    (task(optional=True, pinned={"start": 3}), "tasks[0].pinned: has a pinned start, but may be left out"),
    (task(reward=-1), "tasks[0].reward: `reward` must be at least 0"),
    (task(preemptible="yes"), "`preemptible` must be true or false"),
    (task(setup="x"), "tasks[0].setup: has a family, but the spec has no `setup`"),
    (task(gang=3), "tasks[0].gang: `gang` must be text, found 3"),
    (task(near=3), "tasks[0].near: `near` must be a list of task ids or {label, group}, found 3"),
    (task(near=["t"]), "tasks[0].near[0]: `t` is near to itself"),
    (task(apart=["t"]), "tasks[0].apart[0]: `t` is apart from itself"),
    (task(apart=["v"]), "tasks[0].apart[0]: unknown task `v`"),
    (task(near=[3]), "an entry of `near` must be a task id or {label, group}, found 3"),
    (task(near=[{}]), "tasks[0].near[0]: needs a label or a group"),
    (task(near=[{"lable": "zone"}]), "tasks[0].near[0].lable: unknown field `lable` (did you mean `label`?)"),
    (task(apart=["u"], agents="none"), "tasks[0].apart: `apart` asks something of agents, but the task needs none"),
    (task(spread={"max_skew": 1}), "tasks[0].spread: `label` is missing"),
    (task(spread={"label": "zone", "max_skew": 0}), "tasks[0].spread.max_skew: `max_skew` must be at least 1, found 0"),
    (task(spread=3), "tasks[0].spread: `spread` must be a mapping"),
    (task(pinned={"agent": "a", "agents": ["a", "b"]}), "tasks[0].pinned: has `agent` and `agents`"),
    (task(pinned={"agents": ["a", "b"]}), "pins the task to 2 agents, but it needs 1"),
    (task(pinned={"agents": ["a", "c"]}), "tasks[0].pinned.agents: unknown agent `c`"),
    (task(pinned={"mode": "m"}), "tasks[0].pinned.mode: unknown mode `m`"),
    (task(after=[{"task": "u", "data": 3}]), "sends data, but the spec has no `communication`"),
    (task(after=[{"task": "u", "data": -3}]), "must not be negative, found -3"),
    (fleet(setup=[ROW | {"time": -1}]), "setup[0].time: `time` must not be negative"),
    (fleet(setup=[{"from": "x", "to": "y"}]), "setup[0]: `time` is missing"),
    (fleet(setup=[ROW, ROW]), "is a second row from `x` to `y`, after row 1"),
    (fleet(setup=[ROW | {"agents": ["c"]}]), "setup[0].agents: unknown agent `c`"),
    (fleet(communication={"bandwidth": 0}), "communication.bandwidth: `bandwidth` must be at least 1e-06, found 0"),
    (fleet(communication={"bandwith": 1}), "unknown field `bandwith` (did you mean `bandwidth`?)"),
    (fleet(links=[{"a": "a", "b": "c", "bandwidth": 1}]), "links[0].b: unknown agent `c`"),
    (fleet(links=[{"a": "a", "b": "a", "bandwidth": 1}]), "links an agent to itself"),
    (fleet(links=[{"a": "a", "b": "b", "bandwidth": 1}] * 2), "is a second link with bandwidth between the two agents"),
    (fleet(freeze_until=-1), "freeze_until: `freeze_until` must not be negative"),
    (fleet(objective={"balanse": 1}), "unknown objective term `balanse` (did you mean `balance`?)"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), FAULTS, ids=[expected[:50] for _, expected in FAULTS])
def test_each_fault_is_told_once(data: dict[str, Any], expected: str) -> None:
    """One thing wrong gives one diagnostic, in words that say what to do."""
    faults = data_faults(data)
    assert len(faults) == 1, faults
    assert expected in faults[0]


def test_families_need_agents_with_one_slot() -> None:
    """Between tasks that run at once there is no order, so no setup; the agent is named once."""
    data = task(setup="x") | {"setup": [ROW], "agents": [{"id": "a", "slots": 2}, {"id": "b"}]}
    assert data_faults(data) == [
        "tasks[0].setup: has a family, but agent `a`, which may do it, does 2 tasks at once (list its agents without "
        "that one, or give that one a single slot)"
    ]


def test_one_spread_has_one_skew() -> None:
    """Two numbers for one label and group contradict each other; of another group they don't."""
    tasks: list[dict[str, Any]] = [
        {"id": k, "duration": 1, "spread": {"label": "zone", "max_skew": skew}} for k, skew in (("t", 1), ("u", 2))
    ]
    faults = data_faults(fleet(tasks=tasks))
    assert len(faults) == 1
    assert "is 2, and 1 in row 1, for the same label and group" in faults[0]
    tasks[1]["spread"]["group"] = "other"
    assert data_faults(fleet(tasks=tasks)) == []
