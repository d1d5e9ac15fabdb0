"""When agents fail in the middle of a plan, how much of it stays, and how soon is there a new one?

    python tests/benchmarks/replan.py [--time-limit 0.4] [--at 0.25,0.02] [--seeds 1,2,3] [--shared DIR] [--json FILE]

Made fleets of `generators/fleet.py` in the shared folder: 1,000 agents, 10,000 tasks in projects, capacities, licences,
due times and deadlines. `qamctl schedule` plans a fleet; at a quarter of the makespan (when less than half of the
tasks are left) and at a fiftieth (when nearly all are) 1 % of its agents fail. What is finished leaves the files, what
runs on other agents stays as it is (`freeze_until`), and all the rest is planned again from the earlier result, with
`disruption` as the first level of the objective and those of the first plan behind it.

*replan* is that command, *list-search* the same with this engine alone. *anew* is `qamctl schedule` without `--from`,
with the time of the first plan: what runs is pinned, the rest may not begin in the past. (CP-SAT with the earlier plan
as a hint is no peer: a model of some million options is beyond it.) Commands run one at a time, in processes of their
own, in turning order. Every new plan goes through `qamctl check`, and what moved is counted from the result files. Wall
seconds say little where other programs run: CPU seconds and the load of the machine stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands import Spent, qamctl, schedule
from replan_cases import Failure, Plan, fail

HERE = Path(__file__).resolve().parent
#: Of the tasks on agents that did not fail, the share that may move, and wall seconds of the whole command.
MOVED, WALL = 0.05, 2.0
#: Of the first plan, which nobody waits for, and of planning anew.
FIRST_SECONDS = 10.0
ENGINES = ("replan", "list-search", "anew")
PHASES = ("read", "build", "solve", "check", "compile", "write")

Row = dict[str, Any]


def main() -> int:
    """Run the cases and print the table; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--failing", type=float, default=0.01, help="the share of the agents that fail")
    parser.add_argument("--at", default="0.25,0.02", help="when they do, in parts of the makespan; comma-separated")
    parser.add_argument("--time-limit", type=float, default=0.4, help="of the second solve; the rest comes on top")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated")
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    generator = args.shared / "generators" / "fleet.py"
    if not generator.is_file():
        sys.stdout.write(f"{generator} is not here: name the shared folder by --shared\n")
        return 2
    rows: list[Row] = []
    heading()
    for seed in (int(word) for word in args.seeds.split(",")):
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            plan = first_plan(home, generator, seed, args)
            for at in (float(word) for word in args.at.split(",")):
                rows.append(measure(home, plan, at, seed, len(rows) % len(ENGINES), args))
                for engine in ENGINES:
                    line(rows[-1], engine)
                if args.json:
                    args.json.write_text(json.dumps(rows, indent=1))
    return verdict(rows)


def first_plan(home: Path, generator: Path, seed: int, args: argparse.Namespace) -> Plan:
    """A made fleet in a folder, and its plan, in the folder `first` there."""
    sizes = [f"--agents={args.agents}", f"--tasks={args.tasks}", f"--seed={seed}"]
    subprocess.run([sys.executable, str(generator), *sizes, "--out", str(home)], capture_output=True, check=True)
    result, _ = schedule(home, "fleet.yaml", "--time-limit", str(FIRST_SECONDS), "--threads", str(args.threads))
    (home / "run").rename(home / "first")
    return plan_of(result)


def measure(home: Path, plan: Plan, at: float, seed: int, turn: int, args: argparse.Namespace) -> Row:
    """One failure, and what each engine makes of it."""
    failure = fail(home, plan, at, args.failing, seed)
    row: Row = {"seed": seed, "at": at, "now": failure.now, "gone": len(failure.gone)}
    for engine in ENGINES[turn:] + ENGINES[:turn]:
        row[engine] = replanned(home, engine, failure, args)
    return row


def replanned(home: Path, engine: str, failure: Failure, args: argparse.Namespace) -> Row:
    """What one engine makes of a failure."""
    options = ["--threads", str(args.threads)]
    if engine == "anew":
        spec, options = "anew.yaml", [*options, "--time-limit", str(FIRST_SECONDS)]
    else:
        spec, options = "replan.yaml", [*options, "--time-limit", str(args.time_limit), "--from", "first"]
    options += ["--backend", "list-search"] if engine == "list-search" else []
    result, spent = schedule(home, spec, *options)
    return told(home, spec, failure, result, spent)


def told(home: Path, spec: str, failure: Failure, result: Row, spent: Spent) -> Row:
    """The figures of an answer, once the checker has seen it."""
    metrics = json.loads((home / "run" / "metrics.json").read_text())
    row = {"wall": spent.wall, "cpu": spent.cpu, "load": os.getloadavg()[0], "seconds": metrics["seconds"]}
    row["solved by"] = result["solved_by"]
    if result["solution"] is None:
        return row | {"share": None}
    qamctl(home, "check", "run/result.json", spec)
    return row | failure.judged(plan_of(result)) | {"terms": result["terms"]}


def plan_of(result: Row) -> Plan:
    """The rows of a result by task."""
    return {row["task"]: row for row in result["solution"]["assignments"]}


def heading() -> None:
    """The names of the columns."""
    phases = " ".join(f"{name:>7}" for name in PHASES)
    sys.stdout.write(
        f"{'seed':>4} {'at':>5} {'engine':11} {'tasks':>6} {'affected':>8} {'placed':>6} {'moved':>6} {'share':>7} "
        f"{'disrupted':>9} {'tardiness':>9} {'makespan':>8} {'wall s':>6} {'cpu s':>6} {phases} {'load':>5}  "
        "solved by\n"
    )


def line(row: Row, engine: str) -> None:
    """What one engine made of a failure."""
    found, head = row[engine], f"{row['seed']:4} {row['at']:5} {engine:11}"
    phases = " ".join(f"{found['seconds'].get(name, 0.0):7.2f}" for name in PHASES)
    times = f"{found['wall']:6.2f} {found['cpu']:6.2f} {phases} {found['load']:5.1f}"
    if found["share"] is None:
        sys.stdout.write(f"{head} {'no plan':>66} {times}\n")
    else:
        terms = found["terms"]
        sys.stdout.write(
            f"{head} {found['tasks']:6} {found['affected']:8} {found['placed']:6} "
            f"{found['moved']:6} {found['share']:7.2%} {terms.get('disruption', ''):>9} {terms['tardiness']:9.0f} "
            f"{terms['makespan']:8.0f} {times}  {found['solved by']}\n"
        )
    sys.stdout.flush()


def missed(rows: list[Row]) -> Iterator[str]:
    """What the replanning of the fleets does not keep."""
    for row in rows:
        found, where = row["replan"], f"seed {row['seed']} at {row['at']:g}"
        if found["share"] is None:
            yield f"{where}: no new plan was found"
        elif found["share"] > MOVED:
            yield f"{where}: {found['share']:.1%} of the unaffected tasks move, more than {MOVED:.0%}"
        if found["wall"] > WALL:
            told = f"of CPU {found['cpu']:.2f} s, at a load of {found['load']:.1f}"
            yield f"{where}: {found['wall']:.2f} s of wall time are more than {WALL:g} ({told})"


def verdict(rows: list[Row]) -> int:
    """Say whether the demands are met: 0 or 1."""
    texts = list(missed(rows))
    sys.stdout.write("".join(f"missed: {text}\n" for text in texts) or "all met\n")
    return int(bool(texts))


if __name__ == "__main__":
    sys.exit(main())
