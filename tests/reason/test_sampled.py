"""Posteriors from shots: intervals hold as often as they say, and amplification accepts what its law says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.reason_specs import random_data

from qamctl.quantum.intervals import wilson
from qamctl.quantum.program import Program
from qamctl.quantum.simulate import exact as distribution
from qamctl.reason.exact import Exact, solve_exactly
from qamctl.reason.plan import Plan, plan_circuit
from qamctl.reason.prune import prune
from qamctl.reason.read import reason_from_data
from qamctl.reason.solution import Solution, choose
from qamctl.reason.solvers.sampled import accepted_counts, accepted_paths, dirichlet, solution_of, utility_intervals
from qamctl.reason.spec import ReasonSpec
from qamctl.reason_engines import Engine, measure

CIRCUITS, TIMES, SHOTS = 20, 100, 1000

#: Accepted shots of a path from which on normal distributions stand for counts, as a rule of thumb.
ENOUGH = 5


def evidence_of(rng: np.random.Generator, *, rare: bool) -> dict[str, Any]:
    """A decision with utilities, evolution and coherence among them; `rare` evidence is worth amplifying."""
    paths = int(rng.integers(2, 5))
    data = random_data(
        rng, paths, int(rng.integers(1, 3)), evolves=bool(rng.integers(2)), coherence=float(rng.integers(2))
    )
    for row in data["evidence"] if rare else ():
        row["likelihood"] = {name: value * (0.04 if name != "p0" else 1) for name, value in row["likelihood"].items()}
    worths = rng.normal(size=(2, paths)).tolist()
    data["utility"] = [
        {"action": f"a{k}", "values": {f"p{i}": value for i, value in enumerate(row)}} for k, row in enumerate(worths)
    ]
    return data


def experiments(spec: ReasonSpec, plan: Plan, exact: Exact, rng: np.random.Generator) -> list[Solution]:
    """What many runs of a faultless machine give: shots drawn from the circuit's own distribution."""
    samples, chances = distribution(Program(plan.circuit, plan.circuit.num_clbits)) or pytest.fail("too wide")
    found = []
    for occurrences in rng.multinomial(SHOTS, chances / chances.sum(), size=TIMES):
        counts = accepted_counts(samples, occurrences, plan)
        solution = solution_of(counts, SHOTS, plan.paths, exact, len(spec.paths.ids), 0.0)
        assert solution is not None
        found.append(solution)
    return found


@pytest.mark.parametrize("method", ["sample", "amplify"])
def test_intervals_hold_as_often_as_they_say(method: str) -> None:
    """In 2,000 runs Wilson intervals hold the exact posterior in 93 to 97 %, the joint ones together in 95 % or more.

    Intervals of expected utilities, by the delta method with z^2 further shots, hold in 93 to 98 %.
    """
    rng = np.random.default_rng([len(method)])
    single: list[float] = []
    together: list[bool] = []
    worths: list[bool] = []
    amplified = 0
    for _ in range(CIRCUITS):
        spec = reason_from_data(evidence_of(rng, rare=method == "amplify"))
        exact = solve_exactly(spec)
        plan = plan_circuit(spec, exact, method=method, shots=SHOTS, mid_circuit=False)
        amplified += plan.rounds > 0
        true = exact.posterior
        for solution in experiments(spec, plan, exact, rng):
            inside = (solution.intervals[:, 0] <= true) & (true <= solution.intervals[:, 1])
            single.append(float(inside.mean()))
            assert solution.joint is not None
            together.append(bool(((solution.joint[:, 0] <= true) & (true <= solution.joint[:, 1])).all()))
            mean = choose(spec, true).expected["a0"]
            low, high = utility_intervals(spec.utility.values, solution)[0]
            worths.append(low <= mean <= high)
    assert len(single) == 2000
    assert amplified >= CIRCUITS // 3 if method == "amplify" else amplified == 0
    assert 0.93 < np.mean(single) < 0.97
    assert np.mean(together) >= 0.95
    assert 0.93 < np.mean(worths) < 0.98


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_an_engine_accepts_by_the_law_of_sines(rounds: int) -> None:
    """The state vector engine accepts sin^2((2 m + 1) theta) of its shots within 2 %, and says what it expected."""
    rng = np.random.default_rng(11)
    spec = reason_from_data({**evidence_of(rng, rare=True), "rounds": rounds, "method": "amplify"})
    exact, pruned, shots = solve_exactly(spec), prune(spec), 200_000
    plan = plan_circuit(spec, exact, method="amplify", shots=shots, mid_circuit=False)
    engine = Engine("statevector", {}, shots, 3, lambda: False, lambda: None)
    attempt = measure(engine, pruned, exact, plan, len(spec.paths.ids))
    assert plan.decision is not None
    log_chance = exact.log_acceptance - sum(stage.log_scale for stage in plan.decision.stages)
    theta = math.asin(math.sqrt(math.exp(log_chance)))
    wanted = math.sin((2 * rounds + 1) * theta) ** 2
    assert attempt.info["acceptance"] == pytest.approx(wanted, rel=0.02)
    assert attempt.info["acceptance_expected"] == pytest.approx(wanted, rel=1e-9)
    assert attempt.info["accepted"] + attempt.info["rejected"] == attempt.shots == shots
    assert attempt.solution is not None
    assert np.abs(attempt.solution.posterior - exact.posterior).max() < 0.02


def test_amplified_shots_are_worth_more() -> None:
    """Rare evidence: as many shots accept several times as many, and `auto` amplifies of itself."""
    data = {
        "kind": "reason", "version": 1, "paths": [{"id": "a", "prior": 0.02}, {"id": "b", "prior": 0.98}],
        "evidence": [{"id": "e", "likelihood": {"a": 1, "b": 0.01}}],
    }  # fmt: skip
    spec = reason_from_data(data)
    exact = solve_exactly(spec)
    plain = plan_circuit(spec, exact, method="sample", shots=200, mid_circuit=False)
    found = plan_circuit(spec, exact, method="auto", shots=200, mid_circuit=False)
    assert (plain.rounds, found.rounds > 0) == (0, True)
    assert found.amplified > 3 * plain.amplified
    enough = plan_circuit(spec, exact, method="auto", shots=int(101 / plain.acceptance), mid_circuit=False)
    assert enough.rounds == 0


def test_joint_intervals_hold_together() -> None:
    """Of 20 shares drawn from a Dirichlet prior, all lie in their intervals in 95 % of 2,000 samples, or more."""
    rng = np.random.default_rng(13)
    held = 0
    for _ in range(2000):
        share = rng.dirichlet(np.full(20, 0.5))
        ends = dirichlet(rng.multinomial(500, share).astype(float))
        held += bool(((ends[:, 0] <= share) & (share <= ends[:, 1])).all())
    assert held >= 0.95 * 2000
    assert dirichlet(np.array([7.0])).tolist() == [[1.0, 1.0]]


def test_joint_intervals_of_what_is_impossible_or_certain() -> None:
    """A path that evidence rules out, and one that is left alone, lie in their intervals; so do very rare ones."""
    assert dirichlet(np.array([0.0, 1000.0])).tolist()[0][0] == 0
    assert dirichlet(np.array([0.0, 1000.0])).tolist()[1][1] == 1
    rng, share = np.random.default_rng(14), np.array([1 - 1e-5, 1e-5])
    drawn = [dirichlet(rng.multinomial(1000, share).astype(float)) for _ in range(500)]
    assert np.mean([((ends[:, 0] <= share) & (share <= ends[:, 1])).all() for ends in drawn]) >= 0.95


def test_nothing_accepted_is_no_posterior() -> None:
    """None, and not a guess."""
    rng = np.random.default_rng(17)
    spec = reason_from_data(evidence_of(rng, rare=False))
    exact = solve_exactly(spec)
    assert solution_of(np.zeros(3), 1000, np.arange(3), exact, 3, 0.0) is None


def test_what_is_no_path_is_not_accepted() -> None:
    """Of three paths on two qubits the fourth state counts as rejected, as does a piece of evidence that reads 0."""
    data = {
        "kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}, {"id": "c"}],
        "evidence": [{"id": "e", "likelihood": {"a": 0.5}, "otherwise": 1}],
    }  # fmt: skip
    spec = reason_from_data(data)
    plan = plan_circuit(spec, solve_exactly(spec), method="sample", shots=100, mid_circuit=False)
    samples = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]], np.uint8)  # path bits, evidence
    assert accepted_paths(samples, plan).tolist() == [0, 1, 2, -1, -1]
    assert accepted_counts(samples, np.array([5, 4, 3, 2, 1]), plan).tolist() == [5, 4, 3]


def test_an_answer_is_shares_and_their_intervals() -> None:
    """Of accepted shots: Wilson's, wider by what was left out; paths that no circuit holds have 0, and that width."""
    exact = Exact(np.array([0.5, 0.0, 0.5]), -1.0, -1.0, {}, 0.0, None)
    found = solution_of(np.array([30.0, 10.0]), 100, np.array([0, 2]), exact, 3, 0.01)
    assert found is not None
    assert found.posterior.tolist() == [0.75, 0, 0.25]
    low, high = wilson(30, 40)
    assert found.intervals[0].tolist() == pytest.approx([low - 0.01, high + 0.01])
    assert found.intervals[1].tolist() == pytest.approx([0, 0.01])
    assert (found.shots, found.accepted, found.mitigated) == (100, 40, False)
    assert found.evidence_probability == pytest.approx(math.exp(-1))
