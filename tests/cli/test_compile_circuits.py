"""`qamctl compile --to qasm|qir`: problems as circuits, whose counts `decode` takes back, and circuits as QIR."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from support.command_line import Run

from qamctl.compiling import compiled_target, open_target
from qamctl.quantum.qasm import loads
from qamctl.quantum.qir import read_qir, run_qir

PLAN = """\
kind: schedule
version: 1
name: plan
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: 1}, {id: t2, duration: 2}, {id: t3, duration: 1}]
"""

KNAPSACK = """\
Maximize
 obj: 5 a + 4 b + 3 c
Subject To
 weight: 3 a + 2 b + 2 c <= 4
Binary
 a b c
End
"""

HAMILTONIAN = """\
kind: hamiltonian
version: 1
terms: [["ZZZI", 1.0], ["IZZZ", -0.5], ["ZIIZ", 0.25]]
"""

BELL = """\
OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""


@pytest.fixture
def files(room: Path) -> Path:
    """A schedule, a model with slack bits, a Hamiltonian and a circuit."""
    for name, text in (("plan.yaml", PLAN), ("knapsack.lp", KNAPSACK), ("h.yaml", HAMILTONIAN), ("bell.qasm", BELL)):
        (room / name).write_text(text)
    return room


def counts_of(program: Path, shots: int, seed: int) -> dict[str, int]:
    """Measurements of a program in qiskit's way, by its exact state."""
    circuit = loads(program.read_bytes(), program.name)
    circuit.remove_final_measurements()
    state = Statevector(circuit)
    state.seed(seed)
    return {str(key): int(count) for key, count in state.sample_counts(shots).items()}


@pytest.mark.parametrize(("file", "shape"), [("plan.yaml", ()), ("plan.yaml", ("--encoding", "domain-wall")),
                                            ("knapsack.lp", ()), ("h.yaml", ())])  # fmt: skip
def test_counts_of_the_circuit_decode_to_a_checked_answer(
    run: Run, files: Path, file: str, shape: tuple[str, ...]
) -> None:
    """Compile, run the program elsewhere, decode the counts, check the result; the bits are the QUBO's variables."""
    told = run("compile", file, "--to", "qasm", "--dry-run", "-o", "json", *shape).json
    assert run("compile", file, "--to", "qasm", "--file", "p.qasm", *shape).code == 0
    counts = counts_of(files / "p.qasm", 2000, 1)
    assert {len(key) for key in counts} == {told["circuit"]["clbits"]} == {told["variables"]}
    if file != "h.yaml":
        assert (
            told["variables"]
            == compiled_target(open_target(file, {}), one_hot=(*shape, "one-hot")[1 if shape else 0])[0].n
        )
    (files / "counts.json").write_text(json.dumps(counts))
    decoded = run("decode", file, "counts.json", "--result", "r.json", *shape)
    assert decoded.code == 0
    assert run("check", "r.json", file).code == 0


def test_bit_i_is_variable_i(run: Run, files: Path) -> None:
    """The program's expectation of the energy, over its bits, is that of the penalty QUBO under the simulation."""
    from qamctl.quantum.polynomial import polynomial_of
    from qamctl.quantum.qaoa.landscape import Landscape
    from qamctl.quantum.qaoa.structure import choose_ansatz

    report = run("compile", "knapsack.lp", "--to", "qasm", "--depth", "2", "--dry-run", "-o", "json").json
    run("compile", "knapsack.lp", "--to", "qasm", "--depth", "2", "--file", "p.qasm")
    compiled = compiled_target(open_target("knapsack.lp", {}))[0]
    circuit = loads((files / "p.qasm").read_bytes(), "p")
    circuit.remove_final_measurements()
    chances = Statevector(circuit).probabilities()
    states = (np.arange(len(chances))[:, None] >> np.arange(compiled.n) & 1).astype(np.uint8)
    mean = float(chances @ compiled.energy(states))
    landscape = Landscape(polynomial_of(compiled), choose_ansatz(compiled, 2), double=True)
    raw = report["qaoa"]
    scaled = [g * landscape.scale for g in raw["gammas"]] + [b / landscape.beta_unit for b in raw["betas"]]
    assert mean == pytest.approx(landscape.value(np.array(scaled)), rel=1e-6)


@pytest.mark.parametrize("mixer", ["x", "xy-ring", "xy-full", "grover"])
def test_every_mixer_is_written(run: Run, files: Path, mixer: str) -> None:
    """With its depth; only x leaves the groups to penalties."""
    report = run(
        "compile", "plan.yaml", "--to", "qasm", "--mixer", mixer, "--depth", "2", "--dry-run", "-o", "json"
    ).json
    assert report["qaoa"]["mixer"] == mixer
    assert report["qaoa"]["layers"] == 2
    assert (report["qaoa"]["groups"] == 0) == (mixer == "x")


def test_a_mixer_that_becomes_another_one_is_told(run: Run, files: Path) -> None:
    """Without groups xy mixers are x: the report and the note say so, and nothing where the mixer is as asked."""
    report = run("compile", "knapsack.lp", "--to", "qasm", "--mixer", "xy-ring", "--dry-run", "-o", "json").json
    assert report["note"] == "no one-hot groups to keep: the mixer is x, not xy-ring"
    assert report["note"] in run("compile", "knapsack.lp", "--to", "qasm", "--mixer", "xy-ring").err
    assert report["note"] in run("compile", "h.yaml", "--to", "qasm", "--mixer", "xy-ring").err
    for file, mixer in (("plan.yaml", "xy-ring"), ("knapsack.lp", "auto"), ("knapsack.lp", "grover")):
        told = run("compile", file, "--to", "qasm", "--mixer", mixer, "--dry-run", "-o", "json").json
        assert "note" not in told


def test_the_environment_may_say_depth_and_mixer(run: Run, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of all options; a flag is stronger."""
    monkeypatch.setenv("QAMCTL_DEPTH", "5")
    monkeypatch.setenv("QAMCTL_MIXER", "x")
    said = run("compile", "plan.yaml", "--to", "qasm", "--dry-run", "-o", "json").json["qaoa"]
    flag = run("compile", "plan.yaml", "--to", "qasm", "--depth", "1", "--dry-run", "-o", "json").json["qaoa"]
    assert (said["layers"], said["mixer"]) == (5, "x")
    assert (flag["layers"], flag["mixer"]) == (1, "x")


def test_bitcode_is_told_by_the_suffix_or_the_flag(run: Run, files: Path) -> None:
    """And QIR of a problem runs; the report on standard error has figures before and after."""
    ran = run("compile", "plan.yaml", "--to", "qir", "--target", "ionq", "--file", "p.bc")
    assert ran.code == 0
    assert ran.out == ""
    assert "before it was compiled for ionq" in ran.err
    found = read_qir((files / "p.bc").read_bytes(), "p")
    assert (files / "p.bc").read_bytes().startswith(b"BC")
    assert sum(run_qir(found, 20, 1).values()) == 20
    assert run("compile", "plan.yaml", "--to", "qir", "--target", "ionq", "--bitcode", "--file", "p.qir").code == 0
    assert (files / "p.qir").read_bytes() == (files / "p.bc").read_bytes()
    assert run("compile", "plan.yaml", "--to", "qir", "--file", "p.ll").code == 0
    assert b"define i64 @ENTRYPOINT__main" in (files / "p.ll").read_bytes()


@pytest.mark.parametrize("profile", ["base", "adaptive-ri", "adaptive-rif"])
def test_circuits_become_qir(run: Run, files: Path, profile: str) -> None:
    """A Bell pair stays one, from a file and from standard input."""
    assert run("compile", "bell.qasm", "--to", "qir", "--qir-profile", profile, "--file", "bell.ll").code == 0
    found = read_qir((files / "bell.ll").read_bytes(), "bell.ll")
    assert found.profile == profile
    assert set(run_qir(found, 40, 1)) == {"00", "11"}


def test_a_circuit_may_come_from_standard_input(files: Path) -> None:
    """Told from its content, without taking anything from the stream."""
    done = subprocess.run(
        [sys.executable, "-m", "qamctl", "compile", "-", "--to", "qir"],
        input=BELL.encode(), capture_output=True, check=False, env=os.environ | {"QDK_PYTHON_TELEMETRY": "none"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_qir(done.stdout, "-").qubits == 2


def test_circuits_take_a_targets_gates(run: Run, files: Path) -> None:
    """OpenQASM to OpenQASM."""
    ran = run("compile", "bell.qasm", "--to", "qasm", "--target", "rigetti")
    assert ran.code == 0
    assert set(loads(ran.out, "out").count_ops()) <= {"rx", "rz", "cz", "measure"}


def test_circuit_specs_are_compiled_with_their_values(run: Run, files: Path) -> None:
    """The program in a spec of kind circuit, its parameters bound; conditions under an adaptive profile."""
    program = "".join(f"  {line}\n" for line in (BELL + "if (c[0]) { rx(a) q[1]; }\nc[1] = measure q[1];").splitlines())
    text = "kind: circuit\nversion: 1\nparameters: {a: 3.141592653589793}\nqasm: |\n"
    (files / "c.yaml").write_text(text + program.replace("qubit[2] q;", "input float a; qubit[2] q;"))
    assert run("compile", "c.yaml", "--to", "qir").code == 8
    assert run("compile", "c.yaml", "--to", "qir", "--target", "quantinuum", "--file", "c.bc").code == 0
    found = read_qir((files / "c.bc").read_bytes(), "c.bc")
    assert found.profile == "adaptive-ri"
    assert set(run_qir(found, 40, 1)) == {"00", "01"}


def test_qir_goes_from_text_to_bitcode_and_back(run: Run, files: Path) -> None:
    """And to nothing else."""
    run("compile", "bell.qasm", "--to", "qir", "--file", "bell.ll")
    told = run("compile", "bell.ll", "--to", "qir", "--file", "bell.bc")
    assert "2 qubits" in told.err
    assert run("compile", "bell.bc", "--to", "qir", "--file", "again.ll").code == 0
    first, again = (read_qir((files / name).read_bytes(), name) for name in ("bell.ll", "again.ll"))
    assert run_qir(first, 30, 5) == run_qir(again, 30, 5)
    for more in (
        ("--to", "qasm"),
        ("--to", "qir", "--target", "ionq"),
        ("--to", "qir", "--qir-profile", "adaptive-ri"),
    ):
        ran = run("compile", "bell.bc", *more)
        assert ran.code == 2
        assert "compiled already" in ran.err


def test_the_same_problem_is_the_same_circuit(run: Run, files: Path) -> None:
    """Byte for byte, for a target with routing, too."""
    for shape in (
        ("--to", "qasm", "--target", "rigetti"),
        (
            "--to",
            "qir",
        ),
    ):
        assert run("compile", "plan.yaml", *shape).out == run("compile", "plan.yaml", *shape).out


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("plan.yaml", "--depth", "3"), 2, "--depth is for --to qasm and qir"),
        (("plan.yaml", "--to", "lp", "--mixer", "x", "--bitcode"), 2, "--mixer, --bitcode are for"),
        (("plan.yaml", "--to", "qasm", "--mixer", "y"), 2, "must be auto, x"),
        (("plan.yaml", "--to", "qasm", "--depth", "0"), 2, "at least 1"),
        (("plan.yaml", "--to", "qasm", "--target", "eniac"), 2, "choose simulator"),
        (("plan.yaml", "--to", "qasm", "--qir-profile", "base"), 2, "for --to qir"),
        (("plan.yaml", "--to", "qasm", "--bitcode"), 2, "for --to qir"),
        (("plan.yaml", "--to", "qir", "--qir-profile", "full"), 2, "adaptive-ri"),
        (("plan.yaml", "--to", "qasm", "--encoding", "binary"), 2, "one-hot or domain-wall"),
        (("h.yaml", "--to", "qasm", "--encoding", "binary"), 2, "one-hot or domain-wall"),
        (("bell.qasm", "--to", "qir", "--depth", "3", "--slot", "2"), 2, "--depth, --slot are for specs"),
        (("bell.qasm", "--to", "qubo"), 3, "--to qasm or --to qir"),
        (("bell.qasm", "--to", "lp", "--format", "openqasm"), 3, "--to qasm or --to qir"),
        (("plan.yaml", "--to", "qir", "--target", "ionq", "--qir-profile", "adaptive-ri"), 8, "--qir-profile base"),
        (("broken.qasm", "--to", "qir"), 3, "broken.qasm:3"),
        (("broken.bc", "--to", "qir"), 3, "broken.bc"),
        (("silent.qasm", "--to", "qir"), 3, "measure"),
        (("empty.yaml", "--to", "qasm"), 3, "no variable"),
        (("branch.qasm", "--to", "qir"), 8, "--qir-profile adaptive-ri"),
        (("branch.qasm", "--to", "qir", "--target", "ionq"), 8, "measures at the end only"),
        (("large.qubo", "--to", "qasm", "--target", "ionq"), 8, "40 qubits, and ionq has 36"),
        (("plan.yaml", "--to", "qasm", "--depth", "900"), 8, "4,194,304"),
        (("absent.qasm", "--to", "qir"), 3, "absent.qasm"),
    ],
)
def test_what_can_not_be_compiled_is_said(
    run: Run, files: Path, argv: tuple[str, ...], code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code by the contract, and one sentence."""
    if "900" in argv:
        monkeypatch.setattr("qamctl.quantum.emit.SIZE", 4_194)
        words = "4,194"
    (files / "broken.qasm").write_text('OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2 q;\n')
    (files / "broken.bc").write_bytes(b"BC\xc0\xde rubbish")
    (files / "silent.qasm").write_text("OPENQASM 3;\nqubit q;\n")
    (files / "empty.yaml").write_text("kind: schedule\nversion: 1\nagents: [{id: a}]\ntasks: [{id: t, duration: 1}]\n")
    (files / "branch.qasm").write_text(BELL + "if (c[0] == true) { x q[1]; }\n")
    (files / "large.qubo").write_text("p qubo 0 40 40 0\n" + "".join(f"{k} {k} {k + 1}\n" for k in range(40)))
    ran = run("compile", *argv)
    assert ran.code == code
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
