"""A spec that is written as data is read as the same columns."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.cluster_columns import differences
from support.random_clusters import tiny_cluster

from qamctl.cluster.read import cluster_from_data, load_cluster
from qamctl.cluster.write import to_data

PROBLEMS = sorted((Path(__file__).parents[2] / "problems").glob("cluster-*.yaml"))


@pytest.mark.parametrize("part", range(5))
def test_random_specs_come_back(part: int) -> None:
    """Whatever rules they have; also as JSON."""
    for seed in range(60 * part, 60 * (part + 1)):
        spec = cluster_from_data(tiny_cluster(Random(seed)))
        data = to_data(spec)
        assert differences(spec, cluster_from_data(json.loads(json.dumps(data)))) == [], seed
        assert to_data(cluster_from_data(data)) == data


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_the_examples_come_back(path: Path) -> None:
    """With their tables, levels and defaults."""
    spec = load_cluster(path)
    assert differences(spec, cluster_from_data(to_data(spec))) == []


WHOLE: dict[str, Any] = {
    "kind": "cluster", "version": 1, "name": "whole", "solver": {"seed": 3, "backend": "assignment"},
    "resources": [{"id": "cpu", "capacity": 9.25, "weight": 2, "transient": True}, {"id": "ram"}],
    "agents": [
        {"id": "a", "demand": {"cpu": 0.5, "ram": 1}, "cluster": "x", "move_cost": 2.5, "optional": True, "reward": 3,
         "requires": {"disk": ["ssd", "nvme"]}, "tolerates": ["b", "a"], "group": "g", "clusters": ["x", "y"]},
        {"id": "b", "group": "h"},
    ],
    "clusters": [
        {"id": "x", "capacity": {"cpu": 3.125, "ram": 4}, "safe": {"cpu": 2}, "labels": {"disk": "ssd"},
         "taints": ["a"], "location": "here", "neighbourhood": "n", "cost": 4, "min_size": 0, "max_size": 2},
        {"id": "y", "capacity": {"cpu": 1, "ram": 2}, "labels": {"disk": "hdd"}},
    ],
    "links": [{"a": "b", "b": "a", "weight": 2.5}],
    "groups": [{"id": "h", "apart": True, "near": ["g"], "spread": {"label": "disk", "max_skew": 0, "weight": 2}}],
    "balance": {"tolerance": 12.000001, "ratios": [{"resource": "cpu", "other": "ram", "ratio": 1.5, "weight": 2}]},
    "costs": [{"agent": "b", "cluster": "x", "cost": 1.5}, {"agent": "a", "cluster": "y", "demand": {}}],
    "moves": {"max": 1, "max_cost": 2.5, "per_agent": 2, "per_group": 1, "per_pair": 3,
              "pairs": [{"from": "x", "to": "y", "cost": 2}]},
    "objective": [{"unplaced": 1}, {"cut": 2, "move": 0.5}],
}  # fmt: skip


def test_every_field_comes_back() -> None:
    """All that a file can say that counts."""
    spec = cluster_from_data(WHOLE)
    data = to_data(spec)
    assert differences(spec, cluster_from_data(data)) == []
    assert data["agents"][0]["demand"] == {"cpu": 0.5, "ram": 1}
    assert data["balance"]["tolerance"] == 12.000001
    assert data["solver"]["seed"] == 3
