"""How good is the search on one-hot groups and capacities? Against neal on the penalty QUBO, CP-SAT and HiGHS.

    python tests/benchmarks/assignment.py --seconds 10 --rows assignment.jsonl
    python tests/benchmarks/assignment.py --only q40x5-1 --only d20200 --engines native,cpsat --seeds 1,2,3

Capacitated assignment with quadratic cost, made from seeds, and linear generalised assignment, made and published.
One process a run, one after the other; each engine has the same CPU seconds, neal for each pair of weights of its
sweep. Each answer is evaluated by the problem itself. Finished rows are kept in `--rows`: a run that was stopped goes
on there.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import mean

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT), str(HERE.parent)]

import numpy as np  # noqa: E402
from asked import Failed, asked  # noqa: E402
from assignment_engines import problem_of  # noqa: E402
from journal import Row, fingerprint, resumed, tell_stopped  # noqa: E402

#: neal's weights: of a group, in units of what leaving an item out could save; of a capacity (see the engine).
SWEEP = tuple(f"neal:{group}/{row}" for group in (0.5, 1.0, 2.0) for row in (0.25, 1.0, 4.0))
QUADRATIC = ("native", "cpsat:distances", "cpsat:products", *SWEEP)
LINEAR = ("native", "cpsat:distances", "highs", *SWEEP)
PEERS = {"neal": "dwave-samplers", "cpsat": "ortools", "highs": "scipy"}

#: What the table must show: at most this share of neal's best feasible value.
UNDER_NEAL = 0.85


def cases(instances: Path | None) -> list[Row]:
    """Problems: family, name, how each is made, and what is known about it."""
    found = []
    for items, bins in ((40, 5), (80, 8), (200, 20), (400, 20)):
        for number in (1, 2):
            for kind, talk, family in (("d", 3.0, "quadratic"), ("tight", 3.0, "quadratic-tight"),
                                       ("d", 0.0, "linear-d"), ("e", 0.0, "linear-e")):  # fmt: skip
                letter = {"quadratic": "q", "quadratic-tight": "t", "linear-d": "d", "linear-e": "e"}[family]
                found.append({
                    "family": family, "case": f"{letter}{items}x{bins}-{number}", "kind": kind, "talk": talk,
                    "items": items, "bins": bins, "number": number, "best": None,
                })  # fmt: skip
    folder = instances / "cluster" / "gap" if instances else None
    if folder and folder.is_dir():
        with (folder / "best_known.csv").open(newline="") as file:
            best = {row["Path"].split("/")[-1]: row["Best known solution value"] for row in csv.DictReader(file)}
        found += [
            {"family": "published", "case": path.name, "kind": "file", "path": str(path), "best": int(best[path.name])}
            for path in sorted(folder.iterdir())
            if path.name[0] in "cd" and path.name in best
        ]
    return found


def jobs(options: argparse.Namespace) -> Iterator[Row]:
    """Every measurement that is asked for, the engines' order turned from problem to problem."""
    ours = fingerprint(ROOT / "qamctl")
    chosen = set(filter(None, options.engines.split(",")))
    turn = 0
    for case in cases(options.instances):
        if options.only and not {case["family"], case["case"]} & set(options.only):
            continue
        names = QUADRATIC if case["family"].startswith("quadratic") else LINEAR
        names = tuple(name for name in names if not chosen or {name, name.split(":")[0]} & chosen)
        for seed in [int(seed) for seed in options.seeds.split(",")]:
            turn += 1
            for name in names if turn % 2 else names[::-1]:
                peer = PEERS.get(name.split(":")[0])
                code = f"{peer} {version(peer)}" if peer else ours
                yield case | {
                    "engine": name, "seed": seed, "seconds": options.seconds, "threads": 1, "code": code,
                }  # fmt: skip


def measure(job: Row) -> Row:
    """One run, its answer evaluated."""
    try:
        answer = asked("assignment_engines.py", job, patience=20 * job["seconds"] + 300)
    except Failed as reason:
        return job | {"status": "failed", "objective": None, "cpu": None, "note": "", "fault": str(reason)}
    bins = answer.pop("bins")
    value = None if bins is None else problem_of(job).objective(np.array(bins))
    fault = "a bin overflows" if bins is not None and value is None else None
    return job | answer | {"objective": value, "fault": fault}


def told(row: Row) -> str:
    """The line of a run that has just ended."""
    return f"{row['case']:14} {row['engine']:18} {row['objective']} {row['note']} {row['fault'] or ''}"


def table(rows: list[Row]) -> str:
    """One line a problem: the best known, the mean of each engine over its seeds; neal's best over its sweep."""
    names = ["native", "cpsat:distances", "cpsat:products", "highs", "neal"]
    lines = [f"{'problem':16}{'best known':>12}" + "".join(f"{name:>17}" for name in names) + "   neal feasible"]
    for case in dict.fromkeys(row["case"] for row in rows):
        mine = [row for row in rows if row["case"] == case]
        cells = [summary(mine, name) for name in names]
        told = [row for row in mine if row["engine"].startswith("neal")]
        good = sum(row["objective"] is not None for row in told)
        lines.append(
            f"{case:16}{mine[0]['best'] or '-':>12}"
            + "".join(f"{cell:>17.1f}" if cell is not None else f"{'-':>17}" for cell in cells)
            + f"   {good}/{len(told)} runs"
        )
    return "\n".join(lines)


def summary(rows: list[Row], name: str) -> float | None:
    """The mean over the seeds of an engine's value, for neal of the best in its sweep; None where it has none."""
    values = []
    for seed in {row["seed"] for row in rows}:
        found = [
            row["objective"] for row in rows
            if row["seed"] == seed and row["objective"] is not None
            and (row["engine"] == name or (name == "neal" and row["engine"].startswith("neal:")))
        ]  # fmt: skip
        if found:
            values.append(min(found))
    return mean(values) if values else None


def demands(rows: list[Row]) -> list[tuple[bool, str]]:
    """What the table must show, and whether it does."""
    found = []
    ours = [row for row in rows if row["engine"] == "native"]
    found.append((all(row["objective"] is not None for row in ours), "native: every run is feasible"))
    found.append((all(row["fault"] is None for row in rows), "no run has a fault"))
    for case in dict.fromkeys(row["case"] for row in rows):
        mine = [row for row in rows if row["case"] == case]
        native, neal = summary(mine, "native"), summary(mine, "neal")
        if native is None:
            continue
        if neal is not None and mine[0]["family"].startswith("quadratic"):
            share = native / neal
            found.append((share <= UNDER_NEAL, f"{case}: {100 * (1 - share):.0f} % under neal's best"))
        peers = [summary(mine, name) for name in ("cpsat:distances", "cpsat:products")]
        values = [value for value in peers if value is not None]
        if values:
            found.append((native <= min(values), f"{case}: {native:.1f} against CP-SAT's {min(values):.1f}"))
    return found


def main() -> int:
    """Measure what is missing, then print the table and what it says; 1 if a demand is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("QAMCTL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--instances", type=Path, default=shared / "instances", help="folder of published problems")
    parser.add_argument("--rows", type=Path, default=Path("benchmark-assignment.jsonl"), help="finished rows")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds of each run")
    parser.add_argument("--only", action="append", default=[], help="a family or a problem; repeatable")
    parser.add_argument("--engines", default="", help="engines, separated by commas (default: all)")
    parser.add_argument("--seeds", default="1", help="seeds, separated by commas")
    parser.add_argument("--json", type=Path, help="write the rows and what they show to a file")
    options = parser.parse_args()
    todo = ((None, job) for job in jobs(options))
    wanted, whole = resumed(options.rows, todo, lambda _, job: measure(job), told)
    if not whole:
        tell_stopped(options.rows)
    checks = demands(wanted)
    sys.stdout.write(table(wanted) + "\n")
    sys.stdout.write("".join(f"{'met   ' if met else 'MISSED'} {text}\n" for met, text in checks))
    if options.json:
        report = {"rows": wanted, "demands": [{"met": met, "text": text} for met, text in checks]}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 130 if not whole else 0 if all(met for met, _ in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
