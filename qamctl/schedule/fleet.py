"""The holders of an instance: who is in each, what one of its members has and costs, and which modes it can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.schedule.spec import Floats, Index, Ints, ScheduleSpec, duration_on

Mask = npt.NDArray[np.bool_]

#: In place of the holder of an agent that the spec does not have any more.
_GONE = -2


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
        """[O] whether one member of the holder, with the shared pool at its best, can do the mode at all."""
        pool = self.one[0].copy()
        calendar = spec.resources.calendar
        for resource in np.flatnonzero(np.diff(calendar.first)).tolist():
            mine = slice(int(calendar.first[resource]), int(calendar.first[resource + 1]))
            pool[1 + resource] = max(pool[1 + resource], int(calendar.capacity[mine].max()))
        keep = np.ones(len(mode), bool)
        for k in range(1, self.demand.shape[1]):
            need = self.demand[mode, k]
            have = np.where((holder > 0) & (self.one[holder, k] >= 0), self.one[holder, k], pool[k])
            counts = (need > 0) & ((duration > 0) | spec.resources.consumable[k - 1])
            keep &= ~counts | ((have >= 0) & (need <= have))
        return keep

    def able(self, masks: Sequence[Mask]) -> list[Ints]:
        """By requirement: the holders whose agents meet it."""
        return [np.flatnonzero([len(m) > 0 and bool(mask[m[0]]) for m in self.members]) for mask in masks]


def single_options(
    spec: ScheduleSpec, fleet: Fleet, masks: Sequence[Mask], mask_of_mode: Index, most: int | None
) -> tuple[Index, Index, bool]:
    """([O], [O]) mode and holder of every mode on every holder of which one agent may do it alone, and whether all are.

    Parameters
    ----------
    most
        Where there would be more, every mode keeps some of the single agents: that of an earlier schedule, and others
        that fit, spread evenly over the fleet, different ones for each; None: all are kept.
    """
    holders = fleet.able(masks)
    needs_agent = fleet.demand[:-1, 0] == 1
    alone = needs_agent & (spec.modes.count == 1)
    count = np.array([len(h) for h in holders], np.int64)[mask_of_mode]
    if most is not None and int(count[alone].sum()) > most:
        return (*_few_options(spec, fleet, holders, mask_of_mode, alone, most), False)
    count[~needs_agent] = 1
    count[needs_agent & ~alone] = 0
    mode = np.repeat(np.arange(len(count), dtype=np.int32), count)
    holder = np.zeros(len(mode), np.int32)
    if len(mode):
        nobody, pool = np.zeros(0, np.int64), np.zeros(1, np.int64)
        holder[:] = np.concatenate(
            [
                holders[mask] if one else nobody if needs else pool
                for mask, needs, one in zip(mask_of_mode, needs_agent, alone, strict=True)
            ]
        )
    return mode, holder, True


def _few_options(
    spec: ScheduleSpec, fleet: Fleet, holders: Sequence[Ints], mask_of_mode: Index, alone: Mask, most: int
) -> tuple[Index, Index]:
    share = max(8, most // max(1, int(alone.sum())))
    fitting = _fitting(spec, fleet, holders, mask_of_mode, alone)
    pinned, before = _asked_for(spec, fleet)
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode)).tolist()
    modes: list[int] = []
    found: list[Ints] = []
    for m, task in enumerate(task_of_mode):
        if not alone[m]:
            if fleet.demand[m, 0] == 0:
                modes.append(m)
                found.append(np.zeros(1, np.int64))
            continue
        own, shared = fitting[m]
        modes.append(m)
        if pinned[task] >= 0:
            found.append(own[own == pinned[task]])
            continue
        # Whose agent is gone has to find another one: it may look at very many.
        step = max(1, len(own) // (max(share, most // 100) if before[task] == _GONE else share))
        some = own[(m + task) % step :: step]
        if before[task] >= 0 and before[task] not in some:
            some = np.append(some, own[own == before[task]])
        found.append(np.sort(np.concatenate([shared, some])))
    count = [len(h) for h in found]
    return np.repeat(np.array(modes, np.int32), count), np.concatenate(found).astype(np.int32)


def _fitting(
    spec: ScheduleSpec, fleet: Fleet, holders: Sequence[Ints], mask_of_mode: Index, alone: Mask
) -> dict[int, tuple[Ints, Ints]]:
    """By mode of one agent: the single agents that it fits, and the classes; modes with the same needs share them."""
    modes = np.flatnonzero(alone)
    needs = np.column_stack([mask_of_mode, spec.modes.duration > 0, fleet.demand[:-1]])[modes]
    _, first, kind = np.unique(needs, axis=0, return_index=True, return_inverse=True)
    chosen, single = modes[first], fleet.size == 1
    found: dict[int, tuple[Ints, Ints]] = {}
    for mask in np.unique(mask_of_mode[chosen]).tolist():
        able, mine = holders[mask], chosen[mask_of_mode[chosen] == mask]
        mode, holder = np.repeat(mine, len(able)), np.tile(able, len(mine))
        fits = fleet.fits(spec, mode, holder, fleet.duration(spec, mode, holder)).reshape(len(mine), len(able))
        for m, row in zip(mine.tolist(), fits, strict=True):
            found[m] = able[row & single[able]], able[row & ~single[able]]
    return {m: found[int(chosen[k])] for m, k in zip(modes.tolist(), kind.reshape(-1).tolist(), strict=True)}


def _asked_for(spec: ScheduleSpec, fleet: Fleet) -> tuple[list[int], list[int]]:
    """[T] the holder of the agent that a task is pinned to, and of its only agent in an earlier schedule.

    -1 where there is none, `_GONE` where that agent is no more.
    """
    holder_of = np.full(len(spec.agents.ids) + 1, -1)
    for h, members in enumerate(fleet.members):
        holder_of[members] = h
    pinned: list[int] = holder_of[spec.tasks.pinned_agent].tolist()
    crews = [()] * len(pinned) if spec.earlier is None else spec.earlier.agents
    one = [crew[0] if len(crew) == 1 else None for crew in crews]
    return pinned, [-1 if a is None else _GONE if a < 0 else int(holder_of[a]) for a in one]


def as_pinned(spec: ScheduleSpec, fleet: Fleet, task: Ints, mode: Index, holder: Index) -> npt.NDArray[np.bool_]:
    """[O] whether options of single agents are those that their tasks are pinned to."""
    agent, chosen = spec.tasks.pinned_agent[task], spec.tasks.pinned_mode[task]
    first = np.array([m[0] if len(m) else 0 for m in fleet.members], np.int64)
    keep = (agent < 0) | ((fleet.size[holder] == 1) & (first[holder] == agent))
    for one in [t for t, crew in spec.tasks.pinned_crew.items() if len(crew) > 1]:
        keep &= task != one
    out: npt.NDArray[np.bool_] = keep & ((chosen < 0) | (chosen == mode))
    return out
