"""QIR as a circuit, so that it is simulated once instead of once a shot; what is no circuit is left to qdk's simulator.

Programs of the base profile are a list of calls; so is every one whose qubits are known and that does not branch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.noise import Noisy
from qamctl.emulator.programs.sampled import Sampled, in_columns, in_order, simulated
from qamctl.quantum.program import from_strings
from qamctl.quantum.qir import QirInfo, run_qir

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: How results of a shot are nested: the place of one among those that are recorded, or a list or tuple of such.
Shape = int | list[Any] | tuple[Any, ...]

#: Instruction (without its prefix) -> the method of a qiskit circuit, angles first.
_GATES: Final[Mapping[str, str]] = {
    **{f"{name}__body": name for name in ("h", "x", "y", "z", "s", "t", "sx", "cx", "cy", "cz", "ch", "swap", "ccx")},
    **{f"{name}__body": name for name in ("rx", "ry", "rz", "rxx", "ryy", "rzz")},
    "s__adj": "sdg",
    "t__adj": "tdg",
    "sdg__body": "sdg",
    "tdg__body": "tdg",
    "cnot__body": "cx",
    "ccnot__body": "ccx",
    "toffoli__body": "ccx",
    "id__body": "id",
    "i__body": "id",
}

_MEASURE: Final = frozenset({"m__body", "mz__body", "measure__body", "mresetz__body"})
_RESET: Final = frozenset({"reset__body", "mresetz__body"})

_QIS, _RT = "__quantum__qis__", "__quantum__rt__"
_RECORDS: Final = re.compile(r"__quantum__rt__(result|array|tuple)_record_output").fullmatch

#: Tuples and arrays within one another.
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A program as a list.

    Attributes
    ----------
    circuit
        Bit k is result k; None where the program is no list of gates that circuits have.
    recorded
        Results in the order in which they are recorded; empty where that is not known.
    shape
        How they are nested.
    """

    circuit: QuantumCircuit | None
    recorded: tuple[int, ...]
    shape: Shape


def listed(info: QirInfo) -> Listed:
    """What a program does, as far as it can be read off it."""
    import pyqir

    module = pyqir.Module.from_ir(pyqir.Context(), info.text)
    entry = next(function for function in module.functions if pyqir.is_entry_point(function))
    blocks = entry.basic_blocks
    calls = [
        step for block in blocks for step in block.instructions
        if isinstance(step, pyqir.Call) and step.callee.name.startswith((_QIS, _RT))
    ]  # fmt: skip
    others = {str(step.opcode) for block in blocks for step in block.instructions if not isinstance(step, pyqir.Call)}
    shape, recorded = _shape(calls)
    straight = len(blocks) == 1 and others <= {str(pyqir.Opcode.RET)}
    circuit = _circuit(info, calls) if straight and recorded else None
    return Listed(circuit, recorded, shape)


def run(info: QirInfo, program: Listed, shots: int, seed: int, noise: Noisy | None = None) -> Sampled:
    """Shots of a program, whose bits are the results that it records, in that order.

    Raises
    ------
    BadProgram
        Noise is asked for, and it is no list of gates.
    QamError
        It is too large, or can't be simulated.
    """
    if program.circuit is not None:
        return in_columns(simulated(program.circuit, shots, seed, noise), program.recorded)
    if noise is not None:
        raise BadProgram(
            "The program branches, or calls what circuits do not have, and noise is simulated of circuits only: run it "
            "without noise ('error-model': false on Quantinuum's emulators).",
            "NoiseNotSupported",
        )
    strings = run_qir(info, shots, seed)
    return in_order(from_strings({text[::-1]: count for text, count in strings.items()}, _width(strings)), seed)


def width(info: QirInfo, program: Listed) -> int:
    """How many results a program records; where that can't be read off it, one shot is run.

    Raises
    ------
    QamError
        As `run`.
    """
    return len(program.recorded) or _width(run_qir(info, 1, 0))


def nested(shape: Shape, bits: Sequence[Any]) -> Any:
    """The bits of a shot as they are recorded: lists are lists, tuples objects with `Item1` and so on."""
    if isinstance(shape, int):
        return bits[shape]
    parts = [nested(part, bits) for part in shape]
    return parts if isinstance(shape, list) else {f"Item{k}": part for k, part in enumerate(parts, 1)}


def _width(strings: Mapping[str, int]) -> int:
    widths = {len(text) for text in strings}
    if len(widths) > 1:
        raise BadProgram("The program records another number of results in each shot.")
    return widths.pop()


def _circuit(info: QirInfo, calls: Sequence[Any]) -> QuantumCircuit | None:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(info.qubits, info.results)
    for call in calls:
        name = call.callee.name
        if name.startswith(_RT):
            if _RECORDS(name) or name == f"{_RT}initialize":
                continue
            return None
        if not _add(circuit, name.removeprefix(_QIS), call.args):
            return None
    return circuit


def _add(circuit: QuantumCircuit, name: str, args: Sequence[Any]) -> bool:
    """Add an instruction; False where circuits have no such, or its qubits are not known here."""
    import pyqir

    angles = [arg.value for arg in args if isinstance(arg, pyqir.FloatConstant)]
    places = [pyqir.ptr_id(arg) for arg in args if not isinstance(arg, pyqir.FloatConstant)]
    if None in places or any(place >= circuit.num_qubits for place in places[:1]):
        return False
    if name in _MEASURE and len(places) == 2:
        if places[1] >= circuit.num_clbits:
            return False
        circuit.measure(*places)
    if name in _RESET:
        circuit.reset(places[0])
    if name in _MEASURE | _RESET:
        return True
    if name not in _GATES or any(place >= circuit.num_qubits for place in places) or len(set(places)) < len(places):
        return False
    getattr(circuit, _GATES[name])(*angles, *places)
    return True


def _shape(calls: Sequence[Any]) -> tuple[Shape, tuple[int, ...]]:
    """How results are nested, and which are recorded; a flat list where it can't be told."""
    import pyqir

    found: list[int] = []
    steps: list[tuple[str, int]] = []
    for call in calls:
        match = _RECORDS(call.callee.name)
        if match is None:
            continue
        value = pyqir.ptr_id(call.args[0]) if match[1] == "result" else getattr(call.args[0], "value", None)
        if value is None:
            return [], ()
        if match[1] == "result":
            steps.append(("result", len(found)))
            found.append(value)
        else:
            steps.append((match[1], value))
    flat = list(range(len(found)))
    waiting, shapes = iter(steps), []
    try:
        for step in waiting:
            shapes.append(_one(step, waiting, 0))  # noqa: PERF401 - each one takes what it needs of the rest
    except _Loose:
        return flat, tuple(found)
    return (shapes[0] if len(shapes) == 1 else shapes), tuple(found)


class _Loose(Exception):
    """Arrays and tuples do not add up: the program records in branches."""


def _one(step: tuple[str, int], rest: Iterator[tuple[str, int]], depth: int) -> Shape:
    kind, number = step
    if kind == "result":
        return number
    parts = []
    for _ in range(number):
        following = next(rest, None)
        if following is None or depth > _DEEPEST:
            raise _Loose
        parts.append(_one(following, rest, depth + 1))
    return parts if kind == "array" else tuple(parts)
