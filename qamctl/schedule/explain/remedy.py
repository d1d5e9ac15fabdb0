"""The least change of one kind that gives a spec a schedule, other changes being made already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from qamctl.schedule.explain.conflict import Conflict
from qamctl.schedule.explain.constraint import Change, Settled, Told
from qamctl.schedule.explain.families import without
from qamctl.schedule.explain.verdict import Judge, accepted
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec

#: Answers that are not known after which nobody asks how far a change must go.
UNKNOWN: Final = 2


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and how far it goes."""

    change: Change
    degree: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes that give a spec a schedule.

    Attributes
    ----------
    told
        What they are.
    cost
        The sum over them of weight * (1 + share).
    least
        None of them can go less far, the others being as they are: that is proved.
    """

    told: tuple[Told, ...]
    cost: float
    least: bool


def changed(spec: ScheduleSpec, steps: Sequence[Step]) -> ScheduleSpec:
    """The spec after these changes: values first, since what is left out moves the rows behind it."""
    leaves = []
    for step in steps:
        if step.change.apply is None:
            leaves.append(step.change.leaves or step.change.constraint)
        else:
            spec = step.change.apply(spec, step.degree)
    return without(spec, leaves)


def resolves(judge: Judge, spec: ScheduleSpec, change: Change, conflict: Conflict) -> bool:
    """Whether a change ends a conflict, if it goes as far as it can."""
    if change.apply is None and change.leaves in (None, change.constraint) and conflict.minimal:
        return True
    return _on_conflict(judge, spec, change, conflict, change.most) == "feasible"


def _on_conflict(judge: Judge, spec: ScheduleSpec, change: Change, conflict: Conflict, degree: int) -> str:
    if change.apply is None:
        return judge.of(without(spec, [*conflict.gone, change.leaves or change.constraint])).status
    return judge.of(without(change.apply(spec, degree), conflict.gone)).status


def least(
    judge: Judge, spec: ScheduleSpec, others: Sequence[Step], change: Change, conflict: Conflict | None
) -> tuple[Step, Solution, bool] | None:
    """How far a change must go for the spec, after other changes, to have a schedule.

    Parameters
    ----------
    conflict
        One that the change ends, and no other: what is too little for it is too little for the spec, and that is
        quickly found.

    Returns
    -------
    tuple
        The change and its degree, a schedule, and whether less is proved to be too little. None where it isn't enough,
        as far as is known.
    """
    farthest = judge.of(changed(spec, [*others, Step(change, change.most)]))
    if farthest.solution is None:
        return None
    low, high, found, unknown = 1, change.most, farthest.solution, 0
    if change.needed is not None:
        high = min(high, max(1, change.needed(found)))
    if conflict is not None and high > 1:
        low = _too_little(lambda degree: _on_conflict(judge, spec, change, conflict, degree), high)
    probe = low
    while low < high and unknown < UNKNOWN:
        verdict = judge.of(changed(spec, [*others, Step(change, probe)]))
        if verdict.solution is not None:
            high, found = probe, verdict.solution
            if change.needed is not None:
                high = min(high, max(low, change.needed(found)))
        else:
            low = probe + 1
            unknown += verdict.status == "unknown"
        probe = (low + high) // 2
    return Step(change, high), found, unknown == 0


def _too_little(status: Callable[[int], str], high: int) -> int:
    """A degree up to `high` below which a status is infeasible: the least one where it is always known."""
    low = 1
    while low < high:
        middle = (low + high) // 2
        answer = status(middle)
        if answer == "infeasible":
            low = middle + 1
        elif answer == "unknown":
            break
        else:
            high = middle
    return low


def remedy_of(spec: ScheduleSpec, steps: Sequence[Step], found: Solution, least: bool) -> Remedy | None:
    """The changes, each settled for what the schedule needs of it; None where the checker has something against it."""
    after = changed(spec, steps)
    settled = [step.change.settle and step.change.settle(after, found, step.degree) for step in steps]
    for choice in (settled, [None] * len(steps)):
        kept = [step for step, less in zip(steps, choice, strict=True) if less is None]
        last = changed(spec, kept)
        for less in choice:
            last = last if less is None else less.edit(last)
        if accepted(last, found):
            told = [_told(step, less) for step, less in zip(steps, choice, strict=True)]
            cost = sum(step.change.weight * (1 + one.share) for step, one in zip(steps, told, strict=True))
            return Remedy(tuple(sorted(told, key=_place)), round(cost, 3), least)
    return None


def _place(told: Told) -> list[tuple[str, int]]:
    """By what changes are sorted: their fields, the rows of a list in its order."""
    return [(part, 0) if isinstance(part, str) else ("", part) for part in told.edits[0].path]


def _told(step: Step, less: Settled | None) -> Told:
    return step.change.told(step.degree) if less is None else less.told
