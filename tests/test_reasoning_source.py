"""From a reasoning run, its result or a reason spec to a schedule that follows it, and a result that tells of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from qamctl.api import QUBOScheduler
from qamctl.errors import SpecError
from qamctl.pipeline import run as run_pipeline
from qamctl.reasoning_source import resolved
from qamctl.schedule.check import check_result
from qamctl.schedule.read import load_schedule
from qamctl.schedule.reasoned import as_told

REASON = """kind: reason
version: 1
paths:
  - {id: one, prior: 0.8, actions: [prefer t1 on a2]}
  - {id: two, prior: 0.2, actions: [prefer t1 on a1, prefer t2 in 0..0]}
"""
PLAN = """kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: 2}, {id: t2, duration: 2}]
solver: {max_steps: 400, seed: 1, backend: list-search}
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def write(tmp_path: Path, reasoning: str) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN + reasoning)
    return file


def run(file: Path) -> dict[str, Any]:
    return run_pipeline("schedule", str(file), {}).result


def reason(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "why.yaml"
    file.write_text(REASON)
    report = run_pipeline("reason", str(file), {})
    assert report.directory is not None
    return report.result | {"directory": report.directory}


@pytest.mark.parametrize("how", ["latest", "run", "file", "spec"])
def test_a_schedule_follows_what_was_reasoned(tmp_path: Path, how: str) -> None:
    """Run, `latest`, result file and spec all lead to the same actions, and the task to the agent that is preferred."""
    earlier = reason(tmp_path)
    result = str(earlier["directory"] / "result.json")
    ref = {"latest": "latest", "run": earlier["run"], "file": result, "spec": "why.yaml"}[how]
    file = write(tmp_path, f"reasoning: {{from: {ref}}}\n")
    found = run(file)
    rows = {row["task"]: row for row in found["solution"]["assignments"]}
    assert rows["t1"]["agents"] == ["a2"]
    told = found["reasoning"]
    assert told["actions"] == pytest.approx({"prefer t1 on a2": 0.8, "prefer t1 on a1": 0.2, "prefer t2 in 0..0": 0.2})
    assert told["from"] == ref
    assert told["run"] == (None if how == "spec" else earlier["run"])
    assert len(told["sha256"]) == 64
    assert told["met"] == ["prefer t1 on a2", "prefer t2 in 0..0"]
    assert told["missed"] == ["prefer t1 on a1"]
    assert (told["term"], told["changed"]["bias"], told["changed"]["without"]) == (0, 0, [2])
    assert 0 < told["changed"]["most"] < 1
    assert found["objective"] == 2
    spec = as_told(found, load_schedule(file))
    assert [str(d) for d in check_result(found, spec)] == []


def test_what_is_told_is_checked(tmp_path: Path) -> None:
    """Every figure of the block, and the term, is recomputed: a change of any one is found."""
    earlier = reason(tmp_path)
    file = write(tmp_path, f"reasoning: {{from: {earlier['run']}}}\n")
    found = run(file)
    for way in (("term",), ("scale",), ("weight",), ("changed", "bias"), ("changed", "most")):
        wrong = copy.deepcopy(found)
        place = wrong["reasoning"]
        for name in way[:-1]:
            place = place[name]
        place[way[-1]] += 0.25
        said = [d.field for d in check_result(wrong, as_told(found, load_schedule(file)))]
        assert said == ["reasoning." + ".".join(way)]
    wrong = copy.deepcopy(found)
    wrong["terms"]["reasoning"] = 0.5
    assert "terms.reasoning" in [d.field for d in check_result(wrong, as_told(found, load_schedule(file)))]
    wrong = copy.deepcopy(found)
    for row in wrong["solution"]["assignments"]:
        row["agents"] = ["a1" if row["agents"] == ["a2"] else "a2"]
    said = [d.field for d in check_result(wrong, as_told(found, load_schedule(file)))]
    assert {"terms.reasoning", "levels[0].value", "objective", "reasoning.term"} <= set(said)
    wrong = copy.deepcopy(found)
    wrong["reasoning"]["actions"] = {"prefer t9 on a1": 0.5}
    with pytest.raises(SpecError):
        as_told(wrong, load_schedule(file))


def test_weight_zero_leaves_the_result_as_it_is(tmp_path: Path) -> None:
    """But for the run's name, its times and where it came from, the result is that of the spec without reasoning."""

    def same(result: dict[str, Any]) -> dict[str, Any]:
        rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result["attempts"]]
        return {k: v for k, v in result.items() if k not in ("run", "provenance")} | {"attempts": rows}

    plain = run(write(tmp_path, ""))
    assert list(plain["terms"]) == ["makespan", "tardiness", "tardy", "flow", "cost"]
    for text in (
        "reasoning: {weight: 0, actions: {prefer t1 on a2: 0.9}}\n",
        "reasoning: {weight: 0, from: nowhere}\n",
    ):
        assert same(run(write(tmp_path, text))) == same(plain)
    free = run(write(tmp_path, "reasoning: {actions: {stay calm: 0.9}}\n"))
    assert free["reasoning"]["met"] == []
    assert same({k: v for k, v in free.items() if k != "reasoning"}) == same(plain)


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("gone", "gone"),
        ("latest", "no run"),
        ("plan.yaml", "schedule"),
        ("wrong.json", "schedule"),
        ("learned.jsonl", "state file"),
        ("impossible.yaml", "no answer"),
        ("broken.yaml", "broken.yaml"),
        ("other.yaml", "t9"),
    ],
)
def test_a_bad_source_is_told_at_its_place(tmp_path: Path, ref: str, said: str) -> None:
    """A missing run, a result of another kind, a state file, a spec without an answer: where `from` stands."""
    (tmp_path / "wrong.json").write_text(json.dumps({"schema": "qamctl/result/1", "kind": "schedule", "solution": {}}))
    (tmp_path / "learned.jsonl").write_text('{"schema": "qamctl/state/1"}\n')
    never = "evidence: [{id: e, likelihood: {one: 0, two: 0}}]\n"
    (tmp_path / "impossible.yaml").write_text(REASON + never)
    (tmp_path / "broken.yaml").write_text("kind: reason\nversion: 1\n")
    (tmp_path / "other.yaml").write_text(REASON.replace("prefer t1 on a2", "prefer t9 on a2"))
    file = write(tmp_path, f"reasoning:\n  from: {ref}\n")
    with pytest.raises(SpecError) as caught:
        run(file)
    (fault,) = caught.value.diagnostics
    assert said in fault.message
    assert fault.location is not None
    assert (fault.location.file, fault.location.line, fault.location.column) == (str(file), 7, 3)


def test_what_a_spec_has_learned_counts(tmp_path: Path) -> None:
    """A reason spec with a state file recommends by the priors that this file holds."""
    from qamctl.reason.read import load_reason
    from qamctl.reason.state_file import open_state

    (tmp_path / "why.yaml").write_text(REASON + "state: why.jsonl\n")
    open_state(tmp_path / "why.jsonl", load_reason(tmp_path / "why.yaml"), now="2026-01-01T00:00:00Z")
    spec = resolved(load_schedule(write(tmp_path, "reasoning: {from: why.yaml}\n")), {"HOME": str(tmp_path)})
    assert spec.reasoning is not None
    assert spec.reasoning.told["events"] == 0


def test_the_scheduler_takes_a_spec_with_reasoning(tmp_path: Path) -> None:
    """For Python callers the spec's own reasoning is a term of its objective."""
    reason(tmp_path)
    found = QUBOScheduler(write(tmp_path, "reasoning: {from: why.yaml}\n")).optimize_schedule_with_reasoning(
        time_limit=1
    )
    assert next(row for row in found.assignments if row["task"] == "t1")["agents"] == ["a2"]
    assert found.objective == (2.0,)
