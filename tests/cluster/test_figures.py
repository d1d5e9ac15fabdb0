"""What the metrics say of an assignment."""

from __future__ import annotations

from cluster.specs import make_spec, solution_of

from qamctl.cluster.check import check_columns
from qamctl.cluster.figures import cut_before, utilisation
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec


def use(spec: ClusterSpec, solution: Solution) -> dict[str, object]:
    return utilisation(spec, solution, check_columns(spec, solution.cluster, solution.devices))


def test_shares_and_sizes() -> None:
    """Of capacities in all and of the fullest cluster; of sizes where agents are; of those that move."""
    spec = make_spec(
        resources=["cpu", {"id": "licence", "capacity": 4}, "free"],
        agents=[
            {"id": "a", "demand": {"cpu": 1.5, "licence": 1, "free": 9}, "cluster": "x"},
            {"id": "b", "demand": {"cpu": 2}, "cluster": "y"},
            {"id": "c", "demand": {"cpu": 0.5}},
        ],
        clusters=[{"id": "x", "capacity": {"cpu": 4}}, {"id": "y", "capacity": {"cpu": 8}}, "z"],
    )
    assert use(spec, solution_of(spec, ["x", "x", "y"])) == {
        "resources": {"cpu": round(4 / 12, 6), "licence": 0.25, "free": None},
        "fullest": {"cpu": 0.875, "licence": None, "free": None},
        "clusters_used": 2, "size_min": 1, "size_mean": 1.5, "size_max": 2, "moved": 1,
    }  # fmt: skip


def test_nobody() -> None:
    """Without agents nothing is used."""
    spec = make_spec(agents=[], clusters=2)
    assert use(spec, solution_of(spec, [])) == {
        "resources": {}, "fullest": {}, "clusters_used": 0, "size_min": 0, "size_mean": 0.0, "size_max": 0, "moved": 0,
    }  # fmt: skip


def test_the_cut_before() -> None:
    """Links between agents that are in two clusters now; None where nobody is anywhere."""
    links = [("a", "b", 2), ("b", "c", 0.5), ("c", "d", 4), ("a", "d", 8)]
    people = [{"id": "a", "cluster": "x"}, {"id": "b", "cluster": "y"}, {"id": "c", "cluster": "x"}, {"id": "d"}]
    spec = make_spec(agents=people, clusters=["x", "y"], links=links)
    assert cut_before(spec) == 2.5
    assert cut_before(make_spec(agents=people[:2], clusters=["x", "y"], links=links[:1])) == 2
    assert cut_before(make_spec(agents=["a", "b"], clusters=["x"], links=links[:1])) is None
