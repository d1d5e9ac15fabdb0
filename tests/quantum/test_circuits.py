"""QAOA circuits as gates against the simulation that trains their angles."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from qamctl.errors import UsageError
from qamctl.kernels.statevector import evolution
from qamctl.quantum.ansatz import MIXERS, Ansatz, angle_names
from qamctl.quantum.circuits import phase_terms, qaoa_circuit, side_by_side
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.register import Register


def random_case(rng: np.random.Generator, mixer: str) -> tuple[Polynomial, Ansatz]:
    """Up to 8 qubits in groups and free ones, warm starts, terms of up to 4 variables."""
    n = int(rng.integers(1, 9))
    rest, groups = rng.permutation(n).tolist(), []
    while mixer != "x" and rest and rng.random() < 0.8:
        size = int(rng.integers(1, min(6, len(rest)) + 1))
        groups.append(tuple(rest[:size]))
        rest = rest[size:]
    register = Register(n, tuple(groups))
    warm = None
    if rng.random() < 0.5:
        warm = tuple(rng.choice([0.0, 1.0, 0.25, 0.5, 0.1, 0.8], len(register.free)).tolist())
    terms = {}
    for _ in range(int(rng.integers(0, 3 * n + 1))):
        chosen = rng.choice(n, int(rng.integers(1, min(4, n) + 1)), replace=False)
        terms[tuple(sorted(chosen.tolist()))] = float(rng.normal())
    polynomial = Polynomial(n, float(rng.normal()), MappingProxyType(terms))
    return polynomial, Ansatz(register, mixer, int(rng.integers(1, 4)), warm)


def simulated(polynomial: Polynomial, ansatz: Ansatz, angles: np.ndarray) -> np.ndarray:
    """[2^n] the amplitudes of the kernel, in the order of qiskit's states."""
    run = evolution(ansatz.register.diagonal(polynomial), ansatz.axes(), grover=ansatz.mixer == "grover", double=True)
    run.energy(angles[: ansatz.depth], angles[ansatz.depth :])
    samples = ansatz.register.samples(np.arange(ansatz.register.states)).astype(np.int64)
    out = np.zeros(2**polynomial.n, complex)
    out[(samples << np.arange(polynomial.n)).sum(axis=1)] = run.amplitudes()
    return out


def bound(circuit: QuantumCircuit, angles: np.ndarray) -> QuantumCircuit:
    """The circuit with the angles in place of its parameters, by their names."""
    values = dict(zip(angle_names(len(angles) // 2), angles.tolist(), strict=True))
    return circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("seed", range(60))
def test_circuits_do_what_the_simulation_does(mixer: str, seed: int) -> None:
    """Amplitudes agree to 1e-9, up to a global phase, with numbers as angles and with parameters that are bound."""
    rng = np.random.default_rng([seed, len(mixer)])
    polynomial, ansatz = random_case(rng, mixer)
    angles = rng.normal(size=2 * ansatz.depth)
    wanted = simulated(polynomial, ansatz, angles)
    with_numbers = qaoa_circuit(polynomial, ansatz, angles.tolist(), measure=False)
    with_names = bound(qaoa_circuit(polynomial, ansatz, measure=False), angles)
    for circuit in (with_numbers, with_names):
        found = Statevector(circuit).data
        phase = np.vdot(found, wanted)
        assert abs(abs(phase) - 1) < 1e-9
        assert np.abs(found * phase - wanted).max() < 1e-9


def test_parameters_have_the_names_of_the_angles() -> None:
    """gamma[k] and beta[k], in the order of the layers."""
    polynomial = Polynomial(2, 0.0, MappingProxyType({(0, 1): 1.0}))
    circuit = qaoa_circuit(polynomial, Ansatz(Register(2), "x", 12))
    assert {p.name for p in circuit.parameters} == set(angle_names(12))


def test_qubit_and_bit_are_the_variable() -> None:
    """Qubit q is measured into bit q, and without measurements there are no bits."""
    polynomial = Polynomial(3, 1.0, MappingProxyType({(1,): 2.0}))
    ansatz = Ansatz(Register(3), "x", 1)
    circuit = qaoa_circuit(polynomial, ansatz, [0.1, 0.2])
    measured = [s for s in circuit.data if s.operation.name == "measure"]
    pairs = [(circuit.find_bit(s.qubits[0]).index, circuit.find_bit(s.clbits[0]).index) for s in measured]
    assert pairs == [(0, 0), (1, 1), (2, 2)]
    assert qaoa_circuit(polynomial, ansatz, [0.1, 0.2], measure=False).num_clbits == 0


def test_terms_within_a_kept_group_cost_no_gate() -> None:
    """Two members of a group are never both chosen; other terms keep their weight."""
    polynomial = Polynomial(4, 0.0, MappingProxyType({(0, 1): 5.0, (1, 2): 4.0, (0, 1, 3): 3.0}))
    terms = dict(phase_terms(polynomial, Ansatz(Register(4, ((0, 1),)), "xy-ring", 1)))
    assert terms == {(1,): -1.0, (2,): -1.0, (1, 2): 1.0}


def test_phases_act_side_by_side() -> None:
    """All pairs of 8 qubits take 7 rounds; no term is lost, and none stands twice in a round."""
    pairs = [((i, j), float(i + j)) for i in range(8) for j in range(i + 1, 8)]
    order = side_by_side(pairs)
    assert sorted(order) == sorted(pairs)
    circuit = QuantumCircuit(8)
    for qubits, weight in order:
        circuit.rzz(weight, *qubits)
    assert circuit.depth() == 7


def test_other_numbers_of_angles_are_refused() -> None:
    """Two for each layer; and the polynomial must be of the register's variables."""
    polynomial = Polynomial(2, 0.0, MappingProxyType({(0, 1): 1.0}))
    with pytest.raises(UsageError, match="4 angles, not 3"):
        qaoa_circuit(polynomial, Ansatz(Register(2), "x", 2), [1, 2, 3])
    with pytest.raises(ValueError, match="different variables"):
        qaoa_circuit(polynomial, Ansatz(Register(3), "x", 2))
