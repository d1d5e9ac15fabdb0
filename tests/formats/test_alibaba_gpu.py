"""The importer of Alibaba's GPU cluster trace: devices, models, the price of what is left out, clean faults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign import mutated, read_or_fault
from support.shared import shared_path

from qamctl.cluster.read import cluster_from_data
from qamctl.errors import SpecError
from qamctl.formats import read

NODES = """\
sn,cpu_milli,memory_mib,gpu,model
node-0,32000,262144,0,
node-1,96000,393216,8,V100M32
node-2,64000,262144,2,nan
"""
PODS = """\
name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
pod-0,12000,16384,1,460,,LS,Running,0,12537496,0
pod-1,88000,327680,8,1000,V100M16|V100M32,Burstable,Running,427061,12902960,427061
pod-2,6000,12288,0,0,,BE,Failed,1558381,12902960,
pod-3,2000,4096,0,0,nan,,Failed,1558381,12902960,
"""


def imported(nodes: str = NODES, pods: str = PODS) -> dict[str, Any]:
    return read("alibaba-gpu", nodes, name="nodes.csv", more=[("dir/pods.csv", pods)])


def test_nodes_hold_devices_and_pods_ask_for_them() -> None:
    """GPUs are devices of 1000 thousandths; a pod's models are what its node must carry; all may be left out."""
    data = imported()
    assert data == {
        "kind": "cluster",
        "version": 1,
        "name": "pods",
        "objective": {"unplaced": 1},
        "resources": [{"id": "cpu"}, {"id": "memory"}, {"id": "gpu", "device": 1000}],
        "clusters": [
            {"id": "node-0", "capacity": {"cpu": 32000, "memory": 262144, "gpu": 0}},
            {
                "id": "node-1",
                "capacity": {"cpu": 96000, "memory": 393216, "gpu": 8000},
                "labels": {"model": "V100M32"},
            },
            {"id": "node-2", "capacity": {"cpu": 64000, "memory": 262144, "gpu": 2000}},
        ],
        "agents": [
            {
                "id": "pod-0",
                "demand": {"cpu": 12000, "memory": 16384, "gpu": 460},
                "labels": {"qos": "LS"},
                "optional": True,
                "reward": 460,
            },
            {
                "id": "pod-1",
                "demand": {"cpu": 88000, "memory": 327680, "gpu": 8000},
                "requires": {"model": ["V100M16", "V100M32"]},
                "labels": {"qos": "Burstable"},
                "optional": True,
                "reward": 8000,
            },
            {
                "id": "pod-2",
                "demand": {"cpu": 6000, "memory": 12288},
                "labels": {"qos": "BE"},
                "optional": True,
                "reward": 0.375,
            },
            {"id": "pod-3", "demand": {"cpu": 2000, "memory": 4096}, "optional": True, "reward": 0.125},
        ],
    }
    spec = cluster_from_data(data)
    assert spec.resources.device.tolist() == [0, 0, 1000]


def test_a_pod_that_asks_for_nothing_is_not_free_to_leave_out() -> None:
    """Even a pod without CPU and GPU has a reward."""
    data = imported(pods=PODS.replace("6000,12288", "0,0").replace("2000,4096", "0,0"))
    assert [agent["reward"] for agent in data["agents"]] == [460, 8000, 0.000001, 0.000001]


@pytest.mark.parametrize("file", ["default", "gpuspec33"])
def test_the_trace_is_read_whole(file: str) -> None:
    """All nodes and pods are there; what is left out costs GPU, and all pods without GPU less than a thousandth."""
    folder = shared_path("instances/cluster/alibaba-gpu-2023")
    nodes, pods = (folder / name for name in ("openb_node_list_all_node.csv", f"openb_pod_list_{file}.csv"))
    data = imported(nodes.read_text(), pods.read_text())
    spec = cluster_from_data(data)
    assert (len(spec.clusters.ids), len(spec.agents.ids)) == (1523, 8152)
    assert int(spec.clusters.capacity[:, 2].sum()) == 6_212_000
    rewards = [agent["reward"] for agent in data["agents"]]
    assert sum(reward for reward in rewards if reward >= 1) == 6_086_800 == int(spec.agents.demand[:, 2].sum())
    assert min(rewards) > 0
    assert 0.49 < sum(reward for reward in rewards if reward < 1) < 0.51
    asking = sum("requires" in agent for agent in data["agents"])
    assert (asking > 0) == (file == "gpuspec33")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        (NODES, "", 1, 1, "the table has no rows"),
        (NODES, "sn,cpu_milli,memory_mib,gpu,model\n", 1, 1, "the table has no rows"),
        (",memory_mib", "", 1, 1, "the column memory_mib is missing"),
        ("node-1,", "node-0,", 3, 1, "the name `node-0` is taken"),
        ("node-1,", ",", 3, 1, "a name is missing"),
        ("262144,2,nan", "262144,2", 4, 1, "the row has 4 cells, the header 5"),
        ("393216,8,", "393216,-8,", 3, 4, "`-8` stands where gpu should, a whole number"),
        ("393216,8,", "393216,63,", 3, 4, "63 can't be gpu, which is at most 62"),
        ("32000,", "32.5,", 2, 2, "`32.5` stands where cpu_milli should"),
        ("node-1,", '"node-1"x,', 3, 1, "the table can't be read"),
        ("V100M32", "", 3, 6, "no node says which model"),
        ("V100M32", "V\x00", 3, 5, "`V?` can't be model: it needs printable characters"),
        ("node-1,", "node\r1,", 3, 1, "the table can't be read"),
    ],
)
def test_a_fault_of_the_nodes_is_told_with_its_place(old: str, new: str, line: int, column: int, words: str) -> None:
    """What the table of nodes has wrong is told with its line and cell."""
    assert NODES.count(old) == 1
    with pytest.raises(SpecError) as caught:
        imported(NODES.replace(old, new))
    (found,) = caught.value.diagnostics
    assert found.location is not None
    file = "dir/pods.csv" if column == 6 else "nodes.csv"
    assert (found.location.file, found.location.line, found.location.column) == (file, line, column)
    assert words in found.message


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("1,460", "2,460", 2, 5, "460 thousandths of each of 2 GPUs: only a single GPU is shared"),
        ("1,460", "1,1460", 2, 5, "1460 can't be gpu_milli, which is at most 1000"),
        ("1,460", "one,460", 2, 4, "`one` stands where num_gpu"),
        ("gpu_spec", "spec", 1, 1, "the column gpu_spec is missing"),
        ("pod-3,2000", "pod-3", 5, 1, "the row has 10 cells, the header 11"),
    ],
)
def test_a_fault_of_the_pods_is_told_with_its_place(old: str, new: str, line: int, column: int, words: str) -> None:
    """What the table of pods has wrong is told with its line and cell."""
    assert PODS.count(old) == 1
    with pytest.raises(SpecError) as caught:
        imported(pods=PODS.replace(old, new))
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("dir/pods.csv", line, column)
    assert words in found.message


def test_columns_may_stand_in_any_order_and_lines_end_as_on_windows() -> None:
    """Columns go by their names, and what a spreadsheet makes of the table is still that table."""
    turned = ["\ufeffmodel,gpu,memory_mib,cpu_milli,sn"]
    turned += [",".join(reversed(line.split(","))) for line in NODES.split("\n")[1:-1]]
    assert imported("\r\n".join([*turned, "", ""])) == imported()


@settings(deadline=None)
@given(st.data())
def test_a_damaged_file_gives_a_problem_or_a_fault(data: st.DataObject) -> None:
    """Whatever happens to the tables, they are read as a valid problem or refused with a place in one of them."""
    second = data.draw(st.booleans())
    texts = (NODES, mutated(data, PODS)) if second else (mutated(data, NODES), PODS)
    found = read_or_fault("alibaba-gpu", *texts)
    assert found is None or found["kind"] == "cluster"
