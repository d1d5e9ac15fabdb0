"""How much a bound may cost: seconds, or sweeps of the mixing method where results must repeat."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Effort:
    """A budget that is being used; exactly one of `seconds` and `steps` is set.

    Attributes
    ----------
    clock
        What seconds are counted by.
    sweeps
        Used so far.
    """

    seconds: float | None
    steps: int | None
    stop: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic
    sweeps: int = 0
    _begin: float = field(init=False)

    def __post_init__(self) -> None:
        self._begin = self.clock()
        if (self.seconds is None) == (self.steps is None):
            raise ValueError("exactly one of seconds and steps is needed")

    def used(self) -> float:
        """Share of the budget that is used, 1 or more when it is over."""
        if self.seconds is not None:
            return self.seconds_used() / self.seconds if self.seconds > 0 else 1.0
        assert self.steps is not None
        return self.sweeps / self.steps if self.steps > 0 else 1.0

    def over(self) -> bool:
        """Whether the budget is used, or somebody stopped it."""
        return self.used() >= 1 or self.stop()

    def use(self, sweeps: int) -> None:
        """Counts sweeps."""
        self.sweeps += sweeps

    def seconds_used(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self._begin

    def left(self) -> float:
        """Seconds that are left; inf where sweeps count."""
        return math.inf if self.seconds is None else max(0.0, self.seconds - self.seconds_used())

    def share(self, part: float) -> float | None:
        """That part of the seconds that are left; None where sweeps count."""
        return None if self.seconds is None else part * self.left()

    def part(self, share: float) -> Effort:
        """A budget of its own, that share of what is left."""
        if self.seconds is not None:
            return Effort(self.left() * share, None, self.stop, self.clock)
        assert self.steps is not None
        return Effort(None, max(1, round((self.steps - self.sweeps) * share)), self.stop, self.clock)
