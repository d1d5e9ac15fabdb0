"""How priors and reliabilities learn: from outcomes by the rule of Bayes, from rewards by Hedge and EXP3.

An outcome says how probable it was on each path. A reward says how good a choice was: of all paths (Hedge: Freund and
Schapire 1997; the rate of Cesa-Bianchi and Lugosi 2006, theorem 2.2), or only of what was chosen (EXP3, and EXP4 where
paths share what they advise: Auer, Cesa-Bianchi, Freund and Schapire 2002, corollary 3.2 and theorem 7.1).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from qamctl.errors import InfeasibleError, UsageError
from qamctl.reason.spec import Floats
from qamctl.spec.reason_fields import MOST_RELIABILITY

#: A path that is possible keeps at least this, so that rounding never makes it impossible for good.
LEAST: Final = 1e-300
#: Products below this are computed by logarithms: their digits would get lost.
_SMALL: Final = 1e-250


def bayes(prior: Floats, likelihood: Floats, forgetting: float = 1.0) -> Floats:
    """The priors after an outcome: pi^forgetting P(outcome | path), divided by the sum.

    Parameters
    ----------
    prior
        [N] probabilities; a path that has 0 keeps it, whatever is forgotten.
    likelihood
        [N] of the outcome on each path.
    forgetting
        1 forgets nothing (exact Bayes), 0 everything.

    Raises
    ------
    InfeasibleError
        The outcome has the probability 0 on every path that is left.
    """
    left = (prior > 0) & (likelihood > 0)
    if not left.any():
        raise InfeasibleError(
            "the outcome is impossible: it has the probability 0 on every path that is left; "
            "give it some probability on one of them, or begin a new state file"
        )
    out = np.zeros(len(prior))
    weights = (prior[left] if forgetting == 1 else prior[left] ** forgetting) * likelihood[left]
    if weights.max() < _SMALL:
        logs = forgetting * np.log(prior[left]) + np.log(likelihood[left])
        weights = np.exp(logs - logs.max())
    out[left] = np.maximum(weights / weights.sum(), LEAST)
    return out


def outcome_gradient(posterior: Floats, likelihoods: Floats, outcome: Floats) -> Floats:
    """[J] the derivative of log p(outcome) by the reliability of each piece of evidence.

    That is sum_h p(h) (log l_j(h) - <log l_j>) P(outcome | h) / p(outcome), the mean taken over p, for posteriors
    p(h) ~ pi(h) prod_j l_j(h)^alpha_j: without evolution. Where a path that is left has a likelihood of 0, which needs
    a reliability of 0, there is no derivative: the least trust would rule the path out. It is 0 then.

    Parameters
    ----------
    posterior
        [N] probabilities with the evidence taken in.
    likelihoods
        [J, N] of the evidence.
    outcome
        [N] the probability of the outcome on each path.

    Raises
    ------
    InfeasibleError
        The outcome has the probability 0.
    """
    left = posterior > 0
    p, chance = posterior[left], outcome[left]
    total = float(p @ chance)
    if total <= 0:
        raise InfeasibleError("the outcome is impossible: it has the probability 0 on every path that is left")
    rows = likelihoods[:, left]
    jumps = (rows <= 0).any(axis=1)
    logs = np.log(np.where(rows > 0, rows, 1.0))
    # Of l_j = L_j / max L_j the maximum drops out: it moves the logarithm and its mean alike.
    logs -= (logs @ p)[:, None] / p.sum()
    return np.where(jumps, 0.0, logs @ (p * chance) / total)


def adjusted(reliabilities: Floats, gradient: Floats, rate: float) -> Floats:
    """[J] reliabilities after a step of gradient ascent, kept within 0 and the largest that a spec may give."""
    return np.asarray(np.clip(reliabilities + rate * gradient, 0.0, MOST_RELIABILITY))


def advice(values: Floats) -> Floats:
    """[A, N] what each path advises: the action that is worth most on it, shared evenly among those that tie.

    Parameters
    ----------
    values
        [A, N] the utility of actions on paths.
    """
    best = values == values.max(axis=0)
    return np.asarray(best / best.sum(axis=0))


def hedge(prior: Floats, rewards: Floats, rate: float) -> Floats:
    """The priors after rewards of all paths: pi exp(rate * reward), divided by the sum.

    Raises
    ------
    UsageError
        A reward lies outside 0..1.
    """
    check_rewards(rewards)
    return _reweighted(prior, rate * rewards)


def hedge_rate(paths: int, horizon: int) -> float:
    """sqrt(8 ln N / T)."""
    return math.sqrt(8 * math.log(paths) / horizon)


def hedge_bound(paths: int, horizon: int) -> float:
    """The most that Hedge with `hedge_rate` can miss in T rewards, from equal priors: sqrt(T ln N / 2)."""
    return math.sqrt(horizon * math.log(paths) / 2)


def exp3(prior: Floats, credit: Floats, reward: float, chance: float, rate: float) -> Floats:
    """The priors after the reward of what was chosen: pi exp(rate * credit * reward / chance), divided by the sum.

    Parameters
    ----------
    prior
        [N] probabilities.
    credit
        [N] how far each path had advised what was chosen, 0 to 1.
    chance
        With which it was chosen: what is chosen rarely counts for more, so that estimates have no bias.

    Raises
    ------
    UsageError
        The reward lies outside 0..1.
    """
    check_rewards(np.array([reward]))
    return _reweighted(prior, rate * reward / chance * credit)


def exp3_exploration(actions: int, paths: int, horizon: int) -> float:
    """The share of chances that is spread evenly: min(1, sqrt(K ln N / ((e - 1) T))) for K actions and N paths."""
    return min(1.0, math.sqrt(actions * math.log(paths) / ((math.e - 1) * horizon)))


def exp3_rate(actions: int, exploration: float) -> float:
    """The rate that belongs to an exploration: its share of one action."""
    return exploration / actions


def exp3_chances(weights: Floats, exploration: float) -> Floats:
    """[K] chances of actions with the weights [K], which sum to 1, some of them spread evenly."""
    return np.asarray((1 - exploration) * weights + exploration / len(weights))


def exp3_bound(actions: int, paths: int, horizon: int) -> float:
    """The most that EXP3 misses on average in T rewards, from equal priors: 2 sqrt((e - 1) T K ln N), or T."""
    return min(float(horizon), 2 * math.sqrt((math.e - 1) * horizon * actions * math.log(paths)))


def check_rewards(rewards: Floats) -> None:
    """Refuse what the bounds do not hold for.

    Raises
    ------
    UsageError
        A reward lies outside 0..1, or is no number.
    """
    if rewards.min(initial=0) >= 0 and rewards.max(initial=1) <= 1:
        return
    for value in rewards[~((rewards >= 0) & (rewards <= 1))].tolist():
        raise UsageError(f"a reward must lie between 0 and 1, and {value:g} does not; scale rewards to that range")


def _reweighted(prior: Floats, exponents: Floats) -> Floats:
    """[N] prior * exp(exponents), divided by the sum; no exponent is too large for it."""
    left = prior > 0
    logs = np.log(prior[left]) + exponents[left]
    weights = np.exp(logs - logs.max())
    out = np.zeros(len(prior))
    out[left] = np.maximum(weights / weights.sum(), LEAST)
    return out
