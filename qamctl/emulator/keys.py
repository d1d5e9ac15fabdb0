"""The key of a service: drawn anew, or somebody's own."""

from __future__ import annotations

import re
import secrets
from typing import Final

_KEY: Final = re.compile(r"[!-:<-~]{8,200}")  # a connection string ends it with a semicolon


def new_key() -> str:
    """A key that nobody guesses."""
    return secrets.token_urlsafe(24)


def is_key(text: str) -> bool:
    """Whether it can be one: 8 to 200 printable characters of ASCII, without spaces and semicolons."""
    return _KEY.fullmatch(text) is not None
