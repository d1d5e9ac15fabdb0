"""`qamctl submit` against the test service, in this process: every kind of file, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.azure_room import BELL, WORKSPACE, Azure
from support.azure_submissions import PLAN, bell, cloud, files, job_file
from support.command_line import Run

__all__ = ["cloud", "files"]


FLEET = """\
kind: cluster
version: 1
agents: [{id: a}, {id: b}, {id: c}]
clusters: [{id: x, max_size: 2}, {id: y, max_size: 2}]
links: [{a: a, b: b, weight: 3}, {a: b, b: c}]
"""


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
