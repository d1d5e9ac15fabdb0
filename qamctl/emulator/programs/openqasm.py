"""OpenQASM (`honeywell.openqasm.v1`) as a circuit: version 2, which Quantinuum takes, and 3; with its registers.

What is measured, reset or conditioned on the way runs as it stands. Registers come out in the order of their
declaration, as recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from qamctl.quantum.qasm import loads
from qamctl.quantum.qasm.syntax import blank

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Gates that the paper on version 2 does not have in qelib1.inc, and everybody's has since: qiskit, with which the SDK
#: writes programs, and Quantinuum's own tools.
_GATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "u": "gate u(t,p,l) a { U(t,p,l) a; }",
        "p": "gate p(l) a { u1(l) a; }",
        "sx": "gate sx a { sdg a; h a; sdg a; }",
        "sxdg": "gate sxdg a { s a; h a; s a; }",
        "swap": "gate swap a,b { cx a,b; cx b,a; cx a,b; }",
        "cswap": "gate cswap a,b,c { cx c,b; ccx a,b,c; cx c,b; }",
        "crx": "gate crx(t) a,b { h b; crz(t) a,b; h b; }",
        "cry": "gate cry(t) a,b { ry(t/2) b; cx a,b; ry(-t/2) b; cx a,b; }",
        "cp": "gate cp(l) a,b { cu1(l) a,b; }",
        "csx": "gate csx a,b { h b; cu1(pi/2) a,b; h b; }",
        "cu": "gate cu(t,p,l,g) a,b { u1(g) a; u1((l+p)/2) a; u1((l-p)/2) b; cx a,b; u3(-t/2,0,-(p+l)/2) b; cx a,b; "
        "u3(t/2,p,0) b; }",
        "rxx": "gate rxx(t) a,b { h a; h b; cx a,b; rz(t) b; cx a,b; h a; h b; }",
        "rzz": "gate rzz(t) a,b { cx a,b; rz(t) b; cx a,b; }",
    }
)

_INCLUDE: Final = re.compile(r'\binclude\s*"qelib1\.inc"\s*;')

#: A bit that is declared without a size, which is in no register of the circuit.
_SINGLE: Final = re.compile(r"\b(?:bit|creg)\s+([A-Za-z_]\w*)\s*[;=]")


def read(source: bytes) -> tuple[QuantumCircuit, dict[str, list[int]]]:
    """The circuit, and the bits of each register by its name, the lowest first.

    Raises
    ------
    SpecError
        It is no program, or has what can't be run.
    """
    from qiskit import ClassicalRegister

    text = source.decode("utf-8", "replace")
    code = blank(text)
    circuit = loads(_with_gates(text, code) if "\ufffd" not in text else source, "The input data")
    single = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    for name, bit in zip(_SINGLE.findall(code), single, strict=False):
        circuit.add_register(ClassicalRegister(name=name, bits=[bit]))
    found = {register.name: [circuit.find_bit(bit).index for bit in register] for register in circuit.cregs}
    return circuit, dict(sorted(found.items(), key=lambda one: one[1]))


def _with_gates(text: str, code: str) -> str:
    """A program of version 2 with the gates that it uses and does not define, behind the file that is to have them.

    Lines stay as they are, so that faults are told at their places.
    """
    if not re.match(r"\s*OPENQASM\s+2\b", code):
        return text
    taken = set(re.findall(r"\b(?:gate|opaque|qreg|creg)\s+(\w+)", code))
    used = [gate for name, gate in _GATES.items() if name not in taken and re.search(rf"\b{name}\b", code)]
    at = next((match.end() for match in _INCLUDE.finditer(text) if code[match.start()] != " "), None)
    return text if at is None else " ".join([text[:at], *used]) + text[at:]
