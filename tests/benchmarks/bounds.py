"""How far are lower bounds from the best known values? The G-set graphs, by the bounds of `qamctl.qubo.bounds`.

    python tests/benchmarks/bounds.py [--seconds S] [--instances DIR] [--only G1] [--json FILE]

Three figures for each graph, as cuts: the plain semidefinite bound, the bound of the whole method in the given CPU
seconds, and whether it was proved to be the optimum. The gap is over the best known cut. Every bound is proved by
`qamctl.qubo.bounds.certificate` or by dynamic programming; one below a known cut would be a fault, and is one here.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402

from qamctl.kernels.couplings import Couplings, couplings  # noqa: E402
from qamctl.qubo.bounds import lower_bound  # noqa: E402
from qamctl.qubo.bounds.ascent import ascend  # noqa: E402
from qamctl.qubo.bounds.effort import Effort  # noqa: E402

#: The best cuts in the literature.
BEST = {
    "G1": 11624, "G2": 11620, "G3": 11622, "G11": 564, "G12": 556, "G13": 582, "G14": 3064, "G15": 3050, "G16": 3052,
    "G18": 992, "G19": 906, "G20": 941, "G43": 6660, "G44": 6650, "G55": 10299, "G60": 14190,
}  # fmt: skip
#: What must hold on the graphs up to G20: a gap of at most this.
DEMAND = 0.05


def main() -> int:
    """Print the table; 1 where a bound is below a known cut."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds for each bound")
    parser.add_argument("--instances", type=Path, help="the folder of published instances")
    parser.add_argument("--only", action="append", help="a graph; repeatable")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    options = parser.parse_args()
    shared = options.instances or Path(os.environ.get("QAMCTL_SHARED") or ROOT.parent / "shared") / "instances"
    rows = [measure(shared / "qubo" / "gset" / f"{name}.txt", options.seconds) for name in options.only or BEST]
    sys.stdout.write(f"{'graph':6} {'n':>5} {'m':>6} {'best':>6} {'plain':>9} {'gap':>7} {'s':>6}")
    sys.stdout.write(f" {'bound':>7} {'gap':>7} {'s':>6}  proved by\n")
    for row in rows:
        sys.stdout.write(
            f"{row['graph']:6} {row['n']:5} {row['m']:6} {row['best']:6} {row['plain']:9.2f} {row['plain_gap']:7.2%} "
            f"{row['plain_seconds']:6.2f} {row['bound']:7.0f} {row['gap']:7.2%} {row['seconds']:6.2f}  "
            f"{row['method']}\n"
        )
    early = [row for row in rows if int(row["graph"][1:]) <= 20]
    missed = [row["graph"] for row in early if row["gap"] > DEMAND]
    sys.stdout.write(f"at most {DEMAND:.0%} up to G20: {len(early) - len(missed)} of {len(early)}")
    sys.stdout.write(f"; more: {', '.join(missed)}\n" if missed else "\n")
    wrong = [row["graph"] for row in rows if min(row["bound"], row["plain"]) < row["best"]]
    if wrong:
        sys.stdout.write(f"FAULT: below a known cut: {', '.join(wrong)}\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 1 if wrong else 0


def measure(path: Path, seconds: float) -> dict[str, Any]:
    """Both bounds of one graph, with CPU seconds."""
    model, edges = read(path)
    best = BEST[path.stem]
    begin = time.process_time()
    plain = ascend(model, Effort(None, 600, lambda: False), lambda _: True, 0)
    middle = time.process_time()
    found = lower_bound(model, seconds=seconds, clock=time.process_time)
    end = time.process_time()
    return {
        "graph": path.stem, "n": model.n, "m": edges, "best": best,
        "plain": -plain.value, "plain_gap": -plain.value / best - 1, "plain_seconds": middle - begin,
        "bound": -found.value, "gap": -found.value / best - 1, "seconds": end - middle,
        "method": found.method + (" (optimum)" if found.sample is not None else ""), "info": dict(found.info),
    }  # fmt: skip


def read(path: Path) -> tuple[Couplings, int]:
    """A rudy file as a model that minimises minus the cut, and its number of edges."""
    rows = np.loadtxt(path, skiprows=1, ndmin=2)
    n = int(path.read_text().split(maxsplit=1)[0])
    i, j, w = rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1, rows[:, 2]
    return couplings(-(np.bincount(i, w, n) + np.bincount(j, w, n)), i, j, 2 * w), len(w)


if __name__ == "__main__":
    raise SystemExit(main())
