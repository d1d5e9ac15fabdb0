"""The posterior by arithmetic against exact Bayes, hidden Markov models, and full density matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from support.reason_specs import random_data, random_reason, slow_posterior

from qamctl.errors import UnsupportedError
from qamctl.reason.exact import order_effects, posterior_of, solve_exactly
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import Context
from qamctl.reason.state import ImpossibleError, QuantumReasoningState


def test_without_evolution_it_is_the_rule_of_bayes() -> None:
    """On 2,000 random specs the posterior is prior times likelihoods, whatever the coherence, within 1e-12."""
    rng = np.random.default_rng(1)
    for _ in range(2000):
        spec = random_reason(rng, int(rng.integers(2, 17)), int(rng.integers(0, 6)), coherence=float(rng.random()))
        joint = spec.paths.prior * np.prod(spec.evidence.likelihood ** spec.evidence.reliability[:, None], axis=0)
        assert np.abs(solve_exactly(spec).posterior - joint / joint.sum()).max() < 1e-12


def test_without_coherence_it_is_a_hidden_markov_model() -> None:
    """With coherence 0 evolution is the transition |U|^2, within 1e-12 on 300 random specs."""
    rng = np.random.default_rng(2)
    for _ in range(300):
        n = int(rng.integers(2, 9))
        spec = random_reason(rng, n, int(rng.integers(1, 5)), evolves=True, density=0.5)
        assert spec.context is not None
        matrix = np.diag(spec.context.fields).astype(complex)
        matrix[spec.context.one, spec.context.other] = spec.context.coupling
        matrix[spec.context.other, spec.context.one] = spec.context.coupling.conj()
        transition = np.abs(expm(-1j * spec.context.time * matrix)) ** 2
        p = spec.paths.prior
        for step in spec.steps:
            p = transition @ p if step < 0 else p * spec.evidence.likelihood[step] ** spec.evidence.reliability[step]
            p = p / p.sum()
        assert np.abs(solve_exactly(spec).posterior - p).max() < 1e-12


@pytest.mark.parametrize("coherence", [0.0, 0.3, 1.0])
def test_blocks_are_the_whole_density_matrix(coherence: float) -> None:
    """Posterior and evidence are those of full matrices taken step by step, also where only some paths are coupled."""
    rng = np.random.default_rng(3)
    for _ in range(150):
        spec = random_reason(
            rng, int(rng.integers(2, 11)), int(rng.integers(0, 5)), evolves=True, coherence=coherence,
            density=float(rng.choice([0.15, 0.4, 1.0])), zeros=bool(rng.integers(2)),
        )  # fmt: skip
        found, (p, probability) = solve_exactly(spec), slow_posterior(spec)
        assert np.abs(found.posterior - p).max() < 1e-12
        assert np.exp(found.log_evidence) == pytest.approx(probability, rel=1e-11)


def test_one_after_the_other_is_all_at_once() -> None:
    """Taking each posterior as the next prior gives what all evidence at once gives, in any order."""
    rng = np.random.default_rng(4)
    for _ in range(100):
        spec = random_reason(rng, 6, 4)
        p = spec.paths.prior
        for row in rng.permutation(4).tolist():
            state = QuantumReasoningState(p, spec.paths.phase)
            state.observe(spec.evidence.likelihood[[row]], spec.evidence.reliability[[row]])
            p = state.probabilities
        assert np.abs(p - solve_exactly(spec).posterior).max() < 1e-12


def test_sharp_evidence_keeps_the_qq_equality() -> None:
    """P(yes, no) + P(no, yes) is the same in both orders of two sharp questions, though each differs (Wang 2014)."""
    rng = np.random.default_rng(5)
    differ = 0.0
    for _ in range(50):
        n = 6
        prior = rng.dirichlet(np.ones(n))
        pairs = np.array([(a, b) for a in range(n) for b in range(a + 1, n)], np.int32)
        elements = rng.normal(size=len(pairs)) * (1 + 0j)
        context = Context(pairs[:, 0], pairs[:, 1], elements, rng.normal(size=n), 1.0, 0)
        yes = (rng.random(n) < 0.5).astype(float)
        no = 1 - yes
        forth = asked(prior, context, yes, no, False) + asked(prior, context, no, yes, False)
        back = asked(prior, context, yes, no, True) + asked(prior, context, no, yes, True)
        assert forth == pytest.approx(back, abs=1e-12)
        differ = max(differ, abs(asked(prior, context, yes, yes, False) - asked(prior, context, yes, yes, True)))
    assert differ > 0.01


def asked(prior: np.ndarray, context: Context, first: np.ndarray, second: np.ndarray, turned: bool) -> float:
    """The probability of two sharp answers, one about the paths, one about what they turn into (which, by `turned`)."""
    state = QuantumReasoningState(prior, np.zeros(len(prior)), context, 1.0, whole=True)
    for answer, turn in ((first, turned), (second, not turned)):
        state.evolve(1.0 if turn else 0.0)
        try:
            state.observe(answer[None], np.ones(1))
        except ImpossibleError:
            return 0.0
        state.evolve(-1.0 if turn else 0.0)
    return float(np.exp(state.log_evidence))


def test_order_and_interference_need_coherence_or_time() -> None:
    """Exchanging evidence changes nothing without evolution; interference vanishes without coherence."""
    rng = np.random.default_rng(6)
    still = solve_exactly(random_reason(rng, 5, 3, coherence=1.0))
    assert (still.order_effect, still.exchanged) == (0.0, None)
    assert set(still.interference.values()) == {0.0}
    data = random_data(rng, 5, 2, evolves=True, coherence=1.0) | {"steps": ["e0", "evolve", "e1"]}
    moved = solve_exactly(reason_from_data(data))
    assert moved.order_effect > 1e-3
    assert moved.exchanged == ("e0", "e1")
    assert max(map(abs, moved.interference.values())) > 1e-3
    assert sum(moved.interference.values()) == pytest.approx(0, abs=1e-12)
    classical = solve_exactly(reason_from_data(data | {"coherence": 0}))
    assert set(classical.interference.values()) == {0.0}
    assert classical.order_effect > 0  # a hidden Markov model does not commute either


def test_the_order_effect_is_that_of_the_exchanged_spec() -> None:
    """What is told of a pair is the distance to the posterior of the spec with the two exchanged."""
    rng = np.random.default_rng(7)
    data = random_data(rng, 4, 3, evolves=True, coherence=0.6) | {"steps": ["e0", "evolve", "e1", "evolve", "e2"]}
    spec = reason_from_data(data)
    told = {(one, other): far for one, other, far in order_effects(spec, solve_exactly(spec).posterior)}
    other = reason_from_data(data | {"steps": ["e2", "evolve", "e1", "evolve", "e0"]})
    distance = np.abs(slow_posterior(spec)[0] - slow_posterior(other)[0]).sum() / 2
    assert told["e0", "e2"] == pytest.approx(distance, abs=1e-12)
    assert len(told) == 3


def test_impossible_evidence_says_which_step() -> None:
    """The step is told at which nothing is left, and not the one before."""
    data = {
        "kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}],
        "evidence": [
            {"id": "x", "likelihood": {"a": 1, "b": 0}}, {"id": "y", "likelihood": {"a": 0.5, "b": 0.5}},
            {"id": "z", "likelihood": {"a": 0, "b": 1}},
        ],
    }  # fmt: skip
    with pytest.raises(ImpossibleError) as caught:
        solve_exactly(reason_from_data(data))
    assert caught.value.place == 2


def test_rounding_is_no_chance_for_evidence() -> None:
    """Where two paths have changed places exactly, evidence that only the empty one allows is impossible."""
    context = {"couplings": [["a", "b", 1.0]], "time": float(np.pi / 2)}
    data = {
        "kind": "reason", "version": 1, "paths": [{"id": "a", "prior": 1}, {"id": "b", "prior": 0}],
        "evidence": [{"id": "x", "likelihood": {"a": 1, "b": 0}}], "context": context, "steps": ["evolve", "x"],
    }  # fmt: skip
    with pytest.raises(ImpossibleError):
        solve_exactly(reason_from_data(data))


def test_large_exponents_leave_what_is_likeliest() -> None:
    """A reliability of 1,000 makes the likeliest path that is left certain, and nothing impossible."""
    paths = [{"id": "a", "prior": 1}, {"id": "b", "prior": 1}, {"id": "c", "prior": 0}]
    evidence = [{"id": "x", "likelihood": {"a": 0.1, "b": 0.05, "c": 1}, "reliability": 1000}]
    found = solve_exactly(reason_from_data({"kind": "reason", "version": 1, "paths": paths, "evidence": evidence}))
    assert found.posterior.tolist() == pytest.approx([1, 0, 0])


def test_likelihoods_far_below_what_numbers_hold_multiply() -> None:
    """A thousand pieces of evidence of 1e-300 underflow nowhere but in the probability itself."""
    evidence = [{"id": f"e{j}", "likelihood": {"a": 1e-300, "b": 0.5e-300}} for j in range(1000)]
    data = {"kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}], "evidence": evidence}
    found = solve_exactly(reason_from_data(data))
    assert found.posterior[0] == pytest.approx(1.0)
    assert found.log_evidence == pytest.approx(1000 * np.log(1e-300) + np.log(0.5), rel=1e-12)


def test_evidence_without_reliability_says_nothing() -> None:
    """Reliability 0 leaves the posterior as it is, also where the likelihood is 0."""
    rng = np.random.default_rng(8)
    data = random_data(rng, 4, 2)
    plain = solve_exactly(reason_from_data(data)).posterior
    data["evidence"].append({"id": "rumour", "likelihood": dict.fromkeys(("p0", "p1"), 0), "otherwise": 1,
                             "reliability": 0})  # fmt: skip
    assert np.array_equal(solve_exactly(reason_from_data(data)).posterior, plain)


def test_too_many_coupled_paths_are_refused() -> None:
    """More than 4,096 paths in one block end with what to do about it."""
    n = 4097
    context = Context(
        np.arange(n - 1, dtype=np.int32), np.arange(1, n, dtype=np.int32), np.ones(n - 1, complex), np.zeros(n), 1.0, 0
    )  # fmt: skip
    with pytest.raises(UnsupportedError, match="prune"):
        QuantumReasoningState(np.full(n, 1 / n), np.zeros(n), context)


def test_many_paths_and_much_evidence_take_no_time_to_speak_of() -> None:
    """4,096 paths under 50 pieces of evidence are exact Bayes, coupled pairs or not."""
    rng = np.random.default_rng(9)
    n = 4096
    likelihood, reliability = rng.random((50, n)), np.ones(50)
    pairs = np.arange(n, dtype=np.int32).reshape(-1, 2)
    context = Context(pairs[:, 0], pairs[:, 1], np.full(n // 2, 0.3 + 0j), np.zeros(n), 1.0, 0)
    state = QuantumReasoningState(np.full(n, 1 / n), np.zeros(n), context, 0.5)
    state.observe(likelihood, reliability)
    joint = likelihood.prod(axis=0)
    assert np.abs(state.probabilities - joint / joint.sum()).max() < 1e-12
    state.evolve()
    assert state.probabilities.sum() == pytest.approx(1.0, abs=1e-12)


def test_measuring_in_another_basis_is_the_rule_of_born() -> None:
    """Outcomes in X, Y and Z have the probabilities of the turned density matrix."""
    rng = np.random.default_rng(10)
    spec = random_reason(rng, 4, 2, evolves=True, coherence=1.0)
    state = QuantumReasoningState(spec.paths.prior, spec.paths.phase, spec.context, 1.0, whole=True)
    state.evolve()
    rho, half = state.density, 0.5**0.5
    turns = {"Z": np.eye(2), "X": half * np.array([[1, 1], [1, -1]]), "Y": half * np.array([[1, -1j], [1, 1j]])}
    for basis in ("ZZ", "XY", "YX", "XZ"):
        turn = np.kron(turns[basis[0]], turns[basis[1]])
        assert np.abs(state.measure(basis) - np.diag(turn @ rho @ turn.conj().T).real).max() < 1e-12
    assert np.array_equal(state.measure(), state.probabilities)


def test_the_coherence_of_a_spec_is_taken_and_not_another() -> None:
    """`posterior_of` takes the coherence that it is given, for comparisons with the classical answer."""
    rng = np.random.default_rng(11)
    data = random_data(rng, 4, 2, evolves=True, coherence=1.0) | {"steps": ["e0", "evolve", "e1"]}
    spec = reason_from_data(data)
    classical = posterior_of(spec, spec.steps, 0.0).probabilities
    assert np.abs(classical - slow_posterior(reason_from_data(data | {"coherence": 0}))[0]).max() < 1e-12
