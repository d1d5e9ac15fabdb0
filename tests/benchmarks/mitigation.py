"""What do error mitigation and small codes gain? Simulated noise, where the truth is known.

    python tests/benchmarks/mitigation.py [--only readout] [--instances N] [--shots N] [--json FILE]

Four tables. *Extrapolation*: two-layer QAOA on six qubits under depolarising noise after each gate, mean absolute error
of the cost by fit, and by how much it is smaller than without. *Readout*: GHZ states whose readout errs by 2 % and 5 %.
*Codes*: logical errors of three memory experiments beside bare qubits. *Crossovers*: storage errors below which a code
keeps a qubit better than none. Everything is seeded; exit code 1 where a demand is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from support.noisy_circuits import executor, ghz, ideal, qaoa  # noqa: E402

from qamctl.quantum.codes import crossover, exact_logical_error, logical_error  # noqa: E402
from qamctl.quantum.mitigation import Readout, execute_with_readout, execute_with_zne  # noqa: E402
from qamctl.quantum.mitigation.extrapolation import extrapolate  # noqa: E402
from qamctl.quantum.mitigation.observables import Share, ZProduct  # noqa: E402

#: Depolarising probabilities of two-qubit gates; those of one-qubit gates are a tenth.
NOISES = (0.002, 0.005, 0.01)
FITS = ("auto", "linear", "richardson", "exponential")
FLIPS = (0.02, 0.05)
#: Distances of the repetition code with the shots that give distance 7 its counts.
DISTANCES = ((3, 1_000_000), (5, 2_000_000), (7, 10_000_000))

#: A line of the tables below: what was met, and whether.
Demand = tuple[str, bool]


def main() -> int:
    """Print the tables; 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(TABLES), help="a table; repeatable")
    parser.add_argument("--instances", type=int, default=12, help="QAOA instances")
    parser.add_argument("--shots", type=int, default=16_384, help="shots of each circuit")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    options = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {}
    demands: list[Demand] = []
    for name in options.only or TABLES:
        begin = time.perf_counter()
        found[name], met = TABLES[name](options.instances, options.shots)
        demands += met
        show(f"{name} ({time.perf_counter() - begin:.1f} s)", found[name])
    for text, held in demands:
        sys.stdout.write(f"{'met' if held else 'MISSED'}: {text}\n")
    if options.json:
        options.json.write_text(json.dumps({"tables": found, "demands": demands}, indent=1))
    return 0 if all(held for _, held in demands) else 1


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """One table, columns as wide as they need."""
    cells = [[str(key) for key in rows[0]]] + [[text_of(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sys.stdout.write(f"\n{title}\n")
    for row in cells:
        sys.stdout.write("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")


def text_of(value: Any) -> str:
    """A cell."""
    return f"{value:.3g}" if isinstance(value, float) else "-" if value is None else str(value)


def extrapolation(instances: int, shots: int) -> tuple[list[dict[str, Any]], list[Demand]]:
    """The same measured points under each fit."""
    rows: list[dict[str, Any]] = []
    demands: list[Demand] = []
    for two in NOISES:
        run = {seed: executor(shots, seed, two=two, one=two / 10) for seed in range(instances)}
        off: dict[str, list[float]] = {fit: [] for fit in FITS}
        sigmas: dict[str, list[float]] = {fit: [] for fit in FITS}
        raw, chosen = [], []
        for seed in range(instances):
            circuit, cost = qaoa(6, seed)
            truth = ideal(circuit, cost.energy)
            (result,) = execute_with_zne([circuit], run[seed], cost)
            raw.append(abs(result.raw.value - truth))
            measured = result.extrapolation
            assert measured is not None
            chosen.append(measured.fit)
            for fit in FITS:
                found = extrapolate(measured.points, fit=fit, asymptote=measured.asymptote)
                off[fit].append(abs(found.value - truth))
                sigmas[fit].append((found.value - truth) / found.error)
        for fit in FITS:
            gain = float(np.mean(raw) / np.mean(off[fit]))
            rows.append({
                "two-qubit noise": two, "fit": fit, "raw error": float(np.mean(raw)),
                "error": float(np.mean(off[fit])), "reduction": gain,
                "off in sigma": float(np.sqrt(np.mean(np.square(sigmas[fit])))),
                "exponential chosen": f"{chosen.count('exponential')}/{instances}" if fit == "auto" else "",
            })  # fmt: skip
            if (two, fit) == (0.01, "auto"):
                demands.append(
                    (f"the automatic fit reduces the error at 1 % noise by 3 or more: {gain:.1f}", gain >= 3)
                )
    return rows, demands


def readout(_: int, shots: int) -> tuple[list[dict[str, Any]], list[Demand]]:
    """GHZ states, the share of their two ends and a product of Z, by each method."""
    rows: list[dict[str, Any]] = []
    demands: list[Demand] = []
    for qubits, method in ((6, "auto"), (12, "tensored"), (12, "subspace"), (20, "subspace"), (30, "subspace")):
        ends = Share(frozenset({"0" * qubits, "1" * qubits}))
        run = executor(shots, qubits, readout=FLIPS)
        begin = time.perf_counter()
        (exact,) = execute_with_readout([ghz(qubits)], run, ends, readout=Readout(method=method))
        seconds = time.perf_counter() - begin
        (parity,) = execute_with_readout([ghz(qubits)], run, ZProduct((0, qubits - 1)), readout=Readout(method=method))
        nearest = sum(exact.distribution.get(end, 0.0) for end in ends.outcomes)
        rows.append({
            "qubits": qubits, "method": method, "raw": exact.raw.value, "corrected": exact.value,
            "+-": exact.error, "in the nearest distribution": nearest, "Z Z raw": parity.raw.value, "Z Z": parity.value,
            "shots for the same error": exact.overhead, "seconds": seconds,
        })  # fmt: skip
        if qubits == 12:
            worst = min(exact.value, nearest)
            demands.append(
                (f"GHZ-12 comes from {exact.raw.value:.3f} to 0.97 or more, {method}: {worst:.3f}", worst >= 0.97)
            )
    return rows, demands


def codes(_: int, __: int) -> tuple[list[dict[str, Any]], list[Demand]]:
    """Memory experiments; the repetition code at gates and storage of 0.5 % and measurements of 1 %."""
    found = [logical_error("repetition", d, d, 0.005, 0.01, shots, seed=d) for d, shots in DISTANCES]
    demands = [
        (
            f"from distance {a.distance} to {b.distance} errors fall by 5 or more: {a.rate / b.rate:.1f}",
            a.rate >= 5 * b.rate,
        )
        for a, b in pairwise(found)
    ]
    for code, distance, rounds in (("detection", 2, 0), ("detection", 2, 2), ("steane", 3, 1), ("steane", 3, 2)):
        for p in (0.001, 0.01):
            found.append(logical_error(code, distance, rounds, p, p, 1_000_000, seed=1))
            if code == "detection" or p == 0.001:
                last = found[-1]
                times = last.bare / max(last.rate, 1e-12)
                demands.append(
                    (f"{code}, {rounds} rounds at {p}: below bare qubits by {times:.1f}", last.interval[1] < last.bare)
                )
    rows = []
    for r in found:
        table = (r.code, r.distance, r.rounds, r.p_gate, r.p_measure)
        rows.append({
            "code": r.code, "distance": r.distance, "rounds": r.rounds, "gates": r.p_gate, "measurements": r.p_measure,
            "shots": r.shots, "kept": r.kept / r.shots, "failures": r.failures, "logical error": r.rate,
            "from": r.interval[0], "to": r.interval[1],
            "exact": None if r.code == "repetition" else exact_logical_error(*table),
            "undecoded": r.undecoded, "bare": r.bare, "seconds": r.seconds,
        })  # fmt: skip
    return rows, demands


def crossovers(_: int, __: int) -> tuple[list[dict[str, Any]], list[Demand]]:
    """Where codes begin to gain, exactly, with gates and measurements as good as storage, or ten times better."""
    rows = [
        {
            "code": code,
            "rounds": rounds,
            "gates / storage": ratio,
            "crossover": crossover(code, rounds, gate=ratio, measure=ratio),
        }
        for code in ("detection", "steane")
        for rounds in (1, 2)
        for ratio in (1.0, 0.1)
    ]
    return rows, [(f"every crossover exists: {len(rows)}", all(row["crossover"] for row in rows))]


TABLES: dict[str, Callable[[int, int], tuple[list[dict[str, Any]], list[Demand]]]] = {
    "extrapolation": extrapolation,
    "readout": readout,
    "codes": codes,
    "crossovers": crossovers,
}


if __name__ == "__main__":
    raise SystemExit(main())
