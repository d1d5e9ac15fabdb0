"""How `qamctl submit` and `runs resume` end before their job does: by --timeout, by a signal, in a dead end."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, Azure, azure, connection_string
from support.command_line import Run

from qamctl.azure import submit
from qamctl.emulator.faults import Event, Faults
from qamctl.runs.lock import acquire

#: A service that answers nothing in time.
HUNG = Faults(rates={"slow": 1.0}, slow_seconds=30.0)
AWAY = Faults(rates={"error-before": 1.0})


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit."""
    (room / "bell.qasm").write_text(BELL)


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What a call imports is imported before its seconds are counted."""
    import azure.quantum._client

    from qamctl.azure import payload, prices, targets
    from qamctl.quantum.qasm import loads

    target = targets.find("ionq.simulator")
    payload.prepare(target=target, prices=prices.load_prices(), circuit=loads(BELL, "b"), shots=10)
    assert azure.quantum._client


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with named(monkeypatch) as found:
        yield found


@contextmanager
def named(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[Azure]:
    with azure(**options) as found:
        for name, value in found.environ().items():
            monkeypatch.setenv(name, value)
        yield found


def bell(run: Run, *more: str) -> Any:
    return run("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", "100", *more)


def id_of(run: Run) -> str:
    return str(bell(run, "--dry-run", "-o", "json").json["job"])


def state_of(run: Run, id: str) -> str:
    return str(run("jobs", "show", id, "-o", "json").json["state"])


def forget(tmp_path: Path) -> None:
    """The state database is lost."""
    for path in (tmp_path / "state" / "qamctl").glob("state.db*"):
        path.unlink()


@contextmanager
def pressed(number: signal.Signals, when: Callable[[], bool]) -> Iterator[list[float]]:
    """A signal, once something has come about; when that was."""
    at: list[float] = []

    def press() -> None:
        while not when():
            time.sleep(0.02)
        time.sleep(0.1)
        at.append(time.monotonic())
        signal.raise_signal(number)

    presser = threading.Thread(target=press)
    presser.start()
    try:
        yield at
    finally:
        presser.join()


# --timeout


@pytest.mark.parametrize("faults", [AWAY, HUNG, Faults(script=[Event("*", 1, "throttle", 99)], retry_after=60.0)])
def test_the_time_is_over_before_the_job_is_sent(run: Run, monkeypatch: pytest.MonkeyPatch, faults: Faults) -> None:
    """75 within --timeout, whatever the service does; the id on standard output, and the same command goes on."""
    with named(monkeypatch, faults=faults):
        begun = time.monotonic()
        ran = bell(run, "--timeout", "2")
        assert time.monotonic() - begun < 10.0  # of the service's half minutes
        id = ran.out.strip()
        assert (ran.code, id, state_of(run, id)) == (75, id_of(run), "intended")
        assert "the same command goes on" in ran.err
        listed = run("runs", "list", "-o", "json").json["runs"][0]
        assert (listed["status"], listed["exit_code"]) == ("pending", 75)
        told = run("runs", "resume", "latest", "--timeout", "1", "-o", "json")
        assert (told.code, told.json["job"], told.json["error"]["code"]) == (75, id, 75)


def test_the_time_is_over_while_the_service_hangs_with_the_job(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """7 and the id, and not the half minute later that the service answers: the job was sent."""
    hung = Faults(script=[Event("GET job", 2, "slow", 99)], slow_seconds=30.0)
    with named(monkeypatch, queue_seconds=600, faults=hung) as cloud:
        begun = time.monotonic()
        ran = bell(run, "--timeout", "4")
        assert time.monotonic() - begun < 25.0
        (id,) = cloud.service.created
        assert (ran.code, ran.out.strip()) == (7, id)
        assert "come back with" in ran.err


def test_the_service_goes_away_while_the_job_is_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """75, the id on standard output, the run is pending."""
    with named(
        monkeypatch, queue_seconds=600, faults=Faults(script=[Event("GET job", 2, "error-before", 999)])
    ) as cloud:
        ran = bell(run, "--timeout", "4")
        (id,) = cloud.service.created
        assert (ran.code, ran.out.strip()) == (75, id)
        assert "goes on: come back with" in ran.err
        assert run("runs", "list", "-o", "json").json["runs"][0]["status"] == "pending"


def test_the_output_does_not_come_in_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that has ended, and whose output is not there yet: 7, and the same command reads it."""
    with named(monkeypatch, faults=Faults(script=[Event("GET blob", 1, "slow", 1)], slow_seconds=20.0)) as cloud:
        ran = bell(run, "--timeout", "4")
        (id,) = cloud.service.created
        assert (ran.code, ran.out.strip()) == (7, id)
        assert "its output was not read" in ran.err
        assert bell(run).code == 0


def test_compiling_alone_takes_the_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """75 and the id, nothing is asked of the service; of a job that was sent before it is 7."""
    with named(monkeypatch, queue_seconds=600) as cloud:
        ran = bell(run, "--timeout", "0.0001")
        assert (ran.code, ran.out.strip(), cloud.service.requests.total()) == (75, id_of(run), 0)
        assert "the same command goes on" in ran.err
        assert bell(run, "--no-wait").code == 0
        ran = bell(run, "--timeout", "0.0001")
        assert (ran.code, ran.out.strip()) == (7, id_of(run))


def test_the_time_is_over_before_there_is_a_session(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """75, and the job is named, though it was not written down: the same command makes it."""
    with named(monkeypatch, faults=HUNG):
        ran = bell(run, "--timeout", "1", "--session", "night")
        assert (ran.code, id_of(run) in ran.err) == (75, True)
        assert "was not asked for, and the same command goes on" in ran.err
        assert run("jobs", "list", "-o", "json").json["jobs"] == []


def test_a_folder_that_is_held_is_waited_for_in_time(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With if_locked = wait: no longer than --timeout, 75; and the run goes on once the folder is free."""
    monkeypatch.setenv("QAMCTL_IF_LOCKED", "wait")
    with named(monkeypatch):
        lock = acquire(room.parent / "state" / "qamctl", room / "run", run="other", now=datetime.now(UTC))
        assert lock is not None
        with lock:
            ran = bell(run, "--out", "run", "--timeout", "1")
            assert (ran.code, "another run holds" in ran.err) == (75, True)
        lock = acquire(room.parent / "state" / "qamctl", room / "run", run="other", now=datetime.now(UTC))
        assert lock is not None
        freer = threading.Timer(1.0, lock.release)
        freer.start()
        assert bell(run, "--out", "run").code == 0
        freer.join()


def test_another_process_sends_the_job(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """While it has the job in hand the time may be over: 75, the id, and nothing is sent twice."""
    id = id_of(run)
    lock = acquire(tmp_path / "state" / "qamctl", Path("job") / id, run="other", now=datetime.now(UTC))
    assert lock is not None
    with lock:
        ran = bell(run, "--timeout", "1")
        assert (ran.code, ran.out.strip()) == (75, id)
        assert "another process" in ran.err
    assert not cloud.service.created


def test_an_unknown_target_is_asked_for_in_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question whether the service lists a target does not outlast --timeout."""
    with named(monkeypatch, faults=HUNG):
        begun = time.monotonic()
        assert run("submit", "bell.qasm", "--target", "ionq.simulator-9", "--timeout", "0.5").code == 2
        assert time.monotonic() - begun < 8.0


# Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("faults", [AWAY, HUNG])
def test_a_signal_while_it_is_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, faults: Faults
) -> None:
    """130 or 143 in a moment, also while the service hangs or fails; the id on standard output, and how to go on."""
    with named(monkeypatch, faults=faults) as cloud:
        with pressed(number, lambda: cloud.service.requests.total() > 0) as at:
            ran = bell(run)
        assert time.monotonic() - at[0] < 8.0  # not the minutes of patience
        assert ran.code == (130 if number == signal.SIGINT else 143)
        assert ran.out.strip() == id_of(run)
        assert "the same command goes on" in ran.err


def test_a_signal_while_the_service_fails_at_the_wait(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over 75, for `submit` as for `runs resume`; the id is told."""
    faults = Faults(script=[Event("GET job", 3, "error-before", 9999)])
    with named(monkeypatch, queue_seconds=600, faults=faults) as cloud:
        with pressed(signal.SIGINT, lambda: cloud.service.requests["GET job"] > 3):
            ran = bell(run)
        (id,) = cloud.service.created
        assert (ran.code, ran.out.strip()) == (130, id)
        seen = cloud.service.requests["GET job"]
        with sqlite3.connect(Path(ran_state(run)) / "state.db") as connection:
            connection.execute("DELETE FROM services")
        connection.close()
        with pressed(signal.SIGTERM, lambda: cloud.service.requests["GET job"] > seen):
            ran = run("runs", "resume", "latest", "-o", "json")
        assert (ran.code, ran.json["job"], ran.json["error"]["code"]) == (143, id, 143)


def ran_state(run: Run) -> str:
    """The state folder, as a run in it is told."""
    return str(Path(run("runs", "list", "-o", "json").json["runs"][0]["directory"]).parents[1])


def test_a_signal_before_there_is_a_job(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the session is opened there is nothing to tell but that it was interrupted."""
    with named(monkeypatch, faults=HUNG) as cloud:
        with pressed(signal.SIGINT, lambda: cloud.service.requests.total() > 0):
            ran = bell(run, "--session", "night")
        assert (ran.code, ran.out, ran.err.strip()) == (130, "", "interrupted")


# Dead ends


def test_a_job_that_failed_is_not_a_dead_end(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call again says that an earlier one sent it, its error, and that --run-key makes another one."""
    with named(monkeypatch, faults=Faults(script=(Event("PUT job", 1, "failed"),))) as cloud:
        first = bell(run, "--out", "run")
        error = json.loads((room / "run" / "result.json").read_text())["job"]["error"]["code"]
        assert (first.code, "earlier call" in first.err) == (5, False)
        for again in (bell(run), bell(run, "--enqueue"), run("runs", "resume", "run")):
            assert again.code == 5
            assert all(word in again.err for word in (error, "earlier call", "--run-key")), again.err
        assert bell(run, "--run-key", "k").code == 0
        assert sorted(cloud.service.created.values()) == [1, 1]


def test_a_job_that_was_cancelled_is_not_a_dead_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that failed."""
    with named(monkeypatch, queue_seconds=600):
        id = bell(run, "--no-wait").out.strip()
        assert run("jobs", "cancel", id).code == 0
        assert run("jobs", "wait", id).code == 5
        again = bell(run, "--no-wait")
        assert (again.code, "cancelled" in again.err, "--run-key" in again.err) == (5, True, True)


def test_a_job_that_the_service_deleted(run: Run, cloud: Azure) -> None:
    """5: that it is gone, that its estimate keeps counting, and that --run-key makes another one."""
    id = bell(run, "--no-wait", "--out", "run").out.strip()
    cloud.service.jobs.pop(id)  # type: ignore[attr-defined]
    calls = (
        bell(run), run("runs", "resume", "run"), run("runs", "resume", "run", "--no-wait"), run("jobs", "wait", id)
    )  # fmt: skip
    for ran in calls:
        assert ran.code == 5
        assert all(word in ran.err for word in (id, "no longer has", "keeps counting", "--run-key")), ran.err
    assert bell(run, "--run-key", "k").code == 0


def test_resuming_without_waiting_looks_once(run: Run, cloud: Azure) -> None:
    """`runs resume --no-wait` completes the run if its job has ended since."""
    id = bell(run, "--no-wait", "--out", "run").out.strip()
    while cloud.service.status(id) != "Succeeded":
        time.sleep(0.02)
    ran = run("runs", "resume", "run", "--no-wait", "-o", "json")
    assert (ran.code, ran.json["solution"]["shots"]) == (0, 100)


# The queue


def test_enqueueing_again_changes_the_priority(run: Run, cloud: Azure) -> None:
    """A job of the queue is told as such; its priority is the one that was asked for last, in all places."""
    id = bell(run, "--enqueue").out.strip()
    same = bell(run, "--enqueue")
    assert (same.code, same.out.strip()) == (0, id)
    assert f"job {id} is in the queue already" in same.err
    high = bell(run, "--enqueue", "--priority", "high", "-o", "json")
    assert "priority is high now" in high.json["note"]
    assert run("jobs", "show", id, "-o", "json").json["priority"] == "high"
    assert run("jobs", "drain").code == 0
    again = bell(run, "--enqueue")
    assert (again.code, again.out.strip(), "earlier call" in again.err) == (0, id, True)
    assert [row["status"] for row in run("runs", "list", "-o", "json").json["runs"]] == ["pending"] * 4
    assert run("jobs", "wait", id).code == 0
    done = bell(run, "--enqueue", "-o", "json")
    assert (done.code, done.json["job"]["id"], done.json["solution"]["shots"]) == (0, id, 100)
    assert list(cloud.service.created.values()) == [1]


def test_a_killed_enqueueing_is_resumed_as_one(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """Killed before the row was there, `runs resume` puts the job into the queue; nothing is sent."""
    id = bell(run, "--enqueue", "--priority", "high", "--out", "run").out.strip()
    forget(tmp_path)
    for _ in range(2):
        ran = run("runs", "resume", "run")
        assert (ran.code, ran.out.strip(), "jobs drain" in ran.err) == (7, id, True)
    shown = run("jobs", "show", id, "-o", "json").json
    assert (shown["state"], shown["priority"]) == ("queued", "high")
    assert not cloud.service.created
    assert run("runs", "list", "-o", "json").json["runs"][0]["status"] == "pending"
    assert run("jobs", "drain").code == 0
    assert run("runs", "resume", "run").code == 0


@pytest.mark.parametrize("kept", [True, False])
def test_a_job_of_a_session_is_written_down_again_as_it_was(
    run: Run, room: Path, tmp_path: Path, cloud: Azure, kept: bool
) -> None:
    """The database was lost before the job was sent: it is the same job, of the same session, by id or by name."""
    bell(run, "--session", "night", "--no-wait", "--out", "run", "--tag", "t")
    (id,) = cloud.service.jobs
    (session,) = cloud.service.sessions
    cloud.service.jobs.pop(id)  # type: ignore[attr-defined]
    forget(tmp_path)
    if not kept:  # a job file of an earlier version
        data = json.loads((room / "run" / "job.json").read_text())
        del data["session"], data["queued"]
        (room / "run" / "job.json").write_text(json.dumps(data))
    assert run("runs", "resume", "run").code == 0
    (job,) = cloud.service.jobs.values()
    assert (job.id, job.session, list(job.tags)) == (id, session, ["t"])


def test_the_month_pays_for_what_is_resumed(run: Run, room: Path, tmp_path: Path, cloud: Azure) -> None:
    """A job that was reserved in another month asks this month's budget when it is sent: 9, and nothing is sent."""
    (room / "qamctl.toml").write_text("monthly_budget = 100\nallow_qpu = true\n")
    monkey = ("submit", "bell.qasm", "--target", "ionq.qpu.aria-1", "--out", "run", "--no-wait")
    id = run(*monkey, "--enqueue").out.strip()
    with closing(sqlite3.connect(tmp_path / "state" / "qamctl" / "state.db")) as connection, connection:
        connection.execute("UPDATE jobs SET state = 'intended'")
        connection.execute("UPDATE jobs SET estimate = json_set(estimate, '$.micros', 200000000)")
    for ran in (run("runs", "resume", "run"), run("jobs", "wait", id)):
        assert (ran.code, "budget" in ran.err) == (9, True)
    assert not cloud.service.created


# Odds and ends


def test_very_many_shots_are_warned_of(run: Run, cloud: Azure) -> None:
    """More than a million where the target's own limit is not known; no fewer, and not where it is."""

    def err(target: str, shots: int, *more: str) -> str:
        return str(run("submit", "bell.qasm", "--target", target, "--shots", str(shots), *more, "--dry-run").out)

    assert "may refuse so many" in " ".join(err("ionq.simulator", 1_000_001).split())
    assert "refuse so many" not in " ".join(err("ionq.simulator", 1_000_000).split())
    told = run("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", "2000000", "--no-wait")
    assert (told.code, "warning: 2,000,000 shots" in told.err) == (0, True)


def test_a_key_that_expires_before_the_job_is_sent(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """6, and the id: a new key, and the same command goes on."""
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, key="old-key-123456"))
    ran = bell(run)
    assert (ran.code, ran.out.strip()) == (6, id_of(run))


def test_the_plans_client_tells_what_was_not_sent(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`submit_qubo` raises where the job was not sent in time, and Ctrl-C is the caller's."""
    from support.azure_room import QUBO

    from qamctl import AzureQuantumClient
    from qamctl.errors import TemporaryError

    (room / "m.qubo").write_text(QUBO)
    with named(monkeypatch, faults=HUNG) as cloud:
        caller = AzureQuantumClient(target="ionq.simulator", timeout=1.5)
        with pytest.raises(TemporaryError, match="the same command goes on"):
            caller.submit_qubo("m.qubo")
        seen = cloud.service.requests.total()
        with pytest.raises(KeyboardInterrupt), pressed(signal.SIGINT, lambda: cloud.service.requests.total() > seen):
            AzureQuantumClient(target="ionq.simulator").submit_qubo("m.qubo")


def test_a_disk_that_is_full_is_told_as_such(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """What fails before the job is written down is raised as it is: there is no job to go on with."""
    from qamctl.errors import TemporaryError

    def full(*args: Any) -> None:
        raise TemporaryError("the disk is full")

    monkeypatch.setattr(submit, "write_down", full)
    ran = bell(run)
    assert (ran.code, ran.out, "the disk is full" in ran.err) == (75, "", True)
