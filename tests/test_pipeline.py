"""What a run does beyond the engines: compile or say why not, empty problems, lower bounds of time."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from qamctl.errors import ExitCode, UsageError
from qamctl.pipeline import bench, dry_run, run_schedule
from qamctl.runs.record import state_folder
from qamctl.runs.store import list_runs
from qamctl.schedule.check import check_result

AGENTS = "kind: schedule\nversion: 1\nagents: [{id: a1}, {id: a2}]\n"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Writes a spec and gives its path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def write(text: str) -> str:
        path = tmp_path / "plan.yaml"
        path.write_text(AGENTS + text)
        return str(path)

    return write


def test_weights_that_no_qubo_holds_do_not_cost_the_schedule(spec) -> None:  # type: ignore[no-untyped-def]
    """Where the model can't be built the result says why, and the answer stands."""
    path = spec(
        "tasks:\n"
        + "".join(f"  - {{id: t{k}, duration: {k}, due: 1, weight: 0.{k}234567891234}}\n" for k in range(2, 7))
        + "objective: [{tardiness: 0.3333333333333333}, {makespan: 1}]\n"
    )
    report = run_schedule(path, {"time_limit": 20, "backend": ["cpsat"]})  # proves the first level
    assert report.exit_code == ExitCode.OK
    assert report.result["compiled"]["scope"] == "refused"
    assert "round its weights" in report.result["compiled"]["reason"]
    assert check_result(report.result, report.spec) == []


def test_an_empty_task_list_is_an_optimal_empty_schedule(spec) -> None:  # type: ignore[no-untyped-def]
    """No tasks: exit code 0, objective 0, nobody solved it, nothing was compiled."""
    report = run_schedule(spec("tasks: []\n"), {})
    result = report.result
    assert report.exit_code == ExitCode.OK
    assert (result["status"], result["objective"], result["bound"], result["gap"]) == ("optimal", 0, 0, 0)
    assert (result["solved_by"], result["compiled"], result["attempts"]) == (None, None, [])
    assert check_result(result, report.spec) == []


def test_a_reproducible_run_is_the_same_byte_for_byte(spec) -> None:  # type: ignore[no-untyped-def]
    """With a step budget, solution, objective, terms, bound and status do not depend on the threads."""
    path = spec(
        "".join(["tasks:\n", *(f"  - {{id: t{k}, duration: {1 + k % 5}, due: {2 * k}}}\n" for k in range(14))])
        + "objective: {tardiness: 1, makespan: 0.5}\n"
    )
    texts = set()
    for threads in (1, 2, 2):
        result = run_schedule(path, {"max_steps": 1500, "threads": threads}).result
        fields = {key: result[key] for key in ("solution", "objective", "terms", "bound", "status")}
        texts.add(json.dumps(fields, sort_keys=True))
    assert len(texts) == 1


def test_a_dry_run_tells_sizes_and_leaves_nothing(spec, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Sizes of the instance and its QUBO, no run directory; an infeasible start gives an estimate."""
    sizes = dry_run(spec("tasks: [{id: t1, duration: 3}, {id: t2, duration: 2}, {id: t3, duration: 2}]\n"), {})
    assert (sizes["tasks"], sizes["agents"], sizes["compiled"]["scope"]) == (3, 2, "whole")
    assert not (tmp_path / "state").exists()
    tight = spec("tasks: [{id: t1, duration: 3, deadline: 4}, {id: t2, duration: 2, deadline: 4}]\nhorizon: 9\n")
    assert dry_run(tight, {})["compiled"]["variables"] >= 0
    nobody = dry_run(spec("tasks: [{id: t1, duration: 3, skills: [fly]}]\n"), {})
    assert nobody["compiled"] is None
    assert nobody["reasons"][0]["constraint"] == "skill"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"result": "plan.yaml"}, "the run reads it"),
        ({"result": "x.json", "metrics": "x.json"}, "--result writes it"),
        ({"metrics": "m.txt"}, ".json or .prom"),
    ],
)
def test_copies_never_overwrite_what_is_needed(spec, tmp_path: Path, flags: dict[str, str], word: str) -> None:  # type: ignore[no-untyped-def]
    """An extra copy on top of the spec or of another copy, or in a format that is none, is refused before the solve."""
    path = spec("tasks: [{id: t1, duration: 3}]\n")
    before = Path(path).read_bytes()
    with pytest.raises(UsageError, match=re.escape(word)):
        run_schedule(path, {name: tmp_path / file for name, file in flags.items()})
    assert Path(path).read_bytes() == before


def test_long_tasks_of_fine_ticks_fit_in_memory(spec) -> None:  # type: ignore[no-untyped-def]
    """Thousands of ticks for each of a few tasks are compiled as a window, not as every moment of every start."""
    path = spec("".join(["tasks:\n", *(f"  - {{id: t{k}, duration: {6.5 + k / 4}}}\n" for k in range(4))]))
    report = run_schedule(path, {"max_steps": 200, "backend": ["list-search"]})
    assert report.exit_code == ExitCode.OK
    assert report.metrics["memory_peak_bytes"] < 2e9
    assert check_result(report.result, report.spec) == []


def test_values_beyond_64_bits_are_indexed(spec) -> None:  # type: ignore[no-untyped-def]
    """A huge objective keeps its result, which checks, and does not break the list of runs."""
    path = spec("tasks: [{id: t1, duration: 100000, weight: 1e14, due: 1}]\nobjective: {tardiness: 1}\n")
    report = run_schedule(path, {"time_limit": 0.2, "backend": ["list-search"]})
    assert check_result(report.result, report.spec) == []
    assert list_runs(state_folder(os.environ)).runs[0].objective == float(report.result["objective"]) >= 2**63


def test_rounding_of_large_figures_leaves_no_contradiction(spec) -> None:  # type: ignore[no-untyped-def]
    """Figures that floats hold only nearly still give a result that checks, its bound not above its objective."""
    path = spec(
        "tasks:\n  - {id: t1, duration: 100000000000, weight: 123457.77, due: 1}\n"
        "  - {id: t2, duration: 3, weight: 0.3, due: 1}\n"
        "objective: {tardiness: 123.45, flow: 0.3}\n"
    )
    report = run_schedule(path, {"time_limit": 0.3, "backend": ["list-search"]})
    assert check_result(report.result, report.spec) == []
    assert report.result["bound"] <= report.result["objective"]


def test_auto_beside_other_engines(spec) -> None:  # type: ignore[no-untyped-def]
    """`auto` stands for its members, each once; an unknown engine is refused by a dry run too."""
    path = spec("tasks: [{id: t1, duration: 3}, {id: t2, duration: 2}]\nobjective: {flow: 1}\n")
    report = run_schedule(path, {"time_limit": 1.5, "backend": ["auto", "cpsat", "exact"]})
    assert [row["backend"] for row in report.result["attempts"]] == ["list-search", "anneal", "exact", "cpsat"]
    with pytest.raises(UsageError, match="no backend is called 'foo'"):
        dry_run(path, {"backend": ["foo"]})


def test_bench_gives_a_row_for_each_engine(spec) -> None:  # type: ignore[no-untyped-def]
    """Engines run one after the other; an infeasible problem has rows without an objective."""
    path = spec("tasks: [{id: t1, duration: 3}, {id: t2, duration: 2}]\n")
    rows = bench(path, ["list-search", "cpsat", "list-search"], {"time_limit": 0.3, "threads": 1})
    assert [(row["backend"], row["objective"], row["gap"]) for row in rows] == [("list-search", 3, 0), ("cpsat", 3, 0)]
    late = spec("tasks:\n" + "".join(f"  - {{id: t{k}, duration: 3, deadline: 4}}\n" for k in range(3)))
    row = bench(late, ["cpsat"], {"time_limit": 5.0, "threads": 1})[0]
    assert (row["status"], row["objective"], row["gap"]) == ("infeasible", None, None)
