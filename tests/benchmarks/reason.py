"""How small are circuits of decisions, how fast is the arithmetic, and what do mitigation and intervals come to?

    python tests/benchmarks/reason.py [--only preparation] [--rounds N] [--shots N] [--json FILE]

Five tables, each a question. *Preparation*: two-qubit gates of our preparation of random states, against qiskit's
default, by number of qubits. *Exact*: CPU seconds of a posterior of 4,096 paths after 50 pieces of evidence, and of
Bayesian networks beside pgmpy's variable elimination, where that is installed. *Circuits*: CPU seconds to build and
transpile 64 paths with 50 pieces of evidence. *Mitigation*: mean absolute errors of the paths' probabilities by preset
and method, with what they cost, and the error that a faultless machine has by shots alone. *Coverage*: how often
intervals hold the exact posterior. Everything is seeded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(HERE)]

import numpy as np  # noqa: E402
from reason_peer import pgmpy_query  # noqa: E402
from support.bayes_networks import ASIA, network_of, random_polytree  # noqa: E402
from support.reason_specs import random_data, random_reason  # noqa: E402

from qamctl.quantum.noise import PRESETS  # noqa: E402
from qamctl.quantum.program import Program  # noqa: E402
from qamctl.quantum.simulate import exact as distribution  # noqa: E402
from qamctl.reason.circuits.prepare import prepare  # noqa: E402
from qamctl.reason.exact import solve_exactly  # noqa: E402
from qamctl.reason.network.exact import query_posterior  # noqa: E402
from qamctl.reason.plan import plan_circuit  # noqa: E402
from qamctl.reason.prune import prune  # noqa: E402
from qamctl.reason.read import reason_from_data  # noqa: E402
from qamctl.reason.solvers.sampled import accepted_counts, solution_of  # noqa: E402
from qamctl.reason.spec import Complex, Network  # noqa: E402
from qamctl.reason_engines import Engine, measure_mitigated  # noqa: E402

#: Qubits of the preparations, and the sizes of the other problems.
QUBITS = range(1, 8)
PATHS, EVIDENCE, CIRCUIT_PATHS = 4096, 50, 64
#: What circuits of that size may take, and arithmetic, in CPU seconds.
MOST_SECONDS, MOST_EXACT = 5.0, 1.0
#: Two-qubit errors that are strong, and by how much errors must then fall.
STRONG, GAIN = 0.02, 3.0
#: Cases of the coverage.
CASES = 2000

Row = dict[str, Any]
#: A line below the tables: what was asked for, and whether it was met.
Demand = tuple[str, bool]


def main() -> int:
    """Print the tables; 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(TABLES), help="a table; repeatable")
    parser.add_argument("--rounds", type=int, default=3, help="of timings, and decisions for each row of mitigation")
    parser.add_argument("--shots", type=int, default=16_000, help="shots of each circuit under noise")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    options = parser.parse_args()
    found: dict[str, list[Row]] = {}
    demands: list[Demand] = []
    for name in options.only or TABLES:
        begin = time.perf_counter()
        found[name], met = TABLES[name](options.rounds, options.shots)
        demands += met
        show(f"{name} ({time.perf_counter() - begin:.1f} s)", found[name])
    for text, held in demands:
        sys.stdout.write(f"{'met' if held else 'MISSED'}: {text}\n")
    if options.json:
        options.json.write_text(json.dumps({"tables": found, "demands": demands}, indent=1))
    return 0 if all(held for _, held in demands) else 1


def show(title: str, rows: list[Row]) -> None:
    """One table, columns as wide as they need."""
    if not rows:
        sys.stdout.write(f"\n{title}: left out\n")
        return
    cells = [[str(key) for key in rows[0]]] + [[text_of(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sys.stdout.write(f"\n{title}\n")
    for row in cells:
        sys.stdout.write("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")
    sys.stdout.flush()


def text_of(value: Any) -> str:
    """A cell."""
    return f"{value:.3g}" if isinstance(value, float) else "-" if value is None else str(value)


def cpu(work: Callable[[], Any], rounds: int, times: int = 1) -> float:
    """The least CPU seconds of one call, the threads of this process together."""
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(times):
            work()
        spent.append((time.process_time() - begin) / times)
    return min(spent)


# Preparation


def preparation(rounds: int, _: int) -> tuple[list[Row], list[Demand]]:
    """Random dense states, real ones and complex ones, in CX and one-qubit gates."""
    rows: list[Row] = []
    for qubits in QUBITS:
        rng = np.random.default_rng(qubits)
        for kind in ("real", "complex"):
            counts: dict[str, list[int]] = {"ours": [], "qiskit": []}
            for _ in range(rounds):
                state = np.sqrt(rng.dirichlet(np.ones(1 << qubits))).astype(complex)
                if kind == "complex":
                    state *= np.exp(1j * rng.normal(size=len(state)))
                made = prepare(state)
                counts["ours"].append(int(made.circuit.count_ops().get("cx", 0)))
                counts["qiskit"].append(by_qiskit(state))
            ours, theirs = (float(np.mean(counts[name])) for name in counts)
            rows.append({"qubits": qubits, "amplitudes": kind, "ours": ours, "qiskit": theirs, "by": made.method})
    worst = max(row["ours"] - row["qiskit"] for row in rows)
    saved = 1 - sum(row["ours"] for row in rows) / sum(row["qiskit"] for row in rows)
    return rows, [(f"no preparation is larger than qiskit's; {saved:.0%} fewer gates in all", worst <= 0)]


def by_qiskit(state: Complex) -> int:
    """Two-qubit gates of `prepare_state`, transpiled as qiskit does by default."""
    from qiskit import QuantumCircuit, transpile

    qubits = len(state).bit_length() - 1
    circuit = QuantumCircuit(qubits)
    circuit.prepare_state(state, range(qubits))
    done = transpile(circuit, basis_gates=["cx", "u"], seed_transpiler=0)
    return int(done.count_ops().get("cx", 0))


# Exact


def exact(rounds: int, _: int) -> tuple[list[Row], list[Demand]]:
    """Posteriors of paths, and of networks beside a peer."""
    spec = random_reason(np.random.default_rng(0), PATHS, EVIDENCE)
    seconds = cpu(lambda: solve_exactly(spec), rounds)
    rows: list[Row] = [
        {"problem": f"{PATHS:,} paths, {EVIDENCE} pieces of evidence", "ours": seconds, "pgmpy": None, "times": None}
    ]
    demands = [(f"{PATHS:,} paths and {EVIDENCE} pieces of evidence in {seconds:.3f} s", seconds <= MOST_EXACT)]
    peer = find_spec("pgmpy") is not None
    if not peer:
        sys.stdout.write("pgmpy is left out: it is not installed (pip install pgmpy)\n")
    for name, network in networks():
        mine = cpu(lambda network=network: query_posterior(network), rounds, 20)  # type: ignore[misc]
        theirs, off = by_peer(network, rounds) if peer else (None, 0.0)
        rows.append({
            "problem": name, "ours": mine, "pgmpy": theirs, "times": None if theirs is None else theirs / mine
        })  # fmt: skip
        if theirs is not None:
            demands.append((f"{name}: as pgmpy says within 1e-9, and no slower", off < 1e-9 and mine <= theirs))
    return rows, demands


def networks() -> list[tuple[str, Network]]:
    """Asia, an example of ours, and polytrees of growing size."""
    from qamctl.reason.read import load_reason

    alarm = load_reason(ROOT / "problems" / "reason-alarm.yaml").network
    assert alarm is not None
    found = [
        ("asia, 8 nodes", network_of(ASIA, ["lung"], {"xray": "yes", "dysp": "yes"})), ("alarm, 12 nodes", alarm),
    ]  # fmt: skip
    return found + [(f"polytree, {n} nodes", random_polytree(n, n)) for n in (20, 50, 100)]


def by_peer(network: Network, rounds: int) -> tuple[float, float]:
    """CPU seconds of pgmpy's variable elimination, and how far its posterior is from ours."""
    ask = pgmpy_query(network)
    return cpu(ask, rounds), float(np.abs(ask() - query_posterior(network)[0]).max())


# Circuits


def circuits(rounds: int, _: int) -> tuple[list[Row], list[Demand]]:
    """What it takes to build and transpile a large decision; evidence in a row becomes one ancilla."""
    rows: list[Row] = []
    rng = np.random.default_rng(1)
    plain = random_data(rng, CIRCUIT_PATHS, EVIDENCE)
    apart = random_data(rng, CIRCUIT_PATHS, 4, evolves=True, density=0.02, coherence=1.0)
    apart["steps"] = ["e0", "e1", "evolve", "e2", "e3"]
    for name, data in ((f"{EVIDENCE} in a row", plain), ("4, an evolution between them", apart)):
        spec = reason_from_data(data)
        found = solve_exactly(spec)
        plan = plan_circuit(spec, found, method="sample", shots=1000, mid_circuit=False)
        seconds = cpu(
            lambda spec=spec, found=found: plan_circuit(spec, found, method="sample", shots=1000, mid_circuit=False),  # type: ignore[misc]
            rounds,
        )
        figures = plan.figures["after"]
        rows.append({
            "paths": CIRCUIT_PATHS, "evidence": name, "qubits": figures["qubits"], "two-qubit": figures["two_qubit"],
            "depth": figures["depth"], "cpu s": seconds,
        })  # fmt: skip
    seconds = rows[0]["cpu s"]
    words = f"{CIRCUIT_PATHS} paths with {EVIDENCE} pieces of evidence are built and transpiled in {seconds:.2f} s"
    return rows, [(words, seconds <= MOST_SECONDS)]


# Mitigation


def mitigation(rounds: int, shots: int) -> tuple[list[Row], list[Demand]]:
    """Errors with and without, by preset and method: as the preset is, and with strong two-qubit gates."""
    if find_spec("qiskit_aer") is None:
        sys.stdout.write("mitigation is left out: it needs the extra `noise`\n")
        return [], []
    rows: list[Row] = []
    demands: list[Demand] = []
    for preset in PRESETS:
        for paths, methods, more in CAMPAIGNS:
            rows.append(campaign({"preset": preset, **more}, paths, methods, rounds, shots))
            gain = rows[-1]["gain"]
            if more and methods == ("readout", "zne"):
                words = f"{preset}, {STRONG:.0%} of error in two-qubit gates: errors fall {gain:.1f}-fold"
                demands.append((words, gain >= GAIN))
            if preset == "rigetti" and paths == 2:
                demands.append(
                    (f"{preset}, {'+'.join(methods)}: errors fall {gain:.1f}-fold where readout is bad", gain > 1)
                )
    return rows, demands


#: Paths, methods, and what stands in place of the preset's figures.
CAMPAIGNS: tuple[tuple[int, tuple[str, ...], dict[str, float]], ...] = (
    (2, ("readout",), {}),
    (2, ("detect",), {}),
    (4, ("readout",), {}),
    (4, ("zne",), {}),
    (4, ("readout", "zne"), {}),
    (4, ("readout", "zne"), {"p2": STRONG}),
)


def campaign(noise: dict[str, Any], paths: int, methods: tuple[str, ...], rounds: int, shots: int) -> Row:
    """Decisions with one piece of evidence; of two paths without, of four with an evolution."""
    raw, mitigated, overheads, chance = [], [], [], []
    gates = 0
    for k in range(rounds):
        data = random_data(np.random.default_rng([0, k]), paths, 1, evolves=paths > 2, coherence=1.0)
        if paths > 2:
            data["steps"] = ["e0", "evolve"]
        spec = reason_from_data({**data, "noise": noise})
        true = solve_exactly(spec)
        plan = plan_circuit(spec, true, method="sample", shots=shots, mid_circuit=False)
        engine = Engine("noisy", spec.noise, shots, 5, lambda: False, lambda: None)
        attempt = measure_mitigated(engine, prune(spec), true, plan, paths, methods)
        assert attempt.solution is not None
        block = attempt.extra["mitigation"]
        shares = block["bare"]["posterior"] if "bare" in block else block["raw"]
        raw.append(float(np.abs(np.array(list(shares.values())) - true.posterior).mean()))
        mitigated.append(float(np.abs(attempt.solution.posterior - true.posterior).mean()))
        overheads.append(block["overhead"] or 0.0)
        p = true.posterior
        chance.append(float(np.sqrt(2 / np.pi * p * (1 - p) / (plan.acceptance * shots)).mean()))
        gates = plan.figures["after"]["two_qubit"]
    before, after = float(np.mean(raw)), float(np.mean(mitigated))
    return {
        "preset": noise["preset"], "p2": noise.get("p2", PRESETS[noise["preset"]].p2), "paths": paths,
        "two-qubit": gates, "methods": "+".join(methods), "by shots alone": float(np.mean(chance)),
        "error": before, "mitigated": after, "gain": before / max(after, 1e-12), "overhead": float(np.mean(overheads)),
    }  # fmt: skip


# Coverage


def coverage(_: int, __: int) -> tuple[list[Row], list[Demand]]:
    """Shots drawn from the circuits' own distributions, after rejection and after amplification."""
    rows: list[Row] = []
    demands: list[Demand] = []
    for method in ("sample", "amplify"):
        rng = np.random.default_rng([len(method)])
        single, together, rounds = [], [], []
        for _ in range(CASES // 100):
            data = random_data(rng, int(rng.integers(2, 6)), 2)
            for row in data["evidence"] if method == "amplify" else ():
                row["likelihood"] = {name: 0.04 * p if name != "p0" else p for name, p in row["likelihood"].items()}
            spec = reason_from_data(data)
            true = solve_exactly(spec)
            plan = plan_circuit(spec, true, method=method, shots=1000, mid_circuit=False)
            rounds.append(plan.rounds)
            samples, chances = distribution(Program(plan.circuit, plan.circuit.num_clbits)) or (None, None)
            assert samples is not None
            assert chances is not None
            for occurrences in rng.multinomial(1000, chances / chances.sum(), size=100):
                counts = accepted_counts(samples, occurrences, plan)
                found = solution_of(counts, 1000, plan.paths, true, len(true.posterior), 0.0)
                assert found is not None
                assert found.joint is not None
                p = true.posterior
                single.append(float(((found.intervals[:, 0] <= p) & (p <= found.intervals[:, 1])).mean()))
                together.append(bool(((found.joint[:, 0] <= p) & (p <= found.joint[:, 1])).all()))
        alone, joint = float(np.mean(single)), float(np.mean(together))
        rows.append({
            "method": method, "runs": len(single), "rounds": float(np.mean(rounds)),
            "single (Wilson)": alone, "together (Dirichlet)": joint,
        })  # fmt: skip
        demands.append((f"{method}: intervals hold in 93 to 97 %: {alone:.1%}", 0.93 <= alone <= 0.97))
        demands.append((f"{method}: all together in 95 % or more: {joint:.1%}", joint >= 0.95))
    return rows, demands


TABLES: dict[str, Callable[[int, int], tuple[list[Row], list[Demand]]]] = {
    "preparation": preparation,
    "exact": exact,
    "circuits": circuits,
    "mitigation": mitigation,
    "coverage": coverage,
}


if __name__ == "__main__":
    raise SystemExit(main())
