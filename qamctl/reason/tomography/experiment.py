"""The state of a decision from an engine: which circuits run, and what their accepted shots tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.quantum.mitigation.calibration import calibration_circuits, confusion_seen
from qamctl.quantum.program import Counts
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan, plan_circuit
from qamctl.reason.spec import Complex, Floats, ReasonSpec
from qamctl.reason.state import QuantumReasoningState, run_steps
from qamctl.reason.tomography.measurements import MOST_QUBITS
from qamctl.reason.tomography.reconstruct import reconstruct
from qamctl.reason.tomography.settings import product_bases, turned
from qamctl.reason.tomography.shadows import choose_bases, gather

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Runs circuits, and gives the counts of each.
Run = Callable[[Sequence["QuantumCircuit"]], list[Counts]]

#: Circuits of classical shadows: bases are drawn so often, and each gets its share of the shots.
SHADOWS: Final = 200


def experiment(
    spec: ReasonSpec, exact: Exact, run: Run, *, seed: int, readout: bool, max_qubits: int | None = None
) -> dict[str, Any]:
    """The reconstructed state, or the means of observables, as a result file has them.

    Parameters
    ----------
    spec
        Its `reconstruct` says how, its `observables` of what.
    run
        Called once, with every circuit.
    readout
        Whether readout is calibrated, and undone.

    Raises
    ------
    UnsupportedError
        The paths need more qubits than tomography can take.
    BackendError
        In some basis no shot was accepted, or readout can't be undone.
    """
    plan = plan_circuit(spec, exact, method="sample", shots=1, mid_circuit=False, max_qubits=max_qubits, whole=True)
    k = plan.made.path_bits
    if spec.reconstruct == "tomography" and k > MOST_QUBITS:
        raise UnsupportedError(
            f"tomography takes up to {MOST_QUBITS} qubits, and the paths need {k}: take `reconstruct: shadows`"
        )
    wanted: Mapping[str, int] = dict.fromkeys(product_bases(k), 1)
    if spec.reconstruct == "shadows":
        wanted = choose_bases(k, SHADOWS, seed)
    circuits = [_in_basis(plan, basis) for basis in wanted]
    calibrating = calibration_circuits(range(k), "ends") if readout else []
    results = run([*circuits, *calibrating])
    confusion = None
    if readout:
        seen = [counts.strings() for counts in results[len(circuits) :]]
        confusion = confusion_seen(seen, k, "ends")[0]
    by_basis = {basis: _accepted(counts, plan) for basis, counts in zip(wanted, results, strict=False)}
    told = {
        "method": spec.reconstruct, "qubits": k, "circuits": len(circuits) + len(calibrating),
        "paths": [spec.paths.ids[path] for path in plan.paths.tolist()], "readout": readout,
    }  # fmt: skip
    if spec.reconstruct == "tomography":
        ideal = exact_state(spec, plan)
        return told | reconstruct(by_basis, confusion, ideal=ideal, seed=seed).to_dict()
    return told | _shadows(spec, plan, by_basis, wanted, confusion, seed)


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
    k, made = plan.made.path_bits, plan.made
    accepted = counts.samples[:, k : k + made.evidence_bits].all(axis=1)
    index = counts.samples[:, :k].astype(np.int64) @ (1 << np.arange(k))
    found: Floats = np.zeros(1 << k)
    np.add.at(found, index[accepted], counts.occurrences[accepted])
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
