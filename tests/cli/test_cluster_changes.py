"""Tables of what a re-balance changes, from blocks as runs write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec

from qamctl.cli.cluster_changes import changes_table, sums_table
from qamctl.cli.table import columns
from qamctl.cluster.check import check_columns
from qamctl.cluster.monitor import state_of
from qamctl.cluster.monitor_block import clusters_block, present_state
from qamctl.cluster.spec import ClusterSpec


def block_of(spec: ClusterSpec, *leaf: int) -> dict[str, Any]:
    cluster = np.array(leaf, np.int32)
    return clusters_block(spec, present_state(spec), state_of(spec, cluster, check_columns(spec, cluster)))


def changes(block: dict[str, Any], width: int = 80) -> list[str]:
    return changes_table([(row["id"], row) for row in block["rows"]], block, width).splitlines()


def hosts(*places: str | None) -> ClusterSpec:
    """Agents of one core each on two hosts, each linked to the next one."""
    agents = [{"id": f"a{i}", "demand": {"cpu": 1}, "cluster": place} for i, place in enumerate(places)]
    clusters = [{"id": name, "capacity": {"cpu": 4}, "safe": {"cpu": 1}} for name in ("left", "right")]
    links = [(f"a{i}", f"a{i + 1}", 2.5) for i in range(len(places) - 1)]
    return make_spec(resources=["cpu"], agents=agents, clusters=clusters, links=links)


def test_changes_of_each_cluster_and_of_all() -> None:
    """Who comes and goes, and what is torn, hot, and kept together, before and after."""
    block = block_of(hosts("left", "right", "left"), 0, 0, 0)
    assert changes(block) == [
        "cluster  in  out     cut    load  inside",
        "left      1    -  5 -> 0  1 -> 2  0 -> 5",
        "right     -    1  5 -> 0       0       0",
        "all       -    -  5 -> 0  1 -> 2  0 -> 5",
    ]


def test_without_a_past_there_are_no_moves() -> None:
    """One figure each; columns that say nothing are left out, and so is a table of nothing."""
    block = block_of(hosts(None, None, None), 0, 0, 1)
    assert [line.split() for line in changes(block)] == [
        ["cluster", "cut", "load", "inside"],
        ["left", "2.5", "1", "2.5"],
        ["right", "2.5", "0", "0"],
        ["all", "2.5", "1", "2.5"],
    ]
    assert [line.split() for line in sums_table(block, 80).splitlines()][1][:3] == ["cpu", "33", "%"]
    spec = make_spec(agents=2, clusters=2)
    assert changes(block_of(spec, 0, 1)) == []
    assert sums_table(block_of(spec, 0, 0), 80).splitlines() == [
        "resource  imbalance  fullest  emptiest",
        "agents        100 %        2         0",
    ]


def test_sums_say_how_even_it_is() -> None:
    """Of each resource how full, of agents how many; without a capacity only what is used."""
    agents = [{"id": "a", "demand": {"cpu": 3, "net": 1}, "cluster": "x"}, {"id": "b", "demand": {"cpu": 1}}]
    spec = make_spec(
        resources=["cpu", "net"], agents=agents,
        clusters=[{"id": "x", "capacity": {"cpu": 4}}, {"id": "y", "capacity": {"cpu": 4}}],
    )  # fmt: skip
    assert sums_table(block_of(spec, 0, 1), 80).splitlines() == [
        "resource      imbalance  fullest     emptiest         share         use",
        "cpu       100 % -> 50 %     75 %  0 % -> 25 %  38 % -> 50 %  3 -> 4 / 8",
        "net               100 %        -            -             -           1",
        "agents     100 % -> 0 %        1       0 -> 1             -           -",
    ]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_page_has_fewer_columns(width: int) -> None:
    """Columns are left out from the right, and none is cut short for the others."""
    block = block_of(hosts(*["left", "right"] * 60), *[0] * 60, *[1] * 60)
    for text in ("\n".join(changes(block, width)), sums_table(block, width)):
        assert max(map(columns, text.splitlines())) <= width
        assert "…" not in text
    assert ("inside" in changes(block, width)[0]) == (width > 40)
