"""Engines of reasoning by name: exact arithmetic, and every engine that measures circuits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl import circuit_engines
from qamctl.backends import registry
from qamctl.errors import QamError, UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.program import Counts, Program
from qamctl.quantum.simulate.batches import Stopped
from qamctl.quantum.targets import TARGETS
from qamctl.reason.answer import Attempt
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan
from qamctl.reason.prune import Pruned
from qamctl.reason.solution import Solution
from qamctl.reason.solvers.sampled import accepted_counts, accepted_paths, solution_of
from qamctl.reason.spec import Floats, Ints

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qamctl.reason.solvers.mitigated import Shares
    from qamctl.reason.tomography.experiment import Experiment

#: The engine that computes.
EXACT = "exact"

#: The engine that measures where nothing else is said.
SAMPLED = "statevector"

#: Our engines that measure, and decide, on the way.
MID_CIRCUIT = ("statevector", "qir")


def expand(backends: Sequence[str], method: str) -> tuple[str, ...]:
    """The engines that are meant, each once; `auto` is exact, or the state vector where the method wants shots.

    Raises
    ------
    UsageError
        No engine has one of the names, or it can't do what the method says.
    UnsupportedError
        One needs a package that is not installed.
    """
    usual = EXACT if method in ("auto", "exact") else SAMPLED
    names = tuple(dict.fromkeys(usual if name == "auto" else name for name in backends))
    for name in names:
        if name == EXACT and method in ("sample", "amplify"):
            raise UsageError(
                f"backend exact measures nothing, and the method is {method}: take --backend statevector, noisy or "
                "qir, or method exact"
            )
        if name != EXACT and method == "exact":
            raise UsageError(f"the method is exact, and backend {name} measures: take --backend exact, or method auto")
    measuring = {name: circuit_engines.expand([name], qir=False) for name in names if name != EXACT}
    return tuple(one for name in names for one in measuring.get(name, (EXACT,)))


def mid_circuit(name: str) -> bool:
    """Whether an engine measures on the way."""
    if registry.is_remote(name):
        from qamctl.azure.targets import find

        kind = find(name.partition(":")[2]).kind
        return kind is not None and TARGETS[kind].mid_circuit
    return name in MID_CIRCUIT


@dataclass(frozen=True)
class Engine:
    """An engine of circuits, and how it is to measure.

    Attributes
    ----------
    account
        Whose jobs those of a remote engine are.
    info, jobs
        Figures of the first circuit that it ran, and the jobs of all of them.
    """

    name: str
    noise: Mapping[str, Any]
    shots: int
    seed: int
    stop: Callable[[], bool]
    tick: Callable[[], None]
    account: Any = None
    info: dict[str, Any] = field(default_factory=dict)
    jobs: list[Mapping[str, Any]] = field(default_factory=list)

    def run(self, circuits: Sequence[QuantumCircuit]) -> list[Counts]:
        """The counts of each circuit.

        Raises
        ------
        Stopped
            The run is told to end.
        QamError
            The engine can't run one of them, or failed.
        """
        out = []
        for turn, circuit in enumerate(circuits):
            program = Program(circuit, circuit.num_clbits, noise=dict(self.noise))

            def call(program: Program = program, seed: int = self.seed + turn) -> circuit_engines.Found:
                return circuit_engines.measure(
                    self.name, program, {}, shots=self.shots, seed=seed, stop=self.stop, account=self.account
                )

            found = circuit_engines.patiently(call, self.stop, self.tick)
            if found is None or found.counts is None:
                raise Stopped(None)
            self.jobs.extend(found.info.get("jobs", ()))
            for key, value in found.info.items():
                self.info.setdefault(key, value)
            out.append(found.counts)
        return out

    def strings(self, circuits: Sequence[QuantumCircuit]) -> list[dict[str, int]]:
        """The same by bitstring."""
        return [counts.strings() for counts in self.run(circuits)]


def measure(engine: Engine, pruned: Pruned, exact: Exact, plan: Plan, n: int) -> Attempt:
    """The posterior of n paths by an engine of circuits.

    Raises
    ------
    Stopped, QamError
        As `Engine.run`.
    """
    begin = time.monotonic()
    counts = engine.run([plan.circuit])[0]
    by_path = accepted_counts(counts.samples, counts.occurrences, plan)
    solution = solution_of(by_path, counts.shots, pruned.kept[plan.paths], exact, n, pruned.error)
    return _attempt(engine, plan, solution, counts.shots, time.monotonic() - begin)


def measure_mitigated(
    engine: Engine, pruned: Pruned, exact: Exact, plan: Plan, n: int, methods: Sequence[str]
) -> Attempt:
    """The same with the engine's errors undone.

    Raises
    ------
    UsageError
        The code that detects errors has no room for the circuit.
    Stopped, QamError
        As `Engine.run`.
    """
    from qamctl.quantum.noise import make_noise, native_form
    from qamctl.reason.circuits.encoded import encoded, read_encoded
    from qamctl.reason.solvers.mitigated import mitigate

    begin = time.monotonic()
    circuit, evidence = plan.circuit, bool(plan.made.evidence_bits)

    def reading(samples: Samples) -> Ints:
        if "detect" in methods:
            return read_encoded(samples, evidence)
        return accepted_paths(samples, plan)

    preset, bare = make_noise(engine.noise).preset, None
    if "detect" in methods and plan.decision is not None:  # it is refused for networks
        circuit = encoded(plan.decision)
        bare = (native_form(plan.circuit, preset), lambda samples: accepted_paths(samples, plan))
    native = native_form(circuit, preset)
    shares = mitigate(native, reading, len(plan.paths), methods, engine.strings, bare=bare)
    solution, told = None, None
    if shares is not None:
        solution, told = _mitigated(shares, pruned, exact, plan, n)
    done = _attempt(engine, plan, solution, engine.shots if shares is None else shares.told["shots"],
                    time.monotonic() - begin)  # fmt: skip
    return replace(done, extra={} if told is None else {"mitigation": told})


def _mitigated(shares: Shares, pruned: Pruned, exact: Exact, plan: Plan, n: int) -> tuple[Solution, dict[str, Any]]:
    """The posterior of n paths, and what mitigation cost and gained."""
    from qamctl.reason.solution import total_variation

    paths = pruned.kept[plan.paths]
    posterior, intervals = np.zeros(n), np.zeros((n, 2))
    posterior[paths] = shares.values
    intervals[paths] = shares.intervals
    intervals = np.clip(intervals + np.array([-pruned.error, pruned.error]), 0.0, 1.0)
    solution = Solution(posterior, intervals, None, exact.log_evidence, shares.shots, shares.accepted, mitigated=True)
    right = exact.posterior[plan.paths]
    ids = [pruned.spec.paths.ids[path] for path in plan.paths.tolist()]

    def named(values: Floats) -> dict[str, float]:
        return dict(zip(ids, values.tolist(), strict=True))

    told = {
        **shares.told, "raw": named(shares.raw),
        "distance_raw": total_variation(shares.raw, right), "distance": total_variation(shares.values, right),
    }  # fmt: skip
    if shares.bare is not None:  # what the code gains is told by the circuit without it
        without, accepted = shares.bare
        distance = total_variation(without, right) if accepted else None
        told["bare"] = {"accepted": accepted, "posterior": named(without), "distance": distance}
    return solution, told


def reconstruct(engine: Engine, attempt: Attempt, wanted: Experiment, *, strict: bool) -> Attempt:
    """The attempt with the state that further circuits tell; without it, and with the reason, where they can't.

    Raises
    ------
    QamError
        The engine failed, or is not allowed to, under `strict`.
    """
    try:
        told, note = wanted.told(engine.run(wanted.circuits)), attempt.note
    except Stopped:
        return attempt
    except QamError as error:  # the posterior is measured, and paid for: it stands
        if strict:
            raise
        told, note = None, f"the state was not reconstructed: {error.message}"
    return replace(attempt, note=note, extra={**attempt.extra, "reconstructed": told})


def _attempt(engine: Engine, plan: Plan, solution: Solution | None, shots: int, seconds: float) -> Attempt:
    note = None
    if solution is None:
        note = f"none of {shots:,} shots was accepted: {plan.amplified:.3g} of them should be; take more shots"
    accepted = 0 if solution is None else solution.accepted
    of = shots if solution is None else solution.shots
    info = engine.info | {
        "jobs": engine.jobs, "accepted": accepted, "rejected": of - accepted, "acceptance": accepted / of,
        "acceptance_expected": plan.amplified, "circuit": dict(plan.figures),
    }  # fmt: skip
    return Attempt(engine.name, solution, seconds, plan.circuit.num_qubits, shots, info, note, plan)
