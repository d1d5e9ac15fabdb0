"""Quil."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.quil import read, runs


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
        (b"DECLARE x INTEGER[1]", "Memory of the type INTEGER is not supported"),
        (b"DECLARE x REAL[1001]", "The memory x[1001] is given 0 values"),
        (b"DECLARE x REAL[2]\nRX(x[2]) 0", "the angle 'x[2]', which is no number"),
        (b"DECLARE x REAL[2]\nRX(x[x]) 0", "the angle 'x[x]', which is no number"),
        (b"DECLARE x REAL[2]\nRX((1)[0]) 0", "the angle '(1)[0]', which is no number"),
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


def test_angles_may_be_values_of_memory() -> None:
    """A region without an index is its first value; what is not given is 0."""
    text = b"DECLARE ro BIT[1]\nDECLARE a REAL[2]\nDECLARE b REAL\nRX(a) 0\nRX(2*a[1] + b) 0\nMEASURE 0 ro[0]\n"
    given = read(text, {"a": [0.5, 1.5], "b": [0.25]})
    assert [one.operation.params[0] for one in given.data[:2]] == [0.5, 3.25]
    assert [one.operation.params[0] for one in read(text, {"b": [0.25]}).data[:2]] == [0.0, 0.25]


def test_a_program_runs_once_for_each_vector_of_values() -> None:
    """Those of every region at the same place belong together; without any it runs once."""
    assert runs({}) == runs({"substitutions": None}) == runs({"substitutions": {}}) == [{}]
    given = {"a": [[1, 2.5], [3, 4]], "b": [[5], [6]]}
    assert runs({"substitutions": given}) == [{"a": [1, 2.5], "b": [5]}, {"a": [3, 4], "b": [6]}]


@pytest.mark.parametrize("given", [3, [], {"a": 3}, {"a": [3]}, {"a": [["x"]]}, {"a": [[True]]}, {"a": [[10**400]]}])
def test_values_that_are_no_numbers_are_refused(given: Any) -> None:
    """Each region has a list of vectors."""
    with pytest.raises(BadProgram, match="a list of lists of numbers"):
        runs({"substitutions": given})


def test_values_that_do_not_belong_together_are_refused() -> None:
    """Of several regions, of the program's memory, and of its sizes."""
    for given in ({"a": []}, {"a": [[1]], "b": [[1], [2]]}):
        with pytest.raises(BadProgram, match="as many lists each"):
            runs({"substitutions": given})
    with pytest.raises(BadProgram, match="declares no memory 'b'"):
        read(b"DECLARE a REAL", {"b": [1.0]})
    with pytest.raises(BadProgram, match=r"The memory a\[2\] is given 1 values"):
        read(b"DECLARE a REAL[2]", {"a": [1.0]})
