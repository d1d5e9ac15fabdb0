"""What a watch was asked for: how often it looks, how often in all, and what is worth a re-balance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from qamctl.errors import UsageError
from qamctl.options import LONGEST
from qamctl.spec.faults import Refusal
from qamctl.spec.moments import Clock

#: Seconds between two looks, where nothing is said.
EVERY: Final = 60.0

#: Seconds between two looks at least.
LEAST: Final = 0.1

#: The share of the objective that a re-balance must save, where nothing is said.
THRESHOLD: Final = 0.05

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|min|s|m|h|d|w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a fleet is watched.

    Attributes
    ----------
    every
        Seconds from the beginning of a look to the beginning of the next.
    count
        Looks in all; None: until a signal ends the watch.
    threshold
        The share of the objective that a re-balance must save to be proposed.
    search
        Whether re-balances are searched for at all.
    """

    every: float = EVERY
    count: int | None = None
    threshold: float = THRESHOLD
    search: bool = True


def read_interval(text: str) -> float:
    """Seconds of an interval: `60s`, `5m`, `1h30m`, a plain number of seconds, or an ISO-8601 duration (`PT5M`).

    Raises
    ------
    UsageError
        It is none, or less than `LEAST`.
    """
    seconds = _seconds(text.strip())
    if seconds is None or not LEAST <= seconds < LONGEST:
        raise UsageError(f"--every must be a time such as 60s, 5m, 1h30m or PT5M, of {LEAST} s or more, not {text!r}")
    return seconds


def _seconds(text: str) -> float | None:
    if re.fullmatch(f"(?:{_PART.pattern})+", text, re.ASCII):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        return float(Clock().units(text, True, moment=False))
    except (Refusal, OverflowError):
        return None


def read_threshold(text: str) -> float:
    """A share: `5%`, or 0.05.

    Raises
    ------
    UsageError
        It is none, or not from 0 to 1.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(%?)", text.strip(), re.ASCII)
    share = float("nan") if found is None else float(found[1]) / (100 if found[2] else 1)
    if not 0 <= share <= 1:
        raise UsageError(f"--threshold must be a share such as 5% or 0.05, not {text!r}")
    return share
