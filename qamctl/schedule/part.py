"""A problem reduced to the options that a window may use, so that windows of huge problems stay cheap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import ranges
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Ints


def reduced(
    instance: Instance,
    incumbent: Solution,
    free: np.ndarray,
    options: int,
    rng: np.random.Generator | None = None,
    holders: np.ndarray | None = None,
) -> Instance:
    """The instance with at most `options` options for each free task and one for the others.

    Parameters
    ----------
    incumbent
        A feasible schedule; the options that it uses are always among those kept.
    free
        [T] the tasks of the window.
    options
        Of a free task the shortest ones are kept, or, by chance, the cheapest ones.
    rng
        None: the shortest ones, ties by cost and index.
    holders
        [H] free tasks have options of these holders alone, besides the incumbent's; None: of all.
    """
    now = instance.options_of(incumbent)
    keep = np.zeros(len(instance.option_mode), bool)
    by_length = rng is None or bool(rng.random() < 0.5)
    rank = instance.option_duration if by_length else instance.option_cost
    for t in np.flatnonzero(free):
        mine = np.arange(instance.first_option[t], instance.first_option[t + 1])
        if holders is not None:
            mine = mine[holders[instance.option_holder[mine]]]
        if len(mine) > options:
            noise = 1.0 if rng is None else rng.uniform(0.9, 1.2, len(mine))
            ties = instance.option_cost[mine] if rng is None else rng.random(len(mine))
            few = mine[np.lexsort((ties, rank[mine] * noise))[:options]]
            if instance.wishes is not None:  # what reasoning prefers is always worth a look
                wished = instance.option_reasoning[mine]
                few = few if wished.min() == wished.max() else np.append(few, mine[np.argmin(wished)])
            mine = few
        keep[mine] = True
    keep[now] = True
    if instance.crews is not None:  # what may be left out may be so in every window
        keep |= instance.crews.out & np.repeat(free, np.diff(instance.first_option))
    count = np.concatenate([[0], np.cumsum(keep)])
    return replace(
        instance,
        first_option=count[instance.first_option].astype(np.int64),
        option_holder=instance.option_holder[keep],
        option_mode=instance.option_mode[keep],
        option_duration=instance.option_duration[keep],
        option_cost=instance.option_cost[keep],
        crews=None if instance.crews is None else _kept(instance.crews, np.flatnonzero(keep)),
    )


def _kept(crews: Crews, options: Ints) -> Crews:
    """The crews of some options."""
    count = crews.first[options + 1] - crews.first[options]
    entry = ranges(crews.first[options], count)
    return replace(
        crews,
        first=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        holder=crews.holder[entry],
        number=crews.number[entry],
        out=crews.out[options],
        pause=crews.pause[options],
    )
