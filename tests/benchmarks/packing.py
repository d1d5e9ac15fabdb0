"""How well are pods packed? The Alibaba GPU trace against first fit, best fit and arithmetic.

    python tests/benchmarks/packing.py [--time-limit 10] [--instances DIR] [--json FILE]

All 8,152 pods on all 1,523 nodes at once, with CPU, memory, whole and shared GPUs device by device, and the GPU models
that pods ask for. Allocation efficiency is the GPU capacity that placed pods get over all there is. First fit and best
fit take the pods as the trace has them and by falling size; their time is that of plain Python. Every answer is counted
anew from the files, device by device.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from commands import cluster, qamctl

HERE = Path(__file__).resolve().parent
MILLI = 1000  # of one GPU

Row = dict[str, Any]


def main() -> int:
    """Run the cases and print the table; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-limit", type=float, default=7.0, help="of the solve; reading and checking come on top")
    parser.add_argument("--instances", type=Path, default=HERE.parents[2] / "shared" / "instances")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    folder = args.instances / "cluster" / "alibaba-gpu-2023"
    if not folder.is_dir():
        sys.stdout.write(f"{folder} is not here: name it by --instances\n")
        return 2
    rows: list[Row] = []
    for trace in ("default", "gpuspec33"):
        nodes, pods = read(folder / "openb_node_list_all_node.csv"), read(folder / f"openb_pod_list_{trace}.csv")
        whole = sum(MILLI * number(node["gpu"]) for node in nodes)
        rows.append({"trace": trace, "engine": "arithmetic bound", "efficiency": bound(nodes, pods) / whole})
        for order in ("as they come", "largest first"):
            for fit in ("first", "best"):
                begin = time.process_time()
                placed = fitted(nodes, pods, fit, order)
                row = counted(nodes, pods, placed) | {"cpu": time.process_time() - begin}
                rows.append({"trace": trace, "engine": f"{fit} fit, {order}", **row})
        rows.append({"trace": trace, "engine": "qamctl cluster", **ours(folder, trace, nodes, pods, args)})
    table(rows)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))
    return int(any(missed(rows)))


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> int:
    """A cell, 0 where empty."""
    return int(float(text or 0))


def gpus(pod: dict[str, str]) -> int:
    """Devices that a pod takes."""
    return number(pod["num_gpu"])


def share(pod: dict[str, str]) -> int:
    """Thousandths of each."""
    return number(pod["gpu_milli"])


def models(pod: dict[str, str]) -> set[str]:
    """The GPU models that it may have; none named: any."""
    return set(pod["gpu_spec"].split("|")) if pod["gpu_spec"] else set()


def bound(nodes: list[dict[str, str]], pods: list[dict[str, str]]) -> int:
    """Thousandths of GPUs that can be used at most, over every set of models that pods are confined to."""
    kinds = sorted({frozenset(models(pod)) for pod in pods if models(pod)}, key=sorted)
    demand = sum(gpus(pod) * share(pod) for pod in pods)
    lost = 0
    for kind in kinds:
        inside = sum(gpus(pod) * share(pod) for pod in pods if models(pod) and models(pod) <= kind)
        held = sum(MILLI * number(node["gpu"]) for node in nodes if node["model"] in kind)
        lost = max(lost, inside - held)
    return min(demand - lost, sum(MILLI * number(node["gpu"]) for node in nodes))


def fitted(nodes: list[dict[str, str]], pods: list[dict[str, str]], fit: str, order: str) -> list[int | None]:
    """The node of each pod by first or best fit, device by device."""
    cpu, memory = [number(n["cpu_milli"]) for n in nodes], [number(n["memory_mib"]) for n in nodes]
    devices = [[MILLI] * number(n["gpu"]) for n in nodes]
    turn = list(range(len(pods)))
    if order == "largest first":
        turn.sort(key=lambda p: (-gpus(pods[p]) * share(pods[p]), -number(pods[p]["cpu_milli"])))
    placed: list[int | None] = [None] * len(pods)
    for p in turn:
        pod, best, best_key = pods[p], None, (0, 0)
        need, room, wanted, part, kinds = (
            number(pod["cpu_milli"]),
            number(pod["memory_mib"]),
            gpus(pod),
            share(pod),
            models(pod),
        )
        for n, node in enumerate(nodes):
            if cpu[n] < need or memory[n] < room or (kinds and node["model"] not in kinds):
                continue
            if sum(left >= part for left in devices[n]) < wanted:
                continue
            key = (sum(devices[n]) - wanted * part, cpu[n] - need)
            if best is None or key < best_key:
                best, best_key = n, key
            if fit == "first":
                break
        if best is None:
            continue
        placed[p] = best
        cpu[best] -= need
        memory[best] -= room
        for _ in range(wanted):
            least = min((left, i) for i, left in enumerate(devices[best]) if left >= part)[1]
            devices[best][least] -= part
    return placed


def counted(nodes: list[dict[str, str]], pods: list[dict[str, str]], placed: list[int | None]) -> Row:
    """What an assignment comes to, from the files; devices are not looked at here."""
    used = [[0, 0, 0] for _ in nodes]
    for pod, n in zip(pods, placed, strict=True):
        if n is not None:
            used[n][0] += number(pod["cpu_milli"])
            used[n][1] += number(pod["memory_mib"])
            used[n][2] += gpus(pod) * share(pod)
            assert not models(pod) or nodes[n]["model"] in models(pod)
    for node, use in zip(nodes, used, strict=True):
        assert use[0] <= number(node["cpu_milli"])
        assert use[1] <= number(node["memory_mib"])
        assert use[2] <= MILLI * number(node["gpu"])
    whole = sum(MILLI * number(node["gpu"]) for node in nodes)
    return {"efficiency": sum(use[2] for use in used) / whole, "left out": placed.count(None)}


def ours(
    folder: Path, trace: str, nodes: list[dict[str, str]], pods: list[dict[str, str]], args: argparse.Namespace
) -> Row:
    """`qamctl cluster` from the imported file to the checked result, in processes of their own."""
    tables = [folder / "openb_node_list_all_node.csv", folder / f"openb_pod_list_{trace}.csv"]
    limits = ["--time-limit", str(args.time_limit), "--threads", str(args.threads)]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        qamctl(home, "import", "alibaba-gpu", *(str(path.resolve()) for path in tables), "--file", "fleet.yaml")
        result, spent = cluster(home, "fleet.yaml", *limits)
    where = {row["agent"]: row for row in result["solution"]["assignments"]}
    index = {node["sn"]: n for n, node in enumerate(nodes)}
    rows = [where[pod["name"]] for pod in pods]
    placed = [None if row["cluster"] is None else index[row["cluster"]] for row in rows]
    seated(nodes, pods, placed, [row.get("devices", {}).get("gpu", []) for row in rows])
    found = counted(nodes, pods, placed) | {"solved by": result["solved_by"]}
    return found | {"cpu": spent.cpu, "wall": spent.wall}


def seated(
    nodes: list[dict[str, str]], pods: list[dict[str, str]], placed: list[int | None], devices: list[list[int]]
) -> None:
    """Assert that every pod has its devices and none is overfull."""
    left = [[MILLI] * number(node["gpu"]) for node in nodes]
    for pod, n, taken in zip(pods, placed, devices, strict=True):
        if n is None:
            continue
        assert len(set(taken)) == len(taken) == gpus(pod)
        for i in taken:
            left[n][i] -= share(pod)
            assert left[n][i] >= 0


def missed(rows: list[Row]) -> list[bool]:
    """Whether each trace's answer of ours is late, or no better than the best simple rule."""
    out = []
    for trace in dict.fromkeys(row["trace"] for row in rows):
        mine = [row for row in rows if row["trace"] == trace]
        rules = max(row["efficiency"] for row in mine if "fit" in row["engine"])
        our = next(row for row in mine if row["engine"] == "qamctl cluster")
        out.append(our["wall"] > 10 or our["efficiency"] <= rules)
    return out


def table(rows: list[Row]) -> None:
    """Print the rows."""
    sys.stdout.write(f"{'trace':10} {'engine':28} {'efficiency':>10} {'left out':>8} {'cpu s':>6} {'wall s':>6}\n")
    for row in rows:
        cpu, wall = (f"{row[name]:6.1f}" if name in row else " " * 6 for name in ("cpu", "wall"))
        sys.stdout.write(
            f"{row['trace']:10} {row['engine']:28} {row['efficiency']:10.2%} "
            f"{row.get('left out', ''):>8} {cpu} {wall}\n"
        )


if __name__ == "__main__":
    sys.exit(main())
