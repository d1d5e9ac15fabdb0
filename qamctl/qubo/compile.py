"""From a constrained binary model to a QUBO: constraints become penalties, inequalities get slack bits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qamctl.qubo.bit_labels import BitLabels
from qamctl.qubo.domain_wall import DomainWalls, domain_walls
from qamctl.qubo.encodings import check_names
from qamctl.qubo.gram import gram, group_pairs
from qamctl.qubo.model import Floats, Index, Ints, Model
from qamctl.qubo.penalties import Weights
from qamctl.qubo.shapes import GENERAL, row_shapes
from qamctl.qubo.slack import Slack, slack_rows
from qamctl.qubo.terms import Terms, plain_terms
from qamctl.qubo.unbalanced import Lambdas, parabolas

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
        Variables, slack bits included; the first `n_model` stand for the model's.
    linear
        [n]
    row, col, weight
        Couplings, row < col, sorted, each pair once, none zero.
    slack
        How the slack bits follow from the model's variables.
    walls
        How the first `n_model` bits follow from the model's variables; None: they are the model's variables.
    labels
        [n] a name for each variable: the model's own, `wall/<label>` for the wall after a member, and
        `slack/<kind>/<row>/<bit>`.
    group_start, group_index
        CSR of the one-hot groups among the variables, for engines that can keep them; empty where walls stand for them.
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
    walls: DomainWalls | None = None
    labels: Sequence[str] = ()
    group_start: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    group_index: Index = field(default_factory=lambda: np.zeros(0, np.int32))

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
        own = rows if self.walls is None else self.walls.bits(rows)
        full = np.concatenate([own, self.slack.bits(rows)], axis=1)
        return full if np.ndim(sample) == 2 else full[0]

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The model's part of samples; where walls are broken, the nearest whole ones."""
        own = np.asarray(samples)[..., : self.n_model]
        if self.walls is None:
            return own
        values = self.walls.values(np.atleast_2d(own))
        return values if own.ndim == 2 else values[0]

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


def compile_qubo(
    model: Model,
    weights: Weights,
    *,
    one_hot: str = "one-hot",
    inequality: str = "slack",
    lambdas: Lambdas | None = None,
) -> Compiled:
    """The penalty QUBO of a model.

    At-most-one rows become P for each pair, implications P a (1 - z), both without slack. Other inequalities
    are divided by the greatest common divisor of their coefficients and get binary slack bits whose last
    coefficient is clipped, so that the slack reaches exactly the row's range (Lucas 2014, section 2.4;
    Vyskocil, Pakin and Djidjev 2019); they and equations are squared. The objective is shifted group by group
    (`objective.shifted`).

    Parameters
    ----------
    one_hot
        "one-hot": groups become P (1 - sum)^2. "domain-wall": the places of walls (`domain_wall`).
    inequality
        "slack": as above. "unbalanced": a parabola without slack bits, a heuristic (`unbalanced`).
    lambdas
        Of the parabolas, in units of a row's weight; None: by each row's coefficients.

    Raises
    ------
    InfeasibleError
        A row cannot be kept by any state.
    UsageError
        There is no such encoding.
    """
    check_names(one_hot, inequality)
    group = weights.groups(len(model.group_start) - 1)
    squares = slack_rows(model, np.flatnonzero(row_shapes(model) == GENERAL), with_bits=inequality == "slack")
    scale = weights.row[squares.rows]
    lean = np.zeros(len(scale))
    if inequality == "unbalanced":
        lean, scale = parabolas(squares, scale, lambdas)
    terms, walls = plain_terms(model, weights.row, weights.shift), None
    if one_hot == "domain-wall":
        walls = domain_walls(model)
        terms, squares = walls.rewrite(terms), walls.rewrite_rows(squares)
        parts = [terms, walls.walls(group[walls.groups])]
        apart = np.ones(len(group), bool)
        apart[walls.groups] = False
        parts.append(walls.rewrite(_groups(model, group, apart)))
    else:
        parts = [terms, _groups(model, group, np.ones(len(group), bool))]
    n_model = len(terms.linear)
    linear = np.concatenate([sum((part.linear for part in parts), np.zeros(n_model)), np.zeros(squares.slack.n_bits)])
    offset = sum(part.offset for part in parts)

    # lean . (coef . y - rhs) + scale * (coef . y - rhs)^2
    size = np.diff(squares.start)
    scale_of, rhs_of = np.repeat(scale, size), np.repeat(squares.rhs, size).astype(float)
    value = squares.coef.astype(float)
    np.add.at(linear, squares.index, scale_of * (value * value - 2.0 * rhs_of * value) + np.repeat(lean, size) * value)
    right = squares.rhs.astype(float)
    offset += float((scale * right**2 - lean * right).sum())
    pairs = [pair for part in parts for pair in part.pairs] + squares.couplings(scale, gram)
    row, col, weight = Terms(linear, tuple(pairs), 0.0).merged()
    labels = BitLabels(model, walls, squares.slack)
    none = np.zeros(1, np.int64), np.zeros(0, np.int32)
    group_start, group_index = none if walls is not None else (model.group_start, model.group_index)
    return Compiled(
        "qubo", len(linear), n_model, linear, row, col, weight, float(offset), squares.slack, walls, labels,
        group_start, group_index,
    )  # fmt: skip


def _groups(model: Model, weight: Floats, chosen: np.ndarray) -> Terms:
    """weight * (1 - sum of members)^2 of the chosen groups."""
    size = np.diff(model.group_start)
    entry = np.repeat(chosen, size)
    start = np.concatenate([[0], np.cumsum(size[chosen])]).astype(np.int64)
    index: Ints = model.group_index[entry].astype(np.int64)
    linear = np.zeros(model.n)
    np.subtract.at(linear, index, np.repeat(weight[chosen], size[chosen]))
    i, j = group_pairs(start, index)
    count = size[chosen] * (size[chosen] - 1) // 2
    return Terms(linear, ((i, j, np.repeat(2.0 * weight[chosen], count)),), float(weight[chosen].sum()))
