"""`qamctl feedback`: what came of decisions, told through the entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Run

SPEC = """\
kind: reason
version: 1
name: agent
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.3}, {id: wait, prior: 0.2}]
evidence: [{id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}]
utility: [{action: call, values: {escalate: 5}}, {action: hold, values: {retry: 1}}]
outcomes:
  - {id: solved, likelihood: {retry: 0.75, escalate: 0.5, wait: 0.5}}
  - {id: failed, likelihood: {retry: 0.25, escalate: 0.5, wait: 0.5}}
learning: {reliability_rate: 0.5}
state: agent.state.json
"""
FILE = "agent.state.json"

#: Prior times the likelihood of `solved`, by hand.
SOLVED = {"retry": 0.375 / 0.625, "escalate": 0.15 / 0.625, "wait": 0.1 / 0.625}


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A decision that learns."""
    (room / "agent.yaml").write_text(SPEC)


def decide(run: Run) -> str:
    """The id of a further run."""
    ran = run("reason", "agent.yaml", "-o", "json")
    assert ran.code == 0, ran.err
    return str(ran.json["run"])


def test_an_outcome_changes_the_priors(run: Run) -> None:
    """By the rule of Bayes; the next run begins with them, and the same feedback again changes nothing."""
    id = decide(run)
    told = run("feedback", FILE, "--outcome", "solved", "-o", "json").json
    assert (told["run"], told["outcome"], told["repeated"]) == (id, "solved", False)
    assert told["priors"]["before"] == pytest.approx({"retry": 0.5, "escalate": 0.3, "wait": 0.2})
    assert told["priors"]["after"] == pytest.approx(SOLVED)
    assert told["reliabilities"]["after"] != told["reliabilities"]["before"]
    again = run("feedback", FILE, "--outcome", "solved", "--run", id, "-o", "json").json
    assert again["repeated"] is True
    assert again["priors"]["after"] == told["priors"]["after"]
    assert run("reason", "agent.yaml", "-o", "json").json["state"]["priors"] == pytest.approx(SOLVED)


def test_the_page_tells_what_changed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run, feedback, priors before and after, reliabilities; never wider than the terminal."""
    id = decide(run)
    ran = run("feedback", FILE, "--outcome", "solved")
    assert ran.code == 0
    assert ran.out.startswith(f"Run {id}: ")
    assert [line.split() for line in ran.out.splitlines() if line.startswith("retry")] == [["retry", "0.5", "0.6"]]
    assert "timeout-seen" in ran.out
    assert "It has this feedback already" in run("feedback", FILE, "--outcome", "solved", "--run", id).out
    monkeypatch.setenv("COLUMNS", "40")
    decide(run)
    for command in (("feedback", FILE), ("feedback", FILE, "--outcome", "failed")):
        assert all(len(line) <= 40 for line in run(*command).out.splitlines())


def test_without_feedback_the_state_is_shown(run: Run) -> None:
    """Every line is computed anew: priors, reliabilities, and the decisions that wait."""
    first, second = decide(run), decide(run)
    run("feedback", FILE, "--run", first, "--outcome", "solved")
    seen = run("feedback", FILE, "-o", "json").json
    assert (seen["name"], seen["decisions"], seen["feedback"], seen["open"]) == ("agent", 2, 1, [second])
    assert seen["priors"] == pytest.approx(SOLVED)
    page = run("feedback", FILE).out
    assert page.startswith("agent: 2 decisions, 1 with feedback\n")
    assert second in page
    assert "call" in page


def test_rewards_of_what_was_done_and_of_paths(run: Run) -> None:
    """A single reward is for the run's action, named ones are for every path; more reward, more prior."""
    decide(run)
    told = run("feedback", FILE, "--reward", "1", "-o", "json").json
    assert told["reward"] == 1
    assert told["priors"]["after"]["escalate"] > 0.3
    decide(run)
    rewards = ("--reward", "retry=1", "--reward", "escalate=0", "--reward", "wait=0.5")
    told = run("feedback", FILE, *rewards, "-o", "json").json
    assert told["rewards"] == {"retry": 1, "escalate": 0, "wait": 0.5}
    before, after = told["priors"]["before"], told["priors"]["after"]
    assert after["retry"] / before["retry"] > after["wait"] / before["wait"] > after["escalate"] / before["escalate"]


def test_a_run_may_be_named_by_its_beginning(run: Run) -> None:
    """As long as that is unique."""
    first = decide(run)
    second = decide(run)
    unique = next(k for k in range(1, len(first)) if first[:k] != second[:k])
    assert run("feedback", FILE, "--run", first[:unique], "--outcome", "solved", "-o", "json").json["run"] == first
    assert run("feedback", FILE, "--run", "20", "--outcome", "failed").code == 2


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--outcome", "lost"), "lost"),
        (("--reward", "2"), "0 and 1"),
        (("--reward", "much"), "--reward"),
        (("--reward", "1", "--reward", "0"), "stands for what was done, once"),
        (("--reward", "1", "--reward", "retry=1"), "not both"),
        (("--reward", "retry=1", "--reward", "retry=1"), "twice"),
        (("--reward", "retry=1"), "these are missing: `escalate`, `wait`"),
        (("--reward", "x=1"), "unknown"),
        (("--outcome", "solved", "--reward", "1"), "give one of them"),
        (("--run", "20"), "say by --outcome or --reward what came of it"),
        (("--run", "nothing", "--outcome", "solved"), "knows no run"),
    ],
)
def test_feedback_that_can_not_be(run: Run, room: Path, flags: tuple[str, ...], told: str) -> None:
    """Exit code 2, and the file is as before."""
    decide(run)
    before = (room / FILE).read_bytes()
    ran = run("feedback", FILE, *flags)
    assert ran.code == 2, ran.out
    assert told in " ".join(ran.err.split()), ran.err
    assert (room / FILE).read_bytes() == before


def test_other_feedback_for_the_same_run(run: Run) -> None:
    """Refused with exit code 3: the file only grows."""
    id = decide(run)
    run("feedback", FILE, "--outcome", "solved")
    ran = run("feedback", FILE, "--run", id, "--outcome", "failed")
    assert ran.code == 3
    assert "contradicts" in ran.err


def test_files_that_are_none(run: Run, room: Path) -> None:
    """A missing file is 2, a damaged one 3."""
    assert run("feedback", "other.state.json", "--outcome", "solved").code == 2
    decide(run)
    decide(run)
    lines = (room / FILE).read_text().splitlines(keepends=True)
    event = json.loads(lines[1])
    assert event
    (room / FILE).write_text("".join([lines[0], lines[1].replace("call", "hold"), *lines[2:]]))
    assert run("feedback", FILE).code == 3
    assert run("reason", "agent.yaml").code == 3
