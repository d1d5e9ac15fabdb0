"""Bases, the circuits that measure in them, and the effects of what they read."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qamctl.errors import UsageError
from qamctl.quantum.mitigation.readout import tensor_product
from qamctl.reason.bases import outcome_chances
from qamctl.reason.spec import Complex
from qamctl.reason.tomography.settings import effects, product_bases, turned


def random_state(qubits: int, seed: int) -> Complex:
    """[2^n, 2^n] a mixed state of full rank."""
    rng, d = np.random.default_rng(seed), 1 << qubits
    root = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    rho = root @ root.conj().T
    return rho / rho.trace().real


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_effects_of_sure_readout_are_the_projectors_of_bases(qubits: int) -> None:
    """Their probabilities are those that `bases` computes by turning the state."""
    rho, bases = random_state(qubits, qubits), product_bases(qubits)
    found = effects(bases, np.tile(np.eye(2), (qubits, 1, 1)))
    p = np.einsum("mij,ji->m", found, rho).real.reshape(len(bases), -1)
    assert len(bases) == len(set(bases)) == 3**qubits
    assert p == pytest.approx(np.stack([outcome_chances(rho, basis) for basis in bases]), abs=1e-14)


def test_effects_with_errors_of_readout() -> None:
    """They sum to the identity in each basis, and give the probabilities after confusion, each qubit's its own."""
    confusion = np.array([[[0.98, 0.1], [0.02, 0.9]], [[0.9, 0.05], [0.1, 0.95]], [[1.0, 0.3], [0.0, 0.7]]])
    rho, bases = random_state(3, 5), ("XYZ", "ZZX", "YXX")
    found = effects(bases, confusion).reshape(3, 8, 8, 8)
    whole = reduce(np.kron, confusion[::-1])
    for basis, some in zip(bases, found, strict=True):
        assert some.sum(axis=0) == pytest.approx(np.eye(8), abs=1e-14)
        p = np.einsum("mij,ji->m", some, rho).real
        assert p == pytest.approx(whole @ outcome_chances(rho, basis), abs=1e-14)
        assert p == pytest.approx(tensor_product(confusion, outcome_chances(rho, basis)), abs=1e-14)


def test_turned_circuits_measure_in_their_basis() -> None:
    """Probabilities of the bits are those of the state's qubits in that basis, wherever they stand in the circuit."""
    rng = np.random.default_rng(2)
    amplitudes = rng.normal(size=8) + 1j * rng.normal(size=8)
    amplitudes /= np.linalg.norm(amplitudes)
    qubits, bits = [3, 0, 2], [1, 2, 0]
    circuit = QuantumCircuit(4)
    circuit.initialize(amplitudes, qubits)
    rho = np.outer(amplitudes, amplitudes.conj())
    for basis in product_bases(3):
        found = turned(circuit, qubits, basis, bits)
        assert {found.find_bit(i.clbits[0]).index for i in found.data if i.operation.name == "measure"} == {0, 1, 2}
        read = {
            found.find_bit(i.clbits[0]).index: found.find_bit(i.qubits[0]).index
            for i in found.data
            if i.operation.name == "measure"
        }
        assert [read[bit] for bit in bits] == qubits
        state = Statevector(found.remove_final_measurements(inplace=False))
        assert state.probabilities(qubits) == pytest.approx(outcome_chances(rho, basis), abs=1e-12)
    assert circuit.num_clbits == 0
    assert [i.operation.name for i in circuit.data] == ["initialize"]


def test_bits_that_exist_are_used() -> None:
    """A circuit with bits of its own gets only those that it lacks."""
    found = turned(QuantumCircuit(2, 2), [0, 1], "ZX", [1, 2])
    assert found.num_clbits == 3
    assert turned(QuantumCircuit(2, 3), [0, 1], "ZX", [1, 2]).num_clbits == 3


@pytest.mark.parametrize("basis", ["Z", "ZZZ", "IZ", "zz"])
def test_a_basis_that_does_not_fit_is_refused(basis: str) -> None:
    """With how many letters there must be."""
    with pytest.raises(UsageError, match="2 letters X, Y or Z"):
        turned(QuantumCircuit(2), [0, 1], basis, [0, 1])


def test_bits_that_do_not_fit_are_refused() -> None:
    """One bit for two qubits, or the same one twice."""
    for bits in ([0], [0, 0]):
        with pytest.raises(UsageError, match="2 different bits"):
            turned(QuantumCircuit(2), [0, 1], "ZZ", bits)
