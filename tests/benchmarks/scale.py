"""How large a schedule can be, and does dividing it pay? Made fleets of 1,000 to 1,000,000 tasks.

    python tests/benchmarks/scale.py [--only growth|whole|against] [--threads 2] [--shared DIR] [--json FILE]
    python tests/benchmarks/scale.py --only whole --million

Problems of `generators/fleet.py` in the shared folder: agents with zones, skills, speeds, slots and two capacities,
projects with precedence, a floating licence, due times and deadlines; late tasks count first, then the makespan. Every
command runs in a process of its own, from the tables to the result; its answer goes through `qamctl check`.

*Growth*: `--backend hierarchical` with a number of steps, that is with as many schedules of every part at every size,
and a tenth as many agents as tasks: the CPU seconds of the whole command, and the slope of their logarithms.

*Whole*: `auto` with a time limit: 10,000 agents with 100,000 tasks, and with a million (`--million`): wall seconds and
memory of the whole command, and the gap that its result states.

*Against*: 5,000 tasks as a whole (`--backend list-search`), and divided in a third of the time, on many agents and on
few: the first level of the objective, which divided may be 3 % worse, and the CPU seconds of both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from commands import qamctl, schedule

HERE = Path(__file__).resolve().parent

#: CPU seconds grow as tasks to the power of this, at most; the steps of each part where that is measured.
EXPONENT, STEPS = 1.2, 20
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)

#: By tasks: seconds of the search, wall seconds and bytes that the command may take, and the gap that may be left.
WHOLE = {100_000: (75.0, 120.0, 4e9, 0.10), 1_000_000: (1_200.0, 1_800.0, 8e9, None)}
AGENTS = 10_000

#: Tasks and agents of the comparison, the seconds of the search as a whole, what part of its CPU time the divided one
#: may take, and how much worse it may be.
AGAINST = ((5_000, 500), (5_000, 200), (5_000, 100))
SECONDS, SHARE, WORSE = 30.0, 1 / 3, 0.03

Row = dict[str, Any]


def main() -> int:
    """Run what is asked for and print the tables; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("growth", "whole", "against"), help="one part")
    parser.add_argument("--million", action="store_true", help="a million tasks, too")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="tasks where growth is measured")
    parser.add_argument("--seeds", default="1,2,3", help="of the comparison; comma-separated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shared", type=Path, default=HERE.parents[2] / "shared")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    generator = args.shared / "generators" / "fleet.py"
    if not generator.is_file():
        sys.stdout.write(f"{generator} is not here: name the shared folder by --shared\n")
        return 2
    found: dict[str, list[Row]] = {}
    for name, part in (("growth", growth), ("whole", whole), ("against", against)):
        if args.only in (None, name):
            found[name] = part(generator, args)
            if args.json:
                args.json.write_text(json.dumps(found, indent=1))
    return verdict(found)


def growth(generator: Path, args: argparse.Namespace) -> list[Row]:
    """The same steps at every size."""
    out = []
    for tasks in (int(word) for word in args.sizes.split(",")):
        options = ("--backend", "hierarchical", "--max-steps", str(STEPS), "--threads", str(args.threads))
        out.append(measure(generator, tasks, tasks // 10, 1, options))
        say(out[-1])
    return out


def whole(generator: Path, args: argparse.Namespace) -> list[Row]:
    """The large ones, as a user would run them."""
    out = []
    for tasks, (seconds, *_) in WHOLE.items():
        if tasks < 1_000_000 or args.million:
            options = ("--time-limit", str(seconds), "--threads", str(args.threads))
            out.append(measure(generator, tasks, AGENTS, 1, options))
            say(out[-1])
    return out


def against(generator: Path, args: argparse.Namespace) -> list[Row]:
    """The whole and the divided search, in turning order."""
    out = []
    for tasks, agents in AGAINST:
        for seed in (int(word) for word in args.seeds.split(",")):
            ways = [("list-search", SECONDS), ("hierarchical", SECONDS * SHARE)]
            row: Row = {"tasks": tasks, "agents": agents, "seed": seed}
            for backend, seconds in ways if seed % 2 else ways[::-1]:
                options = ("--backend", backend, "--time-limit", str(seconds), "--threads", str(args.threads))
                row[backend] = measure(generator, tasks, agents, seed, options)
                say(row[backend])
            out.append(row)
    return out


def measure(generator: Path, tasks: int, agents: int, seed: int, options: tuple[str, ...]) -> Row:
    """One command, from the tables to a result that the checker accepts."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        sizes = [f"--agents={agents}", f"--tasks={tasks}", f"--seed={seed}"]
        subprocess.run([sys.executable, str(generator), *sizes, "--out", str(home)], capture_output=True, check=True)
        result, spent = schedule(home, "fleet.yaml", "--seed", str(seed), *options)
        row = {
            "tasks": tasks, "agents": agents, "seed": seed, "options": list(options), "wall": spent.wall,
            "cpu": spent.cpu, "memory": spent.memory, "load": os.getloadavg()[0], "gap": result["gap"],
            "levels": [[level["value"], level["bound"]] for level in result["levels"]], "by": result["solved_by"],
        }  # fmt: skip
        if result["solution"] is not None:
            qamctl(home, "check", "run/result.json", "fleet.yaml")
    return row


def exponent(rows: list[Row]) -> float:
    """The slope of the logarithm of CPU seconds against that of tasks."""
    slope, _ = np.polyfit(np.log([row["tasks"] for row in rows]), np.log([row["cpu"] for row in rows]), 1)
    return float(slope)


def verdict(found: dict[str, list[Row]]) -> int:
    """What was met of the demands; 1 where something was missed."""
    checks: list[tuple[bool, str]] = []
    if len(rows := found.get("growth", [])) > 1:
        slope = exponent(rows)
        span = f"{rows[0]['tasks']:,} to {rows[-1]['tasks']:,} tasks"
        checks.append((slope <= EXPONENT, f"CPU seconds grow as tasks ** {slope:.2f} from {span} (at most {EXPONENT})"))
    for row in found.get("whole", []):
        _, wall, memory, gap = WHOLE[row["tasks"]]
        fits = row["gap"] is not None and row["wall"] <= wall and row["memory"] <= memory
        fits = fits and (gap is None or row["gap"] <= gap)
        limits = f"at most {wall:g} s and {memory / 1e9:g} GB" + ("" if gap is None else f", gap {gap:.0%}")
        checks.append((fits, f"{row['tasks']:,} tasks: {told(row)} ({limits})"))
    for row in found.get("against", []):
        one, other = row["list-search"], row["hierarchical"]
        text = f"{row['tasks']:,} tasks on {row['agents']} agents, seed {row['seed']}: "
        text += f"whole {told(one)}; divided {told(other)}"
        cheap = other["cpu"] <= one["cpu"] * SHARE * 1.1
        checks.append(((as_good(one, other) and cheap) or proved(one, other), text))
    for met, text in checks:
        sys.stdout.write(f"{'met   ' if met else 'MISSED'} {text}\n")
    return 0 if all(met for met, _ in checks) else 1


def as_good(one: Row, other: Row) -> bool:
    """Whether the first level of the divided search is at most a little worse."""
    if not one["levels"] or not other["levels"]:
        return bool(other["levels"]) or not one["levels"]
    return bool(other["levels"][0][0] <= one["levels"][0][0] * (1 + WORSE))


def proved(one: Row, other: Row) -> bool:
    """Whether both reached the bound of every level: then neither needed its time."""
    return all(row["levels"] and all(value == bound for value, bound in row["levels"]) for row in (one, other))


def told(row: Row) -> str:
    """The figures of one command in words."""
    values = " / ".join(f"{value:g}" for value, _ in row["levels"]) or "no answer"
    gap = "" if row["gap"] is None else f", gap {row['gap']:.2%}"
    return f"{values}{gap}, {row['wall']:.1f} s wall, {row['cpu']:.1f} s CPU, {row['memory'] / 1e9:.2f} GB"


def say(row: Row) -> None:
    """One line at once, while others are still to come."""
    line = f"{row['tasks']:>9,} tasks {row['agents']:>7,} agents  {' '.join(row['options'])}: {told(row)}\n"
    sys.stderr.write(line)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
