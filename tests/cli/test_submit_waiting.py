"""`qamctl submit` that does not wait, or not for long, and how its results are collected later; the queue."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import pytest
from support.azure_room import Azure, azure
from support.azure_submissions import bell, cloud, files, job_file
from support.command_line import Run

__all__ = ["cloud", "files"]


def test_no_wait_prints_the_id_and_the_wait_completes_the_folder(run: Run, room: Path, cloud: Azure) -> None:
    """--no-wait ends with 0 and the id; `jobs wait` writes the result of the run that asked for it."""
    ran = bell(run, "--no-wait", "--out", "run", "-q")
    assert ran.code == 0
    id = ran.out.strip()
    assert id == job_file(room / "run")["id"]
    assert not (room / "run" / "result.json").exists()
    waited = run("jobs", "wait", id, "-o", "json")
    assert waited.code == 0, waited.err
    assert waited.json["completed"] == [str(room / "run")]
    result = json.loads((room / "run" / "result.json").read_text())
    assert result["run"] == json.loads((room / "run" / "manifest.json").read_text())["run"]
    events = [json.loads(line) for line in (room / "run" / "log.jsonl").read_text().splitlines()]
    assert [e["event"] for e in events] == [
        "started", "intended", "submitted", "left", "resumed", "ended", "ended"
    ]  # fmt: skip
    assert [e["time"] for e in events] == sorted(e["time"] for e in events)


def test_a_wait_that_ends_exits_with_7(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--timeout: 7, the id on standard output, how to come back; one object with -o json; `runs resume` goes on."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        assert bell(run, "--no-wait").code == 0
        ran = bell(run, "--timeout", "0.3", "--out", "run")
        assert ran.code == 7
        id = ran.out.strip()
        assert f"qamctl jobs wait {id}" in ran.err
        told = bell(run, "--timeout", "0.3", "-o", "json")
        assert (told.code, told.json["job"], told.json["error"]["code"]) == (7, id, 7)
        resumed = run("runs", "resume", "run", "--timeout", "0.2", "-o", "json")
        assert (resumed.code, resumed.json["job"]) == (7, id)
        assert list(cloud.service.created.values()) == [1]


def test_a_run_is_resumed_another_day(run: Run, room: Path, cloud: Azure) -> None:
    """`runs resume` writes the result of a run that did not wait; once more it gives the same, from the folder."""
    id = bell(run, "--no-wait", "--out", "run").out.strip()
    first = run("runs", "resume", "run", "-o", "json")
    assert (first.code, first.json["solution"]["job"]) == (0, id)
    assert run("runs", "resume", "run", "-o", "json").json == first.json
    assert run("check", "run/result.json", "bell.qasm").code == 0
    listed = run("runs", "list", "-o", "json").json["runs"][0]
    assert (listed["status"], listed["exit_code"]) == ("feasible", 0)


def test_a_run_is_pending_until_its_job_is_collected(run: Run, room: Path, cloud: Azure) -> None:
    """`runs list` and `runs show` say pending while the job is on its way or in the queue, not interrupted."""
    bell(run, "--no-wait", "--out", "run")
    bell(run, "--enqueue", "--run-key", "k")
    listed = run("runs", "list", "-o", "json").json["runs"]
    assert [(row["status"], row["exit_code"]) for row in listed] == [("pending", None), ("pending", 0)]
    shown = run("runs", "show", "run")
    assert (shown.code, "pending" in shown.out) == (0, True)
    assert run("runs", "resume", "run").code == 0
    assert run("runs", "show", "run", "-o", "json").json["status"] == "feasible"


def test_a_run_without_a_job_is_not_resumed(run: Run) -> None:
    """`runs resume` of a run of another command says what it is for."""
    run("schedule", "two.yaml", "--max-steps", "50", "--backend", "list-search", "--out", "s")
    ran = run("runs", "resume", "s")
    assert ran.code == 2
    assert "no job" in ran.err


def test_interrupted_while_it_waits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: 130, the job goes on, and the message says how to come back."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))

        def press() -> None:
            while not cloud.service.created:
                time.sleep(0.02)
            time.sleep(0.5)
            signal.raise_signal(signal.SIGINT)

        presser = threading.Thread(target=press)
        presser.start()
        ran = bell(run)
        presser.join()
        assert ran.code == 130
        assert "goes on" in ran.err
        assert "runs resume" in ran.err
        id = ran.out.strip()
        assert cloud.service.status(id) == "Waiting"


def test_the_queue_asks_nobody_until_it_is_drained(run: Run, room: Path, cloud: Azure) -> None:
    """--enqueue sends nothing; `jobs drain` sends the important first; the run folder is completed by the wait."""
    low = bell(run, "--enqueue", "--priority", "low", shots="11").out.strip()
    high = bell(run, "--enqueue", "--priority", "high", "--out", "run", shots="12").out.strip()
    assert cloud.service.requests.total() == 0
    assert run("runs", "resume", "run").code == 7  # it waits in the queue
    first = run("jobs", "drain", "--max", "1", "-o", "json")
    assert first.code == 0, first.out
    assert (first.code, [job["id"] for job in first.json["sent"]], first.json["left"]) == (0, [high], 1)
    rest = run("jobs", "drain", "-o", "json")
    assert [job["id"] for job in rest.json["sent"]] == [low]
    assert run("jobs", "wait", low, high).code == 0
    assert json.loads((room / "run" / "result.json").read_text())["solution"]["shots"] == 12


def test_enqueueing_needs_no_login(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace is enough, no key and no `az`; a session can't be opened that way."""
    monkeypatch.setenv("PATH", "/nowhere")
    for name, value in (("SUBSCRIPTION_ID", "11111111-2222-3333-4444-555555555555"), ("WORKSPACE_RG", "rg"),
                        ("WORKSPACE_NAME", "ws")):  # fmt: skip
        monkeypatch.setenv(f"AZURE_QUANTUM_{name}", value)
    assert bell(run, "--enqueue").code == 0
    assert bell(run, "--enqueue", "--session", "s").code == 2
    assert bell(run).code == 6
