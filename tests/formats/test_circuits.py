"""Circuit files: every format told from its content, specs with all their fields, and faults at their places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.shared import ROOT

from qamctl.errors import SpecError, UsageError
from qamctl.formats.circuits import read_circuit
from qamctl.formats.templates import template
from qamctl.quantum.qasm import loads
from qamctl.quantum.qir import read_own, to_qir
from qamctl.spec.reader import read_source
from qamctl.spec.schema import json_schema, reference_page

QASM = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
FREE = QASM.replace("h q[0];", "ry(2 * theta) q[0];").replace("qubit", "input float theta;\nqubit", 1)
HEAD = "kind: circuit\nversion: 1\n"


def block(text: str, indent: int = 2) -> str:
    """The program as a block of a spec."""
    return "qasm: |\n" + "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


def faults(path: Path) -> list[str]:
    """What is wrong with a file, each with its place below the folder."""
    with pytest.raises(SpecError) as caught:
        read_circuit(path)
    return [str(fault).replace(f"{path.parent}/", "") for fault in caught.value.diagnostics]


def test_every_format_is_told_from_its_content(tmp_path: Path) -> None:
    """OpenQASM 3 and 2, QIR as text and as bitcode, and specs in YAML and JSON, whatever the file is called."""
    info = read_own(to_qir(loads(QASM, "a")))
    two = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\nmeasure q -> c;\n'
    files = {
        "a.txt": (QASM.encode(), "openqasm"), "b.txt": (two.encode(), "openqasm"),
        "c.txt": (info.text.encode(), "qir"), "d.txt": (info.bitcode, "qir"),
        "e.yaml": ((HEAD + block(QASM)).encode(), "circuit"),
        "f.json": (json.dumps({"kind": "circuit", "version": 1, "qasm": QASM}).encode(), "circuit"),
        "g.qasm": (b"// a comment\n/* and one more */\n" + QASM.encode(), "openqasm"),
    }  # fmt: skip
    for name, (content, format) in files.items():
        (tmp_path / name).write_bytes(content)
        found = read_circuit(tmp_path / name)
        assert (found.format, found.bits, found.qubits, found.name) == (format, 2, 2, name[0]), name
        assert found.registers == ([] if format == "qir" else [("c", 2)])
    assert read_circuit(tmp_path / "a.txt", format="openqasm").format == "openqasm"
    with pytest.raises(UsageError, match="did you mean `openqasm`"):
        read_circuit(tmp_path / "a.txt", format="openqsm")
    with pytest.raises(UsageError, match="there are openqasm, qir, circuit"):
        read_circuit(tmp_path / "a.txt", format="bqm")


def test_a_spec_has_everything(tmp_path: Path) -> None:
    """Values of parameters, an observable in both forms, shots, noise, solver options and a name."""
    (tmp_path / "p.qasm").write_text(FREE)
    (tmp_path / "all.yaml").write_text(
        HEAD + "name: whole\nfile: p.qasm\nparameters: {theta: 0.25}\nobservable: [[ZX, 0.5], [Y1, 2], [II, 1]]\n"
        "shots: 77\nnoise: {preset: rigetti, p2: 0.02}\nsolver: {backend: [noisy, qir], seed: 5, shots: 10}\n"
    )
    found = read_circuit(tmp_path / "all.yaml")
    assert (found.name, found.shots, found.solver["shots"]) == ("whole", 77, 10)
    assert found.observable == [("ZX", 0.5), ("YI", 2.0), ("II", 1.0)]
    assert found.noise == {"preset": "rigetti", "p2": 0.02}
    assert float(found.circuit.data[0].operation.params[0]) == 0.5
    assert found.source.tables["p.qasm"][0] == tmp_path / "p.qasm"
    (tmp_path / "terms.csv").write_text("string,weight\nZZ,1\n")
    (tmp_path / "t.yaml").write_text(HEAD + block(QASM) + "observable: {table: terms.csv}\n")
    table = read_circuit(tmp_path / "t.yaml")
    assert table.observable == [("ZZ", 1.0)]
    assert (table.shots, table.noise, set(table.source.tables)) == (None, {}, {"terms.csv"})


def test_faults_of_a_program_stand_at_their_lines(tmp_path: Path) -> None:
    """In a file of its own, in a block of a spec by its lines, in a quoted text by the line of the program."""
    bad = QASM.replace("h q[0];", "h q[7];")
    (tmp_path / "bad.qasm").write_text(bad)
    assert faults(tmp_path / "bad.qasm")[0].startswith("bad.qasm:5:1: q[7] is beyond")
    (tmp_path / "bad.yaml").write_text(HEAD + block(bad, 4))
    assert faults(tmp_path / "bad.yaml")[0].startswith("bad.yaml:8:5: q[7] is beyond")
    (tmp_path / "quoted.json").write_text(json.dumps({"kind": "circuit", "version": 1, "qasm": bad}))
    assert "(line 5 of the program)" in faults(tmp_path / "quoted.json")[0]
    (tmp_path / "named.yaml").write_text(HEAD + "file: bad.qasm\n")
    assert faults(tmp_path / "named.yaml")[0].startswith("bad.qasm:5:1: q[7] is beyond")


SPECS = [
    ("", "a.yaml:1:1: the circuit is missing (give either"),
    (block(QASM) + "file: a.qasm\n", "a.yaml:11:1: the circuit stands here twice"),
    ("qasm: 3\n", "a.yaml:3:1: `qasm` must be text, found 3"),
    ("file: nowhere.qasm\n", "a.yaml:3:1: the circuit `nowhere.qasm` cannot be read: no such file"),
    ("file: ../a.yaml\n", "a.yaml:3:1: the circuit `../a.yaml` lies outside the spec's folder"),
    ("file: .\n", "a.yaml:3:1: the circuit `.` is not a regular file"),
    ("file: \"a\\0b\"\n", "a.yaml"),
    ("file: a.yaml\n", "a.yaml:3:1: the file `a.yaml` is neither OpenQASM nor QIR"),
    (block(QASM) + "shots: 0\n", "`shots` must be at least 1"),
    (block(QASM) + "shotz: 3\n", "unknown field `shotz` (did you mean `shots`?)"),
    (block(QASM) + "parameters: [1]\n", "`parameters` must be {name: number}"),
    (block(QASM) + "parameters: {a: x}\n", "`a` must be a number"),
    (block(QASM) + "parameters: {a: 1}\n", "a.yaml:11:14: the circuit has no parameter `a`"),
    (block(FREE) + "parameters: {thata: 1}\n", "no parameter `thata` (did you mean `theta`?)"),
    (block(FREE), "a.yaml: the circuit's parameters have no value: theta (give them"),
    (block(QASM.replace("c = measure q;", "")), "a.yaml: the circuit measures nothing"),
    (block(QASM) + "observable: 3\n", "`observable` must be a list of [string, weight]"),
    (block(QASM) + "observable: []\n", "`observable` must have at least one term"),
    (block(QASM) + "observable: [[ZZ]]\n", "an entry of `observable` must be [string, weight]"),
    (block(QASM) + "observable: [[3, 1]]\n", "must be a Pauli string, found 3"),
    (block(QASM) + "observable: [[ZQ, 1]]\n", "the Pauli string `ZQ` has `Q` at place 2"),
    (block(QASM) + "observable: [[ZZZ, 1]]\n", "a.yaml:11:14: the Pauli string has 3 letters, and there are 2 qubits"),
    (block(QASM) + "observable: [[ZZ, x]]\n", "must be a number"),
    (block(QASM) + "noise: {preset: ibm}\n", "`preset` must be one of generic, ionq, quantinuum, rigetti"),
    (block(QASM) + "noise: {p1: 2}\n", "`p1` must be at most 0.5"),
    (block(QASM) + "noise: {pp: 2}\n", "unknown field `pp`"),
    (block(QASM) + "solver: {reads: 2}\n", "unknown field `reads`"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "told"), SPECS)
def test_faults_of_a_spec(tmp_path: Path, rest: str, told: str) -> None:
    """Each fault is told with its place and what to do."""
    (tmp_path / "a.yaml").write_text(HEAD + rest)
    assert any(told in fault for fault in faults(tmp_path / "a.yaml")), faults(tmp_path / "a.yaml")


def test_qir_in_a_spec_has_no_parameters(tmp_path: Path) -> None:
    """Values for a program without parameters are a fault; an observable on its bits is not."""
    (tmp_path / "p.bc").write_bytes(read_own(to_qir(loads(QASM, "a"))).bitcode)
    (tmp_path / "a.yaml").write_text(HEAD + "file: p.bc\nobservable: [[ZZ, 1]]\n")
    assert read_circuit(tmp_path / "a.yaml").observable == [("ZZ", 1.0)]
    (tmp_path / "b.yaml").write_text(HEAD + "file: p.bc\nparameters: {a: 1}\n")
    assert "QIR has no parameters" in faults(tmp_path / "b.yaml")[0]
    (tmp_path / "c.ll").write_text("; ModuleID = 'x'\ndefine void @main() nonsense\n")
    assert faults(tmp_path / "c.ll")[0].startswith("c.ll")


def test_files_that_are_no_circuits(tmp_path: Path) -> None:
    """They are told by what they look like; an empty one and one of nothing known, too."""
    for content, told in (("p qubo 0 1 1 0\n0 0 1\n", "a D-Wave .qubo file"), ("", "the file is empty"),
                          ("hello there\n", "none of the formats"), ("%PDF-1.4\n", "a PDF document")):  # fmt: skip
        (tmp_path / "x").write_text(content)
        with pytest.raises(SpecError, match=told):
            read_circuit(tmp_path / "x")
    with pytest.raises(SpecError, match="cannot be read"):
        read_circuit(tmp_path / "nowhere.qasm")
    (tmp_path / "m.yaml").write_text("kind: model\nversion: 1\nvariables: 1\n")
    with pytest.raises(SpecError, match="not a circuit spec"):
        read_circuit(tmp_path / "m.yaml", format="circuit")


def test_files_that_are_not_what_their_names_say(tmp_path: Path) -> None:
    """By its suffix a file is no QIR or no OpenQASM, and what it looks like is said where that is sure."""
    noise = bytes(range(14, 256)) * 2 + b",1\n,2\n"
    for name, content, told in (
        ("not.ll", b"hello, not QIR\n", "not.ll:1:1: it is no QIR (it is LLVM's text"),
        ("x.bc", noise, "x.bc:1:1: it is no QIR (it is LLVM's bitcode"),
        ("pdf.LL", b"%PDF-1.4\n", "it is no QIR: it looks like a PDF document"),
        ("q.qasm", b"hello, there\n", "q.qasm:1:1: it is no OpenQASM (it begins with"),
        ("empty.qasm", b"", "empty.qasm:1:1: the file is empty (circuits are an OpenQASM program"),
        ("empty.ll", b"\n", "empty.ll:1:1: the file is empty (circuits are"),
    ):
        (tmp_path / name).write_bytes(content)
        assert told in faults(tmp_path / name)[0], faults(tmp_path / name)


def test_qir_that_can_not_be_run_is_refused_when_it_is_read(tmp_path: Path) -> None:
    """An unknown instruction, and no results, alone and named in a spec."""
    text = read_own(to_qir(loads(QASM, "a"))).text
    line = text[: text.index("@__quantum__qis__h__body")].count("\n") + 1
    silent = "".join(one for one in text.splitlines(True) if "call void @__quantum__rt__result_record" not in one)
    for content, told in (
        (text.replace("qis__h__", "qis__nosuch__"), f"p.ll:{line}:13: there is no instruction __quantum__qis__nosuch"),
        (silent, "p.ll: it records no results: nothing would be measured (call"),
    ):
        (tmp_path / "p.ll").write_text(content)
        (tmp_path / "a.yaml").write_text(HEAD + "file: p.ll\n")
        for name in ("p.ll", "a.yaml"):
            assert faults(tmp_path / name)[0].startswith(told), faults(tmp_path / name)


def test_the_schema_and_the_pages() -> None:
    """configs/schema/circuit.json and docs/spec-circuit.md are up to date, and the examples are valid by the schema."""
    jsonschema = pytest.importorskip("jsonschema")
    update = "run: python -m qamctl.spec.schema"
    schema = json_schema("circuit")
    assert json.loads((ROOT / "configs/schema/circuit.json").read_text()) == schema, update
    assert (ROOT / "docs/spec-circuit.md").read_text() == reference_page("circuit"), update
    validator = jsonschema.Draft7Validator(schema)
    for file in (ROOT / "problems").glob("circuit-*.yaml"):
        assert [error.message for error in validator.iter_errors(read_source(file)[0])] == []
    assert list(validator.iter_errors({"kind": "circuit", "version": 1, "parameters": {"a": "x"}}))


def test_the_starter_file_is_a_circuit(tmp_path: Path) -> None:
    """What `init circuit` writes is read as it stands."""
    (tmp_path / "c.yaml").write_text(template("circuit"))
    found = read_circuit(tmp_path / "c.yaml")
    assert found.observable == [("ZZ", 1.0), ("XX", 0.5)]
    assert not found.circuit.parameters
