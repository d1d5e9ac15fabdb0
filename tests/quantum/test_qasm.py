"""OpenQASM in and out: what is read means what it says, and every fault has its place."""

from __future__ import annotations

import inspect
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import XXPlusYYGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator

from qamctl.errors import SpecError, UnsupportedError
from qamctl.quantum.qasm import dumps, is_qasm, loads

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
OLD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
DOUBLING = "".join(f"gate a{k} q {{ a{k - 1} q; a{k - 1} q; }}\n" for k in range(1, 40))

#: What is wrong -> (program, line, column, words).
FAULTS = {
    "unknown gate": (HEAD + "qubit[2] q;\nfoo q[0];", 4, 1, "no gate 'foo'"),
    "number of qubits": (HEAD + "qubit[2] q;\n  cx q[0];", 4, 3, "cx acts on 2 qubits, not on 1"),
    "index": (HEAD + "qubit[2] q;\nh q[5];", 4, 1, "q[5] is beyond the register q, which has 2"),
    "semicolon": (HEAD + "qubit[2] q\nh q[1];", 3, 11, "';' is missing before 'h'"),
    "last semicolon": (HEAD + "qubit[2] q;\nh q[1]", 4, 7, "';' is missing before the end"),
    "bracket": (HEAD + "qubit[2 q;\nh q[1];", 3, 6, "'[' is never closed"),
    "parenthesis": (HEAD + "qubit[2] q;\nrx(pi q[1];", 4, 3, "'(' is never closed"),
    "wrong bracket": (HEAD + "qubit[2) q;", 3, 6, "'[' is closed by ')'"),
    "closing bracket": (HEAD + "qubit q; }", 3, 10, "'}' closes nothing"),
    "no include": ("OPENQASM 3;\nqubit[2] q;\nh q[1];", 3, 1, "no gate 'h'"),
    "other include": ('OPENQASM 3;\ninclude "/etc/passwd";', 2, 1, "not included: '/etc/passwd'"),
    "undeclared": (HEAD + "h r[1];", 3, 3, "'r' is not declared"),
    "repeated qubit": (HEAD + "qubit[2] q;\ncx q[0], q[0];", 4, 1, "used twice"),
    "parameters": (HEAD + "qubit q;\nrx(1, 2) q;", 4, 1, "rx takes 1 parameter, not 2"),
    "no parameter": (HEAD + "qubit q;\nrx q;", 4, 1, "rx takes 1 parameter, not 0"),
    "parameter of x": (HEAD + "qubit q;\nx(1) q;", 4, 1, "x takes no parameter, not 1"),
    "own gate": (HEAD + "gate g(a) q { rx(a) q; }\nqubit q; g q;", 4, 10, "g takes 1 parameter, not 0"),
    "U": (HEAD + "qubit q; U(1, 2) q;", 3, 10, "U takes 3 parameters"),
    "unbound": (HEAD + "qubit q;\ninput float a;\nrx(a) q;", 4, 1, "'a' has no value"),
    "gate of bits": (HEAD + "bit[2] c;\nh c[0];", 4, 3, "qubit"),
    "not text": (b"OPENQASM 3;\n\xff\xfe", 2, 1, "no UTF-8 text"),
    "binary": (b"\x00\x01", 1, 1, "no text"),
    "empty": ("", 1, 1, "no program"),
    "comments": ("// nothing\n/* at all */", 1, 1, "no program"),
    "open comment": (HEAD + "qubit q; /* never", 3, 10, "never closed"),
    "open string": (HEAD + 'include "abc', 3, 9, "can't be read"),
    "no qubit": (HEAD, 1, 1, "no qubit is declared"),
    "defcal": (HEAD + "defcal x $0 { }", 3, 1, "defcal"),
    "extern": (HEAD + "extern f(int) -> int;", 3, 1, "extern"),
    "def": (HEAD + "def f(qubit q) { x q; }", 3, 1, "subroutines"),
    "function": (HEAD + "qubit q; rx(sin(1)) q;", 3, 13, "function calls"),
    "break": (HEAD + "qubit q; for int i in [0:1] { break; }", 3, 31, "break"),
    "assignment": (HEAD + "int i = 3;", 3, 1, "int"),
    "nested brackets": (HEAD + "qubit q; rx(" + "(" * 99 + "1" + ")" * 99 + ") q;", 3, 44, "inside each other"),
    "operators": (HEAD + "qubit q; rx(" + "1+" * 5000 + "1) q;", 3, 526, "256 operators"),
    "nested conditions": (HEAD + "qubit q; bit c; " + "if (c) " * 500 + "x q;", 3, 1809, "256 operators"),
    "large register": (HEAD + "qubit[1000000000] q;", 3, 1, "1,000,000,000 qubits are more"),
    "many bits": (HEAD + "qubit q;\nbit[99999999999999999999] c;", 4, 1, "bits are more"),
    "far qubit": (HEAD + "x $1000000000;", 3, 3, "beyond"),
    "empty register": (HEAD + "qubit[0] q;", 3, 1, "at least 1"),
    "register of a constant": (HEAD + "qubit[1+1] q;", 3, 1, "whole number"),
    "cut division": (HEAD + "qubit q; rx(1/2) q;", 3, 13, "1/2 is a division of whole numbers"),
    "division by zero": (HEAD + "qubit q; rx(1.0/0) q;", 3, 13, "by zero"),
    "not finite": (HEAD + "qubit q; rx(1e200*1e200) q;", 3, 10, "not finite"),
    "endless loop": (HEAD + "qubit q; for int i in [0:1000000000] { }", 3, 10, "250,000 operations"),
    "loop over angles": (HEAD + "qubit q; for float i in {1.0} { }", 3, 10, "int or a uint"),
    "open range": (HEAD + "qubit q; for int i in [0:] { }", 3, None, ""),
    "controls": (HEAD + "qubit[2] q; ctrl(1000000000) @ x q[0], q[1];", 3, 13, "acts on 1000000001"),
    "no controls": (HEAD + "qubit[2] q; ctrl(0) @ x q[0], q[1];", 3, 13, "at least 1"),
    "power": (HEAD + "gate g a,b,c,d,e,f,h { x a; }\nqubit[7] q; pow(2) @ g q[0],q[1],q[2],q[3],q[4],q[5],q[6];",
              4, 13, "at most 6 qubits"),
    "power of a parameter": (HEAD + "gate g(a) q { pow(1.5) @ U(a, 0, 1) q; }\nqubit q; g(1) q;", 3, 15, "of u is"),
    "large power": (HEAD + "gate g(a) q { pow(20000) @ U(a, 0, 1) q; }", 3, 15, "more than 10,000 operations"),
    "powers of powers": (HEAD + "gate g(a) q { pow(200) @ pow(-200) @ U(a, 0, 1) q; }", 3, 15, "more than 10,000"),
    "doubling gates": (HEAD + "gate a0 q { x q; }\n" + DOUBLING + "qubit q; a39 q;", 15, 1, "10,000 operations"),
    "declared twice": (HEAD + "qubit q; bit q;", 3, 10, "'q' is declared twice"),
    "gate declared twice": (HEAD + "gate h q { }", 3, 1, "'h' is declared twice"),
    "recursive": (HEAD + "gate g q { g q; }", 3, 12, "no gate 'g'"),
    "bits to measure into": (HEAD + "qubit[2] q; bit[3] c; c = measure q;", 3, 23, "as many bits as qubits"),
    "version": ("OPENQASM 9.0; qubit q;", 1, 10, "no OpenQASM 9"),
    "no version": ("OPENQASM x;", 1, 10, "can't be read"),
    "pragma": (HEAD + "pragma foo\nqubit q;", 3, 1, "pragmas"),
    "end": (HEAD + "qubit q; end;", 3, 10, "`end`"),
    "return": (HEAD + "qubit q; return;", 3, 10, ""),
    "no program": ("hello world", 1, 12, "';' is missing"),
    "unexpected": (HEAD + "bit c = ;", 3, 9, "';' is not expected here"),
    "first word": (")", 1, 1, "closes nothing"),
    "measurement in a gate": (HEAD + "gate g q { reset q; }", 3, 12, ""),
    "break outside": (HEAD + "qubit q;\nbreak;", 4, 1, "break"),
    "loop over bits": (HEAD + "qubit[2] q; bit[2] c; for int i in c { x q[0]; }", 3, 36, "range or a set"),
    "loop without a step": (HEAD + "qubit q; for int i in [0:0:5] { x q; }", 3, 10, "can't be taken"),
    "index of a loop": (HEAD + "qubit[2] q; for int i in [0:3] { h q[i]; }", 3, 34, "index is beyond"),
    "index in a set": (HEAD + "qubit[2] q; h q[{0, 7}];", 3, 13, "q[7] is beyond"),
    "2: not finite": (OLD + "qreg q[1]; rx(exp(1000)) q[0];", None, None, "not finite"),
    "2: single equals": (OLD + "qreg q[1]; creg c[1];\nif(c=1) x q[0];", 4, 5, "single equals"),
    "2: unknown gate": (OLD + "qreg q[2];\nfoo q[0];", 4, 1, "'foo'"),
    "2: index": (OLD + "qreg q[2];\nh q[5];", 4, 5, "out-of-range"),
    "2: include": ('OPENQASM 2.0;\ninclude "/etc/passwd";', 2, 1, "not included: '/etc/passwd'"),
    "2: register": (OLD + "qreg q[1000000000];", 3, 1, "more qubits"),
    "2: semicolon": (OLD + "qreg q[2]\nh q[1];", 4, 1, "';'"),
    "2: opaque": (OLD + "opaque g a; qreg q[2]; g q[0];", None, None, "no definition"),
    "2: repeated qubit": (OLD + "qreg q[2]; cx q[0],q[0];", 3, 12, "duplicate"),
    "2: broadcast": (OLD + "qreg q[9999];\n" + "h q;" * 30, 4, 104, "250,000 operations"),
    "2: deep": (OLD + "qreg q[1]; rx(" + "(" * 99 + "1" + ")" * 99 + ") q[0];", 3, 46, "inside each other"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_at_its_place(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each kind of fault is a SpecError with line, column and words, and nothing is printed."""
    program, line, column, words = FAULTS[name]
    with pytest.raises(SpecError) as caught:
        loads(program, "f.qasm")
    found = caught.value.diagnostics[0]
    assert words in found.message
    assert found.location is not None
    assert found.location.file == "f.qasm"
    assert found.location.line == line
    if column is not None:
        assert found.location.column == column
    assert found.message in caught.value.message
    assert capfd.readouterr() == ("", "")


def test_faults_of_several_statements_are_told_at_once() -> None:
    """Statements that declare nothing do not hide each other; behind a faulty declaration nothing is told."""
    with pytest.raises(SpecError) as caught:
        loads(HEAD + "qubit[2] q;\nfoo q[0];\ncx q[0];\nh q[7];\nqubit q;\nbar q[0];", "f")
    assert [d.location and d.location.line for d in caught.value.diagnostics] == [4, 5, 6, 7]


def test_a_program_beyond_the_size_is_refused() -> None:
    """More than 4 MiB are not looked at."""
    with pytest.raises(SpecError, match="4,194,304"):
        loads("//" + "x" * 5_000_000, "f")


def test_the_parameters_of_own_gates_keep_their_order() -> None:
    """g(b, a) takes the first value for b, whatever the alphabet says; unused ones count."""
    text = HEAD + "gate g(b, a, z) q, r { rx(b) q; rz(a) r; }\nqubit[2] q; g(1, 2, 3) q[0], q[1];"
    wanted = QuantumCircuit(2)
    wanted.rx(1, 0)
    wanted.rz(2, 1)
    assert Operator(loads(text, "f")) == Operator(wanted)


def test_own_gates_are_expanded_whatever_they_are_called() -> None:
    """A gate that is called rzz and does something else is not taken for rzz; one that is the same, is."""
    other = loads(HEAD + "gate rzz(a) p, q { x p; }\nqubit[2] q; rzz(1) q[0], q[1];", "f")
    same = loads(HEAD + "gate rzz(a) p, q { cx p, q; rz(a) q; cx p, q; }\nqubit[2] q; rzz(1) q[0], q[1];", "f")
    assert dict(other.count_ops()) == {"x": 1}
    assert dict(same.count_ops()) == {"rzz": 1}
    few = loads(HEAD + "gate rzz p, q { x p; }\ngate ryy(a) p { x p; }\nqubit[2] q; rzz q[0], q[1]; ryy(1) q[0];", "f")
    assert dict(few.count_ops()) == {"x": 2}


def test_loops_over_numbers_are_unrolled() -> None:
    """Ranges with and without steps, sets, and loops in each other."""
    text = HEAD + "qubit[9] q; for int i in [0:2:8] { for uint j in {1, 2} { if (true == true) { } } h q[i]; }"
    with pytest.raises(SpecError, match="condition"):
        loads(text, "f")
    found = loads(HEAD + "qubit[9] q; for int i in [0:2:8] { for uint j in {1} { h q[i]; } x q[i]; }", "f")
    assert dict(found.count_ops()) == {"h": 5, "x": 5}


def test_conditions_and_while_loops_are_kept() -> None:
    """Their blocks are read like the rest."""
    text = HEAD + "gate g q { x q; }\nqubit[2] q; bit c; c = measure q[0]; if (c) { g q[1]; } else { h q[1]; }"
    text += " while (c) { g q[0]; c = measure q[0]; }"
    found = loads(text, "f")
    assert dict(found.count_ops()) == {"measure": 1, "if_else": 1, "while_loop": 1}
    assert [dict(block.count_ops()) for block in found.data[1].operation.blocks] == [{"x": 1}, {"h": 1}]


def test_inputs_that_are_not_used_are_parameters_too() -> None:
    """So that values can be given by name, whatever the program does with them."""
    found = loads(HEAD + "input float a;\nqubit q;\nx q;", "f", unbound=True)
    assert [parameter.name for parameter in found.parameters] == ["a"]


def test_a_deep_stack_is_a_fault_of_the_program() -> None:
    """Where Python's recursion ends before our own limits do, it is told as nesting."""
    loads(HEAD + "qubit q;", "f")
    deep, limit = HEAD + "qubit q; rx(" + "(" * 30 + "1" + ")" * 30 + ") q;", sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        with pytest.raises(SpecError, match="nested too deeply") as caught:
            loads(deep, "f")
    finally:
        sys.setrecursionlimit(limit)
    assert caught.value.diagnostics[0].location is not None


def test_modifiers_mean_what_the_language_says() -> None:
    """ctrl, negctrl, inv, pow, gphase, and broadcasts."""
    text = HEAD + "gate g(b, a) q { gphase(0.5); rx(b) q; rz(a) q; }\nqubit[2] q;\n"
    found = loads(
        text + "ctrl @ g(3, 4) q[0], q[1]; negctrl @ x q[0], q[1]; inv @ s q[0]; pow(2) @ t q; gphase(1);", "f"
    )
    inner = QuantumCircuit(1, global_phase=0.5)
    inner.rx(3, 0)
    inner.rz(4, 0)
    wanted = QuantumCircuit(2, global_phase=1)
    wanted.append(inner.to_gate().control(1), [0, 1])
    wanted.x(0)
    wanted.cx(0, 1)
    wanted.x(0)
    wanted.sdg(0)
    wanted.s([0, 1])
    assert Operator(found).equiv(Operator(wanted))


#: A gate of the parameter a on the qubits p and r -> the same at 0.7, by matrices of qiskit.
POWERS = {
    "pow(3) @ crx(a) p, r": lambda c: c.crx(2.1, 0, 1),
    "pow(-2) @ crx(a) p, r": lambda c: c.crx(-1.4, 0, 1),
    "pow(2.0) @ U(a, 0.3, 1) p": lambda c: [c.u(0.7, 0.3, 1, 0) for _ in range(2)],
    "pow(-2) @ U(a, 0.3, 1) p": lambda c: [c.u(-0.7, -1, -0.3, 0) for _ in range(2)],
    "pow(0) @ U(a, 0.3, 1) p": lambda c: None,
    "pow(0.5) @ rx(a) p": lambda c: c.rx(0.35, 0),
    "pow(2) @ pow(3) @ own(a, 0.2) p": lambda c: [(c.rx(0.7, 0), c.rz(0.2, 0)) for _ in range(6)],
    "ctrl @ pow(2) @ U(a, 0, 0) p, r": lambda c: c.cry(1.4, 0, 1),
    "pow(2) @ ctrl @ gphase(a) p": lambda c: c.p(1.4, 0),
    "ctrl @ pow(1.5) @ gphase(a) p": lambda c: c.p(1.05, 0),
}


@pytest.mark.parametrize("statement", POWERS)
def test_powers_are_taken_of_gates_with_parameters(statement: str) -> None:
    """Within a gate's definition whole powers repeat the gate, or its inverse; turns about an axis have any power."""
    text = HEAD + "gate own(a, b) p { rx(a) p; rz(b) p; }\n"
    text += f"gate g(a) p, r {{ {statement}; }}\nqubit[2] q; h q; g(0.7) q[0], q[1];"
    wanted = QuantumCircuit(2)
    wanted.h([0, 1])
    POWERS[statement](wanted)
    assert Operator(loads(text, "f")).equiv(Operator(wanted))


def test_gates_may_call_their_parameters_the_same() -> None:
    """Whether they use them or not, and in whatever order they pass them on."""
    text = HEAD + "gate idle(a, b) q { h q; }\ngate f(a, b) q { rx(a) q; rz(b) q; }\n"
    text += "gate g(b, a) q { idle(b/2, -a*0.3) q; f(a/2, b) q; }\nqubit q; g(1, 0.4) q;"
    wanted = QuantumCircuit(1)
    wanted.h(0)
    wanted.rx(0.2, 0)
    wanted.rz(1, 0)
    assert Operator(loads(text, "f")) == Operator(wanted)


def test_old_programs_are_read_too() -> None:
    """OpenQASM 2 with an own gate, Windows' line ends and a byte order mark."""
    text = (
        "\ufeff"
        + OLD.replace("\n", "\r\n")
        + "gate g(a) q { rx(a) q; }\r\nqreg q[2]; creg c[2]; g(pi) q; measure q -> c;"
    )
    found = loads(text.encode(), "f")
    assert dict(found.count_ops()) == {"rx": 2, "measure": 2}


def test_gates_that_double_are_refused_before_they_take_time() -> None:
    """2^39 operations in a few lines of OpenQASM 2."""
    with pytest.raises(SpecError, match="250,000 operations"):
        loads(OLD + "gate a0 q { x q; }\n" + DOUBLING + "qreg q[1]; a39 q[0];", "f")


def test_gates_by_each_other_too_deeply_are_refused() -> None:
    """A chain of two thousand definitions ends with a sentence."""
    chain = "".join(f"gate a{k} q {{ a{k - 1} q; }}\n" for k in range(1, 2000))
    with pytest.raises(SpecError, match="too deeply"):
        loads(OLD + "gate a0 q { x q; }\n" + chain + "qreg q[1]; a1999 q[0];", "f")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_what_is_written_reads_back(seed: int, qubits: int) -> None:
    """Random circuits of all standard gates keep their unitary, up to a global phase."""
    circuit = random_circuit(qubits, 4, max_operands=min(4, qubits), seed=seed)
    assert Operator(loads(dumps(circuit), "f")).equiv(Operator(circuit))


def test_blocks_are_written_and_some_are_read_back() -> None:
    """Conditions on bits are; `switch` is written all the same."""
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    assert dict(loads(dumps(circuit), "f").count_ops()) == {"measure": 1, "if_else": 1}
    with circuit.switch(circuit.clbits[0]) as case, case(0):
        circuit.x(0)
    with pytest.raises(SpecError, match="can't be read"):
        loads(dumps(circuit), "f")


def test_parameters_stay_where_that_is_asked_for() -> None:
    """Symbols go out and come in; angles that depend on them, too."""
    circuit = QuantumCircuit(2)
    circuit.rzz(2 * Parameter("gamma[0]"), 0, 1)
    circuit.append(XXPlusYYGate(Parameter("b"), 0.5), [0, 1])
    found = loads(dumps(circuit), "f", unbound=True)
    assert len(found.parameters) == 2
    assert dict(found.count_ops()) == {"rzz": 1, "xx_plus_yy": 1}


def test_what_openqasm_has_no_form_for_is_said() -> None:
    """A gate without a definition can't be written."""
    from qiskit.circuit import ClassicalRegister, Gate

    circuit = QuantumCircuit(1)
    circuit.add_register(ClassicalRegister(bits=[*QuantumCircuit(0, 1).clbits], name="a"))
    circuit.add_register(ClassicalRegister(bits=circuit.clbits, name="b"))
    circuit.append(Gate("opaque", 1, []), [0])
    with pytest.raises(UnsupportedError, match="OpenQASM 3"):
        dumps(circuit)


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"OPENQASM 3;", True),
        (b"\xef\xbb\xbf// a\n/* b */ OPENQASM 2.0;", True),
        (b'include "stdgates.inc";', True),
        (b"OPENQASMX", False),
        (b"kind: schedule", False),
        (b"", False),
    ],
)
def test_openqasm_is_told_from_its_first_words(head: bytes, wanted: bool) -> None:
    """Behind comments stand the version or the standard gates."""
    assert is_qasm(head) is wanted
