"""Numbers on the command line that are no options of a run."""

from __future__ import annotations

import math
import re

from qamctl.errors import UsageError


def whole(name: str, text: str | None, *, default: int = 1) -> int:
    """A whole number of at least 1.

    Raises
    ------
    UsageError
        The text is something else.
    """
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise UsageError(f"{name} must be a whole number of at least 1, not {text!r}")
    return int(text)


def factor(name: str, text: str | None, *, default: float = 1.0) -> float:
    """A number above 0.

    Raises
    ------
    UsageError
        The text is something else.
    """
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{name} must be a number above 0, not {text!r}")
    return value


def number(name: str, text: str) -> float:
    """Any finite number.

    Raises
    ------
    UsageError
        The text is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{name} must be a number, not {text!r}")
    return value
