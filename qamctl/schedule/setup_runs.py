"""Options of tasks with families that have an agent in common, and what has to pass between them."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import holders_of, ranges
from qamctl.schedule.spec import Ints, Setups


def setup_runs(
    instance: Instance, setups: Setups, options: Ints, here: np.ndarray, there: np.ndarray
) -> tuple[Ints, Ints, Ints, Ints]:
    """(option, option of another task, ticks from the one to the other, ticks back) of all that share an agent.

    Those for which the slots of the agent are enough are left out.

    Parameters
    ----------
    options
        That are looked at, ascending.
    here, there
        [T] the task of the one option, and that of the other; the same tasks, or none in common.
    """
    family = instance.spec.tasks.family
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    options = options[family[task[options]] >= 0]
    who, holder = holders_of(instance, options)
    entry = options[who]
    ones, others = np.flatnonzero(here[task[entry]]), np.flatnonzero(there[task[entry]])
    others = others[np.argsort(holder[others], kind="stable")]
    low, high = (np.searchsorted(holder[others], holder[ones], side) for side in ("left", "right"))
    one = np.repeat(ones, high - low)
    other = others[ranges(low, high - low)]
    i, j = task[entry[one]], task[entry[other]]
    kept = i < j if here is there else i != j
    one, other, i, j = one[kept], other[kept], i[kept], j[kept]
    table = setups.of_agent[np.array([m[0] if len(m) else 0 for m in instance.members], np.int64)[holder[one]]]
    forth, back = setups.time[table, family[i], family[j]], setups.time[table, family[j], family[i]]
    return _needed(instance, *_longest(len(task), entry[one], entry[other], forth, back))


def _longest(count: int, one: Ints, other: Ints, forth: Ints, back: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Each pair once, with the longest ticks of all agents that do both."""
    key = one * count + other
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    if not len(first):
        return one, other, forth, back
    forth, back = (np.maximum.reduceat(ticks[order], first) for ticks in (forth, back))
    return one[order][first], other[order][first], forth, back


def _needed(instance: Instance, one: Ints, other: Ints, forth: Ints, back: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    instant = (instance.option_duration[one] == 0) | (instance.option_duration[other] == 0)
    kept = (forth > 0) | (back > 0) | instant
    return one[kept], other[kept], forth[kept], back[kept]


def is_straight(instance: Instance, crews: Crews, setups: Setups) -> bool:
    """Whether on no agent a task between two others can shorten the time between them.

    Then it is enough that any two tasks of an agent keep the time between them; else only neighbours have to.
    """
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    family, never = instance.spec.tasks.family, np.iinfo(np.int64).max // 4
    options = np.flatnonzero((family[task] >= 0) & ~crews.out)
    who, holder = holders_of(instance, options)
    shortest = np.full((len(instance.members), len(setups.families)), never)
    np.minimum.at(shortest, (holder, family[task[options[who]]]), instance.option_duration[options[who]])
    doing = np.unique(holder)
    table = setups.of_agent[np.array([instance.members[h][0] for h in doing.tolist()], np.int64)]
    for which, *work in np.unique(np.column_stack([table, shortest[doing]]), axis=0).tolist():
        mine = np.flatnonzero(np.array(work) < never)
        own = setups.time[which][np.ix_(mine, mine)]
        through = own[:, :, None] + np.array(work)[mine][None, :, None] + own[None, :, :]
        if (own[:, None, :] > through).any():
            return False
    return True
