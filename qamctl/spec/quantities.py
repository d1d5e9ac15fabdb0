"""Amounts of resources: decimals as written, integers once every amount of a resource has been seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from qamctl.spec.cells import PLACES, split_map
from qamctl.spec.decode import Coded, Ints, coded
from qamctl.spec.faults import Faults, Refusal, nearest, show
from qamctl.spec.fields import Field
from qamctl.spec.numbers import decimals, exact
from qamctl.spec.rows import Rows

#: No scaled quantity is larger.
MOST: Final = 10**12

Amounts = Mapping[int, Decimal]


class Measures:
    """The resources by name, and the decimals that each needs so far.

    Parameters
    ----------
    index
        Row of each resource; None where the list could not be read, so that no name can be called unknown.
    """

    def __init__(self, index: Mapping[str, int] | None, n: int) -> None:
        self._index, self._places = index, [0] * n

    def aside(self) -> Measures:
        """The same resources, for quantities that are checked and then not used."""
        return Measures(self._index, len(self._places))

    @property
    def scale(self) -> Ints:
        """[R] the power of ten that makes every quantity of a resource whole."""
        return np.array([10**places for places in self._places], np.int64)

    def single(self, rows: Rows, of: Ints, field: Field, faults: Faults) -> Coded[Decimal | None]:
        """One quantity a row: row i measures resource of[i]."""
        got = coded(rows, field, read_quantity, None, faults)
        for resource, code in zip(of.tolist(), got.codes.tolist(), strict=True):
            self._see(resource, got.values[code])
        return got

    def maps(self, rows: Rows, field: Field, faults: Faults) -> Coded[Amounts]:
        """Quantities by resource."""
        nothing: Amounts = {}
        return coded(rows, field, self.read_map, nothing, faults)

    def read_map(self, cell: Any, text: bool) -> Amounts:
        """The quantities in a cell, and note the decimals that they need."""
        cell = split_map(cell) if text else cell
        if not isinstance(cell, dict):
            raise Refusal(f"must be {{resource: number}}, found {show(cell)}")
        out: dict[int, Decimal] = {}
        for name, value in cell.items():
            if self._index is None:
                continue
            if name not in self._index:
                raise Refusal(f"unknown resource {show(name)}", nearest(str(name), self._index), (name,))
            try:
                number = read_quantity(value, text)
            except Refusal as refusal:
                raise Refusal(f"{show(name)} {refusal.message}", refusal.hint, (name,)) from None
            out[self._index[name]] = number
            self._see(self._index[name], number)
        return out

    def _see(self, resource: int, number: Decimal | None) -> None:
        if number is not None:
            self._places[resource] = max(self._places[resource], decimals(number))

    def column(self, got: Coded[Decimal | None], rows: Rows, of: Ints, field: Field, faults: Faults) -> Ints:
        """[n] scaled quantities of `single`, -1 where absent."""
        scaled = [
            -1 if got.values[code] is None else self._scaled(resource, got.values[code])
            for resource, code in zip(of.tolist(), got.codes.tolist(), strict=True)
        ]
        for row, number in enumerate(scaled):
            if number > MOST:
                faults.add(rows.path(row, field.name), _absurd(number))
        return np.array([min(number, MOST) for number in scaled], np.int64)

    def matrix(self, got: Coded[Amounts], absent: int, rows: Rows, field: Field, faults: Faults) -> Ints:
        """[n, R] scaled quantities of `maps`, `absent` where a resource is not named."""
        table = np.full((len(got.values), len(self._places)), absent, np.int64)
        for i, amounts in enumerate(got.values):
            for resource, number in amounts.items():
                scaled = self._scaled(resource, number)
                table[i, resource] = min(scaled, MOST)
                if scaled > MOST:
                    for row in np.flatnonzero(got.codes == i).tolist():
                        faults.add(rows.path(row, field.name), _absurd(scaled))
        return table[got.codes]

    def _scaled(self, resource: int, number: Decimal | None) -> int:
        return int((number or Decimal(0)).scaleb(self._places[resource]))


def as_written(scaled: int, scale: int) -> int | float:
    """A scaled quantity in the unit of the file: an int where it is integral."""
    value = Fraction(scaled, scale)
    return int(value) if value.denominator == 1 else float(value)


def _absurd(scaled: int) -> str:
    return f"is absurd: {scaled:.3g} of the resource's smallest unit, at most {MOST:.0e}"


def read_quantity(cell: Any, text: bool) -> Decimal:
    """A number that is not negative, with at most `PLACES` decimals.

    Raises
    ------
    Refusal
        It is none.
    """
    number = exact(cell, text=text)
    if number < 0:
        raise Refusal(f"must not be negative, found {show(cell)}")
    if number > MOST:
        raise Refusal(f"is absurd, found {show(cell)}", f"at most {MOST:.0e}")
    if decimals(number) > PLACES:
        raise Refusal(f"must have at most {PLACES} decimals, found {show(cell)}")
    return number
