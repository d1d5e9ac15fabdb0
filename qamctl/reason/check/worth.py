"""What follows from a posterior: chances of decisions and actions, what actions are worth, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import shown
from qamctl.reason.check.told import near_each, numbers
from qamctl.reason.spec import Floats, ReasonSpec

#: Figures may differ by the rounding of sums, relative to the largest utility.
CLOSE: Final = 1e-9

#: Decisions that are worth the same up to so much may stand for each other.
EQUAL: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Worth:
    """What each choice is worth by a posterior.

    Attributes
    ----------
    names
        The actions of the utilities, or without any the decisions.
    values
        [A] expected utilities, or probabilities.
    scale
        [A] the largest that a value can be in size.
    """

    names: tuple[str, ...]
    values: Floats
    scale: Floats

    @property
    def best(self) -> float:
        """The most that a choice can be worth."""
        return float(self.values.max())

    @property
    def unit(self) -> float:
        """The size by which all of them are compared."""
        return float(self.scale.max())

    def of(self, name: object) -> float | None:
        """What a choice is worth; None: there is none of this name."""
        return float(self.values[self.names.index(name)]) if isinstance(name, str) and name in self.names else None


def chances(spec: ReasonSpec, posterior: Floats) -> Floats:
    """[D] the probability of each decision."""
    out = np.zeros(len(spec.paths.decisions))
    np.add.at(out, spec.paths.decision, posterior)
    return out


def worth(spec: ReasonSpec, posterior: Floats) -> Worth:
    """What each choice is worth."""
    utility = spec.utility
    if not utility.actions:
        return Worth(spec.paths.decisions, chances(spec, posterior), np.ones(len(spec.paths.decisions)))
    return Worth(utility.actions, utility.values @ posterior, np.abs(utility.values).max(axis=1))


def recommended(spec: ReasonSpec, posterior: Floats) -> Mapping[str, float]:
    """The probability of each action that paths recommend: of all paths that do."""
    out: dict[str, float] = {}
    for texts, p in zip(spec.paths.actions, posterior.tolist(), strict=True):
        for text in set(texts):
            out[text] = out.get(text, 0.0) + p
    return out


def compare_choices(told: Comparison, spec: ReasonSpec, solution: Mapping[str, Any], posterior: Floats) -> None:
    """Decisions, actions, utilities and the decision follow from the posterior that the result tells."""
    names = spec.paths.decisions
    given = numbers(told, "decision", "solution.decisions", solution.get("decisions"), names)
    if given is not None:
        near_each(told, "decision", "solution.decisions", names, given, chances(spec, posterior), CLOSE)
    right = recommended(spec, posterior)
    texts = tuple(right)
    given = numbers(told, "decision", "solution.actions", solution.get("actions"), texts)
    if given is not None:
        near_each(told, "decision", "solution.actions", texts, given, np.array(list(right.values())), CLOSE)
    found = worth(spec, posterior)
    actions = spec.utility.actions
    given = numbers(told, "utility", "solution.expected_utility", solution.get("expected_utility"), actions)
    if given is not None and actions:
        field = "solution.expected_utility"
        near_each(told, "utility", field, actions, given, found.values, CLOSE * found.scale)
    decision = solution.get("decision")
    value = found.of(decision)
    if value is None:
        told.say("decision", "solution.decision", f"is {shown(decision)}, which can't be decided")
    elif value < found.best - EQUAL * max(1.0, found.unit):
        name = found.names[int(found.values.argmax())]
        text = f"is {shown(decision)}, worth {value:.12g} by the posterior: {shown(name)} is worth {found.best:.12g}"
        told.say("decision", "solution.decision", text)
