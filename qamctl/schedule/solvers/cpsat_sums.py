"""Exact sums of CP-SAT's variables, and their scaling to integers.

CP-SAT minimises integers. Weights, costs and the tick are decimal fractions, so a level is multiplied by
the least number that makes all its coefficients integers; where these would be too large for exact
arithmetic they are rounded down, and what CP-SAT proves is then a bound and no optimum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from qamctl.schedule.solvers.cpsat_variables import Point, Variables

#: Largest objective value: below it CP-SAT's figures, which pass through float64, are exact.
LARGEST: Final = 2**53


@dataclass
class Sum:
    """A sum of variables with exact coefficients, all at least 0, in objective units."""

    coefficients: dict[int, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def add(self, point: Point, weight: Fraction) -> None:
        """Adds weight * point."""
        self.constant += weight * point.offset
        if point.variable is not None and weight:
            i = point.variable.index
            self.coefficients[i] = self.coefficients.get(i, Fraction(0)) + weight

    def value(self, values: Mapping[int, int]) -> Fraction:
        """The sum where variable i has values[i], without the constant."""
        return sum((weight * values[i] for i, weight in self.coefficients.items()), Fraction(0))


@dataclass(frozen=True)
class Scaled:
    """A sum times `scale`, in integers: never above the true sum, and equal to it where `exact`."""

    coefficients: dict[int, int]
    scale: Fraction
    exact: bool


def scaled(total: Sum, variables: Variables) -> Scaled:
    """The sum in the smallest integers that hold it exactly, else rounded down to what float64 holds."""
    weights = total.coefficients
    if not weights:
        return Scaled({}, Fraction(1), True)
    largest = sum(weight * variables[i][2] for i, weight in weights.items())
    common = math.lcm(*(weight.denominator for weight in weights.values()))
    scale = Fraction(common, math.gcd(*(int(weight * common) for weight in weights.values())))
    if largest * scale <= LARGEST:
        return Scaled({i: int(weight * scale) for i, weight in weights.items()}, scale, True)
    scale = Fraction(LARGEST) / largest
    return Scaled({i: math.floor(weight * scale) for i, weight in weights.items()}, scale, False)


def rounded_down(number: Fraction) -> float:
    """The greatest float that is not above the number."""
    near = float(number)
    return near if Fraction(near) <= number else math.nextafter(near, -math.inf)


def combined(terms: Sequence[Sum], weights: Sequence[Fraction]) -> Sum:
    """The sum of some sums, each with a weight."""
    out = Sum()
    for term, weight in zip(terms, weights, strict=True):
        out.constant += weight * term.constant
        for i, coefficient in term.coefficients.items():
            if weight:
                out.coefficients[i] = out.coefficients.get(i, Fraction(0)) + weight * coefficient
    return out


@lru_cache(maxsize=1 << 16)
def exact(number: float) -> Fraction:
    """The decimal that the number was written as."""
    return Fraction(repr(float(number)))
