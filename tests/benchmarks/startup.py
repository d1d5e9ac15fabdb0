"""How much the command line costs before it does anything: CPU and wall against the same Python's imports.

    python tests/benchmarks/startup.py [--rounds N] [--json FILE]

Every figure is a process of its own; the cases take turns, so that a change of load hits all alike. Medians
and minima of the differences and ratios to the imports that stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = {
    "import typer": ["-c", "import typer"],
    "import typer, yaml, numpy": ["-c", "import typer, yaml, numpy"],
    "--version": ["-m", "qamctl", "--version"],
    "--help": ["-m", "qamctl", "--help"],
    "validate": ["-m", "qamctl", "validate", "plan.yaml"],
    "schedule": ["-m", "qamctl", "schedule", "plan.yaml", "--time-limit", "0.2", "--backend", "list-search"],
}


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plan.yaml").write_text(spec())
        environ = os.environ | {
            "XDG_STATE_HOME": folder,
            "XDG_CONFIG_HOME": folder,
            "PYTHONPYCACHEPREFIX": folder + "/pyc",
        }
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for argv in CASES.values():  # the first time compiles
            measure(argv, folder, environ)
        rounds = [{name: measure(argv, folder, environ) for name, argv in CASES.items()} for _ in range(args.rounds)]
    rows = {
        "--version / import typer (CPU ratio, at most 1.2)": [r["--version"][0] / r["import typer"][0] for r in rounds],
        "--version / import typer (wall ratio, at most 1.2)": [
            r["--version"][1] / r["import typer"][1] for r in rounds
        ],
        "validate - imports (CPU s, at most 0.060)": [over(r, "validate", 0) for r in rounds],
        "schedule, 30 tasks, 0.2 s - imports (wall s, at most 0.3)": [over(r, "schedule", 1) for r in rounds],
        "schedule, 30 tasks, 0.2 s - imports (CPU s)": [over(r, "schedule", 0) for r in rounds],
    }
    sys.stdout.write(f"{'':60} {'median':>8} {'least':>8}\n")
    for name, values in rows.items():
        sys.stdout.write(f"{name:60} {statistics.median(values):8.3f} {min(values):8.3f}\n")
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "rounds": rounds}, indent=1))


def measure(argv: list[str], folder: str, environ: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *argv], cwd=folder, env=environ, check=True, capture_output=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def over(rounds: dict[str, tuple[float, float]], name: str, which: int) -> float:
    """Seconds above the imports of the same round."""
    return rounds[name][which] - rounds["import typer, yaml, numpy"][which]


def spec() -> str:
    """A problem of 30 tasks on 4 agents that no bound proves at once."""
    agents = "".join(f"  - {{id: a{k}}}\n" for k in range(4))
    tasks = "".join(
        f"  - {{id: t{k}, duration: {3 + k * 7 % 11}" + (f", after: [t{k * 3 // 5}]" if k % 3 else "") + "}\n"
        for k in range(1, 31)
    ).replace("after: [t0]", "after: []")
    return f"kind: schedule\nversion: 1\nname: thirty\nagents:\n{agents}tasks:\n{tasks}objective: {{flow: 1}}\n"


if __name__ == "__main__":
    main()
