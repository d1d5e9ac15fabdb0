"""Is `qamctl schedule` at the front? Sixty problems of seven families beside CP-SAT and PyJobShop.

    python tests/benchmarks/front.py --rows front.jsonl --json front.json
    python tests/benchmarks/front.py --budget 5000 --rows front.jsonl     (stops in time; again: goes on)
    python tests/benchmarks/front.py --apart --rows front.jsonl           (as many that nobody tunes on)

`auto` is `qamctl schedule`; `cpsat` is the best model that we know for CP-SAT, with as many workers as there are cores,
which is its default; `cpsat-all` the same with the eight workers of its whole portfolio, `cpsat-5x` these for five
times as long, where they had not proved their answer; `pyjobshop` is PyJobShop's own model; `windows` are our QUBO
windows alone, from the schedule of a rule, with their controls. One at a time, every run in processes of its own, in
turning order; each answer is counted anew from the published file. The problems are those of `front_list.json`.
README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import front_verdicts as verdicts  # noqa: E402
from answers import judge, ours, peer, windows_alone  # noqa: E402
from asked import Failed  # noqa: E402
from front_cases import front_cases  # noqa: E402
from journal import Row, fingerprint, resumed, tell_stopped, versions  # noqa: E402
from published import Case  # noqa: E402
from published_files import read  # noqa: E402

#: How many times as long the longer run of CP-SAT is.
LONGER = 5
#: Whose versions stand for the code of a peer.
PACKAGES = {
    "cpsat": ("ortools",), "cpsat-all": ("ortools",), "cpsat-5x": ("ortools",), "pyjobshop": ("pyjobshop", "ortools"),
}  # fmt: skip
#: Seconds in which a run begins and ends, beside its search.
AROUND = 30.0


def main() -> int:
    """Measure what is missing, then print the tables and what they say; 1 if a demand is not met."""
    options = arguments()
    until = time.monotonic() + options.budget
    code = engines(options)
    rows, whole = resumed(options.rows, jobs(options, code), measure, told, until=until - options.time_limit - AROUND)
    if "cpsat-5x" in code:
        last = until - LONGER * options.time_limit - AROUND if whole else 0
        more, all_of_them = resumed(options.rows, longer_jobs(options, code, rows), measure, told, until=last)
        rows, whole = [*rows, *more], whole and all_of_them
    if not whole:
        tell_stopped(options.rows)
    rows = verdicts.with_proofs(rows) if "cpsat-5x" in code else rows
    found, opened = verdicts.families(rows), verdicts.windows(rows)
    known, checks = verdicts.published(rows), verdicts.demands(rows)
    tables = [verdicts.family_table(found), verdicts.window_table(opened), verdicts.published_table(known, rows)]
    sys.stdout.write("".join(f"{table}\n\n" for table in tables))
    sys.stdout.write("".join(f"{'met   ' if met else 'MISSED'} {sentence}\n" for met, sentence in checks))
    if options.json:
        report = {"rows": rows, "families": found, "windows": opened, "published": known}
        report["demands"] = [{"met": met, "text": text} for met, text in checks]
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 130 if not whole else 0 if all(met for met, _ in checks) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shared = Path(os.environ.get("QAMCTL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--instances", type=Path, default=shared / "instances", help="folder of the published problems")
    parser.add_argument("--apart", action="store_true", help="the problems that nobody tunes on, in place of the sixty")
    parser.add_argument("--rows", type=Path, default=Path("benchmark-front.jsonl"), help="where finished rows are kept")
    parser.add_argument("--time-limit", type=float, default=20.0, help="wall seconds of each run")
    parser.add_argument("--threads", type=int, default=cores, help="of ours, and workers of cpsat and pyjobshop")
    parser.add_argument("--workers", type=int, default=8, help="of cpsat-all and cpsat-5x")
    parser.add_argument("--only", action="append", default=[], help="a family or a problem; repeatable")
    parser.add_argument("--engines", default="", help=f"separated by commas (default: {','.join(verdicts.ENGINES)})")
    parser.add_argument("--seeds", default="1,2,3", help="separated by commas")
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds to end within; 0: no run")
    parser.add_argument("--json", type=Path, help="write the rows and all figures to a file")
    options = parser.parse_args()
    strange = set(filter(None, options.engines.split(","))) - set(verdicts.ENGINES)
    if strange:
        parser.error(f"there is no engine {', '.join(sorted(strange))}: choose of {', '.join(verdicts.ENGINES)}")
    if not (options.instances / "schedule").is_dir():
        parser.error(f"there is no folder {options.instances / 'schedule'}: say --instances DIR or set QAMCTL_SHARED")
    unknown = set(options.only) - {name for case in listed(options) for name in (case.family, case.name)}
    if unknown:
        parser.error(f"there is no problem or family {', '.join(sorted(unknown))} in the list")
    return options


def engines(options: argparse.Namespace) -> dict[str, str]:
    """The engines that are asked for and are there, each with what stands for its code."""
    chosen = set(filter(None, options.engines.split(","))) or set(verdicts.ENGINES)
    code = {name: versions(*packages) for name, packages in PACKAGES.items() if name in chosen}
    code |= dict.fromkeys(chosen & {"auto", "windows"}, fingerprint(ROOT / "qamctl"))
    return {name: code[name] for name in verdicts.ENGINES if code.get(name)}


def jobs(options: argparse.Namespace, code: dict[str, str]) -> Iterator[tuple[Case, Row]]:
    """Every run but the longer ones, seed by seed, the engines' order turned from problem to problem."""
    names = [name for name in code if name != "cpsat-5x"]
    for seed in map(int, options.seeds.split(",")):
        for turn, case in enumerate(wanted(options)):
            cut = (turn + seed) % max(1, len(names))
            for name in [*names[cut:], *names[:cut]]:
                yield case, job(options, case, name, seed, code[name])


def longer_jobs(options: argparse.Namespace, code: dict[str, str], rows: Sequence[Row]) -> Iterator[tuple[Case, Row]]:
    """CP-SAT's longer runs; none where it proved its answer in the short one."""
    proved = {(row["case"], row["seed"]) for row in rows if row["engine"] == "cpsat-all" and row["status"] == "optimal"}
    for seed in map(int, options.seeds.split(",")):
        for case in wanted(options):
            if (case.name, seed) not in proved:
                yield case, job(options, case, "cpsat-5x", seed, code["cpsat-5x"])


def listed(options: argparse.Namespace) -> list[Case]:
    """The problems of the list."""
    return front_cases(options.instances, "apart" if options.apart else "front")


def wanted(options: argparse.Namespace) -> list[Case]:
    """Those that are asked for."""
    chosen = set(options.only)
    return [case for case in listed(options) if not chosen or {case.family, case.name} & chosen]


def job(options: argparse.Namespace, case: Case, engine: str, seed: int, code: str) -> Row:
    """What makes the row of a run."""
    seconds = options.time_limit * (LONGER if engine == "cpsat-5x" else 1)
    threads = {"windows": 1, "cpsat-all": options.workers, "cpsat-5x": options.workers}.get(engine, options.threads)
    return {
        "family": case.family, "case": case.name, "engine": engine, "seed": seed, "seconds": seconds,
        "threads": threads, "code": code,
    }  # fmt: skip


def measure(case: Case, job: Row) -> Row:
    """One run, its answer counted anew from the file, its figures beside what is known."""
    problem = read(case.format, case.path)
    limits = {name: job[name] for name in ("seconds", "threads", "seed")}
    row = job | {"best": case.best, "objective": None, "bound": None, "wall": None, "cpu": None, "windows": None}
    row |= {"solved by": None, "fault": None}
    try:
        if job["engine"] == "auto":
            answer = ours(case, problem, limits)
        elif job["engine"] == "windows":
            answer = windows_alone(case, problem, limits)
        else:
            name = job["engine"] if job["engine"] == "pyjobshop" else "cpsat-best"
            answer = peer(name, case, limits, patience=4 * job["seconds"] + 300)
    except (Failed, RuntimeError) as reason:
        return row | {"status": "failed", "fault": str(reason)}
    fault = "; ".join(judge(case, problem, answer)) or None
    start, chosen = answer.pop("start"), answer.pop("chosen")
    value = None if start is None else problem.makespan(start, chosen)
    return row | answer | {"objective": value, "fault": fault}


def told(row: Row) -> str:
    """The line of a run that has just ended."""
    return (
        f"{row['case']:12} {row['engine']:10} {row['seed']} {row['status']:9} {row['objective']} {row['fault'] or ''}"
    )


if __name__ == "__main__":
    sys.exit(main())
