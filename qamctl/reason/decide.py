"""From a posterior to a decision, with all that later feedback needs: chances, credits and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from qamctl.reason.events import Decision, Outcome, find_outcome
from qamctl.reason.learning import advice, exp3_chances, outcome_gradient
from qamctl.reason.slopes import by_reliability
from qamctl.reason.spec import EVOLVE, Floats, ReasonSpec


def outcomes_of(spec: ReasonSpec) -> tuple[Outcome, ...]:
    """The outcomes of a spec as a state file keeps them."""
    rows = zip(spec.outcomes.ids, spec.outcomes.action, spec.outcomes.likelihood.tolist(), strict=True)
    return tuple(Outcome(name, action, tuple(likelihood)) for name, action, likelihood in rows)


def with_learned(spec: ReasonSpec, priors: Floats, reliabilities: Mapping[str, float]) -> ReasonSpec:
    """The spec with what was learned in place of its priors, and of the reliabilities of evidence that is known."""
    given = zip(spec.evidence.ids, spec.evidence.reliability.tolist(), strict=True)
    reliability = np.array([reliabilities.get(name, value) for name, value in given])
    return replace(
        spec, paths=replace(spec.paths, prior=np.array(priors)),
        evidence=replace(spec.evidence, reliability=reliability),
    )  # fmt: skip


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


def gradients_of(spec: ReasonSpec, decision: Decision, steps: Sequence[int]) -> dict[str, dict[str, float]]:
    """How log p(outcome) changes with the reliability of each piece of evidence that was seen, by outcome.

    Without evolution by the formula; with it, from differences. Outcomes that are impossible, or come of other
    actions, are left out.

    Parameters
    ----------
    spec
        With the priors and reliabilities that the decision was made by.
    """
    seen = sorted({step for step in steps if step != EVOLVE})
    possible = _possible(spec, decision)
    if not seen or not possible:
        return {}
    likelihoods, posterior = np.array(list(possible.values())), np.array(decision.posterior)
    if EVOLVE in steps and spec.context is not None:
        found = by_reliability(spec, seen, steps)
        moved = np.array([np.zeros(len(posterior)) if slope is None else slope for slope in found])
        slopes = (likelihoods @ moved.T) / (likelihoods @ posterior)[:, None]
    else:
        # Evidence that is seen twice counts twice.
        times = np.array([list(steps).count(row) for row in seen], float)
        rows = spec.evidence.likelihood[seen]
        slopes = np.array([times * outcome_gradient(posterior, rows, row) for row in likelihoods])
    names = [spec.evidence.ids[row] for row in seen]
    return {name: dict(zip(names, row.tolist(), strict=True)) for name, row in zip(possible, slopes, strict=True)}


def _possible(spec: ReasonSpec, decision: Decision) -> dict[str, tuple[float, ...]]:
    """The outcomes that may come of a decision, and their likelihoods."""
    outcomes, posterior = outcomes_of(spec), np.array(decision.posterior)
    come = [row for row in outcomes if row.action in (decision.action, decision.decision, None)]
    found = {row.id: find_outcome(outcomes, row.id, decision).likelihood for row in come}
    return {name: row for name, row in found.items() if posterior @ np.array(row) > 0}
