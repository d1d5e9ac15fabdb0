"""How fast are the kernels of the QUBO engine? Attempts and flips a second, beside a peer, and beside -march=native.

    python tests/benchmarks/kernels.py --seconds 1 --rounds 5 --json kernels.json

Four tables, all in CPU seconds of this process, whatever is compared in turn within each round, medians of rounds:
sparse sweeps beside dwave-samplers' annealer at the same temperatures, dense tabu flips, this build beside one for
this processor alone (needs cmake and a compiler), and the time of a sweep as couplings grow. README.md says more.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests"), str(ROOT)]

import numpy as np  # noqa: E402
from qubo_cases import Vectors, read_rudy  # noqa: E402
from support.families import FAMILIES, random_pairs  # noqa: E402

from qamctl.kernels import extension  # noqa: E402
from qamctl.kernels.anneal.arrange import Arranged, arrange  # noqa: E402
from qamctl.kernels.couplings import couplings  # noqa: E402
from qamctl.qubo.search.annealing.temperatures import cooling, scale_of  # noqa: E402

Row = dict[str, Any]

#: Sparse models: published graphs, then made ones as (family, variables).
GRAPHS = ("G1", "G11", "G14", "G43", "G55", "G60")
MADE = [(family, n) for family in ("sparse", "3-regular", "grid") for n in (1_000, 5_000, 20_000)]

#: Variables of dense models, and of the large sparse one with its couplings.
DENSE = (1_000, 2_500, 5_000)
LARGE, COUPLINGS = 200_000, (250_000, 500_000, 1_000_000, 2_000_000, 4_000_000)

#: What the tables must show.
PEER, FLIPS, NATIVE, LINEAR = 4.5, 4e6, 1.05, 1.1

#: What one update of a flip moves, in bytes: the row's weight, the spin, the change of energy in and out, the barrier.
TABU_BYTES = {"loads": 1 + 2 + 4 + 4, "stores": 4}


def main() -> int:
    """Measure, print; 1 where a demand is missed."""
    options = arguments()
    if extension("tabu") is None:
        say("the C++ kernels are not built: there is nothing to measure")
        return 2
    checks: list[tuple[bool, str]] = []
    report = {"clock_mhz": megahertz()}
    for name, part in {"sparse": sparse, "dense": dense, "native": native, "linear": linear}.items():
        if not options.only or name in options.only:
            report[name], found = part(options)
            checks += found
    write("".join(f"\n{'met   ' if met else 'MISSED'} {sentence}" for met, sentence in checks) + "\n")
    if options.json:
        report["demands"] = [{"met": met, "text": text} for met, text in checks]
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(met for met, _ in checks) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("QAMCTL_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--instances", type=Path, default=shared / "instances", help="folder of the published models")
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU seconds of one measurement, about")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, in turn; the median counts")
    parser.add_argument("--only", action="append", default=[], choices=("sparse", "dense", "native", "linear"))
    parser.add_argument("--json", type=Path, help="write every figure to a file")
    return parser.parse_args()


# ---- sparse sweeps


def sparse(options: argparse.Namespace) -> tuple[list[Row], list[tuple[bool, str]]]:
    """Flips looked at in a CPU second, ours and dwave-samplers', cooling alike."""
    rows = [attempts(name, vectors, options) for name, vectors in sparse_models(options.instances)]
    write(
        f"{'sparse model':18} {'n':>6} {'couplings':>9} {'ours M/s':>9} {'dwave M/s':>9} {'ratio':>6} {'cycles':>7}\n"
    )
    for row in rows:
        write(f"{row['model']:18} {row['n']:6} {row['pairs']:9} {row['ours'] / 1e6:9.1f} {row['peer'] / 1e6:9.1f} "
              f"{row['ratio']:6.2f} {row['cycles']:7.2f}\n")  # fmt: skip
    write("cycles: of the nominal clock, for one flip looked at, the flips that are taken included\n\n")
    ratios = [row["ratio"] for row in rows]
    text = f"sparse attempts at least {PEER}x dwave-samplers': median {median(ratios):.2f}x, least {min(ratios):.2f}x"
    return rows, [(min(ratios) >= PEER, text)]


def sparse_models(instances: Path) -> list[tuple[str, Vectors]]:
    graphs = [(name, instances / f"qubo/gset/{name}.txt") for name in GRAPHS]
    found = [(name, read_rudy(path)) for name, path in graphs if path.exists()]
    return found + [(f"{family}-{n}", FAMILIES[family](n, 11)) for family, n in MADE]


def attempts(name: str, vectors: Vectors, options: argparse.Namespace) -> Row:
    """Both annealers on one model, from hot to cold, in turn. What a call costs beside its sweeps is not counted."""
    import dimod
    from dwave.samplers import SimulatedAnnealingSampler

    model = couplings(*vectors)
    arranged, sampler = arrange(model), SimulatedAnnealingSampler()
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(
        vectors[0], vectors[1:], 0.0, dimod.BINARY, variable_order=range(model.n)
    )
    hot = scale_of(arranged.model)
    cold = hot / 20
    kernel = extension("anneal").Annealer(arranged, 1)  # type: ignore[union-attr]

    def ours(sweeps: int) -> float:
        kernel.start(np.zeros(len(arranged.model.linear), np.uint8))
        return spent(lambda: (kernel.plan(cooling(hot, cold, sweeps)), kernel.run(sweeps, 1e9)))

    def peer(sweeps: int) -> float:
        betas = [model.scale / hot, model.scale / cold]
        return spent(lambda: sampler.sample(bqm, num_reads=1, num_sweeps=sweeps, beta_range=betas, seed=1))

    rates: dict[str, list[float]] = {"ours": [], "peer": []}
    sweeps = {"ours": pace(ours, options.seconds), "peer": pace(peer, options.seconds)}
    for _ in range(options.rounds):
        for engine, call in (("ours", ours), ("peer", peer)):
            rates[engine].append(model.n * (sweeps[engine] - 1) / (call(sweeps[engine]) - call(1)))
    ours_rate, peer_rate = median(rates["ours"]), median(rates["peer"])
    return {"model": name, "n": model.n, "pairs": model.pairs, "ours": ours_rate, "peer": peer_rate,
            "ratio": median(a / b for a, b in zip(rates["ours"], rates["peer"], strict=True)),
            "cycles": megahertz() * 1e6 / ours_rate}  # fmt: skip


# ---- dense tabu


def dense(options: argparse.Namespace) -> tuple[list[Row], list[tuple[bool, str]]]:
    """Flips of the dense tabu search in a CPU second, and how far that is from what memory alone would allow."""
    rows = []
    write(f"{'dense tabu':18} {'flips M/s':>9} {'cycles/update':>13} {'least':>6}\n")
    least = max(TABU_BYTES["loads"] / 64, TABU_BYTES["stores"] / 32)
    for n in DENSE:
        rate = median(flips(extension("tabu"), n, options.seconds) for _ in range(options.rounds))
        cycles = megahertz() * 1e6 / (rate * n)
        rows.append({"n": n, "flips": rate, "cycles": cycles, "least": least})
        write(f"{'dense-' + str(n):18} {rate / 1e6:9.2f} {cycles:13.3f} {least:6.3f}\n")
    write(
        "update: of one variable's change of energy, and its look for the least one; least: the cycles that its loads\n"
        "(two of 32 bytes a cycle) and stores (one) take by themselves, with everything in the nearest cache\n\n"
    )
    text = f"dense tabu at {DENSE[0]} variables at least {FLIPS / 1e6:g} M flips/s: {rows[0]['flips'] / 1e6:.2f} M"
    return rows, [(rows[0]["flips"] >= FLIPS, text)]


def flips(module: ModuleType | None, n: int, seconds: float) -> float:
    """Flips in a CPU second of a module's dense tabu search on a model of whole numbers."""
    model = couplings(*FAMILIES["dense"](n, 11))
    search = module.TabuSearch(model, True, n // 100 + 10, 10, 0.0, 1)  # type: ignore[union-attr]
    search.run(n, 1e9)
    begin, steps = time.process_time(), 0
    while (used := time.process_time() - begin) < seconds:
        steps += search.run(10**9, min(0.05, seconds))
    return float(steps / used)


# ---- beside -march=native


def native(options: argparse.Namespace) -> tuple[list[Row], list[tuple[bool, str]]]:
    """The build that runs everywhere, beside one that runs on this processor alone."""
    work: list[tuple[str, str, Callable[[ModuleType], float]]] = [
        (f"tabu dense-{n}", "tabu", lambda module, n=n: flips(module, n, options.seconds)) for n in DENSE
    ]
    for family, n in (("sparse", 5_000), ("3-regular", 20_000), ("grid", 20_000), ("dense", 1_000)):
        work.append(
            (f"anneal {family}-{n}", "anneal", lambda module, f=family, n=n: swept(module, f, n, options.seconds))
        )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        built = build_native(Path(folder))
        if isinstance(built, str):
            say(f"without -march=native: {built}")
            return [], []
        write(f"{'kernel':22} {'portable M/s':>12} {'native M/s':>11} {'native/portable':>15}\n")
        for name, kernel, rate in work:
            pairs = [(rate(extension(kernel)), rate(built[kernel])) for _ in range(options.rounds)]  # type: ignore[arg-type]
            ratio = median(b / a for a, b in pairs)
            portable, alone = (median(pair[k] for pair in pairs) for k in (0, 1))
            rows.append({"kernel": name, "portable": portable, "native": alone, "ratio": ratio})
            write(f"{name:22} {portable / 1e6:12.2f} {alone / 1e6:11.2f} {ratio:15.3f}\n")
    write("\n")
    worst = max(row["ratio"] for row in rows)
    text = f"-march=native is at most {NATIVE - 1:.0%} faster than the portable build: {worst - 1:+.1%} at most"
    return rows, [(worst <= NATIVE, text)]


def build_native(folder: Path) -> dict[str, ModuleType] | str:
    """The kernels built for this processor alone, or why not."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = ["cmake", "-S", str(ROOT / "qamctl" / "kernels"), "-B", str(folder), "-DQAMCTL_NATIVE=ON"]
    targets = ["cmake", "--build", str(folder), "--target", "_tabu", "_anneal"]
    try:
        for words in ([*command, f"-DPython_EXECUTABLE={sys.executable}"], targets):
            subprocess.run(words, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as fault:
        return str(getattr(fault, "stderr", "") or fault).strip().splitlines()[-1]
    found = {}
    for name in ("tabu", "anneal"):
        spec = importlib.util.spec_from_file_location(f"native._{name}", next(folder.glob(f"_{name}*.so")))
        assert spec is not None
        assert spec.loader is not None
        found[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    return found


def swept(module: ModuleType, family: str, n: int, seconds: float) -> float:
    """Flips looked at in a CPU second by a module's annealer, from hot to cold."""
    arranged = arrange(couplings(*FAMILIES[family](n, 11)))
    return sweep_rate(module.Annealer(arranged, 1), arranged, seconds) * arranged.model.n


def sweep_rate(kernel: Any, arranged: Arranged, seconds: float) -> float:
    """Sweeps in a CPU second, from hot to cold."""
    hot = scale_of(arranged.model)

    def call(sweeps: int) -> float:
        kernel.start(np.zeros(len(arranged.model.linear), np.uint8))
        return spent(lambda: (kernel.plan(cooling(hot, hot / 20, sweeps)), kernel.run(sweeps, 1e9)))

    sweeps = pace(call, seconds)
    return sweeps / call(sweeps)


# ---- growing models


def linear(options: argparse.Namespace) -> tuple[list[Row], list[tuple[bool, str]]]:
    """The time of a sweep of 200,000 variables as their couplings grow sixteenfold."""
    rows = []
    write(f"{'couplings':>9} {'ms a sweep':>10} {'ns a coupling':>13}    {LARGE} variables\n")
    for pairs in COUPLINGS:
        rng = np.random.default_rng(pairs)
        row, col = random_pairs(LARGE, pairs, rng)
        model = couplings(rng.integers(-1, 2, LARGE).astype(float), row, col, rng.choice([-1.0, 1.0], len(row)))
        arranged = arrange(model)
        kernel = extension("anneal").Annealer(arranged, 1)  # type: ignore[union-attr]
        second = median(1 / sweep_rate(kernel, arranged, options.seconds) for _ in range(options.rounds))
        rows.append({"pairs": model.pairs, "seconds": second})
        write(f"{model.pairs:9} {1e3 * second:10.2f} {1e9 * second / model.pairs:13.2f}\n")
    slope = float(np.polyfit(np.log([r["pairs"] for r in rows]), np.log([r["seconds"] for r in rows]), 1)[0])
    write(f"the time of a sweep grows as couplings ^ {slope:.2f}\n\n")
    return rows, [(slope <= LINEAR, f"sweep time at most linear in couplings: exponent {slope:.2f}")]


# ---- measuring


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def pace(call: Callable[[int], float], seconds: float) -> int:
    """How many sweeps take so long."""
    sweeps = 8
    while (used := call(sweeps)) < 0.2 * seconds:
        sweeps *= 2
    return max(2, int(sweeps * seconds / used))


def megahertz() -> float:
    """The processor's nominal clock as the system tells it; 3000 where it does not."""
    try:
        return float(re.findall(r"MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text())[0])
    except (OSError, IndexError):
        return 3000.0


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
