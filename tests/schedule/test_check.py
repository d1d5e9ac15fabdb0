"""For every kind of violation, a schedule broken in just that way is rejected with just that kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.schedule_attacks import ATTACKS as MORE_ATTACKS

from qamctl.checks.findings import KEPT
from qamctl.schedule.check import CONSTRAINTS, Report, check_columns, check_schedule
from qamctl.schedule.read import schedule_from_data

Data = dict[str, Any]


def spec_of(tasks: list[Data], **rest: Any) -> Any:
    """A spec of these tasks."""
    return schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **rest})


def row(task: str, start: float, end: float, *agents: str, mode: str | None = None) -> Data:
    """One row of a result file."""
    return {"task": task, "agents": list(agents), "mode": mode, "start": start, "end": end, "segments": None}


X = {"id": "x", "duration": 3}
Y = {"id": "y", "duration": 2}
TEAM = {"agents": [{"id": "a"}, {"id": "b", "speed": 1.25, "skills": {"weld": 2}, "labels": {"zone": "east"}}]}
MODES = {"id": "x", "modes": [{"id": "fast", "duration": 1}, {"id": "slow", "duration": 3}]}


def pool(**capacity: Data) -> Data:
    """Resources by id, each with its fields."""
    return {"resources": [{"id": name, **fields} for name, fields in capacity.items()]}


def after(kind: str, lag: int) -> list[Data]:
    """Tasks x and y with one lag between them."""
    return [X, Y | {"after": [{"task": "x", "type": kind, "lag": lag}]}]


RAM = pool(ram={"capacity": 4})
INK = pool(ink={"kind": "consumable", "capacity": 4})
BOTH = [X | {"demand": {"ram": 3}}, Y | {"demand": {"ram": 2}}]
INKED = [X | {"demand": {"ink": 3}}, Y | {"demand": {"ink": 2}}]
OWN_RAM = pool(ram={"capacity": 100}) | {"agents": [{"id": "a", "slots": 2, "capacity": {"ram": 4}}]}
OWN_INK = pool(ink={"kind": "consumable", "capacity": 99}) | {"agents": [{"id": "a", "capacity": {"ink": 4}}]}

# kind, tasks, rest of the spec, rows that hold, rows broken in just that way
ATTACKS: list[tuple[str, list[Data], Data, list[Data], list[Data]]] = [
    ("malformed", [X], {}, [row("x", 0, 3)], [row("x", 0, 3) | {"start": "0"}]),
    ("unknown-task", [X], {}, [row("x", 0, 3)], [row("x", 0, 3), row("z", 0, 3)]),
    ("duplicate-task", [X], {}, [row("x", 0, 3)], [row("x", 0, 3), row("x", 0, 3)]),
    ("missing-task", [X, Y], {}, [row("x", 0, 3), row("y", 0, 2)], [row("x", 0, 3)]),
    ("not-on-tick", [X], {}, [row("x", 1, 4)], [row("x", 1, 4.25)]),
    ("unknown-mode", [MODES], {}, [row("x", 0, 1, mode="fast")], [row("x", 0, 1, mode="quick")]),
    ("unknown-mode", [MODES], {}, [row("x", 0, 3, mode="slow")], [row("x", 0, 3)]),
    ("unknown-mode", [X], {}, [row("x", 0, 3)], [row("x", 0, 3, mode="fast")]),
    ("unknown-agent", [X], TEAM, [row("x", 0, 3, "a")], [row("x", 0, 3, "c")]),
    ("agent-missing", [X], TEAM, [row("x", 0, 3, "a")], [row("x", 0, 3)]),
    ("agent-not-allowed", [X | {"agents": ["a"]}], TEAM, [row("x", 0, 3, "a")], [row("x", 0, 3, "b")]),
    ("agent-not-allowed", [X | {"agents": "none"}], TEAM, [row("x", 0, 3)], [row("x", 0, 3, "a")]),
    ("agent-not-allowed", [X], TEAM, [row("x", 0, 3, "a")], [row("x", 0, 3, "a", "b")]),
    ("skill", [X | {"skills": {"weld": 1}}], TEAM, [row("x", 0, 3, "b")], [row("x", 0, 3, "a")]),
    ("skill", [X | {"skills": {"weld": 2}}], TEAM, [row("x", 0, 3, "b")], [row("x", 0, 3, "a")]),
    ("label", [X | {"labels": {"zone": "east"}}], TEAM, [row("x", 0, 3, "b")], [row("x", 0, 3, "a")]),
    ("pinned-agent", [X | {"pinned": {"agent": "a"}}], TEAM, [row("x", 0, 3, "a")], [row("x", 0, 3, "b")]),
    ("pinned-agent", [MODES | {"pinned": {"agent": "a"}}], TEAM,
     [row("x", 0, 3, "a", mode="slow")], [row("x", 0, 3, "b", mode="slow")]),
    ("pinned-start", [X | {"pinned": {"start": 2}}], {}, [row("x", 2, 5)], [row("x", 3, 6)]),
    ("pinned-start", [X | {"pinned": {"start": 2}}], {}, [row("x", 2, 5)], [row("x", 1, 4)]),
    ("pinned-start", [X | {"pinned": {"start": 0}}], {}, [row("x", 0, 3)], [row("x", 1, 4)]),
    ("start-negative", [X], {}, [row("x", 0, 3)], [row("x", -1, 2)]),
    ("duration", [X], {}, [row("x", 0, 3)], [row("x", 0, 4)]),
    ("duration", [X], {}, [row("x", 0, 3)], [row("x", 0, 2)]),
    ("duration", [X], {}, [row("x", 2, 5)], [row("x", 2, 1)]),
    ("duration", [X | {"duration": 6}], TEAM, [row("x", 0, 5, "b")], [row("x", 0, 6, "b")]),
    ("duration", [X | {"duration": 6}], TEAM, [row("x", 0, 5, "b")], [row("x", 0, 4, "b")]),
    ("duration", [MODES], {}, [row("x", 0, 1, mode="fast")], [row("x", 0, 1, mode="slow")]),
    ("release", [X | {"release": 2}], {}, [row("x", 2, 5)], [row("x", 1, 4)]),
    ("deadline", [X | {"deadline": 4}], {}, [row("x", 1, 4)], [row("x", 2, 5)]),
    ("horizon", [X], {"horizon": 4}, [row("x", 1, 4)], [row("x", 2, 5)]),
    ("precedence-FS", after("FS", 0), {}, [row("x", 0, 3), row("y", 3, 5)], [row("x", 0, 3), row("y", 2, 4)]),
    ("precedence-FS", after("FS", 2), {}, [row("x", 0, 3), row("y", 5, 7)], [row("x", 0, 3), row("y", 4, 6)]),
    ("precedence-FS", after("FS", -2), {}, [row("x", 0, 3), row("y", 1, 3)], [row("x", 0, 3), row("y", 0, 2)]),
    ("precedence-SS", after("SS", 1), {}, [row("x", 0, 3), row("y", 1, 3)], [row("x", 0, 3), row("y", 0, 2)]),
    ("precedence-SS", after("SS", -1), {}, [row("x", 2, 5), row("y", 1, 3)], [row("x", 2, 5), row("y", 0, 2)]),
    ("precedence-FF", after("FF", 1), {}, [row("x", 0, 3), row("y", 2, 4)], [row("x", 0, 3), row("y", 1, 3)]),
    ("precedence-FF", after("FF", -1), {}, [row("x", 1, 4), row("y", 1, 3)], [row("x", 1, 4), row("y", 0, 2)]),
    ("precedence-SF", after("SF", 3), {}, [row("x", 0, 3), row("y", 1, 3)], [row("x", 0, 3), row("y", 0, 2)]),
    ("precedence-SF", after("SF", -1), {}, [row("x", 4, 7), row("y", 1, 3)], [row("x", 4, 7), row("y", 0, 2)]),
    ("slots", [X, Y], {"agents": [{"id": "a"}]},
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")], [row("x", 0, 3, "a"), row("y", 2, 4, "a")]),
    ("slots", [X, Y, Y | {"id": "z"}], {"agents": [{"id": "a", "slots": 2}]},
     [row("x", 0, 3, "a"), row("y", 1, 3, "a"), row("z", 3, 5, "a")],
     [row("x", 0, 3, "a"), row("y", 1, 3, "a"), row("z", 2, 4, "a")]),
    ("agent-capacity", BOTH, OWN_RAM,
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")], [row("x", 0, 3, "a"), row("y", 1, 3, "a")]),
    # An agent that holds none of a resource supplies its tasks itself all the same.
    ("agent-capacity", [X | {"demand": {"ram": 1}}],
     RAM | {"agents": [{"id": "a", "capacity": {"ram": 0}}, {"id": "b"}]},
     [row("x", 0, 3, "b")], [row("x", 0, 3, "a")]),
    ("shared-capacity", BOTH, RAM, [row("x", 0, 3), row("y", 3, 5)], [row("x", 0, 3), row("y", 1, 3)]),
    # An agent that does not hold the resource falls back on the shared pool.
    ("shared-capacity", BOTH, RAM | TEAM,
     [row("x", 0, 3, "a"), row("y", 3, 5, "a")], [row("x", 0, 3, "a"), row("y", 1, 3, "b")]),
    # Nobody but agent a holds any.
    ("shared-capacity", [X | {"demand": {"ram": 1}}],
     pool(ram={}) | {"agents": [{"id": "a", "capacity": {"ram": 4}}, {"id": "b"}]},
     [row("x", 0, 3, "a")], [row("x", 0, 3, "b")]),
    ("agent-consumable", INKED, OWN_INK | {"agents": [*OWN_INK["agents"], {"id": "b"}]},
     [row("x", 0, 3, "a"), row("y", 0, 2, "b")], [row("x", 0, 3, "a"), row("y", 3, 5, "a")]),
    ("shared-consumable",
     [INKED[0], {"id": "y", "modes": [{"id": "m", "duration": 2, "demand": {"ink": 2}}, {"id": "n", "duration": 2}]}],
     INK, [row("x", 0, 3), row("y", 0, 2, mode="n")], [row("x", 0, 3), row("y", 5, 7, mode="m")]),
]  # fmt: skip


def kinds(report: Report) -> set[str]:
    """The kinds of violation in a report."""
    assert {v.constraint for v in report.violations} == set(report.counts)
    return set(report.counts)


@pytest.mark.parametrize(("kind", "tasks", "rest", "good", "bad"), ATTACKS)
def test_a_schedule_broken_in_one_way_is_rejected_for_just_that(
    kind: str, tasks: list[Data], rest: Data, good: list[Data], bad: list[Data]
) -> None:
    """The sound schedule passes; the broken one fails with its kind and no other."""
    spec = spec_of(tasks, **rest)
    assert check_schedule(spec, good).violations == ()
    report = check_schedule(spec, bad)
    assert report.counts == {kind: 1}
    assert not report.feasible
    assert report.violations[0].text
    assert str(report.violations[0]).startswith(f"{kind}: ")


def test_the_attacks_cover_every_kind() -> None:
    """No kind of the public list is left without an attack, here or in `support.schedule_attacks`."""
    assert {attack[0] for attack in (*ATTACKS, *MORE_ATTACKS)} == set(CONSTRAINTS)


MALFORMED: list[Any] = [
    None,
    [],
    "x",
    {},
    {"task": None, "agents": [], "start": 0, "end": 3},
    {"task": ["x"], "agents": [], "start": 0, "end": 3},
    {"task": "x"},
    {"task": "x", "agents": [], "start": 0},
    {"task": "x", "start": 0, "end": 3},
    row("x", 0, 3) | {"start": None},
    row("x", 0, 3) | {"start": True},
    row("x", 0, 3) | {"end": float("nan")},
    row("x", 0, 3) | {"end": float("inf")},
    row("x", 0, 3) | {"end": 10**400},
    row("x", 0, 3) | {"end": 1e300},
    row("x", 0, 3) | {"end": [3]},
    row("x", 0, 3) | {"agents": None},
    row("x", 0, 3) | {"agents": "a"},
    row("x", 0, 3) | {"agents": [1]},
    row("x", 0, 3) | {"mode": 0},
    row("x", 0, 3) | {"mode": {}},
    row("x", 0, 3) | {"segments": 7},
    row("x", 0, 3) | {"segments": [[0, 1], [2]]},
    row("x", 0, 3) | {"segments": [[0, 1], [2, "3"]]},
    row("x", 0, 3) | {"agent": "a"},
    row("x", 0, 3) | {"start_time": "2026-01-01T00:00:00"},
]


@pytest.mark.parametrize("bad", MALFORMED, ids=[repr(bad)[:60] for bad in MALFORMED])
def test_a_malformed_row_is_a_violation(bad: Any) -> None:
    """Whatever stands in place of a row is named as malformed, and nothing is raised."""
    report = check_schedule(spec_of([X]), [bad])
    assert kinds(report) - {"missing-task"} == {"malformed"}


@pytest.mark.parametrize("rows", [None, {}, "x", 7])
def test_assignments_that_are_no_list_are_malformed(rows: Any) -> None:
    """The whole list may be malformed too."""
    assert check_schedule(spec_of([X]), rows).counts == {"malformed": 1, "missing-task": 1}


def test_no_tasks_need_no_rows() -> None:
    """The empty schedule of an empty spec is feasible and worth nothing."""
    report = check_schedule(spec_of([]), [])
    assert report.feasible
    assert report.terms == dict.fromkeys(("makespan", "tardiness", "tardy", "flow", "cost"), 0)
    assert report.levels == (0,)
    empty = np.zeros(0, np.int64)
    assert check_columns(spec_of([]), empty, empty, empty, empty) == report


def test_tasks_without_duration_occupy_nothing_but_consume() -> None:
    """A task of no length needs no slot and no renewable capacity; it uses up consumables all the same."""
    tasks = [X | {"id": name, "duration": 0, "demand": {"ram": 9, "ink": 3}} for name in "xy"]
    rest = pool(ram={"capacity": 1}, ink={"kind": "consumable", "capacity": 5}) | {"agents": [{"id": "a"}]}
    report = check_schedule(spec_of(tasks, **rest), [row("x", 0, 0, "a"), row("y", 0, 0, "a")])
    assert report.counts == {"shared-consumable": 1}
    assert "6 used in all, 1 more than there is in the shared pool, 5 (x, y)" in report.violations[0].text


def test_times_are_read_exactly_in_the_unit() -> None:
    """Numbers that a tick is written as are that tick; neighbouring floats are none."""
    spec = spec_of([X | {"duration": 0.3}], time={"unit": "h", "resolution": 0.1})
    assert check_schedule(spec, [row("x", 0.3, 0.6)]).feasible
    assert check_schedule(spec, [row("x", 0, np.int64(0) + 0.3)]).feasible
    assert check_schedule(spec, [row("x", 0.1 + 0.2, 0.6)]).counts == {"not-on-tick": 1}
    assert check_schedule(spec, [row("x", np.int64(3), 3.3)]).feasible


def test_dates_beside_the_numbers_must_be_the_same_moments() -> None:
    """`start_time` and `end_time` are held against start and end."""
    spec = spec_of([X], time={"unit": "min", "origin": "2026-11-20T20:00:00+00:00"})
    good = row("x", 1, 4) | {"start_time": "2026-11-20T21:01:00+01:00", "end_time": "2026-11-20T20:04:00+00:00"}
    assert check_schedule(spec, [good]).feasible
    assert check_schedule(spec, [good | {"start_time": None}]).feasible
    for wrong in ("2026-11-20T20:02:00+00:00", "2026-11-20T21:01:00", "soon", 7):
        assert check_schedule(spec, [good | {"start_time": wrong}]).counts == {"malformed": 1}


def test_texts_say_where_and_by_how_much() -> None:
    """Ids, instants in the unit and amounts stand in the text."""
    data = {"time": {"unit": "min"}} | pool(ram={"capacity": 2.5})
    tasks = [X | {"demand": {"ram": 1.5}}, Y | {"demand": {"ram": 2}, "after": [{"task": "x", "lag": 1}]}]
    report = check_schedule(spec_of(tasks, **data), [row("x", 0, 3), row("y", 1, 3)])
    assert [str(v) for v in report.violations] == [
        "precedence-FS: task y: it starts at 1 min, 3 min too early after task x (FS, lag 1 min), which ends at 3 min",
        "shared-capacity: resource ram: 3.5 used at 1 min, 1 more than there is in the shared pool, 2.5 (x, y)",
    ]
    assert report.violations[0].data()["task"] == "y"


def test_of_many_violations_some_are_kept_and_all_are_counted() -> None:
    """A report stays small however wrong a schedule is."""
    n = KEPT + 50
    spec = spec_of([X | {"id": f"t{k}", "deadline": 4} for k in range(n)])
    report = check_schedule(spec, [row(f"t{k}", 2, 5) for k in range(n)])
    assert report.counts == {"deadline": n}
    assert len(report.violations) == KEPT
    strangers = check_schedule(spec_of([]), [row(f"t{k}", 0, 1) for k in range(n)])
    assert strangers.counts == {"unknown-task": n}
    assert len(strangers.violations) == KEPT
    late = np.full(n, 2)
    assert check_columns(spec, late, late + 3, np.arange(n), np.full(n, -1)) == report


COLUMNS = {"start": [0, 3], "end": [3, 5], "mode": [0, 1], "agent": [0, 0]}


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("start", [0], "malformed"),
        ("start", [0.0, 3.0], "malformed"),
        ("end", [[3, 5]], "malformed"),
        ("end", [3, 2**62], "malformed"),
        ("end", np.array([3, 2**64 - 1], np.uint64), "malformed"),
        ("start", [0, -(2**63)], "malformed"),
        ("agent", ["a", "a"], "malformed"),
        ("mode", [0, 0], "unknown-mode"),
        ("mode", [0, 2], "unknown-mode"),
        ("mode", [0, -2], "unknown-mode"),
        ("mode", [0, -1], "not-optional"),
        ("agent", [0, 1], "unknown-agent"),
        ("agent", [0, -2], "unknown-agent"),
        ("agent", [0, -1], "agent-missing"),
    ],
)
def test_columns_are_not_trusted_either(column: str, values: Any, kind: str) -> None:
    """Arrays of a wrong shape or type and indices out of range are violations."""
    spec = spec_of([X, Y], agents=[{"id": "a"}])
    assert check_columns(spec, **COLUMNS).feasible
    assert check_columns(spec, **(COLUMNS | {column: values})).counts == {kind: 1}


def test_faults_of_one_row_leave_the_others_judged() -> None:
    """A row that can't be read hides nothing of the others."""
    spec = spec_of([X, Y | {"deadline": 3}])
    report = check_schedule(spec, [{"task": "x"}, row("y", 2, 4)])
    assert report.counts == {"malformed": 1, "deadline": 1}
    assert report.terms["makespan"] == 4


def test_far_times_are_swept_too() -> None:
    """Keys and instants too large for one integer are swept all the same."""
    spec = spec_of([X, Y], agents=[{"id": k} for k in "abcd"])
    far = 2**60
    report = check_columns(spec, [0, far], [far + 1, far + 2], [0, 1], [3, 3])
    assert report.counts == {"duration": 1, "slots": 1}


def test_terms_are_exact_decimals() -> None:
    """Sums of tenths are tenths, ints stay ints, and the order of the tasks does not matter."""
    tasks = [{"id": f"t{k}", "duration": 1, "due": 0, "weight": 0.1} for k in range(3)]
    spec = spec_of(tasks, objective=[{"tardy": 1}, {"tardiness": 0.1, "makespan": 2}])
    report = check_schedule(spec, [row(f"t{k}", 0, 1) for k in range(3)])
    assert report.terms == {"makespan": 1, "tardiness": 0.3, "tardy": 0.3, "flow": 0.3, "cost": 0}
    assert isinstance(report.terms["makespan"], int)
    assert report.levels == (0.3, 2.03)


def test_weights_without_a_common_decimal_are_summed_all_the_same() -> None:
    """Weights of many places, or too large for 64 bits, lose nothing but the last bit."""
    spec = spec_of([X | {"id": k, "weight": w} for k, w in (("x", 1 / 3), ("y", 1e15))], objective={"flow": 1})
    far = 10**6
    report = check_columns(spec, [far, far], [far + 3] * 2, [0, 1], [-1, -1])
    assert report.levels[0] == pytest.approx((1e15 + 1 / 3) * (far + 3), rel=1e-15)
    heavy = spec_of([X | {"weight": 1e15}], objective={"flow": 1})
    assert check_columns(heavy, [far], [far + 3], [0], [-1]).levels == (10**15 * (far + 3),)


def test_cost_counts_modes_busy_time_and_each_used_agent_once() -> None:
    """Fixed costs fall once an agent, the others by task."""
    agents = [{"id": "a", "cost": {"fixed": 10, "per_time": 0.5}, "slots": 2}, {"id": "b", "cost": {"fixed": 99}}]
    tasks = [{"id": k, "modes": [{"id": "m", "duration": 2, "cost": 3}]} for k in "xy"]
    spec = spec_of(tasks, agents=agents, objective={"cost": 1})
    report = check_schedule(spec, [row("x", 0, 2, "a", mode="m"), row("y", 1, 3, "a", mode="m")])
    assert report.terms["cost"] == 10 + 2 * 3 + 0.5 * 4
