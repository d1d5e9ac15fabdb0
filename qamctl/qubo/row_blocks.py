"""Linear constraints while a model is put together: blocks of rows of one kind, and how they become a model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import LE, Ints


@dataclass(frozen=True, slots=True)
class Rows:
    """Constraints of one kind in CSR form; every sense is <=."""

    kind: str
    start: Ints
    index: Ints
    coef: Ints
    rhs: Ints


def pairs(kind: str, one: Ints, other: Ints, sign: int, rhs: int) -> Rows:
    """Rows x[one] + sign * x[other] <= rhs."""
    count = len(one)
    index = np.empty(2 * count, np.int64)
    index[0::2], index[1::2] = one, other
    coef = np.ones(2 * count, np.int64)
    coef[1::2] = sign
    return Rows(kind, np.arange(count + 1, dtype=np.int64) * 2, index, coef, np.full(count, rhs, np.int64))


def join(blocks: Sequence[Rows], kinds: Sequence[str]) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """(start, index, coef, rhs, sense, kind) of all blocks one after the other; a kind is its place in `kinds`."""
    sizes = np.concatenate([np.diff(block.start) for block in blocks] + [np.zeros(0, np.int64)])
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    none = np.zeros(0, np.int64)
    kind = np.repeat(
        np.array([kinds.index(block.kind) for block in blocks], np.int64),
        np.array([len(block.rhs) for block in blocks], np.int64),
    )
    return (
        start,
        np.concatenate([*(block.index for block in blocks), none]),
        np.concatenate([*(block.coef for block in blocks), none]),
        np.concatenate([*(block.rhs for block in blocks), none]),
        np.full(len(kind), LE),
        kind,
    )
