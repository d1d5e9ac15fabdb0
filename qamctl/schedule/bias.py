"""Reasoning bias for `QUBOScheduler`: preferences as small costs on the variables of a schedule model.

The same costs as those of the objective term `reasoning` (`qamctl.schedule.wishes`), times mu * s, for callers who
hold the term apart from the objective. s is one step of the model (`penalties.margin`), mu the weight.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.qubo.penalties import margin
from qamctl.schedule.model import ScheduleModel
from qamctl.schedule.preferences import read_preferences
from qamctl.schedule.spec import Floats, Preference
from qamctl.schedule.wishes import build_wishes

__all__ = ["Preference", "apply_bias", "biases", "read_preferences"]

#: What of the gap all costs together reach at most.
PART: Final = 0.999


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
    wishes = build_wishes(instance.spec, preferences) if weight and n else None
    if wishes is None:
        return out
    # Preferences are in ticks of the exact problem, whatever a slot is.
    wished = replace(instance, wishes=wishes)
    cost = wished.reasoning_of(choices.task, choices.option, choices.start * built.slot)
    if instance.crews is not None:
        cost[instance.crews.out[choices.option]] = 0.0
    sizes = np.diff(choices.first)
    first = choices.first[:-1][sizes > 0]
    least, most = np.minimum.reduceat(cost, first), np.maximum.reduceat(cost, first)
    total = float((most - least).sum())
    scale = weight * margin(built.model)
    if total > 0 and scale * total >= gap:
        scale = PART * gap / total
    out[:n] = scale * (cost - np.repeat(least, sizes[sizes > 0]))
    return out


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
