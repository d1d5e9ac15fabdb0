"""How long do the energy and the gradient of a QAOA state take? Ours, general simulators, numba, numpy, and memory.

    python tests/benchmarks/qaoa.py --n 12,16,20 --depth 1,5 --json qaoa.json

Random Ising models with 3 n pairs and n fields. Engines take turns within each round; CPU and wall time of a call from
angles to the figure. The floor is what memory takes for the bytes that depth + 1 passes move. README.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "QULACS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import numpy as np  # noqa: E402
from qaoa_engines import EXACT, GENERAL, Engine, makers, random_ising  # noqa: E402

Row = dict[str, Any]

#: Bytes that a pass moves for each amplitude: the state in and out, the diagonal in.
BYTES = 8 + 8 + 4

#: What the tables must show: over the fastest general simulator and over lightning's gradient at n = 20 and depth 5,
#: and the share of the memory's pace at n = 24.
ENERGY, GRADIENT, FLOOR = 10.0, 80.0, 0.35

#: Short calls are made again until they have taken so many seconds.
LEAST = 0.02

#: How far apart engines may be: energies by their spread, gradients by the steepest slope; those in float64 from ours.
APART, ASKEW, DOUBLE = 1e-3, 1e-3, 1e-5


def main() -> int:
    """Measure, print; 1 where a demand is missed."""
    options = arguments()
    rows: list[Row] = []
    missing: set[str] = set()
    write("| n | depth | engine | energy, CPU ms: least (median) | wall ms | over ours | gradient, CPU ms | wall ms "
          "| over ours | of the floor | off |\n|" + "---|" * 11 + "\n")  # fmt: skip
    for n in options.n:
        model = random_ising(n, options.seed)
        diagonal = model.diagonal()
        for depth in options.depth:
            case = measured(n, depth, options, makers(model, diagonal, depth), diagonal, rows, missing)
            rows += case
            write("".join(line(row) for row in case))
    checks = demands(rows)
    write("".join(f"\n{'met   ' if met else 'MISSED'} {sentence}" for met, sentence in checks) + "\n")
    if options.json:
        found = {"rows": rows, "demands": [{"met": met, "text": text} for met, text in checks]}
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if all(met for met, _ in checks) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=numbers, default=[12, 16, 20, 22, 24], help="qubits, as 12,16")
    parser.add_argument("--depth", type=numbers, default=[1, 5, 8], help="layers, as 1,5")
    parser.add_argument("--engines", action="append", help="an engine (repeatable); all")
    parser.add_argument("--rounds", type=int, default=7, help="calls of each engine, in turn")
    parser.add_argument(
        "--patience", type=float, default=20.0, help="seconds: a call that would take longer is not made"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every figure to a file")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def measured(
    n: int, depth: int, options: argparse.Namespace, known: dict[str, Callable[[], Engine]], diagonal: np.ndarray,
    before: list[Row], missing: set[str],
) -> list[Row]:  # fmt: skip
    """A row for each engine."""
    rng = np.random.default_rng(options.seed)
    angles = rng.uniform(-1, 1, depth) / diagonal.std(), rng.uniform(-1, 1, depth)
    engines: dict[str, tuple[Row, Engine]] = {}
    for name, make in known.items():
        if name in missing or (options.engines and name not in options.engines):
            continue
        if expected(name, n, depth, before) > options.patience:
            continue
        try:
            engine = make()
            value = engine.energy(*angles)  # also what is done once: imports, compilation, memory
        except ImportError as fault:
            missing.add(name)
            write_error(f"without {name}: {fault}\n")
            continue
        row = {"n": n, "depth": depth, "engine": name, "value": value, "energy": [], "gradient": [], "calls": {}}
        if engine.gradient is not None:
            row["slopes"] = engine.gradient(*angles).tolist()
        engines[name] = row, engine
    memory = Memory(n)
    floors: list[float] = []
    for _ in range(options.rounds):
        floors.append(memory.seconds() * (depth + 1))
        for row, engine in engines.values():
            for part, call in (("energy", engine.energy), ("gradient", engine.gradient)):
                if call is not None and sum(wall for _, wall in row[part]) < options.patience:
                    row[part].append(spent(lambda call=call: call(*angles), row["calls"].setdefault(part, [])))
    rows = [row for row, _ in engines.values()]
    ours = rows[0]
    spread = float(diagonal.std())
    for row in rows:
        row["floor"] = min(floors)
        row["ratios"] = {p: least(row, p, 0) / least(ours, p, 0) for p in ("energy", "gradient") if row[p] and ours[p]}
        row["off"] = abs(row["value"] - ours["value"]) / spread
        if "slopes" in row and "slopes" in ours:
            gap = max(abs(a - b) for a, b in zip(row["slopes"], ours["slopes"], strict=True))
            row["askew"] = gap / max(map(abs, ours["slopes"]))
    return rows


def expected(name: str, n: int, depth: int, before: list[Row]) -> float:
    """Seconds that a call will take, from calls of this engine for a few qubits less; 0 where it has made none."""
    rows = [row for row in before if row["engine"] == name and row["n"] >= n - 4]
    return max((least(row, "energy", 1) * 2.0 ** (n - row["n"]) * depth / row["depth"] for row in rows[-3:]), default=0)


class Memory:
    """How long memory takes for the bytes of one pass: adding a diagonal in place, as numpy does, in one thread."""

    def __init__(self, n: int) -> None:
        self.state, self.diagonal = np.ones(2 ** (n + 1), np.float32), np.full(2**n, 1e-9, np.float32)

    def seconds(self) -> float:
        begin = time.process_time()
        for half in np.split(self.state, 2):
            np.add(half, self.diagonal, out=half)
        moved = 3 * 4 * len(self.state)  # each number in and out, and its share of the diagonal, which is read twice
        return (time.process_time() - begin) * BYTES * len(self.diagonal) / moved


def spent(work: Callable[[], object], calls: list[int]) -> tuple[float, float]:
    """CPU and wall seconds of a call: the mean of as many as take some milliseconds, which the first time finds out."""
    if not calls:
        begin = time.perf_counter()
        work()
        calls.append(max(1, int(LEAST / (time.perf_counter() - begin))))
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls[0]):
        work()
    return (time.process_time() - cpu) / calls[0], (time.perf_counter() - wall) / calls[0]


def least(row: Row, part: str, kind: int) -> float:
    """The least CPU (0) or wall (1) seconds of a part; inf where it was not measured."""
    return min((times[kind] for times in row[part]), default=float("inf"))


def line(row: Row) -> str:
    """A row of the table."""
    cells = [str(row["n"]), str(row["depth"]), row["engine"]]
    for part in ("energy", "gradient"):
        if row[part]:
            cpu, wall = ([1e3 * times[k] for times in row[part]] for k in (0, 1))
            cells += [f"{min(times):.4g} ({median(times):.4g})" for times in (cpu, wall)]
            cells.append(f"{row['ratios'][part]:.3g}" if part in row["ratios"] else "")
        else:
            cells += ["", "", ""]
    kind = 0 if row["engine"] == "ours" else 1  # two threads are measured by wall time
    shown = row["engine"].startswith("ours") and row["n"] >= 20
    cells.append(f"{row['floor'] / least(row, 'energy', kind):.0%}" if shown else "")
    return "| " + " | ".join([*cells, f"{row['off']:.0e}"]) + " |\n"


def demands(rows: list[Row]) -> list[tuple[bool, str]]:
    """What the tables must show, where the cases for it were measured."""
    found = {(row["n"], row["depth"], row["engine"]): row for row in rows}
    off, askew = (max((row.get(key, 0.0) for row in rows), default=0.0) for key in ("off", "askew"))
    checks = [(off <= APART, f"all engines find one energy: {off:.0e} of the spread apart at most")]
    off = max((row["off"] for row in rows if row["engine"] in EXACT), default=0.0)
    checks.append((off <= DOUBLE, f"those in float64 are {off:.0e} from ours at most"))
    checks.append((askew <= ASKEW, f"and one gradient: {askew:.0e} of the steepest slope apart at most"))
    mine = found.get((20, 5, "ours"))
    if mine:
        times = {name: least(found[20, 5, name], "energy", 0) for name in GENERAL if (20, 5, name) in found}
        if times:
            name = min(times, key=times.__getitem__)
            ratio = times[name] / least(mine, "energy", 0)
            checks.append((ratio >= ENERGY, f"at n = 20, depth 5, {ENERGY:g}x {name}, the fastest: {ratio:.0f}x"))
        if fused := found.get((20, 5, "numba, fused")):
            ratio = least(fused, "energy", 0) / least(mine, "energy", 0)
            checks.append((ratio > 1, f"at n = 20, depth 5, ahead of fused numba: {ratio:.1f}x"))
        if other := found.get((20, 5, "lightning")):
            ratio = least(other, "gradient", 0) / least(mine, "gradient", 0)
            checks.append((ratio >= GRADIENT, f"at n = 20, depth 5, {GRADIENT:g}x lightning's gradient: {ratio:.0f}x"))
    for depth in sorted({row["depth"] for row in rows}):
        if row := found.get((24, depth, "ours")):
            share = row["floor"] / least(row, "energy", 0)
            checks.append((share >= FLOOR, f"at n = 24, depth {depth}, {FLOOR:.0%} of the floor: {share:.0%}"))
    return checks


def write_error(text: str) -> None:
    sys.stderr.write(text)


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
