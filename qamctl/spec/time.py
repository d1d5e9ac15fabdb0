"""The time axis of a problem: numbers in the file's unit outside, int64 ticks inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

#: Seconds in a unit, for ISO-8601 durations and date-times; other words are units without a calendar.
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Conversion between ticks and the unit of the file.

    Attributes
    ----------
    unit
        s, min, h, d, or any word.
    resolution
        Units in one tick.
    origin
        The date-time of tick 0, where the file gives one.
    """

    unit: str = "s"
    resolution: Fraction = Fraction(1)
    origin: datetime | None = None

    def to_units(self, ticks: int) -> int | float:
        """Ticks as a number in the unit: an int where it is integral."""
        value = ticks * self.resolution
        return int(value) if value.denominator == 1 else float(value)

    def to_units_each(self, ticks: Iterable[int]) -> list[int | float]:
        """Many ticks as numbers in the unit, as `to_units` gives each: without its fractions, which are slow."""
        up, down = self.resolution.numerator, self.resolution.denominator
        if down == 1:
            return [tick * up for tick in ticks]
        # A quotient of two ints is the nearest float, as that of a fraction is.
        return [tick * up / down if tick * up % down else tick * up // down for tick in ticks]

    def to_ticks(self, units: Fraction, *, round_up: bool) -> int:
        """Units as ticks; durations, lags and releases round up, deadlines and due times down."""
        ticks = units / self.resolution
        return -(-ticks.numerator // ticks.denominator) if round_up else ticks.numerator // ticks.denominator

    def to_datetime(self, ticks: int) -> datetime:
        """The moment of a tick; needs an origin and a unit with a length in seconds."""
        if self.origin is None:
            raise ValueError("the time axis has no origin")
        seconds = ticks * self.resolution * SECONDS[self.unit]
        return self.origin + timedelta(microseconds=round(seconds * 1_000_000))
