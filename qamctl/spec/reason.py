"""Why a problem has no solution: what every kind of problem says where that can be told without search."""

from __future__ import annotations

from dataclasses import dataclass

from qamctl.spec.source import Path_


@dataclass(frozen=True, slots=True)
class Reason:
    """One fault that makes a problem infeasible.

    Attributes
    ----------
    path
        The way to the field in the spec, for `spec.source.locate`.
    constraint
        What can't be kept, by the names that the checker uses for violations.
    text
        The fault in words, with ids, numbers in the spec's units.
    """

    path: Path_
    constraint: str
    text: str
