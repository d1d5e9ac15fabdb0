"""The peer's model of machine reassignment is the problem: its optimum is that of all assignments by the checker."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from cluster.specs import make_spec
from support.assignment_specs import optimum

from qamctl.cluster.spec import ClusterSpec

pytest.importorskip("ortools")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent))
    return import_module("reassignment")


def draw(rng: Random) -> ClusterSpec:
    """A problem with every rule and cost of the challenge; the present assignment may break a rule."""
    machines = [f"M{m}" for m in range(3)]
    clusters = [
        {
            "id": name, "capacity": {"cpu": rng.randint(5, 9), "disk": rng.randint(4, 8)},
            "safe": {"cpu": rng.randint(1, 5), "disk": rng.randint(1, 5)},
            "location": f"L{m % 2}", "neighbourhood": f"N{rng.randint(0, 1)}",
        }
        for m, name in enumerate(machines)
    ]  # fmt: skip
    agents = [
        {
            "id": f"P{p}", "demand": {"cpu": rng.randint(0, 3), "disk": rng.randint(0, 3)}, "group": f"S{p % 3}",
            "cluster": rng.choice(machines), "move_cost": rng.randint(0, 4),
        }
        for p in range(5)
    ]  # fmt: skip
    groups: list[dict[str, Any]] = [{"id": f"S{g}", "apart": True} for g in range(3)]
    groups[0]["spread"] = {"label": "location", "min": 2}
    groups[1]["near"] = ["S2"]
    pairs = [(a, b, rng.randint(0, 3)) for a in machines for b in machines if a != b]
    return make_spec(
        resources=[{"id": "cpu", "weight": rng.randint(0, 9)}, {"id": "disk", "weight": 2, "transient": True}],
        agents=agents, clusters=clusters, groups=groups, ratios=[("cpu", "disk", rng.randint(1, 3), rng.randint(1, 5))],
        moves={"per_agent": 1, "per_group": 2, "per_pair": 3, "pairs": pairs},
        objective={"load": 1, "balance": 1, "move": 1},
    )  # fmt: skip


def test_the_model_of_the_peer_is_the_problem(bench: ModuleType) -> None:
    """On random problems of three machines CP-SAT's answer keeps every rule and is optimal, or nothing is feasible."""
    rng, solved = Random(3), 0
    for _ in range(40):
        spec = draw(rng)
        best, _ = optimum(spec)
        row = bench.cpsat(spec, 30.0, 1, 1)
        if best is None:
            assert row["cpsat status"] == "INFEASIBLE"
            continue
        assert row["cpsat status"] == "OPTIMAL"
        assert bench.objective(spec, row["machine"]) == row["cpsat objective"] == best[0]
        solved += 1
    assert solved >= 10


def test_an_engine_without_an_answer_is_worth_its_start(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """What CP-SAT did not find in time is told, and neither hides a miss of ours nor makes one."""
    row = {"instance": "a1_4", "bound": 100, "start": 250, "ours": 105, "our bound": 100.0, "cpsat": None}
    assert bench.gap(row, "cpsat") == 1.5
    assert bench.verdict([row]) == 0
    assert "CP-SAT had no answer in time" in capsys.readouterr().out
    assert bench.verdict([row | {"ours": 107}]) == 1
    assert bench.verdict([row | {"cpsat": 104}]) == 1
    assert bench.verdict([row | {"our bound": 106}]) == 1
