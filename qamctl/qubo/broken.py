"""Which groups and rows samples break, many samples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.qubo.compile import Compiled
from qamctl.qubo.model import GE, LE, Model
from qamctl.qubo.shapes import row_of_entries


@dataclass(frozen=True, slots=True)
class Broken:
    """What each sample breaks.

    Attributes
    ----------
    groups
        [s, g] groups without exactly one chosen, or with further walls.
    rows
        [s, r] rows that are not kept; none where further walls say nothing certain of the variables.
    """

    groups: np.ndarray
    rows: np.ndarray

    @property
    def feasible(self) -> np.ndarray:
        """[s] whether a sample breaks nothing."""
        return np.asarray(~(self.groups.any(axis=1) | self.rows.any(axis=1)))


def broken(model: Model, compiled: Compiled, bits: np.ndarray) -> Broken:
    """What samples [s, n] of a compiled model break, before walls are mended."""
    bits = np.atleast_2d(np.asarray(bits))
    samples = compiled.restore(bits)
    group = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    row = row_of_entries(model)
    groups = np.zeros((len(bits), len(model.group_start) - 1), bool)
    rows = np.zeros((len(bits), len(model.con_rhs)), bool)
    for s, sample in enumerate(samples):
        chosen = np.bincount(group, weights=sample[model.group_index], minlength=groups.shape[1])
        groups[s] = chosen != 1
        total = np.bincount(row, weights=model.con_coef * sample[model.con_index], minlength=rows.shape[1])
        over = total - model.con_rhs
        rows[s] = np.where(model.con_sense == LE, over > 0, np.where(model.con_sense == GE, over < 0, over != 0))
    if compiled.walls is not None:
        further = compiled.walls.broken(bits[:, : compiled.n_model]) > 0
        groups[:, compiled.walls.groups] |= further
        rows[further.any(axis=1)] = False
    return Broken(groups, rows)
