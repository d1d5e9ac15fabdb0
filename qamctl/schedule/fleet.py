"""The holders of an instance: who is in each, what one of its members has and costs, and which modes it can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.schedule.spec import Floats, Index, Ints, ScheduleSpec, duration_on

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fleet:
    """The holders: who is in each, and what one of its members has and costs.

    Attributes
    ----------
    size, one
        [H] members; [H, K] the capacity of one of them, which decides what fits, that of the whole what fits at once.
    demand
        [M + 1, K] of a mode, slots first; the last row is that of a task that is left out.
    rate, fixed
        [H] cost per time and once.
    """

    members: tuple[Index, ...]
    size: Ints
    one: Ints
    demand: Ints
    num: Ints
    den: Ints
    rate: Floats
    fixed: Floats

    @staticmethod
    def of(spec: ScheduleSpec, members: Sequence[Index]) -> Fleet:
        first = np.array([m[0] if len(m) else 0 for m in members], np.int64)[1:]
        demand = np.zeros((len(spec.modes.ids) + 1, 1 + len(spec.resources.ids)), np.int64)
        demand[:-1, 1:] = spec.modes.demand
        demand[:-1, 0] = [agents != () for agents in spec.modes.agents]
        one = np.full((len(members), demand.shape[1]), -1, np.int64)
        one[0, 1:] = spec.resources.capacity
        num, den = np.ones(len(members), np.int64), np.ones(len(members), np.int64)
        rate, fixed = np.zeros(len(members)), np.zeros(len(members))
        if len(members) > 1:
            one[1:, 0] = spec.agents.slots[first]
            one[1:, 1:] = spec.agents.capacity[first]
            num[1:], den[1:] = spec.agents.speed_num[first], spec.agents.speed_den[first]
            rate[1:], fixed[1:] = spec.agents.cost_per_time[first], spec.agents.cost_fixed[first]
        size = np.array([len(m) for m in members], np.int64)
        return Fleet(tuple(members), size, one, demand, num, den, rate, fixed)

    def duration(self, spec: ScheduleSpec, mode: Index | Ints, holder: Index | Ints) -> Ints:
        """[O] ticks of work."""
        return duration_on(spec.modes.duration[mode], self.num[holder], self.den[holder])

    def fits(
        self, spec: ScheduleSpec, mode: Index | Ints, holder: Index | Ints, duration: Ints
    ) -> npt.NDArray[np.bool_]:
        """[O] whether one member of the holder, with the shared pool at its best, can do the mode at all.

        Arrays that broadcast against each other give a table.
        """
        pool, keep = self._pool(spec), np.ones(np.broadcast_shapes(mode.shape, holder.shape), bool)
        for k in range(1, self.demand.shape[1]):
            need, own = self.demand[mode, k], self.one[holder, k]
            have = np.where((holder > 0) & (own >= 0), own, pool[k])
            counts = (need > 0) & ((duration > 0) | spec.resources.consumable[k - 1])
            keep &= ~counts | ((have >= 0) & (need <= have))
        return keep

    def _pool(self, spec: ScheduleSpec) -> Ints:
        """[K] what the shared pool has at the best of times."""
        calendar = spec.resources.calendar
        pool: Ints = self.one[0].copy()
        for resource in np.flatnonzero(np.diff(calendar.first)).tolist():
            mine = slice(int(calendar.first[resource]), int(calendar.first[resource + 1]))
            pool[1 + resource] = max(pool[1 + resource], int(calendar.capacity[mine].max()))
        return pool

    def able(self, masks: Sequence[Mask]) -> list[Ints]:
        """By requirement: the holders whose agents meet it."""
        return [np.flatnonzero([len(m) > 0 and bool(mask[m[0]]) for m in self.members]) for mask in masks]


def as_pinned(spec: ScheduleSpec, fleet: Fleet, task: Ints, mode: Index, holder: Index) -> npt.NDArray[np.bool_]:
    """[O] whether options of single agents are those that their tasks are pinned to."""
    agent, chosen = spec.tasks.pinned_agent[task], spec.tasks.pinned_mode[task]
    first = np.array([m[0] if len(m) else 0 for m in fleet.members], np.int64)
    keep = (agent < 0) | ((fleet.size[holder] == 1) & (first[holder] == agent))
    for one in [t for t, crew in spec.tasks.pinned_crew.items() if len(crew) > 1]:
        keep &= task != one
    out: npt.NDArray[np.bool_] = keep & ((chosen < 0) | (chosen == mode))
    return out
