"""IonQ's JSON circuits (`ionq.circuit.v1`, gates of the set "qis") as circuits in which every qubit is measured."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs.sampled import BadProgram

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Gate -> the method of a qiskit circuit, its angles, its targets; controls stand before the name.
_GATES: Final[Mapping[str, tuple[str, int, int]]] = MappingProxyType(
    {
        "x": ("x", 0, 1), "not": ("x", 0, 1), "y": ("y", 0, 1), "z": ("z", 0, 1), "h": ("h", 0, 1), "s": ("s", 0, 1),
        "si": ("sdg", 0, 1), "t": ("t", 0, 1), "ti": ("tdg", 0, 1), "v": ("sx", 0, 1), "vi": ("sxdg", 0, 1),
        "rx": ("rx", 1, 1), "ry": ("ry", 1, 1), "rz": ("rz", 1, 1), "swap": ("swap", 0, 2), "cnot": ("x", 0, 1),
        "xx": ("rxx", 1, 2), "yy": ("ryy", 1, 2), "zz": ("rzz", 1, 2),
    }
)  # fmt: skip

#: Qubits of a circuit, before memory is taken.
_MOST: Final = 1000


def read(source: bytes) -> QuantumCircuit:
    """The circuit, each of its qubits measured into the bit of the same index.

    Raises
    ------
    BadProgram
        It is no such circuit.
    """
    from qiskit import QuantumCircuit

    try:
        content = json.loads(source)
    except (ValueError, RecursionError):
        raise BadProgram("The circuit is not valid JSON.") from None
    steps = content.get("circuit") if isinstance(content, dict) else None
    if not isinstance(steps, list):
        raise BadProgram("The circuit has no list 'circuit'.")
    size = _size(content.get("qubits"))
    circuit = QuantumCircuit(size, size)
    for step in steps:
        _add(circuit, step)
    circuit.measure(range(size), range(size))
    return circuit


def _size(found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= _MOST:
        raise BadProgram(f"The number of qubits must be from 1 to {_MOST}.")
    return found


def _add(circuit: QuantumCircuit, step: Any) -> None:
    from qiskit import QuantumCircuit

    name = step.get("gate") if isinstance(step, dict) else None
    if not isinstance(name, str) or name not in _GATES:
        raise BadProgram(f"The gate {str(name)[:40]!r} is not supported.")
    method, angles, size = _GATES[name]
    targets, controls = _places(circuit, step, "target"), _places(circuit, step, "control")
    if len(targets) != size or len({*targets, *controls}) < size + len(controls):
        raise BadProgram(f"The gate {name!r} acts on other qubits than it can.")
    if name == "cnot" and not controls:
        raise BadProgram("The gate 'cnot' has no control.")
    values = [_angle(step)] if angles else []
    if not controls:
        getattr(circuit, method)(*values, *targets)
        return
    plain = QuantumCircuit(size)
    getattr(plain, method)(*values, *range(size))
    gate = plain.data[0].operation.control(len(controls), annotated=False)
    circuit.append(gate, [*controls, *targets])


def _places(circuit: QuantumCircuit, step: Mapping[str, Any], name: str) -> list[int]:
    """Qubits of a gate, which are told as one number or as a list."""
    found = step.get(f"{name}s", step.get(name, []))
    places = found if isinstance(found, list) else [found]
    for place in places:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < circuit.num_qubits:
            raise BadProgram(f"There is no qubit {str(place)[:40]!r} in the circuit.")
    return places


def _angle(step: Mapping[str, Any]) -> float:
    found = step.get("rotation")
    if not isinstance(found, int | float) or isinstance(found, bool) or not math.isfinite(found):
        raise BadProgram(f"The gate {step['gate']!r} needs a number 'rotation'.")
    return float(found)
