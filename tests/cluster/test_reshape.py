"""Thresholds divide and dissolve clusters whose number is part of the answer, as far as moves and sizes allow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec

from qamctl.cluster.reshape import DISSOLVED, reshaped
from qamctl.cluster.spec import NO_LIMIT, Clusters, ClusterSpec


def sized(*sizes: int, least: int = 0, most: int | None = None, nowhere: int = 0, **more: Any) -> ClusterSpec:
    """Elastic clusters that hold so many agents now."""
    limits = {"min_size": least} | ({} if most is None else {"max_size": most})
    rows = [f"c{k}" for k, size in enumerate(sizes) for _ in range(size)] + [None] * nowhere
    agents = [{"id": f"a{i}", "cluster": place, **more.pop(f"a{i}", {})} for i, place in enumerate(rows)]
    return make_spec(
        agents=agents, clusters=[{"id": f"c{k}", **limits} for k in range(len(sizes))], elastic=True, **more
    )  # fmt: skip


def told(clusters: Clusters) -> tuple[int, int | None, list[str]]:
    """The limits of a size, which are the same for all, and the clusters that are dissolved."""
    assert len(set(clusters.min_size.tolist())) == len(set(clusters.max_size.tolist())) == 1
    most = int(clusters.max_size[0])
    closed = [name for name, taints in zip(clusters.ids, clusters.taints, strict=True) if taints]
    return int(clusters.min_size[0]), None if most == NO_LIMIT else most, closed


def test_nothing_changes_between_the_thresholds() -> None:
    """Sizes at a threshold are not beyond it."""
    spec = sized(5, 3, 0, least=2, most=8, split_above=5, merge_below=3)
    after = reshaped(spec)
    assert told(after) == (2, 8, [])
    assert after.ids == spec.clusters.ids


def test_a_cluster_above_the_threshold_is_divided() -> None:
    """Then no cluster may be larger, and there are enough empty ones for the parts."""
    after = reshaped(sized(11, 3, most=20, split_above=5))
    assert told(after) == (0, 5, [])
    assert after.ids == ("c0", "c1", "c2", "c3")  # three parts of c0
    assert after.leaf.all()
    assert len(after.capacity) == len(after.labels) == len(after.taints) == 4
    assert len(reshaped(sized(11, 3, 0, 0, 0, most=20, split_above=5)).ids) == 5


def test_small_clusters_are_dissolved_the_smallest_first() -> None:
    """As long as the others hold all agents; new ones are no smaller than the threshold."""
    after = reshaped(sized(6, 2, 1, 0, most=10, merge_below=3))
    assert told(after) == (3, 10, ["c1", "c2"])
    assert told(reshaped(sized(2, 2, 1, merge_below=3)))[2] == ["c0", "c2"]
    assert told(reshaped(sized(4, 4, 2, most=5, merge_below=5)))[2] == ["c2"]


def test_as_many_clusters_stay_as_the_target_asks_for() -> None:
    """Twelve clusters of 6 with a target of 10 become eight, by which none has fewer than 7."""
    after = reshaped(sized(*[6] * 12, target=10, merge_below=7))
    assert told(after) == (7, None, ["c0", "c1", "c2", "c3"])


def test_limits_that_no_number_of_clusters_keeps_are_not_set() -> None:
    """13 agents are in no number of clusters of 8 to 10, and 7 in none of 4 to 6."""
    assert told(reshaped(sized(6, 6, 1, least=1, most=10, merge_below=8)))[:2] == (1, 10)
    assert told(reshaped(sized(7, 0, least=4, most=9, split_above=6))) == (4, 9, [])


@pytest.mark.parametrize(
    ("moves", "most", "closed"),
    [
        ({"max": 3}, 7, []), ({"max": 5}, 5, []), ({"max": 6}, 5, ["c1"]), ({"max": 0}, None, []),
        ({"max_cost": 3}, 7, []), ({"max_cost": 5.5}, 5, []), ({"max_cost": 7}, 5, ["c1"]),
    ],
)  # fmt: skip
def test_the_bounds_on_moves_hold(moves: dict[str, Any], most: int | None, closed: list[str]) -> None:
    """Clusters are divided as far as they allow it, and dissolved with what is left."""
    after = reshaped(sized(10, 1, 4, split_above=5, merge_below=2, moves=moves))
    assert told(after)[1:] == (most, closed)


def test_the_cheapest_agents_leave() -> None:
    """What a division costs is what the cheapest of its agents cost."""
    dear = {f"a{i}": {"move_cost": 10} for i in range(4)}
    after = reshaped(sized(6, most=9, split_above=4, moves={"max_cost": 2}, **dear))
    assert told(after)[1] == 4
    assert told(reshaped(sized(6, most=9, split_above=4, moves={"max_cost": 1}, **dear)))[1] == 5


def test_nobody_tolerates_what_a_dissolved_cluster_is_tainted_with() -> None:
    """Whatever agents say that they tolerate."""
    after = reshaped(sized(4, 1, merge_below=2, a0={"tolerates": [DISSOLVED]}))
    assert after.taints[1] == frozenset({DISSOLVED + "'"})


def test_agents_that_are_nowhere_count_for_the_room() -> None:
    """Enough clusters stay for them, and there are enough."""
    after = reshaped(sized(3, 1, most=4, nowhere=5, merge_below=2))
    assert told(after) == (0, 4, [])
    assert len(after.ids) == 3
    assert np.array_equal(after.cost, np.zeros(3))
