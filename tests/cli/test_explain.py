"""`qamctl explain`: what moved a decision, told through the entry point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.command_line import Run

from qamctl.reason.exact import posterior_of, solve_exactly
from qamctl.reason.read import load_reason
from qamctl.reason.solution import decision_chances, total_variation
from qamctl.reason.spec import ReasonSpec

PLAIN = """\
kind: reason
version: 1
paths: [{id: retry, prior: 0.5}, {id: escalate, prior: 0.3}, {id: wait, prior: 0.2}]
evidence:
  - {id: timeout-seen, likelihood: {retry: 0.2, escalate: 0.9, wait: 0.4}}
  - {id: queue-long, likelihood: {escalate: 0.6}, otherwise: 0.5, reliability: 0.5}
"""
EVOLVES = PLAIN + (
    "context: {couplings: [[retry, escalate, 0.3], [escalate, wait, 0.2, 0.1]], time: 0.5}\n"
    "steps: [timeout-seen, evolve, queue-long, evolve]\ncoherence: 0.8\n"
)
STEP = 1e-4


@pytest.fixture(autouse=True)
def files(room: Path) -> None:
    """A classical decision, and one that evolves."""
    (room / "plain.yaml").write_text(PLAIN)
    (room / "evolves.yaml").write_text(EVOLVES)


def with_reliability(spec: ReasonSpec, row: int, by: float) -> ReasonSpec:
    """The spec with one exponent changed."""
    reliability = spec.evidence.reliability.copy()
    reliability[row] += by
    return replace(spec, evidence=replace(spec.evidence, reliability=reliability))


@pytest.mark.parametrize("file", ["plain.yaml", "evolves.yaml"])
def test_each_step_is_told(run: Run, file: str) -> None:
    """The decisions after each step, how likely what was seen was, and how far it moved them."""
    found = run("explain", file, "-o", "json").json
    spec = load_reason(file)
    steps = [None, *spec.steps]
    assert [row["step"] for row in found["steps"]] == [
        "prior" if step is None else "evolve" if step < 0 else spec.evidence.ids[step] for step in steps
    ]
    total, before = 1.0, None
    for place, row in enumerate(found["steps"]):
        state = posterior_of(spec, spec.steps[:place], spec.coherence)
        assert row["decisions"] == pytest.approx(decision_chances(spec, state.probabilities))
        if before is not None:
            assert row["moved"] == pytest.approx(total_variation(before, state.probabilities), abs=1e-11)
        before = state.probabilities
        total *= 1.0 if row["probability"] is None else row["probability"]
    result = run("reason", file, "-o", "json").json["solution"]
    assert total == pytest.approx(result["evidence_probability"])
    assert found["decisions"] == pytest.approx(result["decisions"])
    assert (found["decision"], found["value"]) == (result["decision"], max(result["decisions"].values()))


@pytest.mark.parametrize("file", ["plain.yaml", "evolves.yaml"])
def test_each_piece_of_evidence_is_told(run: Run, file: str) -> None:
    """What its absence would change, and how the decisions follow its reliability."""
    found = run("explain", file, "-o", "json").json["evidence"]
    spec = load_reason(file)
    whole = solve_exactly(spec).posterior
    for row, told in enumerate(found):
        assert told["id"] == spec.evidence.ids[row]
        without = posterior_of(spec, [step for step in spec.steps if step != row], spec.coherence).probabilities
        assert told["decisions_without"] == pytest.approx(decision_chances(spec, without))
        assert told["moved"] == pytest.approx(total_variation(whole, without), abs=1e-11)
        ends = [solve_exactly(with_reliability(spec, row, by)).posterior for by in (STEP, -STEP)]
        slope = decision_chances(spec, (ends[0] - ends[1]) / (2 * STEP))
        assert told["by_reliability"] == pytest.approx(slope, abs=1e-6)


def test_slopes_of_exact_bayes_follow_the_formula(run: Run) -> None:
    """p (log l - <log l>), with the logarithm of the likelihood on each path."""
    import numpy as np

    spec = load_reason("plain.yaml")
    p = solve_exactly(spec).posterior
    for row, told in enumerate(run("explain", "plain.yaml", "-o", "json").json["evidence"]):
        logs = np.log(spec.evidence.likelihood[row])
        assert list(told["by_reliability"].values()) == pytest.approx((p * (logs - p @ logs)).tolist(), abs=1e-8)


def test_order_time_and_interference(run: Run) -> None:
    """What an exchange of evidence, the time and coherence change; nothing of it where nothing evolves."""
    plain = run("explain", "plain.yaml", "-o", "json").json
    assert (plain["order"], plain["classical"], plain["interference"], plain["by_time"]) == ([], None, None, None)
    found = run("explain", "evolves.yaml", "-o", "json").json
    spec = load_reason("evolves.yaml")
    whole = solve_exactly(spec)
    [order] = found["order"]
    assert order["pair"] == ["timeout-seen", "queue-long"]
    assert order["distance"] == pytest.approx(whole.order_effect)
    classical = decision_chances(spec, posterior_of(spec, spec.steps, 0.0).probabilities)
    assert found["classical"] == pytest.approx(classical)
    assert found["interference"] == pytest.approx(whole.interference, abs=1e-12)
    assert spec.context is not None
    ends = [
        posterior_of(replace(spec, context=replace(spec.context, time=0.5 + by)), spec.steps, 0.8).probabilities
        for by in (STEP, -STEP)
    ]
    assert found["by_time"] == pytest.approx(decision_chances(spec, (ends[0] - ends[1]) / (2 * STEP)), abs=1e-6)


def test_the_page(run: Run, room: Path, tmp_path: Path) -> None:
    """The decision, the steps, the evidence that moved most first; nothing is written."""
    out = run("explain", "evolves.yaml").out
    assert out.startswith("Decision: escalate (0.")
    for words in ("step", "timeout-seen", "evolve", "by reliability", "exchanged", "interference"):
        assert words in out
    rows = [line.split()[0] for line in out.split("by reliability\n")[1].splitlines()[:2]]
    assert rows == ["timeout-seen", "queue-long"]
    assert not (tmp_path / "state" / "qamctl" / "runs").exists()
    assert not list(room.glob("*.state.json"))


def test_what_was_learned_counts(run: Run, room: Path) -> None:
    """The priors of the state file are those of the first step."""
    text = PLAIN + "state: s.json\noutcomes: [{id: good, likelihood: {retry: 1, escalate: 0.5, wait: 0.5}}]\n"
    (room / "kept.yaml").write_text(text)
    assert run("reason", "kept.yaml").code == 0
    assert run("feedback", "s.json", "--outcome", "good").code == 0
    first = run("explain", "kept.yaml", "-o", "json").json["steps"][0]
    assert first["decisions"]["retry"] == pytest.approx(0.5 / 0.75)


def test_networks_and_missing_files(run: Run, room: Path) -> None:
    """A network is told what to do instead (8); a file that is not there is a fault."""
    (room / "net.yaml").write_text("kind: reason\nversion: 1\nnodes: [{id: n, table: [0.5, 0.5]}]\nquery: n\n")
    ran = run("explain", "net.yaml")
    assert ran.code == 8
    assert "compare by `qamctl reason`" in " ".join(ran.err.split())
    assert run("explain", "missing.yaml").code in (2, 3)
