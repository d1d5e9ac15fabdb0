"""The benchmark of replanning makes its cases, counts what moved, and judges as it says; a small one runs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.shared import shared_path

HERE = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of the folder can be imported."""
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def bench() -> ModuleType:
    """The script as a module."""
    return import_module("replan")


def row(agent: str, start: int, end: int) -> dict[str, Any]:
    """A row of a result."""
    return {"agents": [agent], "start": start, "end": end}


PLAN = {
    "done": row("a0", 0, 4), "runs": row("a1", 2, 9), "lost": row("a2", 3, 9), "next": row("a1", 9, 12),
    "last": row("a0", 16, 40),
}  # fmt: skip


def failure(tmp_path: Path) -> Any:
    """What is left of the plan at 10 when an agent fails, the one of `lost` by this seed."""
    (tmp_path / "agents.csv").write_text("id,slots\na0,1\na1,1\na2,1\n")
    tasks = [
        "id,duration,after,release", "done,4,,0", "runs,7,done,0", "lost,6,done,", "next,3,runs|lost,5",
        "last,24,next,20",
    ]  # fmt: skip
    (tmp_path / "tasks.csv").write_text("\n".join(tasks) + "\n")
    (tmp_path / "fleet.yaml").write_text(
        "agents: {table: agents.csv}\ntasks: {table: tasks.csv}\nobjective: [{tardiness: 1}, {makespan: 1}]\n"
    )
    fail = import_module("replan_cases").fail
    found = next(one for one in (fail(tmp_path, PLAN, 0.2, 0.3, seed) for seed in range(99)) if "a2" in one.gone)
    assert (found.now, found.gone) == (8, {"a2"})
    return found


def test_a_failure_leaves_what_is_not_finished(tmp_path: Path) -> None:
    """Finished tasks leave the files, and what waits for them; agents that failed, too; the specs say the rest."""
    found = failure(tmp_path)
    assert (found.running, found.affected) == ({"runs"}, {"lost"})
    assert found.before.keys() == {"runs", "lost", "next", "last"}
    read = import_module("replan_cases").read
    assert [one["id"] for one in read(tmp_path / "agents-left.csv")] == ["a0", "a1"]
    assert {one["id"]: one["after"] for one in read(tmp_path / "tasks-left.csv")} == {
        "runs": "", "lost": "", "next": "runs|lost", "last": "next",
    }  # fmt: skip
    anew = {one["id"]: (one["release"], one["pinned"]) for one in read(tmp_path / "tasks-anew.csv")}
    assert anew == {"runs": ("0", "agent=a1|start=2"), "lost": ("8", ""), "next": ("8", ""), "last": ("20", "")}
    assert (tmp_path / "replan.yaml").read_text() == (
        "agents: {table: agents-left.csv}\ntasks: {table: tasks-left.csv}\nfreeze_until: 8\n"
        "objective: [{disruption: 1}, {tardiness: 1}, {makespan: 1}]\n"
    )
    assert "tasks-anew.csv" in (tmp_path / "anew.yaml").read_text()


def test_what_moved_is_counted(tmp_path: Path) -> None:
    """Another agent or another start of those that were not affected; what may not happen is an error."""
    found = failure(tmp_path)
    after = {"runs": PLAN["runs"], "lost": row("a0", 8, 14), "next": row("a1", 14, 17), "last": row("a1", 16, 40)}
    assert found.judged(after) == {"tasks": 4, "affected": 1, "placed": 1, "moved": 2, "share": pytest.approx(2 / 3)}
    assert found.judged({task: after[task] for task in after if task != "lost"})["placed"] == 0
    kept = after | {"next": PLAN["next"], "last": PLAN["last"]}
    assert found.judged(kept)["moved"] == 0
    for wrong in ({"runs": row("a1", 3, 10)}, {"lost": row("a0", 7, 13)}, {"lost": row("a2", 9, 15)}):
        with pytest.raises(AssertionError):
            found.judged(after | wrong)
    with pytest.raises(AssertionError):
        found.judged({task: after[task] for task in after if task != "next"})


def told(**more: Any) -> dict[str, Any]:
    """A row of the table."""
    return {"seed": 1, "at": 0.25, "replan": {"share": 0.05, "wall": 2.0, "cpu": 1.0, "load": 0.5} | more}


@pytest.mark.parametrize(("more", "code"), [({}, 0), ({"share": 0.051}, 1), ({"wall": 2.1}, 1), ({"share": None}, 1)])
def test_demands_are_judged(
    bench: ModuleType, more: dict[str, Any], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The share that moves, the wall time, a plan at all."""
    assert bench.verdict([told(), told(**more)]) == code
    assert ("missed: seed 1 at 0.25: " in capsys.readouterr().out) == bool(code)


def test_a_small_fleet_is_planned_again(bench: ModuleType, tmp_path: Path) -> None:
    """All engines, from the made tables to the verdict."""
    shared, report = shared_path("generators", "fleet.py").parent.parent, tmp_path / "report.json"
    sizes = ["--agents", "40", "--tasks", "300", "--failing", "0.05", "--seeds", "2", "--at", "0.25", "--threads", "1"]
    command = [sys.executable, str(HERE / "replan.py"), *sizes, "--shared", str(shared), "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    [found] = json.loads(report.read_text())
    assert bench.verdict([found]) == done.returncode
    assert (found["gone"], found["replan"]["placed"]) == (2, found["replan"]["affected"])
    assert found["replan"]["terms"]["disruption"] >= 0
    assert found["replan"]["cpu"] > 0
    assert done.stdout.count("\n   2  0.25 ") == 3


def test_without_its_generator_it_says_so(tmp_path: Path) -> None:
    """The folder that is asked for is named, and the exit code is 2."""
    command = [sys.executable, str(HERE / "replan.py"), "--shared", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "fleet.py is not here" in done.stdout) == (2, True)
