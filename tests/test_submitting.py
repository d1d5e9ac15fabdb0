"""Submitting from processes that are killed, twice at once, and without their database: one job, and its result."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.azure_room import BELL, QUBO, Azure, azure

from qamctl import AzureQuantumClient
from qamctl.errors import BackendError, ExitCode, GateError, PendingError, UsageError
from qamctl.submitting import dry_run, submit

KILLS = int(os.environ.get("QAMCTL_KILLS", "3"))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a circuit and a model, and a state of its own."""
    for name in [name for name in os.environ if name.startswith(("QAMCTL_", "AZURE_"))]:
        if name != "QAMCTL_KILLS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "bell.qasm").write_text(BELL)
    (tmp_path / "m.qubo").write_text(QUBO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cloud(room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A test service, named by the environment."""
    with azure() as found:
        for name, value in found.environ().items():
            monkeypatch.setenv(name, value)
        yield found


def command(*argv: str) -> list[str]:
    return [sys.executable, "-P", "-m", "qamctl", *argv]


def start(room: Path, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*argv), cwd=room, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_kill_and_resume(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any point, a run is completed by `runs resume`, and the same call again finds its job: one in all."""
    call = ("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", "70")
    moments, killed = random.Random(5), 0
    with azure(queue_seconds=2.0) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        # As soon as the folder names the job; as soon as the service has it; a while later.
        for k in range(KILLS):
            folder, key = room / f"run{k}", f"key{k}"
            child, before = start(room, *call, "--out", str(folder), "--run-key", key), len(cloud.service.created)
            while child.poll() is None and not (folder / "job.json").exists():
                time.sleep(0.001)
            while child.poll() is None and k % 3 and len(cloud.service.created) == before:
                time.sleep(0.001)
            if k % 3 == 2:
                time.sleep(moments.uniform(0.0, 0.5))
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
            child.communicate()
            resumed = start(room, "runs", "resume", str(folder), "-o", "json")
            out, err = resumed.communicate()
            assert resumed.returncode == 0, (k, err)
            told = json.loads(out)
            assert told["solution"]["shots"] == 70
            assert submit(call[1], {"target": call[3], "shots": call[5], "run_key": key}).id == told["job"]["id"]
        assert killed == KILLS
        assert list(cloud.service.created.values()) == [1] * KILLS


def test_two_processes_at_once(room: Path, cloud: Azure) -> None:
    """The same call twice at the same time: one job, both have its result."""
    call = ("submit", "bell.qasm", "--target", "ionq.simulator", "--shots", "80", "-o", "json")
    children = [start(room, *call) for _ in range(2)]
    results = []
    for child in children:
        out, err = child.communicate()
        assert child.returncode == 0, err
        results.append(json.loads(out))
    assert results[0]["solution"] == results[1]["solution"]
    assert results[0]["run"] != results[1]["run"]
    assert list(cloud.service.created.values()) == [1]


def test_terminated_while_it_waits(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM: 143, and the job goes on."""
    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        child = start(room, "submit", "bell.qasm", "--target", "ionq.simulator")
        while not cloud.service.created:
            assert child.poll() is None, child.communicate()
            time.sleep(0.02)
        time.sleep(0.5)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate()
        assert child.returncode == 143, err
        assert cloud.service.status(out.strip()) == "Waiting"


def test_resuming_without_the_database(room: Path, cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was lost: the run folder names the job, which is found at the service, not sent again."""
    from qamctl.resuming import resume

    flags: dict[str, Any] = {"target": "ionq.simulator", "shots": "90", "no_wait": True, "out": "run"}
    sent = submit("bell.qasm", flags)
    assert (sent.exit_code, sent.result, sent.reused) == (ExitCode.OK, None, False)
    for path in (room / "state" / "qamctl").glob("state.db*"):
        path.unlink()
    found = resume("run")
    assert (found.id, found.exit_code) == (sent.id, ExitCode.OK)
    assert found.result is not None
    assert found.result["solution"]["shots"] == 90
    assert cloud.service.created[sent.id] == 1


def test_resuming_what_compiles_to_another_job(room: Path, cloud: Azure) -> None:
    """Without the database, and with a file that is another by now, the run is not gone on with."""
    from qamctl.resuming import resume

    submit("bell.qasm", {"target": "ionq.simulator", "no_wait": True, "out": "run"})
    for path in (room / "state" / "qamctl").glob("state.db*"):
        path.unlink()
    (room / "run" / "spec.qasm").write_text(BELL.replace("cx q[0], q[1];", ""))
    with pytest.raises(BackendError, match="submit the file anew"):
        resume("run")


def test_a_target_that_only_the_service_knows(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up there; offline, and where it is not listed either, the nearest known one is named."""
    from dataclasses import replace

    from qamctl.emulator.targets import TARGETS

    new = replace(next(target for target in TARGETS if target.id == "ionq.simulator"), id="ionq.simulator-2")
    with azure(targets=(*TARGETS, new)) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        with pytest.raises(GateError, match=r"docs/prices\.md"):
            submit("bell.qasm", {"target": "ionq.simulator-2", "shots": "20"})
        (room / "p.toml").write_text('["ionq.simulator-2"]\nformula = "free"\ncurrency = "USD"\n')
        done = submit("bell.qasm", {"target": "ionq.simulator-2", "shots": "20", "prices": "p.toml"})
        assert done.exit_code == ExitCode.OK
        for name in ("ionq.simulator-3", "ionq.simulator-2"):
            with pytest.raises(UsageError, match="did you mean ionq"):
                dry_run("bell.qasm", {"target": name})
        with pytest.raises(UsageError, match="did you mean ionq"):
            submit("bell.qasm", {"target": "ionq.simulator-3"})


def test_a_session_is_opened_once(room: Path, cloud: Azure) -> None:
    """Jobs of one name and target share a session; an id is taken as it is, and must be one of the service."""
    for shots in ("10", "11"):
        submit("bell.qasm", {"target": "ionq.simulator", "shots": shots, "session": "night", "no_wait": True})
    (id,) = cloud.service.sessions
    submit("bell.qasm", {"target": "ionq.simulator", "shots": "12", "session": id, "no_wait": True})
    assert {job.session for job in cloud.service.jobs.values()} == {id}


def test_a_model_that_has_no_feasible_sample(room: Path, cloud: Azure) -> None:
    """No measurement that is a feasible answer: 4, the reason, and the counts are kept."""
    groups = "{kind: model, version: 1, variables: 3, linear: {'0': 1}, constraints: [{name: all, terms: {'0': 1, "
    (room / "m.yaml").write_text(
        groups + "'1': 1, '2': 1}, sense: '>=', rhs: 3}, {name: odd, terms: {'0': 2, '1': 3, '2': 5}, sense: '<=', "
        "rhs: 10}]}"
    )
    done = submit("m.yaml", {"target": "ionq.simulator", "shots": "1", "depth": "1", "out": "run"})
    assert done.result is not None
    assert sum(done.result["job"]["counts"].values()) == 1
    if done.exit_code == ExitCode.INFEASIBLE:
        assert done.result["solution"] is None
        assert "keeps every constraint" in done.result["reasons"][0]["text"]
    else:
        assert done.result["solution"]["sample"] == [1, 1, 1]


def test_every_shot_is_lost(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose shots were all lost gives no answer: 4, and how many."""
    with azure(lost_shots=1.0) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        done = submit("bell.qasm", {"target": "quantinuum.sim.h2-1e", "shots": "15"})
        assert done.result is not None
        assert (done.exit_code, done.result["status"], done.result["job"]["lost"]) == (4, "unknown", 15)
        assert "15 shots were lost" in done.result["reasons"][0]["text"]


def test_the_plans_client(room: Path, cloud: Azure) -> None:
    """`AzureQuantumClient` submits a file, a mapping or a dimod model once, and gives the checked result."""
    import dimod

    client = AzureQuantumClient(target="ionq.simulator", shots=200, depth=2)
    qubo = {(0, 0): -1.0, (1, 1): -1.0, (2, 2): 1.0, (0, 1): 2.0, (1, 2): -2.0}
    for given in ("m.qubo", qubo, dimod.BinaryQuadraticModel.from_qubo(qubo)):
        result = client.wait_for_job(client.submit_qubo(given))
        assert (result["objective"], result["solution"]["sample"]) == (-2, [0, 1, 1])
    with pytest.raises(UsageError, match="no job"):
        client.wait_for_job("zzz")


def test_the_plans_client_waits_for_a_while(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout is a PendingError, and a run folder that is gone a BackendError."""
    import shutil

    with azure(queue_seconds=600) as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        client = AzureQuantumClient()
        id = client.submit_qubo(room / "m.qubo", target="ionq.simulator")
        with pytest.raises(PendingError, match=id):
            client.wait_for_job(id, timeout=0.2)
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        id = client.submit_qubo(room / "m.qubo", target="ionq.simulator", run_key="b", out="run")
        shutil.rmtree(room / "run")
        with pytest.raises(BackendError, match="run folder"):
            client.wait_for_job(id)
