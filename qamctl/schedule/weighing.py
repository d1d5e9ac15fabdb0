"""Reasoning in the objective: what a reasoning step prefers becomes a term that decides among equals.

The term (`qamctl.schedule.wishes`) is added to the last objective level, times mu * s: mu is the weight that the user
gives, and s one step of that level, the least by which two of its values differ. Its largest value is held under one
step, and so under the smallest penalty of a broken constraint in a QUBO of the problem without it: no schedule that
was worse becomes better. All engines see this one term. An objective that weighs `reasoning` itself says how much it
counts, and may trade it for other terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from functools import reduce
from math import gcd
from typing import Any, Final

import numpy as np

from qamctl.schedule.preferences import read_each
from qamctl.schedule.spec import Floats, ScheduleSpec
from qamctl.schedule.wishes import build_wishes, most_of
from qamctl.spec.source import Path_

#: What of a step the term reaches at most.
PART: Final = 0.999

#: A step is at least this part of the least coefficient: below, numbers that are no decimals have common divisors
#: that mean nothing.
FINEST: Final = Fraction(1, 1024)

#: The scale has so many digits, so that what it multiplies stays exact.
_DIGITS: Final = Context(prec=3, rounding=ROUND_DOWN)


def with_actions(
    spec: ScheduleSpec, actions: Mapping[str, float], told: Mapping[str, Any] | None = None,
    place: Path_ = ("reasoning", "from"),
) -> ScheduleSpec:  # fmt: skip
    """The spec whose reasoning recommends these actions, and whose objective weighs that.

    With weight 0, or where no action prefers anything, the objective stays as it is.

    Parameters
    ----------
    told
        What is known of where they come from.
    place
        The field that they come from, for faults.

    Raises
    ------
    SpecError
        An action names a task or an agent that the spec does not have, or a probability is none.
    """
    asked = spec.reasoning
    assert asked is not None
    preferences = read_each(actions, spec, place, inside=place[-1] == "actions")
    wishes = build_wishes(spec, preferences)
    most = 0.0 if wishes is None else most_of(wishes)
    listed = [level["reasoning"] for level in spec.objective if "reasoning" in level]
    objective, scale = spec.objective, sum(listed)
    if not listed and asked.weight > 0 and most > 0:
        last = objective[-1]
        step = step_of(spec, last)
        fits = _few_digits(Fraction(PART) * step / Fraction(repr(most)))
        scale = float(min(Fraction(repr(asked.weight)) * step, fits))
        objective = (*objective[:-1], {**last, "reasoning": scale})
    reasoning = replace(
        asked, actions=dict(actions), preferences=preferences, told=dict(told or {}), scale=scale, most=most
    )  # fmt: skip
    return replace(spec, objective=objective, reasoning=reasoning)


def step_of(spec: ScheduleSpec, level: Mapping[str, float]) -> Fraction:
    """One step of an objective level: no two of its values differ by less, unless they are equal.

    What a tick, a late task, a mode, an agent and its work count are all whole multiples of it: 1 where they are
    integral, else a part of 1 as `qubo.objective` knows them, so that a penalty is at least one step. Where they are
    multiples of none, the common divisor, but not less than a 1,024th of the least of them.
    """
    from qamctl.qubo.objective import SCALES

    unit, tasks, agents = spec.time.resolution, spec.tasks, spec.agents
    weight = {term: Fraction(repr(float(w))) for term, w in level.items()}
    weights = _distinct(tasks.weight)
    parts = [weight.get("makespan", Fraction(0)) * unit]
    parts += [weight.get(term, Fraction(0)) * unit * w for term in ("tardiness", "flow") for w in weights]
    parts += [weight.get("tardy", Fraction(0)) * w for w in weights]
    prices = [*_distinct(spec.modes.cost), *_distinct(agents.cost_fixed)]
    prices += [rate * unit for rate in _distinct(agents.cost_per_time)]
    parts += [weight.get("cost", Fraction(0)) * price for price in prices]
    some = [part for part in parts if part]
    if not some:
        return Fraction(1)
    common = reduce(_divisor, some)
    for scale in SCALES:
        if (common * Fraction(scale)).denominator == 1:
            return 1 / Fraction(scale)
    return max(common, FINEST * min(some))


def _distinct(values: Floats) -> list[Fraction]:
    return [Fraction(repr(value)) for value in np.unique(values).tolist()]


def _divisor(one: Fraction, other: Fraction) -> Fraction:
    """The greatest common divisor of two fractions."""
    common = gcd(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(common, one.denominator * other.denominator)


def _few_digits(number: Fraction) -> Fraction:
    """The greatest decimal of a few digits that is not above the number."""
    near = _DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator))
    return Fraction(near)
