"""What is written of a model, whatever the format: the terms with their sign, the constraints, groups among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamctl.formats.models.labels import Numbered
from qamctl.qubo.model import EQ, Floats, Ints, Model

if TYPE_CHECKING:
    from qamctl.qubo.compile import Compiled


@dataclass(frozen=True, slots=True)
class Constraints:
    """Groups as equations, then the linear constraints, in CSR.

    Attributes
    ----------
    groups
        The first so many rows are one-hot groups.
    names
        [r] unique.
    """

    start: Ints
    index: Ints
    coef: Ints
    sense: Ints
    rhs: Ints
    groups: int
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Content:
    """A model as it is written: its terms are those of the objective in `sense`."""

    n: int
    linear: Floats
    row: Ints
    col: Ints
    weight: Floats
    offset: float
    labels: Sequence[str]
    sense: str
    constraints: Constraints

    @property
    def is_numbered(self) -> bool:
        """Whether the names are 0, 1, ..., as formats without names have them."""
        return self.labels == Numbered(self.n) or list(self.labels) == list(Numbered(self.n))

    def json_labels(self) -> list[str] | list[int]:
        """The names for dimod: whole numbers where they count from 0."""
        return list(range(self.n)) if self.is_numbered else list(self.labels)


def constraints_of(model: Model | Compiled, row_names: Sequence[str], group_names: Sequence[str]) -> Constraints:
    """The groups and constraints of a model; a compiled one has none."""
    if not isinstance(model, Model):
        none = np.zeros(0, np.int64)
        return Constraints(np.zeros(1, np.int64), none, none, none, none, 0, ())
    groups, rows = len(model.group_start) - 1, len(model.con_rhs)
    kinds = [model.con_kinds[kind] for kind in model.con_kind.tolist()]
    names = [
        *_named(group_names, [f"group{g}" for g in range(groups)]),
        *_named(row_names, [f"{kind}{c}" for c, kind in enumerate(kinds)]),
    ]
    if len(set(names)) < len(names):
        names = [f"group{g}" for g in range(groups)] + [f"row{c}" for c in range(rows)]
    return Constraints(
        np.concatenate([model.group_start, model.group_start[-1] + model.con_start[1:]]).astype(np.int64),
        np.concatenate([model.group_index, model.con_index]).astype(np.int64),
        np.concatenate([np.ones(len(model.group_index), np.int64), model.con_coef]),
        np.concatenate([np.full(groups, EQ), model.con_sense]).astype(np.int64),
        np.concatenate([np.ones(groups, np.int64), model.con_rhs]),
        groups,
        names,
    )


def _named(given: Sequence[str], made: Sequence[str]) -> list[str]:
    """The names that are given, and made ones in place of empty texts."""
    if len(given) != len(made):
        return list(made)
    return [name or instead for name, instead in zip(given, made, strict=True)]
