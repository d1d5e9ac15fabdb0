"""Circuits made longer without changing what they do, so that noise grows by a known factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qamctl.errors import UsageError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Folded:
    """A folded circuit, and by how much its gates really grew: partial folding goes by whole gates."""

    circuit: QuantumCircuit
    scale: float


def fold(circuit: QuantumCircuit, scale: float, *, barriers: bool = True) -> Folded:
    """Global folding: U becomes U (U^-1 U)^k, and the last gates of U once more there and back for a fraction.

    Giurgica-Tiron et al., "Digital zero noise extrapolation for quantum error mitigation", 2020. Measurements stay
    at the end. Between the copies stand barriers: a compiler would take U^-1 U away.

    Parameters
    ----------
    circuit
        Gates, then measurements; the gates that the target runs, for what it makes of others may grow otherwise.
    scale
        From 1; gates grow by it, to the nearest that whole gates allow.
    barriers
        False for targets that know none and compile nothing away.

    Raises
    ------
    UsageError
        The scale is below 1, or the circuit has something in its middle that can't be undone.
    """
    if not 1 <= scale < float("inf"):
        raise UsageError(f"noise can be scaled by 1 and more, not by {scale:g}")
    body, last = _parts(circuit)
    gates = sum(step.operation.name != "barrier" for step in body)
    whole, rest = divmod(round(gates * (scale - 1) / 2), gates) if gates else (0, 0)
    tail = _tail(body, rest)
    folded = circuit.copy_empty_like()
    copies = [body] + [part for _ in range(whole) for part in (_undone(body), body)]
    copies += [_undone(tail), tail] if rest else []
    for k, steps in enumerate(copies):
        if k and barriers:
            folded.barrier()
        for step in steps:
            folded.append(step.operation, step.qubits)
    for step in last:
        folded.append(step.operation, step.qubits, step.clbits)
    return Folded(folded, 1 + 2 * (whole + rest / gates) if gates else 1.0)


def measured_qubits(circuit: QuantumCircuit) -> tuple[int, ...]:
    """The qubit that is measured into each classical bit.

    Raises
    ------
    UsageError
        A bit has none, or the circuit has no bits.
    """
    found: dict[int, int] = {}
    times = 0
    for step in circuit.data:
        if step.operation.name == "measure":
            bit, times = circuit.find_bit(step.clbits[0]).index, times + 1
            found[bit] = circuit.find_bit(step.qubits[0]).index
    if not times == len(found) == circuit.num_clbits > 0:
        raise UsageError("every classical bit of the circuit must be measured once: measure into each, or take it out")
    return tuple(found[bit] for bit in range(circuit.num_clbits))


def _parts(circuit: QuantumCircuit) -> tuple[list[Any], list[Any]]:
    """The steps before the measurements, and the measurements with the barriers among them."""
    body: list[Any] = []
    last: list[Any] = []
    measured: set[Any] = set()
    for step in circuit.data:
        name = step.operation.name
        if name == "measure":
            last.append(step)
            measured.update(step.qubits)
        elif name == "barrier":
            (last if measured else body).append(step)
        elif step.clbits or not hasattr(step.operation, "to_matrix"):
            raise UsageError(f"`{name}` can't be undone: only gates, then measurements, can be folded")
        elif measured & set(step.qubits):
            raise UsageError(
                f"`{name}` follows a measurement of its qubit: only circuits that measure last can be folded"
            )
        else:
            body.append(step)
    return body, last


def _undone(steps: list[Any]) -> list[Any]:
    """The inverse of some steps."""
    return [step.replace(operation=step.operation.inverse()) for step in reversed(steps)]


def _tail(steps: list[Any], gates: int) -> list[Any]:
    """The last steps, with so many gates."""
    first, left = len(steps), gates
    while left:
        first -= 1
        left -= steps[first].operation.name != "barrier"
    return steps[first:]
