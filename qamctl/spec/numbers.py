"""Numbers exactly as they are written: 0.1 is one tenth, whichever of YAML, JSON and CSV it stands in."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from qamctl.spec.faults import Refusal, show
from qamctl.spec.yaml_text import DIGITS

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII).fullmatch


def exact(cell: Any, *, text: bool) -> Decimal:
    """The number in a cell; with `text`, the cell is CSV text.

    Raises
    ------
    Refusal
        It is none, is not finite, or has more digits than anything here needs.
    """
    if text:
        if not _NUMBER(cell):
            raise Refusal(f"must be a number, found {show(cell)}")
        number = Decimal(cell) if len(cell) <= 2 * DIGITS else None
    elif type(cell) is int:
        number = Decimal(cell) if -(10**DIGITS) < cell < 10**DIGITS else None
    elif type(cell) is float:
        number = Decimal(repr(cell))
    else:
        hint = "write it without quotes" if isinstance(cell, str) and _NUMBER(cell) else None
        raise Refusal(f"must be a number, found {show(cell)}", hint)
    if number is not None and not number.is_finite():
        raise Refusal(f"must be a finite number, found {show(cell)}")
    if number is None or (number and not -30 <= number.adjusted() <= 30):
        raise Refusal(f"the number {show(cell)} is absurd", "use at most 25 digits")
    return number if number else Decimal(0)


def decimals(number: Decimal) -> int:
    """Digits after the point, trailing zeros apart."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
