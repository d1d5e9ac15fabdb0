"""How large the whole time-indexed model would be: decides between the whole problem and windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamctl.schedule.choices import Choices, count_starts, open_choices
from qamctl.schedule.communication import count_sent
from qamctl.schedule.instance import Instance
from qamctl.schedule.rows import count_pairs
from qamctl.schedule.slots import on_grid
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import TERMS
from qamctl.schedule.terms import makespan_ends, used_holders

#: Moments that all starts together may cover; long tasks of fine ticks cover more than memory holds.
LARGEST_COVER = 20_000_000


def estimate(
    instance: Instance,
    incumbent: Solution | None,
    *,
    level: int = 0,
    fixed_levels: Sequence[float] = (),
    slot: int = 1,
    limit: int = 20_000,
) -> tuple[int, int]:
    """(variables, couplings) of the whole model, slack bits apart, without building it.

    Arguments as in `model.build_model`. Far beyond `limit` variables the starts are counted by their
    windows alone, and the couplings are at least those of the one-hot groups.
    """
    instance, incumbent, fixed_levels = on_grid(instance, incumbent, fixed_levels, slot)
    starts, groups, covered = count_starts(instance, incumbent, level=level, fixed_levels=fixed_levels)
    if starts > 2 * limit or covered > LARGEST_COVER:
        return starts, max(groups, covered)
    choices = open_choices(instance, incumbent, level=level, fixed_levels=fixed_levels)
    n = len(choices.task)
    size = np.diff(choices.first)
    couplings = int((size * (size - 1) // 2).sum()) + count_pairs(instance, choices) + 2 * n
    if instance.crews is not None and instance.levels[level][TERMS.index("communication")]:
        couplings += count_sent(instance, instance.crews, choices)
    weighed = np.asarray(instance.levels[: level + 1].any(axis=0))
    chain = len(makespan_ends(instance, choices)) if weighed[0] else 0
    bits = len(used_holders(instance, choices)) if weighed[4] else 0
    return n + chain + bits, couplings + _overlaps(choices)


def _overlaps(choices: Choices) -> int:
    """Pairs of choices that meet on a supply: each choice with those that join while it is busy."""
    busy = choices.cover
    members = np.bincount(busy.moment, minlength=len(busy.supply))
    first = np.ones(len(busy.moment), bool)
    by_choice = np.lexsort((busy.moment, busy.supply[busy.moment], busy.choice))
    same = (np.diff(busy.choice[by_choice]) == 0) & (np.diff(busy.supply[busy.moment[by_choice]]) == 0)
    # A choice that goes on after a pause joins again.
    first[by_choice[1:][same & (np.diff(busy.moment[by_choice]) == 1)]] = False
    joins = np.bincount(busy.moment[first], minlength=len(busy.supply))
    return int((joins * members - joins * (joins + 1) // 2).sum())
