"""How large a fleet can be? 100,000 agents in 1,000 clusters with up to a million links, against METIS.

    python tests/benchmarks/fleet.py [--time-limit 30] [--links 250000,1000000] [--shared DIR] [--json FILE]

Made problems of `generators/links.py` in the shared folder: two demands and capacities, planted communities, heavy
tails of degrees and weights, 0.3 of all agents away from home.

*Whole*: `qamctl cluster` from the tables to the checked result; its wall time, how much of that is beside the search,
and the CPU time and memory of its tree of processes. What it took of CPU is what METIS gets, on one core in a process
of its own: moves between all parts, both demands with the capacities as limits, called again with new seeds while that
fits. METIS knows no moves: its parts are given the names with which fewest agents move. It may break limits: an answer
that breaks fewer is better, and the table says how many clusters are above. All answers are counted from the tables.

*Linear*: a search takes the time that it is given, so work is fixed instead: the whole command on one thread, with the
same agents, seed and number of proposals, and more and more links. What does not depend on links (starting, agents,
proposals) falls out of differences: CPU seconds for each further link, from one size to the next. In linear time these
are the same: at a larger size they may be 20 % more; in a time that grew as links ** 1.5 they would be 32 % more.
Seconds by links alone would say less: they fall as the fixed part is shared by more links.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import metis
import numpy as np
from commands import cluster, seats
from graphs import Graph, Ints, linked
from repeats import repeated

HERE = Path(__file__).resolve().parent
#: Wall seconds and bytes that the whole command may take, and how far from linear in links it may be.
WALL, MEMORY, LINEAR = 60.0, 4e9, 0.2

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fleet:
    """Agents by demand, by where they are now and by what a move costs; what a cluster holds; links."""

    demand: Ints
    current: Ints
    move_cost: Ints
    capacity: Ints
    clusters: int
    graph: Graph

    def judged(self, where: Ints) -> Row:
        """The objective of an assignment, its two terms, clusters above a capacity, and the fullest over its own."""
        use = np.stack([np.bincount(where, weights=row, minlength=self.clusters) for row in self.demand.T])
        cut, moves = self.graph.cut(where), int(self.move_cost[where != self.current].sum())
        above = use > self.capacity[:, None]
        fullest = float((use / self.capacity[:, None]).max())
        return {"objective": cut + moves, "cut": cut, "moves": moves, "above": int(above.any(axis=0).sum())} | {
            "fullest": fullest
        }


def main() -> int:
    """Run both parts and print their tables; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--links", default="250000,500000,1000000", help="that are asked for; comma-separated")
    parser.add_argument("--time-limit", type=float, default=30.0, help="wall seconds of our search")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of ours where it is judged whole")
    parser.add_argument("--backend", action="append", default=[], help="ours, `auto` where none is named")
    parser.add_argument("--proposals", type=int, default=200, help="for each agent, where work is fixed")
    parser.add_argument("--rounds", type=int, default=3, help="where work is fixed; the least CPU time counts")
    parser.add_argument("--only", choices=("whole", "linear"), help="one part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer", nargs=2, metavar=("FOLDER", "CPU"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        sys.stdout.write(json.dumps(peer(read_fleet(Path(args.peer[0])), float(args.peer[1]), args.seed)))
        return 0
    generator = args.shared / "generators" / "links.py"
    if not generator.is_file():
        sys.stdout.write(f"{generator} is not here: name the shared folder by --shared\n")
        return 2
    sizes = sorted(int(word) for word in args.links.split(","))
    if len(sizes) < 3 and args.only != "whole":
        parser.error("--links needs three sizes to say whether time is linear; or --only whole")
    out: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if args.only != "linear":
            out["whole"] = whole(home, generator, sizes, args)
        if args.only != "whole":
            out["linear"] = linear(home, generator, sizes, args)
    if args.json:
        args.json.write_text(json.dumps(out, indent=1))
    return verdict(out)


def make(home: Path, generator: Path, links: int, args: argparse.Namespace) -> tuple[Path, int]:
    """The folder of a made problem, and what its planted answer cuts."""
    folder = home / f"links-{links}"
    sizes = [f"--{what}={n}" for what, n in (("agents", args.agents), ("clusters", args.clusters), ("links", links))]
    command = [sys.executable, str(generator), *sizes, f"--seed={args.seed}", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"planted answer cuts (\d+)", done.stdout)
    assert found, done.stdout
    return folder, int(found[1])


def read_fleet(folder: Path) -> Fleet:
    """The tables of a made problem, read without the package."""
    rows = table_of(folder / "agents.csv")
    demand = np.array([amounts(row["demand"]) for row in rows], np.int64)
    current = np.array([int(row["cluster"][1:]) for row in rows], np.int64)
    move_cost = np.array([int(row["move_cost"]) for row in rows], np.int64)
    clusters = [amounts(row["capacity"]) for row in table_of(folder / "clusters.csv")]
    assert all(row == clusters[0] for row in clusters), "parts can be named anew because all clusters are alike"
    links = table_of(folder / "links.csv")
    ends = [np.array([int(row[end][1:]) for row in links], np.int64) for end in ("a", "b")]
    graph = linked(len(rows), *ends, np.array([int(row["weight"]) for row in links], np.int64))
    return Fleet(demand, current, move_cost, np.array(clusters[0], np.int64), len(clusters), graph)


def table_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def amounts(text: str) -> list[int]:
    """`cpu=4|mem=2` as numbers."""
    return [int(part.partition("=")[2]) for part in text.split("|")]


# The whole command


def whole(home: Path, generator: Path, sizes: list[int], args: argparse.Namespace) -> list[Row]:
    """Ours and METIS on each size."""
    sys.stdout.write(
        f"{'links':>8} {'planted':>8} {'engine':7} {'objective':>9} {'cut':>8} {'moves':>7} {'above':>5} "
        f"{'fullest':>7} {'cpu s':>6} {'wall s':>6} {'beside':>6} {'MB':>6}\n"
    )
    rows = []
    for links in sizes:
        folder, planted = make(home, generator, links, args)
        fleet = read_fleet(folder)
        row: Row = {"links": len(fleet.graph.to) // 2, "planted": planted, "ours": ours(folder, fleet, args)}
        line(row, "ours")
        if metis.available():
            command = [sys.executable, str(HERE / "fleet.py"), f"--seed={args.seed}"]
            command += ["--peer", str(folder), str(row["ours"]["cpu"])]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row["metis"] = json.loads(done.stdout)
            line(row, "metis")
        rows.append(row)
    if not metis.available():
        sys.stdout.write("metis is left out: there is no pymetis (extra `bench`) whose library can be called\n")
    return rows


def ours(folder: Path, fleet: Fleet, args: argparse.Namespace) -> Row:
    """`qamctl cluster` on the tables, in processes of its own."""
    backends = [part for backend in args.backend for part in ("--backend", backend)]
    options = [
        "--time-limit",
        str(args.time_limit),
        "--threads",
        str(args.threads),
        "--seed",
        str(args.seed),
        *backends,
    ]
    result, spent = cluster(folder, "cluster.yaml", *options)
    where = np.full(len(fleet.current), -1)
    for agent, name in seats(folder, result).items():
        where[int(agent[1:])] = int(name[1:])
    assert where.min() >= 0
    judged = fleet.judged(where)
    assert judged["above"] == 0
    assert judged["objective"] == result["objective"]
    seconds = json.loads((folder / "run" / "metrics.json").read_text())["seconds"]
    took = {"cpu": spent.cpu, "wall": spent.wall, "beside": spent.wall - seconds["solve"], "memory": spent.memory}
    return judged | took | {"bound": result["bound"], "solved by": result["solved_by"]}


def peer(fleet: Fleet, cpu: float, seed: int) -> Row:
    """The best that METIS finds in so many CPU seconds of this process: fewest limits broken, then the objective."""

    def attempt(turn: int) -> Ints:
        return metis.partition(fleet.graph, fleet.clusters, fleet.demand, fleet.capacity, turn)

    def worth(part: Ints) -> tuple[int, int]:
        judged = fleet.judged(named(fleet, part))
        return judged["above"], judged["objective"]

    found = repeated(attempt, worth, cpu, seed)
    assert found.best is not None
    return fleet.judged(named(fleet, found.best)) | {"cpu": found.cpu, "calls": found.calls}


def named(fleet: Fleet, part: Ints) -> Ints:
    """[agents] clusters: one for each part, so that moves cost least. All clusters are alike."""
    from scipy.optimize import linear_sum_assignment

    stay = np.zeros((fleet.clusters, fleet.clusters), np.int64)
    np.add.at(stay, (part, fleet.current), fleet.move_cost)
    _, name = linear_sum_assignment(stay, maximize=True)
    return np.asarray(name, np.int64)[part]


def line(row: Row, engine: str) -> None:
    """What one engine made of a problem."""
    told = row[engine]
    spent = f"{told['cpu']:6.1f}"
    if engine == "ours":
        spent += f" {told['wall']:6.1f} {told['beside']:6.1f} {told['memory'] / 1e6:6.0f}"
    sys.stdout.write(
        f"{row['links']:8} {row['planted']:8} {engine:7} {told['objective']:9} {told['cut']:8} {told['moves']:7} "
        f"{told['above']:5} {told['fullest']:7.1%} {spent}\n"
    )
    sys.stdout.flush()


# Linear in links


def linear(home: Path, generator: Path, sizes: list[int], args: argparse.Namespace) -> list[Row]:
    """CPU seconds of the whole command with fixed work on each size, turn by turn."""
    rows: list[Row] = []
    for links in sizes:
        folder, _ = make(home, generator, links, args)
        with (folder / "links.csv").open() as file:
            rows.append({"links": sum(1 for _ in file) - 1, "folder": folder, "cpu": float("inf")})
    steps = args.proposals * args.agents
    options = ["--backend", "assignment", "--threads", "1", "--max-steps", str(steps), "--seed", str(args.seed)]
    for _ in range(args.rounds):
        for row in rows:
            row["cpu"] = min(row["cpu"], cluster(row["folder"], "cluster.yaml", *options)[1].cpu)
    for row in rows:
        del row["folder"]
    sys.stdout.write(f"{'links':>8} {'cpu s':>6} {'us a link':>9} {'us a further one':>16}\n")
    for row, further in zip(rows, [None, *slopes(rows)], strict=True):
        told = "" if further is None else f"{further * 1e6:16.2f}"
        sys.stdout.write(f"{row['links']:8} {row['cpu']:6.2f} {row['cpu'] / row['links'] * 1e6:9.2f} {told}\n")
    return rows


def slopes(rows: list[Row]) -> list[float]:
    """CPU seconds for each further link, from one size to the next."""
    return [(b["cpu"] - a["cpu"]) / (b["links"] - a["links"]) for a, b in pairwise(rows)]


def growth(rows: list[Row]) -> float:
    """How much more a further link takes at a larger size than at a smaller one; below 0 where it takes less."""
    each = slopes(rows)
    return max(later / earlier - 1 if earlier > 0 else float("inf") for earlier, later in combinations(each, 2))


def verdict(out: dict[str, list[Row]]) -> int:
    """Say whether the demands are met: 0 or 1."""
    missed = []
    for row in out.get("whole", []):
        if row["ours"]["wall"] > WALL:
            missed.append(f"{row['links']} links: {row['ours']['wall']:.0f} s are more than {WALL:.0f}")
        if row["ours"]["memory"] > MEMORY:
            missed.append(f"{row['links']} links: more than {MEMORY / 1e9:.0f} GB")
        if row["ours"]["bound"] is not None and row["ours"]["bound"] > row["ours"]["objective"]:
            missed.append(f"{row['links']} links: the bound is above the answer")
    if "linear" in out:
        off = growth(out["linear"])
        sys.stdout.write(f"a further link takes {off:+.0%} CPU compared with a smaller size ({LINEAR:+.0%} may be)\n")
        missed += ["not linear in links"] * (off > LINEAR)
    sys.stdout.write("".join(f"missed: {text}\n" for text in missed) or "all met\n")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
