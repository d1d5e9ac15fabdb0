"""`qamctl reason`, and the other commands on reason specs, through the entry point."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from support.command_line import Run

INCIDENT = """\
kind: reason
version: 1
name: incident
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.3}, {id: wait, prior: 0.2}]
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5}
"""
STATE = (
    INCIDENT + "state: agent.state.json\noutcomes: [{id: solved, likelihood: {retry: 1, escalate: 0.5, wait: 0.5}}]\n"
)
IMPOSSIBLE = INCIDENT.replace("{escalate: 0.6}, otherwise: 0.5", "{}, otherwise: 0")
LONG = "a-path-with-a-name-that-is-longer-than-any-terminal-is-wide-" * 2
WIDE = f"""\
kind: reason
version: 1
name: wide
paths: [{{id: {LONG}, prior: 0.5}}, {{id: "<b>&'x'", prior: 0.3}}, {{id: c, prior: 0.2}}]
evidence: [{{id: {LONG}, likelihood: {{c: 0.2}}, otherwise: 0.9}}, {{id: f, likelihood: {{c: 0.5}}, otherwise: 0.9}}]
context: {{couplings: [["<b>&'x'", c, 0.3]], time: 0.5}}
steps: [{LONG}, evolve, f]
coherence: 1
utility: [{{action: {LONG}, values: {{c: 1}}}}]
"""

MEASURED = ("--backend", "statevector", "--seed", "1")


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A decision, one that can't be, one with a state file, one with long names."""
    for name, text in (("incident", INCIDENT), ("never", IMPOSSIBLE), ("kept", STATE), ("wide", WIDE)):
        (room / f"{name}.yaml").write_text(text)


def lines_of(out: str) -> list[str]:
    """The page without the place of the result, which is never cut."""
    return [line for line in out.splitlines() if not line.startswith("Result: ")]


def test_reason_shows_a_page(run: Run, room: Path) -> None:
    """The decision, the posterior as bars of a length that says it, the probability of the evidence."""
    ran = run("reason", "incident.yaml", "--out", "run")
    assert ran.code == 0
    posterior = json.loads((room / "run" / "result.json").read_text())["solution"]["posterior"]
    assert ran.out.startswith("Status: optimal (computed exactly)\nDecision: escalate (probability ")
    for name, share in posterior.items():
        [line] = [line for line in ran.out.splitlines() if line.startswith(f"{name} ")]
        assert f"{100 * share:.1f} %" in line
        assert line.count("#") == round(32 * share)
    assert "low" not in ran.out
    assert "Evidence: probability 0.252" in ran.out


def test_measured_pages_have_intervals(run: Run) -> None:
    """Low and high ends, bars that say what is sure, and who measured how much."""
    ran = run("reason", "incident.yaml", *MEASURED, "--shots", "500")
    assert "Status: feasible (measured)" in ran.out
    assert re.search(r"path +probability +low +high", ran.out)
    assert re.search(r"escalate +\d+\.\d % +\d+\.\d % +\d+\.\d % +#+=*\.+", ran.out)
    assert re.search(r"Measured: \d+ of 500 shots accepted", ran.out)
    assert re.search(r"statevector +\S+ +500 ", ran.out)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize(
    "command", [("reason", "wide.yaml"), ("reason", "wide.yaml", *MEASURED), ("explain", "wide.yaml")]
)
def test_pages_are_never_wider_than_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], width: int
) -> None:
    """However long names are, they are cut or broken."""
    monkeypatch.setenv("COLUMNS", str(width))
    ran = run(*command)
    assert ran.code == 0
    assert [line for line in lines_of(ran.out) if len(line) > width] == []


def test_rounding_is_no_interference(run: Run) -> None:
    """What differs in the sixteenth digit is not told; what differs is."""
    assert "Interference" not in run("reason", "wide.yaml").out
    phases = WIDE.replace("prior: 0.3}", "prior: 0.3, phase: 1.5}")
    Path("wide.yaml").write_text(phases)
    ran = run("reason", "wide.yaml")
    assert re.search(r"Interference: [+-]0\.\d+ for ", ran.out), ran.out
    assert "moves the posterior by" in ran.out.replace("\n  ", " ")


def test_colours_are_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FORCE_COLOR and NO_COLOR are honoured."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("reason", "incident.yaml").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("reason", "incident.yaml").out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_reason_prints_the_result_file(run: Run, room: Path, output: str) -> None:
    """`-o json` and `-o yaml` give the same object as the run's result.json."""
    ran = run("reason", "incident.yaml", *MEASURED, "--out", "run", "-o", output)
    printed = ran.json if output == "json" else yaml.safe_load(ran.out)
    assert printed == json.loads((room / "run" / "result.json").read_text())


def test_copies_of_result_metrics_and_picture(run: Run, room: Path) -> None:
    """Where flags say; the picture draws nothing where there is no answer."""
    flags = ("--result", "r.json", "--metrics", "m.prom", "--picture", "p.svg")
    assert run("reason", "incident.yaml", *flags).code == 0
    assert json.loads((room / "r.json").read_text())["kind"] == "reason"
    assert "qamctl_" in (room / "m.prom").read_text()
    assert "<svg xmlns" in (room / "p.svg").read_text()
    assert run("reason", "never.yaml", "--picture", "q.svg").code == 4
    assert not (room / "q.svg").exists()


def test_a_dry_run_writes_nothing(run: Run, room: Path, tmp_path: Path) -> None:
    """It tells sizes and the circuit; there is neither a run nor a state file."""
    ran = run("reason", "kept.yaml", "--dry-run", "-o", "json")
    assert (ran.code, ran.json["paths"], ran.json["evidence"], ran.json["engines"]) == (0, 3, 2, ["exact"])
    assert ran.json["compiled"]["variables"] == 3
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()
    assert not (room / "agent.state.json").exists()
    assert run("reason", "kept.yaml").code == 0
    assert (room / "agent.state.json").exists()


def test_impossible_evidence(run: Run) -> None:
    """Exit code 4 with the evidence and its line, also by `validate`, `explain` and `compile`."""
    ran = run("reason", "never.yaml")
    assert ran.code == 4
    assert "Status: infeasible" in ran.out
    assert "evidence `queue-long` is impossible" in ran.out.replace("\n  ", " ")
    assert "never.yaml:7" in ran.out
    for command in (("validate", "never.yaml"), ("explain", "never.yaml"), ("compile", "never.yaml", "--to", "qasm")):
        ran = run(*command)
        assert ran.code == 4, command
        assert "never.yaml:7" in ran.out + ran.err, command


def test_a_spec_with_faults(run: Run, room: Path) -> None:
    """Exit code 3 with line and column."""
    (room / "bad.yaml").write_text(INCIDENT.replace("likelihood: {escalate: 0.6}", "likelihod: {escalate: 0.6}"))
    for command in ("reason", "validate", "explain"):
        ran = run(command, "bad.yaml")
        assert ran.code == 3
        assert "bad.yaml:7:22: unknown field `likelihod`" in ran.out + ran.err
        assert "did you mean `likelihood`" in ran.out + ran.err
    assert run("reason", "two.yaml").code == 3
    assert run("schedule", "incident.yaml").code == 3


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--shots", "10"), "--shots is for engines that run circuits, and exact computes"),
        (("--max-qubits", "9"), "--max-qubits is for engines that run circuits"),
        (("--noise", "ionq"), "--noise is for the engine noisy, not for exact"),
        ((*MEASURED, "--noise", "ionq"), "--noise is for the engine noisy, not for statevector"),
        (("--mitigate", "readout"), "--mitigate: mitigation is for engines that simulate noise, and exact does not"),
        ((*MEASURED, "--mitigate", "zne"), "mitigation is for engines that simulate noise, and statevector does not"),
        (("--max-cost", "1"), "--max-cost is for targets of Azure Quantum"),
        (("--backend", "cpsat"), "backend cpsat searches problems and runs no circuits"),
        (("--backend", "anneal"), "backend anneal searches problems and runs no circuits"),
        (("--backend", "statevectr"), "did you mean statevector"),
        (("--picture", "p.png"), "p.png"),
        (("--shots", "0"), "--shots"),
        (("--time-limit", "3"), "--time-limit"),
        (("--depth", "3"), "--depth"),
    ],
)
def test_flags_that_mean_nothing_are_refused(run: Run, room: Path, flags: tuple[str, ...], told: str) -> None:
    """Exit code 2, in a sentence, before anything is written."""
    ran = run("reason", "kept.yaml", *flags)
    assert ran.code == 2, ran.out
    assert told in " ".join(ran.err.split())
    assert not (room / "agent.state.json").exists()


def test_solve_and_bench_take_a_decision(run: Run) -> None:
    """`solve` does as `reason` does; `bench` has engines side by side."""
    ran = run("solve", "incident.yaml", "-o", "json")
    assert (ran.code, ran.json["kind"], ran.json["solution"]["decision"]) == (0, "reason", "escalate")
    assert "Decision: escalate" in run("solve", "incident.yaml").out
    rows = run("bench", "incident.yaml", "--backend", "exact", "--backend", "statevector", "-o", "json").json["rows"]
    assert [row["backend"] for row in rows] == ["exact", "statevector"]
    assert rows[0]["distance"] == 0 < rows[1]["distance"]


@pytest.mark.parametrize(("to", "begins"), [("qasm", "OPENQASM 3"), ("qir", "%Result = type opaque")])
def test_compile_writes_the_circuit(run: Run, room: Path, to: str, begins: str) -> None:
    """As OpenQASM 3 or QIR; the report names paths and bits."""
    ran = run("compile", "incident.yaml", "--to", to, "--file", "c.out")
    assert ran.code == 0, ran.err
    assert begins in (room / "c.out").read_text()
    report = run("compile", "incident.yaml", "--to", to, "--dry-run", "-o", "json").json
    assert (report["kind"], report["path_bits"], report["evidence_bits"]) == ("reason", 2, 1)
    assert report["paths"] == ["retry", "escalate", "wait"]
    assert 0 < report["acceptance"] <= 1


def test_what_is_compiled_runs(run: Run) -> None:
    """The counts of the circuit, where the evidence's bit is 1, are the posterior's."""
    assert run("compile", "incident.yaml", "--to", "qasm", "--file", "c.qasm").code == 0
    counts = run("solve", "c.qasm", "--shots", "20000", "--seed", "1", "-o", "json").json["solution"]["counts"]
    accepted = {key[1:]: hits for key, hits in counts.items() if key[0] == "1"}
    posterior = run("reason", "incident.yaml", "-o", "json").json["solution"]["posterior"]
    total = sum(accepted.values())
    for state, name in (("00", "retry"), ("01", "escalate"), ("10", "wait")):
        assert accepted[state] / total == pytest.approx(posterior[name], abs=0.02)
    assert set(accepted) == {"00", "01", "10"}


def test_a_decision_is_no_qubo(run: Run) -> None:
    """Refused with what to take instead; flags of QUBOs and of QAOA, too."""
    ran = run("compile", "incident.yaml", "--to", "qubo")
    assert ran.code == 2
    assert "take `qamctl compile --to qasm` or `--to qir`" in " ".join(ran.err.split())
    for flags in (("--depth", "2"), ("--penalty", "2"), ("--encoding", "one-hot")):
        assert run("compile", "incident.yaml", "--to", "qasm", *flags).code == 2


def test_the_starter_file_runs(run: Run) -> None:
    """`init reason` writes a file that is valid, decides, and is explained."""
    assert run("init", "reason", "--file", "mine.yaml").code == 0
    assert run("validate", "mine.yaml").code == 0
    ran = run("reason", "mine.yaml", "-o", "json")
    assert (ran.code, ran.json["solution"]["decision"]) == (0, "call-someone")
    assert run("explain", "mine.yaml").code == 0


def test_check_says_what_it_did_not_compute(run: Run) -> None:
    """Of more coupled paths than are computed a second time; the rest of the result is held against itself."""
    paths = [{"id": f"p{k}"} for k in range(520)]
    couplings = [[f"p{k}", f"p{k + 1}", 0.1] for k in range(519)]
    evidence = [{"id": "e", "likelihood": {"p0": 0.5}, "otherwise": 0.1}]
    spec = {"kind": "reason", "version": 1, "paths": paths, "context": {"couplings": couplings}, "evidence": evidence}
    Path("wide.yaml").write_text(yaml.safe_dump(spec))
    assert run("reason", "wide.yaml", "--out", "out").code == 0
    told = run("check", "out/result.json", "wide.yaml")
    assert told.code == 0
    assert "what was computed a second time holds" in told.out
    assert "note: the posterior was not computed a second time: 520 paths" in told.out
    (note,) = run("check", "out/result.json", "wide.yaml", "-o", "json").json["notes"]
    assert note in told.out
