"""How good is the QUBO engine? Published models and made families, side by side with the peers, at equal CPU.

    python tests/benchmarks/qubo.py --seconds 10 --rows qubo.jsonl --svg curves --json qubo.json
    python tests/benchmarks/qubo.py --only gset --only dense --engines auto,dwave-sa,openjij --seeds 1,2,3
    python tests/benchmarks/qubo.py --mqlib ~/MQLib/bin/MQLib --most 5000

Every run has a process of its own, one at a time, one core, and is kept busy until its CPU seconds are really used;
the engines' order turns. Energies are computed anew from the sample. Finished rows are kept in `--rows`; a run that
was stopped goes on there. README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from asked import Failed, asked  # noqa: E402
from journal import Row, fingerprint, resumed, tell_stopped  # noqa: E402
from qubo_cases import Case, cases  # noqa: E402
from qubo_engines import ENGINES, OURS, PACKAGES  # noqa: E402
from qubo_report import demands, families, family_table, pictures, table  # noqa: E402


def main() -> int:
    """Measure what is missing, then print the table and what it says; 1 if a demand is not met."""
    options = arguments()
    wanted, whole = resumed(
        options.rows, jobs(options, versions(options)), lambda case, job: measure(case, job, options), told
    )
    if not whole:
        tell_stopped(options.rows)
    found, checks = families(wanted), demands(wanted)
    write(table(wanted))
    write("\n" + family_table(found))
    write("".join(f"\n{'met   ' if met else 'MISSED'} {sentence}" for met, sentence in checks))
    if options.json:
        report = {"rows": wanted, "families": found, "demands": [{"met": m, "text": t} for m, t in checks]}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if options.svg:
        options.svg.mkdir(parents=True, exist_ok=True)
        for family, picture in pictures(wanted, options.seconds).items():
            (options.svg / f"{family}.svg").write_text(picture)
    return 130 if not whole else 0 if all(met for met, _ in checks) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("QAMCTL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--instances", type=Path, default=shared / "instances", help="folder of the published models")
    parser.add_argument("--rows", type=Path, default=Path("benchmark-qubo.jsonl"), help="where finished rows are kept")
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds of each run")
    parser.add_argument("--only", action="append", default=[], help="a family or a model; repeatable")
    parser.add_argument("--most", type=int, default=10**9, help="leave out made models with more variables")
    parser.add_argument("--engines", default="", help=f"separated by commas (default: all of {', '.join(ENGINES)})")
    parser.add_argument("--seeds", default="1,2,3", help="seeds of the runs, separated by commas")
    parser.add_argument("--mqlib", type=Path, help="MQLib's binary; README.md says how to build it")
    parser.add_argument("--json", type=Path, help="write rows, families and demands to a file")
    parser.add_argument("--svg", type=Path, help="folder for a picture of the curves of each family")
    options = parser.parse_args()
    unknown = {name for name in options.engines.split(",") if name} - set(ENGINES)
    if unknown:
        parser.error(f"there is no engine {', '.join(sorted(unknown))}: choose of {', '.join(ENGINES)}")
    if not options.instances.is_dir():
        say(f"there is no folder {options.instances}: made models only")
    if options.mqlib and not options.mqlib.is_file():
        parser.error(f"there is no file {options.mqlib}")
    return options


def versions(options: argparse.Namespace) -> dict[str, str]:
    """What stands for each engine's code; an engine that is not there is left out, with the reason."""
    code = dict.fromkeys(OURS, fingerprint(ROOT / "qamctl"))
    for name, package in PACKAGES.items():
        try:
            code[name] = f"{package} {version(package)}"
        except PackageNotFoundError:
            say(f"without {name}: {package} is not installed (pip install {package})")
    for name in ENGINES:
        if name.startswith("mqlib"):
            if options.mqlib:
                code[name] = "mqlib"
            else:
                say(f"without {name}: no --mqlib")
    return code


def jobs(options: argparse.Namespace, code: dict[str, str]) -> Iterator[tuple[Case, Row]]:
    """Every measurement that is asked for, the engines' order turned from run to run."""
    chosen = [name for name in options.engines.split(",") if name]
    names = [name for name in ENGINES if name in code and (not chosen or name in chosen)]
    turn = 0
    for case in cases(options.instances):
        if options.only and not {case.family, case.name} & set(options.only):
            continue
        if isinstance(case.source, tuple) and case.source[1] > options.most:
            continue
        for seed in [int(seed) for seed in options.seeds.split(",")]:
            turn += 1
            for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
                yield case, {
                    "family": case.family, "case": case.name, "engine": name, "seed": seed,
                    "seconds": options.seconds, "threads": 1, "code": code[name],
                }  # fmt: skip


def measure(case: Case, job: Row, options: argparse.Namespace) -> Row:
    """One run in a process of its own."""
    row = job | {"best": case.best, "energy": None, "curve": [], "attempts": None, "cpu": None}
    request = job | {"problem": case.to_json(), "mqlib": str(options.mqlib.resolve()) if options.mqlib else None}
    try:
        row |= asked("qubo_worker.py", request, patience=30 * job["seconds"] + 600)
    except Failed as reason:
        return row | {"status": "failed", "fault": str(reason)}
    if row["fault"] is None and row["energy"] is not None and case.best is not None and row["energy"] < case.best:
        row["fault"] = f"{row['energy']} is below the best known {case.best}"
    return row


def told(row: Row) -> str:
    """The line of a run that has just ended."""
    return f"{row['case']:28} {row['engine']:16} {row['seed']} {row.get('energy')} {row['fault'] or ''}"


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
