"""IonQ's JSON circuits (`ionq.circuit.v1`) as circuits in which every qubit is measured.

A document has `circuit`, a list of gates, and may say `qubits`, `gateset` and `format`. What else is in it, as
`error_mitigation`, changes nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.ionq_gates import native_gate, qis_gate

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Names of the format; nothing else is known of it.
_FORMATS: Final = (None, "ionq.circuit.v0", "ionq.circuit.v1")

#: Qubits of a circuit, before memory is taken.
_MOST: Final = 1000

#: Controls of a gate.
_CONTROLS: Final = 7


def read(source: bytes, target: str = "ionq.simulator") -> QuantumCircuit:
    """The circuit, each of its qubits measured into the bit of the same index.

    Parameters
    ----------
    target
        The id of the target, whose native gates are taken.

    Raises
    ------
    BadProgram
        It is no such circuit.
    """
    from qiskit import QuantumCircuit

    content = _content(source)
    steps, native = content["circuit"], content["gateset"] == "native"
    size = _size(content.get("qubits"), steps)
    circuit = QuantumCircuit(size, size)
    for step in steps:
        _add(circuit, step, target if native else "")
    circuit.measure(range(size), range(size))
    return circuit


def _content(source: bytes) -> dict[str, Any]:
    try:
        content = json.loads(source)
    except (ValueError, RecursionError):
        raise BadProgram("The circuit is not valid JSON.") from None
    if isinstance(content, dict) and "circuits" in content:
        raise BadProgram("A job has one circuit: submit a job for each of the list 'circuits'.")
    if not isinstance(content, dict) or not isinstance(content.get("circuit"), list):
        raise BadProgram("The circuit has no list 'circuit'.")
    if content.get("format") not in _FORMATS:
        raise BadProgram(f"The circuit has the format {str(content['format'])[:40]!r}; {_FORMATS[1]!r} is taken.")
    gateset = content.get("gateset") or "qis"
    if gateset not in ("qis", "native"):
        raise BadProgram(f"There is no set of gates {str(gateset)[:40]!r}: there are 'qis' and 'native'.")
    return content | {"gateset": gateset}


def _size(found: Any, steps: list[Any]) -> int:
    """Qubits of the circuit: where it does not say, up to the highest that a gate acts on."""
    if found is None:
        places = [place for step in steps for name in ("target", "control") for place in _listed(step, name)]
        found = max((place for place in places if isinstance(place, int)), default=-1) + 1
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= _MOST:
        raise BadProgram(f"The number of qubits must be from 1 to {_MOST}.")
    return found


def _add(circuit: QuantumCircuit, step: Any, native: str) -> None:
    """Add a gate; `native` is the machine whose own gates are meant."""
    name = step.get("gate") if isinstance(step, dict) else None
    if not isinstance(name, str):
        raise BadProgram(f"The gate {str(name)[:40]!r} is not supported.")
    gate, size = native_gate(step, native) if native else qis_gate(step)
    targets, controls = _places(circuit, step, "target"), _places(circuit, step, "control")
    if len(targets) != size or len({*targets, *controls}) < size + len(controls) or (native and controls):
        raise BadProgram(f"The gate {name!r} acts on other qubits than it can.")
    if name == "cnot" and not controls:
        raise BadProgram("The gate 'cnot' has no control.")
    if len(controls) > _CONTROLS:
        raise BadProgram(f"The gate {name!r} has more than {_CONTROLS} controls.")
    if controls:
        gate = gate.control(len(controls), annotated=False)
    circuit.append(gate, [*controls, *targets])


def _places(circuit: QuantumCircuit, step: Any, name: str) -> list[int]:
    places = _listed(step, name)
    for place in places:
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < circuit.num_qubits:
            raise BadProgram(f"There is no qubit {str(place)[:40]!r} in the circuit.")
    return places


def _listed(step: Any, name: str) -> list[Any]:
    """Qubits of a gate, which are told as one number or as a list."""
    given: Mapping[str, Any] = step if isinstance(step, dict) else {}
    found = given.get(f"{name}s", given.get(name, []))
    return found if isinstance(found, list) else [found]
