"""What an earlier schedule asks of the tasks of an instance: who did each, from when on, and who was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qamctl.schedule.crews import Crews
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Earlier, Floats, Ints

if TYPE_CHECKING:
    from qamctl.schedule.instance import Instance

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Kept:
    """The earlier schedule in the options of an instance.

    Attributes
    ----------
    option
        [T] -1 where what it says of a task is none of them, or the task has to be done and it says nothing.
    start
        [T] where the task started; by what its own windows ask where that is not known.
    out
        [T] the tasks that may be left out, and of which it says nothing: it left them out, or they are new.
    """

    option: Ints
    start: Ints
    out: Mask

    @property
    def keys(self) -> Floats:
        """[T] the order of starts; those without an option last, to be fitted in."""
        last = float(self.start.max(initial=0) - self.start.min(initial=0) + 1)
        return self.start.astype(np.float64) + np.where(self.option >= 0, 0.0, last)


def kept_of(instance: Instance, earlier: Earlier) -> Kept:
    """What an earlier schedule says in the options of an instance."""
    known = earlier.start >= 0
    solution, there = _columns(earlier, known)
    option = np.where(there, instance.options_of(solution), -1)
    out = ~known & ~instance.sure
    if instance.crews is not None and out.any():
        left = np.flatnonzero(instance.crews.out)
        task = np.searchsorted(instance.first_option, left, "right") - 1
        option[task] = np.where(out[task], left, option[task])
    # What is left out holds nobody up: it comes first.
    new = np.where(out, instance.release, instance.latest(int(instance.earliest[1].max(initial=0)))[0])
    return Kept(option, np.where(known, earlier.start, new), out)


def as_it_was(instance: Instance) -> Solution | None:
    """The earlier schedule with nothing changed, which may break constraints now.

    None where there is none, or it has no place for a task that has to be done, or one that is no more.
    """
    earlier, kept = instance.spec.earlier, instance.kept
    if earlier is None or kept is None or (kept.option < 0).any():
        return None
    solution, _ = _columns(earlier, ~kept.out)
    start = np.where(kept.out, 0, earlier.start)
    end = np.where(kept.out, 0, instance.ends(start, kept.option))
    return Solution(start, end, solution.mode, solution.agent, solution.others)


def same_crew(instance: Instance, crews: Crews) -> Mask:
    """[O] whether an option of the instance has the crew that its task has in the earlier schedule."""
    earlier, task = instance.spec.earlier, np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    if earlier is None:
        return np.zeros(len(task), bool)
    known = earlier.start >= 0
    before = np.full(instance.n, -1, np.int64)
    for t in np.flatnonzero(known).tolist():
        crew = earlier.agents[t]
        if not crew:
            before[t] = 0
        elif len(crew) == 1 and crew[0] >= 0:
            before[t] = instance.holder_of_agent[crew[0]]
    alone = crews.sizes <= 1
    same: Mask = alone & ~crews.out & (before[task] == instance.option_holder)
    for o in np.flatnonzero(~alone & known[task]).tolist():
        agents = sorted(int(instance.members[h][0]) for h, _ in crews.of(o))
        same[o] = tuple(agents) == earlier.agents[int(task[o])]
    return same


def _columns(earlier: Earlier, known: Mask) -> tuple[Solution, Mask]:
    """Who did the tasks in which mode, as columns without times, and [T] of which tasks that is known and still so."""
    there = known & (earlier.mode >= 0) & np.array([-1 not in crew for crew in earlier.agents], bool)
    agent = np.array([crew[0] if crew else -1 for crew in earlier.agents], np.int32)
    others = {t: crew[1:] for t, crew in enumerate(earlier.agents) if len(crew) > 1 and there[t]}
    nothing = np.zeros(len(agent), np.int64)
    mode = np.where(there, earlier.mode, -1).astype(np.int32)
    return Solution(nothing, nothing, mode, np.where(there, agent, -1).astype(np.int32), others), there
