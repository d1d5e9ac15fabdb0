"""A schedule spec from a file or from data: what every field becomes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.reading import spec_data
from support.shared import ROOT

from qamctl.schedule.read import load_schedule, schedule_from_data
from qamctl.schedule.spec import NEVER, Calendar, ScheduleSpec

FULL = """\
kind: schedule
version: 1
name: full
time: {unit: min, resolution: 0.5, origin: 2026-11-20T20:00:00+00:00}
solver: {backend: [list-search, cpsat], time_limit: 2.5, max_steps: 9, seed: 3, threads: 2, slot: 4, max_variables: 50}
resources:
  - {id: cpu, capacity: 4.5}
  - {id: money, kind: consumable, capacity: 100, weight: 2}
  - {id: mem}
agents:
  - {id: a1, slots: 2, capacity: {cpu: 2, mem: 0.25}, skills: {plan: 2}, labels: {zone: north}, speed: 1.25}
  - {id: a2, skills: [plan, code], cost: {fixed: 3, per_time: 0.5}}
tasks:
  - {id: t1, duration: PT30M, demand: {cpu: 0.5}, skills: [plan], labels: {zone: north}, weight: 2.5}
  - id: t2
    demand: {mem: 1}
    agents: [a2, a1]
    skills: {code: 1}
    modes:
      - {id: fast, duration: 3.3, cost: 5}
      - {id: slow, duration: 7, agents: none, demand: {money: 3}, skills: {}}
    after: [t1, {task: t1, type: SS, lag: -2.6}, {task: t3, type: FF, lag: PT1M}]
    release: 2.1
    deadline: 2026-11-21T00:00:30+01:00
    due: 99.9
  - {id: t3, duration: 1, agents: any, pinned: {agent: a1, start: 4}}
horizon: P1D
objective: [{tardiness: 1, cost: 0.5}, {makespan: 1}]
"""


@pytest.fixture
def full(tmp_path: Path) -> ScheduleSpec:
    """The spec that has everything."""
    (tmp_path / "plan.yaml").write_text(FULL)
    return load_schedule(tmp_path / "plan.yaml")


def test_resources_and_agents_become_columns(full: ScheduleSpec) -> None:
    """Quantities are scaled per resource by their common decimal, -1 is what nobody stated."""
    assert full.resources.ids == ("cpu", "money", "mem")
    assert full.resources.consumable.tolist() == [False, True, False]
    assert full.resources.scale.tolist() == [10, 1, 100]
    assert full.resources.capacity.tolist() == [45, 100, -1]
    agents = full.agents
    assert agents.ids == ("a1", "a2")
    assert agents.slots.tolist() == [2, 1]
    assert agents.capacity.tolist() == [[20, -1, 25], [-1, -1, -1]]
    assert list(agents.skills) == [{"plan": 2.0}, {"plan": 1.0, "code": 1.0}]
    assert list(agents.labels) == [{"zone": "north"}, {}]
    assert (agents.speed_num.tolist(), agents.speed_den.tolist()) == ([5, 1], [4, 1])
    assert (agents.cost_fixed.tolist(), agents.cost_per_time.tolist()) == ([0, 3], [0, 0.5])


def test_tasks_and_modes_become_columns(full: ScheduleSpec) -> None:
    """A task's demand, skills and agents are the defaults of its modes; times are ticks, rounded as stated."""
    tasks, modes = full.tasks, full.modes
    assert tasks.ids == ("t1", "t2", "t3")
    assert tasks.first_mode.tolist() == [0, 1, 3, 4]
    assert list(modes.ids) == [None, "fast", "slow", None]
    assert modes.duration.tolist() == [60, 7, 14, 2]
    assert modes.demand.tolist() == [[5, 0, 0], [0, 0, 100], [0, 3, 0], [0, 0, 0]]
    assert list(modes.agents) == [None, (0, 1), (), None]
    assert list(modes.skills) == [{"plan": 1.0}, {"code": 1.0}, {}, {}]
    assert list(modes.labels) == [{"zone": "north"}, {}, {}, {}]
    assert modes.cost.tolist() == [0, 5, 0, 0]
    assert tasks.release.tolist() == [0, 5, 0]
    assert tasks.deadline.tolist() == [NEVER, 361, NEVER]
    assert tasks.due.tolist() == [NEVER, 199, NEVER]
    assert tasks.weight.tolist() == [2.5, 1, 1]
    assert tasks.pinned_agent.tolist() == [-1, -1, 0]
    assert tasks.pinned_start.tolist() == [-1, -1, 8]


def test_precedence_head_and_types(full: ScheduleSpec) -> None:
    """Precedence, horizon, objective, solver options and the dtypes that kernels rely on."""
    after = full.after
    assert [after.pred.tolist(), after.succ.tolist()] == [[0, 0, 2], [1, 1, 1]]
    assert [after.kind.tolist(), after.lag.tolist()] == [[0, 1, 2], [0, -5, 2]]
    assert full.horizon == 2880
    assert full.objective == ({"tardiness": 1.0, "cost": 0.5}, {"makespan": 1.0})
    assert full.name == "full"
    assert (full.time.unit, full.time.resolution) == ("min", Fraction(1, 2))
    assert full.solver == {
        "backend": ["list-search", "cpsat"], "time_limit": 2.5, "max_steps": 9, "seed": 3, "threads": 2, "slot": 4,
        "max_variables": 50,
    }  # fmt: skip
    for array in (after.pred, after.succ, full.tasks.pinned_agent):
        assert array.dtype == np.int32
    for array in (after.lag, full.tasks.release, full.modes.duration, full.modes.demand, full.tasks.first_mode):
        assert array.dtype == np.int64
    assert after.kind.dtype == np.int8


def test_tables_text_and_inline_rows_give_the_same_spec(tmp_path: Path) -> None:
    """The same rows inline, in a side table and as CSV text are the same problem."""
    head = "kind: schedule\nversion: 1\nresources: [{id: cpu, capacity: 3}]\n"
    agents = (
        "id,slots,capacity,skills,labels,speed,cost\na1,2,cpu=2,plan=2|code=1,zone=n|rack=r1,1.5,fixed=2|per_time=1\n"
        "a2,,,plan,,,\n"
    )
    tasks = (
        "id,duration,demand,agents,skills,after,release,deadline,due,weight,pinned\n"
        "t-1,3,cpu=1,any,plan,,,99,,,agent=a1|start=0\nt,4,cpu=0.5,a1|a2,,t-1|t-1:SS-2|t-1+PT5S,1,,12,2.5,\nz,1.0,,none,,,,,,,\n"
    )
    inline = """\
agents:
  - {id: a1, slots: 2, capacity: {cpu: 2}, skills: {plan: 2, code: 1}, labels: {zone: n, rack: r1}, speed: 1.5,
     cost: {fixed: 2, per_time: 1}}
  - {id: a2, skills: [plan]}
tasks:
  - {id: t-1, duration: 3, demand: {cpu: 1}, agents: any, skills: [plan], deadline: 99, pinned: {agent: a1, start: 0}}
  - {id: t, duration: 4, demand: {cpu: 0.5}, agents: [a1, a2],
     after: [t-1, {task: t-1, type: SS, lag: -2}, {task: t-1, lag: PT5S}], release: 1, due: 12, weight: 2.5}
  - {id: z, duration: 1, agents: none}
"""

    def block(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.splitlines())

    (tmp_path / "agents.csv").write_text(agents)
    (tmp_path / "tasks.csv").write_text("\ufeff" + tasks.replace("\n", "\r\n"))
    (tmp_path / "one.yaml").write_text(head + inline)
    (tmp_path / "two.yaml").write_text(head + "agents: {table: agents.csv}\ntasks: {table: tasks.csv}\n")
    (tmp_path / "three.yaml").write_text(f"{head}agents:\n  csv: |\n{block(agents)}tasks:\n  csv: |\n{block(tasks)}")
    one, two, three = (load_schedule(tmp_path / f"{name}.yaml") for name in ("one", "two", "three"))
    for other in (two, three):
        assert_same(one, other)
    assert list(two.source.tables) == ["agents.csv", "tasks.csv"]
    assert two.source.tables["tasks.csv"][0] == (tmp_path / "tasks.csv").resolve()


def assert_same(one: ScheduleSpec, other: ScheduleSpec) -> None:
    """Equal in every column."""
    for name in ("resources", "agents", "tasks", "modes", "after"):
        left, right = getattr(one, name), getattr(other, name)
        for column in left.__slots__:
            a, b = getattr(left, column), getattr(right, column)
            if isinstance(a, Calendar):
                a, b = (np.concatenate([c.first, c.start, c.end, c.capacity]) for c in (a, b))
            same = np.array_equal(a, b) and a.dtype == b.dtype if isinstance(a, np.ndarray) else list(a) == list(b)
            assert same, (name, column, a, b)
    assert (one.horizon, one.objective, one.time) == (other.horizon, other.objective, other.time)


def test_a_spec_may_have_parquet_rows(tmp_path: Path) -> None:
    """Rows of a Parquet table, nested values included, read as inline rows do."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"id": "a", "duration": 1.5, "demand": {"cpu": 1}, "after": None},
        {"id": "b", "duration": 2.0, "demand": {"cpu": 2}, "after": ["a"]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    data = spec_data(resources=[{"id": "cpu", "capacity": 2}], tasks={"table": "t.parquet"})
    inline = schedule_from_data(data | {"tasks": [{k: v for k, v in row.items() if v is not None} for row in rows]})
    assert_same(inline, schedule_from_data(data, base=tmp_path))


def test_no_tasks_is_a_valid_schedule() -> None:
    """An empty task list is an empty problem."""
    spec = schedule_from_data(spec_data(tasks=[]))
    assert (len(spec.tasks.ids), spec.tasks.first_mode.tolist(), len(spec.after.pred)) == (0, [0], 0)
    assert schedule_from_data(spec_data(tasks={"csv": "id,duration\n"})).tasks.ids == ()


def test_defaults() -> None:
    """A minimal spec is filled in as the contract says."""
    spec = schedule_from_data(spec_data(), name="mine")
    assert (spec.name, spec.objective, spec.horizon, spec.solver) == ("mine", ({"makespan": 1.0},), NEVER, {})
    assert list(spec.modes.agents) == [()]
    assert list(schedule_from_data(spec_data(agents=[{"id": "a"}])).modes.agents) == [None]
    assert list(schedule_from_data(spec_data(agents=[])).modes.agents) == [()]


def test_the_name_is_the_file_s_stem(tmp_path: Path) -> None:
    """Without `name` a spec is called like its file."""
    (tmp_path / "night.yaml").write_text("kind: schedule\nversion: 1\ntasks: []\n")
    assert load_schedule(tmp_path / "night.yaml").name == "night"


@pytest.mark.parametrize(
    ("time", "duration", "due", "ticks"),
    [
        ({}, 3, 7, (3, 7, 1)),
        ({}, 3.0, 7, (3, 7, 1)),
        ({}, 2.0005, 7.9999, (2001, 7999, 1000)),
        ({"unit": "min"}, "PT90S", 7, (1500, 7000, 1000)),
        ({"unit": "h"}, "P1DT2H30M", "P1W", (26500, 168000, 1000)),
        ({"unit": "d", "resolution": 1}, "PT1H", "PT47H", (1, 1, 1)),
        ({"unit": "step", "resolution": 0.1}, 0.3, 0.35, (3, 3, 10)),
        ({"resolution": 7}, 15, 15, (3, 2, Fraction(1, 7))),
        ({"origin": "2026-11-20T20:00:00"}, 1, "2026-11-20T20:00:07", (1, 7, 1)),
        ({"origin": "2026-11-20T20:00:00+02:00"}, 1, "2026-11-20T20:00:07", (1, 7, 1)),
        ({"origin": "2026-11-20T20:00:00+02:00"}, 1, "2026-11-20T18:00:07Z", (1, 7, 1)),
        ({"origin": "2026-11-20", "unit": "d"}, 1, "2026-11-27", (1, 7, 1)),
    ],
)
def test_times_become_ticks_exactly(time: dict[str, Any], duration: Any, due: Any, ticks: tuple[Any, ...]) -> None:
    """Numbers, durations and date-times are exact; durations round up, due times down."""
    spec = schedule_from_data(spec_data(time=time, tasks=[{"id": "t", "duration": duration, "due": due}]))
    got = (int(spec.modes.duration[0]), int(spec.tasks.due[0]), 1 / spec.time.resolution)
    assert got == ticks


def test_any_fraction_makes_the_default_tick_finer() -> None:
    """One time that is not integral, a lag in a table cell too, makes the default resolution 0.001."""
    rows = "id,duration,after\na,1,\nb,1,a+0.5\n"
    assert schedule_from_data(spec_data(tasks={"csv": rows})).time.resolution == Fraction(1, 1000)
    assert schedule_from_data(spec_data(horizon=1.5)).time.resolution == Fraction(1, 1000)
    lag = [{"id": "a", "duration": 1}, {"id": "b", "duration": 1, "after": [{"task": "a", "lag": 0.5}]}]
    assert schedule_from_data(spec_data(tasks=lag)).after.lag.tolist() == [500]


def test_ids_with_signs_and_colons_are_found_in_cells() -> None:
    """An exact id goes before any reading as a lag; what is left is read in the one way there is."""
    rows = "id,duration,after\na,1,\na-1,1,a\na:SS,1,a-1\nx+1,1,a-1-2|a:SS:FF+3|a-1:SF-PT1S\n"
    spec = schedule_from_data(spec_data(tasks={"csv": rows}))
    edges = list(zip(spec.after.pred, spec.after.succ, spec.after.kind, spec.after.lag, strict=True))
    assert edges == [(0, 1, 0, 0), (1, 2, 0, 0), (1, 3, 0, -2), (2, 3, 2, 3), (1, 3, 3, -1)]


def test_python_data_may_hold_tuples_and_numpy_numbers() -> None:
    """Callers need not convert their numbers and sequences."""
    tasks = (
        {"id": "a", "duration": np.int64(3), "release": np.float64(1.5)},
        {"id": "b", "duration": 1, "after": ("a",)},
    )
    spec = schedule_from_data(spec_data(tasks=tasks))
    assert (spec.modes.duration.tolist(), spec.tasks.release.tolist()) == ([3000, 1000], [1500, 0])


def test_the_examples_can_be_read() -> None:
    """Every schedule of problems/ is valid."""
    files = [f for f in (ROOT / "problems").rglob("*.yaml") if "kind: schedule" in f.read_text()]
    assert files
    for file in files:
        assert len(load_schedule(file).tasks.ids) > 0
