"""How long it takes to read large model files, and to bring them into the kernels' form; dimod's readers beside them.

    python tests/benchmarks/model_reader.py [--json] [--repeat 3] [--variables 200000] [--couplings 2000000]

The same random model is written in several formats into a temporary folder: couplings in random order with decimal
weights, which is the worst that a reader meets, and sorted with whole ones. Each file is read in processes of its own;
the least CPU time counts, since other work on the machine only adds to it. CPU seconds and peak memory are those of
the whole process, Python's start included. The limits stand beside the figures; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

#: Peak memory of the process alone: what `getrusage` gives begins with that of the parent.
PEAK = """
def peak():
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(lines["VmHWM"].split()[0]) / 1024
"""
READ = """
import sys, time
from qamctl.formats.models import read_model
from qamctl.kernels.couplings import couplings
began = time.process_time()
m = read_model(sys.argv[1]).model
read = time.process_time()
couplings(m.linear, m.row, m.col, m.weight, m.offset)
done = time.process_time()
print(m.n, len(m.row), done, read - began, done - read, peak())
"""
DIMOD_BQM = """
import sys, time
import dimod
began = time.process_time()
bqm = dimod.BinaryQuadraticModel.from_file(open(sys.argv[1], "rb"))
done = time.process_time()
print(bqm.num_variables, bqm.num_interactions, done, done - began, 0, peak())
"""
DIMOD_COO = """
import sys, time
import dimod
from dimod.serialization import coo
began = time.process_time()
bqm = coo.load(open(sys.argv[1]), vartype="BINARY")
done = time.process_time()
print(bqm.num_variables, bqm.num_interactions, done, done - began, 0, peak())
"""


def files(folder: Path, n: int, m: int) -> Iterator[tuple[str, str, Path, str]]:
    """(title, script, file, limit) of every case; each file is written when it is asked for."""
    from qamctl.formats.models import write_model
    from qamctl.formats.models.build import Objective, Rows, build
    from qamctl.formats.models.labels import Numbered

    rng = np.random.default_rng(1)
    a, b = rng.integers(0, n, 2 * m), rng.integers(0, n, 2 * m)
    key = np.unique((np.minimum(a, b) * n + np.maximum(a, b))[a != b])
    key = np.sort(rng.permutation(key)[:m])
    i, j = key // n, key % n
    whole = rng.integers(1, 101, len(i)) * rng.choice([-1, 1], len(i))
    mixed, swap = rng.permutation(len(i)), rng.random(len(i)) < 0.5
    first, second = np.where(swap, j, i)[mixed], np.where(swap, i, j)[mixed]
    decimal = np.round(rng.normal(0, 3, len(i)), 4)
    limit = "3 s, 1 GB"

    def rows(form: str, *columns: np.ndarray) -> str:
        return "\n".join(map(form.__mod__, zip(*(column.tolist() for column in columns), strict=True))) + "\n"

    nodes = np.arange(n)
    for title, left, right, weight in (("sorted", i, j, whole), ("shuffled", first, second, decimal)):
        form = "%d" if weight is whole else "%.4f"
        file = folder / f"{title}.qubo"
        linear = rows("%d %d " + form, nodes, nodes, weight[:n])
        file.write_text(f"c\np qubo 0 {n} {n} {len(i)}\n{linear}{rows('%d %d ' + form, left, right, weight)}")
        yield f".qubo, {title}", READ, file, limit
        file = folder / f"{title}.rudy"
        file.write_text(f"{n} {len(i)}\n{rows('%d %d ' + form, left + 1, right + 1, weight)}")
        yield f"rudy, {title}", READ, file, limit
        file = folder / f"{title}.csv"
        file.write_text("i,j,w\n" + rows("%d,%d," + form, left, right, weight))
        yield f"COO .csv, {title}", READ, file, limit
    file = folder / "named.csv"
    file.write_text("i,j,w\n" + rows("v%d,v%d,%d", i, j, whole))
    yield "COO .csv with names", READ, file, "-"
    model = build(Objective(np.zeros(n), i, j, whole.astype(float)), Rows(), Numbered(n)).model
    file = folder / "m.bqm"
    file.write_bytes(write_model(model, "bqm"))
    yield ".bqm", READ, file, "-"
    yield "dimod alone: .bqm", DIMOD_BQM, file, "-"
    file = folder / "coo.txt"
    file.write_text(rows("%d %d %d", i, j, whole))
    yield "dimod alone: COO text", DIMOD_COO, file, "-"


def measure(script: str, file: Path, repeat: int) -> dict[str, float]:
    """The run with the least CPU time of a few processes that read `file`."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, "-c", PEAK + script, str(file)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        runs.append([float(figure) for figure in out])
    n, pairs, cpu, read, built, memory = min(runs, key=lambda run: run[2])
    figures = {"variables": n, "couplings": pairs, "cpu_seconds": cpu, "reading_seconds": read}
    return figures | {"kernel_form_seconds": built, "peak_mb": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--variables", type=int, default=200_000)
    parser.add_argument("--couplings", type=int, default=2_000_000)
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        for title, script, file, limit in files(Path(name), options.variables, options.couplings):
            results[title] = measure(script, file, options.repeat) | {"limit": limit}
    if options.json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
        return
    head = (
        f"{'file':24}{'variables':>10}{'couplings':>11}{'CPU s':>8}{'reading s':>11}{'kernel form s':>15}{'peak MB':>9}"
    )
    sys.stdout.write(f"{head}  limit\n")
    for title, r in results.items():
        figures = f"{r['variables']:10.0f}{r['couplings']:11.0f}{r['cpu_seconds']:8.2f}{r['reading_seconds']:11.2f}"
        more = f"{r['kernel_form_seconds']:15.2f}{r['peak_mb']:9.0f}"
        sys.stdout.write(f"{title:24}{figures}{more}  {r['limit']}\n")


if __name__ == "__main__":
    main()
