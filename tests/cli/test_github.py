"""In a step of a GitHub workflow: faults as annotations, and a summary of the run."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.command_line import Run
from support.results import earlier, result

from qamctl.cli.summary import append_summary
from qamctl.console import Console
from qamctl.errors import ExitCode
from qamctl.story import RunReport

PAIRS = """\
kind: cluster
version: 1
name: pairs
agents: [{id: a, cluster: c0}, {id: b, cluster: c1}, {id: c, cluster: c0}, {id: d, cluster: c1}]
clusters: {count: 2, max_size: 3}
links: [{a: a, b: b, weight: 5}, {a: c, b: d, weight: 5}, {a: b, b: c}]
"""
FULL = "kind: cluster\nversion: 1\nagents: [{id: a}, {id: b}]\nclusters: {count: 1, max_size: 1}\n"
SEARCH = ("--backend", "assignment", "--max-steps", "300", "--seed", "1")


@pytest.fixture(autouse=True)
def workflow(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that a runner sets, and a file for the summary that an earlier step wrote to."""
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(room.parent))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(room / "summary.md"))
    (room / "summary.md").write_text("earlier\n")
    (room / "pairs.yaml").write_text(PAIRS)
    (room / "full.yaml").write_text(FULL)


def annotations(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("::")]


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("command", ["validate", "schedule"])
def test_faults_of_a_file_are_annotations(run: Run, command: str, output: str) -> None:
    """Once each, at their line, on standard error; what is printed besides is as ever."""
    ran = run(command, "broken.yaml", "-o", output)
    assert ran.code == 3
    lines = annotations(ran.err)
    assert (
        "::error file=work/broken.yaml,line=4,col=14::unknown field `duraton`%0Ahint: did you mean `duration`?" in lines
    )
    assert len(lines) == len(set(lines)) == 2
    assert "::" not in ran.out
    assert ("broken.yaml:4:14: unknown field" in ran.err) == (output == "table")


def test_why_there_is_no_answer_is_an_annotation(run: Run) -> None:
    """At the line of the constraint, with -q too; `validate` tells the same."""
    ran = run("cluster", "full.yaml", *SEARCH, "-q")
    assert ran.code == 4
    assert [line.split("::")[1] for line in annotations(ran.err)] == ["error file=work/full.yaml,line=4"]
    assert annotations(run("validate", "full.yaml").err)[0].startswith("::error file=work/full.yaml,line=4")


def test_gates_that_are_not_met_are_annotations(run: Run) -> None:
    """Whatever the output."""
    for flags in ((), ("-o", "json"), ("-q",)):
        ran = run("cluster", "pairs.yaml", *SEARCH, "--check", "cut==1,moves==0", *flags)
        assert ran.code == 9
        assert annotations(ran.err) == ["::error::gate not met: moves==0 (it is 2)"]


def test_other_faults_are_annotations(run: Run, room: Path) -> None:
    """A flag that makes no sense, a result that does not hold."""
    ran = run("cluster", "pairs.yaml", "--check", "cut=1", "-o", "json")
    assert annotations(ran.err) == ["::error::--check: cut=1 is no condition: write == for equality"]
    run("cluster", "pairs.yaml", *SEARCH, "--result", "r.json")
    (room / "r.json").write_text((room / "r.json").read_text().replace('"cut": 1', '"cut": 2'))
    ran = run("check", "r.json", "pairs.yaml")
    assert ran.code == 9
    assert annotations(ran.err)[0].startswith("::error file=work/r.json::")


def test_elsewhere_nothing_is_annotated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a workflow standard error is for people."""
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert annotations(run("validate", "broken.yaml").err) == []


def test_a_summary_is_appended(run: Run, room: Path) -> None:
    """Figures, gates, and the difference from the baseline, behind what is there."""
    assert run("cluster", "pairs.yaml", *SEARCH, "--out", "good").code == 0
    first = (room / "summary.md").read_text()
    assert first.startswith("earlier\n### `pairs`: cluster\n\n| figure | value |\n| --- | ---: |\n| status | `")
    assert "| `cut` | 1 |\n" in first
    assert "gate" not in first
    (room / "pairs.yaml").write_text(PAIRS + "moves: {max: 0}\n")
    flags = ("--check", "cut==1", "--baseline", "good")
    assert run("cluster", "pairs.yaml", *SEARCH, *flags).code == 9
    text = (room / "summary.md").read_text()
    assert text.startswith(first)
    second = text.removeprefix(first)
    assert "| `cut==1` | 11 | **not met** |  |\n" in second
    assert re.search(r"\| `baseline` \| `worse` \| \*\*not met\*\* \| 11, and the baseline has \d \|\n", second)
    assert "#### Against the baseline\n\n**The second one is worse**: `" in second
    assert "<summary>2 changed agents</summary>" in second


def test_a_summary_says_why_there_is_no_answer(run: Run, room: Path) -> None:
    """The reasons, in place of a difference."""
    assert run("cluster", "full.yaml", *SEARCH).code == 4
    text = (room / "summary.md").read_text()
    assert "Why there is no feasible answer:\n\n- `full.yaml:4: " in text


@pytest.mark.parametrize("place", ["folder", "missing/summary.md", "", "full"])
def test_a_summary_that_can_not_be_written_is_a_note(
    run: Run, room: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:  # fmt: skip
    """The run is not at fault."""
    (room / "folder").mkdir()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/full" if place == "full" else place and str(room / place))
    ran = run("cluster", "pairs.yaml", *SEARCH)
    assert ran.code == 0
    assert ("can't be written: " in ran.err) == bool(place)
    assert annotations(ran.err) == []


def test_a_difference_that_can_not_be_told_is_said(room: Path) -> None:
    """Where the table of the baseline was replaced, say; the rest of the summary stands."""
    table = {"assignments": {"table": "gone.csv"}}
    report = RunReport(
        result("cluster"), {"name": "plan", "seconds": {"total": 1.0}}, room, ExitCode.OK,
        baseline=earlier(result("cluster", solution=table), str(room / "old.json")),
    )  # fmt: skip
    append_summary(Console(), report, str(room / "summary.md"))
    text = (room / "summary.md").read_text()
    assert "### `plan`: cluster" in text
    assert "The difference from the baseline can't be told: " in text


def test_summaries_at_once_do_not_mix(room: Path) -> None:
    """Steps that run beside each other append in one piece each, also what is longer than a page."""
    reasons = [{"file": "plan.yaml", "line": k, "constraint": "skill", "text": "x" * 900} for k in range(50)]
    fields = {"status": "infeasible", "solution": None, "reasons": reasons}
    summary = room / "summary.md"

    def append(kind: str) -> None:
        metrics = {"name": "plan", "seconds": {"total": 1.0}}
        append_summary(Console(), RunReport({"kind": kind, **fields}, metrics, room, ExitCode.OK), str(summary))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, [f"k{k}" for k in range(16)]))
    parts = summary.read_text().split("### `plan`: ")[1:]
    assert sorted(part.split("\n")[0] for part in parts) == sorted(f"k{k}" for k in range(16))
    assert {part.count("x" * 900) for part in parts} == {50}
