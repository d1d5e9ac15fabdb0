"""The importer of METIS graphs: weights and their flags, every edge once, comments, clean faults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError, UsageError
from qamctl.formats import read
from qamctl.formats.remarks import Remarks

#: The first example of the METIS manual has this shape: a path with a triangle; node 5 has no neighbour.
PLAIN = "% a comment\n5 4\n2 3\n1 3\n% another\n1 2 4\n3\n\n"


def test_nodes_count_from_one_and_every_edge_is_a_link() -> None:
    """Without weights there is no demand and no resource; two clusters and 3 % are what is not said."""
    data = read("metis", PLAIN, name="x/small.graph")
    assert data == {
        "kind": "cluster",
        "version": 1,
        "name": "small",
        "objective": {"cut": 1},
        "clusters": {"count": 2},
        "balance": 3,
        "agents": [{"id": f"n{k}"} for k in range(1, 6)],
        "links": [{"a": "n1", "b": "n2"}, {"a": "n1", "b": "n3"}, {"a": "n2", "b": "n3"}, {"a": "n3", "b": "n4"}],
    }
    assert len(cluster_from_data(data).links.cut_a) == 4


def test_clusters_and_tolerance_can_be_said() -> None:
    """The file says neither how many clusters there are to be nor how unlike they may be."""
    data = read("metis", PLAIN, name="x", clusters=4, tolerance=2.5)
    assert (data["clusters"], data["balance"]) == ({"count": 4}, 2.5)
    assert repr(read("metis", PLAIN, name="x", tolerance=5.0)["balance"]) == "5"
    for clusters in (0, 100_001, 6):
        with pytest.raises(UsageError, match="--clusters"):
            read("metis", PLAIN, name="x", clusters=clusters)


EDGE = [{"a": "n1", "b": "n2", "weight": 9}]


@pytest.mark.parametrize(
    ("text", "demands", "links", "warned"),
    [
        ("2 1 0\n2\n1\n", [None, None], [{"a": "n1", "b": "n2"}], False),
        ("2 1 1\n2 9\n1 9\n", [None, None], EDGE, False),
        ("2 1 001\n2 9\n1 9\n", [None, None], EDGE, False),
        ("2 1 11\n4 2 9\n0 1 9\n", [{"weight": 4}, {"weight": 0}], EDGE, False),
        ("2 1 011 1\n4 2 9\n0 1 9\n", [{"weight": 4}, {"weight": 0}], EDGE, False),
        ("2 1 10 3\n4 5 6 2\n1 2 3 1\n", [{"weight": 4, "w2": 5, "w3": 6}, {"weight": 1, "w2": 2, "w3": 3}],
         [{"a": "n1", "b": "n2"}], False),
        ("2 1 100\n7 2\n8 1\n", [None, None], [{"a": "n1", "b": "n2"}], True),
        ("2 1 111\n7 4 2 9\n8 5 1 9\n", [{"weight": 4}, {"weight": 5}], EDGE, True),
        ("2 0\n\n\n", [None, None], None, False),
    ],
)  # fmt: skip
def test_the_flags_say_what_a_line_holds(text: str, demands: list[Any], links: list[Any] | None, warned: bool) -> None:
    """Sizes, weights of nodes (several constraints too) and of edges; sizes have no use here, and that is told."""
    remarks = Remarks()
    data = read("metis", text, name="x", remarks=remarks)
    assert [agent.get("demand") for agent in data["agents"]] == demands
    assert data.get("links") == links
    assert [row["id"] for row in data.get("resources", [])] == list(demands[0] or ())
    assert bool(remarks.warnings) == warned
    cluster_from_data(data)


@pytest.mark.parametrize(
    ("file", "nodes", "edges"), [("3elt", 4720, 13722), ("add20", 2395, 7462), ("whitaker3", 9800, 28989)]
)
def test_published_graphs_are_read_whole(file: str, nodes: int, edges: int) -> None:
    """A graph of Walshaw's archive gives as many agents and links as its first line says."""
    path = shared_path(f"instances/cluster/graph-partition/{file}.graph")
    data = read("metis", path.read_text(), name=path.name, clusters=8)
    spec = cluster_from_data(data)
    assert (len(spec.agents.ids), len(spec.links.cut_a), len(spec.clusters.ids)) == (nodes, edges, 8)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "the file is empty"),
        ("% nothing\n", 1, 1, "the file is empty"),
        ("3\n", 1, 1, "ends where the number of edges"),
        ("0 0\n", 1, 1, "0 can't be the number of nodes"),
        ("2 1 2\n2\n1\n", 1, 5, "`2` can't be fmt"),
        ("2 1 999\n2\n1\n", 1, 5, "999 can't be fmt"),
        ("2 1 1 2\n2 9\n1 9\n", 1, 7, "says that nodes have no weights"),
        ("2 1 10 1 4\n", 1, 10, "`4` stands after"),
        ("3 2\n2\n1 3", 3, 1, "3 nodes are announced and 2 lines follow"),
        ("2 1\n2\n1\n\n3\n", 5, 1, "a line stands after those of the 2 nodes"),
        ("2 1\n2\nx\n", 3, 1, "`x` stands where a number"),
        ("2 1\n2\n-1\n", 3, 1, "`-1` stands where a number"),
        ("2 1\n% c\n3\n1\n", 3, 1, "node 1 has the neighbour 3, and nodes are from 1 to 2"),
        ("2 1\n0\n1\n", 2, 1, "node 1 has the neighbour 0"),
        ("2 1\n1\n1\n", 2, 1, "node 1 is its own neighbour"),
        ("2 1\n2 2\n1\n", 2, 1, "node 1 names a neighbour twice"),
        ("2 1\n2\n\n", 2, 1, "node 1 has the neighbour 2, and node 2 names no neighbour 1"),
        ("2 1 1\n2 9\n1 8\n", 2, 1, "neighbour 2, weight 9, and node 2 gives the edge between them 8"),
        ("2 1 1\n2 0\n1 0\n", 2, 1, "weighs less than 1"),
        ("2 1 1\n2 2000000000\n1 2000000000\n", 2, 1, "or more than 1000000000"),
        ("2 1 1\n2\n1\n", 2, 1, "a neighbour without the weight of the edge"),
        ("2 1 10 2\n2\n1 1 1\n", 2, 1, "node 1 has 1 numbers, its size and weights alone are 2"),
        ("2 1 10\n2000000000 2\n1 1\n", 2, 1, "a weight of node 1 is above"),
        ("%\n2 2\n2\n1\n", 2, 1, "2 edges are announced and 1 follow"),
        ("2 1\n12345678901234567890\n1\n", 2, 1, "stands where a number"),
        ("1000000000 1\n", 2, 1, "1000000000 nodes are announced and 1 lines follow"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    """Counts that do not agree, edges with one end, and what is no number, are told with file and line."""
    with pytest.raises(SpecError) as caught:
        read("metis", text, name="bad.graph", clusters=1)
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("bad.graph", line, column)
    assert words in found.message


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    text = data.draw(st.sampled_from([PLAIN, "3 2 111 2\n1 4 5 2 9\n1 0 5 1 9 3 8\n1 4 5 2 8\n"]))
    try:
        found = read_or_fault("metis", mutated(data, text))
    except UsageError:  # fewer nodes than clusters
        return
    assert found is None or found["kind"] == "cluster"
