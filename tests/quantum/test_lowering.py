"""Which measurements end a circuit, which qubits are simulated, and what can't be lowered."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from support.circuits import branching

from qamctl.errors import SpecError, UnsupportedError
from qamctl.quantum.simulate import lowering
from qamctl.quantum.simulate.lowering import Apply, final_columns, final_measurements, lower, used_qubits


def test_the_measurements_that_end_a_circuit() -> None:
    """One whose qubit or bit is used again, or that a later condition may read, does not end it."""
    circuit = QuantumCircuit(4, 4)
    circuit.measure(0, 0)  # its qubit goes on
    circuit.h(0)
    circuit.measure(1, 1)  # its bit is written again
    circuit.measure(2, 1)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.delay(10, 2)
    circuit.measure(3, 3)
    assert list(final_measurements(circuit).values()) == [3, 0, 1]
    assert final_columns(circuit) == {3: 3, 0: 0, 2: 1}
    with circuit.if_test((circuit.clbits[3], 1)):
        circuit.x(1)
    assert final_measurements(circuit) == {}


def test_qubits_without_operations_are_left_out() -> None:
    """Only what something happens to is simulated, and what is kept."""
    circuit = QuantumCircuit(6, 1)
    circuit.h(4)
    circuit.barrier()
    circuit.measure(2, 0)
    assert used_qubits(circuit) == [4]
    found = lower(circuit, [1])
    assert (found.qubits, found.n, found.bits, found.finals, found.idle) == ((1, 4), 2, 1, (), (0,))
    assert not found.dynamic
    assert lower(branching(1)).dynamic


def test_gates_in_a_row_on_one_qubit_become_one() -> None:
    """A run of turns is one kernel, and one that comes to nothing none."""
    circuit = QuantumCircuit(2)
    for _ in range(5):
        circuit.rx(0.3, 0)
        circuit.rz(0.2, 0)
    circuit.h(1)
    circuit.h(1)
    assert [type(step) for step in lower(circuit).steps] == [Apply]


def test_parameters_need_values() -> None:
    """The first eight are named, the others counted."""
    circuit = QuantumCircuit(1)
    for k in range(11):
        circuit.rx(Parameter(f"p{k:02}"), 0)
    with pytest.raises(SpecError, match=r"p00, p01, .*p07 and 3 more"):
        lower(circuit)


def test_long_loops_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that unrolls to more steps than are taken."""
    monkeypatch.setattr(lowering, "MOST_STEPS", 50)
    circuit = QuantumCircuit(2)
    with circuit.for_loop(range(100)):
        circuit.cx(0, 1)
        circuit.h(0)
    with pytest.raises(UnsupportedError, match="more than 50 steps"):
        lower(circuit)
