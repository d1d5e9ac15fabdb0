"""The way back from the kernels' coefficients to a model, for searches and proofs that take models."""

from __future__ import annotations

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.model import Model


def whole_model(model: Couplings, groups: tuple[np.ndarray, np.ndarray] | None = None) -> Model:
    """The kernels' coefficients as a model, in their own units and without offset.

    Parameters
    ----------
    groups
        (start, index) of one-hot groups, as a model holds them; None: there are none.
    """
    row = np.repeat(np.arange(model.n, dtype=np.int32), np.diff(model.first))
    above = row < model.other
    none, start = np.zeros(0, np.int32), np.zeros(1, np.int64)
    group_start, group_index = (start, none) if groups is None else groups
    return Model(
        n=model.n, linear=model.linear.astype(np.float64), row=row[above], col=model.other[above],
        weight=model.weight[above].astype(np.float64), offset=0.0, group_start=group_start, group_index=group_index,
        con_start=start, con_index=none, con_coef=np.zeros(0, np.int64), con_sense=np.zeros(0, np.int8),
        con_rhs=np.zeros(0, np.int64), con_kind=np.zeros(0, np.int8), con_kinds=(),
        labels=[str(i) for i in range(model.n)],
    )  # fmt: skip
