"""`--reuse`: the same question is answered once, and every answer that is given again is checked anew."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.warned import warnings_of

from qamctl import pipeline, reuse
from qamctl.errors import ExitCode
from qamctl.reason.state_file import read_state
from qamctl.runs.answers import FOLDER, Answers, answers_of, seal, unseal
from qamctl.runs.record import state_folder
from qamctl.story import RunReport
from qamctl.validation import check_files

ROOT = Path(__file__).parent.parent
PLAN = """\
kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks:
  - {id: t1, duration: 3}
  - {id: t2, duration: 2, after: [t1]}
  - {id: t3, duration: 4, due: 4}
objective: [{tardiness: 1}, {makespan: 1}]
"""
QUICK: dict[str, object] = {"backend": ["list-search"], "max_steps": 20, "threads": 1, "reuse": True}

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a spec and gives its path; state and configuration are fresh."""
    for name in [name for name in os.environ if name.startswith("QAMCTL_") and name != "QAMCTL_SHARED"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)

    def call(text: str, name: str = "plan.yaml") -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return call


def answers() -> Answers:
    return answers_of(state_folder(os.environ), 1000)


def the_key() -> str:
    """The name of the one answer that is kept."""
    (item,) = answers().shelf.items()
    return item.name


def change(edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the one kept answer and seal it again, as nobody but an attacker could."""
    key = the_key()
    parts = unseal(key, answers().shelf.read(key))
    answer = json.loads(parts["answer"])
    edit(answer)
    answers().shelf.write(key, seal(key, {**parts, "answer": json.dumps(answer).encode()}), durable=False)


def without(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what is its own run's."""
    return {key: value for key, value in result.items() if key not in ("run", "reused", "provenance", "state")}


def hits(report: RunReport) -> tuple[int, int]:
    return report.metrics["cache"]["hits"], report.metrics["cache"]["misses"]


KINDS = [
    ("schedule", "schedule-modes.yaml", {"backend": ["list-search"], "max_steps": 50}),
    ("schedule", "schedule-infeasible.yaml", {"backend": ["list-search"], "max_steps": 50}),
    ("schedule", "schedule-fleet/fleet.yaml", {"backend": ["list-search"], "max_steps": 50}),
    ("cluster", "cluster-services.yaml", {"backend": ["assignment"], "max_steps": 500}),
    ("reason", "reason-incident.yaml", {}),
    ("reason", "reason-alarm.yaml", {"backend": ["statevector"], "shots": 200}),
    ("model", "model-shifts.yaml", {"max_steps": 50}),
    ("model", "model-ring.qubo", {"backend": ["anneal"], "max_steps": 50, "reads": 5}),
    ("model", "hamiltonian-ring.yaml", {"max_steps": 50}),
    ("circuit", "circuit-ising.yaml", {"shots": 50}),
]


@pytest.mark.parametrize(("kind", "name", "options"), KINDS)
def test_every_kind_is_answered_once(write: Write, kind: str, name: str, options: dict[str, object]) -> None:
    """The second run gives the answer of the first, says so, searches nothing, and its files check."""
    flags = {**options, "threads": 1, "reuse": True}
    path = str(ROOT / "problems" / name)
    first = pipeline.run(kind, path, flags)
    second = pipeline.run(kind, path, flags)
    assert (hits(first), hits(second)) == ((0, 1), (1, 0))
    assert without(second.result) == without(first.result)
    assert second.exit_code == first.exit_code
    assert "reused" not in first.result
    assert second.result["reused"]["run"] == first.result["run"] != second.result["run"]
    assert second.result["reused"]["started"] == first.result["provenance"]["started"]
    assert (first.metrics["reused"], second.metrics["reused"]) == (False, True)
    assert second.metrics["seconds"]["solve"] == second.metrics["seconds"]["build"] == 0
    assert second.metrics["model"] == first.metrics["model"]
    assert second.directory is not None
    for file in ("result.json", "metrics.json"):
        assert json.loads((second.directory / file).read_text())["run"] == second.result["run"]
    assert check_files(str(second.directory / "result.json"), path).found == []
    assert second.warnings == first.warnings


def test_the_log_tells_of_both(write: Write) -> None:
    """A run that reuses names the run that found it; the answer's key is the same in both."""
    path = write(PLAN)
    first = pipeline.run("schedule", path, QUICK)
    second = pipeline.run("schedule", path, QUICK)
    assert second.directory is not None
    events = [json.loads(line) for line in (second.directory / "log.jsonl").read_text().splitlines()]
    (told,) = [event for event in events if event["event"] == "reused"]
    assert (told["of"], told["key"]) == (first.result["run"], the_key())
    assert "built" not in [event["event"] for event in events]


def test_nothing_is_kept_without_the_flag(write: Write) -> None:
    """A run without --reuse neither looks nor keeps, and its metrics say nothing of it."""
    path = write(PLAN)
    report = pipeline.run("schedule", path, {**QUICK, "reuse": False})
    assert not (state_folder(os.environ) / FOLDER).exists()
    assert "reused" not in report.metrics
    assert hits(report) == (0, 0)


@pytest.mark.parametrize(
    "more",
    [{"seed": 5}, {"max_steps": 21}, {"backend": ["cpsat"]}, {"slot": 2}, {"strict": True}, {"max_variables": 50},
     {"max_steps": None, "time_limit": 0.2}],
)  # fmt: skip
def test_another_question_has_another_answer(write: Write, more: dict[str, object]) -> None:
    """Seed, limits, engines, slots: each makes another question of the same file."""
    path = write(PLAN)
    pipeline.run("schedule", path, QUICK)
    assert hits(pipeline.run("schedule", path, {**QUICK, **more})) == (0, 1)
    assert len(answers().shelf.items()) == 2


def test_names_and_places_are_no_part_of_the_question(write: Write, tmp_path: Path) -> None:
    """Another folder, another file name, other outputs, more threads for a step budget: the same answer."""
    first = pipeline.run("schedule", write(PLAN), QUICK)
    more = {"out": tmp_path / "out", "result": tmp_path / "r.json", "threads": 2}
    more["seed"] = first.result["provenance"]["seed"]
    second = pipeline.run("schedule", write(PLAN, "elsewhere/other.yaml"), {**QUICK, **more})
    assert hits(second) == (1, 0)
    assert json.loads((tmp_path / "r.json").read_text()) == json.loads((tmp_path / "out" / "result.json").read_text())
    assert second.metrics["name"] == "other"


def test_threads_count_where_the_time_does(write: Write) -> None:
    """Within a time limit an answer depends on the cores."""
    path, timed = write(PLAN), {"backend": ["list-search"], "time_limit": 0.1, "reuse": True}
    pipeline.run("schedule", path, {**timed, "threads": 1})
    assert hits(pipeline.run("schedule", path, {**timed, "threads": 2})) == (0, 1)
    assert hits(pipeline.run("schedule", path, {**timed, "threads": 1})) == (1, 0)


def test_a_table_is_part_of_the_question(write: Write, tmp_path: Path) -> None:
    """Another content of a side table is another question; faults name the files as they are called now."""
    spec = "kind: schedule\nversion: 1\nagents: [{id: a1}]\ntasks: {table: tasks.csv}\nhorizon: 3\n"
    path = write(spec)
    write("id,duration\nt1,2\nt2,2\n", "tasks.csv")
    first = pipeline.run("schedule", path, QUICK)
    assert first.exit_code == ExitCode.INFEASIBLE
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("state", "copy"))
    again = pipeline.run("schedule", str(tmp_path / "copy" / "plan.yaml"), QUICK)
    assert hits(again) == (1, 0)
    files = [row["file"] for row in first.result["reasons"]]
    assert [row["file"] for row in again.result["reasons"]] == [
        file.replace(str(tmp_path), str(tmp_path / "copy")) for file in files
    ]
    assert any(file.startswith(str(tmp_path)) for file in files)
    write("id,duration\nt1,2\nt2,1\n", "tasks.csv")
    assert hits(pipeline.run("schedule", path, QUICK)) == (0, 1)


def test_an_answer_to_nothing_is_not_kept(write: Write) -> None:
    """A run that found nothing in its budget is run again: the next one may."""
    path = write(
        "kind: schedule\nversion: 1\nagents: [{id: a1}]\ntasks:\n"
        + "".join(f"  - {{id: t{k}, duration: {k}, deadline: 28}}\n" for k in range(1, 8))
        + "  - {id: x, duration: 1, release: 3, deadline: 5}\n"
    )
    report = pipeline.run("schedule", path, {**QUICK, "max_steps": 1})
    if report.result["status"] == "unknown":
        assert not answers().shelf.items()


def test_an_answer_that_does_not_hold_is_found_anew(write: Write) -> None:
    """A schedule that was changed, sealed as if it were whole, is rejected by the checker, told, and replaced."""
    path = write(PLAN)
    first = pipeline.run("schedule", path, QUICK)

    def forged(answer: dict[str, Any]) -> None:
        row = answer["result"]["solution"]["assignments"][1]
        row |= {"start": 0, "end": row["end"] - row["start"]}

    change(forged)
    second = pipeline.run("schedule", path, QUICK)
    assert hits(second) == (0, 1)
    assert "the checker found that it does not hold (precedence-FS" in warnings_of(second)[0]
    assert without(second.result)["solution"] == first.result["solution"]
    assert hits(pipeline.run("schedule", path, QUICK)) == (1, 0)


@pytest.mark.parametrize(
    "edit",
    [
        lambda answer: answer.pop("result"),
        lambda answer: answer.pop("measures"),
        lambda answer: answer.update(result=[]),
        lambda answer: answer["result"].pop("reasons"),
        lambda answer: answer["result"].pop("provenance"),
        lambda answer: answer["result"].update(reasons=[3]),
        lambda answer: answer["measures"].update(colour="red"),
        lambda answer: answer["result"].update(kind="cluster"),
    ],
)
def test_an_entry_of_another_shape_is_found_anew(write: Write, edit: Callable[[dict[str, Any]], None]) -> None:
    """Sealed, but no answer as this version writes it: told, and replaced."""
    path = write(PLAN)
    pipeline.run("schedule", path, QUICK)
    change(edit)
    report = pipeline.run("schedule", path, QUICK)
    assert hits(report) == (0, 1)
    assert len(warnings_of(report)) == 1
    assert hits(pipeline.run("schedule", path, QUICK)) == (1, 0)


def test_what_is_asked_beside_the_answer_is_given_again(write: Write, tmp_path: Path) -> None:
    """Samples in the format that is asked for; another format is another question."""
    path, flags = str(ROOT / "problems" / "model-ring.qubo"), {"backend": ["anneal"], "max_steps": 20, "reuse": True}
    pipeline.run("model", path, {**flags, "samples": tmp_path / "a.csv"})
    report = pipeline.run("model", path, {**flags, "samples": tmp_path / "b.csv"})
    assert hits(report) == (1, 0)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert report.directory is not None
    assert (report.directory / "samples.npz").exists()
    assert hits(pipeline.run("model", path, {**flags, "samples": tmp_path / "c.json"})) == (0, 1)
    assert hits(pipeline.run("model", path, flags)) == (0, 1)


def test_an_answer_that_can_t_be_checked_here_is_found_anew(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no room for its tables, the answer is not taken on trust, and nothing speaks against it either."""
    path, flags = str(ROOT / "problems" / "model-ring.qubo"), {"backend": ["anneal"], "max_steps": 20, "reads": 3}
    pipeline.run("model", path, {**flags, "reuse": True})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    report = pipeline.run("model", path, {**flags, "reuse": True})
    assert hits(report) == (0, 1)
    assert "can't write" in warnings_of(report)[0]
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert hits(pipeline.run("model", path, {**flags, "reuse": True})) == (1, 0)


def test_a_picture_is_given_again(write: Write, tmp_path: Path) -> None:
    """The drawing of a cluster's answer, without drawing it."""
    path = str(ROOT / "problems" / "cluster-teams.yaml")
    flags = {"backend": ["assignment"], "max_steps": 200, "reuse": True}
    pipeline.run("cluster", path, {**flags, "picture": tmp_path / "a.svg"})
    assert hits(pipeline.run("cluster", path, {**flags, "picture": tmp_path / "b.svg"})) == (1, 0)
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_an_earlier_result_counts_by_what_was_taken_from_it(write: Write) -> None:
    """With --from the same current state is the same question, whichever run it is from; another state is another."""
    path = str(ROOT / "problems" / "cluster-teams.yaml")
    flags = {"backend": ["assignment"], "max_steps": 300}
    bases = [pipeline.run("cluster", path, {**flags, "seed": 1}) for _ in range(2)]
    first, second = (
        pipeline.run("cluster", path, {**flags, "reuse": True, "from_result": str(base.directory)}) for base in bases
    )
    assert (hits(first), hits(second)) == ((0, 1), (1, 0))
    assert first.result["from"]["run"] == bases[0].result["run"]
    assert second.result["from"]["run"] == bases[1].result["run"]
    assert second.directory is not None
    assert check_files(str(second.directory / "result.json"), path).found == []
    other = json.loads((bases[0].directory or Path()).joinpath("result.json").read_text())
    other["solution"]["assignments"][0]["cluster"] = None
    moved = write(json.dumps(other), "moved.json")
    assert hits(pipeline.run("cluster", path, {**flags, "reuse": True, "from_result": moved})) == (0, 1)


def test_an_earlier_schedule_counts_by_what_was_planned(write: Write) -> None:
    """With --from the same plan is the same question, whichever run it is from."""
    path = write(PLAN)
    bases = [pipeline.run("schedule", path, {**QUICK, "reuse": False}) for _ in range(2)]
    first, second = (pipeline.run("schedule", path, {**QUICK, "from_result": str(base.directory)}) for base in bases)
    assert (hits(first), hits(second)) == ((0, 1), (1, 0))
    assert second.result["from"]["run"] == bases[1].result["run"]
    assert second.directory is not None
    assert check_files(str(second.directory / "result.json"), path).found == []


STATE = """\
kind: reason
version: 1
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.5}]
evidence: [{id: seen, likelihood: {retry: 0.2, escalate: 0.9}}]
state: agent.state.json
"""


def test_a_decision_that_is_reused_is_kept_for_feedback(write: Write, tmp_path: Path) -> None:
    """Each run's decision stands in the state file; what feedback taught is part of the question."""
    from qamctl.reason.state_file import append_feedback

    path = write(STATE)
    first = pipeline.run("reason", path, {"reuse": True})
    second = pipeline.run("reason", path, {"reuse": True})
    assert (hits(first), hits(second)) == ((0, 1), (1, 0))
    assert (first.result["state"]["events"], second.result["state"]["events"]) == (0, 1)
    state = read_state(tmp_path / "agent.state.json")
    assert state.events == 2
    rewards = {"retry": 1.0, "escalate": 0.0}
    append_feedback(tmp_path / "agent.state.json", rewards=rewards, now="2026-12-01T00:00:00+00:00")
    third = pipeline.run("reason", path, {"reuse": True})
    assert hits(third) == (0, 1)
    assert third.result["solution"] != first.result["solution"]


def test_what_a_schedule_prefers_is_part_of_the_question(write: Write, tmp_path: Path) -> None:
    """Preferences from a reason spec count by what they recommend."""
    why = STATE.replace("state: agent.state.json\n", "")
    write(why.replace("{id: retry,", "{id: retry, actions: [prefer t1 on a1],"), "why.yaml")
    path = write(PLAN + "reasoning: {from: why.yaml}\n")
    first, second = (pipeline.run("schedule", path, QUICK) for _ in range(2))
    assert (hits(first), hits(second)) == ((0, 1), (1, 0))
    assert second.result["reasoning"] == first.result["reasoning"]
    write((tmp_path / "why.yaml").read_text().replace("0.9", "0.8"), "why.yaml")
    assert hits(pipeline.run("schedule", path, QUICK)) == (0, 1)


def test_an_answer_that_can_t_be_kept_is_given_all_the_same(write: Write, tmp_path: Path) -> None:
    """A cache that can't be written is worth a warning, and so is an answer larger than the limit."""
    path = write(PLAN)
    folder = state_folder(os.environ) / FOLDER
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    report = pipeline.run("schedule", path, QUICK)
    assert report.exit_code == ExitCode.OK
    assert any("could not be kept for --reuse" in text for text in report.warnings)
    folder.unlink()
    large = "kind: schedule\nversion: 1\ntasks:\n" + "".join(f"  - {{id: t{k}, duration: 1}}\n" for k in range(12_000))
    report = pipeline.run("schedule", write(large), {**QUICK, "max_steps": 1, "reuse_limit": 1})
    assert report.exit_code == ExitCode.OK
    assert [text for text in report.warnings if "larger than `reuse_limit`" in text]


def test_a_run_with_a_fallback_is_not_kept(write: Write) -> None:
    """What stood in for something that failed is no answer to the question that was asked."""
    path = write(PLAN)
    report = pipeline.run("schedule", path, QUICK)
    problem = pipeline.load("schedule").read(path, QUICK, profile=None, config_file=None)
    answers().drop(the_key())
    told: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({**report.result, "fallback": {"backend": "qaoa", "reason": "away"}}, {}),
        ({**report.result, "status": "interrupted"}, {}),
        ({**report.result, "status": "unknown"}, {}),
        (report.result, {"jobs": [{"state": "succeeded"}, {"state": "executing"}]}),
    ]
    for result, measures in told:
        assert reuse.keep(problem, "a" * 64, result, {}, measures, {}) is None
    assert not answers().shelf.items()
    assert reuse.keep(problem, "a" * 64, report.result, {}, {"jobs": [{"state": "succeeded"}]}, {}) is None
    assert the_key() == "a" * 64


def test_the_page_of_reuse_names_every_option_that_is_no_part_of_the_question() -> None:
    """docs/reuse.md lists what does not count, and the fields of the result."""
    from qamctl.options import NAMES
    from qamctl.reuse_key import ASIDE

    named = set(re.findall(r"`([\w-]+)`", (ROOT / "docs" / "reuse.md").read_text()))
    assert set(NAMES) >= ASIDE
    assert {name.replace("_", "-") for name in ASIDE} | {"reused", "run", "started", "key"} <= named
