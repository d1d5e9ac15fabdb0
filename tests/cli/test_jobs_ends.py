"""How `jobs wait` and `jobs drain` end where one job, the service, or the user ends them; and bills on the way."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, Azure, azure
from support.command_line import Run

from qamctl.azure.client import LOOPBACK
from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.service import Outcome, Work
from qamctl.runs.lock import acquire

RESULTS = b'{"DataFormat": "microsoft.quantum-results.v2", "Results": [{"Histogram": [{"Outcome": [0, 0], "Display": ' \
    b'"[0, 0]", "Count": 5}], "Shots": [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]}]}'  # fmt: skip
COST = {"currencyCode": "USD", "events": [], "estimatedTotal": 7.5}
PRICES = (
    '["ionq.simulator"]\nformula = "per-shot"\ncurrency = "USD"\nper_shot = 2.0\nsource = "https://example.org"\n'
    "date = 2026-11-29\n"
)


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit, and prices by which it costs something."""
    (room / "bell.qasm").write_text(BELL)
    (room / "prices.toml").write_text(PRICES)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with azure() as found:
        monkeypatch.setenv(*next(iter(found.environ().items())))
        yield found


def asked(run: Run, key: str, *more: str) -> str:
    """The id of a job that was asked for, and not waited for."""
    ran = run("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", "5", "--run-key", key, "-q", *more)
    assert ran.code == 0, ran.err
    return str(ran.out.strip())


def change(tmp_path: Path, statement: str) -> None:
    """Change rows behind the program's back."""
    with closing(sqlite3.connect(tmp_path / "state" / "qamctl" / "state.db")) as connection, connection:
        connection.execute(statement)


# Several jobs


def test_a_job_that_is_gone_does_not_hold_back_the_others(run: Run, room: Path, cloud: Azure) -> None:
    """5 for the gone ones, each by its name in its own words; the folder of the other one is completed."""
    gone, lost = asked(run, "a", "--no-wait"), asked(run, "c", "--no-wait")
    good = asked(run, "b", "--no-wait", "--out", "good")
    for id in (gone, lost):
        cloud.service.jobs.pop(id)  # type: ignore[attr-defined]
    ran = run("jobs", "wait", gone, good, lost, "-o", "json")
    assert (ran.code, ran.json["error"]["code"]) == (5, 5)
    assert ran.json["completed"] == [str(room / "good")]
    assert [job["state"] for job in ran.json["jobs"]] == ["submitted", "succeeded", "submitted"]
    assert "(and 1 more)" in ran.json["error"]["message"]


def test_a_job_of_the_queue_does_not_hold_back_the_others(run: Run, room: Path, cloud: Azure) -> None:
    """7 for the queued one; with one that failed besides it is 5: the worst."""
    queued, good = asked(run, "a", "--enqueue"), asked(run, "b", "--no-wait", "--out", "good")
    ran = run("jobs", "wait", queued, good)
    assert (ran.code, "jobs drain" in ran.err, queued[:8] in ran.out) == (7, True, True)
    assert (room / "good" / "result.json").is_file()
    cancelled = asked(run, "c", "--enqueue")
    run("jobs", "cancel", cancelled)
    assert run("jobs", "wait", queued, cancelled, good).code == 5


def test_a_job_that_is_refused_when_the_wait_sends_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was to send it was killed, and the service will not have it: 5, and the other one is done."""
    from qamctl.emulator.targets import TARGETS

    with azure(targets=[target for target in TARGETS if target.id != "rigetti.sim.qvm"]) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = run("submit", "bell.qasm", "--target", "rigetti.sim.qvm", "--enqueue", "-q")
        change(tmp_path, "UPDATE jobs SET state = 'intended'")
        good = asked(run, "b", "--no-wait")
        told = run("jobs", "wait", ran.out.strip(), good, "-o", "json")
        assert (told.code, [job["state"] for job in told.json["jobs"]]) == (5, ["refused", "succeeded"])


def test_a_job_that_another_process_sends(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """75 once the time is over; the other one is done."""
    id, good = asked(run, "a", "--enqueue"), asked(run, "b", "--no-wait")
    assert run("jobs", "wait", good).code == 0
    change(tmp_path, f"UPDATE jobs SET state = 'intended' WHERE id = '{id}'")
    lock = acquire(tmp_path / "state" / "qamctl", Path("job") / id, run="other", now=datetime.now(UTC))
    assert lock is not None
    with lock:
        ran = run("jobs", "wait", id, good, "--timeout", "1")
    assert (ran.code, "the same call goes on" in ran.err, id[:8] in ran.out) == (75, True, True)


@pytest.mark.parametrize("fault", ["error-before", "slow"])
def test_the_time_covers_the_sending_of_a_job(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A job that was only written down, and a service that fails or hangs: 75 within --timeout, the job on the page."""
    with azure(faults=Faults(rates={fault: 1.0}, slow_seconds=30.0)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = asked(run, "a", "--enqueue")
        change(tmp_path, "UPDATE jobs SET state = 'intended'")
        begun = time.monotonic()
        ran = run("jobs", "wait", id, "--timeout", "1", "-o", "json")
        assert time.monotonic() - begun < 9.0
        assert (ran.code, ran.json["error"]["code"], ran.json["jobs"][0]["id"]) == (75, 75, id)
        assert ran.json["bills"] is None


def test_the_service_goes_away_at_the_wait(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """75, and the jobs stand on standard output as they do for 7."""
    with azure(queue_seconds=600, faults=Faults(script=[Event("GET job", 3, "error-before", 9999)])) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ids = [asked(run, key, "--no-wait") for key in "ab"]
        ran = run("jobs", "wait", *ids, "--timeout", "2")
        assert (ran.code, all(id[:8] in ran.out for id in ids)) == (75, True)


def test_the_output_does_not_come_in_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that succeeded without its output being read is no success yet: 7."""
    with azure(faults=Faults(script=[Event("GET blob", 1, "slow", 1)], slow_seconds=20.0)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = asked(run, "a", "--no-wait")
        while cloud.service.status(id) != "Succeeded":
            time.sleep(0.02)
        ran = run("jobs", "wait", id, "--timeout", "4", "-o", "json")
        assert (ran.code, ran.json["jobs"][0]["state"], ran.json["completed"]) == (7, "succeeded", [])
        assert "output was not read" in ran.json["error"]["message"]
        assert run("jobs", "wait", id).code == 0


# Draining


def test_what_was_sent_before_the_service_went_away_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """75, with the jobs that were sent and the one that was begun with; the next drain goes on with it."""
    monkeypatch.setattr("qamctl.azure.open.LOOPBACK", replace(LOOPBACK, patience=1.0))
    with azure(faults=Faults(script=[Event("GET job", 3, "error-before", 200)])) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ids = [asked(run, key, "--enqueue") for key in "abcd"]
        ran = run("jobs", "drain", "-o", "json")
        assert (ran.code, ran.json["error"]["code"]) == (75, 75)
        assert [job["id"] for job in ran.json["sent"]] == ids[:2]
        assert (ran.json["begun"], ran.json["left"], ran.json["bills"]) == (ids[2:3], 1, None)
        page = run("jobs", "drain")
        assert page.code == 75
        assert f"1 left in the queue, begun with: {ids[2]}" in page.out
        assert "error: " in page.err


def test_a_signal_ends_a_drain(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """130 in a moment, though the service hangs; what was begun with is told."""
    import signal
    import threading

    with azure(faults=Faults(rates={"slow": 1.0}, slow_seconds=30.0)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = asked(run, "a", "--enqueue")

        def press() -> None:
            while not cloud.service.requests.total():
                time.sleep(0.02)
            signal.raise_signal(signal.SIGINT)

        presser = threading.Thread(target=press)
        presser.start()
        begun = time.monotonic()
        ran = run("jobs", "drain", "-o", "json")
        presser.join()
        assert time.monotonic() - begun < 9.0
        assert (ran.code, ran.json["error"]["code"], ran.json["begun"]) == (130, 130, [id])


def test_a_job_that_could_not_be_sent_is_not_called_refused(run: Run, cloud: Azure) -> None:
    """The service says that an id is taken and shows no such job: it stays where it is, and so it is told."""
    id = asked(run, "a", "--enqueue")
    with pytest.MonkeyPatch.context() as patched:
        from qamctl.azure.sdk import SdkService
        from qamctl.azure.service import ServiceFault

        def taken(*args: Any) -> Any:
            raise ServiceFault("there is a job of that id", status=409, code="Conflict")

        patched.setattr(SdkService, "put_job", taken)
        ran = run("jobs", "drain", "-o", "json")
        assert (ran.code, ran.json["failed"][0]["job"], ran.json["failed"][0]["refused"]) == (5, id, False)
        assert "could not be sent now, the next drain tries again" in run("jobs", "drain").err
    assert run("jobs", "show", id, "-o", "json").json["state"] == "intended"
    assert [job["id"] for job in run("jobs", "drain", "-o", "json").json["sent"]] == [id]


# Bills that come late


def test_bills_are_asked_for_on_the_way(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`jobs drain` and `jobs wait` ask once for jobs without a bill that nobody looked at for an hour."""

    def without_a_bill(work: Work) -> Outcome:
        return Outcome(RESULTS)

    with azure(runner=without_a_bill) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ids = [asked(run, key, "--prices", "prices.toml", "--no-wait") for key in "ab"]
        assert run("jobs", "wait", *ids).code == 0
        before = cloud.service.requests["GET job"]
        assert run("jobs", "drain", "-o", "json").json["bills"] == {"asked": 0, "billed": 0, "gone": []}
        change(tmp_path, "UPDATE jobs SET next_poll = next_poll - 3700")
        first = cloud.service.jobs[ids[0]]
        first.outcome = replace(first.outcome, cost=COST)
        cloud.service.jobs.pop(ids[1])  # type: ignore[attr-defined]
        told = run("jobs", "drain", "-o", "json").json["bills"]
        assert told == {"asked": 2, "billed": 1, "gone": [ids[1]]}
        assert run("credits", "-o", "json").json["rows"][0]["billed"] == 7.5
        assert run("jobs", "drain", "-o", "json").json["bills"]["asked"] == 0  # the one that is gone was looked for
        assert cloud.service.requests["GET job"] == before + 2
        change(tmp_path, "UPDATE jobs SET next_poll = next_poll - 3700")
        more = asked(run, "c", "--no-wait")
        assert run("jobs", "wait", more, "-o", "json").json["bills"] == {"asked": 1, "billed": 0, "gone": [ids[1]]}


def test_bills_that_can_not_be_asked_for_are_a_warning(run: Run, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the drain was for is done: 0, and why there are no bills."""
    with azure(runner=lambda work: Outcome(RESULTS)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = asked(run, "a", "--no-wait")
        assert run("jobs", "wait", id).code == 0
        change(room.parent, "UPDATE jobs SET next_poll = 0")
        with pytest.MonkeyPatch.context() as patched:
            from qamctl.azure.sdk import SdkService
            from qamctl.azure.service import ServiceFault

            def forbidden(*args: Any) -> Any:
                raise ServiceFault("not you", status=403, code="Forbidden")

            patched.setattr(SdkService, "get_job", forbidden)
            ran = run("jobs", "drain")
            assert (ran.code, "late bills were not asked for" in ran.err) == (0, True)
            assert run("credits", "--refresh").code == 6


def test_a_folder_is_completed_though_another_job_can_not_be_asked_for(
    run: Run, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job ended and was read, the service is away for the other: 75, and the folder of the first is there."""
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        good = asked(run, "b", "--no-wait", "--out", "good")
        while cloud.service.status(good) != "Succeeded":
            time.sleep(0.02)
        assert run("jobs", "output", good).code == 0  # its output is kept, its folder is not complete
        other = asked(run, "c", "--no-wait")
        with pytest.MonkeyPatch.context() as patched:
            from qamctl.azure.sdk import SdkService
            from qamctl.azure.service import ServiceFault

            def away(*args: Any) -> Any:
                raise ServiceFault("come back", status=503, code="Away", retry_after=99.0)

            patched.setattr(SdkService, "get_job", away)
            ran = run("jobs", "wait", other, good, "--timeout", "3", "-o", "json")
        assert (ran.code, ran.json["completed"]) == (75, [str(room / "good")])
        assert json.loads((room / "good" / "result.json").read_text())["job"]["id"] == good
