"""Times of a problem file, exactly: numbers in the unit, ISO-8601 durations, date-times; ticks once all are known.

Decoding has two steps, because the default resolution depends on every time in the file: cells become exact
numbers in the unit, and those become ticks when the last of them has been seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

import numpy as np

from qamctl.spec.decode import ABSENT, Coded, Ints, coded, plain_integers
from qamctl.spec.faults import Faults, Refusal, show
from qamctl.spec.fields import Field
from qamctl.spec.numbers import exact
from qamctl.spec.rows import Rows
from qamctl.spec.time import SECONDS, TimeAxis

#: No time is further from 0 than this many ticks.
MOST_TICKS: Final = 10**12

_ISO = re.compile(
    r"([-+]?)P(?=.)(?:(N)W)?(?:(N)D)?(?:T(?=.)(?:(N)H)?(?:(N)M)?(?:(N)S)?)?".replace("N", r"\d{1,15}(?:[.,]\d{1,9})?"),
    re.ASCII,
).fullmatch
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).match
_WEEK_DAY_HOUR_MINUTE_SECOND: Final = (604_800, 86_400, 3_600, 60, 1)


@dataclass
class Clock:
    """The time axis while the file is read; `integral` turns false at the first time that needs a finer tick."""

    unit: str = "s"
    resolution: Fraction | None = None
    origin: datetime | None = None
    integral: bool = field(default=True)

    def axis(self) -> TimeAxis:
        """The axis, once every time has been seen."""
        return TimeAxis(self.unit, self.resolution or Fraction(1, 1 if self.integral else 1000), self.origin)

    def units(self, cell: Any, text: bool, *, moment: bool) -> Fraction:
        """The exact time in a cell; date-times only for a moment.

        Raises
        ------
        Refusal
            The cell holds no time, or one that this clock cannot tell.
        """
        if isinstance(cell, str):
            iso = _ISO(cell)
            if iso:
                return self._seconds(iso, cell)
            if re.match(r"[-+]?P\d+(\.\d+)?[YM]", cell):
                raise Refusal(f"{show(cell)} has years or months, which have no fixed length", "use days")
            if _DATE(cell):
                if not moment:
                    raise Refusal(f"must be a length of time, found the date-time {show(cell)}")
                return self._since_origin(cell)
        try:
            return Fraction(exact(cell, text=text))
        except Refusal as refusal:
            if refusal.message.startswith("must be a number"):
                forms = "a number, a duration such as PT30M" + (" or a date-time" if moment else "")
                refusal.message = f"must be {forms}, found {show(cell)}"
            raise

    def _seconds(self, iso: re.Match[str], cell: str) -> Fraction:
        if self.unit not in SECONDS:
            advice = "write a number, or use one of s, min, h, d"
            raise Refusal(f"{show(cell)} has no meaning in the unit {show(self.unit)}", advice)
        seconds = sum(
            Fraction(part.replace(",", ".")) * length
            for part, length in zip(iso.groups()[1:], _WEEK_DAY_HOUR_MINUTE_SECOND, strict=True)
            if part
        )
        return (-seconds if iso[1] == "-" else seconds) / Fraction(SECONDS[self.unit])

    def _since_origin(self, cell: str) -> Fraction:
        if self.origin is None:
            raise Refusal(f"the date-time {show(cell)} needs `time.origin`", "add it, or write a number")
        moment = read_datetime(cell)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.origin.tzinfo)
        elif self.origin.tzinfo is None:
            advice = "give the origin a zone, such as +00:00"
            raise Refusal(f"{show(cell)} has a zone and `time.origin` has none", advice)
        try:
            gap = moment - self.origin
        except OverflowError:
            raise Refusal(f"{show(cell)} is too far from the origin") from None
        micros = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
        return Fraction(micros, 1_000_000 * SECONDS[self.unit])


def read_datetime(cell: Any, text: bool = False) -> datetime:
    """A date-time in ISO-8601 form."""
    if isinstance(cell, str) and _DATE(cell):
        try:
            return datetime.fromisoformat(cell)
        except ValueError:
            pass
    raise Refusal(f"must be a date-time such as 2026-11-20T20:00:00+00:00, found {show(cell)}")


@dataclass(slots=True)
class Times:
    """A column of times in the unit: plain integers (ABSENT where absent), or distinct exact values."""

    rows: Rows
    field: Field
    whole: Ints | None
    exact: Coded[Fraction | None] | None

    def ticks(self, axis: TimeAxis, *, round_up: bool, absent: int, faults: Faults) -> Ints:
        """[n] ticks; `absent` where absent, and where the time is beyond `MOST_TICKS`."""
        most = MOST_TICKS * axis.resolution
        if self.whole is not None and axis.resolution == 1:
            out, missing = self.whole, self.whole == ABSENT
            far = (out > MOST_TICKS) | ((out < -MOST_TICKS) & ~missing)
            if far.any() or missing.any():
                out = out.copy()
                out[far | missing] = absent
        else:
            values, codes = self._values()
            table = np.full(len(values), absent, np.int64)
            beyond = np.zeros(len(values), bool)
            for i, value in enumerate(values):
                if value is not None:
                    beyond[i] = not -most <= value <= most
                    table[i] = absent if beyond[i] else axis.to_ticks(value, round_up=round_up)
            out, far = table[codes], beyond[codes]
        for row in np.flatnonzero(far).tolist():
            message = f"is more than {MOST_TICKS:,} ticks away from 0"
            faults.add(self.rows.path(row, self.field.name), message, "use a coarser time.unit")
        return out

    def scaled(self, parts: int, faults: Faults) -> list[int]:
        """The times in `parts` of the unit, rounded up; 0 where absent, and beyond `MOST_TICKS` units."""
        values, codes = self._values()
        far = [value is not None and not -MOST_TICKS <= value <= MOST_TICKS for value in values]
        whole = [
            0 if value is None or beyond else -(-value.numerator * parts // value.denominator)
            for value, beyond in zip(values, far, strict=True)
        ]
        for row, code in enumerate(codes.tolist()):
            if far[code]:
                message = f"is more than {MOST_TICKS:,} units away from 0"
                faults.add(self.rows.path(row, self.field.name), message, "use a coarser time.unit")
        return [whole[code] for code in codes.tolist()]

    def _values(self) -> tuple[list[Fraction | None], Ints]:
        if self.exact is not None:
            return self.exact.values, self.exact.codes.astype(np.int64)
        assert self.whole is not None
        distinct, codes = np.unique(self.whole, return_inverse=True)
        return [None if v == ABSENT else Fraction(v) for v in distinct.tolist()], codes


def times(rows: Rows, field: Field, clock: Clock, faults: Faults) -> Times:
    """Decode a column of durations, lags or moments; only lags may be negative."""
    column = rows.columns.get(field.name)
    whole = plain_integers(column) if column is not None else np.full(rows.n, ABSENT, np.int64)
    if whole is not None:
        if field.type != "lag":
            for row in np.flatnonzero((whole < 0) & (whole != ABSENT)).tolist():
                faults.add(rows.path(row, field.name), f"must not be negative, found {whole[row]}")
        return Times(rows, field, whole, None)

    def read(cell: Any, text: bool) -> Fraction | None:
        value = clock.units(cell, text, moment=field.type == "moment")
        if value < 0 and field.type != "lag":
            raise Refusal(f"must not be negative, found {show(cell)}")
        if value.denominator != 1:
            clock.integral = False
        return value

    return Times(rows, field, None, coded(rows, field, read, None, faults))
