"""`qamctl submit` where the service, the state or the run folder is not as it should be."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from support.azure_room import KEY, WORKSPACE, Azure, azure, connection_string
from support.azure_submissions import bell, cloud, files, job_file
from support.command_line import Run

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.work import Outcome

__all__ = ["cloud", "files"]


def test_an_expired_key(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """A key that the service refuses exits with 6, is told nowhere, and the next call with a good one goes on."""
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, key="old-key-123456"))
    ran = bell(run, "--out", "run")
    assert ran.code == 6
    assert "qamctl doctor" in ran.err
    assert "old-key" not in ran.err
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint))
    resumed = run("runs", "resume", "run", "-o", "json")
    assert (resumed.code, resumed.json["solution"]["shots"]) == (0, 100)


def test_a_wrong_workspace(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace that the service does not know exits with 5 and its own words."""
    with azure(workspaces=[WORKSPACE]) as cloud:
        monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, workspace="other"))
        ran = bell(run)
        assert ran.code == 5
        assert "WorkspaceNotFound" in ran.err


def test_no_workspace_at_all(run: Run, tmp_path: Path) -> None:
    """Without a workspace: 6, with the names of the variables that are missing, and no run folder."""
    ran = bell(run)
    assert ran.code == 6
    assert "AZURE_QUANTUM_WORKSPACE_NAME" in ran.err
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()


def test_a_service_that_is_away(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """75 while nobody answers, the job stays written down, and the same call goes on with it."""
    from qamctl.azure import client

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(f"http://127.0.0.1:{port}/"))
    with monkeypatch.context() as hasty:
        hasty.setattr("qamctl.azure.open.LOOPBACK", client.Policy(0.01, 0.02, 0.1, 0.02, 0.1, 0.02))
        ran = bell(run)
    (row,) = run("jobs", "list", "-o", "json").json["jobs"]
    assert (ran.code, row["state"], ran.out.strip()) == (75, "intended", row["id"]), ran.err
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint))
    assert bell(run).code == 0
    assert list(cloud.service.created.values()) == [1]


def test_a_job_that_fails(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5 with the service's own error, never "null: null"; result and metrics say so, nothing is taken for an answer."""
    with azure(faults=Faults(script=(Event("PUT job", 1, "failed"),))) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = bell(run, "--out", "run")
        assert ran.code == 5, ran.out
        assert "null" not in ran.err
        id = job_file(room / "run")["id"]
        assert id in ran.err
        result = json.loads((room / "run" / "result.json").read_text())
        assert (result["status"], result["solution"], result["attempts"][0]["status"]) == ("unknown", None, "failed")
        assert result["reasons"][0]["text"] in ran.err
        assert result["job"]["error"]["code"] in ran.err
        assert json.loads((room / "run" / "metrics.json").read_text())["credits"]["confirmed"]
        assert run("runs", "resume", "run").code == 5
        told = bell(run, "-o", "json")
        assert (told.code, told.json["error"]["code"], told.json["state"]) == (5, 5, "failed")
        assert Path(told.json["result"]).is_file()
        out = run("jobs", "output", id)
        assert out.code == 5
        assert result["job"]["error"]["code"] in out.err
        waited = run("jobs", "wait", id, "-o", "json")
        assert (waited.code, waited.json["error"]["code"], waited.json["jobs"][0]["state"]) == (5, 5, "failed")


@pytest.mark.parametrize("kind", ["damaged", "later"])
def test_a_state_database_that_can_not_be_used(run: Run, tmp_path: Path, cloud: Azure, kind: str) -> None:
    """A damaged database, or one of a later version, exits with 3, names the file and what to do; nothing is sent."""
    import sqlite3

    path = tmp_path / "state" / "qamctl" / "state.db"
    path.parent.mkdir(parents=True)
    if kind == "damaged":
        path.write_bytes(b"SQLite format 3\0" + b"not at all" * 500)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 999")
        connection.close()
    for argv in (
        ["submit", "bell.qasm", "--target", "ionq.simulator"],
        ["jobs", "list"],
        ["credits"],
        ["jobs", "drain"],
    ):
        ran = run(*argv)
        assert ran.code == 3, (argv, ran.err)
        assert "state.db" in ran.err
        assert ("update qamctl" if kind == "later" else "move it away") in ran.err
    assert not cloud.service.created


def test_no_key_is_written_anywhere(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """Neither the key nor a signed address stands in any file of the state folder, or on any stream."""
    ran = bell(run, "-v", "--session", "night")
    assert ran.code == 0, ran.err
    assert len(cloud.service.sessions) == 1
    texts = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    for text in [*texts, (ran.out + ran.err).encode()]:
        assert KEY.encode() not in text
        assert b"sig=" not in text


def test_a_session_that_can_not_be_opened(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """A wrong key shows at the session already: 6, and no run folder."""
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, key="old-key-123456"))
    ran = bell(run, "--session", "night", "--out", "run")
    assert ran.code == 6
    assert "opening the session 'night'" in ran.err
    assert not Path("run").exists()


def test_a_folder_that_another_run_holds(run: Run, room: Path, cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """75, whatever QAMCTL_IF_LOCKED says: nothing is sent."""
    from datetime import UTC, datetime

    from qamctl.runs.lock import acquire

    for mode in ("fail", "skip"):
        monkeypatch.setenv("QAMCTL_IF_LOCKED", mode)
        state = room.parent / "state" / "qamctl"
        lock = acquire(state, room / "run", run="other", now=datetime.now(UTC))
        assert lock is not None
        with lock:
            assert bell(run, "--out", "run").code == 75
    assert not cloud.service.created


def test_a_run_that_still_runs_is_not_resumed(run: Run, room: Path, cloud: Azure) -> None:
    """75: it waits for its job by itself."""
    import fcntl

    bell(run, "--no-wait", "--out", "run")
    with (room / "run" / "log.jsonl").open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        ran = run("runs", "resume", "run")
    assert ran.code == 75
    assert "still running" in ran.err
    assert run("runs", "resume", "run").code == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "other"}'])
def test_a_run_folder_that_can_not_be_read(run: Run, room: Path, cloud: Azure, text: str) -> None:
    """A job file that is none exits with 3 and names it."""
    bell(run, "--no-wait", "--out", "run")
    (room / "run" / "job.json").write_text(text)
    ran = run("runs", "resume", "run")
    assert ran.code == 3
    assert "job.json" in ran.err


def test_a_job_that_gives_several_results(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One circuit was sent: results of two are no answer, 5, and both can be looked at."""

    one = {"Histogram": [{"Outcome": [0, 1], "Display": "[0, 1]", "Count": 3}], "Shots": [[0, 1]] * 3}
    output = json.dumps({"DataFormat": "microsoft.quantum-results.v2", "Results": [one, one]}).encode()
    with azure(runner=lambda work: Outcome(output=output)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = bell(run)
        assert ran.code == 5
        assert "2 circuits" in ran.err
        (id,) = cloud.service.jobs
        page = run("jobs", "output", id)
        assert "item 1: 3 shots" in page.out
        assert len(run("jobs", "output", id, "--item", "2", "-o", "json").json["results"]) == 1
