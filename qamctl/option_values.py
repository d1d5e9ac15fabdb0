"""What the value of an option may be, whether it comes as text or as data: readers, which the table of options names.

Each raises a ValueError whose message says what the value must be.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def integer(least: int, limit: int = 2**63) -> Callable[[Any], int]:
    """A whole number of at least `least` and below `limit`."""

    def parse(raw: Any) -> int:
        given = raw.strip() if isinstance(raw, str) else raw
        if isinstance(given, str) and re.fullmatch(r"[+-]?[0-9]{1,400}", given):
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int) or given < least:
            raise ValueError(f"must be an integer of at least {least}")
        if given >= limit:
            raise ValueError(f"must be an integer of at least {least} and at most {limit - 1:,}")
        return given

    return parse


def seconds(limit: float) -> Callable[[Any], float]:
    """A number of seconds above 0 and below `limit`."""

    def parse(raw: Any) -> float:
        try:
            value = float(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else 0.0
        except (ValueError, OverflowError):
            value = 0.0
        if not value > 0:
            raise ValueError("must be a number of seconds above 0")
        if value >= limit:
            raise ValueError(f"must be a number of seconds above 0 and below {limit:,.0f}")
        return value

    return parse


def number(raw: Any) -> float:
    """Any finite number."""
    try:
        value = float(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("must be a number")
    return value


def file(endings: tuple[str, ...]) -> Callable[[Any], Path]:
    """A path that ends in one of the endings."""
    named = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]

    def parse(raw: Any) -> Path:
        found = path(raw)
        if found.suffix not in endings:
            raise ValueError(f"must be a file that ends in {named}")
        return found

    return parse


def switch(raw: Any) -> bool:
    """On or off."""
    if isinstance(raw, bool):
        return raw
    said = raw.strip().lower() if isinstance(raw, str) else None
    if said not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError("must be true or false")
    return said in ("1", "true", "yes", "on")


def names(raw: Any) -> tuple[str, ...]:
    """One name or several, each once: a list, or a text with commas."""
    parts = [raw] if isinstance(raw, str) else raw
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a name or a list of names")
    found = tuple(dict.fromkeys(name.strip() for part in parts for name in part.split(",")))
    if not found or not all(found):
        raise ValueError("must be a name or a list of names")
    return found


def conditions(raw: Any) -> tuple[str, ...]:
    """Conditions, each once, as they were written: a list of texts, or one, with commas between them."""
    parts = [raw] if isinstance(raw, str) else raw
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be conditions, as in gap<=0.02,tardy==0")
    found = tuple(dict.fromkeys(one.strip() for part in parts for one in part.split(",")))
    if not all(found):
        raise ValueError("must be conditions with a comma between them, as in gap<=0.02,tardy==0")
    return found


def word(*words: str) -> Callable[[Any], str]:
    """One of the words."""

    def parse(raw: Any) -> str:
        if raw not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return str(raw)

    return parse


def text(raw: Any) -> str:
    """A text of a few printable characters."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 1000 or not raw.isprintable():
        raise ValueError("must be a text of at most 1,000 printable characters")
    return raw.strip()


def amount(raw: Any) -> float:
    """A number of at least 0."""
    value = number(raw)
    if value < 0:
        raise ValueError("must be a number of at least 0")
    return value


def path(raw: Any) -> Path:
    """A path; `~` is the home of a user."""
    given = os.fspath(raw) if isinstance(raw, (str, Path)) else ""
    if not given or "\0" in given:
        raise ValueError("must be a path")
    try:
        return Path(given).expanduser()
    except RuntimeError as error:  # ~nobody
        raise ValueError("must be a path of a known user") from error
