"""Quil, as far as it is gates, declarations and measurements, as a circuit; a program with more fails as on the QVM.

Angles may name memory of the type REAL, whose values the job gives as `substitutions`: a list of vectors for each
region, with which the program runs one after the other (azure/quantum/target/rigetti/target.py, `InputParams`).
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.emulator.programs.fault import BadProgram

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Gate -> the method of a qiskit circuit, its angles, its qubits.
_GATES: Final[Mapping[str, tuple[str, int, int]]] = MappingProxyType(
    {
        "I": ("id", 0, 1), "X": ("x", 0, 1), "Y": ("y", 0, 1), "Z": ("z", 0, 1), "H": ("h", 0, 1),
        "S": ("s", 0, 1), "T": ("t", 0, 1), "RX": ("rx", 1, 1), "RY": ("ry", 1, 1), "RZ": ("rz", 1, 1),
        "PHASE": ("p", 1, 1), "CNOT": ("cx", 0, 2), "CZ": ("cz", 0, 2), "SWAP": ("swap", 0, 2),
        "ISWAP": ("iswap", 0, 2), "CPHASE": ("cp", 1, 2), "CCNOT": ("ccx", 0, 3),
    }
)  # fmt: skip

_GATE: Final = re.compile(r"([A-Za-z][\w-]*)\s*(?:\((.*)\))?((?:\s+[0-9]{1,6})+)")
_DECLARE: Final = re.compile(r"DECLARE\s+([A-Za-z_]\w*)\s+([A-Z]+)(?:\[([0-9]{1,6})\])?")
_MEASURE: Final = re.compile(r"MEASURE\s+([0-9]{1,6})(?:\s+([A-Za-z_]\w*)(?:\[([0-9]{1,6})\])?)?")

#: Qubits and bits of a program, before memory is taken; and how often it runs with other values.
_MOST: Final = 1000

#: Values of memory, by region.
Values = Mapping[str, Sequence[float]]


@dataclass(slots=True)
class _Read:
    """What was read so far: registers with their sizes, memory with its values, gates and measurements."""

    given: Values
    registers: dict[str, int] = field(default_factory=dict)
    memory: dict[str, Sequence[float]] = field(default_factory=dict)
    steps: list[tuple[str, tuple[float, ...], tuple[int, ...]]] = field(default_factory=list)
    measured: list[tuple[int, int, str, int]] = field(default_factory=list)


def runs(params: Mapping[str, Any]) -> list[Values]:
    """The values with which a program runs: once without any, unless the job says.

    Raises
    ------
    BadProgram
        They are no lists of numbers, or not as many for each region.
    """
    given = params.get("substitutions")
    if given is None or given == {}:
        return [{}]
    regions: list[Any] = list(given.values()) if isinstance(given, dict) else [None]
    if not all(isinstance(region, list) and all(map(_is_vector, region)) for region in regions):
        raise BadProgram("The input parameter 'substitutions' must have a list of lists of numbers for each region.")
    sizes = {len(region) for region in regions}
    if len(sizes) > 1 or not 1 <= min(sizes) <= _MOST:
        raise BadProgram(f"The regions of 'substitutions' must have as many lists each, from 1 to {_MOST}.")
    return [dict(zip(given, vectors, strict=True)) for vectors in zip(*regions, strict=True)]


def _is_vector(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(value, float) or (type(value) is int and abs(value) < 2**53) for value in found
    )


def read(source: bytes, values: Values = MappingProxyType({})) -> QuantumCircuit:
    """The circuit of a program, with a classical register for each that it declares.

    Parameters
    ----------
    values
        Of its memory; what is not there is 0.

    Raises
    ------
    BadProgram
        It has an instruction that is not known.
    """
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid("bytes that are no text") from None
    found = _Read(values)
    for line in re.split(r"[\n;]", text):
        code = line.partition("#")[0].strip()
        if code and not code.startswith("PRAGMA"):
            _read_line(code, found)
    for name in values:
        if name not in found.memory:
            raise BadProgram(f"The program declares no memory {name[:40]!r} of the type REAL.")
    return _circuit(found)


def _read_line(code: str, found: _Read) -> None:
    declared, measured, gate = _DECLARE.fullmatch(code), _MEASURE.fullmatch(code), _GATE.fullmatch(code)
    if declared is not None:
        _declare(declared[1], declared[2], int(declared[3] or 1), found)
    elif measured is not None:
        name, at = measured[2], int(measured[3] or 0)
        if name is not None and at >= found.registers.get(name, 0):
            raise BadProgram(f"The program measures into {name}[{at}], which is not declared.")
        found.measured.append((len(found.steps), int(measured[1]), name or "", at))
    elif gate is not None and gate[1] in _GATES:
        method, angles, qubits = _GATES[gate[1]]
        places = tuple(map(int, gate[3].split()))
        values = tuple(_angle(part, found.memory) for part in (gate[2] or "").split(",") if part.strip())
        if len(values) != angles or len(places) != qubits or len(set(places)) != qubits:
            raise _invalid(code)
        found.steps.append((method, values, places))
    else:
        raise _invalid(code)


def _declare(name: str, kind: str, size: int, found: _Read) -> None:
    if kind == "BIT":
        found.registers[name] = size
    elif kind != "REAL":
        raise BadProgram(f"Memory of the type {kind} is not supported: declare BIT or REAL.")
    elif size > _MOST or len(found.given.get(name, range(size))) != size:
        raise BadProgram(f"The memory {name}[{size}] is given {len(found.given.get(name, ()))} values.")
    else:
        found.memory[name] = found.given.get(name, [0.0] * size)


def _circuit(found: _Read) -> QuantumCircuit:
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    used = [place for _, _, places in found.steps for place in places] + [qubit for _, qubit, _, _ in found.measured]
    size, bits = max(used, default=0) + 1, sum(found.registers.values())
    if size > _MOST or bits > _MOST:
        raise BadProgram(f"The program needs more than {_MOST} qubits or bits.")
    registers = {name: ClassicalRegister(size, name) for name, size in found.registers.items()}
    circuit = QuantumCircuit(QuantumRegister(size, "qubits"), *registers.values())
    measured = iter([*found.measured, (-1, 0, "", 0)])
    at, qubit, name, bit = next(measured)
    for number in range(len(found.steps) + 1):
        while at == number:
            if name:
                circuit.measure(qubit, registers[name][bit])
            at, qubit, name, bit = next(measured)
        if number < len(found.steps):
            method, angles, places = found.steps[number]
            getattr(circuit, method)(*angles, *places)
    return circuit


def _invalid(code: str) -> BadProgram:
    """What the QVM says of an instruction that it does not know."""
    operator = code.split()[0].partition("(")[0]
    return BadProgram(
        "QVM reported a problem running your program: error when calling QVM: failed to perform multishot: Encountered "
        f"the invalid instruction\n\n    {code}\n\nwhich could not be executed because the operator {operator} is not "
        "known"
    )


_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = MappingProxyType(
    {
        ast.Add: lambda a, b: a + b,
        ast.Sub: lambda a, b: a - b,
        ast.Mult: lambda a, b: a * b,
        ast.Div: lambda a, b: a / b if b else math.nan,
    }
)


def _angle(text: str, memory: Values) -> float:
    """An angle: a number, `pi`, a place in memory, or what is made of them."""
    try:
        value = _value(ast.parse(text.strip(), mode="eval").body, memory)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise BadProgram(f"The program has the angle {text.strip()[:40]!r}, which is no number.")
    return value


def _value(node: ast.expr, memory: Values) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name) and node.id == "pi":
        return math.pi
    if isinstance(node, ast.Name | ast.Subscript):
        return _held(node, memory)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_value(node.operand, memory) if isinstance(node.op, ast.USub) else _value(node.operand, memory)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, memory), _value(node.right, memory))
    return math.nan


def _held(node: ast.Name | ast.Subscript, memory: Values) -> float:
    """A value in memory: `theta` is `theta[0]`."""
    name, place = (node, 0) if isinstance(node, ast.Name) else (node.value, getattr(node.slice, "value", None))
    held = memory.get(name.id, ()) if isinstance(name, ast.Name) else ()
    return held[place] if type(place) is int and 0 <= place < len(held) else math.nan
