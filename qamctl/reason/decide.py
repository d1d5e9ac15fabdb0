"""From a posterior to a decision, with all that later feedback needs: chances, credits and gradients."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.reason.events import Decision, Outcome, find_outcome
from qamctl.reason.learning import advice, exp3_chances, outcome_gradient
from qamctl.reason.spec import EVOLVE, Floats, ReasonSpec
from qamctl.reason.state import QuantumReasoningState, run_steps

#: Relative step of the differences that stand in for derivatives: their error is about its square.
_STEP: Final = 1e-5


def outcomes_of(spec: ReasonSpec) -> tuple[Outcome, ...]:
    """The outcomes of a spec as a state file keeps them."""
    rows = zip(spec.outcomes.ids, spec.outcomes.action, spec.outcomes.likelihood.tolist(), strict=True)
    return tuple(Outcome(name, action, tuple(likelihood)) for name, action, likelihood in rows)


def posterior_of(spec: ReasonSpec, priors: Floats, reliabilities: Floats, steps: Sequence[int]) -> tuple[Floats, float]:
    """[N] the probabilities of the paths after some steps, and the logarithm of the evidence's.

    Parameters
    ----------
    priors, reliabilities
        [N] and [J], in place of the spec's.
    steps
        Rows of the evidence, and `EVOLVE`.

    Raises
    ------
    ImpossibleError
        The evidence has the probability 0.
    """
    state = QuantumReasoningState(priors, spec.paths.phase, spec.context, spec.coherence)
    run_steps(state, steps, spec.evidence.likelihood, reliabilities)
    return state.probabilities, state.log_evidence


def decision_of(
    spec: ReasonSpec, posterior: Floats, run: str, *, exploration: float = 0.0,
    generator: np.random.Generator | None = None,
) -> Decision:  # fmt: skip
    """What to do: the action with the largest expected utility, without utilities the most probable decision.

    Parameters
    ----------
    posterior
        [N] of the paths.
    exploration, generator
        Draw the action instead: each path advises what is worth most on it, and so much of the chances is spread
        evenly. None: nothing is drawn.
    """
    paths, utility = spec.paths, spec.utility
    own = np.zeros((len(paths.decisions), len(paths.ids)))
    own[paths.decision, np.arange(len(paths.ids))] = 1.0
    shares = own @ posterior
    actions, advised, worth = paths.decisions, own, shares
    if utility.actions:
        actions, advised, worth = utility.actions, advice(utility.values), utility.values @ posterior
    chosen = int(np.argmax(worth))
    chances = np.zeros(len(actions))
    chances[chosen] = 1.0
    if generator is not None:
        weights = advised @ posterior
        chances = exp3_chances(weights / weights.sum(), exploration)
        chosen = int(generator.choice(len(actions), p=chances / chances.sum()))
    credited = np.flatnonzero(advised[chosen]).tolist()
    return Decision(
        run, paths.decisions[int(np.argmax(shares))], actions[chosen], tuple(posterior.tolist()),
        len(actions), {actions[k]: float(chances[k]) for k in np.flatnonzero(chances).tolist()},
        {paths.ids[i]: float(advised[chosen, i]) for i in credited}, {},
    )  # fmt: skip


def gradients_of(
    spec: ReasonSpec, priors: Floats, reliabilities: Floats, decision: Decision, steps: Sequence[int]
) -> dict[str, dict[str, float]]:
    """How log p(outcome) changes with the reliability of each piece of evidence that was seen, by outcome.

    Without evolution by the formula; with it, from differences. Outcomes that are impossible, or come of other
    actions, are left out.
    """
    seen = sorted({step for step in steps if step != EVOLVE})
    possible = _possible(spec, decision)
    if not seen or not possible:
        return {}
    likelihoods = np.array(list(possible.values()))
    if EVOLVE in steps and spec.context is not None:
        slopes = _differences(spec, priors, reliabilities, seen, steps, likelihoods)
    else:
        # Evidence that is seen twice counts twice.
        times = np.array([list(steps).count(row) for row in seen], float)
        posterior, rows = np.array(decision.posterior), spec.evidence.likelihood[seen]
        slopes = np.array([times * outcome_gradient(posterior, rows, row) for row in likelihoods])
    names = [spec.evidence.ids[row] for row in seen]
    return {name: dict(zip(names, row.tolist(), strict=True)) for name, row in zip(possible, slopes, strict=True)}


def _possible(spec: ReasonSpec, decision: Decision) -> dict[str, tuple[float, ...]]:
    """The outcomes that may come of a decision, and their likelihoods."""
    outcomes, posterior = outcomes_of(spec), np.array(decision.posterior)
    come = [row for row in outcomes if row.action in (decision.action, decision.decision, None)]
    found = {row.id: find_outcome(outcomes, row.id, decision).likelihood for row in come}
    return {name: row for name, row in found.items() if posterior @ np.array(row) > 0}


def _differences(
    spec: ReasonSpec, priors: Floats, reliabilities: Floats, seen: Sequence[int], steps: Sequence[int],
    outcomes: Floats,
) -> Floats:  # fmt: skip
    """[O, J] derivatives, each from three values of the logarithm."""
    begun = QuantumReasoningState(priors, spec.paths.phase, spec.context, spec.coherence)

    def logs(row: int, value: float) -> Floats:
        state, changed = copy.deepcopy(begun), reliabilities.copy()
        changed[row] = value
        run_steps(state, steps, spec.evidence.likelihood, changed)
        return np.asarray(np.log(outcomes @ state.probabilities))

    slopes = np.zeros((len(outcomes), len(seen)))
    for place, row in enumerate(seen):
        now = float(reliabilities[row])
        step = _STEP * max(1.0, now)
        if now == 0 and (spec.evidence.likelihood[row] <= 0).any():
            continue  # the least trust rules paths out at once: there is no derivative
        if now < step:
            nearest, next_, last = (logs(row, now + k * step) for k in range(3))
            slopes[:, place] = (4 * next_ - 3 * nearest - last) / (2 * step)
        else:
            slopes[:, place] = (logs(row, now + step) - logs(row, now - step)) / (2 * step)
    return slopes
