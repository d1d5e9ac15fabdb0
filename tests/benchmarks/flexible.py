"""How good are schedules where work can be done in several ways? `auto` beside CP-SAT at equal wall time.

    python tests/benchmarks/flexible.py [--seconds 10] [--only mk06] [--instances DIR] [--json FILE]

Flexible job shops (Brandimarte's mk01 to mk07), multi-mode projects (MMLIB50 and MMLIB100) and unrelated parallel
machines (Fanjul-Peyro and Ruiz). `qamctl import` and `qamctl schedule` in processes of their own, from the published
file to the result, and CP-SAT with the whole problem as one interval model and as many workers, in a process of its
own: plain, and with the loads of machines and resources as rows beside it, which follow from the rest. One at a time,
in turning order. The seconds are the wall time of our solve, and of CP-SAT's search: the building of its model is not
counted. Every answer is counted anew from the file, without the package's readers.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from answers import Row, judge, ours, peer
from published import Case, cases
from published_files import read

HERE = Path(__file__).resolve().parent
#: Points of the mean gap that `auto` may be above either of the two models.
MOST = 1.0
PEERS = ("cpsat", "cpsat+loads")
ENGINES = ("auto", *PEERS)


def main() -> int:
    """Run the cases and print the table; 1 where a demand was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="wall time of each solve")
    parser.add_argument("--instances", type=Path, default=HERE.parents[2] / "shared" / "instances")
    parser.add_argument("--only", action="append", default=[], help="a family or a problem; repeatable")
    parser.add_argument("--threads", type=int, default=2, help="of ours, and CP-SAT's workers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    limits = {"seconds": args.seconds, "threads": args.threads, "seed": args.seed}
    if not (args.instances / "schedule").is_dir():
        sys.stdout.write(f"{args.instances / 'schedule'} is not here: name it by --instances\n")
        return 2
    rows: list[Row] = []
    heading()
    for case in cases(args.instances, "fjsp", "mmlib", "pmp"):
        if args.only and not {case.family, case.name} & set(args.only):
            continue
        turn = len(rows) % len(ENGINES)
        rows.append(measure(case, limits, ENGINES[turn:] + ENGINES[:turn]))
        line(rows[-1])
        if args.json:
            args.json.write_text(json.dumps(rows, indent=1))
    return verdict(rows)


def measure(case: Case, limits: Row, engines: tuple[str, ...]) -> Row:
    """The engines on a problem, one after the other, and what is wrong with what they say."""
    problem = read(case.format, case.path)
    row: Row = {"family": case.family, "instance": case.name, "best known": case.best, "faults": []}
    for engine in engines:
        answer = ours(case, problem, limits) if engine == "auto" else peer(engine, case, limits)
        row["faults"] += [f"{engine}: {fault}" for fault in judge(case, problem, answer)]
        row[engine] = None if answer["start"] is None else problem.makespan(answer["start"], answer["chosen"])
        row |= {f"{engine} {key}": answer.get(key) for key in ("bound", "wall", "solved by")}
    return row


def gap(row: Row, engine: str) -> float:
    """How far an engine's answer is above the best known one, in percent."""
    return float(100 * (row[engine] / row["best known"] - 1))


def heading() -> None:
    """The names of the columns."""
    engines = " ".join(f"{engine:>11} {'gap %':>7}" for engine in ENGINES)
    sys.stdout.write(
        f"{'family':6} {'instance':9} {'known':>6} {engines} {'bound':>7} {'of peers':>8} {'wall s':>6}  solved by\n"
    )


def line(row: Row) -> None:
    """A row of the table, and what is wrong with it."""
    answers = " ".join(
        f"{'-':>11} {'':7}" if row[engine] is None else f"{row[engine]:11} {gap(row, engine):7.2f}"
        for engine in ENGINES
    )
    bound = max(row[f"{engine} bound"] for engine in PEERS)
    sys.stdout.write(
        f"{row['family']:6} {row['instance']:9} {row['best known']:6} {answers} {row['auto bound'] or 0:7.0f} "
        f"{bound:8.0f} {row['auto wall']:6.1f}  {row['auto solved by'] or '-'}\n"
    )
    for fault in row["faults"]:
        sys.stdout.write(f"  {fault}\n")
    sys.stdout.flush()


def verdict(rows: list[Row]) -> int:
    """Print the mean gaps, of each family and of all, and say whether the demands are met: 0 or 1.

    Beside each peer count the problems that both have an answer to.
    """
    if not rows:
        sys.stdout.write("no such problem\n")
        return 2
    missed = any(row["faults"] or row["auto"] is None for row in rows)
    families = list(dict.fromkeys(row["family"] for row in rows))
    for family in [*families, "all"] if len(families) > 1 else families:
        mine = [row for row in rows if family in (row["family"], "all") and row["auto"] is not None]
        for engine in PEERS:
            both = [row for row in mine if row[engine] is not None]
            if not both:
                continue
            mean, theirs = (sum(gap(row, name) for row in both) / len(both) for name in ("auto", engine))
            above = mean > theirs + MOST + 1e-9
            missed |= above
            alone = f"; no answer of {engine} to {len(mine) - len(both)} more" if len(mine) > len(both) else ""
            sys.stdout.write(
                f"{'MISSED' if above else 'met   '} {family:6} mean gap of auto {mean:7.2f} %, of {engine:11} "
                f"{theirs:7.2f} %, over {len(both)} problems{alone}\n"
            )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
