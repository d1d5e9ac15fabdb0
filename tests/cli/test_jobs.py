"""`qamctl jobs` against the test service: lists by filter, single jobs, outputs, cancelling, draining."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.azure_room import BELL, WORKSPACE, Azure, azure, connection_string
from support.command_line import Run

from qamctl.azure.open import make_desk
from qamctl.azure.sdk import connect
from qamctl.azure.workspace import find_place
from qamctl.emulator.faults import Event, Faults


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit."""
    (room / "bell.qasm").write_text(BELL)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with azure() as found:
        for name, value in found.environ().items():
            monkeypatch.setenv(name, value)
        yield found


def sent(run: Run, shots: int, *more: str, target: str = "ionq.simulator") -> str:
    """The id of a job that was sent and not waited for."""
    ran = run("submit", "bell.qasm", "--target", target, "--shots", str(shots), "--no-wait", *more)
    assert ran.code == 0, ran.err
    return str(ran.out.strip())


def foreign(cloud: Azure, tmp_path: Path) -> str:
    """A job that somebody else submitted, from a state folder of their own."""
    from qamctl.azure import payload, prices, submit, targets
    from qamctl.azure.account import Account
    from qamctl.azure.clock import SystemClock
    from qamctl.quantum.qasm import loads

    environ = cloud.environ()
    state = tmp_path / "theirs"
    desk = make_desk(state, connect(find_place(environ=environ), environ), SystemClock())
    target = targets.find("ionq.simulator")
    prepared = payload.prepare(target=target, prices=prices.load_prices(), circuit=loads(BELL, "b"), shots=33)
    order = payload.order_of(prepared, target, Account(state, environ), name="theirs", run_key="other")
    return submit.submit_once(desk, order).id


# Lists


def test_a_list_of_nothing(run: Run, tmp_path: Path) -> None:
    """Without a state database there are no jobs, and none is made for the question."""
    assert run("jobs", "list", "-o", "json").json == {"jobs": []}
    assert run("jobs", "list").out == "no jobs\n"
    assert not (tmp_path / "state").exists()


def test_the_list_is_filtered_and_sorted(run: Run, cloud: Azure) -> None:
    """The filters of `az quantum job list` hold for our jobs, without asking anybody."""
    first = sent(run, 10, "--tag", "a", "--tag", "b", "--name", "alpha")
    second = sent(run, 11, "--tag", "a", "--name", "beta", target="rigetti.sim.qvm")
    before = cloud.service.requests.total()

    def ids(*argv: str) -> list[str]:
        ran = run("jobs", "list", "-o", "json", *argv)
        assert ran.code == 0, ran.err
        return [job["id"] for job in ran.json["jobs"]]

    assert ids() == [second, first]
    assert ids("--order", "asc") == ids("--orderby", "name", "--order", "asc") == [first, second]
    assert ids("--target", "ionq.simulator") == ids("--provider-id", "ionq") == ids("--job-name", "AL") == [first]
    assert ids("--tag", "a", "--tag", "b") == [first]
    assert ids("--status", "submitted", "--status", "failed") == [second, first]
    assert ids("--status", "failed") == ids("--session", "s") == ids("--created-after", "2999-01-01") == []
    assert ids("--created-before", "2999-01-01", "--skip", "1") == [first]
    assert ids("--top", "1") == [second]
    assert cloud.service.requests.total() == before
    page = run("jobs", "list")
    assert first[:8] in page.out
    assert all(len(line) <= 80 for line in page.out.splitlines())


@pytest.mark.parametrize(
    "argv", [["--orderby", "size"], ["--order", "up"], ["--top", "0"], ["--skip", "x"], ["--created-after", "soon"]]
)
def test_filters_that_make_no_sense(run: Run, argv: list[str]) -> None:
    """Each is a usage error that names the flag."""
    ran = run("jobs", "list", *argv)
    assert ran.code == 2
    assert argv[0] in ran.err


def test_the_remote_list_has_everybodys_jobs(run: Run, cloud: Azure, tmp_path: Path) -> None:
    """--remote shows what the service has, filtered there, by tag here; jobs of others are not kept."""
    theirs, mine = foreign(cloud, tmp_path), sent(run, 10, "--tag", "night", "--name", "it's mine")

    def ids(*argv: str) -> list[str]:
        ran = run("jobs", "list", "--remote", "-o", "json", *argv)
        assert ran.code == 0, ran.err
        return [job["id"] for job in ran.json["jobs"]]

    assert set(ids()) == {mine, theirs}
    assert ids("--order", "asc") == [theirs, mine]
    assert ids("--top", "1", "--skip", "1") == [theirs]
    assert ids("--job-name", "it's") == ids("--tag", "night") == [mine]
    assert ids("--tag", "night", "--skip", "1") == ids("--target", "rigetti.sim.qvm") == []
    run("jobs", "wait", mine)
    assert set(ids("--status", "succeeded")) >= {mine}
    assert set(ids("--created-after", "2020-01-01", "--created-before", "2999-01-01")) == {mine, theirs}
    assert [job["id"] for job in run("jobs", "list", "-o", "json").json["jobs"]] == [mine]


# One job


def test_a_job_is_shown_as_it_was_seen_or_is_now(run: Run, cloud: Azure) -> None:
    """A unique beginning of the id is enough; --refresh asks the service, and takes down what it says."""
    id = sent(run, 10)
    before = run("jobs", "show", id[:8], "-o", "json").json
    assert (before["id"], before["state"], before["workspace"]) == (id, "submitted", WORKSPACE)
    for _ in range(200):
        now = run("jobs", "show", id[:8], "--refresh", "-o", "json").json
        if now["state"] != "submitted":
            break
    assert (now["state"], now["status"], now["cost"]) == ("succeeded", "Succeeded", {"amount": 0.0, "currency": "USD"})
    assert run("jobs", "show", id, "-o", "json").json == now
    assert "state: succeeded" in run("jobs", "show", id).out


def test_a_job_of_somebody_else_is_shown_and_not_kept(run: Run, cloud: Azure, tmp_path: Path) -> None:
    """An id that only the service knows is looked up there; output too; nothing of it is stored."""
    id = foreign(cloud, tmp_path)
    ran = run("jobs", "show", id, "-o", "json")
    assert (ran.code, ran.json["name"], ran.json["shots"]) == (0, "theirs", 33)
    assert "somebody else" in ran.err
    assert run("jobs", "output", id).code in (0, 5)
    while cloud.service.status(id) != "Succeeded":
        time.sleep(0.02)
    counts = run("jobs", "output", id, "-o", "json").json["results"][0]["counts"]
    assert sum(counts.values()) == 33
    assert run("jobs", "list", "-o", "json").json["jobs"] == []


def test_ids_that_name_no_job(run: Run, cloud: Azure) -> None:
    """An unknown beginning, an id that the service does not know, and one that several begin with are usage errors."""
    sent(run, 10)
    for ref in ("zzz", str(uuid.uuid4()), ""):
        for verb in ("show", "output"):
            ran = run("jobs", verb, ref)
            assert ran.code == 2, (verb, ref, ran.err)
    for verb in ("wait", "cancel"):
        assert run("jobs", verb, "zzz").code == 2


def test_a_beginning_of_several_ids_is_refused(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """Both are named, so that more of the id can be given."""
    id = sent(run, 10)
    with sqlite3.connect(tmp_path / "state" / "qamctl" / "state.db") as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
        columns = ", ".join(f"'{id[:-1]}x'" if name == "id" else name for name in names)
        connection.execute(f"INSERT INTO jobs ({', '.join(names)}) SELECT {columns} FROM jobs")
    connection.close()
    ran = run("jobs", "show", id[:6])
    assert ran.code == 2
    assert id in ran.err


def test_a_job_of_another_workspace(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """It is shown from here, and nothing is asked of the wrong workspace: both are named."""
    id = sent(run, 10)
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, workspace="other"))
    assert run("jobs", "show", id).code == 0
    for argv in (["show", id, "--refresh"], ["wait", id], ["output", id], ["cancel", id]):
        ran = run("jobs", *argv)
        assert ran.code == 2, argv
        assert WORKSPACE in ran.err
        assert "/rg/other" in ran.err


def test_without_a_workspace_ours_can_be_read(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """List, show and the output of what is kept need no workspace; an unknown id then says that nobody can be asked."""
    id = sent(run, 10)
    assert run("jobs", "wait", id).code == 0
    monkeypatch.delenv("AZURE_QUANTUM_CONNECTION_STRING")
    assert run("jobs", "show", id).code == run("jobs", "output", id).code == run("jobs", "wait", id).code == 0
    ran = run("jobs", "show", str(uuid.uuid4()))
    assert ran.code == 2
    assert "can't be asked" in ran.err


# Output


def test_the_output_as_counts_and_as_it_is_stored(run: Run, cloud: Azure) -> None:
    """Counts by people and programs; --raw is the service's own bytes; --item picks a circuit."""
    id = sent(run, 50)
    assert run("jobs", "wait", id).code == 0
    ran = run("jobs", "output", id, "-o", "json")
    assert set(ran.json["results"][0]["counts"]) <= {"00", "11"}
    assert "50 shots" in run("jobs", "output", id).out
    raw = json.loads(run("jobs", "output", id, "--raw").out)
    assert raw["DataFormat"] == "microsoft.quantum-results.v2"
    assert run("jobs", "output", id, "--item", "1", "-o", "json").json == ran.json
    wrong = run("jobs", "output", id, "--item", "2")
    assert wrong.code == 2
    assert "1 circuits" in wrong.err


def test_the_output_of_a_job_that_still_runs(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """5, and that it still runs."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        for id in (sent(run, 10), foreign(cloud, tmp_path)):
            ran = run("jobs", "output", id)
            assert ran.code == 5
            assert "still runs" in ran.err


def test_a_long_output_is_cut_on_the_page(run: Run, room: Path, cloud: Azure) -> None:
    """The most frequent bitstrings are shown, and how many there are besides; a program gets all."""
    (room / "wide.qasm").write_text(BELL.replace("[2]", "[5]").replace("cx q[0], q[1];", "h q;"))
    id = run("submit", "wide.qasm", "--target", "ionq.simulator", "--shots", "400", "--no-wait").out.strip()
    assert run("jobs", "wait", id).code == 0
    counts = run("jobs", "output", id, "-o", "json").json["results"][0]["counts"]
    assert len(counts) == 16
    (room / "wider.qasm").write_text(BELL.replace("[2]", "[6]").replace("cx q[0], q[1];", "h q;"))
    id = run("submit", "wider.qasm", "--target", "ionq.simulator", "--shots", "900", "--no-wait").out.strip()
    assert run("jobs", "wait", id).code == 0
    assert "more bitstrings" in run("jobs", "output", id).out


# Waiting, cancelling


def test_several_jobs_are_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails makes it 5, and the others are done all the same."""
    with azure(faults=Faults(script=(Event("PUT job", 2, "failed"),))) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        good, bad = sent(run, 10), sent(run, 11)
        ran = run("jobs", "wait", good, bad, "-o", "json")
        assert ran.code == 5
        assert [job["state"] for job in ran.json["jobs"]] == ["succeeded", "failed"]
        assert len(ran.json["completed"]) == 2
        page = run("jobs", "wait", good, bad)
        assert (page.code, bad[:8] in page.out, bad in page.err) == (5, True, True)


def test_a_wait_for_several_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--timeout: 7, and which jobs still run."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ids = [sent(run, 10), sent(run, 11)]
        ran = run("jobs", "wait", *ids, "--timeout", "0.2", "-o", "json")
        assert (ran.code, ran.json["error"]["code"]) == (7, 7)
        assert "1 more" in ran.json["error"]["message"]


def test_a_queued_job_is_not_waited_for(run: Run, cloud: Azure) -> None:
    """Nobody sends it meanwhile: the message names `jobs drain`."""
    ran = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue")
    waited = run("jobs", "wait", ran.out.strip())
    assert waited.code == 7
    assert "jobs drain" in waited.err


def test_a_job_that_was_only_written_down_is_sent_by_the_wait(run: Run, tmp_path: Path, cloud: Azure) -> None:
    """Whoever was to send it was killed: the wait sends it, once."""
    id = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue").out.strip()
    with sqlite3.connect(tmp_path / "state" / "qamctl" / "state.db") as connection:
        connection.execute("UPDATE jobs SET state = 'intended'")
    connection.close()
    assert run("jobs", "wait", id).code == 0
    assert cloud.service.created[id] == 1


def test_cancelling(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queued job is withdrawn, a running one asked to end, one that has ended stays; none is sent afterwards."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        queued = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue").out.strip()
        ran = run("jobs", "cancel", queued, "-o", "json")
        assert (ran.code, ran.json["state"]) == (0, "cancelled")
        assert run("jobs", "drain", "-o", "json").json["sent"] == []
        assert not cloud.service.created
        id = sent(run, 10)
        assert run("jobs", "cancel", id).code == 0
        assert run("jobs", "wait", id).code == 5
        assert cloud.service.status(id) == "Cancelled"
        assert run("jobs", "cancel", id, "-o", "json").json["state"] == "cancelled"


def test_cancelling_what_was_written_down(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An intended job is withdrawn where the service has it not, and cancelled there where it has."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        path = tmp_path / "state" / "qamctl" / "state.db"
        known = sent(run, 10)
        unknown = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue", "--shots", "11").out.strip()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE jobs SET state = 'intended', submitted = NULL, status = NULL")
        connection.close()
        assert run("jobs", "cancel", unknown, "-o", "json").json["state"] == "cancelled"
        assert run("jobs", "cancel", known).code == 0
        assert unknown not in cloud.service.jobs
        assert run("jobs", "wait", known, "--timeout", "5").code == 5


def test_a_job_that_is_being_sent_is_not_cancelled(run: Run, cloud: Azure, tmp_path: Path) -> None:
    """While another process holds it, 7: nothing is said that might not hold."""
    from datetime import UTC, datetime

    from qamctl.runs.lock import acquire

    id = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue").out.strip()
    lock = acquire(tmp_path / "state" / "qamctl", Path("job") / id, run="other", now=datetime.now(UTC))
    assert lock is not None
    with lock:
        assert run("jobs", "cancel", id).code == 7
    assert run("jobs", "cancel", id).code == 0


# The queue


def test_the_budget_holds_the_queue_back(run: Run, room: Path, cloud: Azure) -> None:
    """A job beyond the month's budget stays in the queue: 9, and the reason; a cap of its own counts at once."""
    (room / "qamctl.toml").write_text("monthly_budget = 1\nallow_qpu = true\n")
    dear = ("submit", "bell.qasm", "--target", "ionq.qpu.aria-1", "--enqueue")
    assert run(*dear, "--max-cost", "1").code == 9
    ran = run(*dear)
    assert ran.code == 0, ran.err
    free = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue").out.strip()
    drained = run("jobs", "drain", "-o", "json")
    assert drained.code == 9
    assert [job["id"] for job in drained.json["sent"]] == [free]
    assert "monthly budget" in drained.json["held"][0]["why"]
    assert "stays in the queue" in run("jobs", "drain").err


def test_a_job_that_the_service_refuses_does_not_stop_the_queue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """5, with its reason, and the next one is sent."""
    from qamctl.emulator.targets import TARGETS

    offered = [target for target in TARGETS if target.id != "rigetti.sim.qvm"]
    with azure(targets=offered) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        bad = run("submit", "bell.qasm", "--target", "rigetti.sim.qvm", "--enqueue").out.strip()
        good = run("submit", "bell.qasm", "--target", "ionq.simulator", "--enqueue").out.strip()
        ran = run("jobs", "drain", "-o", "json")
        assert ran.code == 5
        assert [job["id"] for job in ran.json["sent"]] == [good]
        assert [job["job"] for job in ran.json["failed"]] == [bad]
        assert run("jobs", "show", bad, "-o", "json").json["state"] == "refused"


def test_a_run_folder_that_is_gone_does_not_spoil_the_wait(run: Run, room: Path, cloud: Azure) -> None:
    """The job is waited for; a folder that was removed is left alone, a damaged one is told as a warning."""
    import shutil

    gone, broken = sent(run, 10, "--out", "gone"), sent(run, 11, "--out", "broken")
    shutil.rmtree(room / "gone")
    (room / "broken" / "job.json").write_text("{")
    ran = run("jobs", "wait", gone, broken)
    assert ran.code == 0
    assert "was not completed" in ran.err


def test_a_refused_key_is_told_by_every_verb(run: Run, monkeypatch: pytest.MonkeyPatch, cloud: Azure) -> None:
    """6, whatever is asked."""
    id = sent(run, 10)
    monkeypatch.setenv("AZURE_QUANTUM_CONNECTION_STRING", connection_string(cloud.endpoint, key="other-key-123"))
    for argv in (["list", "--remote"], ["show", str(uuid.uuid4())], ["show", id, "--refresh"], ["cancel", id],
                 ["wait", id]):  # fmt: skip
        ran = run("jobs", *argv)
        assert ran.code == 6, (argv, ran.err)
        assert "other-key" not in ran.err


def test_the_output_of_somebody_elses_failed_job(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """5, with its error."""
    with azure(faults=Faults(script=(Event("PUT job", 1, "failed"),))) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = foreign(cloud, tmp_path)
        while cloud.service.status(id) != "Failed":
            time.sleep(0.02)
        ran = run("jobs", "output", id)
        assert ran.code == 5
        assert "failed: " in ran.err
        assert "no reason" not in ran.err


def test_a_wait_that_is_interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: 130, the jobs as they stand, and the first that still runs."""
    import signal
    import threading

    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = sent(run, 10)
        presser = threading.Timer(1.0, lambda: signal.raise_signal(signal.SIGINT))
        presser.start()
        ran = run("jobs", "wait", id, "-o", "json")
        presser.join()
        assert (ran.code, ran.json["error"]["code"], ran.json["jobs"][0]["id"]) == (130, 130, id)


def test_the_folder_of_another_run_is_left_alone(run: Run, room: Path, cloud: Azure) -> None:
    """A folder that was taken over by another run is not touched by the wait for the first one's job."""
    first = sent(run, 10, "--out", "run")
    second = sent(run, 11, "--out", "run")
    assert run("jobs", "wait", first, "-o", "json").json["completed"] == []
    assert not (room / "run" / "result.json").exists()
    assert run("jobs", "wait", second, "-o", "json").json["completed"] == [str(room / "run")]
