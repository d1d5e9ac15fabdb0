"""Where clusters and agents are drawn."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec
from hypothesis import given
from hypothesis import strategies as st

from qamctl.cluster.check import check_columns
from qamctl.cluster.monitor import state_of
from qamctl.cluster.spec import ClusterSpec
from qamctl.report.cluster_layout import LEFT_OUT, ROOT, Box, Layout, arrange, chain, dots_for


def laid_out(spec: ClusterSpec, leaf: list[int], most: int = 500) -> Layout:
    cluster = np.array(leaf, np.int32)
    state = state_of(spec, cluster, check_columns(spec, cluster))
    shown = np.ones(len(spec.clusters.ids), np.bool_)
    return arrange(spec, state, dots_for(spec.agents.ids, most), shown, lambda k: (0,) if spec.clusters.leaf[k] else ())


def within(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.wide <= outer.x + outer.wide + 0.01
        and inner.y + inner.high <= outer.y + outer.high + 0.01
    )


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.wide <= other.x
        or other.x + other.wide <= one.x
        or one.y + one.high <= other.y
        or other.y + other.high <= one.y
    )


@given(st.integers(0, 10**9))
def test_boxes_and_agents_are_where_they_belong(seed: int) -> None:
    """Boxes lie in those around them and beside each other, agents in the box of their cluster, no two on one place."""
    rng = Random(seed)
    outer = rng.randint(0, 4)
    leaves = rng.randint(1, 9)
    parents = [f"p{k}" for k in range(outer)]
    clusters: list[object] = [
        {"id": f"c{k}", "capacity": {"cpu": 5}, **({"parent": rng.choice(parents)} if outer else {})}
        for k in range(leaves)
    ]
    used = {row["parent"] for row in clusters if "parent" in row}  # type: ignore[index, operator]
    clusters += [name for name in parents if name in used]
    n = rng.choice([1, 7, 61, 201])
    links = [(f"a{a}", f"a{b}") for a, b in rng.sample(list(combinations(range(n), 2)), min(n // 2, 40))]
    spec = make_spec(resources=["cpu"], agents=n, clusters=clusters, links=links)  # type: ignore[arg-type]
    leaf = [rng.randint(-1, leaves - 1) for _ in range(n)]
    layout = laid_out(spec, leaf)
    boxes = layout.root.all()
    for box in boxes:
        assert all(within(one, box) for one in box.inside)
        assert all(apart(one, other) for one, other in combinations(box.inside, 2))
        for i in box.agents.tolist():
            x, y = layout.place[i]
            assert box.x < x < box.x + box.wide
            assert box.y + box.top < y + 1 < box.y + box.high
            assert leaf[i] == box.cluster or (leaf[i] < 0 and box.cluster == LEFT_OUT)
    drawn = {box.cluster for box in boxes}
    assert drawn == {ROOT, *range(len(spec.clusters.ids))} | ({LEFT_OUT} if -1 in leaf else set())
    assert len(np.unique(layout.place.round(3), axis=0)) == n
    again = laid_out(spec, leaf)
    assert np.array_equal(again.place, layout.place)


def test_boxes_that_share_links_stand_side_by_side() -> None:
    """In the order of a chain; without links as they are in the file."""
    near = np.zeros((4, 4))
    assert chain(near) == [0, 1, 2, 3]
    near[0, 3] = near[3, 0] = 5
    near[3, 1] = near[1, 3] = 4
    assert chain(near) == [0, 3, 1, 2]
    spec = make_spec(agents=4, clusters=4, links=[("a0", "a3", 5), ("a3", "a1", 4)])
    layout = laid_out(spec, [0, 1, 2, 3])
    assert [box.cluster for box in layout.root.inside] == [0, 3, 1, 2]


def test_agents_stand_near_those_that_they_are_linked_to() -> None:
    """Links are shorter than they were if agents stood in the order of the file."""
    pairs = [(k, 23 - k) for k in range(12)]
    leaf = [0] * 12 + [1] * 12
    linked = laid_out(make_spec(agents=24, clusters=2, links=[(f"a{a}", f"a{b}") for a, b in pairs]), leaf)
    loose = laid_out(make_spec(agents=24, clusters=2), leaf)

    def length(layout: Layout) -> float:
        return sum(float(np.hypot(*(layout.place[a] - layout.place[b]))) for a, b in pairs)

    assert length(linked) < 0.9 * length(loose)


@pytest.mark.parametrize(("agents", "labels", "radius"), [(1, True, 6), (60, True, 6), (61, False, 5), (201, False, 4)])
def test_the_more_agents_the_smaller(agents: int, labels: bool, radius: float) -> None:
    """Names only where there is room for them; none at all of very many."""
    dots = dots_for([f"a{k}" for k in range(agents)], 500)
    assert (dots.labels, dots.radius) == (labels, radius)
    assert dots_for(["a"] * 501, 500).radius == 0
    assert dots_for(["a" * 100], 500).wide == 96
    spec = make_spec(agents=3, clusters=2)
    assert np.isnan(laid_out(spec, [0, 1, 1], most=2).place).all()


def test_a_picture_of_nothing() -> None:
    """Clusters without agents are there all the same."""
    layout = laid_out(make_spec(agents=0, clusters=1), [])
    assert [box.cluster for box in layout.root.all()] == [ROOT, 0]
    assert layout.root.wide > 0
