"""What each way of picking windows has given so far, and which one is tried next: those more often that help more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

#: What suits models, of which many windows improve the incumbent.
MEMORY, LEAST_SHARE = 0.98, 0.02


@dataclass
class Record:
    """How often windows of each way improved the incumbent; older windows count less and less.

    Attributes
    ----------
    names
        The ways; each begins as if one of two windows had improved.
    memory
        How much of a way's record is kept from one of its windows to the next.
    least
        What every way's share of improved windows is raised by, so that none is given up.
    """

    names: Sequence[str]
    memory: float = MEMORY
    least: float = LEAST_SHARE
    _tried: dict[str, float] = field(init=False)
    _won: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self._tried = dict.fromkeys(self.names, 2.0)
        self._won = dict.fromkeys(self.names, 1.0)

    def choose(self, rng: np.random.Generator) -> str:
        """A way by chance, as often as its windows improve beside those of the others, and a little besides."""
        share = np.array([self._won[name] / self._tried[name] for name in self.names]) + self.least
        return str(rng.choice(self.names, p=share / share.sum()))

    def learn(self, name: str, improved: bool) -> None:
        """Note whether a window improved the incumbent."""
        self._tried[name] = 1 + self.memory * self._tried[name]
        self._won[name] = improved + self.memory * self._won[name]
