"""For every hard constraint a sound assignment is broken in just that way, and the checker says so, and only so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of

from qamctl.cluster.check import CONSTRAINTS, check_assignments, check_columns
from qamctl.cluster.spec import ClusterSpec


class Case(NamedTuple):
    """A spec, a sound assignment, a broken one, and what the sentence on it must say."""

    constraint: str
    spec: ClusterSpec
    sound: Sequence[str | None]
    broken: Sequence[str | None]
    says: str
    sound_devices: Mapping[str, Any] | None = None
    broken_devices: Mapping[str, Any] | None = None


TREE: list[Any] = [{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, "z"]


def tree(**eu: Any) -> list[Any]:
    """Leaves x and y inside eu, and z outside."""
    return [*TREE, {"id": "eu", **eu}]


def limited(**limits: Any) -> list[Any]:
    """Leaves x, y, z; x has limits."""
    return [{"id": "x", **limits}, "y", "z"]


def zones(*names: str | None, key: str = "zone") -> list[Any]:
    """Leaves c0, c1, ... with a label each."""
    return [{"id": f"c{k}", "labels": {} if name is None else {key: name}} for k, name in enumerate(names)]


CPU = [{"id": "a", "demand": {"cpu": 2}}, {"id": "b", "demand": {"cpu": 1.5}}]
CPU_LESS = {"id": "b", "demand": {"disk": 1}, "optional": True}
DISK = [{"id": "disk", "transient": True}]
MEMBERS: list[Any] = [{"id": "a", "group": "g"}, {"id": "b", "group": "g"}, {"id": "c", "group": "h"}]
GPU = [{"id": "gpu", "device": 10}]


def gpus(**demands: float) -> ClusterSpec:
    """x with three devices of 10, y with one."""
    return make_spec(
        resources=GPU,
        agents=[{"id": name, "demand": {"gpu": demand}} for name, demand in demands.items()],
        clusters=[{"id": "x", "capacity": {"gpu": 30}}, {"id": "y", "capacity": {"gpu": 10}}],
    )


def on(**devices: list[int]) -> dict[str, dict[str, list[int]]]:
    """The devices of gpu that each agent takes."""
    return {name: {"gpu": numbers} for name, numbers in devices.items()}


OPTIONAL: list[Any] = [{"id": "a", "optional": True}, {"id": "b", "optional": True}]
NOW: list[Any] = [{"id": "a", "cluster": "x", "move_cost": 0.1}, {"id": "b", "cluster": "x", "move_cost": 0.2}, "c"]

CASES = [
    Case("unplaced", make_spec(agents=["a", OPTIONAL[1]], clusters=2), ["c0", None], [None, "c0"], "agent a"),
    Case("inner-cluster", make_spec(agents=1, clusters=tree()), ["x"], ["eu"], "cluster eu has clusters inside"),
    Case(
        "agent-not-allowed",
        make_spec(agents=[{"id": "a", "clusters": ["x", "z"]}, "b"], clusters=limited()),
        ["z", "y"],
        ["y", "z"],
        "agent a: it may not be in cluster y, only in x, z",
    ),
    Case(
        "agent-not-allowed",
        make_spec(agents=[{"id": "a", "clusters": [], "optional": True}], clusters=7),
        [None],
        ["c0"],
        "nor in any other",
    ),
    Case(
        "agent-not-allowed",
        make_spec(agents=[{"id": "a", "clusters": [f"c{k}" for k in range(6)]}], clusters=7),
        ["c5"],
        ["c6"],
        "only in c0, c1, c2, c3, c4, ...",
    ),
    Case(
        "requires",
        make_spec(agents=[{"id": "a", "requires": {"zone": ["1", "2"]}}], clusters=zones("1", "2", "3")),
        ["c1"],
        ["c2"],
        "which has zone=3 where zone=1 or zone=2 is required",
    ),
    Case(
        "requires",
        make_spec(agents=[{"id": "a", "requires": {"zone": "1"}}], clusters=zones("1", None)),
        ["c0"],
        ["c1"],
        "which has none where zone=1 is required",
    ),
    Case(
        "requires",
        make_spec(
            agents=[{"id": "a", "requires": {"location": "l1"}}], clusters=[*TREE, {"id": "eu", "location": "l1"}]
        ),
        ["y"],
        ["z"],
        "location=l1",
    ),
    Case(
        "taint",
        make_spec(
            agents=[{"id": "a", "tolerates": ["spot", "arm"]}, {"id": "b", "tolerates": ["spot"]}],
            clusters=limited(taints=["arm", "spot"]),
        ),
        ["x", "y"],
        ["y", "x"],
        "agent b: it may not be in cluster x, whose taint arm it does not tolerate",
    ),
    Case(
        "taint",
        make_spec(agents=1, clusters=tree(taints=["spot"])),
        ["z"],
        ["y"],
        "whose taint spot it does not tolerate",
    ),
    Case(
        "capacity",
        make_spec(agents=CPU, clusters=[{"id": "x", "capacity": {"cpu": 3.4}}, {"id": "y", "capacity": {"cpu": 9}}]),
        ["x", "y"],
        ["x", "x"],
        "cluster x: 3.5 of cpu used, 0.1 more than its capacity, 3.4 (a, b)",
    ),
    Case(
        "capacity",
        make_spec(agents=CPU, clusters=[{"id": "x", "capacity": {"cpu": 9}}, "y"]),
        ["x", "x"],
        ["x", "y"],
        "cluster y: 1.5 of cpu used, 1.5 more than its capacity, 0 (b)",
    ),
    Case(
        "capacity",
        make_spec(agents=CPU, clusters=tree(capacity={"cpu": 3})),
        ["x", "z"],
        ["x", "y"],
        "cluster eu: 3.5 of cpu used, 0.5 more than its capacity, 3 (a, b)",
    ),
    Case(
        "capacity",
        make_spec(
            resources=DISK,
            agents=[{"id": "a", "demand": {"disk": 2}, "cluster": "x"}, {"id": "b", "demand": {"disk": 1}}],
            clusters=[{"id": "x", "capacity": {"disk": 2}}, {"id": "y", "capacity": {"disk": 3}}],
        ),
        ["y", "y"],
        ["y", "x"],
        "3 of disk used (2 of it by agents that move away), 1 more than its capacity, 2 (b, a)",
    ),
    Case(
        "capacity",
        make_spec(
            resources=DISK,
            agents=[{"id": "a", "demand": {"disk": 2}, "cluster": "x"}, {"id": "b", "demand": {"disk": 1}}],
            clusters=tree(capacity={"disk": 2}),
        ),
        ["y", "z"],
        ["z", "y"],
        "cluster eu: 3 of disk used (2 of it",
    ),
    Case(
        "capacity",
        make_spec(
            agents=["a", "b"],
            clusters=[{"id": "x", "capacity": {"cpu": 4}}, "y"],
            costs=[("a", "x", 0, {"cpu": 4}), ("b", "x", 0, {"cpu": 4.5})],
        ),
        ["x", "y"],
        ["y", "x"],
        "cluster x: 4.5 of cpu used, 0.5 more",
    ),
    Case(
        "shared-capacity",
        make_spec(
            resources=[{"id": "cpu", "capacity": 3}], agents=[{**row, "optional": True} for row in CPU], clusters=2
        ),
        ["c0", None],
        ["c0", "c1"],
        "all clusters together: 3.5 of cpu used, 0.5 more than there is, 3 (a, b)",
    ),
    Case(
        "shared-capacity",
        make_spec(
            resources=[{"id": "disk", "transient": True, "capacity": 2}],
            agents=[{"id": "a", "demand": {"disk": 2}, "cluster": "x", "optional": True}, CPU_LESS],
            clusters=limited(),
        ),
        ["y", None],
        [None, "y"],
        "3 of disk used (2 of it by agents that are left out now), 1 more than there is, 2",
    ),
    Case(
        "devices",
        gpus(a=4),
        ["x"],
        ["x"],
        "takes 2 devices of gpu, 1 are right for its demand of 4 (10 each)",
        on(a=[0]),
        on(a=[0, 1]),
    ),
    Case("devices", gpus(a=4), ["x"], ["x"], "takes 0 devices of gpu, 1 are right", on(a=[2]), {}),
    Case("devices", gpus(a=20), ["x"], ["x"], "takes 1 devices of gpu, 2 are right", on(a=[0, 2]), on(a=[0])),
    Case("devices", gpus(a=20), ["x"], ["x"], "takes 3 devices of gpu, 2 are", on(a=[1, 2]), on(a=[0, 1, 2])),
    Case("devices", gpus(a=0), ["x"], ["x"], "takes 1 devices of gpu, 0 are right", {}, on(a=[0])),
    Case(
        "devices",
        gpus(a=4),
        ["y"],
        ["y"],
        "takes device 1 of gpu, and cluster y has 1 of them, counted from 0",
        on(a=[0]),
        on(a=[1]),
    ),
    Case("devices", gpus(a=30), ["x"], ["x"], "device 61 of gpu", on(a=[0, 1, 2]), on(a=[0, 1, 61])),
    Case(
        "devices",
        make_spec(
            resources=GPU,
            agents=[{"id": "a", "demand": {"gpu": 4}, "optional": True}],
            clusters=[{"id": "x", "capacity": {"gpu": 30}}],
        ),
        [None],
        [None],
        "takes 1 devices of gpu, and it is left out",
        {},
        on(a=[0]),
    ),
    Case(
        "device-capacity",
        gpus(a=6, b=5),
        ["x", "x"],
        ["x", "x"],
        "cluster x: 11 of device 1 of gpu used, 1 more than its size, 10 (a, b)",
        on(a=[1], b=[2]),
        on(a=[1], b=[1]),
    ),
    Case(
        "device-capacity",
        gpus(a=20, b=0.5),
        ["x", "x"],
        ["x", "x"],
        "10.5 of device 2 of gpu used, 0.5 more",
        on(a=[0, 2], b=[1]),
        on(a=[0, 2], b=[2]),
    ),
    Case(
        "min-size",
        make_spec(agents=3, clusters=limited(min_size=2)),
        ["x", "x", "y"],
        ["x", "y", "y"],
        "1 agents, 1 fewer",
    ),
    Case(
        "min-size",
        make_spec(agents=2, clusters=limited(min_size=1)),
        ["x", "y"],
        ["y", "y"],
        "cluster x: 0 agents, 1 fewer than its smallest size, 1",
    ),
    Case(
        "min-size",
        make_spec(agents=3, clusters=tree(min_size=2)),
        ["x", "y", "z"],
        ["x", "z", "z"],
        "cluster eu: 1 agents",
    ),
    Case(
        "min-size",
        make_spec(agents=3, clusters=[{"id": "x", "min_size": 2}, {"id": "y", "min_size": 2}], elastic=True),
        ["x", "x", "x"],
        ["x", "x", "y"],
        "cluster y: 1 agents, 1 fewer than its smallest size, 2 (a2)",
    ),
    Case(
        "max-size",
        make_spec(agents=3, clusters=limited(max_size=2)),
        ["x", "x", "y"],
        ["x", "x", "x"],
        "cluster x: 3 agents, 1 more than its largest size, 2",
    ),
    Case(
        "max-size",
        make_spec(agents=3, clusters=tree(max_size=2)),
        ["x", "y", "z"],
        ["x", "y", "y"],
        "cluster eu: 3 agents",
    ),
    Case(
        "balance",
        make_spec(agents=4, clusters=2, tolerance=49),
        ["c0", "c1"] * 2,
        ["c0", "c1", "c1", "c1"],
        "cluster c1: 3 agents, 1 more than the balance tolerates, 2",
    ),
    Case(
        "balance",
        make_spec(agents=CPU, clusters=2, tolerance=15),
        ["c0", "c1"],
        ["c0", "c0"],
        "cluster c0: 3.5 of cpu, 1.5 more than the balance tolerates, 2 (a, b)",
    ),
    Case(
        "balance",
        make_spec(
            agents=CPU,
            clusters=[{"id": "x", "capacity": {"cpu": 9}}, {"id": "y", "capacity": {"cpu": 5}}],
            tolerance=20,
        ),
        ["x", "y"],
        ["y", "x"],
        "cluster y: 2 of cpu, 0.5 more than the balance tolerates, 1.5 (a)",
    ),
    Case(
        "together",
        make_spec(agents=["a", "b"], clusters=tree(), links=[("b", "a", "together")]),
        ["y", "y"],
        ["x", "y"],
        "agents a and b must be in the same cluster: a is in x, b is in y",
    ),
    Case(
        "together",
        make_spec(agents=OPTIONAL, clusters=2, links=[("a", "b", "together")]),
        [None, None],
        ["c0", None],
        "b is left out",
    ),
    Case(
        "apart",
        make_spec(agents=["a", "b"], clusters=tree(), links=[("a", "b", "apart")]),
        ["x", "y"],
        ["y", "y"],
        "agents a and b must be in different clusters: a is in y, b is in y",
    ),
    Case(
        "group-apart",
        make_spec(agents=MEMBERS, clusters=tree(), groups=[{"id": "g", "apart": True}]),
        ["x", "y", "x"],
        ["x", "x", "z"],
        "group g: 2 members in cluster x, no two may share one (a, b)",
    ),
    Case(
        "group-spread",
        make_spec(
            agents=MEMBERS, clusters=zones("1", "1", "2"), groups=[{"id": "g", "spread": {"label": "zone", "min": 2}}]
        ),
        ["c0", "c2", "c0"],
        ["c0", "c1", "c2"],
        "group g: members in 1 values of zone, in 2 are needed (a, b)",
    ),
    Case(
        "group-spread",
        make_spec(
            agents=[{**row, "group": "g"} for row in OPTIONAL],
            clusters=2,
            groups=[{"id": "g", "spread": {"label": "zone", "min": 1}}],
        ),
        ["c0", None],
        [None, None],
        "group g: members in 0 values of zone, in 1 are needed",
    ),
    Case(
        "group-spread",
        make_spec(
            agents=MEMBERS,
            clusters=[{"id": "x", "location": "l"}, "y", "z"],
            groups=[{"id": "g", "spread": {"label": "location", "min": 2}}],
        ),
        ["x", "y", "y"],
        ["y", "z", "x"],
        "group g: members in 1 values of location",
    ),
    Case(
        "group-skew",
        make_spec(
            agents=MEMBERS,
            clusters=zones("1", "1", "2"),
            groups=[{"id": "g", "spread": {"label": "zone", "max_skew": 1}}],
        ),
        ["c0", "c2", "c0"],
        ["c0", "c1", "c2"],
        "group g: 2 members in one value of zone and 0 in another, 1 apart at most (a, b)",
    ),
    Case(
        "group-skew",
        make_spec(
            agents=[{"id": name, "group": "g"} for name in "abc"],
            clusters=zones("1", "2", None),
            groups=[{"id": "g", "spread": {"label": "zone", "max_skew": 0}}],
        ),
        ["c2", "c0", "c1"],
        ["c0", "c1", "c1"],
        "group g: 2 members in one value of zone and 0 in another, 0 apart at most (a, b, c)",
    ),
    Case(
        "group-near",
        make_spec(
            agents=MEMBERS, clusters=zones("1", "1", "2", key="neighbourhood"), groups=[{"id": "g", "near": ["h"]}]
        ),
        ["c0", "c1", "c1"],
        ["c0", "c2", "c1"],
        "group g: it is in neighbourhood 2 (b), and group h is not",
    ),
    Case(
        "group-near",
        make_spec(
            agents=[*MEMBERS, {"id": "d", "group": "h", "optional": True}],
            clusters=["x", {"id": "y", "neighbourhood": "n"}, {"id": "z", "neighbourhood": "n"}],
            groups=[{"id": "g", "near": ["h"]}],
        ),
        ["x", "y", "x", "z"],
        ["x", "y", "z", None],
        "group g: it is in neighbourhood cluster x (a), and group h is not",
    ),
    Case(
        "max-moves",
        make_spec(agents=NOW, clusters=limited(), moves={"max": 1}),
        ["x", "y", "z"],
        ["y", "y", "x"],
        "2 agents move, 1 more than may, 1 (a, b)",
    ),
    Case(
        "max-moves",
        make_spec(agents=[{"id": "a", "cluster": "x", "optional": True}], clusters=limited(), moves={"max": 0}),
        ["x"],
        [None],
        "1 agents move",
    ),
    Case(
        "max-move-cost",
        make_spec(agents=NOW, clusters=limited(), moves={"max_cost": 0.2}),
        ["x", "y", "z"],
        ["y", "y", "x"],
        "the moves cost 0.3, 0.1 more than they may, 0.2 (a, b)",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.constraint}-{k}" for k, case in enumerate(CASES)])
def test_one_broken_constraint_is_named(case: Case) -> None:
    """The sound assignment holds; the broken one breaks one constraint, once, and the sentence says how."""
    spec = case.spec
    sound = solution_of(spec, case.sound, case.sound_devices)
    report = check_columns(spec, sound.cluster, sound.devices)
    assert report.violations == ()
    broken = solution_of(spec, case.broken, case.broken_devices)
    if case.constraint == "inner-cluster":
        broken.cluster[0] = spec.clusters.ids.index("eu")
    report = check_columns(spec, broken.cluster, broken.devices)
    assert report.counts == {case.constraint: 1}
    (violation,) = report.violations
    assert violation.constraint == case.constraint
    assert case.says in violation.text
    assert all(0 <= row < len(spec.agents.ids) for row in violation.rows)
    assert violation.agent is None or spec.agents.ids.index(violation.agent) in violation.rows
    assert violation.cluster is None or violation.cluster in spec.clusters.ids
    assert violation.resource is None or violation.resource in spec.resources.ids


def row(agent: Any = "a", cluster: Any = "x", **rest: Any) -> dict[str, Any]:
    """One row of a result file."""
    return {"agent": agent, "cluster": cluster, **rest}


PLAIN = make_spec(agents=["a", "b"], clusters=tree())
EQUIPPED = gpus(a=10, b=5)
FINE = [row("a", devices={"gpu": [0]}), row("b", devices={"gpu": [1]})]

ROWS: list[tuple[str, ClusterSpec, Any]] = [
    ("malformed", PLAIN, None),
    ("malformed", PLAIN, {"a": "x"}),
    ("malformed", PLAIN, [None, row("a"), row("b")]),
    ("malformed", PLAIN, [["a", "x"], row("a"), row("b")]),
    ("malformed", PLAIN, [row(3), row("a"), row("b")]),
    ("malformed", PLAIN, [row(["a"]), row("a"), row("b")]),
    ("malformed", PLAIN, [{"cluster": "x"}, row("a"), row("b")]),
    ("malformed", PLAIN, [{"agent": "a"}, row("b")]),
    ("malformed", PLAIN, [row("a", 0), row("b")]),
    ("malformed", PLAIN, [row("a", ["x"]), row("b")]),
    ("malformed", PLAIN, [row("a", start=0), row("b")]),
    ("malformed", PLAIN, [row("a", **{"x" * 300: 0}), row("b")]),
    ("malformed", PLAIN, [row("a", devices=[0]), row("b")]),
    ("malformed", PLAIN, [row("a", devices={"gpu": []}), row("b")]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": 0}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": [0, 0]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": [-1]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": [62]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": [True]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": ["0"]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"gpu": [[0]]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={"tpu": [0]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices={3: [0]}), FINE[1]]),
    ("malformed", EQUIPPED, [row("a", devices="gpu=0"), FINE[1]]),
    ("devices", EQUIPPED, [row("a", devices=None), FINE[1]]),
    ("devices", EQUIPPED, [row("a"), FINE[1]]),
    ("unknown-agent", PLAIN, [row("a"), row("b"), row("c")]),
    ("duplicate-agent", PLAIN, [row("a"), row("b"), row("a", "y")]),
    ("missing-agent", PLAIN, [row("b")]),
    ("unknown-cluster", PLAIN, [row("a", "us"), row("b")]),
    ("unknown-cluster", PLAIN, [row("a", ""), row("b")]),
    ("inner-cluster", PLAIN, [row("a", "eu"), row("b")]),
    ("unplaced", PLAIN, [row("a", None), row("b")]),
]


@pytest.mark.parametrize(("constraint", "spec", "rows"), ROWS)
def test_one_broken_row_is_named(constraint: str, spec: ClusterSpec, rows: Any) -> None:
    """Whatever a result file holds in place of rows is a violation of its own kind, never an exception."""
    counts = dict(check_assignments(spec, rows).counts)
    assert counts.pop("missing-agent", 2) == (1 if constraint == "missing-agent" else 2)
    assert counts == ({} if constraint == "missing-agent" else {constraint: 1})


def test_an_agent_with_several_rows_is_judged_by_the_first() -> None:
    """The others are faults, and change no figure."""
    report = check_assignments(PLAIN, [row("a"), row("b"), row("a", "z")])
    assert report.size.tolist() == [2, 0, 0, 2]
    assert report.counts == {"duplicate-agent": 1}


def test_agents_without_a_valid_row_add_nothing() -> None:
    """Neither placed nor left out: no reward, no move, no link, no rule of company."""
    spec = make_spec(
        agents=[{"id": "a", "cluster": "x", "reward": 5}, "b"],
        clusters=["x", "y"],
        links=[("a", "b"), ("a", "b", "together")],
        moves={"max": 0},
    )
    report = check_assignments(spec, [row("a", "nowhere"), row("b")])
    assert report.counts == {"unknown-cluster": 1}
    assert set(report.terms.values()) == {0}
    assert report.size.tolist() == [1, 0]


COLUMNS: list[tuple[str, Any, Any]] = [
    ("malformed", [0], None),
    ("malformed", [0, 0, 0], None),
    ("malformed", [[0, 0]], None),
    ("malformed", [0.0, 0.0], None),
    ("malformed", ["x", "x"], None),
    ("malformed", [True, True], None),
    ("malformed", None, None),
    ("unknown-cluster", [4, 0], None),
    ("unknown-cluster", [-2, 0], None),
    ("unknown-cluster", np.array([2**63, 0], np.uint64), None),
    ("unknown-cluster", np.array([200, 0], np.uint8), None),
    ("inner-cluster", [3, 0], None),
    ("unplaced", [-1, 0], None),
    ("malformed", [0, 0], [[0], [0]]),
    ("malformed", [0, 0], np.zeros((2, 1))),
]


@pytest.mark.parametrize(("constraint", "cluster", "devices"), COLUMNS)
def test_one_broken_column_is_named(constraint: str, cluster: Any, devices: Any) -> None:
    """Arrays of the wrong shape, type or range are violations, never exceptions."""
    assert check_columns(PLAIN, cluster, devices).counts == {constraint: 1}


def test_columns_of_any_integers_are_taken() -> None:
    """Narrow and unsigned integers are rows too."""
    for kind in (np.int8, np.uint8, np.int32, np.int64, np.uint64):
        assert check_columns(PLAIN, np.array([1, 2], kind)).feasible


@pytest.mark.parametrize(
    "devices", [None, [[1]], [[1], [2], [4]], [[1.0], [2.0]], [[-1], [2]], np.array([[2**62], [2]]), [[True], [False]]]
)
def test_devices_of_the_wrong_shape_or_range_are_named(devices: Any) -> None:
    """Where a resource has devices every agent has bits for it."""
    assert check_columns(EQUIPPED, [0, 0], devices).counts == {"malformed": 1}
    assert check_columns(EQUIPPED, [0, 0], [[1], [2]]).feasible


def test_every_constraint_has_its_mutation() -> None:
    """No kind of violation is without a case above."""
    named = {case.constraint for case in CASES} | {row[0] for row in ROWS} | {row[0] for row in COLUMNS}
    assert named == set(CONSTRAINTS)
