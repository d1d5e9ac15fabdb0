"""`qamctl doctor`: what it finds here, what it says of variables, and the free job of --live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import KEY, SUBSCRIPTION, azure, connection_string
from support.command_line import Run

from qamctl import doctoring
from qamctl.emulator.faults import Event, Faults


def findings(run: Run, *argv: str, code: int = 0) -> Mapping[str, Any]:
    ran = run("doctor", "-o", "json", *argv)
    assert ran.code == code, ran.out + ran.err
    return {row["name"]: row for row in ran.json["findings"]}


def test_a_machine_without_azure_is_well(run: Run, tmp_path: Path) -> None:
    """Nothing is wrong where nothing speaks of Azure; the missing workspace is named by its variables."""
    found = findings(run)
    assert found["python"]["state"] == "ok"
    assert found["workspace"]["state"] == "missing"
    assert "AZURE_QUANTUM_WORKSPACE_NAME" in found["workspace"]["text"]
    assert not (tmp_path / "state").exists()
    page = run("doctor")
    assert page.code == 0
    assert all(len(line) <= 80 for line in page.out.splitlines() if "hint:" not in line)


def test_a_workspace_that_is_said_by_half_is_wrong(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """9, and what is missing by name."""
    monkeypatch.setenv("AZURE_QUANTUM_SUBSCRIPTION_ID", SUBSCRIPTION)
    found = findings(run, code=9)
    assert found["workspace"]["state"] == "wrong"
    assert "AZURE_QUANTUM_WORKSPACE_RG" in found["workspace"]["text"]
    assert "AZURE_QUANTUM_SUBSCRIPTION_ID" not in found["workspace"]["text"].split("missing:")[1].split(".")[0]


def test_which_login_would_be_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of login is told, what it lacks by name, and no value of any of it."""
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string("http://127.0.0.1:9/"))
    ran = run("doctor", "-o", "json")
    assert ran.code == 0
    assert KEY not in ran.out
    assert findings(run)["login"]["text"].startswith("key")
    monkeypatch.delenv("AZURE_QUANTUM_CONNECTION_STRING")
    for name, value in (("SUBSCRIPTION_ID", SUBSCRIPTION), ("WORKSPACE_RG", "rg"), ("WORKSPACE_NAME", "ws")):
        monkeypatch.setenv(f"AZURE_QUANTUM_{name}", value)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hush-hush-9")
    lacking = findings(run, code=9)["login"]
    assert "AZURE_TENANT_ID" in lacking["text"]
    assert "hush" not in str(lacking)


def test_what_is_wrong_here(run: Run, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged state database, a configuration at fault and kernels that are off are told, all at once."""
    path = tmp_path / "state" / "qamctl" / "state.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"SQLite format 3\0" + b"not at all" * 500)
    (room / "qamctl.toml").write_text("time_limt = 3\n")
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    monkeypatch.setattr(doctoring, "PACKAGES", ("numpy", "no-such-package"))
    found = findings(run, code=9)
    assert found["state"]["state"] == found["configuration"]["state"] == found["packages"]["state"] == "wrong"
    assert found["kernels"]["state"] == "missing"
    assert "no-such-package" in found["packages"]["hint"]
    assert "workspace" not in found  # without its configuration nothing can be said of it


def test_the_free_job(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--live asks for the targets and runs two qubits on ionq.simulator, a job of its own each time."""
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        found = findings(run, "--live")
        assert found["targets"]["state"] == found["job"]["state"] == "ok"
        findings(run, "--live")
        assert sorted(cloud.service.created.values()) == [1, 1]
        assert findings(run)["state"]["text"].endswith("2 jobs")


def test_a_free_job_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """9, with the service's reason; where the simulator is not offered it is left out; a wrong key is told."""
    from qamctl.emulator.targets import TARGETS

    with azure(faults=Faults(script=(Event("PUT job", 1, "failed"),))) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        assert "failed" in findings(run, "--live", code=9)["job"]["text"]
        monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, key="other-key-1"))
        assert "refused the credentials" in findings(run, "--live", code=9)["targets"]["text"]
    with azure(targets=[target for target in TARGETS if target.id != "ionq.simulator"]) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        assert findings(run, "--live")["job"]["state"] == "missing"


def test_live_without_a_workspace_asks_nobody(run: Run) -> None:
    """What is missing is told, as without --live."""
    assert "targets" not in findings(run, "--live")


def test_an_output_that_there_is_not(run: Run) -> None:
    """A usage error."""
    assert run("doctor", "--output", "xml").code == 2


def test_a_free_job_that_gives_nonsense(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entangled qubits that differ, and an upload that never works, are both wrong, each with its reason."""
    import json

    from qamctl.emulator.work import Outcome

    one = {"Histogram": [{"Outcome": [0, 1], "Display": "[0, 1]", "Count": 100}], "Shots": [[0, 1]] * 100}
    output = json.dumps({"DataFormat": "microsoft.quantum-results.v2", "Results": [one]}).encode()
    with azure(runner=lambda work: Outcome(output=output)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        assert "two equal bits were expected" in findings(run, "--live", code=9)["job"]["text"]
    with azure(faults=Faults(script=(Event("POST sas", 1, "expired", times=100),))) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        assert findings(run, "--live", code=9)["job"]["state"] == "wrong"
