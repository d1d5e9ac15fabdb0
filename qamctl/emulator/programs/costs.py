"""What a job costs, in the shape in which the service bills it: by our price table, or by a target's own price."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure.prices import UNITS, CircuitFigures, Estimate, estimate, load_prices
from qamctl.emulator.targets import Target

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: What is billed, by provider: id, name and unit of each dimension, and the part of our estimate that it is.
_DIMENSIONS: Final = {
    "ionq": (
        ("gs1q", "1Q Gate Shot", "1q gate shot", "one_qubit"),
        ("gs2q", "2Q Gate Shot", "2q gate shot", "two_qubit"),
    ),
    "rigetti": (("qpu_time_centiseconds", "QPU Execution Time", "10ms (rounded up)", "time"),),
}

#: A call of a quantum instruction, in QIR's text.
_CALL: Final = re.compile(r"(?m)^\s*(?:%\S+ = )?(?:tail )?call \S+ @__quantum__qis__(\w+?)__\w+\((.*)\)")
_OTHERS: Final = frozenset({"m", "mz", "measure", "mresetz", "reset", "read_result", "barrier"})

#: Two-qubit gates that a gate of so many qubits is made of.
_TWO: Final = {2: 1, 3: 6}


def of_circuit(circuit: QuantumCircuit) -> CircuitFigures:
    """What the price of a circuit depends on."""
    sizes = [(one.operation.name, len(one.qubits)) for one in circuit.data]
    gates = [(name, size) for name, size in sizes if name not in ("measure", "reset", "barrier", "delay")]
    measured = sum(name in ("measure", "reset") for name, _ in sizes)
    return _figures(circuit.num_qubits, gates, measured, circuit.depth())


def of_qir(text: str, qubits: int) -> CircuitFigures:
    """The same of QIR that is no list of gates: each call once."""
    calls = [(match[1], match[2].count("%Qubit")) for match in _CALL.finditer(text)]
    gates = [(name, size) for name, size in calls if name not in _OTHERS]
    return _figures(qubits, gates, len(calls) - len(gates), len(calls))


def _figures(qubits: int, gates: Sequence[tuple[str, int]], measured: int, depth: int) -> CircuitFigures:
    two = sum(3 if name == "swap" else _TWO.get(size, 6 * (size - 2)) for name, size in gates if size > 1)
    return CircuitFigures(qubits, sum(size == 1 for _, size in gates), two, measured, depth)


def cost(target: Target, runs: Sequence[tuple[CircuitFigures, int]]) -> dict[str, Any] | None:
    """`costEstimate` of a job; None where no price is known.

    Parameters
    ----------
    runs
        Figures and shots of each program in the job.
    """
    if target.price is not None:
        shots = sum(shots for _, shots in runs)
        return _told([_event("shot", "Shot", "shot", shots, target.price)])
    found = [estimate(target.id, figures, shots, load_prices()) for figures, shots in runs]
    if not all(one.known for one in found):
        return None
    if found[0].currency in UNITS:
        name = found[0].currency
        # How much of it is billed is told, what it is worth follows from the plan.
        return _told([_event(name.lower(), name.upper(), "hqc", sum(one.amount for one in found), 0.0)])
    dimensions = _DIMENSIONS.get(target.provider, ())
    events = [_event(id, name, unit, _part(found, part), 1.0) for id, name, unit, part in dimensions]
    rest = sum(one.amount for one in found) - sum(event["amountBilled"] for event in events)
    if rest > 0:
        events.append(_event("minimum", "Minimum per Job", "job", rest, 1.0))
    return _told(events, found[0].currency, sum(one.micros for one in found) / 1e6)


def _part(found: Sequence[Estimate], name: str) -> float:
    return sum(one.breakdown.get(name, 0.0) for one in found)


def _event(id: str, name: str, unit: str, amount: float, price: float) -> dict[str, Any]:
    return {
        "dimensionId": id,
        "dimensionName": name,
        "measureUnit": unit,
        "amountBilled": float(amount),
        "amountConsumed": float(amount),
        "unitPrice": price,
    }


def _told(events: list[dict[str, Any]], currency: str = "USD", total: float | None = None) -> dict[str, Any]:
    if total is None:
        total = sum(event["amountBilled"] * event["unitPrice"] for event in events)
    return {"currencyCode": currency, "events": events, "estimatedTotal": total}
