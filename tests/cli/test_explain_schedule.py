"""`qamctl explain` of schedules, told through the entry point: pages, objects, exit codes, places."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from support.command_line import Run

PROBLEMS = Path(__file__).resolve().parents[2] / "problems"

#: Sixty pairs of tasks that don't fit, one after the other, into the horizon.
CROWDED = """\
kind: schedule
version: 1
horizon: 59
agents: [{id: a}]
tasks:
""" + "\n".join(f"  - {{id: t{i}, duration: 1, agents: [a]}}" for i in range(60))

UNDECIDED = """\
kind: schedule
version: 1
horizon: 40
agents: [{id: a}, {id: b}, {id: c}]
tasks:
""" + "\n".join(f"  - {{id: t{i}, duration: {3 + 7 * i % 11}, apart: [{{group: g{i % 5}}}]}}" for i in range(15))


def flat(text: str) -> str:
    """A page without its line breaks."""
    return " ".join(text.split())


def test_an_infeasible_plan(run: Run, room: Path) -> None:
    """Exit code 0 with what clashes, why, and what helps, each with its place in the file."""
    ran = run("explain", "impossible.yaml")
    assert (ran.code, ran.err) == (0, "")
    page = flat(ran.out)
    for words in (
        "Status: infeasible",
        "These 2 constraints can't hold together:",
        "impossible.yaml:6:5 task 't1' must be done: it takes 3 s",
        "impossible.yaml:6:27 task 't1' ends by 2 s",
        "Because task 't1' can't end before 3 s, but its deadline is 2 s.",
        "1. cost 1.333 let task 't1' end by 3 s instead of 2 s tasks[0].deadline: 2 -> 3 (impossible.yaml:6:27)",
        "2. cost 10 leave out task 't1' tasks[0].optional: false -> true (impossible.yaml:6:5)",
    ):
        assert words in page
    assert not (room / "state").exists()
    assert sorted(file.name for file in room.iterdir()) == ["broken.yaml", "impossible.yaml", "two.yaml"]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_one_object(run: Run, form: str) -> None:
    """The same as one object, in either form."""
    ran = run("explain", "impossible.yaml", "-o", form)
    found = ran.json if form == "json" else yaml.safe_load(ran.out)
    assert list(found) == [
        "kind", "file", "status", "unit", "conflicts", "more_conflicts", "remedies", "binding", "complete"
    ]  # fmt: skip
    assert (found["status"], found["unit"], found["complete"]) == ("infeasible", "s", True)
    (conflict,) = found["conflicts"]
    assert conflict["constraints"][1] == {
        "constraint": "deadline", "text": "task 't1' ends by 2 s", "field": "tasks[0].deadline",
        "file": "impossible.yaml", "line": 6, "column": 27,
    }  # fmt: skip
    assert conflict["proof"] == ["reasons", "cpsat"]
    assert found["remedies"][0]["changes"][0]["edits"] == [
        {"field": "tasks[0].deadline", "from": 2, "to": 3, "file": "impossible.yaml", "line": 6, "column": 27}
    ]
    assert found["binding"] is None


def test_a_feasible_plan(run: Run) -> None:
    """Exit code 0 with how short it is, and what keeps it from being shorter."""
    ran = run("explain", "two.yaml")
    assert ran.code == 0
    page = flat(ran.out)
    assert (
        "Status: feasible The shortest schedule that was found lasts 7 s. None is shorter than 7 s because of" in page
    )
    assert "two.yaml:7:35 task 't2' starts after task 't1' ends" in page
    assert "Because task 't2' can't end before 7 s (after 't1')." in page
    assert run("explain", "two.yaml", "-o", "json").json["binding"]["bound"] == 7


def test_several_faults(run: Run) -> None:
    """The shipped example: three conflicts, and changes that help together."""
    ran = run("explain", str(PROBLEMS / "schedule-infeasible.yaml"))
    page = flat(ran.out)
    assert page.count("can't hold together") == 3
    assert "1. cost 10.143 (together)" in page
    assert "let agent 'south' do task 'label-images': give it skill 'label' at level 1" in page
    assert "agents[1].skills.label: add 1" in page


def test_many_constraints_are_folded(run: Run, room: Path) -> None:
    """Of many constraints of a kind a page has a few, an object all."""
    (room / "crowded.yaml").write_text(CROWDED)
    page = flat(run("explain", "crowded.yaml", "--limit", "1").out)
    assert "These 62 constraints can't hold together" in page
    assert "... and 57 more of `not-optional` (-o json has them all)" in page
    assert "2. cost" not in page
    found = run("explain", "crowded.yaml", "-o", "json", "--limit", "1").json
    assert len(found["conflicts"][0]["constraints"]) == 62


def test_rows_of_tables(run: Run, room: Path) -> None:
    """Places in side tables are those of their cells."""
    (room / "tasks.csv").write_text("id,duration,deadline\nx,2,\ny,3,2\n")
    (room / "plan.yaml").write_text("kind: schedule\nversion: 1\ntasks: {table: tasks.csv}\n")
    page = flat(run("explain", "plan.yaml").out)
    assert "tasks.csv:3:3 task 'y' ends by 2 s" in page
    assert "tasks[1].deadline: 2 -> 3 (tasks.csv:3:3)" in page


def test_what_is_not_known_is_said(run: Run, room: Path) -> None:
    """Without time for either answer: status unknown, exit code 4, and what to do."""
    (room / "undecided.yaml").write_text(UNDECIDED)
    ran = run("explain", "undecided.yaml", "--time-limit", "1e-9")
    assert ran.code == 4
    assert "Status: unknown" in ran.out
    assert "allow more time by --time-limit" in flat(ran.out)
    assert run("explain", "undecided.yaml", "--time-limit", "1e-9", "-o", "json").json["complete"] is False


def test_a_narrow_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are no longer than the page, but for words that are."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = run("explain", str(PROBLEMS / "schedule-modes.yaml")).out.splitlines()
    assert all(len(line) <= 60 or len(line.split()) <= 2 for line in lines)


def test_faults_and_other_kinds(run: Run, room: Path) -> None:
    """An invalid spec and other kinds: 3; flags of schedules for a decision, and numbers that are none: 2."""
    broken = run("explain", "broken.yaml")
    assert broken.code == 3
    assert "duraton" in broken.err
    shutil.copy(PROBLEMS / "cluster-teams.yaml", "fleet.yaml")
    other = run("explain", "fleet.yaml")
    assert other.code == 3
    assert "the kinds that explain takes" in flat(other.err)
    shutil.copy(PROBLEMS / "reason-incident.yaml", "incident.yaml")
    for flag, value in (("--time-limit", "5"), ("--limit", "5")):
        assert run("explain", "incident.yaml", flag, value).code == 2
    for flag, value in (("--time-limit", "0"), ("--time-limit", "soon"), ("--limit", "0"), ("--limit", "some")):
        assert run("explain", "two.yaml", flag, value).code == 2
