"""Slack bits: how an inequality becomes an equation over binary variables, exactly and with few bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.qubo.model import GE, Floats, Index, Ints, Model

Gram = Callable[[Ints, Index | Ints, Floats, Floats], tuple[Ints, Ints, Floats]]


def ladders(reach: Ints) -> tuple[Ints, Ints]:
    """(start, coef) CSR of the bits of numbers from 0 to `reach` [r]: 1, 2, 4 ..., the last one clipped to reach it."""
    bits = np.array([int(r).bit_length() for r in reach], np.int64)
    start = np.concatenate([[0], np.cumsum(bits)]).astype(np.int64)
    row = np.repeat(np.arange(len(bits)), bits)
    place = np.arange(start[-1]) - start[row]
    power = np.int64(1) << place
    return start, np.where(place == bits[row] - 1, reach[row] - power + 1, power)


def digits(values: Ints, start: Ints, coef: Ints) -> np.ndarray:
    """[bits] the bits of `ladders` that stand for values [r]; the nearest ones of a value beyond them."""
    row = np.repeat(np.arange(len(values)), np.diff(start))
    place = np.arange(len(coef)) - start[row]
    total = np.bincount(row, weights=coef, minlength=len(values)).astype(np.int64)
    some = start[1:] > start[:-1]
    last = start[1:][some] - 1
    below = total.copy()
    below[some] -= coef[last]
    left = np.clip(values, 0, total)
    top = left > below
    left[some] -= np.where(top[some], coef[last], 0)
    out = ((left[row] >> place) & 1).astype(np.uint8)
    out[last] = top[some]
    return out


@dataclass(frozen=True, slots=True)
class Slack:
    """Slack bits as a function of the model's variables: what row r leaves below its right side.

    Attributes
    ----------
    row
        [r] the rows with slack, by their numbers in the model.
    start, index, coef, rhs
        CSR of these rows: coef . x + slack = rhs.
    bit_start, bit_coef
        CSR of the bits of each row: slack = bit_coef . bits.
    """

    row: Ints
    start: Ints
    index: Index | Ints
    coef: Ints
    rhs: Ints
    bit_start: Ints
    bit_coef: Ints

    @property
    def n_bits(self) -> int:
        """Number of slack bits."""
        return len(self.bit_coef)

    def bits(self, samples: np.ndarray) -> np.ndarray:
        """[s, n_bits] the bits nearest to what samples [s, n_model] leave."""
        out = np.zeros((len(samples), self.n_bits), np.uint8)
        row = np.repeat(np.arange(len(self.rhs)), np.diff(self.start))
        for s, sample in enumerate(samples):
            taken = np.bincount(row, weights=self.coef * sample[self.index], minlength=len(self.rhs)).astype(np.int64)
            out[s] = digits(self.rhs - taken, self.bit_start, self.bit_coef)
        return out


@dataclass(frozen=True, slots=True)
class Squares:
    """Rows that are squared: CSR over the model's variables and the slack bits (numbered after them).

    Attributes
    ----------
    rows
        Their numbers in the model.
    start, index, coef, rhs
        The equations coef . y = rhs; in each row the model's variables come first.
    slack
        The slack bits among them.
    bits
        [r] how many of a row's last entries are slack bits.
    reach
        [r] what a row leaves below its right side at most; 0 of an equation.
    """

    rows: Ints
    start: Ints
    index: Ints
    coef: Ints
    rhs: Ints
    slack: Slack
    bits: Ints
    reach: Ints

    def couplings(self, scale: Floats, gram: Gram) -> list[tuple[Ints, Ints, Floats]]:
        """Pairs and weights of sum of scale * (coef . y - rhs)^2.

        Slack bits belong to one row each, so their pairs are listed; the pairs of the model's
        variables, which many rows share, come from `gram`.
        """
        size = np.diff(self.start) - self.bits
        is_bit = np.arange(self.start[-1]) >= np.repeat(self.start[:-1] + size, np.diff(self.start))
        value = self.coef.astype(float)
        own = np.concatenate([[0], np.cumsum(size)])
        i, j, weight = gram(own, self.index[~is_bit], value[~is_bit], scale)
        before = np.flatnonzero(is_bit)
        row = np.repeat(np.arange(len(self.rows)), np.diff(self.start))[before]
        count = before - self.start[row]
        other = np.repeat(self.start[row] - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
        bit = np.repeat(before, count)
        pair = 2.0 * np.repeat(scale[row], count) * value[bit] * value[other]
        return [(i, j, 2.0 * weight), (self.index[other], self.index[bit], pair)]


def slack_rows(model: Model, rows: Ints, *, with_bits: bool = True) -> Squares:
    """The rows as equations: >= turned around, divided by their common divisor, slack bits added.

    Rows that every state keeps are left out.

    Parameters
    ----------
    with_bits
        False leaves the slack bits out; `Squares.reach` tells which rows need them.

    Raises
    ------
    InfeasibleError
        No state keeps a row.
    """
    size = model.con_start[rows + 1] - model.con_start[rows]
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    entry = np.arange(start[-1]) + np.repeat(model.con_start[rows] - start[:-1], size)
    index, coef = model.con_index[entry].astype(np.int64), model.con_coef[entry].copy()
    sense, rhs = model.con_sense[rows], model.con_rhs[rows].copy()
    turn = sense == GE
    coef[np.repeat(turn, size)] *= -1
    rhs[turn] *= -1
    row = np.repeat(np.arange(len(rows)), size)
    is_range = sense != 0
    divisor = np.ones(len(rows), np.int64)
    if len(coef):
        divisor[size > 0] = np.gcd.reduceat(coef, start[:-1][size > 0])
    divisor = np.maximum(np.abs(divisor), 1)
    if ((rhs % divisor != 0) & ~is_range).any():
        raise InfeasibleError("an equation has no integer solution")
    coef, rhs = coef // divisor[row], rhs // divisor
    least = np.bincount(row, weights=np.minimum(coef, 0), minlength=len(rows)).astype(np.int64)
    most = np.bincount(row, weights=np.maximum(coef, 0), minlength=len(rows)).astype(np.int64)
    if (least > rhs).any() or (~is_range & (most < rhs)).any():
        name = model.con_kinds[int(model.con_kind[rows][(least > rhs) | (~is_range & (most < rhs))][0])]
        raise InfeasibleError(f"no state keeps a constraint of kind {name}")
    open_rows = ~is_range | (most > rhs)
    keep = open_rows[row]
    return _with_bits(
        model.n, rows[open_rows], size[open_rows], index[keep], coef[keep], rhs[open_rows],
        np.where(is_range, rhs - least, 0)[open_rows], with_bits=with_bits,
    )  # fmt: skip


def _with_bits(
    n: int, rows: Ints, size: Ints, index: Ints, coef: Ints, rhs: Ints, reach: Ints, *, with_bits: bool
) -> Squares:
    """Append the bits of each row, 1, 2, 4 ... with the last clipped so that their sum is `reach`."""
    bit_start, bit_coef = ladders(reach if with_bits else np.zeros_like(reach))
    bits = np.diff(bit_start)
    row_of_bit = np.repeat(np.arange(len(rows)), bits)

    start = np.concatenate([[0], np.cumsum(size + bits)]).astype(np.int64)
    row_of = np.repeat(np.arange(len(rows)), size)
    at = np.arange(len(index)) + bit_start[row_of]
    at_bit = np.cumsum(size)[row_of_bit] + np.arange(bit_start[-1])
    all_index = np.empty(start[-1], np.int64)
    all_coef = np.empty(start[-1], np.int64)
    all_index[at], all_index[at_bit] = index, n + np.arange(bit_start[-1])
    all_coef[at], all_coef[at_bit] = coef, bit_coef

    slacked = bits > 0
    own = slacked[row_of]
    slack = Slack(
        rows[slacked],
        np.concatenate([[0], np.cumsum(size[slacked])]).astype(np.int64),
        index[own],
        coef[own],
        rhs[slacked],
        np.concatenate([[0], np.cumsum(bits[slacked])]).astype(np.int64),
        bit_coef,
    )
    return Squares(rows, start, all_index, all_coef, rhs, slack, bits, reach)
