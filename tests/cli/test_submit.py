"""`qamctl submit` against the test service, in this process: every kind of file, every way that it can end."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, KEY, QUBO, WORKSPACE, Azure, azure, connection_string
from support.command_line import Run

from qamctl.emulator.faults import Event, Faults
from qamctl.emulator.programs import execute
from qamctl.emulator.work import Outcome, Work, lasting

PLAN = """\
kind: schedule
version: 1
agents: [{id: a}]
horizon: 2
tasks: [{id: t1, duration: 1}, {id: t2, duration: 1}]
"""

FLEET = """\
kind: cluster
version: 1
agents: [{id: a}, {id: b}, {id: c}]
clusters: [{id: x, max_size: 2}, {id: y, max_size: 2}]
links: [{a: a, b: b, weight: 3}, {a: b, b: c}]
"""


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A circuit, and a model of three variables whose least energy is -2."""
    (room / "bell.qasm").write_text(BELL)
    (room / "m.qubo").write_text(QUBO)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with azure() as found:
        for name, value in found.environ().items():
            monkeypatch.setenv(name, value)
        yield found


def bell(run: Run, *more: str, shots: str = "100") -> Any:
    return run("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", shots, *more)


def job_file(folder: Path) -> Any:
    return json.loads((folder / "job.json").read_text())


# What comes back


def test_a_circuit_is_run_once_and_its_result_holds(run: Run, room: Path, cloud: Azure) -> None:
    """Counts, metrics and job file are written; `check` agrees; the same call finds the same job, from the cache."""
    ran = bell(run, "--out", "run", "-o", "json")
    assert ran.code == 0, ran.err
    solution = ran.json["solution"]
    assert set(solution["counts"]) == {"00", "11"}
    assert sum(solution["counts"].values()) == solution["shots"] == 100
    assert (solution["lost"], ran.json["solved_by"]) == (0, "azure:ionq.simulator")
    assert ran.json == json.loads((room / "run" / "result.json").read_text())
    assert run("check", "run/result.json", "bell.qasm").code == 0
    told = job_file(room / "run")
    assert (told["id"], told["target"], told["workspace"]) == (solution["job"], "ionq.simulator", WORKSPACE)
    assert list(cloud.service.created.values()) == [1]
    metrics = json.loads((room / "run" / "metrics.json").read_text())
    assert metrics["credits"] | {"confirmed": True} == {
        "estimated": 0.0, "reserved": 0, "billed": 0.0, "currency": "USD", "confirmed": True
    }  # fmt: skip
    assert metrics["cache"] == {"hits": 0, "misses": 1}
    before = cloud.service.requests.total()
    again = bell(run, "--out", "again", "-o", "json")
    assert again.json["solution"] == solution
    assert cloud.service.requests.total() == before  # nothing was asked
    assert json.loads((room / "again" / "metrics.json").read_text())["cache"] == {"hits": 1, "misses": 0}


def test_a_result_is_a_page(run: Run, cloud: Azure) -> None:
    """People see the counts as bars, the target, and where the result is."""
    ran = bell(run)
    assert ran.code == 0
    assert "azure:ionq.simulator" in ran.out
    assert "Result: " in ran.out


def test_a_run_key_makes_another_job(run: Run, cloud: Azure) -> None:
    """The same file with another --run-key is measured anew."""
    ids = {bell(run, "--run-key", key, "-o", "json").json["job"]["id"] for key in ("one", "two")}
    assert len(ids) == len(cloud.service.jobs) == 2


@pytest.mark.parametrize("suffix", ["ll", "bc"])
def test_qir_is_sent_as_it_is(run: Run, room: Path, cloud: Azure, suffix: str) -> None:
    """QIR as text or bitcode gives the counts of the circuit that it was compiled from."""
    assert run("compile", "bell.qasm", "--to", "qir", "--file", f"bell.{suffix}").code == 0
    ran = run("submit", f"bell.{suffix}", "--target", "rigetti.sim.qvm", "--shots", "50", "--out", "r", "-o", "json")
    assert ran.code == 0, ran.err
    assert set(ran.json["solution"]["counts"]) <= {"00", "11"}
    assert run("check", "r/result.json", f"bell.{suffix}").code == 0


IONQ = json.dumps({"qubits": 3, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]})
QUIL = "DECLARE ro BIT[2]\nX 0\nH 1\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\n"
NATIVE = {
    "ionq.circuit.v1": ("p.json", IONQ, "ionq.simulator", {"000", "011"}, 3),
    "rigetti.quil.v1": ("p.quil", QUIL, "rigetti.sim.qvm", {"01", "11"}, 2),
}


@pytest.mark.parametrize("form", NATIVE)
def test_a_program_of_a_provider_is_sent_as_it_is(
    run: Run, room: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """IonQ's JSON and Rigetti's Quil reach the service byte by byte; what is measured has all of its bits."""
    file, text, target, strings, bits = NATIVE[form]
    (room / file).write_text(text)
    call = ("submit", file, "--input-format", form, "--target", target, "--shots", "200")
    seen: list[tuple[str, bytes]] = []

    def runner(work: Work) -> Outcome:
        seen.append((work.input_format, work.payload))
        return execute.run(work)

    with azure(runner=lasting(runner)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = run(*call, "--out", "r", "-o", "json")
        assert ran.code == 0, ran.err
        assert seen == [(form, text.encode())]
        assert (ran.json["kind"], ran.json["format"]) == ("circuit", form)
        assert set(ran.json["solution"]["counts"]) == strings  # a qubit that is never 1 is among them
        assert (ran.json["solution"]["shots"], ran.json["solution"]["bits"]) == (200, bits)
        assert ran.json["attempts"][0]["variables"] == (3 if form == "ionq.circuit.v1" else None)
        output = run("jobs", "output", ran.json["job"]["id"], "-o", "json").json["results"][0]
        assert output["counts"] == ran.json["solution"]["counts"]
        assert run(*call, "-o", "json").json["solution"] == ran.json["solution"]  # from the cache
        assert list(cloud.service.created.values()) == [1]
        checked = run("check", "r/result.json", file)
        assert (checked.code, f"is the result of a {form} program" in checked.err) == (8, True)


@pytest.mark.parametrize("form", NATIVE)
def test_a_run_of_a_provider_s_program_is_resumed(run: Run, room: Path, cloud: Azure, form: str) -> None:
    """It goes on in the format that it was begun with, also where the state database was lost."""
    file, text, target, strings, _ = NATIVE[form]
    (room / file).write_text(text)
    for lost in (False, True):
        out = f"r{lost}"
        run("submit", file, "--input-format", form, "--target", target, "--shots", "50", "--no-wait", "--out", out)
        if lost:
            for old in (room.parent / "state" / "qamctl").glob("state.db*"):
                old.unlink()
        ran = run("runs", "resume", out, "-o", "json")
        assert ran.code == 0, ran.err
        assert set(ran.json["solution"]["counts"]) == strings
    assert list(cloud.service.created.values()) == [1]


def test_a_provider_s_program_can_be_looked_at_before(run: Run, room: Path) -> None:
    """--dry-run tells format, size, price and gates as far as they can be read; standard input is a file, too."""
    (room / "p.json").write_text(IONQ)
    found = run("submit", "p.json", "--input-format", "ionq.circuit.v1", "--target", "ionq.qpu.forte-1", "--dry-run",
                "-o", "json").json  # fmt: skip
    assert (found["format"], found["bytes"], found["qubits"]) == ("ionq.circuit.v1", len(IONQ), 3)
    assert (found["two_qubit"], found["name"]) == (1, "p")
    assert found["price"]["amount"] > 0
    (room / "p.quil").write_text(QUIL)
    dear = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.qpu.cepheus-1-108q",
               "--allow-qpu", "--dry-run", "-o", "json").json  # fmt: skip
    assert dear["price"]["amount"] is None
    assert not dear["allowed"]["ok"]


@pytest.mark.parametrize(
    ("form", "target", "code", "words"),
    [
        ("rigetti.quil", "rigetti.sim.qvm", 2, ["did you mean rigetti.quil.v1?", "takes rigetti.quil.v1"]),
        ("x", "qci.simulator", 2, ["there are ionq.circuit.v1", "takes none but QIR"]),
        ("qir.v1", "rigetti.sim.qvm", 2, ["leave it out"]),
        ("pasqal.pulser.v1", "rigetti.sim.qvm", 8, ["rigetti.sim.qvm does not take", "it takes rigetti.quil.v1"]),
        ("ionq.circuit.v1", "ionq.simulator", 3, ["no ionq.circuit.v1 program"]),
    ],
)
def test_formats_that_do_not_fit(run: Run, room: Path, form: str, target: str, code: int, words: list[str]) -> None:
    """An unknown format is told with the nearest and what the target takes, a wrong one with what it takes."""
    (room / "p.quil").write_text(QUIL)
    ran = run("submit", "p.quil", "--input-format", form, "--target", target, "--dry-run")
    assert ran.code == code
    assert all(word in " ".join(ran.err.split()) for word in words), ran.err


@pytest.mark.parametrize(
    ("flags", "code", "word"),
    [
        (["--format", "openqasm"], 2, "--format"), (["--depth", "2"], 2, "--depth"),
        (["--qir-profile", "base"], 2, "--qir-profile"),
    ],
)  # fmt: skip
def test_flags_that_say_nothing_of_a_provider_s_program(
    run: Run, room: Path, flags: list[str], code: int, word: str
) -> None:
    """They are refused by name: the program is sent as it is."""
    (room / "p.quil").write_text(QUIL)
    ran = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm", *flags)
    assert (ran.code, word in ran.err) == (code, True)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_program_is_refused(run: Run, room: Path, text: str) -> None:
    """With what was expected of the file."""
    (room / "p.quil").write_text(text)
    ran = run("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm")
    assert (ran.code, "is empty" in ran.err) == (3, True)


def test_a_circuit_spec_has_its_observable_told(run: Run, room: Path, cloud: Azure) -> None:
    """Shots and a diagonal observable of a spec hold: its mean is the objective, and `check` recomputes it."""
    (room / "bell.yaml").write_text(
        "kind: circuit\nversion: 1\nfile: bell.qasm\nshots: 60\nobservable: [[ZZ, 1.0], [IZ, 0.5]]\n"
    )
    ran = run("submit", "bell.yaml", "--target", "ionq.simulator", "--out", "r", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["solution"]["shots"] == 60
    assert ran.json["objective"] == pytest.approx(1.0, abs=0.5)
    assert run("check", "r/result.json", "bell.yaml").code == 0


def test_an_observable_in_another_basis_is_refused(run: Run, room: Path) -> None:
    """What the circuit's own measurements do not tell is refused before anything is sent."""
    (room / "x.yaml").write_text("kind: circuit\nversion: 1\nfile: bell.qasm\nobservable: [[XX, 1.0]]\n")
    ran = run("submit", "x.yaml", "--target", "ionq.simulator")
    assert ran.code == 8
    assert "observable" in ran.err


def test_a_model_is_decoded_and_checked(run: Run, room: Path, cloud: Azure) -> None:
    """A model file goes as its QAOA circuit; the best sample is the result, and the counts stand beside it."""
    ran = run("submit", "m.qubo", "--target", "ionq.simulator", "--shots", "300", "--depth", "2", "--out", "r",
              "-o", "json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json["kind"] == "model"
    assert ran.json["objective"] == -2
    assert ran.json["solution"]["sample"] == [0, 1, 1]
    assert sum(ran.json["solution"]["counts"].values()) == 300
    assert run("check", "r/result.json", "m.qubo").code == 0
    assert run("decode", "m.qubo", "r/counts.json", "-o", "json").json["objective"] == -2


def test_a_schedule_is_decoded_and_checked(run: Run, room: Path, cloud: Azure) -> None:
    """A plan goes as its QAOA circuit, and comes back as a schedule that the checker accepts."""
    (room / "plan.yaml").write_text(PLAN)
    ran = run("submit", "plan.yaml", "--target", "ionq.simulator", "--shots", "200", "--out", "r", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["objective"] == 2
    assert sum(ran.json["job"]["counts"].values()) == 200
    assert run("check", "r/result.json", "plan.yaml").code == 0


def test_a_cluster_spec_is_decoded_and_checked(run: Run, room: Path, cloud: Azure) -> None:
    """It goes as the QAOA circuit of its model, and comes back as an assignment that the checker accepts."""
    (room / "fleet.yaml").write_text(FLEET)
    ran = run("submit", "fleet.yaml", "--target", "ionq.simulator", "--shots", "200", "--out", "r", "-o", "json")
    assert ran.code == 0, ran.err
    assert (ran.json["kind"], ran.json["objective"]) == ("cluster", 1)
    assert sum(ran.json["job"]["counts"].values()) == 200
    where = {row["agent"]: row["cluster"] for row in ran.json["solution"]["assignments"]}
    assert where["a"] == where["b"] != where["c"]
    assert run("check", "r/result.json", "fleet.yaml").code == 0


# Not waiting, waiting for a while, coming back


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


# The queue


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


# Before anything is sent


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


# What the service does not like


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
    from qamctl.emulator.work import Outcome

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


def test_a_circuit_without_bits(run: Run, room: Path) -> None:
    """A circuit whose observable would be computed has nothing to measure: 3."""
    (room / "none.qasm").write_text('OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nh q[0];\n')
    (room / "none.yaml").write_text("kind: circuit\nversion: 1\nfile: none.qasm\nobservable: [[ZZ, 1.0]]\n")
    ran = run("submit", "none.yaml", "--target", "ionq.simulator")
    assert ran.code == 3
    assert "measures nothing" in ran.err


def test_dry_run_of_a_model(run: Run) -> None:
    """The QAOA circuit's shape is told, by whatever format the file is read."""
    ran = run("submit", "m.qubo", "--format", "qubo", "--target", "quantinuum.sim.h2-1e", "--depth", "2", "--dry-run",
              "-o", "json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert (ran.json["kind"], ran.json["qubits"], ran.json["qaoa"]["layers"]) == ("model", 3, 2)
    assert ran.json["price"]["currency"] in ("HQC", "eHQC")


def test_standard_input(run: Run, room: Path, cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """- is standard input, and the run folder keeps what was read, so that it can be resumed."""
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(BELL.encode()))))
    ran = run("submit", "-", "--target", "ionq.simulator", "--shots", "40", "--no-wait", "--out", "run")
    assert ran.code == 0, ran.err
    assert run("runs", "resume", "run", "-o", "json").json["solution"]["shots"] == 40


# Budgets, configuration


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
