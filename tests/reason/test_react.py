"""The loop of an agent: it decides, hears what came of it, and decides better."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.errors import InfeasibleError, SpecError, UsageError
from qamctl.reason.decide import decision_of, gradients_of, with_learned
from qamctl.reason.exact import posterior_of
from qamctl.reason.learning import exp3_bound
from qamctl.reason.react import QuantumReACT, state_path
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import EVOLVE, ReasonSpec
from qamctl.reason.state_file import read_state


def clock() -> datetime:
    return datetime(2026, 1, 2, tzinfo=UTC)


def data(**changes: Any) -> dict[str, Any]:
    """Four paths of two decisions, two pieces of evidence, two outcomes; `changes` replace fields."""
    paths = [("r1", 0.3, "retry"), ("r2", 0.2, "retry"), ("w1", 0.4, "wait"), ("w2", 0.1, "wait")]
    spec: dict[str, Any] = {
        "kind": "reason",
        "version": 1,
        "state": "agent.state.json",
        "paths": [{"id": name, "prior": prior, "decision": decision} for name, prior, decision in paths],
        "evidence": [
            {"id": "slow", "likelihood": {"r1": 0.2, "r2": 0.4, "w1": 0.9, "w2": 0.5}},
            {"id": "loud", "likelihood": {"r1": 0.7, "r2": 0.3, "w1": 0.1, "w2": 0.6}, "reliability": 0.5},
        ],
        "outcomes": [
            {"id": "ok", "likelihood": {"r1": 0.8, "r2": 0.3, "w1": 0.2, "w2": 0.1}},
            {"id": "bad", "likelihood": {"r1": 0.2, "r2": 0.7, "w1": 0.8, "w2": 0.9}},
            {"id": "ok", "action": "wait", "likelihood": {"r1": 0.5, "r2": 0.5, "w1": 0.6, "w2": 0.3}},
        ],
    }
    return spec | changes


def spec_in(folder: Path, **changes: Any) -> ReasonSpec:
    return reason_from_data(data(**changes), base=folder)


def react_in(folder: Path, seed: int = 0, **changes: Any) -> QuantumReACT:
    return QuantumReACT(spec_in(folder, **changes), seed=seed, clock=clock)


def coupled(rng: np.random.Generator) -> dict[str, Any]:
    """A context over the four paths, and how much of it stays coherent."""
    names = ["r1", "r2", "w1", "w2"]
    pairs = [[a, b, *rng.normal(size=2).tolist()] for i, a in enumerate(names) for b in names[:i]]
    return {"context": {"couplings": pairs, "time": 0.7}, "coherence": float(rng.random())}


def test_a_decision_is_bayes(tmp_path: Path) -> None:
    """Posterior, decision and the evidence's probability, computed here by hand; and the file has them."""
    react = react_in(tmp_path)
    found = react.make_decision()
    joint = np.array([0.3, 0.2, 0.4, 0.1]) * [0.2, 0.4, 0.9, 0.5] * np.sqrt([0.7, 0.3, 0.1, 0.6])
    p = joint / joint.sum()
    assert list(found.posterior.values()) == pytest.approx(p.tolist(), abs=1e-15)
    assert found.decisions == pytest.approx({"retry": p[:2].sum(), "wait": p[2:].sum()})
    assert (found.run, found.decision, found.action) == ("1", "wait", "wait")
    assert found.chances == {"wait": 1.0}
    assert found.expected_utility == {}
    # The maximum of a likelihood counts in full, whatever its reliability.
    assert found.log_evidence == pytest.approx(np.log(joint.sum() * np.sqrt(0.7)))
    state = read_state(tmp_path / "agent.state.json")
    assert state.decisions["1"].posterior == tuple(found.posterior.values())
    assert state.created == "2026-01-02T00:00:00+00:00"


def test_utilities_choose_the_action(tmp_path: Path) -> None:
    """The largest expected utility wins, though the most probable decision is another one."""
    utility = [{"action": "call", "values": {"r1": 9, "r2": 1}}, {"action": "sleep", "values": {"w1": 1, "w2": 0.5}}]
    outcomes = [{"id": "ok", "action": "call", "likelihood": {"r1": 1}, "otherwise": 0.5}]
    found = react_in(tmp_path, utility=utility, outcomes=outcomes).make_decision()
    p = np.array(list(found.posterior.values()))
    assert found.expected_utility == pytest.approx({"call": 9 * p[0] + p[1], "sleep": p[2] + p[3] / 2})
    assert (found.decision, found.action) == ("wait", "call")
    state = read_state(tmp_path / "agent.state.json")
    assert dict(state.decisions["1"].credit) == {"r1": 1.0, "r2": 1.0}


def test_outcomes_change_the_next_decision(tmp_path: Path) -> None:
    """Bad outcomes of waiting make the agent retry; and a second one goes on from the same file."""
    outcomes = [{"id": "bad", "likelihood": {"r1": 0.2, "r2": 0.2}, "otherwise": 0.8},
                {"id": "good", "likelihood": {"r1": 0.8, "r2": 0.8}, "otherwise": 0.2}]  # fmt: skip
    first, said = react_in(tmp_path, outcomes=outcomes), []
    for _ in range(2):
        said.append(first.make_decision().decision)
        assert not first.reflect_and_adjust("good").repeated
    said.append(react_in(tmp_path, outcomes=outcomes).make_decision().decision)
    assert said == ["wait", "retry", "retry"]


def test_sequential_is_batch(tmp_path: Path) -> None:
    """Evidence and outcomes in any order, carried from run to run through the file, are one product."""
    rng, spec = np.random.default_rng(1), spec_in(tmp_path, learning={"carry": True})
    seen = rng.permutation(["slow"] * 4 + ["loud"] * 5).tolist()
    react = QuantumReACT(spec, clock=clock)
    chosen = [react.make_decision(steps=[name]).decision for name in seen]
    told = rng.choice(["ok", "bad"], 9).tolist()
    for k in rng.permutation(9).tolist():
        react.reflect_and_adjust(told[k], run=str(k + 1))
    batch = spec.paths.prior.copy()
    for name, decision, outcome in zip(seen, chosen, told, strict=True):
        row = spec.evidence.ids.index(name)
        batch = batch * spec.evidence.likelihood[row] ** spec.evidence.reliability[row]
        batch = batch * spec.outcomes.likelihood[1 if outcome == "bad" else 2 if decision == "wait" else 0]
    assert np.abs(react.state.priors - batch / batch.sum()).max() < 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_derivatives(tmp_path: Path, seed: int) -> None:
    """Of log p(outcome), with and without evolution, evidence seen twice, and at reliability 0."""
    rng = np.random.default_rng(seed)
    spec = spec_in(tmp_path, **(coupled(rng) if seed % 2 else {}))
    steps = (0, EVOLVE, 1, 0) if seed % 2 else (0, 1, 0)
    priors, alpha = rng.dirichlet(np.ones(4)), rng.uniform(0.1, 2, 2)
    if seed > 3:
        alpha[1] = 0.0

    def posterior(at: np.ndarray) -> np.ndarray:
        trusted = with_learned(spec, priors, dict(zip(("slow", "loud"), at.tolist(), strict=True)))
        return posterior_of(trusted, steps, trusted.coherence).probabilities

    decision = decision_of(spec, posterior(alpha), "1")
    learned = with_learned(spec, priors, dict(zip(("slow", "loud"), alpha.tolist(), strict=True)))
    found = gradients_of(learned, decision, steps)
    rows = {"bad": 1, "ok": 2 if decision.decision == "wait" else 0}
    assert found.keys() == rows.keys()
    for name, row in rows.items():
        for k, evidence in enumerate(("slow", "loud")):
            moved = [alpha + step * np.eye(2)[k] for step in (0, 1e-4, 2e-4, 3e-4)]
            logs = [np.log(spec.outcomes.likelihood[row] @ posterior(at)) for at in moved]
            rise = (-11 * logs[0] + 18 * logs[1] - 9 * logs[2] + 2 * logs[3]) / 6e-4
            assert found[name][evidence] == pytest.approx(rise, abs=1e-7)


def test_reliabilities_follow_outcomes(tmp_path: Path) -> None:
    """Evidence that was misleading loses trust from run to run, and what was right gains it."""
    names, right, wrong = ["r1", "r2", "w1", "w2"], [0.9, 0.9, 0.2, 0.2], [0.2, 0.2, 0.9, 0.9]
    rows = {"good": right, "poor": wrong}
    evidence = [{"id": name, "likelihood": dict(zip(names, row, strict=True))} for name, row in rows.items()]
    outcomes = [{"id": "ok", "likelihood": dict(zip(names, right, strict=True))}]
    react = react_in(tmp_path, evidence=evidence, outcomes=outcomes, learning={"reliability_rate": 0.05})
    for _ in range(5):
        react.make_decision()
        react.reflect_and_adjust("ok")
    reliabilities = react.state.reliabilities
    assert reliabilities["good"] > 1.02
    assert reliabilities["poor"] < 0.98


def test_exploring_draws_from_the_chances(tmp_path: Path) -> None:
    """By seed and number of the decision: the same again, another with another seed, and as often as it says."""
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        react = QuantumReACT(spec_in(tmp_path), tmp_path / name, seed=seed, clock=clock)
        drawn.append([react.make_decision(explore=True) for _ in range(40)])
    actions = [[choice.action for choice in row] for row in drawn]
    assert actions[0] == actions[1] != actions[2]
    chances = drawn[0][0].chances
    share = np.sqrt(2 * np.log(4) / ((np.e - 1) * 1000))
    assert chances["wait"] == pytest.approx((1 - share) * drawn[0][0].decisions["wait"] + share / 2)
    expected = 80 * chances["wait"]
    assert abs(sum(row.count("wait") for row in actions[1:]) - expected) < 4 * np.sqrt(expected * chances["retry"])


def test_it_learns_by_rewards_of_what_it_does(tmp_path: Path) -> None:
    """Retrying pays: with EXP3 in the file the loop loses less than the bound, and comes to retry mostly."""
    horizon, lost = 100, 0.0
    react = react_in(tmp_path, evidence=[], learning={"horizon": horizon}, seed=3)
    for _ in range(horizon):
        choice = react.make_decision(explore=True)
        found = react.reflect_and_adjust(reward=float(choice.action == "retry"))
        lost += choice.action != "retry"
        assert found.run == choice.run
    priors = react.state.priors
    assert lost < exp3_bound(2, 4, horizon)
    assert priors[:2].sum() > 0.85
    # Paths of one decision keep their shares: they were credited alike.
    assert priors[0] / priors[1] == pytest.approx(1.5)


def test_rewards_of_decisions_are_those_of_their_paths(tmp_path: Path) -> None:
    """Hedge takes either; anything else is told."""
    react = react_in(tmp_path)
    react.make_decision()
    one = react.reflect_and_adjust(rewards={"retry": 1, "wait": 0.5})
    react.make_decision()
    assert react.reflect_and_adjust(rewards={"r1": 1, "r2": 1, "w1": 0.5, "w2": 0.5}).told == one.told
    react.make_decision()
    with pytest.raises(UsageError, match="unknown: `retry`"):
        react.reflect_and_adjust(rewards={"retry": 1})


def test_each_agent_reflects_on_its_own_decisions(tmp_path: Path) -> None:
    """Two share a file: feedback without a run is for what this one decided last, else for the file's latest."""
    one, two = react_in(tmp_path), react_in(tmp_path)
    assert [one.make_decision().run, two.make_decision().run, one.make_decision(run="mine").run] == ["1", "2", "mine"]
    assert two.reflect_and_adjust("ok").run == "2"
    assert [one.reflect_and_adjust("ok").run, one.reflect_and_adjust("bad").run] == ["mine", "1"]
    two.make_decision()
    assert one.reflect_and_adjust("bad").run == "4"
    assert one.reflect_and_adjust("bad", run="1").repeated


def test_contexts_and_phases_count(tmp_path: Path) -> None:
    """With a coherent context the decision differs from the classical one, as the state of `reason` has it."""
    context = {"couplings": [["r1", "w1", 0.0, 1.0]], "time": 0.8}
    quantum = QuantumReACT(spec_in(tmp_path, context=context, coherence=1), tmp_path / "q", clock=clock).make_decision()
    classical = QuantumReACT(spec_in(tmp_path, context=context), tmp_path / "c", clock=clock).make_decision()
    assert abs(quantum.decisions["wait"] - classical.decisions["wait"]) > 0.1
    assert sum(quantum.posterior.values()) == pytest.approx(1)


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    """Unknown steps, impossible evidence, and a file that became another spec's; nothing is kept of them."""
    never = {"id": "never", "likelihood": {}, "otherwise": 0}
    react = react_in(tmp_path, evidence=[*data()["evidence"], never], steps=["slow"])
    with pytest.raises(UsageError, match="no step `loudly`; known are `slow`, `loud`, `never`"):
        react.make_decision(steps=["loudly"])
    with pytest.raises(InfeasibleError, match="the evidence `never` is impossible"):
        react.make_decision(steps=["slow", "never"])
    with pytest.raises(UsageError, match="holds no decision yet"):
        react.reflect_and_adjust("ok")
    assert react.state.events == 0
    react.path.unlink()
    with pytest.raises(UsageError, match="there is no state file"):
        react.make_decision()
    react_in(tmp_path, outcomes=[])
    with pytest.raises(SpecError, match="another spec's by now"):
        react.make_decision()


def test_specs_come_in_three_ways(tmp_path: Path) -> None:
    """As a file, as data, and as a spec; the state lies beside the spec's file."""
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(data()))
    assert QuantumReACT(file, clock=clock).make_decision().run == "1"
    assert QuantumReACT(str(file), clock=clock).make_decision().run == "2"
    assert (tmp_path / "agent.state.json").exists()
    assert QuantumReACT(data(), tmp_path / "x", clock=clock).make_decision().run == "1"
    assert QuantumReACT(file).make_decision().run == "3"


def test_the_state_lies_with_the_spec(tmp_path: Path) -> None:
    """A path that leads out of the spec's folder is refused, by links too; and one is needed."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    inside = tmp_path / "in"
    for state in ("../s.json", "/tmp/s.json", "link/s.json", ".", "a/../../s.json"):
        with pytest.raises(SpecError, match="outside the spec's folder; move it"):
            state_path(spec_in(inside, state=state))
    assert state_path(spec_in(inside, state="deep/s.json")) == inside / "deep" / "s.json"
    changed = data()
    del changed["state"]
    with pytest.raises(UsageError, match="names no `state`"):
        QuantumReACT(changed)
