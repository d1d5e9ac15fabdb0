"""What reasoning comes to: the posterior with its intervals, the decision, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.reason.spec import Floats, ReasonSpec


@dataclass(frozen=True)
class Solution:
    """A posterior, and what follows from it.

    Attributes
    ----------
    posterior
        [N] of the paths.
    intervals
        [N, 2] where each lies with 95 % (Wilson 1927); a point where it was computed.
    joint
        [N, 2] where all of them lie together with 95 % (Dirichlet, Bonferroni); None where it was computed.
    evidence_probability
        Of all evidence together, before it was seen; `log_evidence` is its logarithm, which never underflows.
    shots, accepted
        Measurements, and those in which every piece of evidence was accepted; 0 where nothing was measured.
    mitigated
        Whether the posterior is more than the shares of accepted shots.
    """

    posterior: Floats
    intervals: Floats
    joint: Floats | None
    log_evidence: float
    shots: int = 0
    accepted: int = 0
    mitigated: bool = False

    @property
    def evidence_probability(self) -> float:
        """Of all evidence together."""
        return float(np.exp(self.log_evidence))


@dataclass(frozen=True)
class Choice:
    """The decision that a posterior leads to.

    Attributes
    ----------
    name
        The action of the largest expected utility, or without utilities the decision that is most probable.
    value
        That utility or probability.
    expected
        Expected utility by action; empty without utilities.
    decisions
        Probability by decision.
    actions
        Probability by recommended action: of all paths that recommend it.
    """

    name: str
    value: float
    expected: Mapping[str, float]
    decisions: Mapping[str, float]
    actions: Mapping[str, float]


def choose(spec: ReasonSpec, posterior: Floats) -> Choice:
    """What to do by a posterior; among equals the first one."""
    decisions = decision_chances(spec, posterior)
    worths = zip(spec.utility.actions, spec.utility.values, strict=True)
    expected = {name: float(row @ posterior) for name, row in worths}
    best = expected or decisions
    name = max(best, key=lambda key: best[key])
    actions: dict[str, float] = {}
    for path, texts in enumerate(spec.paths.actions):
        for text in dict.fromkeys(texts):
            actions[text] = actions.get(text, 0.0) + float(posterior[path])
    return Choice(name, best[name], expected, decisions, {text: min(1.0, p) for text, p in actions.items()})


def worth(spec: ReasonSpec, posterior: Floats, name: str) -> float:
    """The expected utility of an action, or the probability of a decision, by another posterior."""
    choice = choose(spec, posterior)
    return (choice.expected or choice.decisions)[name]


def decision_chances(spec: ReasonSpec, posterior: Floats) -> dict[str, float]:
    """Probability by decision."""
    totals = np.bincount(spec.paths.decision, posterior, minlength=len(spec.paths.decisions))
    return dict(zip(spec.paths.decisions, totals.tolist(), strict=True))


def total_variation(one: Floats, other: Floats) -> float:
    """Half the sum of the differences of two distributions."""
    return float(np.abs(one - other).sum() / 2)


def rounded(value: Any, digits: int = 15) -> Any:
    """A number for a result file: a 0 without a sign, and no digits that are noise."""
    return 0.0 if value == 0 else float(f"{value:.{digits}g}")
