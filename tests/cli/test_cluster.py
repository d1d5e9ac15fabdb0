"""`qamctl cluster`, and the other commands on cluster specs, through the entry point."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.command_line import Run

SEARCH = ("--backend", "assignment", "--max-steps", "500", "--seed", "1")

PAIRS = """\
kind: cluster
version: 1
name: pairs
agents: [{id: a, cluster: c0}, {id: b, cluster: c1}, {id: c, cluster: c0}, {id: d, cluster: c1}]
clusters: {count: 2, max_size: 3}
links: [{a: a, b: b, weight: 5}, {a: c, b: d, weight: 5}, {a: b, b: c}]
"""

FULL = """\
kind: cluster
version: 1
agents: [{id: a}, {id: b}, {id: c}]
clusters: {count: 2, max_size: 1}
"""

#: Five agents around a ring in which neighbours are apart, and two clusters: infeasible, which only a search can tell.
HARD = """\
kind: cluster
version: 1
agents: [{id: a}, {id: b}, {id: c}, {id: d}, {id: e}]
clusters: {count: 2}
links: [{a: a, b: b, kind: apart}, {a: b, b: c, kind: apart}, {a: c, b: d, kind: apart}, {a: d, b: e, kind: apart},
        {a: e, b: a, kind: apart}, {a: a, b: c}]
"""


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """Two cluster specs: one that two moves improve, one that nobody can satisfy."""
    (room / "pairs.yaml").write_text(PAIRS)
    (room / "full.yaml").write_text(FULL)


def test_cluster_shows_a_page(run: Run, room: Path) -> None:
    """Status, clusters, cut before and after and the moves, nothing wider than the page but paths."""
    ran = run("cluster", "pairs.yaml", *SEARCH, "--out", "run")
    assert ran.code == 0
    assert ran.out.startswith("Status: ")
    assert "Clusters: 4 agents in 2 clusters of 2\nCut: 1, before 11\nMoves: 2 agents in " in ran.out
    assert all(len(line) <= 80 for line in ran.out.splitlines() if not line.startswith("Result: "))
    assert json.loads((room / "run" / "result.json").read_text())["terms"]["cut"] == 1


def test_a_narrow_page_without_colours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS and NO_COLOR are honoured."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("cluster", "pairs.yaml", *SEARCH).out
    monkeypatch.setenv("NO_COLOR", "1")
    out = run("cluster", "pairs.yaml", *SEARCH).out
    assert "\x1b[" not in out
    assert all(len(line) <= 40 for line in out.splitlines()[1:] if not line.startswith("Result: "))


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_cluster_prints_the_result_file(run: Run, room: Path, output: str) -> None:
    """`-o json` and `-o yaml` give the same object as the run's result.json."""
    ran = run("cluster", "pairs.yaml", *SEARCH, "--out", "run", "-o", output)
    printed = ran.json if output == "json" else yaml.safe_load(ran.out)
    assert printed == json.loads((room / "run" / "result.json").read_text())


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    """It tells the sizes."""
    ran = run("cluster", "pairs.yaml", "--dry-run", "-o", "json")
    assert (ran.code, ran.json["agents"], ran.json["clusters"]) == (0, 4, 2)
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()


def test_cluster_without_an_answer(run: Run) -> None:
    """Exit code 4, with the reason and its place."""
    ran = run("cluster", "full.yaml", *SEARCH)
    assert ran.code == 4
    assert "Status: infeasible" in ran.out
    assert "full.yaml:" in ran.out
    assert run("validate", "full.yaml").code == 4


def test_a_spec_of_another_kind_is_refused(run: Run) -> None:
    """`cluster` takes clusters, `schedule` schedules."""
    assert run("cluster", "two.yaml").code == 3
    assert run("schedule", "pairs.yaml").code == 3


def test_a_held_lock_is_waited_for_or_not(run: Run) -> None:
    """Options are those of every run."""
    assert run("cluster", "pairs.yaml", "--max-steps", "x").code == 2
    assert run("cluster", "pairs.yaml", *SEARCH, "--max-cost", "1").code == 2


def test_solve_takes_a_cluster(run: Run) -> None:
    """`solve` does as `cluster` does, and shows its page."""
    ran = run("solve", "pairs.yaml", *SEARCH, "-o", "json")
    assert (ran.code, ran.json["kind"], ran.json["terms"]["cut"]) == (0, "cluster", 1)
    assert "Cut: 1, before 11" in run("solve", "pairs.yaml", *SEARCH).out


def test_what_is_written_is_checked(run: Run, room: Path) -> None:
    """`validate` accepts the spec, `check` the result, and no result that was touched."""
    assert run("validate", "pairs.yaml").code == 0
    run("cluster", "pairs.yaml", *SEARCH, "--result", "r.json")
    assert run("check", "r.json", "pairs.yaml").code == 0
    result = json.loads((room / "r.json").read_text())
    result["solution"]["moves"].pop()
    (room / "r.json").write_text(json.dumps(result))
    assert run("check", "r.json", "pairs.yaml").code == 9


def test_bench_of_a_cluster(run: Run) -> None:
    """Engines side by side."""
    flags = ("--backend", "assignment", "--backend", "anneal", "--max-steps", "500", "-o", "json")
    rows = run("bench", "pairs.yaml", *flags).json["rows"]
    assert [row["backend"] for row in rows] == ["assignment", "anneal"]


@pytest.mark.parametrize("encoding", ["one-hot", "domain-wall"])
def test_a_compiled_cluster_is_solved_and_decoded(run: Run, room: Path, encoding: str) -> None:
    """compile, solve the QUBO, decode its samples: a result that checks, no worse than now."""
    ran = run("compile", "pairs.yaml", "--to", "qubo", "--encoding", encoding, "--file", "p.qubo")
    assert ran.code == 0, ran.err
    assert run("solve", "p.qubo", "--max-steps", "2000", "--samples", "s.npz", "--reads", "20").code == 0
    ran = run("decode", "pairs.yaml", "s.npz", "--encoding", encoding, "--result", "r.json", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["terms"]["cut"] == 1
    assert run("check", "r.json", "pairs.yaml").code == 0


def test_reports_of_compile(run: Run) -> None:
    """Sizes and level, and no slot; a slot, and a level that there is not, are refused."""
    report = run("compile", "pairs.yaml", "--dry-run", "-o", "json").json
    assert (report["kind"], report["level"], "slot" in report) == ("cluster", 1, False)
    assert report["variables"] >= 4
    assert run("compile", "pairs.yaml", "--slot", "2").code == 2
    assert run("compile", "pairs.yaml", "--level", "2").code == 2
    assert run("compile", "full.yaml").code == 4
    ran = run("compile", "pairs.yaml", "--max-variables", "3")
    assert (ran.code, "beyond the limits of 3" in ran.err) == (8, True)


def test_a_later_level_is_compiled_around_a_first_answer(run: Run, room: Path) -> None:
    """--level 2 keeps the first level; without a first answer the first level is compiled all the same."""
    (room / "levels.yaml").write_text(PAIRS + "objective: [{cut: 1}, {move: 1}]\n")
    report = run("compile", "levels.yaml", "--level", "2", "--dry-run", "-o", "json").json
    assert report["level"] == 2
    (room / "apart.yaml").write_text(HARD)
    assert run("compile", "apart.yaml", "--dry-run", "-o", "json").json["variables"] > 0
    sizes = run("cluster", "apart.yaml", "--dry-run", "-o", "json").json
    assert sizes["compiled"]["scope"] == "estimate"


def test_samples_of_what_nobody_can_satisfy(run: Run, room: Path) -> None:
    """Exit code 4: none is an assignment, and none can be repaired to one."""
    (room / "apart.yaml").write_text(HARD)
    report = run("compile", "apart.yaml", "--dry-run", "-o", "json").json
    np.save("s.npy", np.zeros((2, report["variables"]), np.uint8))
    ran = run("decode", "apart.yaml", "s.npy")
    assert ran.code == 4
    assert "none of 2 samples is an assignment, or can be repaired to one" in ran.err


def test_broken_samples_are_repaired(run: Run, room: Path) -> None:
    """Zeros are nobody anywhere: an assignment is made of them, and the result says so."""
    report = run("compile", "pairs.yaml", "--dry-run", "-o", "json").json
    np.save("s.npy", np.zeros((1, report["variables"]), np.uint8))
    ran = run("decode", "pairs.yaml", "s.npy", "-o", "json", "--result", "r.json")
    assert ran.code == 0, ran.err
    assert "the best assignment is from sample 1 of the file, repaired" in ran.json["attempts"][0]["note"]
    assert run("check", "r.json", "pairs.yaml").code == 0
