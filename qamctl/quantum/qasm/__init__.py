"""OpenQASM in and out: circuits as text, read so that every fault has its place, and nothing else is opened.

Version 3 is what is written; version 2 is read, too. No file is included but the standard gates, which are built in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import Diagnostic, Location, SpecError, UnsupportedError
from qamctl.quantum.qasm.limits import CLBITS, OPERATIONS, QUBITS, SIZE, too_many_operations
from qamctl.quantum.qasm.syntax import Fault, blank, check_comments, place

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_VERSION: Final = re.compile(r"\s*OPENQASM\s+([0-9]+)(?:\.[0-9]+)?\s*;")


def is_qasm(head: bytes) -> bool:
    """Whether a file that begins so is OpenQASM: behind comments it has a version, or includes the standard gates."""
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    text = re.sub(r"\A(?:\s+|//[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z))+", "", text, flags=re.DOTALL)
    return re.match(r'OPENQASM\b|include\s*"(?:stdgates|qelib1)\.inc"', text) is not None


def loads(text: str | bytes, label: str, *, unbound: bool = False) -> QuantumCircuit:
    """The circuit of an OpenQASM 3 or 2 program.

    It has standard gates only, qubits and bits in the order in which they are declared.

    Parameters
    ----------
    text
        The program. Without a version line it is taken as version 3.
    label
        What messages call the file.
    unbound
        Whether `input` parameters may stay without a value.

    Raises
    ------
    SpecError
        The program is at fault, or beyond the limits: 4 MiB, 10,000 qubits, 100,000 bits, 250,000 operations with
        loops unrolled and gates expanded.
    """
    from qamctl.quantum.qasm.circuit import Faults

    try:
        source = _text(text)
        version = _VERSION.match(blank(source))
        circuit = _loads_2(source) if version is not None and version[1] == "2" else _loads_3(source, version)
        _check(circuit, source, unbound)
        return circuit
    except Faults as faults:
        found = faults.found
    except Fault as fault:
        found = [fault]
    places = [Diagnostic(f.message, Location(label, f.line, f.column), f.hint) for f in found]
    raise SpecError(f"{label} can't be read as OpenQASM: {found[0].message}", places)


def dumps(circuit: QuantumCircuit) -> str:
    """A circuit as an OpenQASM 3 program.

    `loads` reads it back to an equivalent circuit where that has gates, measurements, resets, barriers, delays, `if`
    and `while` on a bit or a register's value, and `for` over numbers. It refuses `switch`, `break`, `continue`,
    variables, and operations on bits, which are written all the same.

    Raises
    ------
    UnsupportedError
        OpenQASM has no form for something in it.
    """
    from qiskit import qasm3

    try:
        return str(qasm3.dumps(circuit))
    except qasm3.QASM3ExporterError as error:
        raise UnsupportedError(f"the circuit has no form in OpenQASM 3: {error.message}") from None


def _text(text: str | bytes) -> str:
    """The program's text, with `\\n` at the end of each line."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > SIZE:
        raise Fault(f"{len(raw):,} bytes are more than the {SIZE:,} that are taken")
    try:
        decoded = raw.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        good = raw[: error.start].decode("utf-8")
        raise Fault("it is no UTF-8 text", *place(good, len(good))) from None
    source = decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    strange = re.search(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]", source)
    if strange is not None:
        raise Fault(f"it is no text: it has the character {strange[0]!r}", *place(source, strange.start()))
    check_comments(source)
    if not blank(source).strip():
        raise Fault("there is no program in it", 1, 1, "a program begins with `OPENQASM 3.0;`")
    return source


def _loads_3(source: str, version: re.Match[str] | None) -> QuantumCircuit:
    from qamctl.quantum.qasm.circuit import circuit_of
    from qamctl.quantum.qasm.gates import expanded
    from qamctl.quantum.qasm.syntax import syntax_tree

    if version is not None and version[1] != "3":
        at = place(source, version.start(1))
        raise Fault(f"there is no OpenQASM {version[1]} here", *at, "versions 2 and 3 are read")
    return expanded(circuit_of(syntax_tree(source)))


def _loads_2(source: str) -> QuantumCircuit:
    from qiskit import qasm2

    from qamctl.quantum.qasm.gates import expanded
    from qamctl.quantum.qasm.syntax import look_at

    code = blank(source)
    look_at(code)
    _look_at_2(source, code)
    try:
        circuit = qasm2.loads(source, include_path=())
    except qasm2.QASM2ParseError as error:
        match = re.match(r"<input>:(\d+),(\d+): (.*)", error.message, re.DOTALL)
        if match is None:
            # The one fault that its lexer tells without a place.
            sign = re.search(r"(?<![=<>!])=(?!=)", code)
            raise Fault(error.message, *((None, None) if sign is None else place(code, sign.start()))) from None
        raise Fault(match[3], int(match[1]), int(match[2]) + 1) from None
    return expanded(circuit)


def _look_at_2(source: str, code: str) -> None:
    """Refuse, before anything is allocated, what would take too much, and files but the standard gates."""
    sizes = {"qreg": 0, "creg": 0}
    widest, operations = 1, 0
    for match in re.finditer(r"\b(qreg|creg)\s+\w+\s*\[\s*([0-9]+)\s*\]", code):
        size = int(match[2]) if len(match[2]) < 10 else CLBITS + 1
        sizes[match[1]] += size
        widest = max(widest, size)
        what, most = ("qubits", QUBITS) if match[1] == "qreg" else ("bits", CLBITS)
        if sizes[match[1]] > most:
            raise Fault(f"there are more {what} than the {most:,} that are taken", *place(code, match.start()))
    for match in re.finditer(r'\binclude\s*"([^"]*)"', source):
        if match[1] != "qelib1.inc" and code[match.start()] != " ":
            at = place(source, match.start())
            raise Fault(f"other files than qelib1.inc are not included: {match[1]!r}", *at, "put it into the program")
    for match in re.finditer(r"[^;{}]*;", code):
        names_all = "[" not in match[0] and not re.match(r"\s*(?:OPENQASM|include|opaque)\b", match[0])
        operations += widest if names_all else 1
        if operations > OPERATIONS:
            raise Fault(too_many_operations(), *place(code, match.end() - 1))


def _check(circuit: Any, source: str, unbound: bool) -> None:
    """Refuse circuits without a qubit, and parameters that have no value where they need one."""
    if circuit.num_qubits == 0:
        raise Fault("no qubit is declared", 1, 1, "declare them: `qubit[2] q;`")
    if circuit.parameters and not unbound:
        name = min(parameter.name for parameter in circuit.parameters)
        match = re.search(rf"\binput\b[^;]*?\b{re.escape(name)}\s*;", blank(source))
        line, column = (None, None) if match is None else place(source, match.start())
        raise Fault(f"the parameter {name!r} has no value", line, column, "write the number in its place")
