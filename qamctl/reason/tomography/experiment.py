"""The state of a decision from an engine: which circuits run, and what their accepted shots tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.quantum.mitigation.calibration import calibration_circuits, confusion_seen
from qamctl.quantum.program import Counts
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan, plan_circuit
from qamctl.reason.solvers.sampled import accepted_states
from qamctl.reason.spec import Complex, Floats, ReasonSpec
from qamctl.reason.state import QuantumReasoningState, run_steps
from qamctl.reason.tomography.measurements import MOST_QUBITS
from qamctl.reason.tomography.reconstruct import reconstruct
from qamctl.reason.tomography.settings import product_bases, turned
from qamctl.reason.tomography.shadows import choose_bases, gather

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Circuits of classical shadows: bases are drawn so often, and each gets its share of the shots.
SHADOWS: Final = 200


@dataclass(frozen=True)
class Experiment:
    """Circuits that show a state in many bases.

    Attributes
    ----------
    bases
        How often each basis was drawn; once in tomography.
    circuits
        One for each basis, and behind them those that calibrate readout.
    """

    spec: ReasonSpec
    plan: Plan
    bases: Mapping[str, int]
    circuits: tuple[QuantumCircuit, ...]
    seed: int
    readout: bool

    def told(self, results: Sequence[Counts]) -> dict[str, Any]:
        """The reconstructed state, or the means of observables, as a result file has them.

        Raises
        ------
        BackendError
            In some basis no shot was accepted, or readout can't be undone.
        """
        spec, plan, k = self.spec, self.plan, self.plan.made.path_bits
        confusion = None
        if self.readout:
            seen = [counts.strings() for counts in results[len(self.bases) :]]
            confusion = confusion_seen(seen, k, "ends")[0]
        by_basis = {basis: _accepted(counts, plan) for basis, counts in zip(self.bases, results, strict=False)}
        told = {
            "method": spec.reconstruct, "qubits": k, "circuits": len(self.circuits),
            "paths": [spec.paths.ids[path] for path in plan.paths.tolist()], "readout": self.readout,
        }  # fmt: skip
        if spec.reconstruct == "tomography":
            return told | reconstruct(by_basis, confusion, ideal=exact_state(spec, plan), seed=self.seed).to_dict()
        return told | _shadows(spec, plan, by_basis, self.bases, confusion, self.seed)


def experiment(
    spec: ReasonSpec, exact: Exact, *, seed: int, readout: bool, max_qubits: int | None = None
) -> Experiment:
    """What has to be measured to tell the state of a decision.

    Parameters
    ----------
    spec
        Its `reconstruct` says how, its `observables` of what.
    readout
        Whether readout is calibrated, and undone.

    Raises
    ------
    UnsupportedError
        The paths need more qubits than tomography can take.
    """
    plan = plan_circuit(spec, exact, method="sample", shots=1, mid_circuit=False, max_qubits=max_qubits, whole=True)
    k = plan.made.path_bits
    if spec.reconstruct == "tomography" and k > MOST_QUBITS:
        raise UnsupportedError(
            f"tomography takes up to {MOST_QUBITS} qubits, and the paths need {k}: take `reconstruct: shadows`"
        )
    bases: Mapping[str, int] = dict.fromkeys(product_bases(k), 1)
    if spec.reconstruct == "shadows":
        bases = choose_bases(k, SHADOWS, seed)
    calibrating = calibration_circuits(range(k), "ends") if readout else []
    return Experiment(spec, plan, bases, (*(_in_basis(plan, basis) for basis in bases), *calibrating), seed, readout)


def exact_state(spec: ReasonSpec, plan: Plan) -> Complex:
    """[K, K] the density matrix at the end, over the paths that a circuit holds."""
    state = QuantumReasoningState(spec.paths.prior, spec.paths.phase, spec.context, spec.coherence, whole=True)
    run_steps(state, spec.steps, spec.evidence.likelihood, spec.evidence.reliability)
    rho = state.density[np.ix_(plan.paths, plan.paths)]
    return np.asarray(rho / rho.trace().real)


def _in_basis(plan: Plan, basis: str) -> QuantumCircuit:
    made = plan.made
    circuit = turned(plan.unmeasured, range(made.path_bits), basis, range(made.path_bits))
    for qubit in made.evidence_qubits:
        circuit.measure(qubit, qubit)
    return circuit


def _accepted(counts: Counts, plan: Plan) -> Floats:
    """[2^k] accepted shots by what the qubits of the path read, states that are no path among them."""
    state = accepted_states(counts.samples, plan.made)
    found: Floats = np.zeros(1 << plan.made.path_bits)
    np.add.at(found, state[state >= 0], counts.occurrences[state >= 0])
    return found


def _shadows(
    spec: ReasonSpec,
    plan: Plan,
    by_basis: Mapping[str, Floats],
    wanted: Mapping[str, int],
    confusion: Floats | None,
    seed: int,
) -> dict[str, Any]:
    """The means of the observables, with those of the exact state beside them."""
    k = plan.made.path_bits
    rng = np.random.default_rng(seed)
    counts: dict[str, dict[str, int]] = {}
    most = max(1, min(int(found.sum()) // max(1, wanted[basis]) for basis, found in by_basis.items()))
    for basis, found in by_basis.items():
        # Every draw of a basis counts alike, however many of its shots were accepted.
        take = rng.multivariate_hypergeometric(found.astype(np.int64), min(int(found.sum()), most * wanted[basis]))
        counts[basis] = {format(state, f"0{k}b"): int(hits) for state, hits in enumerate(take.tolist()) if hits}
    labels = list(spec.observables) or ["I" * (k - 1 - q) + "Z" + "I" * q for q in range(k)]
    means = gather(counts, confusion, seed=seed).means(labels)
    exact = exact_state(spec, plan) if len(plan.paths) <= 1 << MOST_QUBITS + 4 else None
    return {
        "shots": sum(sum(row.values()) for row in counts.values()),
        "observables": {
            label: {
                "value": round(mean.value, 9), "standard_error": round(mean.error, 9), "bound": round(mean.bound, 9),
                "exact": None if exact is None else round(_mean(exact, label), 9),
            }
            for label, mean in means.items()
        },
    }  # fmt: skip


def _mean(rho: Complex, label: str) -> float:
    """tr(rho P) of a Pauli string, without its matrix."""
    from qamctl.reason.bases import padded

    state = padded(rho)
    index = np.arange(len(state))
    flips, phase = 0, np.ones(len(state), complex)
    for qubit, letter in enumerate(reversed(label)):
        bit = index >> qubit & 1
        if letter in "XY":
            flips |= 1 << qubit
        if letter == "Z":
            phase = phase * np.where(bit, -1, 1)
        elif letter == "Y":
            phase = phase * np.where(bit, -1j, 1j)
    return float((state[index, index ^ flips] * phase).sum().real)
