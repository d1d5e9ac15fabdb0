"""Whether samples keep the constraints of a model, many at once."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.model import GE, LE, Model


def feasible(model: Model, samples: np.ndarray) -> np.ndarray:
    """[s] whether each of samples [s, n] keeps every group and row of the model."""
    group = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    row = np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start))
    good = np.zeros(len(samples), bool)
    for s, sample in enumerate(np.asarray(samples)):
        chosen = np.bincount(group, weights=sample[model.group_index], minlength=len(model.group_start) - 1)
        if (chosen != 1).any():
            continue
        total = np.bincount(row, weights=model.con_coef * sample[model.con_index], minlength=len(model.con_rhs))
        over = total - model.con_rhs
        broken = np.where(model.con_sense == LE, over > 0, np.where(model.con_sense == GE, over < 0, over != 0))
        good[s] = not broken.any()
    return good
