"""Faults of a schedule spec: every one is told, at its place, with what to do."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.reading import data_faults, file_faults, spec_data

from qamctl.errors import ExitCode, SpecError
from qamctl.schedule.read import load_schedule, schedule_from_data

ALL = """\
kind: schedule
version: 1
tme: {unit: s}
resources:
  - {id: cpu, capacity: 4, kind: renewabel}
  - {id: cpu}
agents:
  - {id: a1, capacity: {cpu: 2, gpu: 1}, slots: 0, tags: [x]}
tasks:
  - {id: t1, duration: 3, after: [t9, {task: t1}]}
  - {id: t2, durations: 3}
objective: {makspan: 1}
"""


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Every fault has file, line and column, and a hint where one helps."""
    file = tmp_path / "plan.yaml"
    file.write_text(ALL)
    assert file_faults(file) == [
        "plan.yaml:3:1: unknown field `tme` (did you mean `time`?)",
        "plan.yaml:5:28: `kind` must be one of renewable, consumable, found `renewabel` (did you mean `renewable`?)",
        "plan.yaml:6:6: duplicate id `cpu`, first used by row 1",
        "plan.yaml:8:33: unknown resource `gpu` (did you mean `cpu`?)",
        "plan.yaml:8:42: `slots` must be at least 1, found 0",
        "plan.yaml:8:52: unknown field `tags` (did you mean `taints`?)",
        "plan.yaml:10:35: unknown task `t9`",
        "plan.yaml:10:39: `t1` comes after itself",
        "plan.yaml:11:5: needs `duration` or `modes`",
        "plan.yaml:11:14: unknown field `durations` (did you mean `duration`?)",
        "plan.yaml:12:13: unknown objective term `makspan` (did you mean `makespan`?)",
    ]
    with pytest.raises(SpecError) as caught:
        load_schedule(file)
    assert caught.value.code is ExitCode.SPEC
    assert caught.value.message.endswith("11 faults")


def test_faults_in_tables_are_told_by_line_and_cell(tmp_path: Path) -> None:
    """A side table's faults are file, line and cell; line 1 is its header."""
    (tmp_path / "tasks.csv").write_text(
        "id,duration,demand,after,nme\nt1,3,cpu=1,,\nt2,x,,t1-,\nt3,3\nt4,3,cpu=1|gpu=2,t1|tx:SS,\n"
    )
    file = tmp_path / "plan.yaml"
    file.write_text("kind: schedule\nversion: 1\nresources: [{id: cpu}]\ntasks: {table: tasks.csv}\n")
    assert file_faults(file) == [
        "tasks.csv:1:5: unknown field `nme`",
        "tasks.csv:3:2: `duration` must be a number, a duration such as PT30M, found `x`",
        "tasks.csv:3:4: unknown task `t1-` (did you mean `t1`?)",
        "tasks.csv:4: the row has 2 cells, the header 5 (leave a cell empty where there is nothing to say)",
        "tasks.csv:5:3: unknown resource `gpu` (did you mean `cpu`?)",
        "tasks.csv:5:4: unknown task `tx`",
    ]


def test_a_spec_of_another_kind_is_refused_alone(tmp_path: Path) -> None:
    """Only the kind is complained about, naming what was found and what is wanted."""
    file = tmp_path / "plan.yaml"
    file.write_text("version: 1\nkind: orchestrate\npaths: []\n")
    assert file_faults(file) == [
        "plan.yaml:2:1: this is a spec of kind orchestrate, which this version does not solve "
        "(this version solves specs of kind schedule, cluster, reason, model, hamiltonian and circuit)"
    ]
    file.write_text("version: 1\nkind: model\nvariables: 2\n")
    assert file_faults(file) == [
        "plan.yaml:2:1: this is a spec of kind model, not schedule (`qamctl solve` takes either kind)"
    ]
    file.write_text("version: 1\n")
    assert file_faults(file) == [
        "plan.yaml:1:1: `kind` is missing (one of schedule, cluster, orchestrate, reason, model, hamiltonian, circuit)"
    ]


def task(**fields: Any) -> dict[str, Any]:
    return spec_data(agents=[{"id": "a1"}], resources=[{"id": "cpu"}], tasks=[{"id": "t", "duration": 1} | fields])


def agent(**fields: Any) -> dict[str, Any]:
    return spec_data(resources=[{"id": "cpu"}], agents=[{"id": "a"} | fields])


ONE_FAULT = [
    (spec_data(version=2), "version: version 2 is not known"),
    (spec_data(version=True), "version: version true is not known"),
    ({"kind": "schedule", "tasks": []}, "`version` is missing"),
    ({"kind": "schedule", "version": 1}, "`tasks` is missing"),
    (spec_data(tasks=None), "`tasks` is missing"),
    (spec_data(name=7), "name: `name` must be text, found 7"),
    (spec_data(name="a\nb"), "name: `name` must not hold control characters"),
    (spec_data(time=3), "`time` must be a mapping"),
    (spec_data(time={"unit": 3}), "time.unit: `unit` must be text"),
    (spec_data(time={"unit": "step", "origin": "2026-01-01"}), "time.origin: an origin needs a unit with a length"),
    (spec_data(time={"origin": "today"}), "time.origin: `origin` must be a date-time"),
    (spec_data(time={"origin": "2026-13-01"}), "time.origin: `origin` must be a date-time"),
    (spec_data(time={"resolution": 0}), "time.resolution: `resolution` must be between"),
    (spec_data(solver={"time_limit": 0}), "solver.time_limit: `time_limit` must be above 0"),
    (spec_data(solver={"seed": 1.5}), "solver.seed: `seed` must be a whole number"),
    (spec_data(solver={"seed": 2**63}), "solver.seed: `seed` must be at most"),
    (spec_data(solver={"threads": 0}), "solver.threads: `threads` must be at least 1"),
    (spec_data(solver={"backend": [3]}), "solver.backend: `backend` must be text"),
    (spec_data(solver={"backend": []}), "solver.backend: `backend` must be text"),
    (spec_data(solver=[1]), "`solver` must be a mapping"),
    (spec_data(objective={}), "objective: `objective` must be a map of weights"),
    (spec_data(objective=[]), "objective: `objective` must hold at least one term"),
    (spec_data(objective=["makespan"]), "an entry of `objective` must be a map"),
    (spec_data(objective={"makespan": -1}), "objective.makespan: the weight of makespan must be between 0"),
    (spec_data(objective={"makespan": 1e16}), "objective.makespan: the weight of makespan must be between 0"),
    (spec_data(objective={"makespan": "x"}), "objective.makespan: `makespan` must be a number"),
    (spec_data(horizon=-1), "horizon: `horizon` must not be negative"),
    (spec_data(horizon=1e20), "horizon: `horizon` is more than 1,000,000,000,000 ticks away from 0"),
    (spec_data(resources=[{"id": "r", "capacity": -1}]), "resources[0].capacity: `capacity` must not be negative"),
    (spec_data(resources=[{"id": "r", "capacity": 1e13}]), "resources[0].capacity: `capacity` is absurd"),
    (spec_data(resources=[{"id": "r", "capacity": 1e-7}]), "resources[0].capacity: `capacity` must have at most 6 decimals"),
    (spec_data(resources=[{"id": "r", "weight": -1}]), "resources[0].weight: `weight` must be at least 0"),
    (spec_data(resources=[{"capacity": 1}]), "resources[0]: `id` is missing"),
    (agent(slots=1.5), "agents[0].slots: `slots` must be a whole number"),
    (agent(slots=True), "agents[0].slots: `slots` must be a number, found true"),
    (agent(slots=10**10), "agents[0].slots: `slots` must be at most 1000000000"),
    (agent(speed=0), "agents[0].speed: `speed` must be above 0"),
    (agent(speed=-1), "agents[0].speed: `speed` must be above 0"),
    (agent(speed=1.0000001), "agents[0].speed: `speed` must have at most 6 decimals"),
    (agent(speed=1e7), "agents[0].speed: `speed` must be at most 1000000"),
    (agent(capacity={"gpu": 1}), "agents[0].capacity.gpu: unknown resource `gpu`"),
    (agent(capacity={"cpu": -1}), "agents[0].capacity.cpu: `cpu` must not be negative"),
    (agent(capacity=3), "agents[0].capacity: `capacity` must be {resource: number}"),
    (agent(skills={"x": "high"}), "agents[0].skills.x: `x` must be a number"),
    (agent(skills=[3]), "must be text, found 3"),
    (agent(skills="plan"), "agents[0].skills: `skills` must be {name: level} or [name]"),
    (agent(labels={"rack": 7}), "agents[0].labels.rack: `rack` must be text, found 7 (write \"7\" in quotes)"),
    (agent(labels=["x"]), "agents[0].labels: `labels` must be a mapping of texts"),
    (agent(cost={"fixed": -1}), "agents[0].cost.fixed: `fixed` must be at least 0"),
    (agent(cost={"fixd": 1}), "agents[0].cost.fixd: unknown field `fixd` (did you mean `fixed`?)"),
    (agent(cost=3), "agents[0].cost: `cost` must be a mapping"),
    (agent(id=""), "agents[0].id: `id` must not be empty"),
    (agent(id="a\x07"), "agents[0].id: `id` must not hold control characters"),
    (task(duration=-1), "tasks[0].duration: `duration` must not be negative"),
    (task(duration=-1.5), "tasks[0].duration: `duration` must not be negative"),
    (task(duration=10**13), "tasks[0].duration: `duration` is more than"),
    (task(duration=10**40), "is absurd"),
    (task(duration=1e-40), "is absurd"),
    (task(duration=float("nan")), "finite"),
    (task(duration="3"), "tasks[0].duration: `duration` must be a number, a duration such as PT30M, found `3` (write it without"),
    (task(duration="P1Y"), "tasks[0].duration: `P1Y` has years or months"),
    (task(duration="2026-01-01"), "tasks[0].duration: `duration` must be a length of time"),
    (task(duration=True), "tasks[0].duration: `duration` must be a number"),
    (task(duration=[1]), "tasks[0].duration: `duration` must be a number"),
    (task(release=-1), "tasks[0].release: `release` must not be negative"),
    (task(due="2026-01-01"), "tasks[0].due: the date-time `2026-01-01` needs `time.origin`"),
    (task(weight=-1), "tasks[0].weight: `weight` must be at least 0"),
    (task(weight=1e16), "tasks[0].weight: `weight` must be at most"),
    (task(weight="x"), "tasks[0].weight: `weight` must be a number"),
    (task(demand={"cpu": "x"}), "tasks[0].demand.cpu: `cpu` must be a number"),
    (task(demand={"cpu": 1e13}), "tasks[0].demand.cpu: `cpu` is absurd"),
    (task(demand={"mem": 1}), "tasks[0].demand.mem: unknown resource `mem`"),
    (task(agents=["a2"]), "unknown agent `a2`"),
    (task(agents=[]), "tasks[0].agents: `agents` must name an agent"),
    (task(agents="some"), "tasks[0].agents: `agents` must be any, none or a list"),
    (task(agents=[3]), "must be text, found 3"),
    (task(agents="none", skills=["x"]), "tasks[0].skills: `skills` asks something of an agent, but agents is none"),
    (task(agents="none", labels={"a": "b"}), "tasks[0].labels: `labels` asks something of an agent, but agents is none"),
    (task(agents="none", pinned={"agent": "a1"}), "tasks[0].pinned.agent: pins the task to an agent, but the task needs none"),
    (spec_data(tasks=[{"id": "t", "duration": 1, "skills": ["x"]}]), "but the spec has no agents"),
    (task(pinned={"agent": "a2"}), "tasks[0].pinned.agent: unknown agent `a2`"),
    (task(pinned={"start": -1}), "tasks[0].pinned.start: `start` must not be negative"),
    (task(pinned="a1"), "tasks[0].pinned: `pinned` must be a mapping"),
    (task(after=["x"]), "tasks[0].after[0]: unknown task `x`"),
    (task(after=["t"]), "tasks[0].after[0]: `t` comes after itself"),
    (task(after="t"), "tasks[0].after: `after` must be a list of tasks, found `t` (write [t])"),
    (task(after=3), "tasks[0].after: `after` must be a list of tasks"),
    (task(after=[3]), "an entry of `after` must be a task id"),
    (task(after=["t:SS+3"]), "(in a list write {task: t, type: ..., lag: ...})"),
    (task(after=[{"task": "x"}]), "tasks[0].after[0].task: unknown task `x`"),
    (task(after=[{"lag": 3}]), "tasks[0].after[0]: `task` is missing"),
    (task(wieght=2), "tasks[0].wieght: unknown field `wieght` (did you mean `weight`?)"),
    (task(wieght=None), "tasks[0].wieght: unknown field `wieght`"),
    (task(modes=[{"id": "m", "duration": 1}]), "tasks[0].modes: has `duration` and `modes`"),
    (task(duration=None, modes=[]), "tasks[0].modes: `modes` must be a list of modes, found none"),
    (task(duration=None, modes=3), "tasks[0].modes: `modes` must be a list of modes"),
    (task(duration=None, modes=["m"]), "an entry of `modes` must be a mapping"),
    (task(duration=None, modes=[{"id": "m"}]), "tasks[0].modes[0]: `duration` is missing"),
    (task(duration=None, modes=[{"duration": 1}]), "tasks[0].modes[0]: `id` is missing"),
    (task(duration=None, modes=[{"id": "m", "duration": 1}] * 2), "tasks[0].modes[1].id: duplicate mode `m`"),
    (task(duration=None, modes=[{"id": "m", "duration": 1, "cost": -1}]), "tasks[0].modes[0].cost: `cost` must be at least 0"),
    (task(duration=None, modes=[{"id": "m", "duration": 1, "agents": "none", "skills": ["x"]}]), "tasks[0].modes[0].skills"),
    (task(duration=None), "tasks[0]: needs `duration` or `modes`"),
    (spec_data(tasks=["x"]), "tasks[0]: an entry of `tasks` must be a mapping"),
    (spec_data(tasks={"csv": "id,modes,duration\na,x,\n"}), "write modes in the YAML file"),
    (spec_data(tasks={"csv": "id,duration,pinned\na,1,a1\n"}), "tasks[0].pinned: `pinned` must be written as name=value"),
    (spec_data(tasks={"csv": "id,duration,weight\na,1,٣\n"}), "tasks[0].weight: `weight` must be a number"),
    (spec_data(tasks={"csv": f"id,duration\na,{'9' * 20}\n"}), "tasks[0].duration: `duration` is more than"),
    (spec_data(tasks={"csv": f"id,duration\na,{'9' * 5000}\n"}), "is absurd"),
    (spec_data(tasks={"csv": "id,duration\na,1\na,1\n"}), "tasks[1].id: duplicate id `a`, first used by row 1"),
    (spec_data(tasks={"csv": "id,duration\n,1\n"}), "tasks[0]: `id` is missing"),
    (spec_data(tasks={"csv": "id,duration\na,\n"}), "tasks[0]: needs `duration` or `modes`"),
    (spec_data(tasks={"csv": "id,duration,labels\na,1,x=1|x=2\n"}), "names `x` twice"),
    (spec_data(tasks={"csv": "id,duration,after\na,1,\na+1,1,\na+1+1,1,a+1-PT\n"}), "unknown task `a+1-PT`"),
    (spec_data(tasks={"csv": "id,duration,after\na,1,\na+1,1,\nb,1,a+1+1|a+1e-3\n"}), ""),
    (spec_data(tasks={"csv": "id,duration,after\na,1,\na-2,1,\nb,1,a-2-1e-3|a-2:FS:FS\n"}), "unknown task"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "expected"), ONE_FAULT, ids=lambda value: value[:50] if isinstance(value, str) else ""
)
def test_each_fault_is_told_once(data: dict[str, Any], expected: str) -> None:
    """One thing wrong gives one diagnostic, at its path, in words that say what to do."""
    faults = data_faults(data)
    if expected:
        assert len(faults) == 1, faults
        assert expected in faults[0]
    else:
        assert faults == []


def test_an_entry_that_can_be_read_in_two_ways_is_refused() -> None:
    """Where `+` and `-` belong to ids, an entry with two readings is a fault."""
    rows = "id,duration,after\na,1,\na+1e,1,\nb,1,a+1e-3\n"
    assert ["2 ways" in fault for fault in data_faults(spec_data(tasks={"csv": rows}))] == [True]


def test_a_cycle_is_named(tmp_path: Path) -> None:
    """A precedence cycle is told as a walk; a long one is shortened."""
    tasks = [{"id": f"t{i}", "duration": 1, "after": [f"t{(i + 1) % 3}"]} for i in range(3)]
    (fault,) = data_faults(spec_data(tasks=tasks))
    assert "precedence cycle: t" in fault
    assert fault.count(" -> ") == 3
    tasks = [{"id": f"t{i}", "duration": 1, "after": [f"t{(i + 1) % 300}"]} for i in range(300)]
    (fault,) = data_faults(spec_data(tasks=tasks))
    assert "more ..." in fault
    assert len(fault) < 400


def test_zones_must_not_be_mixed() -> None:
    """A time with a zone cannot be told from an origin without one, nor one beyond the calendar."""
    data = spec_data(time={"origin": "2026-01-01"}, tasks=[{"id": "t", "duration": 1, "due": "2026-01-02T00:00:00Z"}])
    assert "give the origin a zone" in data_faults(data)[0]
    data = spec_data(time={"origin": "2026-01-01", "unit": "step"}, horizon="PT1H")
    assert len(data_faults(data)) == 2


def test_amounts_are_bounded_once_they_are_scaled() -> None:
    """A decimal elsewhere makes the unit of a resource finer: amounts that are then beyond 64-bit sums are faults."""
    resources = [{"id": "cpu", "capacity": 1e9}]
    tasks = [
        {"id": "t", "duration": 1, "demand": {"cpu": 0.000001}},
        {"id": "u", "duration": 1, "demand": {"cpu": 2e9}},
    ]
    faults = data_faults(spec_data(resources=resources, tasks=tasks))
    assert ["is absurd" in fault for fault in faults] == [True, True]


def test_an_unreadable_list_does_not_make_its_references_unknown() -> None:
    """Where the agents or resources cannot be read, only that is told."""
    tasks = [
        {"id": "t", "duration": 1, "agents": ["a1"], "demand": {"cpu": 1}, "pinned": {"agent": "a1"}, "skills": ["x"]}
    ]
    faults = data_faults(spec_data(tasks=tasks, agents={"table": "no.csv"}, resources={"table": "no.csv"}))
    assert ["no such file" in fault for fault in faults] == [True, True]


def test_many_faults_are_counted_and_fifty_shown() -> None:
    """A table full of faults does not flood the terminal."""
    tasks = {"csv": "id,duration\n" + "".join(f"t{i},x{i}\n" for i in range(2000))}
    faults = data_faults(spec_data(tasks=tasks))
    assert len(faults) == 51
    assert faults[-1].endswith("and 1,950 more faults")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({1: 2}, "a key must be text"),
        ({"kind": {1, 2}}, "kind: holds a set"),
        ({"kind": b"x"}, "kind: holds a bytes"),
    ],
)
def test_data_that_no_file_could_hold_is_refused(data: Any, expected: str) -> None:
    """Python data must be plain."""
    assert expected in data_faults(data)[0]


def test_data_that_contains_itself_is_refused() -> None:
    """Endless data ends at the depth limit."""
    data: dict[str, Any] = spec_data()
    data["solver"] = data
    with pytest.raises(SpecError, match="not a valid spec"):
        schedule_from_data(data)
