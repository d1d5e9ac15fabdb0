"""`qamctl submit` before anything is sent: dry runs, refusals, budgets, and the profiles that we ship."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, WORKSPACE, Azure, azure
from support.azure_submissions import PLAN, bell, cloud, files
from support.command_line import Run

__all__ = ["cloud", "files"]


def test_dry_run_opens_no_connection(run: Run, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--dry-run tells target, profile, qubits, depth, gates, shots, price and the id that the job would have."""

    def refuse(*args: Any) -> None:
        raise AssertionError("a connection is opened")

    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        with monkeypatch.context() as patched:
            patched.setattr(socket.socket, "connect", refuse)
            patched.setattr(socket.socket, "connect_ex", refuse)
            ran = bell(run, "--dry-run", "-o", "json")
            page = bell(run, "--dry-run")
        assert ran.code == page.code == 0, ran.err
        found = ran.json
        wanted = {"target": "ionq.simulator", "profile": "base", "qubits": 2, "two_qubit": 1, "shots": 100}
        assert {key: found[key] for key in wanted} == wanted
        assert found["depth"] > 0
        assert (found["price"]["amount"], found["price"]["formula"], found["price"]["verified"]) == (0.0, "free", False)
        assert found["price"]["source"].startswith("https://")
        for word in ("target:", "profile:", "qubits:", "depth:", "two-qubit gates:", "shots:", "price:", found["job"]):
            assert word in page.out
        assert not (tmp_path / "state").exists()
        assert bell(run, "-o", "json").json["job"]["id"] == found["job"]


def test_dry_run_without_a_workspace(run: Run) -> None:
    """Everything but the id is told, and why that is not."""
    ran = bell(run, "--dry-run", "-o", "json")
    assert ran.code == 0
    assert ran.json["job"] is None
    assert "AZURE_QUANTUM_WORKSPACE_NAME" in ran.json["note"]


def test_dry_run_says_what_would_be_refused(run: Run) -> None:
    """Quantum hardware without --allow-qpu is shown with its price, unverified, and that it would be refused."""
    ran = run("submit", "bell.qasm", "--target", "ionq.qpu.forte-1", "--dry-run")
    assert ran.code == 0
    assert "--allow-qpu" in ran.out
    assert "not verified by a bill" in " ".join(ran.out.split())
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    unknown = run("submit", "bell.qasm", "--target", "qci.simulator", "--dry-run")
    assert unknown.code == 0
    assert "price: not known" in unknown.out


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--target", "ionq.simulatr"], 2, "ionq.simulator"),
        ([], 2, "--target"),
        (["--target", "ionq.simulator", "--shots", "0"], 2, "--shots"),
        (["--target", "rigetti.sim.qvm", "--shots", "10001"], 2, "10,000"),
        (["--target", "ionq.simulator", "--qir-profile", "adaptive-ri"], 8, "adaptive-ri"),
        (["--target", "ionq.simulator", "--qir-profile", "best"], 2, "best"),
        (["--target", "pasqal.sim.emu-tn"], 8, "pasqal"),
        (["--target", "ionq.simulator", "--shots", "200", "--max-shots", "100"], 9, "--max-shots"),
        (["--target", "ionq.qpu.forte-1"], 9, "--allow-qpu"),
        (["--target", "ionq.qpu.forte-1", "--allow-qpu", "--max-cost", "1"], 9, "--max-cost"),
        (["--target", "ionq.simulator", "--depth", "2"], 2, "--depth"),
        (["--target", "ionq.simulator", "--metrics", "m.txt"], 2, "--metrics"),
        (["--target", "ionq.simulator", "--result", "bell.qasm"], 2, "overwrite"),
    ],
)  # fmt: skip
def test_what_is_refused_before_it_is_sent(run: Run, cloud: Azure, argv: list[str], code: int, words: str) -> None:
    """Each fault has its exit code and names what to change; no job is made."""
    ran = run("submit", "bell.qasm", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert not cloud.service.created


def test_an_unknown_target_without_a_service_to_ask(run: Run) -> None:
    """The nearest known name is told, whether or not anybody can be asked for others."""
    ran = run("submit", "bell.qasm", "--target", "ionq.simulatr")
    assert ran.code == 2
    assert "did you mean ionq.simulator" in ran.err


def test_a_job_that_the_service_will_not_have(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that is not offered: 5, the job is refused, and the run, resumed, says so in its result."""
    from qamctl.emulator.targets import TARGETS

    with azure(targets=[target for target in TARGETS if target.id != "ionq.simulator"]) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        (room / "plan.yaml").write_text(PLAN)
        for file in ("bell.qasm", "m.qubo", "plan.yaml"):
            ran = run("submit", file, "--target", "ionq.simulator", "--out", f"run-{file}")
            assert ran.code == 5, (file, ran.err)
            resumed = run("runs", "resume", f"run-{file}", "-o", "json")
            assert (resumed.code, resumed.json["state"]) == (5, "refused")
            assert json.loads((room / f"run-{file}" / "result.json").read_text())["status"] == "unknown"


def test_a_circuit_that_is_too_large(run: Run, room: Path) -> None:
    """Qubits beyond the target's exit with 8, and name those that fit."""
    wide = BELL.replace("qubit[2] q;\nbit[2] c;", "qubit[40] q;\nbit[40] c;")
    (room / "wide.qasm").write_text(wide)
    ran = run("submit", "wide.qasm", "--target", "ionq.simulator", "--dry-run")
    assert ran.code == 8
    assert "quantinuum" in ran.err


def test_qir_of_another_profile_is_refused(run: Run) -> None:
    """--qir-profile can't change QIR that is compiled already."""
    run("compile", "bell.qasm", "--to", "qir", "--file", "bell.ll")
    ran = run("submit", "bell.ll", "--target", "quantinuum.sim.h2-1e", "--qir-profile", "adaptive-ri", "--dry-run")
    assert ran.code == 2
    assert "--qir-profile" in ran.err


def test_the_month_has_a_budget(run: Run, room: Path, cloud: Azure) -> None:
    """`monthly_budget` of a profile holds a job back that may cost more, and says what is left."""
    (room / "qamctl.toml").write_text("[profile.small]\nmonthly_budget = 1\nallow_qpu = true\n")
    ran = run("submit", "bell.qasm", "--target", "ionq.qpu.forte-1", "--profile", "small")
    assert ran.code == 9
    assert "monthly budget" in ran.err
    assert not cloud.service.created


def test_a_budget_that_is_nearly_used_is_told(run: Run, room: Path, cloud: Azure, tmp_path: Path) -> None:
    """From 80 % on there is a warning, and the share is in the metrics."""
    from qamctl.runs import ledger
    from qamctl.runs.database import connect, transaction

    (room / "qamctl.toml").write_text("monthly_budget = 10\n")
    assert bell(run, "--metrics", "m.json").err.count("warning") == 0
    now = time.time()
    spent = ledger.Entry(
        "x", "reserved", 9_000_000, "USD", WORKSPACE, "t", None, ledger.month_of(now), now, "estimate"
    )  # fmt: skip
    with connect(tmp_path / "state" / "qamctl" / "state.db") as connection, transaction(connection):
        ledger.write(connection, spent)
    ran = bell(run, "--run-key", "b", "--metrics", "m.json")
    assert ran.code == 0
    assert "90 % of the monthly budget" in ran.err
    assert json.loads((room / "m.json").read_text())["credits"]["budget_share"] == pytest.approx(0.9)


CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("profile", ["azure", "azure-ci", "azure-night"])
def test_the_example_profiles_hold(run: Run, profile: str) -> None:
    """configs/azure.toml is valid, and each of its profiles names the workspace in full: only the login is missing."""
    ran = run("config", "show", "--config", str(CONFIGS / "azure.toml"), "--profile", profile, "-o", "json")
    assert ran.code == 0, ran.err
    found = run("doctor", "--config", str(CONFIGS / "azure.toml"), "--profile", profile, "-o", "json").json
    wrong = {row["name"]: row["text"] for row in found["findings"] if row["state"] != "ok"}
    assert "missing:" not in wrong.get("workspace", "")


@pytest.mark.parametrize("name", ["azure-cron.example", "ci/azure-oidc.yml"])
def test_flags_in_examples_exist(run: Run, name: str) -> None:
    """Each call of an example is one that the command knows."""
    text = (CONFIGS / name).read_text().replace("\\\n", " ")
    calls = [line.split("qamctl ", 1)[1].split(">")[0].split("|")[0] for line in text.splitlines() if "qamctl " in line]
    calls = [call for call in calls if call.split()[0] in ("submit", "jobs", "credits", "doctor")]
    assert len(calls) >= 3
    for call in calls:
        words = call.split()
        command = words[: 2 if words[0] == "jobs" else 1]
        shown = run(*command, "--help").out
        for word in words:
            if word.startswith("--"):
                assert word.strip(").;") in shown, f"{' '.join(command)} has no {word}"
