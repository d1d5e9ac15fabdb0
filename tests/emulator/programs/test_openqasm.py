"""OpenQASM as Quantinuum's targets take it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from emulator.programs.running import QASM, chi_square, counts, failed, work

from qamctl.emulator.programs.execute import run
from qamctl.emulator.programs.openqasm import read
from qamctl.errors import SpecError

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD_3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def shots(text: str, shots: int = 40, target: str = "quantinuum.sim.h2-1e", **params: Any) -> dict[str, list[str]]:
    """The registers of a program that ran."""
    found = run(work(target, text.encode(), QASM, count=shots, **params))
    assert found.error is None, found.error
    told: dict[str, list[str]] = json.loads(found.output)
    return told


def test_what_is_measured_on_the_way_decides_what_follows() -> None:
    """A conditional gate, in version 2 by the value of a register."""
    text = "qreg q[2]; creg c[2]; creg d[1]; h q[0]; measure q[0] -> c[1]; if (c==2) x q[1]; measure q[1] -> d[0];"
    found = shots(HEAD + text, 400)
    assert {(c, d) for c, d in zip(found["c"], found["d"], strict=True)} == {("00", "0"), ("10", "1")}
    assert abs(found["d"].count("1") - 200) < 5 * 10


def test_a_qubit_is_used_again_after_a_reset() -> None:
    """Measured, reset, and measured again."""
    text = "qreg q[1]; creg c[2]; x q[0]; measure q[0] -> c[0]; reset q[0]; measure q[0] -> c[1];"
    assert shots(HEAD + text) == {"c": ["01"] * 40}


def test_a_measured_qubit_keeps_its_outcome() -> None:
    """Teleportation: the state arrives whatever was measured; chi square of one degree of freedom below 10.8."""
    text = (
        "qreg q[3]; creg a[1]; creg b[1]; creg c[1]; ry(1.2) q[0]; h q[1]; cx q[1],q[2]; cx q[0],q[1]; h q[0]; "
        "measure q[0] -> a[0]; measure q[1] -> b[0]; if(b==1) x q[2]; if(a==1) z q[2]; measure q[2] -> c[0];"
    )
    found = run(work("quantinuum.sim.h2-1e", (HEAD + text).encode(), QASM, count=8000))
    ones = sum(count for bits, count in counts(found, QASM).items() if bits[0] == "1")
    chance = np.sin(0.6) ** 2
    assert chi_square(np.array([8000 - ones, ones]), np.array([1 - chance, chance])) < 10.8
    assert len({bits[2:] for bits in counts(found, QASM)}) == 4


def test_registers_come_in_the_order_of_their_declaration() -> None:
    """With the highest bit leftmost, whatever is measured into them, and also where nothing is."""
    text = "qreg q[3]; creg zz[1]; creg a[3]; creg m[2]; x q[2]; measure q[2] -> a[0]; measure q[0] -> m[1];"
    found = shots(HEAD + text, 2)
    assert list(found.items()) == [("zz", ["0"] * 2), ("a", ["001"] * 2), ("m", ["00"] * 2)]


def test_version_3_runs_too_with_bits_outside_of_registers() -> None:
    """A bit that is declared alone is a register of one, with the name that it has."""
    text = (
        "qubit[2] q; bit one; // bit two;\nbit[2] c; bit last = measure q[0];\nx q[0]; c[0] = measure q[0]; "
        "if (c[0]) { x q[1]; } one = measure q[1];"
    )
    found = shots(HEAD_3 + text, 3)
    assert list(found.items()) == [("one", ["1"] * 3), ("c", ["01"] * 3), ("last", ["0"] * 3)]
    loop = "qubit[1] q; bit[1] c; x q[0]; c = measure q; while (c[0]) { x q[0]; c = measure q; }"
    assert shots(HEAD_3 + loop, 2) == {"c": ["0"] * 2}


def test_programs_that_qiskit_writes_run() -> None:
    """Its exporter takes gates for granted that the paper's file of gates does not have: by their unitary."""
    from qiskit import QuantumCircuit, qasm2
    from qiskit.quantum_info import Operator

    circuit = QuantumCircuit(3, 3)
    for name in ("sx", "sxdg"):
        getattr(circuit, name)(0)
    circuit.u(0.1, 0.2, 0.3, 1)
    circuit.p(0.4, 0)
    for name in ("swap", "csx"):
        getattr(circuit, name)(0, 2)
    circuit.cswap(2, 0, 1)
    for name in ("crx", "cry", "cp", "rxx", "ryy", "rzz"):
        getattr(circuit, name)(0.7, 1, 2)
    circuit.cu(0.1, 0.2, 0.3, 0.4, 0, 1)
    found, _ = read(qasm2.dumps(circuit).encode())
    assert Operator(found).equiv(Operator(circuit))
    assert found.count_ops()["rzz"] == 1, "gates of the machines stay what they are"


def test_names_of_those_gates_may_be_the_programs_own() -> None:
    """Gates, registers and parameters; and an include in a comment is none."""
    text = (
        '// include "qelib1.inc";\n' + HEAD + "gate swap a,b { x a; x b; } gate mine(p) a { rx(p) a; }\n"
        "qreg u[2]; creg c[2]; swap u[0],u[1]; mine(pi) u[0]; measure u -> c;"
    )
    assert shots(text, 2) == {"c": ["10"] * 2}
    assert shots("// first\n" + HEAD + "qreg q[2]; creg c[2]; x q[0]; swap q[0],q[1]; measure q -> c;", 1) == {
        "c": ["10"]
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "qreg q[1]; creg c[1]; measure q -> c; if (c[0]==1) x q[0];", "needed '==', but instead saw ["),
        (HEAD + "qreg q[1]; creg c[1]; if (c>0) x q[0]; measure q -> c;", "encountered '>'"),
        (HEAD + "opaque magic a; qreg q[1]; creg c[1]; magic q[0]; measure q -> c;", "'magic' has no definition"),
        (HEAD + "qreg q[1]; x q[0];", "measures nothing"),
        ('OPENQASM 2.0;\ninclude "hqslib1.inc";\nqreg q[1];', "other files than qelib1.inc are not included"),
        (HEAD_3 + "qubit q; bit c; switch (1) { case 1 { x q; } } c = measure q;", "`switch`"),
        ("OPENQASM 4.0; qubit q;", "there is no OpenQASM 4"),
    ],
)
def test_what_can_not_be_run_is_told(text: str, told: str) -> None:
    """In a sentence, with the job's failure."""
    code, message = failed(run(work("quantinuum.sim.h2-1e", text.encode(), QASM, count=1)))
    assert (code, told in message) == ("InvalidInputData", True), message


def test_faults_are_told_at_their_places() -> None:
    """Gates that are put in move no line."""
    with pytest.raises(SpecError) as raised:
        read((HEAD + "qreg q[2];\nswap q[0];").encode())
    place = raised.value.diagnostics[0].location
    assert place is not None
    assert (place.line, place.column) == (4, 1)
    with pytest.raises(SpecError, match="it is no UTF-8 text"):
        read(b"OPENQASM 2.0; \xff")


def test_a_syntax_checker_reads_everything_and_gives_zeros() -> None:
    """As documented; and what does not compile fails there, too."""
    text = HEAD + "qreg q[40]; creg a[2]; creg b[1]; x q; measure q[0] -> a[0]; measure q[39] -> b[0];"
    assert shots(text, 3, "quantinuum.sim.h2-1sc") == {"a": ["00"] * 3, "b": ["0"] * 3}
    for bad in (text.replace("x q;", "y2 q;"), text.replace("40", "57").replace("39", "56")):
        assert failed(run(work("quantinuum.sim.h2-1sc", bad.encode(), QASM)))[0] == "InvalidInputData"
