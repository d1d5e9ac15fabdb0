"""A lower bound for models with constraints: choices with multipliers, and penalty QUBOs where they are small."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.bounds.choices import choice_bound
from qamctl.qubo.bounds.effort import Effort
from qamctl.qubo.bounds.lattice import rounded_up, spacing
from qamctl.qubo.bounds.run import STEPS, Bound, lower_bound
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.qubo.penalties import sufficient_weights

#: Penalty QUBOs are bounded up to so many variables and couplings.
MAX_VARIABLES, MAX_COUPLINGS = 3_000, 200_000
#: Improvements of messages and multipliers for each sweep of a step budget.
ROUNDS = 0.25


def model_lower_bound(
    model: Model,
    *,
    seconds: float | None = None,
    steps: int | None = None,
    upper: float | None = None,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Bound:
    """A lower bound on the objective of every feasible state.

    Without constraints it is `lower_bound` of the objective. Otherwise it is the best of: the choice bound
    (`choices.py`), whose multipliers take constraints into the objective; the bound of the objective alone, where
    there are no groups; and the bound of a penalty QUBO, which no feasible state is below because feasible states
    pay no penalty. A small penalty QUBO is solved outright, and proves the optimum.

    Parameters
    ----------
    seconds, steps, seed, stop, clock
        As for `lower_bound`.
    upper
        The objective of some feasible state.
    """
    objective = couplings(model.linear, model.row, model.col, model.weight, model.offset)
    if len(model.con_rhs) == 0 and len(model.group_start) == 1:
        return lower_bound(objective, seconds=seconds, steps=steps, upper=upper, seed=seed, stop=stop, clock=clock)
    effort = Effort(seconds, steps if steps is not None or seconds is not None else STEPS, stop, clock)
    rounds = 10**9 if effort.steps is None else math.ceil(ROUNDS * effort.steps)
    value, done = choice_bound(model, upper, rounds, _late(effort, 0.4))
    found = Bound(_on_lattice(value, objective), "choices", None, {"rounds": done})
    relaxations = [] if effort.over() else _relaxations(model, objective, upper)
    for method, other, share in relaxations:
        if effort.over() or (upper is not None and found.value >= upper):
            break
        part = effort.part(share)
        bound = lower_bound(
            other, seconds=part.seconds, steps=part.steps, upper=upper, seed=seed, stop=stop, clock=clock
        )
        sample = None if bound.sample is None else bound.sample[: model.n]
        proved = sample is not None and method == "penalties" and bool(feasible(model, sample[None, :])[0])
        value = _on_lattice(bound.value, objective)
        if value > found.value or proved:
            info: dict[str, Any] = {**found.info, **bound.info}
            found = Bound(value, f"{method}, {bound.method}", sample if proved else None, info)
    return Bound(found.value, found.method, found.sample, {**found.info, "seconds": effort.seconds_used()})


def _relaxations(model: Model, objective: Couplings, upper: float | None) -> list[tuple[str, Couplings, float]]:
    """(name, QUBO, share of the time that is left) of QUBOs that no feasible state is above."""
    found: list[tuple[str, Couplings, float]] = []
    compiled = _compiled(model, upper)
    if compiled is not None:
        whole = couplings(compiled.linear, compiled.row, compiled.col, compiled.weight, compiled.offset)
        found.append(("penalties", whole, 0.9))
    if len(model.group_start) == 1:
        found.insert(0, ("objective", objective, 0.5 if found else 0.9))
    return found


def _compiled(model: Model, upper: float | None) -> Compiled | None:
    """The penalty QUBO, where it is small enough and there is one."""
    # Slack bits and squares come on top: a first look at the size keeps large models from being compiled.
    squares = float((np.diff(model.con_start).astype(float) ** 2).sum())
    squares += float((np.diff(model.group_start).astype(float) ** 2).sum())
    if model.n > MAX_VARIABLES or squares / 2 + len(model.row) > 2 * MAX_COUPLINGS:
        return None
    if (np.diff(model.group_start) == 0).any():
        return None
    try:
        compiled = compile_qubo(model, sufficient_weights(model, upper))
    except InfeasibleError:
        return None
    small = compiled.n <= MAX_VARIABLES and len(compiled.row) <= MAX_COUPLINGS
    return compiled if small else None


def _on_lattice(value: float, objective: Couplings) -> float:
    """A bound rounded up to the next value that the objective can have."""
    step = spacing(objective)
    if step == 0 or not math.isfinite(value):
        return value
    # The offset and the scale cost rounding that the ceiling must not take for a gain.
    scaled = (value - objective.offset) * objective.scale
    scaled -= 2.0**-50 * (abs(scaled) + abs(objective.offset * objective.scale))
    up = rounded_up(scaled, step)
    return math.fsum([objective.offset, up / objective.scale]) if objective.offset else up / objective.scale


def _late(effort: Effort, until: float) -> Callable[[], bool]:
    """Whether that share of the seconds is used; sweeps are counted elsewhere."""
    return lambda: effort.stop() or (effort.seconds is not None and effort.used() >= until)
