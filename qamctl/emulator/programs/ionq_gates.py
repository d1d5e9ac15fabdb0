"""The gates of IonQ's two sets, as gates of qiskit circuits: "qis", abstract ones, and "native", those of the machines.

Sources: docs.ionq.com, "Writing quantum programs" and "Native gates" (API v0.3), and what Azure's SDK sends
(azure/quantum/qiskit/backends/_qiskit_ionq.py): it makes a phase a `z` with a rotation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs.fault import BadProgram

if TYPE_CHECKING:
    from qiskit.circuit import Gate

#: Gate -> the method of a qiskit circuit, its angles, its targets; controls stand before the name.
QIS: Final[Mapping[str, tuple[str, int, int]]] = MappingProxyType(
    {
        "x": ("x", 0, 1), "not": ("x", 0, 1), "y": ("y", 0, 1), "z": ("z", 0, 1), "h": ("h", 0, 1), "s": ("s", 0, 1),
        "si": ("sdg", 0, 1), "t": ("t", 0, 1), "ti": ("tdg", 0, 1), "v": ("sx", 0, 1), "vi": ("sxdg", 0, 1),
        "rx": ("rx", 1, 1), "ry": ("ry", 1, 1), "rz": ("rz", 1, 1), "swap": ("swap", 0, 2), "cnot": ("x", 0, 1),
        "xx": ("rxx", 1, 2), "yy": ("ryy", 1, 2), "zz": ("rzz", 1, 2),
    }
)  # fmt: skip

#: Native gate -> its qubits, and the machines that have it, by their ids (simulators have all).
NATIVE: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {"gpi": (1, ""), "gpi2": (1, ""), "ms": (2, "aria"), "zz": (2, "forte")}
)

#: A turn of 2 pi, in which angles of native gates are told, and the most of an entangling one.
_TURN, _MOST_ANGLE = 2 * math.pi, 0.25


def qis_gate(step: Mapping[str, Any]) -> tuple[Gate, int]:
    """An abstract gate without its controls, and how many targets it has.

    Raises
    ------
    BadProgram
        There is no such gate, or its angle is no number.
    """
    from qiskit import QuantumCircuit

    name = step["gate"]
    if name not in QIS:
        raise BadProgram(f"The gate {name[:40]!r} is not supported.")
    method, angles, size = QIS[name]
    if name == "z" and step.get("rotation") is not None:
        method, angles = "p", 1
    values = [_number(step, "rotation", step.get("rotation"))] if angles else []
    plain = QuantumCircuit(size)
    getattr(plain, method)(*values, *range(size))
    return plain.data[0].operation, size


def native_gate(step: Mapping[str, Any], machine: str) -> tuple[Gate, int]:
    """A gate of the machines, and how many targets it has.

    `gpi` turns by half a turn about an axis of the equator and `gpi2` by a quarter; `ms` turns about two such axes at
    once, and `zz` about Z and Z.

    Parameters
    ----------
    machine
        The target's id.

    Raises
    ------
    BadProgram
        There is no such gate on the machine, or a phase or angle is none.
    """
    from qiskit.circuit.library import RGate, RZZGate

    name = step["gate"]
    size, maker = NATIVE.get(name, (0, ""))
    if not size or (".qpu." in machine and maker not in machine):
        where = f" on the target '{machine}'" if size else ""
        raise BadProgram(f"The native gate {name[:40]!r} is not supported{where}.")
    if name == "zz":
        return RZZGate(_TURN * _angle(step, None)), size
    phases = _phases(step, size)
    if name == "ms":
        return _ms(phases, _TURN * _angle(step, _MOST_ANGLE)), size
    return RGate(math.pi if name == "gpi" else math.pi / 2, phases[0]), size


def _ms(phases: Sequence[float], angle: float) -> Gate:
    """exp(-i angle/2 A B), where A and B are cos(phase) X + sin(phase) Y of either qubit; billed as one gate, too."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, name="ms")
    for qubit, phase in enumerate(phases):
        circuit.rz(-phase, qubit)
    circuit.rxx(angle, 0, 1)
    for qubit, phase in enumerate(phases):
        circuit.rz(phase, qubit)
    return circuit.to_gate()


def _phases(step: Mapping[str, Any], size: int) -> list[float]:
    """Phases in radians, one of each qubit."""
    found = step.get("phases") if size > 1 else [step.get("phase")]
    if not isinstance(found, list) or len(found) != size:
        raise BadProgram(f"The gate {step['gate']!r} needs a list 'phases' of {size} numbers.")
    turns = [_number(step, "phase" if size == 1 else "phases", value) for value in found]
    if any(abs(turn) > 1 for turn in turns):
        raise BadProgram(f"The phases of the gate {step['gate']!r} must be from -1 to 1 turns.")
    return [_TURN * turn for turn in turns]


def _angle(step: Mapping[str, Any], default: float | None) -> float:
    """In turns."""
    found = _number(step, "angle", step.get("angle", default))
    if not 0 <= found <= _MOST_ANGLE:
        raise BadProgram(f"The angle of the gate {step['gate']!r} must be from 0 to {_MOST_ANGLE} turns.")
    return found


def _number(step: Mapping[str, Any], name: str, found: Any) -> float:
    value = float(found) if isinstance(found, float) or (type(found) is int and abs(found) < 2**53) else math.nan
    if not math.isfinite(value):
        raise BadProgram(f"The gate {step['gate']!r} needs a number {name!r}.")
    return value
