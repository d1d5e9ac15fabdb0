"""How well are tasks given to agents with limits? Generalised assignment against HiGHS and the best known values.

    python tests/benchmarks/gap.py [--seconds 10] [--only d20200] [--instances DIR] [--json FILE]

The 24 problems of types a to d of the OR-Library (P. C. Chu and J. E. Beasley, Computers & Operations Research 24,
1997). `qamctl cluster` has so many seconds of wall time with all that it does, and the CPU time of its whole tree of
processes is what HiGHS gets on one core, in a process of its own, its imports not counted. Every answer is counted
anew from the file, and looked at by the package's checker.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import cluster, qamctl, seats

HERE = Path(__file__).resolve().parent
#: Mean gap to the best known values that the table must not be above.
MOST = 0.003

Row = dict[str, Any]


@dataclass(frozen=True)
class Gap:
    """Items into bins: cost and weight by bin and item, and what each bin holds."""

    cost: list[list[int]]
    weight: list[list[int]]
    capacity: list[int]

    def value(self, bins: list[int]) -> int:
        """What it costs that items are in these bins, each of which must hold them."""
        used = [0] * len(self.capacity)
        for j, i in enumerate(bins):
            used[i] += self.weight[i][j]
        assert len(bins) == len(self.cost[0])
        assert all(use <= most for use, most in zip(used, self.capacity, strict=True))
        return sum(self.cost[i][j] for j, i in enumerate(bins))


def main() -> int:
    """Run the cases and print the table; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="wall time of our solve; reading comes on top")
    parser.add_argument("--instances", type=Path, default=HERE.parents[2] / "shared" / "instances")
    parser.add_argument("--only", action="append", default=[], help="a problem, or how its name begins; repeatable")
    parser.add_argument("--backend", action="append", default=[], help="ours, `auto` where none is named")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seeds", default="1", help="comma-separated; a mean is taken over all runs")
    parser.add_argument("--no-peer", action="store_true", help="ours alone")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer", nargs=2, metavar=("FILE", "CPU"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        sys.stdout.write(json.dumps(highs(read(Path(args.peer[0])), float(args.peer[1]))))
        return 0
    folder = args.instances / "cluster" / "gap"
    if not folder.is_dir():
        sys.stdout.write(f"{folder} is not here: name it by --instances\n")
        return 2
    rows: list[Row] = []
    heading()
    for name, known in best_known(folder).items():
        if args.only and not name.startswith(tuple(args.only)):
            continue
        for seed in map(int, args.seeds.split(",")):
            row = {"instance": name, "best known": known, "seed": seed, **ours(folder / name, seed, args)}
            if not args.no_peer:
                row |= peer(folder / name, row["cpu"])
            rows.append(row)
            line(row)
            if args.json:
                args.json.write_text(json.dumps(rows, indent=1))
    return verdict(rows)


def read(path: Path) -> Gap:
    """The problem of an OR-Library file, without the package's reader."""
    numbers = [int(token) for token in path.read_text().split()]
    bins, items = numbers[:2]
    rows = [numbers[2 + r * items : 2 + (r + 1) * items] for r in range(2 * bins)]
    return Gap(rows[:bins], rows[bins:], numbers[2 + 2 * bins * items :][:bins])


def best_known(folder: Path) -> dict[str, int]:
    """Best known values of the problems that are there, by name."""
    with (folder / "best_known.csv").open(newline="") as file:
        values = {Path(row["Path"]).name: int(row["Best known solution value"]) for row in csv.DictReader(file)}
    return {name: value for name, value in sorted(values.items()) if (folder / name).is_file()}


def ours(path: Path, seed: int, args: argparse.Namespace) -> Row:
    """`qamctl cluster` on the imported file, in processes of its own."""
    problem = read(path)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        qamctl(home, "import", "gap", str(path.resolve()), "--file", "gap.yaml")
        backends = [part for backend in args.backend or ["auto"] for part in ("--backend", backend)]
        limits = ["--time-limit", str(args.seconds), "--threads", str(args.threads), "--seed", str(seed)]
        result, spent = cluster(home, "gap.yaml", *limits, *backends)
        qamctl(home, "check", "run/result.json", "gap.yaml")
        where = {item: int(to[1:]) for item, to in seats(home, result).items()}
    value = problem.value([where[f"I{j}"] for j in range(len(where))])
    assert value == result["objective"]
    found = {"ours": value, "bound": result["bound"], "solved by": result["solved_by"]}
    return found | {"cpu": spent.cpu, "wall": spent.wall}


def peer(path: Path, cpu: float) -> Row:
    """HiGHS with so many CPU seconds, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE / "gap.py"), "--peer", str(path), str(cpu)],
        capture_output=True,
        text=True,
        check=True,
    )
    row: Row = json.loads(done.stdout.splitlines()[-1])  # HiGHS greets first
    bins = row.pop("bins")
    return row | {"highs": None if bins is None else read(path).value(bins)}


def highs(problem: Gap, cpu: float) -> Row:
    """What HiGHS makes of the problem as a binary program in so many CPU seconds of this process."""
    import highspy

    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    model.silent()
    model.setOptionValue("threads", 1)
    model.setOptionValue("mip_rel_gap", 0.0)
    bins, items = range(len(problem.capacity)), range(len(problem.cost[0]))
    x = {(i, j): model.addBinary(obj=problem.cost[i][j]) for i in bins for j in items}
    for j in items:
        model.addConstr(sum(x[i, j] for i in bins) == 1)
    for i in bins:
        model.addConstr(sum(problem.weight[i][j] * x[i, j] for j in items) <= problem.capacity[i])
    begun = time.process_time()

    def look(event: Any) -> None:
        if time.process_time() - begun >= cpu:
            event.interrupt()

    model.cbMipInterrupt += look
    model.cbSimplexInterrupt += look
    model.run()
    info = model.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    value = model.getSolution().col_value
    taken = [max(bins, key=lambda i: value[x[i, j].index]) for j in items] if found else None
    return {"bins": taken, "highs bound": info.mip_dual_bound, "highs cpu": time.process_time() - begun}


def gap(row: Row, engine: str) -> float:
    """How far an engine's answer is above the best known one; infinite where it has none."""
    return math.inf if row[engine] is None else row[engine] / row["best known"] - 1


def heading() -> None:
    """The names of the columns."""
    sys.stdout.write(
        f"{'instance':8} {'best known':>10} {'ours':>7} {'gap':>7} {'highs':>7} {'gap':>7} {'bound':>9} "
        f"{'highs bd':>9} {'cpu s':>6} {'wall s':>6}  solved by\n"
    )


def line(row: Row) -> None:
    """A row of the table."""
    other = " " * 15 if "highs" not in row else f"{row['highs'] or '-':>7} {gap(row, 'highs'):7.3%}"
    bounds = " ".join(f"{row[key]:9.1f}" if row.get(key) is not None else " " * 9 for key in ("bound", "highs bound"))
    sys.stdout.write(
        f"{row['instance']:8} {row['best known']:10} {row['ours']:7} {gap(row, 'ours'):7.3%} {other} {bounds} "
        f"{row['cpu']:6.1f} {row['wall']:6.1f}  {row['solved by']}\n"
    )
    sys.stdout.flush()


def verdict(rows: list[Row]) -> int:
    """Print the means, and say whether the demands are met: 0 or 1."""
    if not rows:
        sys.stdout.write("no such problem\n")
        return 2
    mine = sum(gap(row, "ours") for row in rows) / len(rows)
    sys.stdout.write(f"mean gap: ours {mine:.3%}")
    rivals = [gap(row, "highs") for row in rows if "highs" in row]
    theirs = sum(rivals) / len(rivals) if rivals else math.inf
    sys.stdout.write(f", HiGHS {theirs:.3%}\n" if rivals else "\n")
    wrong = [row for row in rows if row["bound"] is not None and row["bound"] > row["best known"] + 1e-6]
    for row in wrong:
        sys.stdout.write(f"{row['instance']}: the bound {row['bound']} is above a known answer\n")
    return int(mine > MOST or mine > theirs or bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
