"""From a constrained binary model to a QUBO: constraints become penalties, inequalities get slack bits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qamctl.qubo.gram import gram, group_pairs, merge
from qamctl.qubo.model import Floats, Index, Ints, Model
from qamctl.qubo.penalties import AT_MOST_ONE, GENERAL, IMPLICATION, Weights, implication_ends, row_shapes, shifted
from qamctl.qubo.slack import Slack, slack_rows

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True)
class Compiled:
    """A QUBO: minimise offset + linear . y + sum of weight * y[row] * y[col] over binary y.

    Attributes
    ----------
    kind
        "qubo".
    n
        Variables, slack bits included; the first `n_model` are the model's.
    linear
        [n]
    row, col, weight
        Couplings, row < col, sorted, each pair once, none zero.
    slack
        How the slack bits follow from the model's variables.
    """

    kind: str
    n: int
    n_model: int
    linear: Floats
    row: Index
    col: Index
    weight: Floats
    offset: float
    slack: Slack

    @cached_property
    def sha256(self) -> str:
        """Of the canonical bytes: little-endian n, offset, linear, row, col, weight."""
        digest = hashlib.sha256(b"qamctl/qubo/1\0")
        digest.update(np.array([self.n, self.n_model], "<i8").tobytes())
        digest.update(np.array([self.offset], "<f8").tobytes())
        for column, kind in ((self.linear, "<f8"), (self.row, "<i4"), (self.col, "<i4"), (self.weight, "<f8")):
            digest.update(np.ascontiguousarray(column, dtype=kind).tobytes())
        return digest.hexdigest()

    def extend(self, sample: np.ndarray) -> np.ndarray:
        """[n] or [s, n]: samples of the model with the slack bits that cost least."""
        rows = np.atleast_2d(np.asarray(sample, np.uint8))
        full = np.concatenate([rows, self.slack.bits(rows)], axis=1)
        return full if np.ndim(sample) == 2 else full[0]

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The model's part of samples."""
        return np.asarray(samples)[..., : self.n_model]

    def energy(self, samples: np.ndarray) -> Floats:
        """[s] the energy of samples [s, n]; [1] for a single one."""
        rows = np.atleast_2d(np.asarray(samples, np.uint8))
        out = np.empty(len(rows))
        for i, sample in enumerate(rows):
            both = (sample[self.row] & sample[self.col]).astype(bool)
            out[i] = self.offset + float(self.linear[sample.astype(bool)].sum()) + float(self.weight[both].sum())
        return out

    def to_bqm(self) -> dimod.BinaryQuadraticModel:
        """The same QUBO as dimod holds it, variables 0 .. n - 1."""
        import dimod

        return dimod.BinaryQuadraticModel.from_numpy_vectors(
            self.linear, (self.row, self.col, self.weight), self.offset, dimod.BINARY, variable_order=range(self.n)
        )


def compile_qubo(model: Model, weights: Weights) -> Compiled:
    """The penalty QUBO of a model.

    One-hot groups become P (1 - sum)^2. At-most-one rows become P for each pair, implications
    P a (1 - z), both without slack. Other inequalities are divided by the greatest common divisor of
    their coefficients and get binary slack bits whose last coefficient is clipped, so that the slack
    reaches exactly the row's range (Lucas 2014, section 2.4; Vyskocil, Pakin and Djidjev 2019); they and
    equations are squared. The objective is shifted group by group (`penalties.shifted`).

    Raises
    ------
    InfeasibleError
        A row cannot be kept by any state.
    """
    linear, offset = shifted(model)
    shape = row_shapes(model)
    squares = slack_rows(model, np.flatnonzero(shape == GENERAL))
    n = model.n + squares.slack.n_bits
    linear = np.concatenate([linear, np.zeros(squares.slack.n_bits)])

    i, j = group_pairs(model.group_start, model.group_index)
    np.subtract.at(linear, model.group_index, weights.group)
    offset += weights.group * (len(model.group_start) - 1)
    parts = [(i, j, np.full(len(i), 2.0 * weights.group))]
    parts.append((model.row.astype(np.int64), model.col.astype(np.int64), model.weight))
    parts.append(_conflicts(model, np.flatnonzero(shape == AT_MOST_ONE), weights))

    rows = np.flatnonzero(shape == IMPLICATION)
    ends = implication_ends(model, rows)
    np.add.at(linear, ends[:, 0], weights.row[rows])
    parts.append((ends.min(axis=1), ends.max(axis=1), -weights.row[rows]))

    scale = weights.row[squares.rows]
    size = np.diff(squares.start)
    scale_of, rhs_of = np.repeat(scale, size), np.repeat(squares.rhs, size).astype(float)
    value = squares.coef.astype(float)
    np.add.at(linear, squares.index, scale_of * (value * value - 2.0 * rhs_of * value))
    offset += float((scale * squares.rhs.astype(float) ** 2).sum())
    parts += squares.couplings(scale, gram)

    row, col, weight = merge(n, *(np.concatenate([part[k] for part in parts]) for k in range(3)))
    return Compiled("qubo", n, model.n, linear, row, col, weight, float(offset), squares.slack)


def _conflicts(model: Model, rows: Ints, weights: Weights) -> tuple[Ints, Ints, Floats]:
    """Every pair that some at-most-one row forbids, once, with the largest weight; pairs of a group left out."""
    size = model.con_start[rows + 1] - model.con_start[rows]
    two = rows[size == 2]
    first = model.con_start[two]
    a, b = model.con_index[first].astype(np.int64), model.con_index[first + 1].astype(np.int64)
    found = [(np.minimum(a, b), np.maximum(a, b), weights.row[two])]
    more = rows[size > 2]
    for weight in np.unique(weights.row[more]):
        chosen = more[weights.row[more] == weight]
        length = model.con_start[chosen + 1] - model.con_start[chosen]
        start = np.concatenate([[0], np.cumsum(length)])
        entry = np.arange(start[-1]) + np.repeat(model.con_start[chosen] - start[:-1], length)
        i, j, _ = gram(start, model.con_index[entry], np.ones(len(entry)), np.ones(len(chosen)))
        found.append((i, j, np.full(len(i), weight)))
    row, col, weight = merge(model.n, *(np.concatenate([part[k] for part in found]) for k in range(3)), largest=True)
    i, j = row.astype(np.int64), col.astype(np.int64)
    group = np.full(model.n, -1, np.int64)
    group[model.group_index] = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    apart = (group[i] < 0) | (group[i] != group[j])
    return i[apart], j[apart], weight[apart]
