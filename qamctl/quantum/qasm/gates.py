"""Expands a program's own gates, so that no name of a gate means something else than it does everywhere.

Compilers go by names: a program that defines a gate `rzz` of its own would be run with theirs. Where an own gate is
the standard one of that name, as OpenQASM has to spell `rzz` out, it becomes that one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.quantum.qasm.limits import OPERATIONS, too_many_operations
from qamctl.quantum.qasm.syntax import Fault

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Values in place of parameters that are not bound, to compare gates with.
_TRIED: Final = (0.731, 2.113, -1.377)

_CLOSE: Final = 1e-10


def expanded(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with standard gates only.

    Raises
    ------
    Fault
        A gate has no definition, or there would be too many operations.
    """
    try:
        return _Expansion().circuit(circuit)
    except RecursionError:
        raise Fault("gates are defined by each other too deeply") from None


class _Expansion:
    """One pass over a program, which counts what it visits and compares each own gate once."""

    def __init__(self) -> None:
        self._visited = 0
        self._known: dict[tuple[Any, ...], Any] = {}

    def circuit(self, circuit: QuantumCircuit) -> QuantumCircuit:
        out = circuit.copy_empty_like()
        for instruction in circuit.data:
            self._put(out, instruction.operation, instruction.qubits, instruction.clbits)
        return out

    def _put(self, out: QuantumCircuit, operation: Any, qubits: Sequence[Any], clbits: Sequence[Any]) -> None:
        from qiskit.circuit import CircuitInstruction

        self._visited += 1
        if self._visited > OPERATIONS:
            raise Fault(too_many_operations())
        if blocks := getattr(operation, "blocks", ()):
            operation = operation.replace_blocks([self.circuit(block) for block in blocks])
        elif not is_standard(operation):
            same = self._standard(operation)
            if same is None:
                self._put_definition(out, operation, qubits, clbits)
                return
            operation, phase = same
            if phase:
                out.global_phase += phase
        if any(isinstance(value, float) and not math.isfinite(value) for value in operation.params):
            raise Fault(f"a parameter of {operation.name} is not finite")
        out._append(CircuitInstruction(operation, qubits, clbits))

    def _put_definition(
        self, out: QuantumCircuit, operation: Any, qubits: Sequence[Any], clbits: Sequence[Any]
    ) -> None:
        definition = self._definition(operation)
        if definition is None:
            raise Fault(f"the gate {operation.name!r} has no definition", hint="define it by gates that are known")
        place = dict(zip(definition.qubits, qubits, strict=True)) | dict(zip(definition.clbits, clbits, strict=True))
        if definition.global_phase:
            out.global_phase += definition.global_phase
        for inner in definition.data:
            self._put(out, inner.operation, [place[q] for q in inner.qubits], [place[c] for c in inner.clbits])

    def _definition(self, operation: Any) -> Any:
        """How a gate is defined; those that version 2 declares build it anew each time that they are asked."""
        key = (operation.name, "definition")
        if operation.params or operation.base_class.__module__.startswith("qiskit.circuit."):
            return operation.definition
        if key not in self._known:
            self._known[key] = operation.definition
        return self._known[key]

    def _standard(self, operation: Any) -> tuple[Any, float] | None:
        """The standard gate of the same name and effect, and the phase between them; None where there is none."""
        standard = standard_gates().get(operation.name)
        if standard is None or operation.definition is None or operation.num_qubits > 4:
            return None
        key = (operation.name, operation.num_qubits, operation.base_class, *map(str, operation.params))
        if key not in self._known:
            self._known[key] = _equal(operation, *standard)
        found: tuple[Any, float] | None = self._known[key]
        return found


def is_standard(operation: Any) -> bool:
    """Whether the operation is one that qiskit itself defines."""
    module: str = operation.base_class.__module__
    return module.startswith(
        ("qiskit.circuit.library.", "qiskit.circuit.measure", "qiskit.circuit.reset", "qiskit.circuit.barrier",
         "qiskit.circuit.delay", "qiskit.circuit.controlflow.", "qiskit.circuit.store")
    )  # fmt: skip


@cache
def standard_gates() -> dict[str, tuple[Any, int]]:
    """Standard gate by name -> its class, and how many parameters it takes."""
    from qiskit.circuit import Gate
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    gates = {name: gate for name, gate in get_standard_gate_name_mapping().items() if isinstance(gate, Gate)}
    return {name: (type(gate), len(gate.params)) for name, gate in gates.items()}


def _equal(operation: Any, kind: Any, parameters: int) -> tuple[Any, float] | None:
    """The standard gate of a class with an operation's parameters, and the phase that the operation adds to it."""
    if len(operation.params) != parameters:
        return None
    gate = kind(*operation.params)
    if gate.num_qubits != operation.num_qubits:
        return None
    names = sorted({p for value in operation.params for p in getattr(value, "parameters", ())}, key=lambda p: p.name)
    phases = []
    for shift in range(2 if names else 1):
        values = {p: _TRIED[k % len(_TRIED)] + k + shift for k, p in enumerate(names)}
        numbers = [float(v.bind(_within(v, values))) if hasattr(v, "bind") else v for v in operation.params]
        definition = operation.definition.assign_parameters(_within(operation.definition, values))
        phases.append(_phase(definition, kind(*numbers)))
    first = phases[0]
    if first is None or any(p is None or abs(p - first) > _CLOSE for p in phases):
        return None
    return gate, first if abs(first) > _CLOSE else 0.0


def _phase(definition: Any, gate: Any) -> float | None:
    """phi, where the definition is exp(i phi) times the gate; None where it is not."""
    from qiskit.quantum_info import Operator

    ours, theirs = Operator(definition).data, Operator(gate).data
    overlap = complex(np.vdot(theirs, ours)) / len(ours)
    return None if abs(abs(overlap) - 1) > _CLOSE else float(np.angle(overlap))


def _within(holder: Any, values: dict[Any, float]) -> dict[Any, float]:
    return {p: values[p] for p in holder.parameters if p in values}
