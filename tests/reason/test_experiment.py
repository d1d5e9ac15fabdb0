"""States and observables measured in many bases, against the exact state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support.reason_specs import random_data

from qamctl.errors import UnsupportedError
from qamctl.reason.exact import Exact, solve_exactly
from qamctl.reason.plan import plan_circuit
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.tomography.experiment import exact_state, experiment
from qamctl.reason_engines import Engine

PAULIS = {
    "I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1]),
}  # fmt: skip


def problem(paths: int, coherence: float, **more: Any) -> tuple[ReasonSpec, Exact]:
    """Evidence, then an evolution."""
    data = random_data(np.random.default_rng(paths), paths, 1, evolves=True, coherence=coherence)
    spec = reason_from_data({**data, "steps": ["e0", "evolve"], "reconstruct": "tomography", **more})
    return spec, solve_exactly(spec)


def told_by(
    spec: ReasonSpec, exact: Exact, backend: str, shots: int, *, readout: bool = False, noise: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """What the experiment says on an engine."""
    engine = Engine(backend, noise, shots, 5, lambda: False, lambda: None)
    wanted = experiment(spec, exact, seed=1, readout=readout)
    return wanted.told(engine.run(wanted.circuits))


@pytest.mark.parametrize(("paths", "coherence"), [(2, 1.0), (2, 0.6), (3, 1.0), (4, 0.0), (4, 0.6), (4, 1.0), (7, 1.0)])
def test_states_without_noise(paths: int, coherence: float) -> None:
    """From 2,000 shots in each basis the state is the exact one with a fidelity above 0.98, mixed ones as pure ones."""
    spec, exact = problem(paths, coherence)
    told = told_by(spec, exact, "statevector", 2000)
    qubits = max(1, (paths - 1).bit_length())
    assert (told["method"], told["qubits"], told["circuits"]) == ("tomography", qubits, 3**qubits)
    assert told["paths"] == list(spec.paths.ids)
    assert told["fidelity"] > 0.98
    rho = np.array(told["rho"]["real"]) + 1j * np.array(told["rho"]["imag"])
    plan = plan_circuit(spec, exact, method="sample", shots=1, mid_circuit=False, whole=True)
    ideal = np.zeros_like(rho)
    ideal[:paths, :paths] = exact_state(spec, plan)
    distance = np.abs(np.linalg.eigvalsh(rho - ideal)).sum() / 2
    assert distance < 0.06
    assert told["trace_distance"] == pytest.approx(distance, abs=1e-4)
    assert told["purity"] == pytest.approx(np.trace(rho @ rho).real, abs=1e-4)
    low, high = told["intervals"]["fidelity"]
    assert low <= high
    assert np.diag(ideal).real[:paths] == pytest.approx(exact.posterior, abs=1e-9)


def test_coherence_is_seen_in_the_purity() -> None:
    """What loses its coherence at each step is measured as a mixed state, and as a pure one what keeps it."""
    pure, mixed = (told_by(*problem(4, kappa), "statevector", 2000) for kappa in (1.0, 0.0))
    assert pure["purity"] > 0.95
    assert mixed["purity"] < 0.6


def test_noise_costs_fidelity_and_readout_gives_some_of_it_back() -> None:
    """On the generic machine: two paths from 0.97 to 0.99, four from 0.89 to 0.93; gate errors stay."""
    pytest.importorskip("qiskit_aer", reason="the noise is simulated by qiskit-aer")
    for paths, gain in ((2, 0.01), (4, 0.02)):
        spec, exact = problem(paths, 1.0)
        raw = told_by(spec, exact, "noisy", 4000)
        mitigated = told_by(spec, exact, "noisy", 4000, readout=True)
        assert mitigated["circuits"] == raw["circuits"] + 2
        assert mitigated["readout"] is True
        assert mitigated["fidelity"] > raw["fidelity"] + gain
        assert mitigated["fidelity"] > 0.9


def test_more_qubits_than_tomography_takes() -> None:
    """Refused with what to take instead."""
    with pytest.raises(UnsupportedError, match="take `reconstruct: shadows`"):
        told_by(*problem(17, 1.0, context=None, steps=["e0"]), "statevector", 10)


@pytest.mark.slow
def test_shadows_of_forty_paths() -> None:
    """Six qubits: products of X, Y and Z of weight 1 and 2 within four standard errors, one circuit for each basis."""
    labels = [
        "IIIIIX", "ZIIIII", "IIIIIY", "XXIIII", "IZZIII", "IIYYII", "IIIIXX", "ZIIIIZ", "IIIIII",
    ]  # fmt: skip
    data = random_data(np.random.default_rng(0), 40, 1, coherence=1.0)
    spec = reason_from_data({**data, "reconstruct": "shadows", "observables": labels})
    exact = solve_exactly(spec)
    told = told_by(spec, exact, "statevector", 200)
    assert (told["method"], told["qubits"], len(told["paths"])) == ("shadows", 6, 40)
    assert told["circuits"] <= 200
    psi = np.zeros(64, complex)
    psi[:40] = np.sqrt(exact.posterior) * np.exp(1j * spec.paths.phase)
    assert set(told["observables"]) == set(labels)
    for label, mean in told["observables"].items():
        matrix = np.eye(1)
        for letter in label:
            matrix = np.kron(matrix, PAULIS[letter])
        true = float((psi.conj() @ matrix @ psi).real)
        assert mean["exact"] == pytest.approx(true, abs=1e-8), label
        assert abs(mean["value"] - true) <= 4 * mean["standard_error"] + 1e-9, label
        assert mean["standard_error"] < 0.05


def test_shadows_tell_populations_where_nothing_is_asked() -> None:
    """Without observables: Z of each qubit."""
    spec, exact = problem(4, 0.5, reconstruct="shadows")
    told = told_by(spec, exact, "statevector", 400)
    assert set(told["observables"]) == {"IZ", "ZI"}
    signs = {"IZ": np.array([1, -1, 1, -1]), "ZI": np.array([1, 1, -1, -1])}
    for label, mean in told["observables"].items():
        assert mean["exact"] == pytest.approx(float(signs[label] @ exact.posterior), abs=1e-8)
        assert abs(mean["value"] - mean["exact"]) <= 4 * mean["standard_error"]
