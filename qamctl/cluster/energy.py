"""An objective while it is put together: costs and products in any order, scaled and added up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qamctl.cluster.spec import Floats, Ints


@dataclass
class Cost:
    """An objective in the making: constant + linear + products, entries of one variable or pair may repeat."""

    constant: float = 0.0
    index: list[Ints] = field(default_factory=list)
    value: list[Floats] = field(default_factory=list)
    row: list[Ints] = field(default_factory=list)
    col: list[Ints] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)

    def add(self, index: Ints, value: Floats) -> None:
        """Add value . x[index]."""
        self.index.append(index)
        self.value.append(np.broadcast_to(np.asarray(value, np.float64), np.shape(index)))

    def add_pairs(self, one: Ints, other: Ints, weight: Floats) -> None:
        """Add weight * x[one] * x[other]."""
        self.row.append(np.minimum(one, other))
        self.col.append(np.maximum(one, other))
        self.weight.append(np.asarray(weight, np.float64))

    def plus(self, other: Cost, scale: float) -> None:
        """Add another objective, scaled."""
        self.constant += scale * other.constant
        self.index += other.index
        self.value += [scale * value for value in other.value]
        self.row += other.row
        self.col += other.col
        self.weight += [scale * weight for weight in other.weight]

    def linear(self, n: int) -> Floats:
        """[n] the linear part."""
        out = np.zeros(n)
        for index, value in zip(self.index, self.value, strict=True):
            np.add.at(out, index, value)
        return out

    def couplings(self) -> tuple[Ints, Ints, Floats]:
        """The products."""
        none = np.zeros(0, np.int64)
        return (
            np.concatenate([*self.row, none]).astype(np.int64),
            np.concatenate([*self.col, none]).astype(np.int64),
            np.concatenate([*self.weight, none.astype(float)]),
        )
