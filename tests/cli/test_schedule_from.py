"""`qamctl schedule --from` as a user meets it: the plan, the failure, the new plan, its check, and what goes wrong."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from support.command_line import Run

from qamctl.errors import ExitCode

PROBLEMS = Path(__file__).parents[2] / "problems"
STEPS = ("--backend", "list-search", "--max-steps", "200", "--threads", "1")

#: two.yaml of this folder after a1 has failed, at 2.
LATER = """\
kind: schedule
version: 1
name: later
freeze_until: 2
objective: [{disruption: 1}, {makespan: 1}]
agents: [{id: a2}]
tasks:
  - {id: t1, duration: 3}
  - {id: t2, duration: 4, after: [t1]}
"""


@pytest.fixture
def later(room: Path, run: Run) -> str:
    """The second problem, once the first was solved into `first`."""
    assert run("schedule", "two.yaml", "--out", "first", *STEPS).code == 0
    (room / "later.yaml").write_text(LATER)
    return "later.yaml"


@pytest.mark.parametrize("ref", ["first", "first/result.json", "latest"])
@pytest.mark.parametrize("flag", ["--from", "--from-result"])
def test_a_plan_begins_from_an_earlier_one(run: Run, later: str, flag: str, ref: str) -> None:
    """By a folder, a file, or as the latest; the page has the new term, and the check agrees."""
    ran = run("schedule", later, flag, ref, "--out", "second", *STEPS)
    assert ran.code == 0
    assert "disruption" in ran.out
    checked = run("check", "second/result.json", later)
    assert (checked.code, checked.out) == (0, "second/result.json: every figure and constraint holds\n")


def test_an_agent_that_is_gone_is_a_warning(run: Run, later: str, room: Path) -> None:
    """On standard error, and in the result; the page tells how much the plan changed."""
    first = json.loads((room / "first" / "result.json").read_text())
    for row in first["solution"]["assignments"]:
        row["agents"] = ["a1"]
    (room / "first" / "result.json").write_text(json.dumps(first))
    ran = run("schedule", later, "--from", "first", "--out", "second", *STEPS)
    assert ran.code == 0
    told = [line for line in ran.err.splitlines() if line.startswith("warning: ")]
    assert told == [
        "warning: 2 tasks were planned on agents that the spec does not have",
        "warning: 1 task had begun by `freeze_until` but can't stay as before, and is planned anew: t1; take out what "
        "is finished",
    ]
    block = json.loads((room / "second" / "result.json").read_text())["from"]
    assert [f"warning: {note}" for note in block["notes"]] == told
    assert (room / "second" / block["table"]).read_text() == "task,agents,mode,start\nt1,a1,,0\nt2,a1,,3\n"


def test_a_dry_run_says_how_much_is_known(run: Run, later: str) -> None:
    """Before anything is searched or written."""
    told = run("schedule", later, "--from", "first", "--dry-run", "-o", "json").json
    assert {key: told["from"][key] for key in ("known", "new", "gone")} == {"known": 2, "new": 0, "gone": 0}


@pytest.mark.parametrize(
    ("ref", "code", "text"),
    [
        ("nothing", ExitCode.USAGE, "no run nothing: give an id"),
        ("two.yaml", ExitCode.SPEC, "a result file is JSON"),
        ("cluster.json", ExitCode.SPEC, "is the result of a cluster: name one of a schedule"),
        ("empty.json", ExitCode.SPEC, "holds no answer, its status is infeasible: name an earlier one that does"),
        ("rows.json", ExitCode.SPEC, "rows.json: assignment 1 does not say of one more task who does it, and when"),
        ("other.json", ExitCode.USAGE, "no task of later.yaml is in it; name a result of the same plan"),
    ],
)
def test_what_is_no_earlier_plan_is_refused(run: Run, later: str, room: Path, ref: str, code: int, text: str) -> None:
    """With what is wrong and what to do, and without a run folder."""
    base = json.loads((room / "first" / "result.json").read_text())
    other = {"assignments": [{"task": "x", "agents": [], "mode": None, "start": 0, "end": 1, "segments": None}]}
    for name, more in (
        ("cluster", {"kind": "cluster"}), ("empty", {"solution": None, "status": "infeasible"}),
        ("rows", {"solution": {"assignments": [{"task": "t1"}]}}), ("other", {"solution": other}),
    ):  # fmt: skip
        (room / f"{name}.json").write_text(json.dumps(base | more))
    ran = run("schedule", later, "--from", ref, "--out", "second", *STEPS)
    assert ran.code == code
    assert text in " ".join(ran.err.split())
    assert not (room / "second").exists()


def test_without_any_run_there_is_no_latest_one(run: Run, room: Path) -> None:
    """The message says what to do."""
    (room / "later.yaml").write_text(LATER)
    ran = run("schedule", "later.yaml", "--from", "latest", *STEPS)
    assert (ran.code, "no run of `qamctl schedule` has an answer yet" in ran.err) == (ExitCode.USAGE, True)


def test_an_altered_table_is_told(run: Run, later: str, room: Path) -> None:
    """By `qamctl check`, where the earlier result does not say better."""
    run("schedule", later, "--from", "first", "--out", "second", *STEPS)
    (room / "first" / "result.json").unlink()
    table = room / "second" / "earlier.csv"
    table.write_text(table.read_text() + "t3,a1,,0\n")
    ran = run("check", "second/result.json", later)
    assert (ran.code, "earlier.csv is not the table" in " ".join(ran.err.split())) == (ExitCode.SPEC, True)


def test_the_page_about_it(run: Run, room: Path) -> None:
    """Its commands work; what began by a quarter past nine stays, the broken lathe's order goes to the other one."""
    (room / "problems").mkdir()
    for name in ("workshop", "workshop-later"):
        shutil.copy(PROBLEMS / f"schedule-{name}.yaml", room / "problems")
    page = (PROBLEMS.parent / "docs" / "replan.md").read_text()
    lines = [shlex.split(line) for line in page.split("```sh\n")[1].split("```")[0].splitlines()]
    assert [words[1] for words in lines] == ["schedule", "schedule", "check", "diff"]
    assert [run(*words[1:]).code for words in lines] == [0, 0, 0, 0]
    plans = [json.loads((room / name / "result.json").read_text()) for name in ("first", "second")]
    before, after = ({row["task"]: row for row in plan["solution"]["assignments"]} for plan in plans)
    broken = {task for task, row in before.items() if row["agents"] == ["lathe-2"] and row["end"] > 75}
    begun = {task for task, row in before.items() if row["start"] < 75} - broken
    assert all(after[task] == before[task] for task in begun)
    assert all(row["start"] >= 75 for task, row in after.items() if task not in begun)
    assert not any(row["agents"] == ["lathe-2"] and row["end"] > 75 for row in after.values())
