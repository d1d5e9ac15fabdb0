"""What every supply must bear: tasks, how much each takes of it at least, and how much there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.schedule.fleet_loads import fleet_loads
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import most_shared
from qamctl.schedule.spec import Floats, Ints

#: Sets of holders for which the joint energy is looked at, beside single holders and all holders together.
SETS: Final = 32
#: Cells of the matrix of tasks by eligible holders; above it only all holders together are looked at.
CELLS: Final = 20_000_000

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Burden:
    """Tasks that a supply must bear together.

    Attributes
    ----------
    tasks, energy, need
        [m] what each takes at least in all (amount times ticks), and while it is worked on; needs are None where
        the supply is counted in work instead of amounts.
    supply
        How much there is in every tick, at most.
    """

    tasks: Ints
    energy: Floats
    need: Floats | None
    supply: float


def burdens(instance: Instance) -> Iterator[Burden]:
    """What every supply of renewable resources that is known must bear.

    A task without options, or that may be left out, needs nothing. Where not all that can be done is an option, only
    what sets of agents have to do is known.
    """
    tasks = np.flatnonzero(np.diff(instance.first_option))
    if not instance.complete:
        yield from (Burden(some, work, None, supply) for some, work, supply in fleet_loads(instance))
        return
    if not len(tasks):
        return
    first = instance.first_option[:-1][tasks]
    holder = instance.option_holder
    duration = instance.option_duration.astype(np.float64)
    base = np.append(instance.spec.modes.duration, 0)[instance.option_mode].astype(np.float64)
    sure = instance.sure[tasks]
    speed = np.ones(len(instance.members))
    for h, members in enumerate(instance.members):
        if len(members):
            speed[h] = instance.spec.agents.speed_num[members[0]] / instance.spec.agents.speed_den[members[0]]
    lowest, highest = np.minimum.reduceat(holder, first), np.maximum.reduceat(holder, first)
    forced = (lowest == highest) & sure
    by_holder = np.argsort(lowest[forced], kind="stable")
    forced_tasks, forced_holder = np.flatnonzero(forced)[by_holder], lowest[forced][by_holder]
    edges = np.flatnonzero(np.diff(forced_holder, prepend=-1, append=len(instance.members)))
    sets = list(_holder_sets(instance, tasks, first))
    for k in np.flatnonzero(~instance.consumable):
        need = instance.demand[instance.option_mode, k].astype(np.float64)
        if not need.any():
            continue
        held = instance.capacity[:, k] >= 0
        energy = np.where(sure, np.minimum.reduceat(need * duration, first), 0.0)
        least = np.where(sure, np.minimum.reduceat(need, first), 0.0)
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            h = int(forced_holder[a])
            if held[h]:
                mine = forced_tasks[a:b]
                yield Burden(tasks[mine], energy[mine], least[mine], float(instance.capacity[h, k]))
        pool = float(max(most_shared(instance, int(k)), 0))
        if pool:
            fallen = np.where(held[holder], 0.0, need)
            works, takes = (np.minimum.reduceat(each, first) for each in (fallen * duration, fallen))
            yield Burden(tasks, np.where(sure, works, 0.0), np.where(sure, takes, 0.0), pool)
        work = np.where(sure, np.minimum.reduceat(need * base, first), 0.0)
        for among, mine in sets:
            own = among & held
            own[0] = False
            leaning = among & (~held | (np.arange(len(held)) == 0))  # those whose tasks fall on the shared pool
            shared = pool if leaning.any() else 0.0
            yield Burden(tasks[mine], energy[mine], least[mine], float(instance.capacity[own, k].sum()) + shared)
            if (speed[among] != 1).any():
                fastest = float(speed[leaning].max(initial=0.0))
                together = float(instance.capacity[own, k] @ speed[own]) + shared * fastest
                yield Burden(tasks[mine], work[mine], None, together)


def _holder_sets(instance: Instance, tasks: Ints, first: Ints) -> Iterator[tuple[Mask, Ints]]:
    """Some sets of holders, and the positions in `tasks` of those that can be done by these alone."""
    holders = len(instance.members)
    last = np.append(first[1:], len(instance.option_holder))
    known: dict[bytes, int] = {}
    kind = np.empty(len(tasks), np.int64)
    shown: list[npt.NDArray[np.int32]] = []
    for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        options = instance.option_holder[a:b]
        kind[i] = known.setdefault(options.tobytes(), len(known))
        if kind[i] == len(shown):
            shown.append(options)
    every = np.zeros(holders, bool)
    every[instance.option_holder] = True
    yield every, np.arange(len(tasks))
    if len(shown) == 1 or len(shown) * holders > CELLS:
        return
    eligible = np.zeros((len(shown), holders), np.float32)
    for i, options in enumerate(shown):
        eligible[i, options] = 1
    size = eligible.sum(axis=1)
    load = np.bincount(kind, instance.shortest[tasks].astype(np.float64), len(shown))
    chosen = np.concatenate([np.argsort(-load, kind="stable")[:SETS], np.argsort(-size, kind="stable")[: SETS // 2]])
    chosen = chosen[(size[chosen] > 1) & (size[chosen] < every.sum())]  # one holder and all are looked at anyway
    masks = np.unique(eligible[chosen], axis=0)
    inside = eligible @ (1 - masks).T == 0
    for mask, within in zip(masks > 0, inside.T, strict=True):
        yield mask, np.flatnonzero(within[kind])
