"""What moved a decision: the posterior step by step, what each piece of evidence did, order, and interference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamctl.reason.exact import ROUNDING, begun, interferes, order_effects, posterior_of
from qamctl.reason.slopes import STEP, by_reliability
from qamctl.reason.solution import choose, decision_chances, rounded, total_variation
from qamctl.reason.spec import EVOLVE, EVOLVE_WORD, Floats, ReasonSpec
from qamctl.reason.state import run_steps


@dataclass(frozen=True)
class Explanation:
    """Why a posterior is what it is.

    Attributes
    ----------
    steps
        After each step: its name, the probability of what was seen there, the decisions' probabilities.
    evidence
        Of each piece: what leaving it out would change, and how the posterior follows its reliability.
    order
        Pairs whose exchange changes the posterior: (one, other, total variation), the largest first.
    classical
        The decisions' probabilities without coherence; None where nothing interferes.
    """

    decision: str
    value: float
    decisions: dict[str, float]
    steps: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    order: list[tuple[str, str, float]]
    classical: dict[str, float] | None
    time: dict[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        """As `qamctl explain -o json` prints it."""
        return {
            "decision": self.decision, "value": rounded(self.value), "decisions": self.decisions, "steps": self.steps,
            "evidence": self.evidence,
            "order": [{"pair": [one, other], "distance": rounded(far)} for one, other, far in self.order],
            "classical": self.classical,
            "interference": None if self.classical is None else {
                name: rounded(p - self.classical[name]) for name, p in self.decisions.items()
            },
            "by_time": self.time,
        }  # fmt: skip


def explain(spec: ReasonSpec) -> Explanation:
    """What moved the decision of a spec with paths.

    Raises
    ------
    ImpossibleError
        The evidence has the probability 0.
    """
    whole = posterior_of(spec, spec.steps, spec.coherence).probabilities
    choice = choose(spec, whole)
    classical = None
    if interferes(spec):
        classical = _decisions(spec, posterior_of(spec, spec.steps, 0.0).probabilities)
    order = sorted((row for row in order_effects(spec, whole) if row[2] > ROUNDING), key=lambda row: -row[2])
    evolves = EVOLVE in spec.steps and spec.context is not None and bool(np.any(spec.context.coupling != 0))
    return Explanation(
        choice.name, choice.value, _decisions(spec, whole), _waterfall(spec),
        _evidence(spec, whole),
        order, classical, _by_time(spec) if evolves else None,
    )  # fmt: skip


def _decisions(spec: ReasonSpec, posterior: Floats) -> dict[str, float]:
    return {name: rounded(p) for name, p in decision_chances(spec, posterior).items()}


def _waterfall(spec: ReasonSpec) -> list[dict[str, Any]]:
    """The posterior after each step, and how likely what was seen was by then."""
    state = begun(spec, spec.steps, spec.coherence)
    rows = [{"step": "prior", "probability": None, "decisions": _decisions(spec, state.probabilities)}]
    for step in spec.steps:
        before, log_before = state.probabilities, state.log_evidence
        run_steps(state, [step], spec.evidence.likelihood, spec.evidence.reliability)
        seen = None if step == EVOLVE else rounded(math.exp(state.log_evidence - log_before))
        rows.append({
            "step": EVOLVE_WORD if step == EVOLVE else spec.evidence.ids[step], "probability": seen,
            "decisions": _decisions(spec, state.probabilities),
            "moved": rounded(total_variation(before, state.probabilities), 12),
        })  # fmt: skip
    return rows


def _evidence(spec: ReasonSpec, whole: Floats) -> list[dict[str, Any]]:
    """What each piece of evidence does to the answer: without it, and by its reliability."""
    rows = list(dict.fromkeys(step for step in spec.steps if step != EVOLVE))
    out = []
    for row, slope in zip(rows, by_reliability(spec, rows, spec.steps), strict=True):
        steps = tuple(step for step in spec.steps if step != row)
        without = posterior_of(spec, steps, spec.coherence).probabilities
        out.append({
            "id": spec.evidence.ids[row],
            "reliability": float(spec.evidence.reliability[row]),
            "moved": rounded(total_variation(whole, without), 12),
            "decisions_without": _decisions(spec, without),
            "decision_without": choose(spec, without).name,
            "by_reliability": None if slope is None else _decisions(spec, slope),
        })  # fmt: skip
    return out


def _by_time(spec: ReasonSpec) -> dict[str, float]:
    """How decisions follow the time of the context."""
    assert spec.context is not None
    now = spec.context.time
    step = STEP * max(1.0, now)
    found = []
    for value in (now + step, max(0.0, now - step)):
        changed = replace(spec, context=replace(spec.context, time=value))
        found.append((posterior_of(changed, spec.steps, spec.coherence).probabilities, value))
    slope = (found[0][0] - found[1][0]) / (found[0][1] - found[1][1])
    return _decisions(spec, np.asarray(slope))
