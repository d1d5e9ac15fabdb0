"""What keeps a schedule from being shorter: the constraints that clash with an end one tick before the best known."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qamctl.schedule.explain.conflict import Conflict, find_conflict
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.explain.words import span
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec


@dataclass(frozen=True, slots=True)
class Binding:
    """How short schedules are, and why they are no shorter.

    Attributes
    ----------
    makespan
        Ticks of the shortest schedule that was found.
    bound
        Ticks that none is shorter than, as far as was proved.
    explained
        Ticks that none is shorter than because of the conflict: the bound, or less where that took too long.
    conflict
        What clashes with an end one tick before, that end aside; None where it was not found.
    """

    makespan: int
    bound: int
    explained: int
    conflict: Conflict | None


def binding(judge: Judge, spec: ScheduleSpec, known: Solution) -> Binding:
    """The shortest schedule of a spec of which some schedule is known, and what keeps it from being shorter."""
    makespan, bound, quick = judge.shortest(spec, known)
    for least in dict.fromkeys((bound, quick)):
        shorter = replace(spec, horizon=least - 1)
        if least > 0 and judge.of(shorter).status == "infeasible":
            found = find_conflict(judge, shorter, [])
            asked = f", but the horizon is {span(spec, least - 1)}"  # which the file does not say
            found = replace(
                found,
                constraints=tuple(constraint for constraint in found.constraints if constraint.kind != "horizon"),
                why=tuple(text.removesuffix(asked) for text in found.why),
            )
            return Binding(makespan, bound, least, found)
    return Binding(makespan, bound, 0, None)
