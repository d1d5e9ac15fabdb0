"""Constraints that can't hold together, none of which can be spared: found part by part, and proved again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qamctl.schedule.explain.constraint import Constraint
from qamctl.schedule.explain.families import must, named, without
from qamctl.schedule.explain.fewer import kept_tasks
from qamctl.schedule.explain.smallest import smallest
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.spec import ScheduleSpec

#: Texts that say why, at most.
TEXTS = 3


@dataclass(frozen=True, slots=True)
class Conflict:
    """A set of constraints without a schedule.

    Attributes
    ----------
    tasks
        Those that must be done.
    gone
        All constraints of the spec that don't belong to it, as far as they mean something without the others.
    minimal
        Without any one of them there is a schedule, which was found and checked.
    proof
        What proves that they clash: "cpsat", "reasons" (arguments that need no search), or both.
    why
        These arguments, in words.
    """

    constraints: tuple[Constraint, ...]
    tasks: tuple[int, ...]
    gone: tuple[Constraint, ...]
    minimal: bool
    proof: tuple[str, ...]
    why: tuple[str, ...]


def find_conflict(judge: Judge, spec: ScheduleSpec, gone: Sequence[Constraint]) -> Conflict:
    """A conflict among the constraints of a spec but those which are gone, where these have no schedule."""
    everyone = range(len(spec.tasks.ids))
    dropped = set(gone)
    wanted = [constraint for constraint in must(spec, everyone) if constraint not in dropped]

    def left(some: Sequence[Constraint]) -> ScheduleSpec:
        kept = set(some)
        return without(spec, [*gone, *(constraint for constraint in wanted if constraint not in kept)])

    few = wanted
    if judge.shows(lambda: left(wanted)):  # what shows without a search comes down to few tasks without one
        few = smallest(wanted, lambda some: judge.shows(lambda: left(some)))
    done = smallest(few, lambda some: judge.refutes(lambda: left(some)))
    inside = kept_tasks(left(done)).tolist()
    away = [*gone, *(constraint for constraint in wanted if constraint not in set(done))]
    asked = [c for c in named(spec, inside) if c.kind != "not-optional" and c not in dropped]
    kept = smallest(asked, lambda some: judge.refutes(lambda: _only(spec, away, asked, some)))
    return _confirmed(judge, spec, away, [*asked, *done], [*kept, *done])


def _only(
    spec: ScheduleSpec, away: Sequence[Constraint], asked: Sequence[Constraint], some: Sequence[Constraint]
) -> ScheduleSpec:
    """The spec with some of the constraints that are asked about, and none of those that are away."""
    kept = set(some)
    return without(spec, [*away, *(constraint for constraint in asked if constraint not in kept)])


def _confirmed(
    judge: Judge,
    spec: ScheduleSpec,
    away: Sequence[Constraint],
    asked: Sequence[Constraint],
    core: Sequence[Constraint],
) -> Conflict:
    """The conflict, once each of its constraints has been left out on its own, and all of them were refuted again.

    Leaving a constraint out may forbid something in rare cases (`spread` counts the values of all who may do its tasks,
    so that more of these can be in its way): then one that seemed to be needed can be spared after all.
    """
    found, minimal, k = list(core), True, 0
    while k < len(found) and not judge.over:
        others = found[:k] + found[k + 1 :]
        verdict = judge.of(_only(spec, away, asked, others))
        if verdict.status == "infeasible":
            found, minimal, k = others, True, 0
            continue
        minimal &= verdict.status == "feasible"
        k += 1
    minimal &= k == len(found)
    gone = (*away, *(constraint for constraint in asked if constraint not in set(found)))
    alone = without(spec, gone)
    why = judge.why(alone)
    proof = (*(("reasons",) if why else ()), *(("cpsat",) if judge.proves(alone) else ()))
    tasks = tuple(c.rows[0] for c in found if c.kind == "not-optional")
    return Conflict(tuple(found), tasks, gone, minimal, proof or ("cpsat",), why[:TEXTS])
