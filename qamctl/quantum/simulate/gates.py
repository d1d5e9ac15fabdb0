"""What a circuit's operations are made of: matrices on a few qubits, controlled by others, measurements, resets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.quantum.simulate.amplitudes import Matrix

#: Qubits of a standard gate, and of a matrix that the circuit gives, that are taken as they are.
STANDARD_QUBITS: Final = 3
GIVEN_QUBITS: Final = 8

#: Operations that change no state.
NOTHING: Final = ("barrier", "delay", "id", "global_phase")

_STANDARD: Final = "qiskit.circuit.library.standard_gates"


@dataclass(frozen=True, slots=True)
class Elementary:
    """A gate on a few qubits, a measurement, or a reset.

    Attributes
    ----------
    name
        "gate", "measure" or "reset".
    targets
        Qubits; the first one is the lowest bit of the matrix' indices.
    controls
        (qubit, value).
    bits
        Of a measurement.
    """

    name: str
    targets: tuple[int, ...]
    matrix: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.complex128))
    controls: tuple[tuple[int, int], ...] = ()
    bits: tuple[int, ...] = ()


def elementary(operation: Any, qubits: Sequence[int], bits: Sequence[int] = ()) -> Iterator[Elementary]:
    """The parts of an operation on these qubits, in order; global phases are dropped.

    Raises
    ------
    UnsupportedError
        It has neither a matrix nor a definition.
    """
    from qiskit.circuit import AnnotatedOperation, ControlledGate

    if operation.name in NOTHING:
        return
    if operation.name in ("measure", "reset"):
        yield Elementary(operation.name, tuple(qubits), bits=tuple(bits))
        return
    matrix = _matrix(operation)
    if matrix is not None:
        yield Elementary("gate", tuple(qubits), matrix)
        return
    if isinstance(operation, ControlledGate):
        # The base gate of a controlled U has lost the phase that its definition has.
        base = None if operation.base_gate.name == "u" else _matrix(operation.base_gate)
        if base is not None:
            count = operation.num_ctrl_qubits
            controls = tuple((qubit, operation.ctrl_state >> k & 1) for k, qubit in enumerate(qubits[:count]))
            yield Elementary("gate", tuple(qubits[count:]), base, controls)
            return
    definition = _synthesised(operation) if isinstance(operation, AnnotatedOperation) else operation.definition
    if definition is None:
        raise UnsupportedError(
            f"the gate {operation.name} has no definition, so that it can't be simulated: define it in the circuit"
        )
    for one in definition.data:
        on = [qubits[definition.find_bit(qubit).index] for qubit in one.qubits]
        into = [bits[definition.find_bit(bit).index] for bit in one.clbits]
        yield from elementary(one.operation, on, into)


def _matrix(operation: Any) -> Matrix | None:
    """The matrix of a small standard gate, or of a gate that is given by its matrix."""
    from qiskit.circuit.exceptions import CircuitError

    standard = getattr(operation, "base_class", type(operation)).__module__.startswith(_STANDARD)
    most = GIVEN_QUBITS if operation.name == "unitary" else STANDARD_QUBITS if standard else 0
    if operation.num_qubits > most:
        return None
    try:
        return np.asarray(operation.to_matrix(), np.complex128)
    except CircuitError:  # one that is defined by other gates alone
        return None


def _synthesised(operation: Any) -> Any:
    """A gate with modifiers (control, inverse, power) as a circuit of standard gates."""
    from qiskit import QuantumCircuit, transpile

    circuit = QuantumCircuit(operation.num_qubits)
    circuit.append(operation, range(operation.num_qubits))
    return transpile(circuit, basis_gates=["u", "p", "cx"], optimization_level=0)
