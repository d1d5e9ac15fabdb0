"""The ways to give a spec a schedule: one change where one is enough, else the fewest that were found together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from qamctl.schedule.explain.conflict import Conflict, find_conflict
from qamctl.schedule.explain.constraint import Change, Constraint
from qamctl.schedule.explain.families import changes
from qamctl.schedule.explain.remedy import Remedy, Step, changed, least, remedy_of, resolves
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.spec import ScheduleSpec

#: Changes that one remedy has at most.
MOST_TOGETHER: Final = 20
#: Changes from which remedies of several are begun, for each one that is told.
TRIED: Final = 2


def remedies(judge: Judge, spec: ScheduleSpec, conflicts: Sequence[Conflict], most: int) -> list[Remedy]:
    """Remedies by cost, at most so many: for each constraint of a conflict the cheapest that was found.

    Every remedy has a change of a constraint of every conflict. Where none is enough on its own, each is completed by
    the cheapest changes that end the conflicts which are left.
    """
    found = list(_alone(judge, spec, conflicts[0])) if len(conflicts) == 1 else []
    if not found:
        every = sorted((c for conflict in conflicts for c in _changes(judge, spec, conflict)), key=_weight)
        found = list(_together(judge, spec, conflicts, _cheapest(every)[: TRIED * most]))
    unique = {str([told.edits for told in remedy.told]): remedy for remedy in found}
    return sorted(unique.values(), key=lambda remedy: (remedy.cost, len(remedy.told)))[:most]


def _changes(judge: Judge, spec: ScheduleSpec, conflict: Conflict) -> list[Change]:
    """The changes that end a conflict, those that cost little first."""
    found = [
        change
        for constraint in conflict.constraints
        for change in changes(spec, constraint, conflict.tasks)
        if resolves(judge, spec, change, conflict)
    ]
    return sorted(found, key=_weight)


def _weight(change: Change) -> float:
    return change.weight


def _cheapest(some: Sequence[Change]) -> list[Change]:
    """One change of each constraint."""
    return list({change.constraint: change for change in reversed(some)}.values())[::-1]


def _alone(judge: Judge, spec: ScheduleSpec, conflict: Conflict) -> Iterator[Remedy]:
    """For each constraint the cheapest change that is enough."""
    best: dict[Constraint, Remedy] = {}
    every = (change for one in conflict.constraints for change in changes(spec, one, conflict.tasks))
    for change in sorted(every, key=_weight):
        known = best.get(change.constraint)
        if known is not None and known.cost <= change.weight:
            continue
        enough = least(judge, spec, [], change, conflict)
        remedy = None if enough is None else remedy_of(spec, [enough[0]], *enough[1:])
        if remedy is not None and (known is None or remedy.cost < known.cost):
            best[change.constraint] = remedy
    yield from best.values()


def _together(
    judge: Judge, spec: ScheduleSpec, conflicts: Sequence[Conflict], starts: Sequence[Change]
) -> Iterator[Remedy]:
    """For each change the cheapest others with which it is enough, one conflict after the other."""
    known = list(conflicts)
    ends: dict[int, list[Change]] = {}
    for start in starts:
        steps = [Step(start, start.most)]
        while (verdict := judge.of(changed(spec, steps))).solution is None:
            if verdict.status == "unknown" or len(steps) == MOST_TOGETHER:
                break
            conflict = _open(judge, spec, known, steps)
            if id(conflict) not in ends:
                ends[id(conflict)] = _changes(judge, _valued(spec, steps), conflict)
            taken = {_name(step.change) for step in steps}
            more = next((change for change in ends[id(conflict)] if _name(change) not in taken), None)
            if more is None:
                break
            steps.append(Step(more, more.most))
        else:
            remedy = _shortened(judge, spec, steps)
            if remedy is not None:
                yield remedy


def _name(change: Change) -> tuple[Constraint, str]:
    """What tells a change from others."""
    return change.constraint, change.told(1).text


def _open(judge: Judge, spec: ScheduleSpec, known: list[Conflict], steps: Sequence[Step]) -> Conflict:
    """A conflict that is left after some changes; one that is new joins those which are known."""
    touched = {step.change.constraint for step in steps}
    for conflict in known:
        if not touched & set(conflict.constraints):
            return conflict
    gone = [step.change.leaves or step.change.constraint for step in steps if step.change.apply is None]
    found = find_conflict(judge, _valued(spec, steps), gone)
    known.append(found)
    return found


def _valued(spec: ScheduleSpec, steps: Sequence[Step]) -> ScheduleSpec:
    """The spec after those changes that leave nothing out: the rows of its columns are where they were."""
    return changed(spec, [step for step in steps if step.change.apply is not None])


def _shortened(judge: Judge, spec: ScheduleSpec, steps: Sequence[Step]) -> Remedy | None:
    """The changes without those that can be spared, each going as far as it must."""
    kept = list(steps)
    for step in sorted(steps, key=lambda step: -step.change.weight):
        others = [other for other in kept if other is not step]
        if judge.of(changed(spec, others)).solution is not None:
            kept = others
    found, proved = None, True
    for k, step in enumerate(kept):
        enough = least(judge, spec, kept[:k] + kept[k + 1 :], step.change, None)
        if enough is None:
            return None
        kept[k], found, sure = enough
        proved &= sure
    return None if found is None else remedy_of(spec, kept, found, proved)
