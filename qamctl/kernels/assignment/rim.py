"""The rim: units that have links to other leaves."""

from __future__ import annotations

from collections.abc import Sequence


class Rim:
    """Who is on the rim, once it is traced.

    Attributes
    ----------
    units
        In the order in which they came; whoever leaves gives its place to the last one.
    """

    def __init__(self, links: Sequence[Sequence[tuple[int, float]]]) -> None:
        self.units: list[int] = []
        self._links = links
        self._out: list[int] = []  # links to other leaves
        self._at: list[int] = []
        self._traced = False

    def trace(self, x: Sequence[int]) -> None:
        """Begin to keep it up to date."""
        self._traced = True
        self.renew(x)

    def renew(self, x: Sequence[int]) -> None:
        """All anew."""
        if not self._traced:
            return
        self.units, self._out, self._at = [], [0] * len(x), [-1] * len(x)
        for u, links in enumerate(self._links):
            for w, _ in links:
                self._count(u, x[w] != x[u])

    def move(self, u: int, a: int, b: int, x: Sequence[int]) -> None:
        """Follow a unit that went from leaf a to leaf b."""
        if not self._traced:
            return
        for w, _ in self._links[u]:
            more = (x[w] == a) - (x[w] == b)
            self._count(u, more)
            self._count(w, more)

    def _count(self, u: int, more: int) -> None:
        if more == 0:
            return
        before = self._out[u]
        self._out[u] += more
        if before == 0:
            self._at[u] = len(self.units)
            self.units.append(u)
        elif self._out[u] == 0:
            last = self.units.pop()
            if last != u:
                self.units[self._at[u]] = last
                self._at[last] = self._at[u]
