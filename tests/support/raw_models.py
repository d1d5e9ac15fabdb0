"""Models without constraints from plain vectors, however large."""

from __future__ import annotations

import numpy as np
from support.families import Vectors

from qamctl.qubo.model import Model


def raw_model(vectors: Vectors, offset: float = 0.0) -> Model:
    """The model of (linear, row, col, weight); each pair at most once, in any order."""
    linear, row, col, weight = vectors
    low, high = np.minimum(row, col), np.maximum(row, col)
    order = np.lexsort((high, low))
    none, start = np.zeros(0, np.int64), np.zeros(1, np.int64)
    return Model(
        n=len(linear),
        linear=np.asarray(linear, float),
        row=low[order].astype(np.int32),
        col=high[order].astype(np.int32),
        weight=np.asarray(weight, float)[order],
        offset=offset,
        group_start=start,
        group_index=none.astype(np.int32),
        con_start=start,
        con_index=none.astype(np.int32),
        con_coef=none,
        con_sense=none.astype(np.int8),
        con_rhs=none,
        con_kind=none.astype(np.int8),
        con_kinds=(),
        labels=range(len(linear)),  # type: ignore[arg-type]
    )
