"""Runs of a decision that keeps a state file: what was learned is taken in, and what was decided is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qamctl import reason_run
from qamctl.errors import SpecError, UsageError
from qamctl.pipeline import run
from qamctl.reason.state_file import read_state
from qamctl.reason_feedback import give_feedback, look
from qamctl.story import RunReport
from qamctl.validation import check_files

SPEC = """\
kind: reason
version: 1
name: agent
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.3}, {id: wait, prior: 0.2}]
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5}
utility:
  - {action: call, values: {retry: -1, escalate: 5}}
  - {action: hold, values: {retry: 2, escalate: -2, wait: 2}}
outcomes:
  - {id: solved, likelihood: {retry: 0.7, escalate: 0.9, wait: 0.4}}
  - {id: failed, likelihood: {retry: 0.3, escalate: 0.1, wait: 0.6}}
state: agent.state.json
"""
PRIOR = {"retry": 0.5, "escalate": 0.3, "wait": 0.2}

#: The likelihoods of both pieces of evidence, and of the outcome `failed`.
SEEN = {"retry": 0.2 * 0.5, "escalate": 0.9 * 0.6, "wait": 0.4 * 0.5}
FAILED = {"retry": 0.3, "escalate": 0.1, "wait": 0.6}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A decision that learns."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "agent.yaml"
    path.write_text(SPEC)
    return path


def start(path: Path, **flags: Any) -> RunReport:
    return run("reason", str(path), {"seed": 1, **flags})


def killed(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a run that ends after its result is written, and before its decision is kept."""

    def die(*args: object) -> None:
        raise Killed

    out = path.parent / "out"
    with monkeypatch.context() as patch:
        patch.setattr(reason_run, "keep", die)
        with pytest.raises(Killed):
            start(path, out=out)
    return str(json.loads((out / "result.json").read_text())["run"])


def bayes(prior: dict[str, float], likelihood: dict[str, float]) -> dict[str, float]:
    joint = {name: p * likelihood[name] for name, p in prior.items()}
    return {name: p / sum(joint.values()) for name, p in joint.items()}


def test_what_was_learned_is_taken_in(spec: Path) -> None:
    """A run keeps its decision; feedback changes the priors by Bayes; the next run begins with them, and checks."""
    file = spec.parent / "agent.state.json"
    first = start(spec)
    assert first.result["state"]["events"] == 0
    assert first.result["state"]["priors"] == pytest.approx(PRIOR)
    kept = read_state(file).decisions
    assert list(kept) == [first.result["run"]]
    assert kept[first.result["run"]].action == "call"
    told = give_feedback(file, outcome="failed")
    assert told.run == first.result["run"]
    learned = bayes(PRIOR, FAILED)
    second = start(spec, out=spec.parent / "out").result
    assert second["state"]["priors"] == pytest.approx(learned)
    assert second["state"]["events"] == 2
    assert second["solution"]["posterior"] == pytest.approx(bayes(learned, SEEN))
    assert check_files(str(spec.parent / "out" / "result.json"), str(spec)).found == []
    assert list(look(file).decisions) == [first.result["run"], second["run"]]
    assert give_feedback(file, run=first.result["run"], outcome="failed").repeated
    with pytest.raises(SpecError, match="contradicts"):
        give_feedback(file, run=first.result["run"], outcome="solved")


def test_measured_decisions_are_kept_too(spec: Path) -> None:
    """What is kept is what the engine measured, not what is exact."""
    result = start(spec, backend=["statevector"], shots=200).result
    [decision] = read_state(spec.parent / "agent.state.json").decisions.values()
    assert list(decision.posterior) == pytest.approx(list(result["solution"]["posterior"].values()))


def test_a_run_that_was_killed_before_it_kept_its_decision(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feedback for it takes the decision from its run folder; the state is as if the run had ended well."""
    file = spec.parent / "agent.state.json"
    start(spec)
    id = killed(spec, monkeypatch)
    assert id not in read_state(file).decisions
    told = give_feedback(file, run=id, outcome="solved")
    assert (told.run, told.repeated) == (id, False)
    state = look(file)
    assert state.decisions[id].action == "call"
    assert list(state.feedback) == [id]
    with pytest.raises(UsageError, match="knows no run"):
        give_feedback(file, run="2026-nothing", outcome="solved")


def test_the_first_run_of_all_that_was_killed(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its state file is begun by the feedback for it, under the name that the spec gives and no other."""
    file = spec.parent / "agent.state.json"
    id = killed(spec, monkeypatch)
    assert not file.exists()
    with pytest.raises(UsageError, match="there is no state file"):
        give_feedback(spec.parent / "agnt.state.json", run=id, outcome="failed")
    with pytest.raises(UsageError, match="there is no state file"):
        give_feedback(file, outcome="failed")
    told = give_feedback(file, run=id, outcome="failed")
    assert dict(zip(told.state.paths, told.priors_after.tolist(), strict=True)) == pytest.approx(bayes(PRIOR, FAILED))
    assert list(look(file).decisions) == [id]
    assert start(spec).result["state"]["priors"] == pytest.approx(bayes(PRIOR, FAILED))
    assert not (spec.parent / "agnt.state.json").exists()


def test_a_state_file_of_another_spec_is_refused(spec: Path) -> None:
    """Other paths, other file: the run says so before it decides anything."""
    start(spec)
    spec.write_text(SPEC.replace("id: wait", "id: stay").replace("wait:", "stay:"))
    with pytest.raises(SpecError, match="was begun for another spec"):
        start(spec)


def test_an_impossible_decision_is_not_kept(spec: Path) -> None:
    """Nothing was decided, and no state file is begun."""
    spec.write_text(SPEC.replace("{escalate: 0.6}, otherwise: 0.5", "{}, otherwise: 0"))
    assert start(spec).result["status"] == "infeasible"
    assert not (spec.parent / "agent.state.json").exists()
