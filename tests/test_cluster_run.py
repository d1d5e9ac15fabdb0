"""A cluster's run: from the file to a checked result, whichever engines search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qamctl import engines
from qamctl.cluster.check import check_result
from qamctl.errors import ExitCode, UnsupportedError, UsageError
from qamctl.pipeline import bench, dry_run, run
from qamctl.solver import Outcome
from qamctl.story import RunReport
from qamctl.validation import check_files

FLEET = """\
kind: cluster
version: 1
resources: [{id: cpu}, {id: mem, transient: true}]
agents:
  csv: |
    id,demand,cluster
    a,cpu=2|mem=1,x
    b,cpu=1|mem=2,x
    c,cpu=3,y
    d,cpu=1|mem=1.5,y
    e,cpu=2,
clusters:
  - {id: x, parent: eu, capacity: {cpu: 6, mem: 8}, safe: {cpu: 5}}
  - {id: y, parent: eu, capacity: {cpu: 6, mem: 8}, safe: {cpu: 5}}
  - {id: eu}
links:
  - {a: a, b: c, weight: 3}
  - {a: b, b: d}
  - {a: d, b: e, weight: 2.5}
"""

STEPS: dict[str, Any] = {"max_steps": 500, "seed": 1}


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Writes a spec and gives its path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def write(text: str = FLEET) -> str:
        path = tmp_path / "fleet.yaml"
        path.write_text(text)
        return str(path)

    return write


def start(path: str, *backends: str, **flags: Any) -> RunReport:
    given = {**STEPS, **flags} | ({"backend": list(backends)} if backends else {})
    return run("cluster", path, given)


def test_a_run_gives_a_checked_result(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Every engine of `auto` has its line, the checker finds nothing, the moves lead from now to the answer."""
    report = start(spec(), out=tmp_path / "out")
    assert report.exit_code == ExitCode.OK
    result = report.result
    assert check_result(result, report.spec) == []
    assert check_files(str(tmp_path / "out" / "result.json"), spec()).found == []
    assert {row["backend"] for row in result["attempts"]} == {"assignment", "linear", "anneal"}
    assert result["kind"] == "cluster"
    assert [row["id"] for row in result["solution"]["clusters"]] == ["x", "y", "eu"]
    assert result["objective"] <= 4.0  # two agents change places: nothing is cut, one cluster is half full
    metrics = report.metrics
    assert metrics["communication"]["cut"] == result["terms"]["cut"]
    assert metrics["communication"]["cut_before"] == 4
    assert metrics["utilisation"]["resources"]["cpu"] == 0.75
    assert metrics["model"]["agents"] == 5
    assert metrics["curve"]


def test_the_answer_is_compiled(spec) -> None:  # type: ignore[no-untyped-def]
    """Its energy in the QUBO is the checked objective, without penalties."""
    result = start(spec(), "assignment").result
    block = result["compiled"]
    assert (block["kind"], block["scope"]) == ("qubo", "whole")
    assert block["energy"] == pytest.approx(result["objective"])
    assert block["penalty"] == 0


def test_a_reproducible_run_is_the_same_byte_for_byte(spec, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """With a step budget the answer depends on neither threads nor kernels."""
    path, texts = spec(), set()
    for threads, kernels in ((1, ""), (2, ""), (2, "reference")):
        monkeypatch.setenv("QAMCTL_KERNELS", kernels)
        result = start(path, threads=threads).result
        fields = {key: result[key] for key in ("solution", "objective", "terms", "bound", "status")}
        texts.add(json.dumps(fields, sort_keys=True))
    assert len(texts) == 1


@pytest.mark.parametrize("backend", ["assignment", "anneal", "tabu", "neal", "qaoa"])
def test_one_engine_alone(spec, backend: str) -> None:  # type: ignore[no-untyped-def]
    """Sampled engines begin from the answer of the assignment search."""
    report = start(spec(), backend, time_limit=2.0, max_steps=None)
    assert check_result(report.result, report.spec) == []
    assert backend in [row["backend"] for row in report.result["attempts"]]


def test_what_nobody_can_satisfy_is_told_without_a_search(spec) -> None:  # type: ignore[no-untyped-def]
    """Exit code 4, the reasons with their lines, no answer."""
    path = spec(FLEET.replace("c,cpu=3,y", "c,cpu=9,y"))
    report = start(path)
    assert report.exit_code == ExitCode.INFEASIBLE
    assert report.result["status"] == "infeasible"
    assert report.result["solution"] is None
    assert report.result["reasons"][0]["line"] == 9
    assert check_result(report.result, report.spec) == []
    assert dry_run(path, {}, kind="cluster")["compiled"] is None


def test_a_dry_run_tells_sizes_and_leaves_nothing(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Sizes of the instance and of its QUBO, no run directory."""
    sizes = dry_run(spec(), {}, kind="cluster")
    assert (sizes["agents"], sizes["clusters"], sizes["links"], sizes["reasons"]) == (5, 2, 3, [])
    assert sizes["compiled"]["scope"] == "whole"
    assert not (tmp_path / "state").exists()


def test_what_no_qubo_holds_does_not_cost_the_assignment(spec) -> None:  # type: ignore[no-untyped-def]
    """Where the model can't be built the result says why, and the answer stands; a dry run tells the same."""
    agents = ", ".join(f"{{id: a{k}, cluster: c{k % 2}, move_cost: 0.{k}234567891234}}" for k in range(1, 7))
    path = spec(
        f"kind: cluster\nversion: 1\nagents: [{agents}]\nclusters: {{count: 2}}\n"
        "links: [{a: a1, b: a2}]\nmoves: {max_cost: 0.7777777777777}\n"
    )
    report = start(path, "assignment")
    assert check_result(report.result, report.spec) == []
    assert report.result["compiled"]["scope"] == "refused"
    assert "moves.max_cost" in report.result["compiled"]["reason"]
    assert dry_run(path, {}, kind="cluster")["compiled"]["scope"] == "refused"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"backend": ["list-search"]}, "list-search searches schedules, and this is a cluster: take one of auto, ass"),
        ({"backend": ["cpsat"]}, "cpsat searches schedules, and this is a cluster: take one of auto, assignment"),
        ({"backend": ["asignment"]}, "did you mean assignment"),
        ({"slot": 2}, "--slot is for schedules"),
        ({"angles": "a.json", "backend": ["qaoa"]}, "is a cluster, whose circuits change from window to window"),
        ({"mitigate": ["zne"]}, "--mitigate is for circuit files"),
    ],
)
def test_flags_that_say_nothing_are_refused(spec, flags: dict[str, Any], word: str) -> None:  # type: ignore[no-untyped-def]
    """Engines of schedules, slots, and what is about circuits."""
    with pytest.raises(UsageError, match=word):
        start(spec(), **flags)


def test_an_engine_that_declines_is_no_failure_of_auto(spec, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Its line says why, nothing is called a fallback, also with --strict; named alone it ends the run."""

    def decline(*args: object) -> Outcome:
        raise UnsupportedError("linear takes no such links")

    real = engines.solver
    monkeypatch.setattr(engines, "solver", lambda name, *more: decline if name == "linear" else real(name, *more))
    for strict in (False, True):
        result = start(spec(), strict=strict).result
        (row,) = [row for row in result["attempts"] if row["backend"] == "linear"]
        assert (row["status"], row["note"]) == ("skipped", "linear takes no such links")
        assert result["fallback"] is None
    with pytest.raises(UnsupportedError, match="no such links"):
        start(spec(), "linear")


def test_auto_does_without_programs_where_they_would_find_little(spec) -> None:  # type: ignore[no-untyped-def]
    """Many agents and links: its line says why. Where only places cost something it searches."""
    agents = "".join(f"  - {{id: a{i}, cluster: c{i % 40}}}\n" for i in range(200))
    links = "".join(f"  - {{a: a{i}, b: a{(i + 7) % 200}}}\n" for i in range(200))
    fleet = f"kind: cluster\nversion: 1\nbalance: 20\nclusters: {{count: 40}}\nagents:\n{agents}links:\n{links}"
    for objective, without in (("cut", True), ("move", False)):
        result = start(spec(f"{fleet}objective: {{{objective}: 1}}\n"), max_steps=2000).result
        (row,) = [row for row in result["attempts"] if row["backend"] == "linear"]
        assert (row["status"] == "skipped") == without
        assert ("the objective counts cut" in row.get("note", "")) == without
        assert result["fallback"] is None


def test_bench_compares_engines(spec) -> None:  # type: ignore[no-untyped-def]
    """Each one searches alone, after it was loaded."""
    rows = bench(spec(), ["assignment", "anneal"], dict(STEPS), kind="cluster")
    assert [row["backend"] for row in rows] == ["assignment", "anneal"]
    assert all(row["objective"] is not None for row in rows)


def test_very_many_rows_are_a_table_beside_the_result(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Above 50,000 agents; `check` reads it."""
    rows = "".join(f"    a{k},c{k % 2}\n" for k in range(50_001))
    path = spec(f"kind: cluster\nversion: 1\nagents:\n  csv: |\n    id,cluster\n{rows}clusters: {{count: 2}}\n")
    report = start(path, "assignment", max_steps=1, out=tmp_path / "out")
    table = report.result["solution"]["assignments"]
    assert table["table"] == "assignments.csv"
    assert (tmp_path / "out" / "assignments.csv").read_text().startswith("agent,cluster\na0,c")
    assert check_files(str(tmp_path / "out" / "result.json"), path).found == []


def test_figures_for_prometheus(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """The share of each resource is a gauge."""
    start(spec(), "assignment", metrics=tmp_path / "m.prom")
    text = (tmp_path / "m.prom").read_text()
    assert 'qamctl_resource_utilisation_ratio{kind="cluster",name="fleet",resource="cpu"} 0.75' in text
