"""How good is `qamctl schedule`? Real problems, side by side with CP-SAT, PyJobShop, HEFT and first come first served.

    python tests/benchmarks/schedule.py --time-limit 10 --rows schedule.jsonl
    python tests/benchmarks/schedule.py --only j120 --only ft10 --engines list-search,cpsat --seeds 1,2,3

Every run has a process of its own, one at a time, and its answer is verified twice: by the package's checker and by
`plain.faults`. Finished rows are kept in `--rows`; a run that was stopped goes on there. README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from asked import Failed, asked  # noqa: E402
from cases import Case, cases  # noqa: E402
from journal import Row, fingerprint, resumed, tell_stopped, versions  # noqa: E402
from plain import faults, makespan, plain_problem, simple_bound  # noqa: E402
from verdicts import demands, table, verdict_table, verdicts  # noqa: E402

OURS = ("auto", "list-search", "cpsat")
RULES = ("heft", "fifo")
ENGINES = {
    "jobshop": ("auto", "cpsat", "pyjobshop", "list-search", "fifo"),
    "j60": ("list-search", "cpsat", "pyjobshop", "auto", "fifo"),
    "j120": ("list-search", "cpsat", "pyjobshop", "auto", "fifo"),
    "workflows": ("heft", "list-search", "cpsat", "auto", "pyjobshop", "fifo"),
}


def main() -> int:
    """Measure what is missing, then print the table and what it says; 1 if a demand is not met."""
    options = arguments()
    code = dict.fromkeys(OURS, fingerprint(ROOT / "qamctl")) | dict.fromkeys(RULES, "")
    code["pyjobshop"] = versions("pyjobshop", "ortools")
    wanted, whole = resumed(options.rows, jobs(options, code), measure, told)
    if not whole:
        tell_stopped(options.rows)
    checks, pairs = demands(wanted), verdicts(wanted)
    write(table(wanted))
    if pairs:
        write("\n" + verdict_table(pairs))
    write("".join(f"\n{'met   ' if met else 'MISSED'} {sentence}" for met, sentence in checks))
    if options.json:
        report = {"rows": wanted, "verdicts": pairs, "demands": [{"met": m, "text": t} for m, t in checks]}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 130 if not whole else 0 if all(met for met, _ in checks) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = Path(os.environ.get("QAMCTL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--instances", type=Path, default=shared / "instances", help="folder of the published problems")
    parser.add_argument(
        "--rows", type=Path, default=Path("benchmark-schedule.jsonl"), help="where finished rows are kept"
    )
    parser.add_argument("--time-limit", type=float, default=10.0, help="wall seconds of each run")
    parser.add_argument(
        "--threads", type=int, default=cores, help="workers of auto and its peers on jobshop and workflows"
    )
    parser.add_argument("--only", action="append", default=[], help="a family or a problem; repeatable")
    parser.add_argument("--engines", default="", help="engines, separated by commas (default: all of the family)")
    parser.add_argument("--seeds", default="1", help="seeds, separated by commas")
    parser.add_argument("--json", type=Path, help="write the rows and the verdicts to a file")
    options = parser.parse_args()
    if not options.instances.is_dir():
        parser.error(f"there is no folder {options.instances}: say --instances DIR or set QAMCTL_SHARED")
    return options


def jobs(options: argparse.Namespace, code: dict[str, str]) -> Iterator[tuple[Case, Row]]:
    """Every measurement that is asked for, the engines' order turned from problem to problem."""
    chosen = [name for name in options.engines.split(",") if name]
    turn = 0
    for case in cases(options.instances):
        if options.only and not {case.family, case.name} & set(options.only):
            continue
        names = [name for name in ENGINES[case.family] if not chosen or name in chosen]
        for seed in [int(seed) for seed in options.seeds.split(",")]:
            turn += 1
            for name in names if turn % 2 else names[::-1]:
                if name == "pyjobshop" and not code[name]:
                    continue
                if name in RULES and seed != int(options.seeds.split(",")[0]):
                    continue
                yield case, {
                    "family": case.family, "case": case.name, "engine": name,
                    "seed": None if name in RULES else seed, "seconds": options.time_limit,
                    "threads": workers(case.family, name, options.threads), "code": code[name],
                }  # fmt: skip


def workers(family: str, engine: str, threads: int) -> int:
    """Equal wall with equal workers on job shops and workflows; one worker each, so equal CPU, on projects.

    List search alone always has one; `auto` is a portfolio and always has `threads`.
    """
    if engine == "list-search" or engine in RULES:
        return 1
    return threads if engine == "auto" or family in ("jobshop", "workflows") else 1


def measure(case: Case, job: Row) -> Row:
    """One run in a process of its own, with its answer verified and its figures put beside what is known."""
    data = case.data()
    problem = plain_problem(data)
    row = job | {"best": case.best, "simple_bound": simple_bound(problem), "fault": None}
    nothing: Row = {
        "status": "failed",
        "objective": None,
        "bound": None,
        "wall": None,
        "cpu": None,
        "memory": None,
        "info": {},
    }
    request = job | {"data": data, "seed": job["seed"] or 0}
    try:
        answer = asked("worker.py", request, patience=4 * job["seconds"] + 60)
    except Failed as reason:
        return row | nothing | {"fault": str(reason)}
    start, violations = answer.pop("start"), answer.pop("violations", [])
    row |= {"objective": None, "info": {}} | answer
    found = [*violations, *(faults(problem, start) if start is not None else [])]
    if start is not None and abs(makespan(problem, start) - answer["objective"]) > 1e-9:
        found.append(f"the makespan is {makespan(problem, start)}")
    found += _impossible(row, case)
    return row | {"fault": "; ".join(found[:3]) or None}


def _impossible(row: Row, case: Case) -> Iterator[str]:
    """A bound above a schedule that exists, or a schedule below a bound that is proved."""
    objective, bound = row["objective"], row["bound"]
    upper = min((value for value in (objective, case.best) if value is not None), default=None)
    if bound is not None and upper is not None and bound > upper + 1e-6:
        yield f"bound {bound} is above {upper}"
    if objective is not None:
        lower = max(case.best_bound or 0, row["simple_bound"])
        if objective < lower - 1e-6:
            yield f"objective {objective} is below {lower}"
    if row["status"] == "optimal" and case.best is not None and objective is not None and objective > case.best:
        yield f"called optimal, but {case.best} is known"


def told(row: Row) -> str:
    """The line of a run that has just ended."""
    return f"{row['case']:28} {row['engine']:12} {row['status']:10} {row['objective']} {row['fault'] or ''}"


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
