"""The smallest part of something that still fails, so that each piece of it is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def smallest(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """A part of the items that fails and of which no item can be spared, in their order.

    QuickXplain (U. Junker, "QUICKXPLAIN: preferred explanations and constraints for over-constrained problems",
    AAAI 2004): of k items out of n in about k log(n / k) questions. Of two items that would do, the earlier one is
    taken. What is returned fails even where `fails` says no for want of time; then more is in it than need be.

    Parameters
    ----------
    items
        They fail all together.
    fails
        Whether some of them do.
    """

    def within(base: list[int], fresh: bool, rest: list[int]) -> list[int]:
        """What is needed of the rest, beside the base; `fresh`: the base has grown since it was last asked about."""
        if fresh and fails([items[k] for k in base]):
            return []
        if len(rest) == 1:
            return rest
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        later = within(base + first, True, second)
        return within(base + later, bool(later), first) + later

    found = within([], True, list(range(len(items)))) if items else []
    return [items[k] for k in sorted(found)]
