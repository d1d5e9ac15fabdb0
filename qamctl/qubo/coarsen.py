"""Rows of a window in coarser numbers: they forbid a little more, never the state that the window begins with.

A row of large numbers needs a slack bit for every power of two, and weights times squares that doubles no longer hold
exactly. In a window the rest of the problem is given up anyway; so may be some of the states that nearly fill a row.
Measured from the state that the window begins with, what is added counts as whole units of q, rounded up, what is
taken away rounded down, and so does the room that is left: whatever keeps the coarse row keeps the row.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

import numpy as np

from qamctl.qubo.model import LE, Ints, Model
from qamctl.qubo.shapes import GENERAL, row_of_entries, row_shapes


def coarsened(model: Model, sample: np.ndarray, bits: int, kinds: Container[str]) -> Model:
    """The model with rows that need at most so many slack bits; `sample`, which keeps the rows, keeps the new ones.

    Parameters
    ----------
    kinds
        Those of the rows that may be made coarser; others stay as they are, as do equations and rows >=.
    """
    chosen = np.array([kind in kinds for kind in model.con_kinds], bool)[model.con_kind]
    chosen &= (row_shapes(model) == GENERAL) & (model.con_sense == LE)
    row = row_of_entries(model)
    least = np.zeros(len(model.con_rhs), np.int64)
    np.add.at(least, row, np.minimum(model.con_coef, 0))
    rows = np.flatnonzero(chosen & (model.con_rhs - least >= 1 << bits))
    if not len(rows):
        return model
    coef, rhs = model.con_coef.copy(), model.con_rhs.copy()
    for r in rows.tolist():
        entries = slice(int(model.con_start[r]), int(model.con_start[r + 1]))
        on = np.asarray(sample)[model.con_index[entries]] != 0
        coef[entries], rhs[r] = _coarse(model.con_coef[entries], int(model.con_rhs[r]), on, bits)
    kept = coef != 0
    count = np.bincount(row[kept], minlength=len(rhs))
    return replace(
        model, con_start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64), con_index=model.con_index[kept],
        con_coef=coef[kept], con_rhs=rhs,
    )  # fmt: skip


def _coarse(coef: Ints, rhs: int, on: np.ndarray, bits: int) -> tuple[Ints, int]:
    """A row in units that are just large enough."""
    room = rhs - int(coef[on].sum())
    unit = max(1, (rhs - int(np.minimum(coef, 0).sum())) >> bits)
    while True:
        rounded = np.where(on, coef // unit, -(-coef // unit))
        right = room // unit + int(rounded[on].sum())
        if right - int(np.minimum(rounded, 0).sum()) < 1 << bits or unit > int(np.abs(coef).max()):
            return rounded, right
        unit += 1 + unit // 8
