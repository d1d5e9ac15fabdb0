"""Where figures stand on an axis, and which of them are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from qamctl.report.svg import element, text


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, drawn from `first` to `last` in units of the picture."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        """Where a value stands; everything is at the beginning where the axis has no length."""
        span = self.high - self.low
        return self.first + (self.last - self.first) * ((value - self.low) / span if span > 0 else 0.0)

    def ticks(self, most: int) -> list[float]:
        """Round figures on the axis, at most so many."""
        span = self.high - self.low
        if not span > 0 or not math.isfinite(span):
            return [self.low]
        step = 10.0 ** math.floor(math.log10(span / most))
        step = next(step * by for by in (1, 2, 5, 10, 20) if span / (step * by) <= most)
        first = math.ceil(self.low / step - 1e-9)
        return [tidy(k * step) for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def tidy(value: float) -> float:
    """A figure without the last digits that arithmetic leaves; an int where it is whole."""
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded.is_integer() else rounded


def figure(value: float) -> str:
    """A figure beside an axis."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def below(axis: Axis, top: float, bottom: float, most: int = 10) -> Iterator[str]:
    """Lines across a picture at round figures, which stand below it."""
    for value in axis.ticks(most):
        x = axis.at(value)
        yield element("line", class_="grid", x1=x, y1=top, x2=x, y2=bottom)
        yield text(x, bottom + 13, figure(value), class_="small", anchor="middle")


def beside(axis: Axis, left: float, right: float, most: int = 5) -> Iterator[str]:
    """Lines along a picture at round figures, which stand to the left of it."""
    for value in axis.ticks(most):
        y = axis.at(value)
        yield element("line", class_="grid", x1=left, y1=y, x2=right, y2=y)
        yield text(left - 6, y + 4, figure(value), class_="small", anchor="end")
