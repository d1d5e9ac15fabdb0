"""What a command line came to, in this process or another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ran:
    """Exit code and streams of a command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one object that it must be."""
        return json.loads(self.out)


Run = Callable[..., Ran]
