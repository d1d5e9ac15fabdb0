"""What starts add to the terms that only problems with crews have, as far as each does on its own.

`unscheduled` and `disruption` are such terms; what tasks send each other is in `sent.py`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.kept import same_crew
from qamctl.schedule.spec import NEVER, TERMS, Floats, Ints

_REASONING, _UNSCHEDULED, _DISRUPTION = (TERMS.index(name) for name in ("reasoning", "unscheduled", "disruption"))


def add_crew_terms(out: Floats, instance: Instance, crews: Crews, task: Ints, option: Ints, start: Ints) -> None:
    """Write into `out` [11, c] what starts add: a task that is left out adds nothing that others do."""
    left = crews.out[option]
    out[:, left] = 0.0
    out[_UNSCHEDULED] = np.where(left, instance.spec.tasks.reward[task], 0.0)
    earlier = instance.spec.earlier
    if earlier is not None and instance.keeps:
        shift = np.abs(start - earlier.start[task]) * instance.unit
        moved = np.where(_same_crew(instance, crews)[option], shift, 1.0)
        out[_DISRUPTION] = np.where(earlier.start[task] >= 0, instance.spec.tasks.weight[task] * moved, 0.0)


def least_crew_terms(out: Floats, instance: Instance, crews: Crews, start_low: Ints) -> None:
    """Write into `out` [11, O], which holds what options add at their earliest, the least that they add at any start.

    Parameters
    ----------
    start_low
        [T] the earliest start.
    """
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    if instance.wishes is not None:
        least = instance.option_reasoning + instance.wishes.least(start_low, np.full(instance.n, NEVER))[task]
        out[_REASONING] = np.where(crews.out, 0.0, least)
    earlier = instance.spec.earlier
    if earlier is not None and instance.keeps:
        # With the earlier crew a task may wait for its earlier start.
        waits = _same_crew(instance, crews) & (start_low[task] <= earlier.start[task])
        out[_DISRUPTION, waits] = 0.0


@lru_cache(maxsize=2)  # of a problem and its part in a window, several times each
def _same_crew(instance: Instance, crews: Crews) -> np.ndarray:
    return same_crew(instance, crews)
