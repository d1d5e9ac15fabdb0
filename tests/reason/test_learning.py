"""Priors and reliabilities learn: Bayes, the gradient of reliabilities, Hedge and EXP3."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from qamctl.errors import InfeasibleError, UsageError
from qamctl.reason.learning import (
    LEAST,
    adjusted,
    advice,
    bayes,
    exp3,
    exp3_bound,
    exp3_chances,
    exp3_exploration,
    exp3_rate,
    hedge,
    hedge_bound,
    hedge_rate,
    outcome_gradient,
)
from qamctl.reason.spec import Floats
from qamctl.reason.state import QuantumReasoningState, run_steps
from qamctl.spec.reason_fields import MOST_RELIABILITY

#: Gives the rewards [K] of a round, from the number of the round and the weights or the last choice.
Adversary = Callable[[int, Floats], Floats]


def test_sequential_is_batch_in_any_order() -> None:
    """Outcomes one after the other, in whatever order, are the product of all likelihoods at once."""
    rng = np.random.default_rng(1)
    for _ in range(100):
        n = int(rng.integers(2, 40))
        prior, rows = rng.dirichlet(np.ones(n)), rng.random((int(rng.integers(1, 12)), n))
        batch = prior * np.prod(rows, axis=0)
        batch /= batch.sum()
        for _ in range(3):
            p = prior
            for row in rng.permutation(rows):
                p = bayes(p, row)
            assert np.abs(p - batch).max() < 1e-12


def test_forgetting_is_a_power_of_the_prior() -> None:
    """The square roots of 4 : 9 are 2 : 3; with 0 only the outcome counts, on paths that are left."""
    assert bayes(np.array([4.0, 9.0]) / 13, np.array([1.0, 1.0]), 0.5) == pytest.approx([0.4, 0.6], abs=1e-15)
    found = bayes(np.array([0.9, 0.1, 0.0]), np.array([0.2, 0.6, 1.0]), 0.0)
    assert found == pytest.approx([0.25, 0.75, 0.0], abs=1e-15)


def test_an_impossible_outcome_is_refused() -> None:
    """It says so, and what to do."""
    with pytest.raises(InfeasibleError, match=r"probability 0 on every path that is left; give it"):
        bayes(np.array([1.0, 0.0]), np.array([0.0, 0.5]))


def test_rounding_rules_no_path_out() -> None:
    """A thousand outcomes against a path leave it possible, forty for it bring it back; a path with 0 stays out."""
    p = np.array([0.5, 0.5, 0.0])
    for _ in range(1000):
        p = bayes(p, np.array([1e-9, 1.0, 1.0]))
    assert p[0] == LEAST
    assert p[2] == 0
    for _ in range(40):
        p = bayes(p, np.array([1.0, 1e-9, 1.0]))
    assert p[0] > 0.99
    tiny = bayes(np.array([1e-300, 1.0]), np.array([1e-300, 0.0]))
    assert tiny.tolist() == [1.0, 0.0]


def test_the_gradient_is_the_derivative() -> None:
    """Against differences of log p(outcome), computed by the state of `reason` itself, also with zero likelihoods."""
    rng = np.random.default_rng(2)
    for case in range(60):
        n, j = int(rng.integers(2, 9)), int(rng.integers(1, 5))
        prior, rows, alpha = rng.dirichlet(np.ones(n)), rng.random((j, n)), rng.uniform(0.2, 2, j)
        if case % 3 == 0:
            rows[:, 0] = 0.0
        if case % 4 == 0:
            prior[-1] = 0.0
        if not (prior * rows.prod(axis=0)).sum() > 0:
            continue
        outcome = rng.random(n)

        def log_chance(
            alpha: Floats, prior: Floats = prior, rows: Floats = rows, outcome: Floats = outcome
        ) -> tuple[float, Floats]:
            state = QuantumReasoningState(prior, np.zeros(len(prior)))
            run_steps(state, range(len(rows)), rows, alpha)
            return float(np.log(outcome @ state.probabilities)), state.probabilities

        slopes = outcome_gradient(log_chance(alpha)[1], rows, outcome)
        for k in range(j):
            step = np.eye(j)[k] * 1e-6
            rise = log_chance(alpha + step)[0] - log_chance(alpha - step)[0]
            assert slopes[k] == pytest.approx(rise / 2e-6, abs=2e-8)


def test_evidence_that_is_ignored_and_rules_a_path_out_has_no_gradient() -> None:
    """At reliability 0 the least trust would make the path impossible: the gradient is 0, and never NaN."""
    found = outcome_gradient(np.array([0.5, 0.5]), np.array([[0.0, 1.0], [0.5, 1.0], [0.0, 0.0]]), np.array([0.2, 0.8]))
    assert found[[0, 2]].tolist() == [0.0, 0.0]
    assert found[1] == pytest.approx(0.6 * math.log(2) / 2)
    with pytest.raises(InfeasibleError, match="impossible"):
        outcome_gradient(np.array([1.0, 0.0]), np.array([[1.0, 1.0]]), np.array([0.0, 1.0]))


def test_good_evidence_gains_reliability() -> None:
    """Evidence that points to where the outcome comes from is trusted more, its opposite less, within the bounds."""
    p, outcome = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    slopes = outcome_gradient(p, np.array([[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]]), outcome)
    after = adjusted(np.array([1.0, 1.0, 1.0]), slopes, 0.1)
    assert after[0] > 1 > after[1]
    assert after[2] == 1
    assert adjusted(np.array([0.1, 999.0]), np.array([-50.0, 50.0]), 1.0).tolist() == [0.0, MOST_RELIABILITY]


def test_paths_advise_what_is_best_on_them() -> None:
    """Actions that tie share the advice evenly."""
    assert advice(np.array([[3.0, 0.0, 1.0], [1.0, 2.0, 1.0]])).tolist() == [[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]]


@pytest.mark.parametrize("wrong", [1.5, -0.1, math.nan, math.inf])
def test_rewards_outside_the_unit_interval_are_refused(wrong: float) -> None:
    """The bounds would not hold."""
    with pytest.raises(UsageError, match="between 0 and 1"):
        hedge(np.array([0.5, 0.5]), np.array([0.5, wrong]), 0.1)
    with pytest.raises(UsageError, match="between 0 and 1"):
        exp3(np.array([0.5, 0.5]), np.array([1.0, 0.0]), wrong, 0.5, 0.1)


def test_steps_by_hand() -> None:
    """Hedge and EXP3 multiply by powers of e; a path without a prior stays without."""
    weights = np.array([0.2 * math.e, 0.8 * math.e**0.5, 0])
    assert hedge(np.array([0.2, 0.8, 0.0]), np.array([0.5, 0.25, 1.0]), 2.0) == pytest.approx(weights / weights.sum())
    weights = np.array([0.2 * math.e**3, 0.5 * math.e**1.5, 0.3])
    found = exp3(np.array([0.2, 0.5, 0.3]), np.array([1.0, 0.5, 0.0]), 0.6, 0.1, 0.5)
    assert found == pytest.approx(weights / weights.sum())
    assert exp3(np.array([0.5, 0.5]), np.array([1.0, 0.0]), 1.0, 1e-9, 1000.0).tolist() == [1.0, LEAST]


def fixed(rng: np.random.Generator, k: int) -> Adversary:
    """One path is a little better, by chance."""
    means = np.full(k, 0.4)
    means[k // 2] = 0.6
    return lambda t, p: np.asarray(rng.random(k) < means, float)


def switching(rng: np.random.Generator, k: int) -> Adversary:
    """The best path of the first third is the worst from then on."""

    def rewards(t: int, p: Floats) -> Floats:
        best = 0 if t < 700 else k - 1
        return np.asarray(np.arange(k) == best, float)

    return rewards


def alternating(rng: np.random.Generator, k: int) -> Adversary:
    """What was good is bad in the next round: followers of the leader always lose."""
    return lambda t, p: ((np.arange(k) + t) % 2).astype(float)


def spiteful(rng: np.random.Generator, k: int) -> Adversary:
    """Adaptive: whatever has more weight than half of the paths gets nothing."""
    return lambda t, p: (p <= np.median(p)).astype(float)


def starving(rng: np.random.Generator, k: int) -> Adversary:
    """Adaptive: the heaviest path gets nothing, all others everything."""
    return lambda t, p: (np.arange(k) != int(np.argmax(p))).astype(float)


@pytest.mark.parametrize("adversary", [fixed, switching, alternating, spiteful, starving])
@pytest.mark.parametrize("k", [2, 10])
def test_the_regret_of_hedge_is_below_its_bound(
    adversary: Callable[[np.random.Generator, int], Adversary], k: int
) -> None:
    """Also against adversaries that see the weights: at every horizon, sqrt(T ln N / 2)."""
    for horizon in (50, 2000):
        play, p = adversary(np.random.default_rng(3), k), np.full(k, 1 / k)
        mine, theirs = 0.0, np.zeros(k)
        for t in range(horizon):
            rewards = play(t, p)
            mine, theirs = mine + float(p @ rewards), theirs + rewards
            p = hedge(p, rewards, hedge_rate(k, horizon))
        assert theirs.max() - mine <= hedge_bound(k, horizon) + 1e-9
        assert hedge_bound(k, horizon) == pytest.approx(math.sqrt(horizon * math.log(k) / 2))


def test_hedge_comes_near_to_its_bound() -> None:
    """The best path of coin tosses is ahead by nearly as much: with less of a rate nobody could keep the bound."""
    k, horizon, regrets = 10, 1000, []
    for seed in range(10):
        rng, p, mine, theirs = np.random.default_rng(seed), np.full(k, 1 / k), 0.0, np.zeros(k)
        for _ in range(horizon):
            rewards = rng.integers(0, 2, k).astype(float)
            mine, theirs = mine + float(p @ rewards), theirs + rewards
            p = hedge(p, rewards, hedge_rate(k, horizon))
        regrets.append(theirs.max() - mine)
    assert 0.3 * hedge_bound(k, horizon) < np.mean(regrets) <= hedge_bound(k, horizon)


def exp3_regret(adversary: Callable[[np.random.Generator, int], Adversary], k: int, horizon: int, seed: int) -> float:
    """What EXP3 missed against the best action."""
    rng = np.random.default_rng(seed)
    play, p = adversary(rng, k), np.full(k, 1 / k)
    share = exp3_exploration(k, k, horizon)
    mine, theirs = 0.0, np.zeros(k)
    for t in range(horizon):
        chances = exp3_chances(p, share)
        chosen = int(rng.choice(k, p=chances))
        rewards = play(t, p)
        mine, theirs = mine + rewards[chosen], theirs + rewards
        p = exp3(p, np.eye(k)[chosen], float(rewards[chosen]), float(chances[chosen]), exp3_rate(k, share))
    return float(theirs.max() - mine)


@pytest.mark.parametrize("adversary", [fixed, switching, alternating])
def test_the_regret_of_exp3_is_below_its_bound_on_average(
    adversary: Callable[[np.random.Generator, int], Adversary],
) -> None:
    """Against adversaries that do not see the draws, mean over seeds; and it is far better than chance."""
    k, horizon = 5, 2000
    mean = np.mean([exp3_regret(adversary, k, horizon, seed) for seed in range(4)])
    assert mean <= exp3_bound(k, k, horizon)
    assert exp3_bound(k, k, horizon) == pytest.approx(2 * math.sqrt((math.e - 1) * horizon * k * math.log(k)))
    if adversary is not alternating:
        by_chance = horizon * (0.16 if adversary is fixed else (horizon - 700) / horizon - 1 / k)
        assert mean < 0.9 * by_chance


def test_estimates_of_exp3_have_no_bias() -> None:
    """The mean of the exponents over all draws is the rewards themselves, at the rate."""
    p, share, rewards, rate = np.array([0.7, 0.2, 0.1]), 0.3, np.array([0.1, 0.9, 0.4]), 0.05
    chances = exp3_chances(p, share)
    assert chances.sum() == pytest.approx(1)
    logs = [np.log(exp3(p, np.eye(3)[a], float(rewards[a]), float(chances[a]), rate) / p) for a in range(3)]
    shifted = [row - row[(a + 1) % 3] for a, row in enumerate(logs)]  # what was not chosen has the exponent 0
    assert chances @ np.array(shifted) == pytest.approx(rate * rewards)


def test_rates_at_the_ends() -> None:
    """A single path learns nothing, and a short horizon explores all the time."""
    assert hedge_rate(1, 10) == exp3_exploration(1, 1, 10) == 0.0
    assert exp3_exploration(10, 10, 1) == 1.0
    assert exp3_bound(10, 10, 1) == 1.0
    assert hedge(np.array([1.0]), np.array([0.3]), hedge_rate(1, 10)).tolist() == [1.0]
