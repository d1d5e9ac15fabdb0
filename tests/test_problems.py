"""Every example in `problems/` runs, and comes to what its comment says; so does the starter file of `init`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.qubo_models import optimum
from support.shared import shared_path

from qamctl.cluster.check import check_assignments, check_columns
from qamctl.cluster.read import load_cluster
from qamctl.errors import ExitCode, UsageError
from qamctl.formats import read
from qamctl.formats.models import read_model
from qamctl.formats.spec_yaml import write_spec
from qamctl.formats.templates import template
from qamctl.pipeline import RunReport, run, run_schedule
from qamctl.schedule.check import check_result
from qamctl.spec.reader import read_source
from qamctl.validation import check_files

PROBLEMS = Path(__file__).parent.parent / "problems"
MODELS = {"model-shifts.yaml": "least", "model-ring.qubo": "least", "model-backpack.lp": "most"}
MODELS |= {"hamiltonian-barker.yaml": "least", "hamiltonian-ring.yaml": "least"}
CIRCUITS = {"circuit-bell.qasm", "circuit-teleport.yaml", "circuit-ising.yaml"}
#: What a circuit spec of the folder names.
NAMED = {"circuit-ising.qasm"}
CLUSTERS = {"cluster-services.yaml", "cluster-teams.yaml", "cluster-hierarchy.yaml"}
REASONS = {"reason-incident.yaml", "reason-sprinkler.yaml", "reason-alarm.yaml"}
SUFFIXES = {".yaml", ".qubo", ".lp", ".qasm"}
FEASIBLE = [
    "schedule-night-batch.yaml",
    "schedule-ft06.yaml",
    "schedule-modes.yaml",
    "schedule-repair-shop.yaml",
    "schedule-rounds.yaml",
    "schedule-workshop.yaml",
    "schedule-workshop-later.yaml",
    "schedule-fleet/fleet.yaml",
]


@pytest.fixture
def solve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs a problem file for a second at most."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(path: Path) -> RunReport:
        return run_schedule(str(path), {"time_limit": 1.0, "threads": 1, "seed": 1, "out": tmp_path / "out"})

    return run


def test_every_example_is_tested() -> None:
    """No problem file is left out of this page."""
    found = {path.relative_to(PROBLEMS).as_posix() for path in PROBLEMS.rglob("*") if path.suffix in SUFFIXES}
    assert found == {*FEASIBLE, "schedule-infeasible.yaml", *MODELS, *CIRCUITS, *NAMED, *CLUSTERS, *REASONS}


@pytest.mark.parametrize("file", MODELS)
def test_an_example_of_a_model_has_the_optimum_that_it_says(file: str, tmp_path: Path) -> None:
    """The number in the comment of a model is the best objective of all its feasible states, and `solve` proves it."""
    found = read_model(str(PROBLEMS / file))
    best = optimum(found.model)
    assert best is not None
    assert f"proves that {found.objective(best[0]):g} is the {MODELS[file]}" in (PROBLEMS / file).read_text()
    options = ["--backend", "exact", "--threads", "1", "--out", str(tmp_path / "out"), "-o", "json"]
    command = [sys.executable, "-m", "qamctl", "solve", str(PROBLEMS / file), *options]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == ExitCode.OK, run.stderr
    result = json.loads(run.stdout)
    assert (result["status"], result["objective"]) == ("optimal", found.objective(best[0]))


@pytest.mark.parametrize("file", sorted(CIRCUITS))
def test_an_example_of_a_circuit_runs_and_holds(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A circuit gives the counts that its comment says, and its result passes the check."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    report = run("circuit", str(PROBLEMS / file), {"seed": 1, "out": tmp_path / "out"})
    assert report.exit_code == ExitCode.OK
    assert check_files(str(tmp_path / "out" / "result.json"), str(PROBLEMS / file)).found == []
    counts = report.result["solution"]["counts"]
    if file == "circuit-bell.qasm":
        assert set(counts) == {"00", "11"}
        assert abs(counts["00"] - 500) < 80
    if file == "circuit-teleport.yaml":
        assert round(report.result["objective"], 6) == 0.696707
        assert "0.696707" in (PROBLEMS / file).read_text()


@pytest.mark.parametrize("file", FEASIBLE)
def test_an_example_is_solved(solve, file: str) -> None:  # type: ignore[no-untyped-def]
    """A feasible example gives a schedule that the checker accepts, whole, with its figures."""
    report = solve(PROBLEMS / file)
    assert report.exit_code == ExitCode.OK
    assert report.result["violations"] == []
    assert check_result(report.result, report.spec) == []


def test_the_job_shop_is_the_published_one(solve) -> None:  # type: ignore[no-untyped-def]
    """ft06 is what the importer makes of the published file, and its shortest makespan is 55."""
    report = solve(PROBLEMS / "schedule-ft06.yaml")
    assert report.result["objective"] >= 55
    path = shared_path("instances/schedule/jobshop/ft06.txt")
    assert read_source(PROBLEMS / "schedule-ft06.yaml")[0] == read("jobshop", path.read_text(), name=path.name)


def test_the_infeasible_example_names_its_three_reasons(solve) -> None:  # type: ignore[no-untyped-def]
    """The plan that can't work ends with exit code 4 and names the three tasks, each with its line."""
    report = solve(PROBLEMS / "schedule-infeasible.yaml")
    assert report.exit_code == ExitCode.INFEASIBLE
    assert report.result["status"] == "infeasible"
    assert report.result["solution"] is None or not report.result["solution"]
    lines = (PROBLEMS / "schedule-infeasible.yaml").read_text().split("\n")
    told = {task for task in ("train-large", "label-images", "serve-beta") for reason in report.result["reasons"]
            if f"id: {task}" in lines[reason["line"] - 1]}  # fmt: skip
    assert told == {"train-large", "label-images", "serve-beta"}


def test_the_starter_file_is_solved(solve, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """What `init schedule` writes is valid and feasible as it stands."""
    path = tmp_path / "start.yaml"
    path.write_text(template("schedule"))
    report = solve(path)
    assert report.exit_code == ExitCode.OK
    assert report.result["violations"] == []


@pytest.mark.parametrize("file", sorted(CLUSTERS))
def test_an_example_of_clusters_is_read(file: str) -> None:
    """A cluster example is valid, and agents that are somewhere now may be there."""
    spec = load_cluster(PROBLEMS / file)
    assert f"qamctl cluster problems/{file}" in (PROBLEMS / file).read_text()
    if (spec.agents.current >= 0).all():
        assert check_columns(spec, spec.agents.current).feasible


@pytest.mark.parametrize("file", sorted(REASONS))
def test_an_example_of_a_decision_is_decided(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each runs, its circuit says the same, and the checker finds nothing wrong."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = PROBLEMS / file
    assert f"qamctl reason problems/{file}" in path.read_text()
    report = run("reason", str(path), {"out": tmp_path / "out"})
    assert (report.result["status"], report.exit_code) == ("optimal", ExitCode.OK)
    assert report.result["compiled"]["distance"] == 0
    assert check_files(str(tmp_path / "out" / "result.json"), str(path)).found == []


def test_the_starter_file_of_decisions_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `init reason` writes is valid as it stands, and somebody is called."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "start.yaml"
    path.write_text(template("reason"))
    assert run("reason", str(path), {}).result["solution"]["decision"] == "call-someone"


def test_the_starter_file_of_clusters_is_feasible(tmp_path: Path) -> None:
    """What `init cluster` writes is valid as it stands, and can be met: everybody placed, at the cost of 6."""
    path = tmp_path / "start.yaml"
    path.write_text(template("cluster"))
    spec = load_cluster(path)
    places = ["north-1", "south-1", "north-1", "north-2", "north-1", "north-2"]
    rows: list[dict[str, Any]] = [
        {"agent": agent, "cluster": place} for agent, place in zip(spec.agents.ids, places, strict=True)
    ]
    rows[spec.agents.ids.index("trainer")]["devices"] = {"gpu": [0]}
    report = check_assignments(spec, rows)
    assert (report.violations, report.levels) == ((), (0, 6))


def test_there_are_starter_files_for_the_kinds_that_are_read() -> None:
    """Another kind is refused with the kinds there are."""
    with pytest.raises(UsageError, match="choose one of schedule, cluster, reason, model, hamiltonian"):
        template("orchestrate")


def test_an_imported_problem_is_solved_from_its_file(solve, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Import, write, read, solve: the way of a foreign file through the house."""
    data = read("rcpsp", "4 1 3  0 0 2 2 3  4 2 1 4  2 2 1 4  0 0 0", name="no.rcp")
    path = tmp_path / "imported.yaml"
    path.write_text(write_spec(data))
    report = solve(path)
    assert report.result["objective"] == 6
    assert report.spec is not None
    assert report.spec.name == "no"
