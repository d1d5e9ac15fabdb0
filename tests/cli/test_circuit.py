"""`qamctl solve` of circuits in this process: engines, outputs, checks, comparisons, every exit code."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run

from qamctl import circuit_engines
from qamctl.cli.circuit_page import circuit_page
from qamctl.errors import BackendError
from qamctl.quantum.qasm import loads
from qamctl.quantum.qir import read_own, to_qir

BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
SPEC = """\
kind: circuit
version: 1
name: bell
file: bell.qasm
shots: 300
observable: [[ZZ, 1.0], [XX, 0.5]]
noise: {preset: quantinuum}
solver: {seed: 9}
"""


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit in every form."""
    (room / "bell.qasm").write_text(BELL)
    (room / "bell.yaml").write_text(SPEC)
    info = read_own(to_qir(loads(BELL, "bell")))
    (room / "bell.ll").write_text(info.text)
    (room / "bell.bc").write_bytes(info.bitcode)


@pytest.mark.parametrize(
    ("file", "format", "engine"),
    [("bell.qasm", "openqasm", "statevector"), ("bell.ll", "qir", "qir"), ("bell.bc", "qir", "qir"),
     ("bell.yaml", "circuit", "statevector")],
)  # fmt: skip
def test_every_form_is_run_and_holds(run: Run, file: str, format: str, engine: str) -> None:
    """The format is told, `auto` takes the engine that fits, the result passes the check, the file validates."""
    ran = run("solve", file, "--shots", "200", "--out", "run", "-o", "json")
    assert ran.code == 0, ran.err
    result = ran.json
    assert (result["kind"], result["format"], result["solved_by"]) == ("circuit", format, engine)
    assert (result["status"], result["bound"], result["gap"]) == ("feasible", None, None)
    solution = result["solution"]
    assert set(solution["counts"]) == {"00", "11"}
    assert sum(solution["counts"].values()) == solution["shots"] == 200
    assert solution["bits"] == 2
    assert solution["registers"] == ([] if format == "qir" else [{"name": "c", "bits": 2}])
    assert result["objective"] == (pytest.approx(1.5) if format == "circuit" else None)
    assert run("check", "run/result.json", file).code == 0
    assert run("validate", file).code == 0


@pytest.mark.parametrize("engine", ["statevector", "noisy", "qir"])
def test_each_engine_repeats_and_holds(run: Run, engine: str) -> None:
    """The same seed gives the same solution, another seed another one; the check agrees."""
    solutions = []
    for seed in ("1", "1", "2"):
        ran = run("solve", "bell.yaml", "--backend", engine, "--seed", seed, "--out", "run", "-o", "json")
        assert ran.code == 0, ran.err
        solutions.append(ran.json["solution"])
        assert run("check", "run/result.json", "bell.yaml").code == 0
    assert solutions[0] == solutions[1] != solutions[2]
    assert solutions[0]["expectation"]["exact"] == (engine == "statevector")
    assert abs(solutions[0]["expectation"]["value"] - 1.5) < 0.3


def test_engines_are_compared(run: Run) -> None:
    """The first one's counts are the solution; the metrics have each other's distance and p-value."""
    engines = ("--backend", "statevector", "--backend", "noisy", "--backend", "qir")
    ran = run("solve", "bell.yaml", *engines, "--noise", "rigetti", "--metrics", "m.json", "-o", "json")
    assert ran.code == 0, ran.err
    assert [row["backend"] for row in ran.json["attempts"]] == ["statevector", "noisy", "qir"]
    assert [row["shots"] for row in ran.json["attempts"]] == [300, 900, 900]
    metrics = json.loads(Path("m.json").read_text())
    search = metrics["search"]
    assert "total_variation" not in search["statevector"]
    assert search["noisy"]["noise"]["preset"] == "rigetti"
    assert search["noisy"]["compared_to"] == search["qir"]["compared_to"] == "statevector"
    assert search["qir"]["p_value"] > 1e-3
    assert 0 <= search["qir"]["total_variation"] < 0.2
    assert metrics["model"]["gates"] == {"cx": 1, "h": 1, "measure": 2}
    assert metrics["model"]["settings"] == 2
    assert metrics["quantum_vs_classical"] == {"classical": None, "quantum": None, "gain": None}


def test_the_page_and_the_quiet_run(run: Run) -> None:
    """Counts as bars, the mean with its error, the engines; long lists are cut; an observable alone has none."""
    ran = run("solve", "bell.yaml", "--backend", "noisy", "--out", "run")
    assert ran.code == 0
    assert "Status: feasible" in ran.out
    assert "standard error" in ran.out
    assert "####" in ran.out
    assert "run/result.json" in ran.out
    Path("wide.qasm").write_text('include "stdgates.inc"; qubit[6] q; bit[6] c; h q; c = measure q;')
    assert "more bitstrings" in run("solve", "wide.qasm").out
    Path("alone.yaml").write_text(
        "kind: circuit\nversion: 1\nobservable: [[X, 1]]\nqasm: 'include \"stdgates.inc\"; qubit[1] q; h q[0];'\n"
    )
    alone = run("solve", "alone.yaml", "--out", "alone")
    assert "Observable: 1 (exact)" in alone.out
    assert "count" not in alone.out
    assert run("check", "alone/result.json", "alone.yaml").code == 0
    assert run("solve", "bell.qasm", "-q").out == ""


def test_a_dry_run_prints_sizes(run: Run) -> None:
    """Qubits, depth, gates, shots and engines; of QIR its profile; nothing is written."""
    found = run("solve", "bell.yaml", "--dry-run", "-o", "json").json
    assert (found["qubits"], found["bits"], found["depth"], found["shots"]) == (2, 2, 3, 300)
    assert (found["terms"], found["settings"], found["engines"]) == (2, 2, ["statevector"])
    qir = run("solve", "bell.ll", "--dry-run", "--shots", "7", "-o", "json").json
    assert (qir["profile"], qir["shots"], qir["engines"], qir["settings"]) == ("base", 7, ["qir"], 0)
    assert not Path("run").exists()


def test_shots_come_from_flags_environment_and_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags go before the environment, that before `solver`, that before the spec's own field, that before 1,000."""

    def shots(file: str, *flags: str) -> int:
        return int(run("solve", file, *flags, "--dry-run", "-o", "json").json["shots"])

    assert shots("bell.qasm") == 1000
    assert shots("bell.yaml") == 300
    Path("own.yaml").write_text(SPEC.replace("{seed: 9}", "{seed: 9, shots: 40}"))
    assert shots("own.yaml") == 40
    monkeypatch.setenv("QAMCTL_SHOTS", "50")
    assert shots("own.yaml") == 50
    assert shots("own.yaml", "--shots", "60") == 60


def test_bench_shows_distances(run: Run) -> None:
    """Shots, mean, error, and the distance to the exact distribution; none where it is not known."""
    engines = ("--backend", "statevector", "--backend", "noisy", "--noise", "rigetti")
    rows = run("bench", "bell.yaml", *engines, "-o", "json").json["rows"]
    assert [row["backend"] for row in rows] == ["statevector", "noisy"]
    assert [row["shots"] for row in rows] == [300, 900]
    assert rows[0]["error"] == 0 < rows[1]["error"]
    assert all(0 <= row["distance"] < 0.2 for row in rows)
    assert "distance" in run("bench", "bell.yaml", *engines).out
    assert run("bench", "bell.ll", "--backend", "qir", "-o", "json").json["rows"][0]["distance"] is None
    assert run("bench", "bell.qasm", "--format", "openqasm", "--backend", "qir").code == 0
    assert run("bench", "bell.yaml", "--backend", "qir", "--noise", "ionq").code == 2
    assert run("bench", "bell.yaml", "--backend", "qir", "--slot", "2").code == 2


def test_max_steps_and_formats_do_no_harm(run: Run) -> None:
    """A budget of steps means nothing to a circuit; a format may be named; standard input is read."""
    assert run("solve", "bell.qasm", "--max-steps", "10", "--format", "openqasm").code == 0
    assert run("solve", "bell.yaml", "--format", "circuit").code == 0
    assert run("check", "nowhere.json", "bell.qasm").code == 3


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--max-qubits", "5"), ("--max-shots", "9"), ("--max-rounds", "2"), ("--depth", "2"), ("--mixer", "x"),
     ("--angles", "a.jsonl"), ("--reads", "3"), ("--sense", "max"), ("--target-energy", "-1"),
     ("--max-variables", "8")],
)  # fmt: skip
def test_flags_of_models_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch, flag: str, value: str) -> None:
    """A flag that would change nothing ends with 2, in a dry run, too; the environment may mean other files."""
    for more in ((), ("--dry-run",)):
        ran = run("solve", "bell.qasm", flag, value, *more)
        assert (ran.code, ran.out) == (2, "")
        assert f"{flag} is for models, and bell.qasm is a circuit: leave it out" in ran.err
        assert ("--shots" in ran.err) == (flag in ("--reads", "--max-shots"))
    monkeypatch.setenv("QAMCTL_" + flag[2:].upper().replace("-", "_"), value)
    assert run("solve", "bell.qasm", "--dry-run").code == 0


def test_noise_without_the_engine_that_simulates_it_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that would be without noise ends with 2; beside `noisy`, from the environment or a spec, it runs."""
    ran = run("solve", "bell.qasm", "--noise", "ionq")
    assert ran.code == 2
    assert "statevector would run without any: take --backend noisy" in ran.err
    assert run("solve", "bell.qasm", "--noise", "ionq", "--backend", "noisy", "--backend", "qir", "--dry-run").code == 0
    assert run("solve", "bell.yaml", "--dry-run").code == 0
    monkeypatch.setenv("QAMCTL_NOISE", "ionq")
    assert run("solve", "bell.qasm", "--dry-run").code == 0


def test_two_flags_are_refused_in_one_sentence(run: Run) -> None:
    """Each is named."""
    ran = run("solve", "bell.qasm", "--depth", "2", "--mixer", "x")
    assert ran.code == 2
    assert "--depth, --mixer are for models, and bell.qasm is a circuit: leave them out" in ran.err


def test_a_broken_result_is_found(run: Run) -> None:
    """Counts that were changed by hand end the check with 9."""
    assert run("solve", "bell.qasm", "--out", "run").code == 0
    result = json.loads(Path("run/result.json").read_text())
    result["solution"]["counts"] = {"01": 1000}
    Path("run/result.json").write_text(json.dumps(result))
    ran = run("check", "run/result.json", "bell.qasm")
    assert ran.code == 9
    assert "distribution: solution.counts" in ran.out
    assert run("check", "run/result.json", "bell.qasm", "--format", "openqasm").code == 9


FAULTS: list[tuple[str, str, tuple[str, ...], int, str]] = [
    ("a.qasm", BELL.replace("q[1];", "q[5];"), (), 3, "a.qasm:6:1: q[5] is beyond"),
    ("a.qasm", BELL.replace("c = measure q;", ""), (), 3, "the circuit measures nothing"),
    ("a.qasm", BELL.replace("qubit", "input float w;\nqubit", 1).replace("h q[0]", "rx(w) q[0]"), (), 3, "no value: w"),
    ("a.qasm", BELL.replace("[2]", "[60]").replace("h q[0]", "h q"), (), 8, "60 qubits needs"),
    ("a.qasm", BELL.replace("[2]", "[24]"), ("--backend", "qir"), 8, "take at most"),
    ("a.qasm", BELL, ("--backend", "anneal"), 2, "runs no circuits: take one of statevector, noisy, qir"),
    ("a.qasm", BELL, ("--backend", "cpsat"), 2, "runs no circuits"),
    ("a.qasm", BELL, ("--backend", "statevectr"), 2, "did you mean statevector"),
    ("a.qasm", BELL, ("--samples", "s.npz"), 2, "--samples is for models"),
    ("a.qasm", BELL, ("--noise", "ibm"), 2, "generic, ionq, quantinuum or rigetti"),
    ("a.qasm", BELL, ("--shots", "0"), 2, "at least 1"),
    ("a.ll", "; ModuleID = 'a'\ndefine i64 @x() nonsense\n", (), 3, "a.ll:2:17"),
    ("a.bc", "BC\xc0\xde nonsense", (), 3, "a.bc"),
    ("a.yaml", SPEC + "noise: {}\n", (), 3, "a second time"),
    ("a.yaml", SPEC.replace("{preset: quantinuum}", "{t1: 1.0e-6, t2: 3.0e-6}"), (), 3, "a.yaml:7:1: noise: t2"),
    ("a.yaml", SPEC.replace("file: bell.qasm", "file: bell.ll"), ("--backend", "qir"), 3, "only I and Z"),
    ("a.yaml", SPEC.replace("file: bell.qasm", "file: bell.ll"), ("--backend", "noisy"), 8, "take --backend qir"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "flags", "code", "told"), FAULTS)
def test_faults(run: Run, name: str, text: str, flags: tuple[str, ...], code: int, told: str) -> None:
    """Each fault has its exit code, its place and its next step, and never a trace."""
    Path(name).write_bytes(text.encode("latin-1"))
    ran = run("solve", name, *flags)
    assert ran.code == code, ran.err
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_without_aer_the_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`noisy` without qiskit-aer ends with 8 and says what to install."""
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    monkeypatch.setitem(sys.modules, "qiskit_aer.noise", None)
    ran = run("solve", "bell.qasm", "--backend", "noisy")
    assert ran.code == 8
    assert 'pip install "qamctl[noise]"' in ran.err


def test_an_interrupted_simulation_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal before anything was measured leaves no solution; one behind the first engine leaves its counts."""
    import os
    import signal

    from qamctl.quantum import simulate

    def told(*args: Any) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return True

    plain = simulate.run
    monkeypatch.setattr(simulate, "run", lambda *args, stop, **more: plain(*args, stop=lambda: told(), **more))
    ran = run("solve", "bell.qasm", "-o", "json")
    assert ran.code == 130
    assert (ran.json["status"], ran.json["solution"]) == ("interrupted", None)
    monkeypatch.setattr(simulate, "run", plain)
    first = circuit_engines.measure

    def measure(name: str, *args: Any, **more: Any) -> circuit_engines.Found:
        found = first(name, *args, **more)
        told()
        return found

    monkeypatch.setattr(circuit_engines, "measure", measure)
    ran = run("solve", "bell.qasm", "--backend", "statevector", "--backend", "qir", "-o", "json", "--out", "cut")
    assert ran.code == 130
    assert (ran.json["status"], len(ran.json["attempts"])) == ("interrupted", 1)
    assert run("check", "cut/result.json", "bell.qasm").code == 0


def test_init_schema_and_validate(run: Run) -> None:
    """The starter file is written, has a schema, is valid, runs and holds."""
    assert run("init", "circuit", "--file", "c.yaml").code == 0
    assert run("schema", "circuit").json["properties"]["qasm"]
    assert run("validate", "c.yaml").code == 0
    assert run("solve", "c.yaml", "--out", "c").code == 0
    assert run("check", "c/result.json", "c.yaml").code == 0
    Path("bad.qasm").write_text("OPENQASM 3; qubit q; h q;")
    assert run("validate", "bad.qasm").code == 3


def test_the_page_of_a_run_that_was_cut_short() -> None:
    """Without a solution there is the status, and nothing that could be taken for an answer."""
    result = {"status": "interrupted", "kind": "circuit", "solution": None, "attempts": []}
    assert circuit_page(result, width=80, paint=lambda text, style: text) == "Status: interrupted"


def test_an_engine_that_looks_at_no_signal_is_left_behind() -> None:
    """Once it was to stop it has a moment to end; then the run goes on without it. What it raises is raised."""
    go = threading.Event()

    def sleepy() -> circuit_engines.Found:
        go.wait(20)
        raise AssertionError("nobody waits for this")

    assert circuit_engines.patiently(sleepy, lambda: True, lambda: None, grace=0.1) is None
    go.set()

    def broken() -> circuit_engines.Found:
        raise BackendError("it broke")

    with pytest.raises(BackendError, match="it broke"):
        circuit_engines.patiently(broken, lambda: False, lambda: None)
