"""Clusters and watches as gauges."""

from __future__ import annotations

from typing import Any

import numpy as np
from cluster.specs import make_spec
from hypothesis import given
from hypothesis import strategies as st
from support.exposition import parse
from support.runs import NOW

from qamctl.cluster.check import check_columns
from qamctl.cluster.monitor import state_of
from qamctl.cluster.monitor_block import MOST_ROWS, clusters_block, present_state
from qamctl.runs.metrics import Stopwatch, build
from qamctl.runs.prometheus import to_prometheus
from qamctl.runs.prometheus_watch import watch_text

BASE = (("kind", "cluster"), ("name", "fleet"))


def block_of(name: str = "x", clusters: int = 2, placed: bool = True) -> dict[str, Any]:
    """Two agents in one cluster, one of whom moves to another."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 1.5}} | ({"cluster": name} if placed else {}) for i in range(2)]
    places = [{"id": name, "capacity": {"cpu": 2}, "safe": {"cpu": 1}}]
    places += [{"id": f"c{k}", "capacity": {"cpu": 2}} for k in range(1, clusters)]
    spec = make_spec(resources=["cpu"], agents=agents, clusters=places, links=[("a0", "a1", 0.5)])
    leaf = np.array([0, 1], np.int32)
    return clusters_block(spec, present_state(spec), state_of(spec, leaf, check_columns(spec, leaf)))


def samples_of(block: dict[str, Any] | None) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    metrics = build(
        run="r", kind="cluster", name="fleet", result={"status": "feasible"}, stopwatch=Stopwatch(), now=NOW,
        clusters=block,
    )  # fmt: skip
    assert ("clusters" in metrics) == (block is not None)
    return parse(to_prometheus(metrics))


def one(cluster: str, state: str | None = None, resource: str | None = None) -> tuple[tuple[str, str], ...]:
    labels = [("cluster", cluster)] + ([("resource", resource)] if resource else [])
    return (*BASE, *labels, *([("state", state)] if state else []))


def test_every_cluster_is_a_series_before_and_after() -> None:
    """Sizes, uses, limits, what is left, what is torn, who comes and goes."""
    samples = samples_of(block_of())
    assert samples["qamctl_cluster_size"] == {
        one("x", "before"): 2, one("x", "after"): 1, one("c1", "before"): 0, one("c1", "after"): 1,
    }  # fmt: skip
    assert samples["qamctl_cluster_use"][one("x", "before", "cpu")] == 3
    assert samples["qamctl_cluster_capacity"][one("x", None, "cpu")] == 2
    assert samples["qamctl_cluster_safe"] == {one("x", None, "cpu"): 1}
    assert samples["qamctl_cluster_headroom"][one("x", "before", "cpu")] == -1
    assert samples["qamctl_cluster_load"][one("x", "after")] == 0.5
    assert samples["qamctl_cluster_cut"][one("c1", "after")] == 0.5
    assert samples["qamctl_cluster_inside"][one("x", "before")] == 0.5
    assert samples["qamctl_cluster_moves_in"] == {one("x"): 0, one("c1"): 1}
    assert samples["qamctl_cluster_moves_out"] == {one("x"): 1, one("c1"): 0}


def test_sums_of_all_clusters() -> None:
    """Cut, load, imbalance, headroom, broken rules, moves."""
    samples = samples_of(block_of())
    before, after = (*BASE, ("state", "before")), (*BASE, ("state", "after"))
    assert samples["qamctl_clusters_number"] == {BASE: 2}
    assert samples["qamctl_clusters_cut"] == {before: 0, after: 0.5}
    assert samples["qamctl_clusters_load"] == {before: 2, after: 0.5}
    assert samples["qamctl_clusters_size_imbalance_ratio"] == {before: 1, after: 0}
    assert samples["qamctl_clusters_imbalance_ratio"][(*BASE, ("resource", "cpu"), ("state", "before"))] == 1
    assert samples["qamctl_clusters_headroom"][(*BASE, ("resource", "cpu"), ("state", "after"))] == 1
    assert samples["qamctl_clusters_violations"] == {(*BASE, ("constraint", "capacity"), ("state", "before")): 1}
    assert samples["qamctl_clusters_moves"][(*BASE, ("change", "moved"))] == 1


def test_what_is_not_there_has_no_series() -> None:
    """No past, no answer, too many clusters, or a run that is about something else."""
    placed = samples_of(block_of(placed=False))
    assert {dict(labels)["state"] for labels in placed["qamctl_cluster_size"]} == {"after"}
    many = samples_of(block_of(clusters=MOST_ROWS + 1))
    assert "qamctl_cluster_size" not in many
    assert many["qamctl_clusters_number"] == {BASE: MOST_ROWS + 1}
    waiting = samples_of(block_of() | {"after": None, "moves": None, "complete": False})
    assert "qamctl_clusters_moves" not in waiting
    assert not any(name.startswith("qamctl_cluster") for name in samples_of(None))


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1) | st.just('"\\\n'))
def test_any_id_makes_a_legal_file(name: str) -> None:
    """Backslashes, quotes and line ends in the ids of clusters are escaped, and come back as they were."""
    if name != "c1":
        assert one(name, "before") in samples_of(block_of(name))["qamctl_cluster_size"]


LOOK: dict[str, Any] = {
    "look": 3, "time": "2026-11-20T20:00:00Z", "name": "fleet", "status": "drifted", "objective": [5, 2.5],
    "terms": {"cut": 2.5}, "drift": {"joined": 2, "left": 0, "ids": {"joined": ["a", "b"]}},
    "proposal": {
        "worth": True, "gain": 0.25, "moves": {"moved": 2, "steps": 3},
        "objective": {"before": [5, 2.5], "after": [4, 2]},
    },
}  # fmt: skip


def test_a_look_as_gauges() -> None:
    """When it was, what it found, what changed, and what is proposed; with the clusters."""
    samples = parse(watch_text(LOOK, block_of(), 12.5))
    assert samples["qamctl_watch_last_look_timestamp_seconds"] == {BASE: NOW.timestamp()}
    assert samples["qamctl_watch_last_read_timestamp_seconds"] == {BASE: 12.5}
    assert samples["qamctl_watch_status"][(*BASE, ("status", "drifted"))] == 1
    assert sum(samples["qamctl_watch_status"].values()) == 1
    assert samples["qamctl_watch_objective"] == {(*BASE, ("level", "1")): 5, (*BASE, ("level", "2")): 2.5}
    assert samples["qamctl_watch_term"] == {(*BASE, ("term", "cut")): 2.5}
    assert samples["qamctl_watch_changes"] == {(*BASE, ("change", "joined")): 2, (*BASE, ("change", "left")): 0}
    assert samples["qamctl_watch_proposal"] == {BASE: 1}
    assert samples["qamctl_watch_proposal_moves"][(*BASE, ("change", "steps"))] == 3
    assert samples["qamctl_watch_proposal_objective"][(*BASE, ("level", "1"))] == 4
    assert samples["qamctl_watch_proposal_gain_ratio"] == {BASE: 0.25}
    assert samples["qamctl_watch_looks_total"] == {BASE: 3}
    assert samples["qamctl_cluster_size"][one("x", "before")] == 2


def test_a_look_that_could_read_nothing() -> None:
    """It says so, and nothing of what it does not know."""
    blind = {"look": 1, "time": LOOK["time"], "name": "fleet", "status": "unreadable", "drift": None, "proposal": None}
    samples = parse(watch_text(blind, None, None))
    assert samples["qamctl_watch_status"][(*BASE, ("status", "unreadable"))] == 1
    assert samples["qamctl_watch_proposal"] == {BASE: 0}
    assert set(samples) == {
        "qamctl_watch_last_look_timestamp_seconds", "qamctl_watch_status", "qamctl_watch_proposal",
        "qamctl_watch_looks_total",
    }  # fmt: skip
    dear = LOOK | {"proposal": LOOK["proposal"] | {"gain": None}}
    assert "qamctl_watch_proposal_gain_ratio" not in parse(watch_text(dear, None, None))
    poor = LOOK | {"proposal": LOOK["proposal"] | {"worth": False}}
    assert parse(watch_text(poor, None, None))["qamctl_watch_proposal"] == {BASE: 0}
