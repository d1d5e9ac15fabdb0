"""The checker's own road to distributions and means, against the simulation's: two codes, one answer."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr, types
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, Statevector
from support.circuits import branching, by_string, dynamic, measured, program, random_terms, same

from qamctl.quantum import exact_check
from qamctl.quantum.exact_check import distribution, expectation
from qamctl.quantum.simulate import exact


@pytest.mark.parametrize("seed", range(6))
def test_both_roads_agree(seed: int) -> None:
    """Static circuits and those with branches, switches and resets have the same distribution by either code."""
    for circuit in (measured(random_circuit(4, 5, max_operands=3, seed=seed)), branching(seed)):
        mine, theirs = exact(program(circuit)), distribution(circuit)
        assert mine is not None
        assert theirs is not None
        assert same(by_string(*mine), theirs)


def test_the_mean_of_a_static_circuit() -> None:
    """It is qiskit's."""
    circuit, terms = random_circuit(4, 5, seed=1), random_terms(4, 5, 2)
    expected = Statevector(circuit).expectation_value(SparsePauliOp.from_list(terms)).real
    assert expectation(measured(circuit), terms) == pytest.approx(expected)


def test_what_is_not_followed() -> None:
    """Too many qubits, operations or pasts, loops, and stored variables have no answer."""
    assert distribution(QuantumCircuit(exact_check.QUBITS + 1)) is None
    assert expectation(QuantumCircuit(exact_check.QUBITS + 1), [("Z" * 17, 1.0)]) is None
    assert distribution(dynamic(1)) is None
    stored = QuantumCircuit(1, 1)
    stored.add_var("v", expr.lift(True, types.Bool()))
    assert distribution(stored) is None
    wide = QuantumCircuit(1, 12)
    for bit in range(12):
        wide.h(0)
        wide.measure(0, bit)
    assert distribution(wide) is None
    loop = QuantumCircuit(1, 1)
    with loop.while_loop((loop.clbits[0], 1)):
        loop.h(0)
    assert distribution(loop) is None


def test_bits_without_measurements_are_zero() -> None:
    """A circuit that measures one of three bits."""
    circuit = QuantumCircuit(1, 3)
    circuit.x(0)
    circuit.measure(0, 1)
    assert distribution(circuit) == {"010": 1.0}
    assert distribution(QuantumCircuit(1, 2)) == {"00": 1.0}
