"""The holders of an instance: who is in each, what one of its members has and costs, and which modes it can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.schedule.spec import Floats, Index, Ints, ScheduleSpec

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
        out: Ints = -(-spec.modes.duration[mode] * self.den[holder] // self.num[holder])
        return out

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
    single = fleet.size == 1
    before = _earlier_holders(spec, fleet)
    fitting: dict[tuple[int, bytes, bool], tuple[Ints, Ints]] = {}
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode))
    modes: list[int] = []
    found: list[Ints] = []
    for m in range(len(alone)):
        if not alone[m]:
            if fleet.demand[m, 0] == 0:
                modes.append(m)
                found.append(np.zeros(1, np.int64))
            continue
        key = (int(mask_of_mode[m]), fleet.demand[m].tobytes(), bool(spec.modes.duration[m] > 0))
        if key not in fitting:
            able = holders[mask_of_mode[m]]
            same = np.full(len(able), m)
            able = able[fleet.fits(spec, same, able, fleet.duration(spec, same, able))]
            fitting[key] = able[single[able]], able[~single[able]]
        own, shared = fitting[key]
        task = int(task_of_mode[m])
        wanted = before.get(task)
        # Whose agent is gone has to find another one: it may look at very many.
        step = max(1, len(own) // (most // 100 if wanted == -1 else share))
        some = own[(m + task) % step :: step]
        if wanted is not None and wanted >= 0 and wanted in own:
            some = np.append(some, wanted)
        modes.append(m)
        found.append(np.unique(np.concatenate([shared, some])))
    count = [len(h) for h in found]
    return np.repeat(np.array(modes, np.int32), count), np.concatenate(found).astype(np.int32)


def _earlier_holders(spec: ScheduleSpec, fleet: Fleet) -> dict[int, int]:
    """By task: the holder of its agent in an earlier schedule; -1 where that is no more."""
    if spec.earlier is None:
        return {}
    holder_of = np.zeros(len(spec.agents.ids), np.int64)
    for h, members in enumerate(fleet.members):
        holder_of[members] = h
    crews = enumerate(spec.earlier.agents)
    return {t: int(holder_of[crew[0]]) if crew[0] >= 0 else -1 for t, crew in crews if len(crew) == 1}


def as_pinned(spec: ScheduleSpec, fleet: Fleet, task: Ints, mode: Index, holder: Index) -> npt.NDArray[np.bool_]:
    """[O] whether options of single agents are those that their tasks are pinned to."""
    agent, chosen = spec.tasks.pinned_agent[task], spec.tasks.pinned_mode[task]
    first = np.array([m[0] if len(m) else 0 for m in fleet.members], np.int64)
    keep = (agent < 0) | ((fleet.size[holder] == 1) & (first[holder] == agent))
    for one in [t for t, crew in spec.tasks.pinned_crew.items() if len(crew) > 1]:
        keep &= task != one
    out: npt.NDArray[np.bool_] = keep & ((chosen < 0) | (chosen == mode))
    return out
