"""Circuits in the gates of targets: the same distribution, only native gates between coupled qubits, honest figures."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.circuits import qaoa_circuit
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.register import Register
from qamctl.quantum.targets import TARGETS
from qamctl.quantum.transpile import figures_of, report_of, transpile_for


def distribution(circuit: QuantumCircuit) -> np.ndarray:
    """[2^bits] of what is measured at the end."""
    held = {
        circuit.find_bit(s.clbits[0]).index: circuit.find_bit(s.qubits[0]).index
        for s in circuit.data
        if s.operation.name == "measure"
    }
    chances = Statevector(circuit.remove_final_measurements(inplace=False)).probabilities()
    out = np.zeros(2**circuit.num_clbits)
    for state, chance in enumerate(chances):
        out[sum((state >> qubit & 1) << bit for bit, qubit in held.items())] += chance
    return out


def measured(seed: int, n: int = 4) -> QuantumCircuit:
    """A random circuit, measured into permuted bits."""
    circuit = random_circuit(n, 4, max_operands=3, seed=seed)
    circuit.add_register(ClassicalRegister(n, "c"))
    circuit.measure(range(n), np.random.default_rng(seed).permutation(n).tolist())
    return circuit


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", range(6))
def test_compiled_circuits_have_the_same_distribution(name: str, seed: int) -> None:
    """In native gates, between coupled qubits, twice the same."""
    target, circuit = TARGETS[name], measured(seed)
    found, report = transpile_for(circuit, target, seed=seed, optimization_level=seed % 4)
    assert np.abs(distribution(found) - distribution(circuit)).max() < 1e-9
    assert transpile_for(circuit, target, seed=seed, optimization_level=seed % 4)[0] == found
    assert report.before == figures_of(circuit)
    assert report.after == figures_of(found)
    if target.gates:
        assert set(report.after.gates) <= {*target.gates, "measure", "barrier"}
    if target.grid is not None:
        coupled = {tuple(pair) for pair in target.couplings() or ()}
        assert len(report.layout) == found.num_qubits
        for step in found.data:
            if len(step.qubits) == 2:
                a, b = (report.layout[found.find_bit(q).index] for q in step.qubits)
                assert (a, b) in coupled


def test_swaps_are_counted_where_there_are_any() -> None:
    """All pairs of five qubits need swaps on a lattice and none between ions."""
    polynomial = Polynomial(5, 0.0, MappingProxyType({(i, j): 1.0 for i in range(5) for j in range(i + 1, 5)}))
    circuit = qaoa_circuit(polynomial, Ansatz(Register(5), "x", 1))
    _, lattice = transpile_for(circuit, TARGETS["rigetti"])
    _, ions = transpile_for(circuit, TARGETS["quantinuum"])
    assert lattice.swaps > 0
    assert ions.swaps == 0
    assert ions.after.two_qubit == 10
    assert lattice.after.two_qubit > 20
    assert lattice.after.parameters == 2


def test_the_figures_are_those_of_the_circuit() -> None:
    """Depths with and without one-qubit gates, gates by name, and the report as JSON has it."""
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.ccx(0, 1, 2)
    circuit.barrier()
    circuit.measure(range(3), range(3))
    told = report_of(circuit).to_dict()
    assert told == {
        "qubits": 3, "clbits": 3, "depth": 4, "two_qubit": 2, "two_qubit_depth": 2,
        "gates": {"barrier": 1, "ccx": 1, "cx": 1, "h": 1, "measure": 3}, "parameters": 0,
    }  # fmt: skip
    compiled = transpile_for(circuit, TARGETS["ionq"])[1].to_dict()
    assert compiled["target"] == "ionq"
    assert compiled["before"] == told
    assert compiled["layout"] == []


def test_what_a_target_does_not_do_is_said() -> None:
    """Too many qubits, conditions, resets and gates behind measurements, missing measurements, levels."""
    with pytest.raises(UnsupportedError, match="40 qubits, and ionq has 36"):
        transpile_for(QuantumCircuit(40), TARGETS["ionq"])
    late = QuantumCircuit(1, 2)
    late.measure(0, 0)
    late.x(0)
    late.measure(0, 1)
    reset = QuantumCircuit(1, 1)
    reset.reset(0)
    branch = QuantumCircuit(1, 1)
    branch.measure(0, 0)
    with branch.if_test((branch.clbits[0], 1)):
        branch.x(0)
    for circuit, words in ((late, "'x' after"), (reset, "'reset' in it"), (branch, "'if_else'")):
        with pytest.raises(UnsupportedError, match=words):
            transpile_for(circuit, TARGETS["ionq"])
        assert transpile_for(circuit, TARGETS["quantinuum"])[0].num_qubits == 1
    silent = QuantumCircuit(2)
    silent.cx(0, 1)
    with pytest.raises(UnsupportedError, match="measure them"):
        transpile_for(silent, TARGETS["rigetti"])
    with pytest.raises(UsageError, match="not 4"):
        transpile_for(silent, TARGETS["ionq"], optimization_level=4)


def test_a_gate_without_a_definition_is_refused() -> None:
    """With the target's name."""
    from qiskit.circuit import Gate

    circuit = QuantumCircuit(1, 1)
    circuit.append(Gate("mystery", 1, []), [0])
    with pytest.raises(UnsupportedError, match="no form for ionq"):
        transpile_for(circuit, TARGETS["ionq"])


def test_bits_outside_of_registers_stay() -> None:
    """Where unused qubits of a lattice are left out."""
    circuit = QuantumCircuit(2)
    circuit.add_bits([Clbit(), Clbit()])
    circuit.x(0)
    circuit.measure([0, 1], [1, 0])
    found, _ = transpile_for(circuit, TARGETS["rigetti"])
    assert distribution(found)[2] == pytest.approx(1)
