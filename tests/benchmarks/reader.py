"""How fast are large problem files read? CPU seconds and peak memory of whole processes, the csv module beside them.

    python tests/benchmarks/reader.py [--json] [--repeat 3]

Three files are made in a temporary folder: 10,000 agents and 50,000 tasks as inline YAML rows, 1,000,000 tasks
in a CSV table, and 30 tasks. Each is read in processes of its own; the least CPU time counts, since other work
on the machine only adds to it. The acceptance limits stand beside the figures; nothing is asserted.
"""

# ruff: noqa: E501 - rows of the generated files
from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

SKILLS = ["plan", "code", "test", "review", "gpu", "vision", "speech", "search"]
HEAD = "kind: schedule\nversion: 1\nresources: [{id: cpu}, {id: mem}, {id: licence, capacity: 40}]\n"
READ = """
import resource, sys, time
from qamctl.schedule.read import load_schedule
began = time.process_time()
n = len(load_schedule(sys.argv[1]).tasks.ids)
print(n, time.process_time(), time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
CSV_ALONE = """
import csv, resource, sys, time
began = time.process_time()
n = sum(1 for _ in csv.reader(open(sys.argv[1], newline=""))) - 1
print(n, time.process_time(), time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def inline(file: Path, agents: int, tasks: int, rng: random.Random) -> None:
    """A YAML file of flow rows."""
    lines = [HEAD + "agents:"]
    for i in range(agents):
        skills = ", ".join(rng.sample(SKILLS, 2))
        lines.append(
            f"  - {{id: a{i}, slots: {i % 4 + 1}, capacity: {{cpu: {rng.randint(8, 64)}, mem: {rng.randint(16, 256)}}}, "
            f"skills: [{skills}], labels: {{zone: z{i % 5}}}, speed: {rng.choice([1, 1.5, 0.8])}}}"
        )
    lines.append("tasks:")
    for i in range(tasks):
        after = f", after: [t{i - rng.randint(1, min(i, 9))}]" if i % 3 else ""
        lines.append(
            f"  - {{id: t{i}, duration: {rng.randint(1, 99)}, demand: {{cpu: {rng.randint(1, 8)}, mem: {rng.randint(1, 16)}}}, "
            f"skills: [{rng.choice(SKILLS)}], due: {rng.randint(100, 99999)}{after}}}"
        )
    file.write_text("\n".join(lines) + "\n")


def table(file: Path, tasks: int, rng: random.Random) -> None:
    """A spec whose tasks stand in a CSV table of the shape that fleets have."""
    file.write_text(HEAD + "agents: [{id: a1, skills: [" + ", ".join(SKILLS) + "]}]\ntasks: {table: tasks.csv}\n")
    with file.with_name("tasks.csv").open("w") as out:
        out.write("id,duration,demand,skills,after,release,due,deadline,weight\n")
        for t in range(tasks):
            before = {rng.randint(max(0, t - 12), t - 1) for _ in range(rng.randint(1, 2))} if t % 17 > 3 else set()
            after = "|".join(f"t{x}" for x in sorted(before))
            licence = "|licence=1" if rng.random() < 0.08 else ""
            end = rng.randint(10, 180_000)
            out.write(
                f"t{t},{rng.randint(2, 600)},cpu={rng.randint(1, 12)}|mem={rng.randint(1, 32)}{licence},{rng.choice(SKILLS)},"
                f"{after},{0 if after else rng.randint(0, 90_000)},{end if t % 2 else ''},{2 * end if t % 5 == 0 else ''},"
                f"{rng.choice([1, 1, 1, 2, 5])}\n"
            )


def measure(script: str, file: Path, repeat: int) -> dict[str, float]:
    """The least CPU time of a few processes that read `file`."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, "-c", script, str(file)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        runs.append([float(figure) for figure in out])
    rows, cpu, reading, memory = min(runs, key=lambda run: run[1])
    return {"rows": rows, "cpu_seconds": cpu, "reading_seconds": reading, "peak_mb": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("small", "inline", "table"):
            (folder / part).mkdir()
        inline(folder / "small/plan.yaml", 5, 30, random.Random(1))
        inline(folder / "inline/plan.yaml", 10_000, 50_000, random.Random(1))
        table(folder / "table/plan.yaml", 1_000_000, random.Random(1))
        cases = [
            ("30 inline rows", READ, folder / "small/plan.yaml", "-"),
            ("60,000 inline YAML rows", READ, folder / "inline/plan.yaml", "1.5 s"),
            ("1,000,000 CSV rows", READ, folder / "table/plan.yaml", "4 s, 1 GB"),
            ("the csv module alone on them", CSV_ALONE, folder / "table/tasks.csv", "-"),
        ]
        results = {
            title: measure(script, file, options.repeat) | {"limit": limit} for title, script, file, limit in cases
        }
    if options.json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
        return
    sys.stdout.write(f"{'case':32}{'tasks':>10}{'CPU s':>8}{'reading s':>11}{'peak MB':>9}  limit\n")
    for title, r in results.items():
        figures = f"{r['rows']:10.0f}{r['cpu_seconds']:8.2f}{r['reading_seconds']:11.4f}{r['peak_mb']:9.0f}"
        sys.stdout.write(f"{title:32}{figures}  {r['limit']}\n")


if __name__ == "__main__":
    main()
