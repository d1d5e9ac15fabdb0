"""A schedule as far as it is made, part by part."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Index, Ints
from qamctl.schedule.subspec import SubSpec


@dataclass
class Draft:
    """Columns over all tasks of a problem.

    Attributes
    ----------
    done
        [T] whether a task is scheduled; what stands of the others means nothing.
    """

    start: Ints
    end: Ints
    mode: Index
    agent: Index
    done: npt.NDArray[np.bool_]
    others: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @staticmethod
    def empty(n: int) -> Draft:
        """Nothing is scheduled."""
        nobody: Index = np.full(n, -1, np.int32)
        return Draft(np.zeros(n, np.int64), np.zeros(n, np.int64), nobody, nobody.copy(), np.zeros(n, bool))

    @staticmethod
    def of(solution: Solution) -> Draft:
        """A whole schedule, to be changed."""
        n = len(solution.start)
        return Draft(
            solution.start.copy(), solution.end.copy(), solution.mode.copy(), solution.agent.copy(),
            np.ones(n, bool), dict(solution.others),
        )  # fmt: skip

    def take(self, sub: SubSpec, found: Solution, tasks: Ints) -> None:
        """Put in what a schedule of a part says of some of its tasks."""
        mode, agent, others = sub.whole(found)
        place = np.searchsorted(sub.tasks, tasks)
        self.start[tasks], self.end[tasks] = found.start[place], found.end[place]
        self.mode[tasks], self.agent[tasks], self.done[tasks] = mode[place], agent[place], True
        for t in tasks.tolist() if self.others or others else ():
            self.others.pop(t, None)
            if t in others:
                self.others[t] = others[t]

    def solution(self) -> Solution:
        """The schedule of all tasks."""
        return Solution(self.start, self.end, self.mode, self.agent, self.others)
