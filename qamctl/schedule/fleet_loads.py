"""What sets of agents have to do at least, where not all that they could do is an option of the instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from qamctl.schedule.eligible import eligibility
from qamctl.schedule.instance import Instance
from qamctl.schedule.spec import Floats, Ints

#: Sets of agents that are looked at: those that may do what is most work.
SETS: Final = 64


def fleet_loads(instance: Instance) -> Iterator[tuple[Ints, Floats, float]]:
    """Tasks, the least work of each, and what the agents that must do them together can do in one tick.

    Work is that of an agent of speed 1, and for each resource that all of these agents hold, so much of it for so
    long. A task is looked at where all its modes need agents of the set; a task that may be left out needs nothing.
    """
    spec = instance.spec
    if not len(spec.agents.ids) or not len(spec.tasks.ids):
        return
    masks, mask_of_mode = eligibility(spec)
    first = spec.tasks.first_mode[:-1]
    work = spec.modes.duration * np.maximum(spec.modes.count, 1)
    alone = np.array([who == () for who in spec.modes.agents], bool)
    total = np.bincount(mask_of_mode, work * ~alone, len(masks))
    able = np.array(masks, bool)
    chosen = [np.ones(len(spec.agents.ids), bool), *able[np.argsort(-total, kind="stable")[:SETS]]]
    speed = spec.agents.speed_num / spec.agents.speed_den
    for among in np.unique(np.array(chosen), axis=0):
        inside = ~(able & ~among).any(axis=1)
        bound = np.logical_and.reduceat(inside[mask_of_mode] & ~alone, first) & instance.sure
        tasks = np.flatnonzero(bound)
        if not len(tasks):
            continue
        least = np.minimum.reduceat(work, first)[tasks].astype(np.float64)
        yield tasks, least, float((spec.agents.slots * speed)[among].sum())
        for r in np.flatnonzero(~spec.resources.consumable).tolist():
            held = spec.agents.capacity[among, r]
            need = np.minimum.reduceat(work * spec.modes.demand[:, r], first)[tasks].astype(np.float64)
            if (held >= 0).all() and need.any():
                yield tasks, need, float((held * speed[among]).sum())
