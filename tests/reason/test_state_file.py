"""The state file as its callers see it: what is learned, what is refused, and that a replay gives the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.reason_states import NOW, decided, lines_of, make_spec, path, random_history

from qamctl.errors import ExitCode, InfeasibleError, SpecError, TemporaryError, UsageError
from qamctl.reason.events import Decision, dumps
from qamctl.reason.ledger import State, replay
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import Floats
from qamctl.reason.state_file import append_decision, append_feedback, append_made, open_state, read_state

__all__ = ["path"]


def test_it_begins_with_the_spec(tmp_path: Path) -> None:
    """Priors, reliabilities and outcomes are the spec's; opening again changes no byte; folders are made."""
    file = tmp_path / "deep" / "er" / "s.json"
    state = open_state(file, make_spec(), now=NOW)
    assert state.priors == pytest.approx([0.5, 0.3, 0.2])
    assert dict(state.reliabilities) == {"slow": 1.0, "loud": 0.5}
    assert [row.id for row in state.outcomes] == ["ok", "bad", "never", "ok"]
    before = file.read_bytes()
    again = open_state(file, make_spec(name="other"), now="later")
    assert file.read_bytes() == before
    assert again.canonical() == state.canonical() == read_state(file).canonical()
    assert [entry.name for entry in file.parent.iterdir()] == ["s.json"]
    header = json.loads(before)
    assert (header["schema"], header["paths"], header["created"]) == ("qamctl/state/1", ["retry", "wait", "quit"], NOW)


def test_outcomes_in_any_order_are_batch_bayes(tmp_path: Path) -> None:
    """Through the file, one outcome after the other, whichever decision they belong to: prior times all likelihoods."""
    rng, spec = np.random.default_rng(4), make_spec()
    told = ["ok"] * 7 + ["bad"] * 5
    rows = spec.outcomes.likelihood
    batch = spec.paths.prior * rows[0] ** 7 * rows[1] ** 5
    for case in range(3):
        file = tmp_path / f"{case}.json"
        open_state(file, spec, now=NOW)
        for k in range(len(told)):
            append_decision(file, decided(str(k)), now=NOW)
        for k in rng.permutation(len(told)).tolist():
            append_feedback(file, run=str(k), outcome=told[k], now=NOW)
        assert np.abs(read_state(file).priors - batch / batch.sum()).max() < 1e-12


def test_what_an_outcome_says_depends_on_the_action(path: Path) -> None:
    """Its own row goes before that of any action; and reliabilities follow the decision's gradients."""
    append_decision(path, decided("w", decision="retry", action="wait", chances={"wait": 1.0}), now=NOW)
    before = read_state(path)
    found = append_feedback(path, outcome="ok", now=NOW)
    after = before.priors * [0.5, 0.6, 0.25]
    assert found.run == "w"
    assert found.priors_before == pytest.approx(before.priors)
    assert found.priors_after == pytest.approx(after / after.sum(), abs=1e-15)
    assert dict(found.reliabilities_after) == pytest.approx({"slow": 1.06, "loud": 0.46})
    assert dict(found.reliabilities_before) == pytest.approx({"slow": 1.03, "loud": 0.48})


def test_rewards_follow_hedge_and_exp3(path: Path) -> None:
    """With the rates of their bounds, computed here by hand."""
    before = read_state(path).priors
    found = append_feedback(path, rewards={"quit": 1.0, "wait": 0.25, "retry": 0}, now=NOW)
    weights = before * np.exp(np.sqrt(8 * np.log(3) / 1000) * np.array([0, 0.25, 1]))
    assert found.priors_after == pytest.approx(weights / weights.sum(), abs=1e-15)
    assert found.notes == ()
    append_decision(path, decided("c", chances={"retry": 0.4, "wait": 0.6}), now=NOW)
    last = append_feedback(path, reward=0.5, now=NOW)
    rate = np.sqrt(3 * np.log(3) / ((np.e - 1) * 1000)) / 3
    weights = found.priors_after * np.exp([rate * 0.5 / 0.4, 0, 0])
    assert last.priors_after == pytest.approx(weights / weights.sum(), abs=1e-15)
    append_decision(path, decided("d"), now=NOW)
    assert "chosen for certain" in append_feedback(path, reward=1, now=NOW).notes[0]


def test_carrying_makes_the_posterior_the_prior(tmp_path: Path) -> None:
    """Decision after decision, as a batch would have it; and what was computed from an older state is refused."""
    file, rng = tmp_path / "s.json", np.random.default_rng(5)
    spec = make_spec(learning={"carry": True})
    rows, old = rng.random((9, 3)), open_state(file, spec, now=NOW)

    def seen(state: State, row: Floats, run: str) -> Decision:
        p = state.priors * row
        return decided(run, posterior=tuple((p / p.sum()).tolist()))

    for k, row in enumerate(rows):
        append_made(file, partial(seen, row=row, run=str(k)), now=NOW)
    batch = spec.paths.prior * rows.prod(axis=0)
    assert np.abs(read_state(file).priors - batch / batch.sum()).max() < 1e-12
    with pytest.raises(TemporaryError, match="has changed since"):
        append_decision(file, seen(old, rows[0], "late"), now=NOW, based_on=old)
    now = read_state(file)
    assert len(append_decision(file, seen(now, rows[0], "late"), now=NOW, based_on=now).decisions) == 10


@pytest.mark.parametrize("learning", [{}, {"carry": True, "forgetting": 0.9}, {"rate": 0.7, "exploration": 0.2}])
def test_a_replay_gives_the_same_bytes(tmp_path: Path, learning: dict[str, Any]) -> None:
    """The state is a function of the lines alone, and every line names the state before it."""
    state = random_history(tmp_path / "s.json", 6, 30, **learning)
    lines = lines_of(tmp_path / "s.json")
    assert replay(lines).canonical() == state.canonical() == read_state(tmp_path / "s.json").canonical()
    partial_file = tmp_path / "part.json"
    for n in range(1, len(lines)):
        before = replay(lines[:n])
        assert before.events == n - 1
        partial_file.write_bytes(b"\n".join([*lines[:n], b""]))
        assert read_state(partial_file).canonical() == before.canonical()
        assert json.loads(lines[n])["before"] == hashlib.sha256(before.canonical()).hexdigest()
    canonical = json.loads(state.canonical())
    assert state.canonical().decode() == dumps(canonical)
    assert canonical["priors"] == state.priors.tolist()
    assert canonical["decisions"] == 30
    assert NOW not in state.canonical().decode()


def test_times_are_no_part_of_the_state(tmp_path: Path) -> None:
    """The same events at other times give the same state."""
    states = []
    for now in ("then", "now"):
        file = tmp_path / now
        open_state(file, make_spec(), now=now)
        append_decision(file, decided("a"), now=now)
        states.append(append_feedback(file, outcome="ok", now=now).state.canonical())
    assert states[0] == states[1]


def test_the_same_again_changes_nothing(path: Path) -> None:
    """Feedback and decisions that are told twice count once, and it says so."""
    before = path.read_bytes()
    found = append_feedback(path, run="a", outcome="ok", now="later")
    assert found.repeated
    assert "already: nothing changed" in found.notes[0]
    assert found.priors_before.tolist() == found.priors_after.tolist() == read_state(path).priors.tolist()
    assert "kept already" in append_decision(path, decided("b"), now="later").notes[0]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "other", [{"outcome": "bad"}, {"reward": 0.5}, {"rewards": {"retry": 1, "wait": 0, "quit": 0}}]
)
def test_contradictions_are_refused(path: Path, other: dict[str, Any]) -> None:
    """Other feedback for the same run, and another decision, name both; nothing is written."""
    before = path.read_bytes()
    message = r"`a` has the outcome `ok` already, and the (outcome `bad`|rewards?) .*contradicts"
    with pytest.raises(SpecError, match=message):
        append_feedback(path, run="a", now=NOW, **other)
    with pytest.raises(SpecError, match=r"`b` has decided `retry` already, and another decision, `retry`, contradicts"):
        append_decision(path, decided("b", posterior=(0.4, 0.4, 0.2)), now=NOW)
    assert path.read_bytes() == before


def test_feedback_without_a_run_is_for_the_latest_that_waits(path: Path) -> None:
    """Then for the one before it; with none left it says which runs there were."""
    append_decision(path, decided("c"), now=NOW)
    append_decision(path, decided("d"), now=NOW)
    assert append_feedback(path, outcome="ok", first=["x", "b", "d", "a"], now=NOW).run == "d"
    assert [append_feedback(path, outcome="bad", now=NOW).run for _ in range(2)] == ["c", "b"]
    with pytest.raises(UsageError, match=r"no decision that waits .* last runs are `a`, `b`, `c`, `d`; name"):
        append_feedback(path, outcome="bad", now=NOW)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"run": "z", "outcome": "ok"}, "knows no run `z`; the last ones are `a`, `b`"),
        ({"outcome": "fine"}, "no outcome `fine`; known are `ok`, `bad`, `never`"),
        ({"outcome": 7}, "no outcome 7"),
        ({}, "exactly one"),
        ({"outcome": "ok", "reward": 1}, "exactly one"),
        ({"reward": 1.01}, "between 0 and 1, and 1.01 does not"),
        ({"reward": float("nan")}, "between 0 and 1"),
        ({"reward": "much"}, "must be a number"),
        ({"reward": True}, "must be a number"),
        ({"rewards": {"retry": 1, "wait": 0}}, "missing: `quit`"),
        ({"rewards": {"retry": 1, "wait": 0, "quit": 0, "x": 1}}, "unknown: `x`"),
        ({"rewards": {"retry": 1, "wait": 0, "quit": -1}}, "between 0 and 1, and -1 does not"),
        ({"rewards": {}}, "missing: `retry`"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(path: Path, what: dict[str, Any], message: str) -> None:
    """It says what is wrong and what there is; nothing is written."""
    before = path.read_bytes()
    with pytest.raises(UsageError, match=message):
        append_feedback(path, now=NOW, **what)
    assert path.read_bytes() == before


def test_feedback_needs_a_decision(tmp_path: Path) -> None:
    """Before the first one it says what to do."""
    open_state(tmp_path / "s", make_spec(), now=NOW)
    for run in (None, "a"):
        with pytest.raises(UsageError, match=r"holds no decision yet; run the spec"):
            append_feedback(tmp_path / "s", run=run, outcome="ok", now=NOW)


def test_an_impossible_outcome_is_refused(path: Path) -> None:
    """Nothing is written."""
    before = path.read_bytes()
    with pytest.raises(InfeasibleError, match="impossible"):
        append_feedback(path, outcome="never", now=NOW)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"posterior": (0.5, 0.5)}, {"posterior": (0.9, 0.3, 0.2)}, {"posterior": (float("nan"),) * 3}, {"chances": {}},
        {"chances": {"retry": 0.5}}, {"credit": {"x": 1.0}}, {"actions": 0}, {"run": 7},
        {"gradients": {"ok": {"slow": float("inf")}}},
    ],
)  # fmt: skip
def test_a_decision_that_does_not_fit_is_refused(path: Path, wrong: dict[str, Any]) -> None:
    """Nothing is written that could not be read again."""
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"can't keep this decision: .*; nothing was written"):
        append_decision(path, replace(decided("c"), **wrong), now=NOW)
    assert path.read_bytes() == before


def test_another_spec_is_refused(path: Path) -> None:
    """Other paths or outcomes are named, with what to do; other priors only make a note."""
    rows = [{"id": name} for name in ("retry", "wait", "quit")]
    outcomes = [{"id": "ok", "likelihood": {"retry": 0.8, "wait": 0.3, "quit": 0.1}}]
    every: list[tuple[dict[str, Any], str]] = [
        ({"paths": [*rows, {"id": "new"}], "evidence": [], "outcomes": []}, "the spec adds the path `new`"),
        ({"paths": rows[:2], "evidence": [], "outcomes": []}, "the spec lacks the path `quit`"),
        ({"paths": rows[::-1]}, "the paths stand in another order"),
        ({"outcomes": outcomes}, "the spec lacks the outcomes `bad`, `never`, `ok of wait`"),
        ({"outcomes": [{"id": "ok", "likelihood": {}, "otherwise": 0.5}, *_rest()]}, "outcome ok has changed"),
    ]
    for changes, message in every:
        with pytest.raises(SpecError, match=f"was begun for another spec .*{message}.*; name another file") as caught:
            open_state(path, make_spec(**changes), now=NOW)
        assert caught.value.code == ExitCode.SPEC
    assert "the priors of the spec are not those" in open_state(path, make_spec(paths=rows), now=NOW).notes[0]


def _rest() -> list[dict[str, Any]]:
    """All outcomes but the first, as a spec would have them."""
    spec = make_spec()
    rows = zip(spec.outcomes.ids, spec.outcomes.action, spec.outcomes.likelihood.tolist(), strict=True)
    return [
        {"id": name, "likelihood": dict(zip(spec.paths.ids, row, strict=True))} | ({"action": action} if action else {})
        for name, action, row in [*rows][1:]
    ]


def test_new_evidence_and_other_rules_are_taken_over(path: Path) -> None:
    """They become an event; a reliability that the spec changes does not count against what was learned."""
    evidence = [
        {"id": "slow", "likelihood": {}, "otherwise": 0.5, "reliability": 0.9},
        {"id": "new", "likelihood": {}, "otherwise": 0.5, "reliability": 0.7},
    ]
    spec = make_spec(evidence=evidence, learning={"forgetting": 0.5})
    state = open_state(path, spec, now=NOW)
    assert dict(state.reliabilities) == pytest.approx({"slow": 1.03, "loud": 0.48, "new": 0.7})
    assert state.learning.forgetting == 0.5
    assert "the reliability of `slow` has changed in the spec" in state.notes[0]
    size = path.stat().st_size
    assert open_state(path, spec, now=NOW).canonical() == read_state(path).canonical() == state.canonical()
    assert path.stat().st_size == size
    weights = np.sqrt(state.priors) * [0.8, 0.3, 0.1]
    assert append_feedback(path, outcome="ok", now=NOW).priors_after == pytest.approx(weights / weights.sum())


def test_a_network_keeps_no_state(tmp_path: Path) -> None:
    """Its paths are made from it anew each time."""
    data = {"kind": "reason", "version": 1, "nodes": [{"id": "rain", "table": [0.8, 0.2]}], "query": ["rain"]}
    with pytest.raises(SpecError, match="keeps no state"):
        open_state(tmp_path / "s", reason_from_data(data), now=NOW)
