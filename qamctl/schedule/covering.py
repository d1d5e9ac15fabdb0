"""A problem whose options are only some of all that can be done, with those of a schedule among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution


def covering(instance: Instance, solution: Solution) -> Instance:
    """The instance with the options that a schedule uses; the same one where it has them.

    Only problems without crews are given options: in others a schedule has to keep to those that there are.
    """
    if instance.complete or instance.crews is not None:
        return instance
    missing = np.flatnonzero(instance.options_of(solution) < 0)
    if not len(missing):
        return instance
    agent, mode = solution.agent[missing], solution.mode[missing]
    duration = solution.end[missing] - solution.start[missing]
    rate = np.append(instance.spec.agents.cost_per_time, 0.0)[agent]
    cost = instance.spec.modes.cost[mode] + rate * duration * instance.unit
    holder = np.where(agent >= 0, np.append(instance.holder_of_agent, np.int32(0))[agent], 0).astype(np.int32)
    columns: dict[str, tuple[Any, Any]] = {
        "option_holder": (instance.option_holder, holder),
        "option_mode": (instance.option_mode, mode),
        "option_duration": (instance.option_duration, duration),
        "option_cost": (instance.option_cost, cost),
    }
    joined: dict[str, Any] = {name: np.concatenate(both).astype(both[0].dtype) for name, both in columns.items()}
    task = np.concatenate([np.repeat(np.arange(instance.n), np.diff(instance.first_option)), missing])
    order = np.lexsort((joined["option_holder"], joined["option_mode"], task))
    return replace(
        instance, first_option=np.searchsorted(task[order], np.arange(instance.n + 1)).astype(np.int64),
        **{name: column[order] for name, column in joined.items()},
    )  # fmt: skip
