"""Reasoning bias: what a reasoning step prefers, as small costs on the variables of a schedule model.

For decisions with probabilities p_i the cost of a variable is -mu * s * log((p_i + eps) / max_j(p_j + eps)),
which is never negative: the energy of the most probable state under the Boltzmann weight exp(-E / (mu * s))
times the prior. Here p_i is the probability that the reasoning allows the choice: the sum of the decisions
that it agrees with, and whatever probability no decision about this task has. s is one step of the
objective (`penalties.margin`), mu the weight that the user gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from qamctl.errors import SpecError
from qamctl.qubo.penalties import margin
from qamctl.schedule.model import ScheduleModel
from qamctl.schedule.spec import Floats, ScheduleSpec

#: Keeps the logarithm of an excluded choice finite.
EPSILON = 1e-6

_ON_AGENT = re.compile(r"prefer\s+(?P<task>\S+)\s+on\s+(?P<agent>\S+)")
_IN_TIME = re.compile(r"prefer\s+(?P<task>\S+)\s+in\s+(?P<low>[-+.\deE]+?)\s*\.\.\s*(?P<high>[-+.\deE]+)")


@dataclass(frozen=True, slots=True)
class Preference:
    """A decision about one task, and how probable it is.

    Attributes
    ----------
    task
        Index of the task.
    agent
        Index of the agent that should do it; -1 for a decision about time.
    low, high
        The ticks between which it should start, both included, for a decision about time.
    probability
        Of the decision.
    """

    task: int
    agent: int
    low: int
    high: int
    probability: float


def read_preferences(decisions: Mapping[str, float], spec: ScheduleSpec) -> tuple[Preference, ...]:
    """The decisions that speak of a schedule; free text is left out.

    Parameters
    ----------
    decisions
        Probability by text: `prefer TASK on AGENT`, `prefer TASK in FROM..TO` (start, in the spec's unit).

    Raises
    ------
    SpecError
        A decision names an unknown task or agent, or a probability is not between 0 and 1.
    """
    tasks = {name: t for t, name in enumerate(spec.tasks.ids)}
    agents = {name: a for a, name in enumerate(spec.agents.ids)}
    found = []
    for text, probability in decisions.items():
        if not 0 <= probability <= 1:
            raise SpecError(f"decision {text!r} has the probability {probability:g}: it must be between 0 and 1")
        on, within = _ON_AGENT.fullmatch(text.strip()), _IN_TIME.fullmatch(text.strip())
        match = on or within
        if match is None:
            continue
        if match["task"] not in tasks:
            raise SpecError(f"decision {text!r} names the task {match['task']!r}, which the spec does not have")
        if on and on["agent"] not in agents:
            raise SpecError(f"decision {text!r} names the agent {on['agent']!r}, which the spec does not have")
        low, high = (0, 0) if within is None else _ticks(text, within["low"], within["high"], spec)
        found.append(Preference(tasks[match["task"]], agents[on["agent"]] if on else -1, low, high, float(probability)))
    return tuple(found)


def _ticks(text: str, low: str, high: str, spec: ScheduleSpec) -> tuple[int, int]:
    from fractions import Fraction

    try:
        first, last = Fraction(low), Fraction(high)
    except ValueError as error:
        raise SpecError(f"decision {text!r} has no time window FROM..TO of two numbers") from error
    return spec.time.to_ticks(first, round_up=True), spec.time.to_ticks(last, round_up=False)


def biases(built: ScheduleModel, preferences: tuple[Preference, ...], weight: float, *, gap: float) -> Floats:
    """[n] what the preferences add to each variable's cost, none negative.

    Parameters
    ----------
    weight
        mu; 0 gives zeros.
    gap
        The smallest penalty of a broken constraint. Where the dearest choices of all tasks together would
        reach it, all costs are scaled down alike, so that feasibility stays as it is.
    """
    choices, instance = built.choices, built.instance
    out = np.zeros(built.model.n)
    n = len(choices.task)
    if weight == 0 or not preferences or n == 0:
        return out
    scale = weight * margin(built.model)
    most = 0.0
    for task in sorted({p.task for p in preferences}):
        mine = np.arange(choices.first[task], choices.first[task + 1])
        if len(mine) == 0:
            continue
        cost = np.zeros(len(mine))
        for about in (
            [p for p in preferences if p.task == task and p.agent >= 0],
            [p for p in preferences if p.task == task and p.agent < 0],
        ):
            if not about:
                continue
            allowed = np.full(len(mine), max(0.0, 1.0 - sum(p.probability for p in about)))
            for p in about:
                if p.agent >= 0:
                    holders = [h for h, members in enumerate(instance.members) if p.agent in members]
                    agrees = np.isin(instance.option_holder[choices.option[mine]], holders)
                else:
                    start = choices.start[mine] * built.slot
                    agrees = (start >= p.low) & (start <= p.high)
                allowed += p.probability * agrees
            cost -= scale * np.log((allowed + EPSILON) / (allowed.max() + EPSILON))
        out[mine] = cost
        most += float(cost.max())
    return out * (0.999 * gap / most) if most >= gap else out


def apply_bias(
    built: ScheduleModel, preferences: tuple[Preference, ...], weight: float, *, gap: float
) -> ScheduleModel:
    """The model with the preferences in its linear costs; with weight 0 the very same model.

    Penalty weights that are sufficient for the result are those that `sufficient_weights` gives for it.
    Agents that no schedule can tell apart share their variables: a preference for one is one for its class.
    """
    added = biases(built, preferences, weight, gap=gap)
    if not added.any():
        return built
    return replace(built, model=replace(built.model, linear=built.model.linear + added))
