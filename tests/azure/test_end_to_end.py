"""The command line end to end, in real processes: plain http with a key, and https with a connection string as Azure's.

Over https nothing of qamctl or of the SDK is told of the test: the proxy and its certificate come from the environment,
as in any company's network.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from scipy.stats import chisquare
from support.azure_process import WAYS, shell

from qamctl.emulator.programs import execute
from qamctl.emulator.work import Outcome, Work, lasting

A, B = 0.9, 2.0
PROGRAM = f"""\
OPENQASM 3;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
ry({A}) q[0];
cx q[0], q[1];
ry({B}) q[2];
c = measure q;
"""
SHOTS = 4000
SEED = 7

QUIL = f"DECLARE ro BIT[3]\nRY({A}) 0\nCNOT 0 1\nRY({B}) 2\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\nMEASURE 2 ro[2]\n"
MIB = 1 << 20


def exact() -> dict[str, float]:
    """The distribution by hand, the highest bit leftmost: the first two qubits agree, the third is on its own."""
    one, other = math.sin(A / 2) ** 2, math.sin(B / 2) ** 2
    return {
        f"{third}{pair}{pair}": (one if pair else 1 - one) * (other if third else 1 - other)
        for pair in (0, 1) for third in (0, 1)
    }  # fmt: skip


def check_counts(counts: Mapping[str, int]) -> None:
    """Fail where the counts are further from the exact distribution than chance makes them once in a thousand times."""
    wanted = exact()
    assert set(counts) <= set(wanted)
    assert sum(counts.values()) == SHOTS
    found = chisquare([counts.get(text, 0) for text in wanted], [SHOTS * chance for chance in wanted.values()])
    assert found.pvalue > 1e-3, (found, counts, f"seed {SEED}")


@pytest.mark.parametrize("way", WAYS)
def test_from_submission_to_output(tmp_path: Path, way: str) -> None:
    """Submit, wait, output, list and show: the counts are those of the circuit, within sampling error."""
    with shell(way, tmp_path, seed=SEED) as qamctl:
        (qamctl.folder / "p.qasm").write_text(PROGRAM)
        call = ("submit", "p.qasm", "--shots", str(SHOTS))
        ran = qamctl(*call, "--target", "ionq.simulator", "--out", "r", "-o", "json")
        check_counts(ran.json["solution"]["counts"])
        qamctl("check", "r/result.json", "p.qasm")
        id = qamctl(*call, "--target", "rigetti.sim.qvm", "--name", "later", "--tag", "t", "--no-wait").out.strip()
        waited = qamctl("jobs", "wait", id, "--timeout", "60", "-o", "json").json
        assert [job["state"] for job in waited["jobs"]] == ["succeeded"]
        check_counts(qamctl("jobs", "output", id, "-o", "json").json["results"][0]["counts"])
        rows = qamctl("jobs", "list", "--remote", "-o", "json").json["jobs"]
        assert {row["id"] for row in rows} == set(qamctl.service.jobs) == {ran.json["job"]["id"], id}
        (row,) = qamctl("jobs", "list", "--remote", "--target", "rigetti.sim.qvm", "--job-name", "lat", "--tag", "t",
                        "--status", "Succeeded", "-o", "json").json["jobs"]  # fmt: skip
        assert (row["id"], row["state"]) == (id, "succeeded")
        assert qamctl("jobs", "list", "--remote", "--status", "Failed", "-o", "json").json["jobs"] == []
        assert set(qamctl.service.created.values()) == {1}


@pytest.mark.parametrize("way", WAYS)
def test_cancelling_and_sessions(tmp_path: Path, way: str) -> None:
    """A job that waits is cancelled; jobs of a session are in it, and listed by it."""
    with shell(way, tmp_path, queue_seconds=600.0) as qamctl:
        (qamctl.folder / "p.qasm").write_text(PROGRAM)
        call = ("submit", "p.qasm", "--target", "rigetti.sim.qvm", "--no-wait")
        first = qamctl(*call, "--shots", "10").out.strip()
        assert qamctl("jobs", "cancel", first, "-o", "json").json["state"] in ("cancelled", "submitted")
        qamctl("jobs", "wait", first, "--timeout", "60", code=5)
        assert qamctl.service.status(first) == "Cancelled"
        assert qamctl("jobs", "show", first, "-o", "json").json["state"] == "cancelled"
        ids = {qamctl(*call, "--shots", shots, "--session", "mine").out.strip() for shots in ("11", "12")}
        (session,) = qamctl.service.sessions
        assert {job.id for job in qamctl.service.jobs.values() if job.session == session} == ids
        rows = qamctl("jobs", "list", "--remote", "--session", session, "-o", "json").json["jobs"]
        assert {row["id"] for row in rows} == ids


@pytest.mark.parametrize("way", WAYS)
def test_eighty_mebibytes_of_input(tmp_path: Path, way: str) -> None:
    """A program of 80 MiB, most of it comments, arrives whole, once, and is run."""
    sizes: list[int] = []

    def runner(work: Work) -> Outcome:
        sizes.append(len(work.payload))
        return execute.run(work)

    with shell(way, tmp_path, seed=SEED, runner=lasting(runner)) as qamctl:
        padding = b"#" + b"x" * (MIB - 2) + b"\n"
        program = QUIL.encode() + 80 * padding
        (qamctl.folder / "p.quil").write_bytes(program)
        ran = qamctl("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm",
                     "--shots", str(SHOTS), "-o", "json")  # fmt: skip
        check_counts(ran.json["solution"]["counts"])
        assert sizes == [len(program)]
        assert len(program) > 80 * MIB
        again = qamctl("submit", "p.quil", "--input-format", "rigetti.quil.v1", "--target", "rigetti.sim.qvm",
                       "--shots", str(SHOTS), "-o", "json")  # fmt: skip
        assert again.json["solution"] == ran.json["solution"]
        assert set(qamctl.service.created.values()) == {1}
    for folder in ("state", "work"):  # pytest keeps the folders of its last runs
        shutil.rmtree(tmp_path / folder)


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_key_and_a_wrong_workspace(tmp_path: Path, way: str) -> None:
    """Either is told by the service, and by its exit code: 6 and 5; nothing was made."""
    with shell(way, tmp_path, workspaces=["11111111-2222-3333-4444-555555555555/rg/ws"]) as qamctl:
        (qamctl.folder / "p.qasm").write_text(PROGRAM)
        call = ("submit", "p.qasm", "--target", "ionq.simulator")
        (name,) = (name for name in qamctl.environ if name.endswith("CONNECTION_STRING"))
        string = qamctl.environ[name]
        wrong = string.replace("ApiKey=", "ApiKey=x")
        assert "refused" in qamctl(*call, code=6, environ={name: wrong}).err
        other = string.replace("WorkspaceName=ws", "WorkspaceName=nowhere")
        assert "WorkspaceNotFound" in qamctl(*call, code=5, environ={name: other}).err
        assert qamctl.service.jobs == {}
