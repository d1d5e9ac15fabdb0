"""What a check of a result file says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SCHEMA: Final = "qamctl/result/1"
STATUSES: Final = ("optimal", "feasible", "infeasible", "unknown", "interrupted")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in a result file that does not hold.

    Attributes
    ----------
    kind
        One of the part's `DISCREPANCIES`.
    field
        The way to it in the result file: `levels[0].bound`.
    text
        What is wrong and what it should be.
    """

    kind: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.field}: {self.text}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes
    ----------
    found
        What does not hold.
    notes
        What was not computed a second time, and why: it was only held against the rest of the result.
    """

    found: Sequence[Discrepancy]
    notes: Sequence[str] = ()
