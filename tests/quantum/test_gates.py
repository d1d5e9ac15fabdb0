"""What operations are made of: standard gates as they are, others by their definitions, with any number of controls."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import AnnotatedOperation, ControlModifier, Gate
from qiskit.circuit.library import (
    C3SXGate,
    CUGate,
    DiagonalGate,
    MCPhaseGate,
    MCXGate,
    PauliEvolutionGate,
    QFTGate,
    RC3XGate,
    StatePreparation,
    UnitaryGate,
    XXPlusYYGate,
    get_standard_gate_name_mapping,
)
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector, random_unitary
from support.circuits import program

from qamctl.errors import UnsupportedError
from qamctl.quantum.simulate import branches
from qamctl.quantum.simulate.gates import elementary
from qamctl.quantum.simulate.lowering import lower


def amplitudes(circuit: QuantumCircuit) -> np.ndarray:
    """The state at the end, with every qubit kept."""
    lowered = lower(circuit, range(circuit.num_qubits))
    (branch,) = branches(lowered, 1.0, lambda weight, one: weight * one, lambda: False)
    return branch.state


def on_a_mixture(gate: Gate) -> QuantumCircuit:
    """The gate on a state in which every amplitude is another one."""
    circuit = QuantumCircuit(gate.num_qubits)
    for qubit in range(gate.num_qubits):
        circuit.ry(0.4 + 0.3 * qubit, qubit)
        circuit.rz(0.9 - 0.2 * qubit, qubit)
    circuit.append(gate, range(gate.num_qubits))
    return circuit


STANDARD = sorted(
    name
    for name, gate in get_standard_gate_name_mapping().items()
    if isinstance(gate, Gate) and gate.num_qubits and name != "delay"
)


@pytest.mark.parametrize("name", STANDARD)
def test_every_standard_gate_is_what_qiskit_says(name: str) -> None:
    """Each gate of qiskit's standard library, with angles, on a state without symmetry."""
    gate = get_standard_gate_name_mapping()[name]
    bound = type(gate)(*np.linspace(0.3, 1.7, len(gate.params))) if gate.params else gate
    circuit = on_a_mixture(bound)
    assert Statevector(circuit).equiv(Statevector(amplitudes(circuit))), name


OTHERS = [
    MCXGate(5, ctrl_state=9), MCPhaseGate(0.7, 4), C3SXGate(), RC3XGate(), QFTGate(4), XXPlusYYGate(0.4, 0.2),
    DiagonalGate([1, 1j, -1, 1, 1, -1j, 1, 1]), UnitaryGate(random_unitary(32, seed=1)),
    CUGate(0.3, 0.2, 0.1, 0.9).control(2), UnitaryGate(random_unitary(4, seed=2)).control(3, annotated=True),
    PauliEvolutionGate(SparsePauliOp(["ZZI", "IZZ"]), 0.4), StatePreparation([0.5, 0.5j, -0.5, 0.5]),
    AnnotatedOperation(MCXGate(3), [ControlModifier(2, 1)]),
]  # fmt: skip


@pytest.mark.parametrize("gate", OTHERS, ids=lambda gate: gate.name)
def test_larger_and_composed_gates(gate: Gate) -> None:
    """Gates on many qubits, by their base gate with controls, their matrix, or their definition."""
    circuit = on_a_mixture(gate)
    expected = Operator(circuit).data[:, 0]
    assert Statevector(expected).equiv(Statevector(amplitudes(circuit)))


def test_controls_stay_controls() -> None:
    """A gate with twenty controls is a matrix on one qubit, not on twenty-one."""
    (part,) = elementary(MCXGate(20), range(21))
    assert part.matrix.shape == (2, 2)
    assert len(part.controls) == 20


def test_a_gate_without_definition_is_refused() -> None:
    """An opaque gate is named, and what to do."""
    circuit = QuantumCircuit(2, 1)
    circuit.append(Gate("oracle", 2, []), [0, 1])
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedError, match=r"oracle has no definition.*define it"):
        lower(program(circuit).circuit)
