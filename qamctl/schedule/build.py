"""From a spec to what solvers see: the options of every task, with interchangeable agents merged into holders."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from qamctl.schedule.crew_options import with_crews
from qamctl.schedule.crews import needs_crews, told_apart
from qamctl.schedule.eligible import classes, eligibility
from qamctl.schedule.fleet import Fleet, as_pinned
from qamctl.schedule.instance import Instance
from qamctl.schedule.precedence import Graph
from qamctl.schedule.single_options import single_options
from qamctl.schedule.spec import TERMS, ScheduleSpec
from qamctl.schedule.wishes import wishes_of

#: Options of single agents that a problem has, at most; of more, each task keeps some, together about `FEW_OPTIONS`.
#: With crews an option costs more.
MOST_OPTIONS, FEW_OPTIONS = 4_000_000, 400_000
MOST_CREW_OPTIONS = 100_000


def build_instance(spec: ScheduleSpec, *, apart: Collection[int] = ()) -> Instance:
    """Enumerate the options of every task and merge interchangeable agents into holders.

    Parameters
    ----------
    apart
        Agents that stay holders of their own, because a caller tells them from their like.
    """
    wishes = wishes_of(spec)
    if wishes is not None:
        apart = {*apart, *wishes.named}
    masks, mask_of_mode = eligibility(spec)
    crewed = needs_crews(spec)
    if crewed:
        apart = {*apart, *told_apart(spec, masks, mask_of_mode)}
    fleet = Fleet.of(spec, classes(spec, masks, mask_of_mode, apart))
    limits = (MOST_CREW_OPTIONS,) * 2 if crewed else (MOST_OPTIONS, FEW_OPTIONS)
    single = single_options(spec, fleet, masks, mask_of_mode, *limits)
    mode, holder = single.mode, single.holder
    duration = fleet.duration(spec, mode, holder)
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode))
    keep = fleet.fits(spec, mode, holder, duration) & as_pinned(spec, fleet, task_of_mode[mode], mode, holder)
    mode, holder, duration = mode[keep], holder[keep], duration[keep]
    plain = Instance(
        spec=spec,
        members=fleet.members,
        capacity=np.where(fleet.one >= 0, fleet.one * np.maximum(fleet.size, 1)[:, None], -1),
        consumable=np.concatenate([[False], spec.resources.consumable]),
        fixed_cost=fleet.fixed,
        demand=fleet.demand,
        first_option=np.searchsorted(task_of_mode[mode], np.arange(len(spec.tasks.ids) + 1)).astype(np.int64),
        option_holder=holder,
        option_mode=mode,
        option_duration=duration,
        option_cost=spec.modes.cost[mode] + fleet.rate[holder] * duration * float(spec.time.resolution),
        release=spec.tasks.release,
        deadline=np.minimum(spec.tasks.deadline, spec.horizon),
        due=spec.tasks.due,
        weight=spec.tasks.weight,
        pinned_start=spec.tasks.pinned_start,
        graph=Graph.build(len(spec.tasks.ids), spec.after),
        levels=np.array([[float(level.get(term, 0.0)) for term in TERMS] for level in spec.objective]),
        wishes=wishes,
        complete=single.reach is None,
        reach=single.reach,
    )
    return with_crews(plain, fleet, masks, mask_of_mode) if crewed else plain
