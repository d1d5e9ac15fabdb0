"""Possible starts of tasks, open ones and settled ones, as a sorted list in which those of an option are a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import ranges
from qamctl.schedule.spec import Index, Ints

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Picks:
    """Starts by options that do their tasks, sorted by option and start; within an option ends ascend too.

    Attributes
    ----------
    at
        [p] the place of each in the list that they were taken from.
    task, option, start, end
        [p]
    first
        [O + 1] the picks of option o are first[o]:first[o + 1].
    """

    at: Ints
    task: Ints
    option: Ints
    start: Ints
    end: Ints
    first: Ints

    @staticmethod
    def of(instance: Instance, crews: Crews, task: Ints, option: Ints, start: Ints) -> Picks:
        """The picks among choices of options; those that leave their task out are none."""
        done = np.flatnonzero(~crews.out[option])
        at = done[np.lexsort((start[done], option[done]))]
        mine = option[at]
        first = np.searchsorted(mine, np.arange(len(crews.out) + 1)).astype(np.int64)
        return Picks(at, task[at], mine, start[at], instance.ends(start[at], mine), first)

    @cached_property
    def options(self) -> Ints:
        """The options that have picks, ascending."""
        return np.flatnonzero(np.diff(self.first))

    @cached_property
    def _low(self) -> int:
        return int(self.start.min(initial=0))

    @cached_property
    def _width(self) -> int:
        return int(self.end.max(initial=0)) - self._low + 2

    @cached_property
    def _keys(self) -> tuple[Ints, Ints]:
        return tuple(self.option * self._width + times - self._low for times in (self.start, self.end))  # type: ignore[return-value]

    def place(self, option: Ints, moment: Ints, ends: Mask) -> Ints:
        """[c] the first pick of an option that starts (or ends) at a moment or later, else the end of its run."""
        wanted = option * self._width + np.clip(moment - self._low, 0, self._width - 1)
        starts = np.searchsorted(self._keys[0], wanted)
        found: Ints = np.where(ends, np.searchsorted(self._keys[1], wanted), starts)
        return found

    def by_options(self, options: Ints) -> tuple[Ints, Ints]:
        """(position in `options`, pick) of all picks of these options."""
        count = self.first[options + 1] - self.first[options]
        return np.repeat(np.arange(len(options)), count), ranges(self.first[options], count)

    def between(self, instance: Instance, i: Ints | Index, j: Ints | Index) -> tuple[Ints, Ints, Ints]:
        """(which pair of tasks, option of the one, option of the other) of all options that have picks."""
        bounds = np.searchsorted(self.options, instance.first_option)
        ones, others = (bounds[t + 1] - bounds[t] for t in (i, j))
        which = np.repeat(np.arange(len(i)), ones * others)
        place = ranges(np.zeros(len(i), np.int64), ones * others)
        wide = np.maximum(others, 1)[which]
        return which, self.options[bounds[i][which] + place // wide], self.options[bounds[j][which] + place % wide]
