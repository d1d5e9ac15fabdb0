"""The posterior by arithmetic: exact Bayes, or the density matrix where a context makes paths interfere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from qamctl.reason.solution import decision_chances, total_variation
from qamctl.reason.spec import EVOLVE, Floats, ReasonSpec
from qamctl.reason.state import ImpossibleError, QuantumReasoningState, run_steps

#: Pairs of evidence that are exchanged to see what the order does: all of few, and neighbours of many.
MOST_PAIRS = 200
#: Effects of the order below this are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Exact:
    """What holds of a spec exactly.

    Attributes
    ----------
    posterior
        [N].
    log_evidence, log_acceptance
        Of the probability of all evidence, and of its share that the Kraus operators keep.
    interference
        By decision: its probability less what it would be without coherence.
    order_effect
        The largest total variation distance that exchanging two pieces of evidence makes; 0 where none does.
    exchanged
        Those two; None where there is no effect.
    """

    posterior: Floats
    log_evidence: float
    log_acceptance: float
    interference: dict[str, float]
    order_effect: float
    exchanged: tuple[str, str] | None


def solve_exactly(spec: ReasonSpec) -> Exact:
    """The posterior of a spec, and what coherence and order do to it.

    Raises
    ------
    ImpossibleError
        The evidence is impossible; its place is the step.
    UnsupportedError
        Too many paths are coupled with each other.
    """
    state = posterior_of(spec, spec.steps, spec.coherence)
    p = state.probabilities
    interference = dict.fromkeys(spec.paths.decisions, 0.0)
    if interferes(spec):
        plain = decision_chances(spec, posterior_of(spec, spec.steps, 0.0).probabilities)
        interference = {name: chance - plain[name] for name, chance in decision_chances(spec, p).items()}
    effect, exchanged = ROUNDING, None
    for one, other, distance in order_effects(spec, p):
        if distance > effect:
            effect, exchanged = distance, (one, other)
    effect = 0.0 if exchanged is None else effect
    return Exact(p, state.log_evidence, state.log_acceptance, interference, effect, exchanged)


def posterior_of(spec: ReasonSpec, steps: Sequence[int], coherence: float) -> QuantumReasoningState:
    """The state after some steps."""
    state = begun(spec, steps, coherence)
    run_steps(state, steps, spec.evidence.likelihood, spec.evidence.reliability)
    return state


def begun(spec: ReasonSpec, steps: Sequence[int], coherence: float) -> QuantumReasoningState:
    """The state before any of these steps; where none of them evolves it, nothing is kept of the context."""
    context = spec.context if EVOLVE in steps else None
    return QuantumReasoningState(spec.paths.prior, spec.paths.phase, context, coherence)


def interferes(spec: ReasonSpec) -> bool:
    """Whether paths can interfere: something evolves what is coherent."""
    context = spec.context
    return spec.coherence > 0 and EVOLVE in spec.steps and context is not None and context.time > 0 and bool(
        np.any(context.coupling != 0)
    )  # fmt: skip


def order_effects(spec: ReasonSpec, posterior: Floats) -> list[tuple[str, str, float]]:
    """How far the posterior moves where two pieces of evidence change places: (one, other, total variation).

    Evidence commutes with evidence; only what stands on both sides of an evolution can matter.
    """
    context = spec.context
    if EVOLVE not in spec.steps or context is None or context.time == 0 or not np.any(context.coupling != 0):
        return []
    places = [at for at, step in enumerate(spec.steps) if step != EVOLVE]
    pairs = [(i, j) for i, j in combinations(places, 2) if EVOLVE in spec.steps[i:j] and spec.steps[i] != spec.steps[j]]
    if len(pairs) > MOST_PAIRS:
        apart = sorted(pairs, key=lambda pair: pair[1] - pair[0])
        pairs = sorted(apart[:MOST_PAIRS])
    out = []
    for i, j in pairs:
        steps = list(spec.steps)
        steps[i], steps[j] = steps[j], steps[i]
        try:
            other = posterior_of(spec, steps, spec.coherence).probabilities
            distance = total_variation(posterior, other)
        except ImpossibleError:
            distance = 1.0  # in that order the evidence can't be seen at all
        names = spec.evidence.ids
        out.append((names[spec.steps[i]], names[spec.steps[j]], distance))
    return out
