"""What the objects say and a problem file can't, gathered so that a hundred replicas make one warning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: Names in a warning.
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Untold:
    """Fields that are left out, with the reason, and whose they are."""

    _names: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def note(self, what: str, reason: str, name: str) -> None:
        """Note a field of an object of this name; `reason` says what becomes of it."""
        self._names.setdefault((what, reason), {})[name] = None

    def lines(self) -> list[str]:
        """A line for each field and reason, in the order in which they came up."""
        out = []
        for (what, reason), names in self._names.items():
            shown = ", ".join(list(names)[:_SHOWN])
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            out.append(f"{what} of {shown}{more}: {reason}")
        return out
