"""The importer of generalised assignment: costs and demands by item and bin, known values, clean faults."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError
from qamctl.formats import read

#: Two bins, three items; the last item weighs the same in both.
SMALL = " 2 3\n 10 11 12\n 13 14 15\n 1 2\n 3 4 5\n 3\n 8 9\n"


def test_items_have_costs_and_demands_by_bin() -> None:
    """An item that weighs the same everywhere has its demand itself, another one beside each cost."""
    data = read("gap", SMALL, name="x/small")
    assert data == {
        "kind": "cluster",
        "version": 1,
        "name": "small",
        "objective": {"cost": 1},
        "resources": [{"id": "weight"}],
        "clusters": [{"id": "B0", "capacity": {"weight": 8}}, {"id": "B1", "capacity": {"weight": 9}}],
        "agents": [{"id": "I0"}, {"id": "I1"}, {"id": "I2", "demand": {"weight": 3}}],
        "costs": [
            {"agent": "I0", "cluster": "B0", "cost": 10, "demand": {"weight": 1}},
            {"agent": "I0", "cluster": "B1", "cost": 13, "demand": {"weight": 4}},
            {"agent": "I1", "cluster": "B0", "cost": 11, "demand": {"weight": 2}},
            {"agent": "I1", "cluster": "B1", "cost": 14, "demand": {"weight": 5}},
            {"agent": "I2", "cluster": "B0", "cost": 12},
            {"agent": "I2", "cluster": "B1", "cost": 15},
        ],
    }
    spec = cluster_from_data(data)
    assert spec.costs.own_demand.tolist() == [True, True, True, True, False, False]


KNOWN = [f"{letter}{bins:02}{items}" for letter in "abcd" for bins in (5, 10, 20) for items in (100, 200)]


@pytest.mark.parametrize("name", KNOWN)
def test_published_instances_are_read_whole(name: str) -> None:
    """Every figure is in its place, and the published optimum is not below the sum of the least costs."""
    path = shared_path("instances/cluster/gap", name)
    data = read("gap", path.read_text(), name=name)
    spec = cluster_from_data(data)
    bins, items, *numbers = (int(word) for word in path.read_text().split())
    cost = np.array(numbers[: bins * items]).reshape(bins, items)
    weight = np.array(numbers[bins * items : 2 * bins * items]).reshape(bins, items)
    assert spec.clusters.capacity[:, 0].tolist() == numbers[2 * bins * items :]
    assert (spec.costs.cost == cost[spec.costs.cluster, spec.costs.agent]).all()
    use = np.where(spec.costs.own_demand, spec.costs.demand[:, 0], spec.agents.demand[spec.costs.agent, 0])
    assert (use == weight[spec.costs.cluster, spec.costs.agent]).all()
    with shared_path("instances/cluster/gap/best_known.csv").open() as file:
        best = {row["Path"].split("/")[-1]: int(row["Best known solution value"]) for row in csv.DictReader(file)}
    assert cost.min(axis=0).sum() <= best[name] <= cost.max(axis=0).sum()


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "ends where the number of bins"),
        ("0 3\n", 1, 1, "0 can't be the number of bins"),
        (SMALL.replace("8 9", "8"), 8, 1, "ends where the capacity of bin 1"),
        (SMALL + "7\n", 8, 1, "`7` stands after"),
        (SMALL.replace(" 12", " -12"), 2, 8, "`-12` stands where the cost of item 2 in bin 0"),
        (SMALL.replace(" 4 5", " 4 many"), 5, 6, "`many` stands where the demand of item 1 in bin 1"),
        (SMALL.replace("8 9", "8 9.5"), 7, 4, "`9.5` stands where"),
        ("5\n 5 15\n 1 2 3\n", 1, 1, "the first line should be `bins items`"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    """Too few and too many numbers, and what is no number, are told with file, line and column."""
    with pytest.raises(SpecError) as caught:
        read("gap", text, name="bad.txt")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("bad.txt", line, column)
    assert words in found.message


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to a file, it is read as a valid problem or refused with a place in it."""
    found = read_or_fault("gap", mutated(data, SMALL))
    assert found is None or found["kind"] == "cluster"
