"""Quil."""

from __future__ import annotations

import math

import pytest

from qamctl.emulator.programs.quil import read
from qamctl.emulator.programs.sampled import BadProgram


def test_a_program_is_its_circuit() -> None:
    """Registers as declared, gates in order, measurements where they stand."""
    text = (
        "# a comment\nPRAGMA x\nDECLARE ro BIT[2]; DECLARE b BIT\nH 0\nRX(-pi/2 + 2*0.25) 1\nCPHASE(pi) 0 1\n"
        "CCNOT 0 1 2\nMEASURE 0 ro[1]\nX 0 # late\nMEASURE 0 b\nMEASURE 2\n"
    )
    circuit = read(text.encode())
    assert [(register.name, register.size) for register in circuit.cregs] == [("ro", 2), ("b", 1)]
    assert [one.operation.name for one in circuit.data] == ["h", "rx", "cp", "ccx", "measure", "x", "measure"]
    assert circuit.data[1].operation.params == [pytest.approx(-math.pi / 2 + 0.5)]
    assert [circuit.find_bit(one.clbits[0]).index for one in circuit.data if one.clbits] == [1, 2]


@pytest.mark.parametrize("line", ["a", "FOO 0", "H", "H 0 1", "CNOT 0 0", "RX 0", "RX(1, 2) 0", "JUMP @x", "H(1) 0"])
def test_an_instruction_that_is_not_known_is_told_as_the_qvm_does(line: str) -> None:
    """With the line and its operator."""
    with pytest.raises(BadProgram) as raised:
        read(f"DECLARE ro BIT[2]\n{line}\n".encode())
    assert raised.value.code == "InvalidInputData"
    assert f"Encountered the invalid instruction\n\n    {line}\n\nwhich" in raised.value.message
    operator = line.split()[0].partition("(")[0]
    assert raised.value.message.endswith(f"because the operator {operator} is not known")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff", "bytes that are no text"),
        (b"DECLARE x REAL[1]", "Memory of the type REAL is not supported"),
        (b"MEASURE 0 ro[0]", "measures into ro[0], which is not declared"),
        (b"DECLARE ro BIT[2]\nMEASURE 0 ro[2]", "measures into ro[2]"),
        (b"DECLARE ro BIT[999999]", "needs more than 1000 qubits or bits"),
        (b"H 2000", "needs more than 1000 qubits or bits"),
        (b"RX(x) 0", "the angle 'x', which is no number"),
        (b"RX(1/0) 0", "which is no number"),
        (b"RX(1e999) 0", "which is no number"),
        (b"RX(() 0", "which is no number"),
        (b"RX(2**9) 0", "which is no number"),
        (b"RX(True) 0", "which is no number"),
        (b"RX(~1) 0", "which is no number"),
        (b"RX(" + b"(" * 3000 + b"1" + b")" * 3000 + b") 0", "which is no number"),
    ],
)
def test_what_can_not_be_run_is_refused(text: bytes, told: str) -> None:
    """With what is wrong, before memory is taken."""
    with pytest.raises(BadProgram) as raised:
        read(text)
    assert told in raised.value.message


def test_signs_of_angles_are_read() -> None:
    """Plus, minus, and both."""
    circuit = read(b"RX(+1) 0\nRX(-(2 - 3)) 0")
    assert [one.operation.params[0] for one in circuit.data] == [1.0, 1.0]
