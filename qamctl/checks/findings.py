"""Violations as a checker finds them: the first of each kind are kept, all of them are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

V = TypeVar("V")

#: Violations of one kind that a report keeps; all of them are counted.
KEPT: Final = 100


class Findings(Generic[V]):
    """Violations as they are found.

    Parameters
    ----------
    kinds
        Every kind of violation, in the order in which they are told.
    make
        Builds a violation from `constraint`, `text` and what is concerned, by name.
    """

    def __init__(self, kinds: Sequence[str], make: Callable[..., V]) -> None:
        self._kinds, self._make = kinds, make
        self._kept: dict[str, list[V]] = {}
        self._count: dict[str, int] = {}

    def add(self, constraint: str, text: str, **concerned: Any) -> None:
        """Note one violation."""
        self._count[constraint] = self._count.get(constraint, 0) + 1
        kept = self._kept.setdefault(constraint, [])
        if len(kept) < KEPT:
            kept.append(self._make(constraint=constraint, text=text, **concerned))

    def add_each(self, constraint: str, where: Iterable[int], note: Callable[[int], None]) -> None:
        """Call `note`, which adds one violation, for the first places; count the rest without a text."""
        places = list(where)
        room = max(0, KEPT - self._count.get(constraint, 0))
        for place in places[:room]:
            note(place)
        if len(places) > room:
            self._count[constraint] = self._count.get(constraint, 0) + len(places) - room

    def violations(self) -> tuple[V, ...]:
        """What was kept, kind by kind."""
        return tuple(v for kind in self._kinds for v in self._kept.get(kind, ()))

    def counts(self) -> dict[str, int]:
        """How many there were, kind by kind."""
        return {kind: self._count[kind] for kind in self._kinds if kind in self._count}
