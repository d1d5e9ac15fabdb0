"""The engines of the table: ours and their peers, each kept busy until its CPU seconds are really used.

An engine is a function (vectors, seed, seconds, options) -> Outcome. Reading the model and importing libraries are
not its time; what it does with the model itself is.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import numpy as np
from qubo_cases import Vectors, energy

Options = Mapping[str, Any]

#: A peer with a dense matrix takes at most so many variables: 3 GB.
DENSE_LIMIT = 20_000

#: Of the budget, so much may be left over when the last call would be too short to be of use.
LEFT = 0.02


class Skipped(Exception):
    """Why an engine is left out."""


@dataclass
class Outcome:
    """What an engine found.

    Attributes
    ----------
    curve
        (CPU seconds, energy) whenever a better sample was known from outside the engine.
    attempts
        Flips that were looked at; None where the engine does not count them.
    """

    vectors: Vectors
    began: float = field(default_factory=time.process_time)
    sample: np.ndarray | None = None
    value: float = np.inf
    curve: list[tuple[float, float]] = field(default_factory=list)
    attempts: int | None = None
    calls: int = 0
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def used(self) -> float:
        """CPU seconds so far."""
        return time.process_time() - self.began

    def offer(self, sample: np.ndarray, at: float | None = None) -> None:
        """Enter a sample of 0 and 1."""
        value = energy(self.vectors, sample)
        if value < self.value:
            self.value, self.sample = value, np.asarray(sample).astype(np.uint8)
            self.curve.append((self.used if at is None else at, value))


def ours(name: str) -> Callable[[Vectors, int, float, Options], Outcome]:
    """A search of the package, on one core, measured by CPU time."""

    def run(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
        from importlib import import_module

        from qamctl.kernels.couplings import couplings
        from qamctl.qubo.search.base import Budget

        search = import_module(f"qamctl.qubo.search.{name}").search
        outcome = Outcome(vectors)
        model = couplings(*vectors)
        budget = Budget(seconds=seconds - outcome.used, clock=time.process_time)
        begin = outcome.used
        found = search(model, budget=budget, seed=seed)
        outcome.curve = [(begin + at, value) for at, value in found.curve]
        outcome.attempts, outcome.calls = int(found.attempts), 1
        used = outcome.used
        outcome.offer(found.samples[0], used)
        outcome.info = {"method": str(found.info.get("method", "")), "steps": int(found.steps)}
        return outcome

    return run


def _bqm(vectors: Vectors) -> Any:
    import dimod

    linear, row, col, weight = vectors
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        linear, (row, col, weight), 0.0, dimod.BINARY, variable_order=range(len(linear))
    )


def _reads(
    call: Callable[[int, int, int], np.ndarray], outcome: Outcome, seconds: float, reads: int, seed: int
) -> Outcome:
    """Anneals sized to the time: `reads` of them in one call, and more calls while there is time left.

    `call(reads, sweeps, seed)` gives samples. Two short calls tell what a call and what a sweep cost; their time is
    given back.
    """
    n = len(outcome.vectors[0])
    call(1, 1, seed)  # the first call of a library costs more than the others
    fixed, slope, sweeps = _cost(call, seed)
    outcome.began = time.process_time()
    outcome.attempts = 0
    while (left := seconds - outcome.used) > max(LEFT * seconds, 1.5 * fixed):
        sweeps = int((left - fixed) / (slope * reads))
        if sweeps < 1:
            break
        before = outcome.used
        for sample in call(reads, sweeps, seed + 1000 * outcome.calls):
            outcome.offer(sample)
        outcome.calls += 1
        outcome.attempts += n * reads * sweeps
        slope = max((outcome.used - before - fixed) / (reads * sweeps), slope / 4)
    return outcome


def _cost(call: Callable[[int, int, int], np.ndarray], seed: int) -> tuple[float, float, int]:
    """(CPU seconds of a call, of a sweep, sweeps that told it)."""
    begin = time.process_time()
    call(1, 1, seed)
    fixed = time.process_time() - begin
    sweeps = 4
    while True:
        begin = time.process_time()
        call(1, sweeps, seed)
        used = time.process_time() - begin
        if used > fixed + 0.1:
            return fixed, (used - fixed) / (sweeps - 1), sweeps
        sweeps *= 4


def dwave_sa(reads: int) -> Callable[[Vectors, int, float, Options], Outcome]:
    """dwave-samplers' simulated annealing with its own temperatures: one read sized to the time, or several."""

    def run(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
        from dwave.samplers import SimulatedAnnealingSampler

        bqm, sampler = _bqm(vectors), SimulatedAnnealingSampler()

        def call(reads: int, sweeps: int, seed: int) -> np.ndarray:
            found = sampler.sample(bqm, num_reads=reads, num_sweeps=max(1, sweeps), seed=seed)
            return _in_order(found)

        return _reads(call, Outcome(vectors), seconds, reads, seed)

    return run


def openjij_sa(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
    """OpenJij's simulated annealing, one read sized to the time."""
    import openjij

    bqm, sampler = _bqm(vectors), openjij.SASampler()
    pairs, n = len(vectors[1]), len(vectors[0])
    sparse = pairs < 0.1 * n * (n - 1) / 2

    def call(reads: int, sweeps: int, seed: int) -> np.ndarray:
        found = sampler.sample(bqm, num_reads=reads, num_sweeps=max(1, sweeps), seed=seed, sparse=sparse)
        return _in_order(found)

    return _reads(call, Outcome(vectors), seconds, 1, seed)


def dwave_tabu(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
    """dwave-samplers' tabu search; it counts wall time, so it is called anew from its best state while CPU is left."""
    from dwave.samplers import TabuSampler

    n = len(vectors[0])
    if n > DENSE_LIMIT:
        raise Skipped(f"its dense matrix of {n} variables is too large")
    bqm, sampler = _bqm(vectors), TabuSampler()
    outcome = Outcome(vectors)
    while (left := seconds - outcome.used) > LEFT * seconds:
        states: dict[str, Any] = {}
        if outcome.sample is not None:
            states = {"initial_states": (outcome.sample.astype(np.int8)[None, :], range(n))}
        found = sampler.sample(bqm, num_reads=1, timeout=max(1, int(1000 * left)), seed=seed + outcome.calls, **states)
        outcome.offer(_in_order(found)[0])
        outcome.calls += 1
    return outcome


def simulated_bifurcation(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
    """Simulated bifurcation (discrete, heated agents), run after run; one thread."""
    import simulated_bifurcation as sb
    import torch

    linear, row, col, weight = vectors
    n = len(linear)
    if n > DENSE_LIMIT // 4:
        raise Skipped(f"its dense matrices of {n} variables and 128 agents are too large for the time")
    torch.set_num_threads(1)
    matrix = torch.zeros((n, n), dtype=torch.float32)
    matrix[row, col] = torch.tensor(weight, dtype=torch.float32)
    costs = torch.tensor(linear, dtype=torch.float32)
    outcome = Outcome(vectors)
    while seconds - outcome.used > LEFT * seconds:
        torch.manual_seed(seed + outcome.calls)
        found, _ = sb.minimize(
            matrix, costs, domain="binary", mode="discrete", best_only=True, verbose=False,
            timeout=max(0.05, seconds - outcome.used),
        )  # fmt: skip
        outcome.offer(found.reshape(-1).numpy().astype(np.uint8))
        outcome.calls += 1
    return outcome


def mqlib(heuristic: str) -> Callable[[Vectors, int, float, Options], Outcome]:
    """A heuristic of MQLib, in a process of its own; its file is written and read outside of its time."""

    def run(vectors: Vectors, seed: int, seconds: float, options: Options) -> Outcome:
        if not options.get("mqlib"):
            raise Skipped("no --mqlib: say where its binary is")
        outcome = Outcome(vectors)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.txt")
            _write_mqlib(vectors, file)
            loading = _mqlib_run(options["mqlib"], file, heuristic, 0.001, seed)[0]
            left, used = seconds, 0.0
            while left > LEFT * seconds:
                cpu, head, bits = _mqlib_run(options["mqlib"], file, heuristic, left, seed + outcome.calls)
                spent = max(0.0, cpu - loading)
                # "limit,heuristic,"file",value,seconds,[value:seconds;...]"
                history = [pair.split(":") for pair in head[head.index("[") + 1 : head.rindex("]")].split(";") if pair]
                wall = float(head[: head.index("[")].rstrip(",").rsplit(",", 1)[1])
                for value, at in history:
                    if -float(value) < outcome.value:
                        outcome.value = -float(value)
                        outcome.curve.append((used + float(at) * spent / max(wall, 1e-9), outcome.value))
                sample = np.array(bits.split(), dtype=np.uint8)
                if outcome.sample is None or energy(vectors, sample) < energy(vectors, outcome.sample):
                    outcome.sample = sample
                used += spent
                left = min(seconds - used, 0.8 * left)
                outcome.calls += 1
        outcome.info = {"cpu": used}
        return outcome

    return run


def _mqlib_run(binary: str, file: Path, heuristic: str, seconds: float, seed: int) -> tuple[float, str, str]:
    """(CPU seconds, the line of figures, the bits of the best sample) of one call."""
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(
        [binary, "-fQ", str(file), "-h", heuristic, "-r", f"{seconds:.3f}", "-s", str(seed), "-nv", "-ps"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    after = getrusage(RUSAGE_CHILDREN)
    head, _, rest = done.stdout.partition("\n")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, head, rest.split(":", 1)[-1]


def _write_mqlib(vectors: Vectors, file: Path) -> None:
    """MQLib maximises x' Q x with a symmetric Q, of which one half is written."""
    linear, row, col, weight = vectors
    own = np.flatnonzero(linear)
    with file.open("w") as out:
        out.write(f"{len(linear)} {len(own) + len(row)}\n")
        out.writelines(f"{i + 1} {i + 1} {w!r}\n" for i, w in zip(own.tolist(), (-linear[own]).tolist(), strict=True))
        ends = zip(row.tolist(), col.tolist(), (-weight / 2).tolist(), strict=True)
        out.writelines(f"{i + 1} {j + 1} {w!r}\n" for i, j, w in ends)


def _in_order(found: Any) -> np.ndarray:
    """The samples as 0 and 1 with their columns in the order of the variables."""
    columns = np.argsort(np.fromiter(found.variables, np.int64, len(found.variables)))
    return np.asarray(found.record.sample)[:, columns]


OURS = ("auto", "anneal", "tabu")
ENGINES: dict[str, Callable[[Vectors, int, float, Options], Outcome]] = {
    **{name: ours(name) for name in OURS},
    "dwave-sa": dwave_sa(1),
    "dwave-sa-10": dwave_sa(10),
    "dwave-tabu": dwave_tabu,
    "openjij": openjij_sa,
    "bifurcation": simulated_bifurcation,
    "mqlib-burer": mqlib("BURER2002"),
    "mqlib-palubeckis": mqlib("PALUBECKIS2004bMST2"),
    "mqlib-lu": mqlib("LU2010"),
}
PEERS = tuple(name for name in ENGINES if name not in OURS)

#: The distribution whose version is part of a peer's row; its absence is why the peer is left out.
PACKAGES = {
    "dwave-sa": "dwave-samplers", "dwave-sa-10": "dwave-samplers", "dwave-tabu": "dwave-samplers",
    "openjij": "openjij", "bifurcation": "simulated-bifurcation",
}  # fmt: skip
