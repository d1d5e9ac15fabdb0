"""What a run can be held to: the objective terms of its kind, and which of two answers its objective prefers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aims:
    """What a problem is after.

    Attributes
    ----------
    terms
        Every objective term that a result of it can have.
    objective
        Weights by term, one mapping a level; none: one answer is not better than another.
    sense
        min or max: which values of a level are better.
    """

    terms: tuple[str, ...]
    objective: tuple[Mapping[str, float], ...] = ()
    sense: str = "min"
