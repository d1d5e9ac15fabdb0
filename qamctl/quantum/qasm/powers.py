"""Powers of gates whose angles have no value yet, as they stand in the definition of a gate.

qiskit takes powers of matrices, which such gates don't have: here the gate, or its inverse, is repeated.
"""

from __future__ import annotations

from typing import Any, Final

from qamctl.quantum.qasm.gates import is_standard
from qamctl.quantum.qasm.syntax import Fault

#: Operations that the power of a gate may stand for.
REPEATED: Final = 10_000


def power(gate: Any, exponent: float) -> Any:
    """A gate to a power.

    Raises
    ------
    Fault
        The gate has a parameter without a value, and no form for a power that is no whole number, or one too large.
    """
    if not any(getattr(value, "parameters", ()) for value in gate.params):
        return gate.power(exponent)
    from qiskit import QuantumCircuit
    from qiskit.exceptions import QiskitError

    if gate.num_qubits == 0:  # a phase, which stands in the definition
        return QuantumCircuit(global_phase=gate.definition.global_phase * exponent).to_gate()
    try:
        return gate.power(exponent)  # turns about an axis have a form for any power
    except (QiskitError, TypeError):
        pass
    if not float(exponent).is_integer():
        raise Fault(
            f"pow({exponent:g}) of {gate.name} is not supported where its parameter has no value",
            hint="whole numbers are; of rx, ry, rz and p other powers, too",
        )
    times = abs(int(exponent))
    if times * operations(gate) > REPEATED:
        raise Fault(f"the power stands for more than {REPEATED:,} operations")
    out = QuantumCircuit(gate.num_qubits, name=f"{gate.name}^{int(exponent)}")
    once = gate if exponent > 0 else gate.inverse()
    for _ in range(times):
        out.append(once, range(gate.num_qubits))
    return out.to_gate()


def operations(gate: Any) -> int:
    """Standard gates that a gate stands for, at least 1."""
    if is_standard(gate) or gate.definition is None:
        return 1
    return max(1, sum(operations(step.operation) for step in gate.definition.data))
