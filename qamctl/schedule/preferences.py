"""Reads what a reasoning step recommends: texts that speak of a schedule become preferences of its spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from qamctl.errors import SpecError
from qamctl.schedule.spec import Preference, ScheduleSpec
from qamctl.spec.faults import Faults, Refusal, nearest
from qamctl.spec.source import Path_
from qamctl.spec.time import TimeAxis

_ON_AGENT = re.compile(r"prefer\s+(?P<task>\S+)\s+on\s+(?P<agent>\S+)")
_IN_TIME = re.compile(r"prefer\s+(?P<task>\S+)\s+in\s+(?P<low>[-+.\deE]+?)\s*\.\.\s*(?P<high>[-+.\deE]+)")

#: No time that is meant is beyond these: numbers that would not fit ticks, or take forever to make exact.
_FARTHEST, _FINEST = 15, -30


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
    try:
        index = _Index(spec)
        found = [_read_one(text, probability, index) for text, probability in decisions.items()]
    except Refusal as refusal:
        raise SpecError(refusal.message) from None
    return tuple(preference for preference in found if preference is not None)


def read_each(
    decisions: Mapping[str, float], spec: ScheduleSpec, place: Path_, *, inside: bool
) -> tuple[Preference, ...]:
    """As `read_preferences`, with every fault at its place in the spec.

    Parameters
    ----------
    place
        The field that the decisions come from.
    inside
        Whether they stand there; else they are the field's whole doing.
    """
    faults, found, index = Faults(spec.source), [], _Index(spec)
    for text, probability in decisions.items():
        try:
            preference = _read_one(text, probability, index)
        except Refusal as refusal:
            faults.add((*place, text) if inside else place, refusal.message, refusal.hint)
            continue
        if preference is not None:
            found.append(preference)
    faults.check()
    return tuple(found)


class _Index:
    """The rows of a spec's tasks and agents by id, and its clock."""

    def __init__(self, spec: ScheduleSpec) -> None:
        self.task = {name: t for t, name in enumerate(spec.tasks.ids)}
        self.agent = {name: a for a, name in enumerate(spec.agents.ids)}
        self.time = spec.time


def _read_one(text: str, probability: float, index: _Index) -> Preference | None:
    """One decision; None where it does not speak of a schedule.

    Raises
    ------
    Refusal
        It names an unknown task or agent, or its probability is not between 0 and 1.
    """
    if not 0 <= probability <= 1:
        raise Refusal(f"decision {text!r} has the probability {probability:g}: it must be between 0 and 1")
    on, within = _ON_AGENT.fullmatch(text.strip()), _IN_TIME.fullmatch(text.strip())
    match = on or within
    if match is None:
        return None
    if match["task"] not in index.task:
        message = f"decision {text!r} names the task {match['task']!r}, which the spec does not have"
        raise Refusal(message, nearest(match["task"], index.task))
    task = index.task[match["task"]]
    if on is None:
        assert within is not None
        return Preference(task, -1, *_ticks(text, within["low"], within["high"], index.time), float(probability))
    if on["agent"] not in index.agent:
        message = f"decision {text!r} names the agent {on['agent']!r}, which the spec does not have"
        raise Refusal(message, nearest(on["agent"], index.agent))
    return Preference(task, index.agent[on["agent"]], 0, 0, float(probability))


def _ticks(text: str, low: str, high: str, time: TimeAxis) -> tuple[int, int]:
    try:
        moments = [Decimal(low), Decimal(high)]
    except InvalidOperation:
        raise Refusal(f"decision {text!r} has no time window FROM..TO of two numbers") from None
    for moment in moments:
        fine = int(moment.as_tuple().exponent) if moment.is_finite() else _FARTHEST + 1
        if not _FINEST <= fine <= _FARTHEST or (moment and moment.adjusted() >= _FARTHEST):
            raise Refusal(f"decision {text!r} has a time window far beyond any time of a schedule")
    first, last = map(Fraction, moments)
    return time.to_ticks(first, round_up=True), time.to_ticks(last, round_up=False)
