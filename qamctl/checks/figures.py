"""Figures as checkers compute and compare them: exact wherever data are decimals, the same whatever the order."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, TypeGuard

import numpy as np
import numpy.typing as npt

#: Figures that are not whole numbers may differ by the rounding of sums.
_CLOSE: Final = 1e-9

#: No figure is greater; also keeps whole numbers in the range of floats.
_MOST: Final = 1e300

#: Cuts long texts and lists, and deep ones, so that no value makes a sentence long or slow.
_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 2


def number(value: Fraction) -> int | float:
    """An exact value as a plain number: an int where it is integral, else the nearest float."""
    return value.numerator if value.denominator == 1 else float(value)


def decimal(value: float) -> Fraction:
    """A number as it was written: 0.1 is a tenth."""
    return Fraction(repr(float(value)))


def dot(factor: npt.NDArray[np.float64], amount: npt.NDArray[np.int64]) -> Fraction:
    """The sum of the products: exact where the factors are decimals of at most twelve places, whatever the order."""
    for scale in (1, 1_000, 1_000_000, 10**9, 10**12):
        scaled = np.rint(factor * scale)
        if np.array_equal(scaled / scale, factor):
            greatest = float(np.abs(scaled).max(initial=0)) * float(np.abs(amount).max(initial=1))
            if greatest * max(1, len(amount)) < 2**62:
                return Fraction(int(np.dot(scaled.astype(np.int64), amount)), scale)
            pairs = zip(scaled.tolist(), amount.tolist(), strict=True)  # too great for 64 bits
            return Fraction(sum(int(s) * a for s, a in pairs), scale)
    return decimal(math.fsum((factor * amount).tolist()))


def total(values: npt.NDArray[np.float64]) -> Fraction:
    """The sum: exact where the values are decimals, as in `dot`."""
    return dot(values, np.ones(len(values), np.int64))


def level_values(
    objective: Sequence[Mapping[str, float]], exact: Mapping[str, Fraction]
) -> tuple[dict[str, int | float], tuple[int | float, ...]]:
    """The terms as numbers, and the value of each objective level: the weighted sum of its terms."""
    levels = (sum((decimal(w) * exact[term] for term, w in level.items()), Fraction(0)) for level in objective)
    return {term: number(value) for term, value in exact.items()}, tuple(number(value) for value in levels)


def amount(scaled: int, scale: int) -> int | float:
    """A scaled quantity in units as written."""
    return scaled // scale if scaled % scale == 0 else scaled / scale


def shown(value: object) -> str:
    """A value that a file holds, short enough for a sentence."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "a value with a number far too long"


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value of a file can be a figure."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def same(value: object, expected: float | None) -> bool:
    """Whether a figure is the expected one: whole numbers exactly, others up to the rounding of sums."""
    if expected is None or value is None:
        return value is expected
    if not is_number(value):
        return False
    if isinstance(expected, int) and abs(expected) <= 2**53 and float(value).is_integer():
        return value == expected
    return math.isclose(value, expected, rel_tol=_CLOSE, abs_tol=_CLOSE)
