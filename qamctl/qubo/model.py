"""The constrained quadratic binary model: what problems are built as, and what engines are compiled from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

#: Codes of `Model.sense`.
LE, EQ, GE = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Model:
    """Minimise offset + linear . x + sum of weight * x[row] * x[col] over binary x, under constraints.

    Exactly-one (one-hot) constraints are `groups`; all others are rows of a sparse matrix with integer
    coefficients. Rows that the compiler knows need no slack bits: at most one (all coefficients 1,
    <= 1) and implication (x - z <= 0).

    Attributes
    ----------
    linear
        [n]
    row, col, weight
        [q] couplings, row < col, each pair at most once.
    group_start, group_index
        CSR of the one-hot groups.
    con_start, con_index, con_coef, con_sense, con_rhs
        CSR of the linear constraints; sense is LE, EQ or GE.
    con_kind
        For each constraint the index into `con_kinds` of the word that says where it came from
        (capacity, precedence, ...).
    labels
        [n] a name for each variable; may be a lazy sequence.
    """

    n: int
    linear: Floats
    row: Index
    col: Index
    weight: Floats
    offset: float
    group_start: Ints
    group_index: Index
    con_start: Ints
    con_index: Index
    con_coef: Ints
    con_sense: npt.NDArray[np.int8]
    con_rhs: Ints
    con_kind: npt.NDArray[np.int8]
    con_kinds: tuple[str, ...]
    labels: Sequence[str]
