"""Rows of few choices, written in the smallest numbers that allow the same states.

An inequality costs a slack bit for every power of two that its left side can stay below its right side. Few choices
have few sums: the right side can come down to the largest sum that it allows, and often all coefficients can be
rounded to a few units without a state changing sides. A window of large demands then needs two or three slack bits
where it would need ten.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qamctl.qubo.model import LE, Ints, Model
from qamctl.qubo.shapes import GENERAL, group_of_variables, row_shapes

#: Rows with more entries, or more combinations of choices, stay as they are.
MOST_ENTRIES: Final = 32
MOST_STATES: Final = 1024

#: Rows that are looked at in one model.
MOST_ROWS: Final = 500

#: What the largest coefficient is rounded to, in the order in which it is tried.
UNITS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24)


def tightened(model: Model) -> Model:
    """The model with smaller numbers in its rows, and without rows that no state of its groups breaks.

    States in which each one-hot group has one chosen keep the new rows where they keep the old ones.
    """
    size = np.diff(model.con_start)
    looked = (row_shapes(model) == GENERAL) & (model.con_sense == LE) & (size > 0) & (size <= MOST_ENTRIES)
    rows = np.flatnonzero(looked)[:MOST_ROWS]
    if not len(rows):
        return model
    group = group_of_variables(model)
    members = np.bincount(group[group >= 0], minlength=len(model.group_start))
    coef, rhs = model.con_coef.copy(), model.con_rhs.copy()
    dropped = np.zeros(len(size), bool)
    for r in rows.tolist():
        entries = slice(int(model.con_start[r]), int(model.con_start[r + 1]))
        parts = _parts(group[model.con_index[entries]], members)
        if parts is None:
            continue
        found = _smaller(coef[entries], int(rhs[r]), parts)
        if found is None:
            dropped[r] = True
        else:
            coef[entries], rhs[r] = found
    row = np.repeat(np.arange(len(size)), size)
    kept = (coef != 0) & ~dropped[row]
    count = np.bincount(row[kept], minlength=len(size))[~dropped]
    return replace(
        model, con_start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64), con_index=model.con_index[kept],
        con_coef=coef[kept], con_sense=model.con_sense[~dropped], con_rhs=rhs[~dropped],
        con_kind=model.con_kind[~dropped],
    )  # fmt: skip


def _parts(group: Ints, members: Ints) -> list[tuple[Ints, bool]] | None:
    """(entries of one choice, whether one of them is taken for sure); None where there are too many combinations."""
    parts: list[tuple[Ints, bool]] = [(np.array([k]), False) for k in np.flatnonzero(group < 0).tolist()]
    for g in np.unique(group[group >= 0]).tolist():
        entries = np.flatnonzero(group == g)
        parts.append((entries, len(entries) == members[g]))
    states = 1
    for entries, sure in parts:
        states *= len(entries) + (not sure)
        if states > MOST_STATES:
            return None
    return parts


def _sums(coef: Ints, parts: list[tuple[Ints, bool]]) -> Ints:
    """[states] the left side in every combination."""
    sums = np.zeros(1, np.int64)
    for entries, sure in parts:
        options = coef[entries] if sure else np.append(coef[entries], 0)
        sums = np.add.outer(sums, options).ravel()
    return sums


def _smaller(coef: Ints, rhs: int, parts: list[tuple[Ints, bool]]) -> tuple[Ints, int] | None:
    """The row in smaller numbers; None where every state keeps it."""
    sums = _sums(coef, parts)
    fits = sums <= rhs
    if fits.all():
        return None
    if not fits.any():
        return coef, rhs
    most = int(sums[fits].max())
    largest = int(np.abs(coef).max())
    for unit in UNITS:
        if unit >= largest:
            break
        rounded = np.round(coef * (unit / largest)).astype(np.int64)
        new = _sums(rounded, parts)
        right = int(new[fits].max())
        if right < int(new[~fits].min()):
            return rounded, right
    return coef, most
