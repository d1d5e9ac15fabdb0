"""The objective term `reasoning`, from the preferences alone: what each task's agent and start cost against them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from qamctl.schedule.check.columns import Columns
from qamctl.schedule.spec import Preference, ScheduleSpec

#: Added to every probability, as the format says.
_EPSILON: Final = 1e-6

#: Costs are told to a millionth.
_MILLION: Final = 1_000_000


def reasoning_value(spec: ScheduleSpec, columns: Columns) -> Fraction:
    """The sum over the tasks that decisions speak of; a task adds what its row makes known."""
    if spec.reasoning is None:
        return Fraction(0)
    whom: dict[int, list[Preference]] = {}
    when: dict[int, list[Preference]] = {}
    for preference in spec.reasoning.preferences:
        (whom if preference.agent >= 0 else when).setdefault(preference.task, []).append(preference)
    total = 0
    for task, said in whom.items():
        if columns.crewed[task]:
            crew = columns.crews.of(task)
            # Agents that are not named are all alike, and never likelier than those that are.
            chances = [_chance(said, [p.agent == other for p in said]) for other in {p.agent for p in said}]
            total += _cost(_chance(said, [p.agent in crew for p in said]), max(chances))
    for task, said in when.items():
        if columns.timed[task]:
            total += _cost(_at(said, int(columns.start[task])), max(_at(said, moment) for moment in _moments(said)))
    return Fraction(total, _MILLION)


def _moments(said: Sequence[Preference]) -> set[int]:
    """Starts of which one is as likely as any: 0, and where spans begin."""
    return {0} | {p.low for p in said if 0 < p.low <= p.high} | {p.high + 1 for p in said if p.high >= 0}


def _at(said: Sequence[Preference], moment: int) -> float:
    return _chance(said, [p.low <= moment <= p.high for p in said])


def _chance(said: Sequence[Preference], agrees: Sequence[bool]) -> float:
    """How probable it is that reasoning allows a choice: what agrees with it, and what no decision says."""
    silent = max(0.0, 1.0 - sum(p.probability for p in said))
    return silent + sum(p.probability for p, does in zip(said, agrees, strict=True) if does)


def _cost(chance: float, most: float) -> int:
    """In millionths."""
    return max(0, round(-math.log((chance + _EPSILON) / (most + _EPSILON)) * _MILLION))
