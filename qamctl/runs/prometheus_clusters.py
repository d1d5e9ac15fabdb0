"""Clusters before and after as gauges, from the block `clusters` of a metrics file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qamctl.runs.exposition import Family, Samples

_STATES = ("before", "after")


def cluster_families(block: Mapping[str, Any] | None, base: Mapping[str, str]) -> Iterator[Family]:
    """Gauges of all clusters together, and of each one where the block has them all.

    `state="before"` is how agents are now, `state="after"` how the answer has them.

    Parameters
    ----------
    block
        As `cluster.monitor_block` makes it; None: there is nothing to tell.
    base
        Labels that every sample carries.
    """
    if block is None:
        return
    states = {state: block[state] for state in _STATES if block[state] is not None}
    yield from _sums(block, states, base)
    if block["complete"]:
        yield from _each(block["rows"], base)


def _sums(block: Mapping[str, Any], states: Mapping[str, Any], base: Mapping[str, str]) -> Iterator[Family]:
    def one(*path: str) -> Samples:
        found = []
        for state, value in states.items():
            for key in path:
                value = value[key]
            if value is not None:
                found.append(({**base, "state": state}, float(value)))
        return found

    def by_resource(key: str) -> Samples:
        return [
            ({**base, "resource": name, "state": state}, float(figures[key]))
            for state, value in states.items()
            for name, figures in value["resources"].items()
            if figures[key] is not None
        ]

    yield "qamctl_clusters_number", "Clusters that agents can be in.", [(base, float(block["number"]))]
    yield "qamctl_clusters_in_use", "Clusters that hold agents.", one("in_use")
    yield "qamctl_clusters_unplaced", "Agents that are in no cluster.", one("unplaced")
    yield "qamctl_clusters_cut", "Weight of the links between clusters.", one("cut")
    yield "qamctl_clusters_load", "Weighted use above the safe limits.", one("load")
    yield "qamctl_clusters_above_safe", "Clusters above a safe limit.", one("above_safe")
    broken = [
        ({**base, "constraint": kind, "state": state}, float(count))
        for state, value in states.items()
        for kind, count in value["violations"].items()
    ]
    yield "qamctl_clusters_violations", "Broken constraints by kind.", broken
    imbalance = "Largest size of a cluster above the mean, as a share of the mean."
    yield "qamctl_clusters_size_imbalance_ratio", imbalance, one("size", "imbalance")
    yield (
        "qamctl_clusters_imbalance_ratio",
        "Fullest cluster above the mean, as a share of the mean.",
        by_resource("imbalance"),
    )
    yield "qamctl_clusters_headroom", "What all clusters together have left.", by_resource("headroom")
    if (moves := block["moves"]) is not None:
        ways = [({**base, "change": change}, float(count)) for change, count in moves.items()]
        yield "qamctl_clusters_moves", "Agents that the answer moves, places, and leaves out.", ways


def _each(rows: list[Mapping[str, Any]], base: Mapping[str, str]) -> Iterator[Family]:
    def figure(key: str) -> Samples:
        return [
            ({**base, "cluster": row["id"], "state": state}, float(row[state][key]))
            for row in rows
            for state in _STATES
            if row[state] is not None
        ]

    def by_resource(key: str) -> Samples:
        return [
            ({**base, "cluster": row["id"], "resource": name, "state": state}, float(value))
            for row in rows
            for state in _STATES
            if row[state] is not None
            for name, value in row[state][key].items()
        ]

    def limit(key: str) -> Samples:
        return [
            ({**base, "cluster": row["id"], "resource": name}, float(value))
            for row in rows
            for name, value in row[key].items()
        ]

    def moves(key: str) -> Samples:
        return [({**base, "cluster": row["id"]}, float(row[key])) for row in rows if row[key] is not None]

    yield "qamctl_cluster_size", "Agents inside the cluster.", figure("size")
    yield "qamctl_cluster_use", "What the agents inside use.", by_resource("use")
    yield "qamctl_cluster_capacity", "What the cluster can hold.", limit("capacity")
    yield "qamctl_cluster_safe", "What it should hold at most.", limit("safe")
    yield "qamctl_cluster_headroom", "What it has left of its capacity.", by_resource("headroom")
    yield "qamctl_cluster_load", "Weighted use above its safe limits.", figure("load")
    yield "qamctl_cluster_cut", "Weight of the links that leave the cluster.", figure("cut")
    yield "qamctl_cluster_inside", "Weight of the links within the cluster.", figure("inside")
    yield "qamctl_cluster_moves_in", "Agents that the answer brings into the cluster.", moves("moves_in")
    yield "qamctl_cluster_moves_out", "Agents that the answer takes out of the cluster.", moves("moves_out")
