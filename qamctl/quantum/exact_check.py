"""What a small circuit's bitstrings and observable should be, by qiskit's own state vectors: the checker's second road.

Nothing here is shared with the simulation but the values of conditions. Every past of a circuit is followed with its
probability; loops are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from qamctl.errors import QamError
from qamctl.quantum.simulate.classical import Memory, condition, value_of
from qamctl.quantum.simulate.lowering import final_measurements

#: Qubits, pasts and operations of a circuit that is recomputed.
QUBITS: Final = 16
PASTS: Final = 256
OPERATIONS: Final = 5000

#: Probabilities below this are rounding.
NEVER: Final = 1e-12

_Past = tuple[Any, Memory, float]


class _TooWideError(Exception):
    """The circuit is not followed to its end."""


def distribution(circuit: Any) -> dict[str, float] | None:
    """Bitstring -> probability; None where the circuit is too large, or loops."""
    ends = _ends(circuit)
    if ends is None:
        return None
    pasts, finals = ends
    found: dict[str, float] = {}
    qubits = [qubit for qubit, _ in finals]
    for state, memory, weight in pasts:
        last = state.probabilities_dict(qubits, decimals=15) if qubits else {"": 1.0}
        for text, chance in last.items():
            bits = bytearray(memory.bits)
            for k, (_, bit) in enumerate(finals):
                bits[bit] = int(text[len(text) - 1 - k])
            if weight * chance > NEVER:
                key = "".join(map(str, reversed(bits)))
                found[key] = found.get(key, 0.0) + weight * chance
    return found


def expectation(circuit: Any, terms: Sequence[tuple[str, float]]) -> float | None:
    """The mean of a sum of Pauli strings before the measurements that end the circuit; None as for `distribution`."""
    from qiskit.quantum_info import SparsePauliOp

    ends = _ends(circuit)
    if ends is None:
        return None
    operator = SparsePauliOp.from_list([(label, weight) for label, weight in terms])
    return float(sum(weight * state.expectation_value(operator).real for state, _, weight in ends[0]))


def _ends(circuit: Any) -> tuple[list[_Past], list[tuple[int, int]]] | None:
    """The pasts before the last measurements, and (qubit, bit) of those."""
    from qiskit.quantum_info import Statevector

    if circuit.num_qubits > QUBITS or len(circuit.data) > OPERATIONS:
        return None
    finals = final_measurements(circuit)
    data = [one for at, one in enumerate(circuit.data) if at not in finals]
    qubits = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    bits = {bit: k for k, bit in enumerate(circuit.clbits)}
    start = [(Statevector.from_int(0, 2**circuit.num_qubits), Memory(bytearray(circuit.num_clbits)), 1.0)]
    try:
        pasts = _followed(start, data, qubits, bits)
    except (_TooWideError, QamError):
        return None
    last = [(qubits[circuit.data[at].qubits[0]], bit) for at, bit in finals.items()]
    return pasts, last


def _followed(
    pasts: list[_Past], data: Sequence[Any], qubits: Mapping[Any, int], bits: Mapping[Any, int]
) -> list[_Past]:
    for one in data:
        operation, on = one.operation, [qubits[qubit] for qubit in one.qubits]
        if operation.name in ("measure", "reset"):
            bit = bits[one.clbits[0]] if one.clbits else None
            pasts = [after for past in pasts for after in _measured(past, on[0], bit)]
            if len(pasts) > PASTS:
                raise _TooWideError
        elif hasattr(operation, "blocks"):
            pasts = [after for past in pasts for after in _branched(past, one, on, bits)]
        elif operation.name in ("store", "break_loop", "continue_loop"):
            raise _TooWideError
        elif operation.name not in ("barrier", "delay"):
            pasts = [(state.evolve(operation, on), memory, weight) for state, memory, weight in pasts]
    return pasts


def _measured(past: _Past, qubit: int, bit: int | None) -> list[_Past]:
    """The pasts after a measurement; without a bit the qubit is reset."""
    from qiskit.quantum_info import Operator

    state, memory, weight = past
    found: list[_Past] = []
    for value, chance in enumerate(state.probabilities([qubit])):
        if chance < NEVER:
            continue
        kept = Operator([[1 - value, 0], [0, value]]) if bit is not None or not value else Operator([[0, 1], [0, 0]])
        after, own = state.evolve(kept, [qubit]) / chance**0.5, memory.copy()
        if bit is not None:
            own.bits[bit] = value
        found.append((after, own, weight * float(chance)))
    return found


def _branched(past: _Past, one: Any, on: list[int], bits: Mapping[Any, int]) -> list[_Past]:
    """The pasts after a condition."""
    from qiskit.circuit import CASE_DEFAULT

    operation, memory = one.operation, past[1]
    chosen: Any = None
    if operation.name == "if_else":
        then, otherwise = (*operation.blocks, None)[:2]
        chosen = then if condition(operation.condition, bits)(memory) else otherwise
    elif operation.name == "switch_case":
        value = int(value_of(operation.target, bits)(memory))
        cases = operation.cases_specifier()
        chosen = next((body for labels, body in cases if CASE_DEFAULT in labels or value in labels), None)
    elif operation.name == "box":
        chosen = operation.blocks[0]
    else:
        raise _TooWideError
    if chosen is None:
        return [past]
    inner = dict(bits) | {own: bits[bit] for own, bit in zip(chosen.clbits, one.clbits, strict=True)}
    return _followed([past], chosen.data, dict(zip(chosen.qubits, on, strict=True)), inner)
