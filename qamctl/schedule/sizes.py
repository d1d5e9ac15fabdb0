"""How large the whole time-indexed model would be: decides between the whole problem and windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qamctl.schedule.choices import Choices, count_starts, open_choices
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Ints


def size_of_choices(
    instance: Instance,
    incumbent: Solution | None,
    level: int,
    fixed_levels: Sequence[float],
    limit: int,
    count_precedence: Callable[[Instance, Choices], int],
    chain: Callable[[Instance, Choices], Ints],
    bits: Callable[[Instance, Choices], Ints],
) -> tuple[int, int]:
    """(variables, couplings); beyond `limit` starts the choices are counted, not listed."""
    starts, groups = count_starts(instance, incumbent, level=level, fixed_levels=fixed_levels)
    if starts > 2 * limit:
        return starts, groups
    choices = open_choices(instance, incumbent, level=level, fixed_levels=fixed_levels)
    n = len(choices.task)
    size = np.diff(choices.first)
    couplings = int((size * (size - 1) // 2).sum()) + count_precedence(instance, choices) + 2 * n
    return n + len(chain(instance, choices)) + len(bits(instance, choices)), couplings + _overlaps(choices)


def _overlaps(choices: Choices) -> int:
    """Pairs of choices that meet on a supply: each choice with those that join while it is busy."""
    busy = choices.cover
    members = np.bincount(busy.moment, minlength=len(busy.supply))
    first = np.ones(len(busy.moment), bool)
    by_choice = np.lexsort((busy.moment, busy.supply[busy.moment], busy.choice))
    same = (np.diff(busy.choice[by_choice]) == 0) & (np.diff(busy.supply[busy.moment[by_choice]]) == 0)
    first[by_choice[1:][same]] = False
    joins = np.bincount(busy.moment[first], minlength=len(busy.supply))
    return int((joins * members - joins * (joins + 1) // 2).sum())
