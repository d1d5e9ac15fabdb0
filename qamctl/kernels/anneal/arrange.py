"""How a model is laid out for the annealing kernels.

A Metropolis step looks at a block of 32 variables at once. Where no two of a block are coupled, no flip changes what
its neighbours in the block were judged by, so one test serves them all. Variables are therefore packed into blocks
without couplings inside, those with the most couplings first, so that the rows of a block are about equally long.
The places of the blocks are called slots; some stay empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from qamctl.kernels import extension
from qamctl.kernels.couplings import Couplings, Index, Samples

#: Slots of a block.
BLOCK = 32

#: Binary logarithm of the number of thresholds.
PLACES = 14

#: Models with at least this share of all pairs are laid out as full rows.
DENSE = 0.2

#: Full rows take at most so many bytes.
DENSE_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class Arranged:
    """A model in slots.

    Attributes
    ----------
    model
        Over slots; an empty slot has no coupling and no linear term.
    slot
        [n] where each variable lies.
    open
        [blocks] uint32, by bit whether a slot holds a variable.
    threshold
        [2^14 + 32] float32: -log of the uniform quantiles, shuffled; the first 32 once more at the end. A flip that
        costs `change` is accepted at temperature t where change <= t * threshold: with probability exp(-change / t).
    least
        A smaller change of energy is none: 1 where sums have no rounding, else what rounding may add up to.
    symmetric
        A sample and its complement have the same energy, as in MaxCut.
    dense
        Rows are full.
    """

    model: Couplings
    slot: Index
    open: npt.NDArray[np.uint32]
    threshold: npt.NDArray[np.float32]
    least: float
    symmetric: bool
    dense: bool

    @property
    def slots(self) -> int:
        """Number of slots."""
        return self.model.n

    def spread(self, sample: np.ndarray) -> Samples:
        """A sample of the model's variables, in slots."""
        placed = np.zeros(self.slots, np.uint8)
        placed[self.slot] = sample
        return placed

    def gather(self, placed: np.ndarray) -> Samples:
        """The sample of the model's variables from slots."""
        return np.asarray(placed, np.uint8)[self.slot]


def arrange(model: Couplings, dense: bool | None = None) -> Arranged:
    """Lay a model out in slots; `dense` None: by the share of pairs that are coupled."""
    n = model.n
    if dense is None:
        entry = 8 if not model.integral else 2 if np.abs(model.weight).max(initial=0) < 2**15 else 4
        dense = 2 * model.pairs >= DENSE * n * (n - 1) and n * n * entry <= DENSE_BYTES and n > 1
    degree = np.diff(model.first)
    if dense:
        slot = np.arange(n, dtype=np.int32)
    else:
        order = np.argsort(-degree, kind="stable").astype(np.int32)
        native = extension("anneal")
        slot = pack(model.first, model.other, order) if native is None else native.pack(model.first, model.other, order)
    slots = int(slot.max(initial=-1)) + 1
    held = np.zeros(-(-slots // BLOCK) * BLOCK, bool)
    held[slot] = True
    bits = held.reshape(-1, BLOCK).astype(np.uint64) << np.arange(BLOCK, dtype=np.uint64)
    row = np.repeat(np.arange(n), degree)
    tolerance, total = 0.0, np.bincount(row, model.weight, n)
    if not model.exact:
        reach = np.abs(model.linear) + np.bincount(row, np.abs(model.weight), n)
        tolerance = 1e-12 * float(reach.max(initial=0.0))
    return Arranged(
        _relabelled(model, slot, slots), slot, bits.sum(1).astype(np.uint32), thresholds(),
        1.0 if model.exact else max(tolerance, 1e-300),
        bool((np.abs(2.0 * model.linear + total) <= tolerance).all()), dense,
    )  # fmt: skip


def pack(first: np.ndarray, other: np.ndarray, order: np.ndarray) -> Index:
    """[n] slots; variables choose in `order` the first block with room and without a partner of theirs.

    Blocks that stay less than half full are dissolved into the last ones.
    """
    starts, partners = first.tolist(), other.tolist()
    block = [-1] * len(order)
    member: list[list[int]] = []
    unfilled: list[int] = []
    for v in order.tolist():
        taken = {block[u] for u in partners[starts[v] : starts[v + 1]]}
        found = next((b for b in unfilled if b not in taken), None)
        if found is None:
            found = len(member)
            member.append([])
            unfilled.append(found)
        block[v] = found
        member[found].append(v)
        if len(member[found]) == BLOCK:
            unfilled.remove(found)
    slot = np.empty(len(order), np.int32)
    full = [m for m in member if 2 * len(m) >= BLOCK]
    for b, variables in enumerate(full):
        slot[variables] = b * BLOCK + np.arange(len(variables))
    rest = [v for m in member if 2 * len(m) < BLOCK for v in m]
    slot[rest] = len(full) * BLOCK + np.arange(len(rest))
    return slot


@lru_cache(maxsize=1)
def thresholds() -> npt.NDArray[np.float32]:
    """The table of `Arranged.threshold`, in an order that no library's generator decides."""
    count = 2**PLACES
    values = np.array([-math.log((k + 0.5) / count) for k in range(count)])
    # splitmix64 of 0 .. count - 1 as sort keys.
    key = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    shuffled = values[np.argsort(key ^ (key >> np.uint64(31)))]
    return np.concatenate([shuffled, shuffled[:BLOCK]]).astype(np.float32)


def _relabelled(model: Couplings, slot: Index, slots: int) -> Couplings:
    """The same model over slots."""
    degree = np.zeros(slots, np.int64)
    degree[slot] = np.diff(model.first)
    first = np.concatenate([[0], np.cumsum(degree)])
    variable = np.zeros(slots, np.int64)
    variable[slot] = np.arange(model.n)
    shift = np.zeros(slots, np.int64)
    shift[slot] = model.first[:-1]
    source = np.arange(first[-1]) + np.repeat(shift - first[:-1], degree)
    linear = np.zeros(slots, model.linear.dtype)
    linear[slot] = model.linear
    return Couplings(
        slots, linear, first, slot[model.other[source]], model.weight[source], model.scale, model.offset, model.exact
    )
