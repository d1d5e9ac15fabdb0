"""What a reader of one format gives back: terms, constraints and names, before they are built into a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamctl.errors import Location
from qamctl.formats.models.build import Objective, Rows
from qamctl.spec.source import Source


@dataclass(frozen=True)
class Parsed:
    """The content of a model file.

    Attributes
    ----------
    sense
        What the file says: "min", "max", or None where it says nothing.
    place
        The place of a constraint in the file, by its number; of the objective for None. None: the file has no lines.
    name
        Of the problem, where the file has one.
    source
        Where the reader made one itself.
    solver
        Options of the solve that the file holds.
    """

    objective: Objective
    rows: Rows
    labels: Sequence[str]
    sense: str | None = None
    place: Callable[[int | None], Location] | None = None
    name: str | None = None
    source: Source | None = None
    solver: Mapping[str, Any] = field(default_factory=dict)
