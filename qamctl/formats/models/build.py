"""From the terms of a file to a model: repeats summed, spins made binary, rows in integers, one-hot groups found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.qubo.gram import merge
from qamctl.qubo.model import EQ, GE, LE, Floats, Index, Ints, Model

Mask = npt.NDArray[np.bool_]

#: Decimals of the coefficients of a constraint.
PLACES: Final = 6

#: No coefficient or right side of a constraint is larger, once it is whole.
LARGEST: Final = 10**12

#: No sum over a constraint is larger, so that 64 bits hold it.
LARGEST_SUM: Final = 2.0**61


def sums(index: Ints | Index, weight: Floats, n: int) -> Floats:
    """[n] the sum of the weights of each index."""
    return np.bincount(index, weight, n).astype(np.float64, copy=False)


def difference(one: float, other: float) -> float:
    """One number less another as decimals are subtracted: 0.3 - 0.1 is 0.2."""
    return float(Decimal(repr(one)) - Decimal(repr(other))) if other else one


class Refused(Exception):
    """What no model can hold; the reader that knows the place turns it into a fault.

    Parameters
    ----------
    row
        The constraint at fault, from 0; None where it is the objective.
    """

    def __init__(self, message: str, hint: str, row: int | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.row = message, hint, row


@dataclass(frozen=True, slots=True)
class Objective:
    """offset + linear . x + sum of weight * x[row] * x[col], in any order.

    Attributes
    ----------
    linear
        [n]
    row, col, weight
        [q] pairs may repeat, and may pair a variable with itself.
    spin
        [n] whether a variable is -1 or 1 in place of 0 or 1; None: none is. It holds for the constraints too.
    """

    linear: Floats
    row: Ints
    col: Ints
    weight: Floats
    offset: float = 0.0
    spin: Mask | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Linear constraints as a file has them.

    Attributes
    ----------
    start, index, coef
        CSR; a variable may stand in a row more than once.
    sense
        [r] LE, EQ or GE.
    rhs
        [r]
    names
        [r]
    one_hot
        [r] whether the file itself calls the row an exactly-one choice.
    """

    start: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    index: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    coef: Floats = field(default_factory=lambda: np.zeros(0))
    sense: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    rhs: Floats = field(default_factory=lambda: np.zeros(0))
    names: Sequence[str] = ()
    one_hot: Mask = field(default_factory=lambda: np.zeros(0, bool))


@dataclass(frozen=True, slots=True)
class Built:
    """A model with the names of its constraints and groups."""

    model: Model
    row_names: Sequence[str]
    group_names: Sequence[str]


def build(objective: Objective, rows: Rows, labels: Sequence[str], *, maximise: bool = False) -> Built:
    """The model that minimises the objective, or its negative, under the rows.

    Equations that say that exactly one of some variables is 1 become one-hot groups as long as they share no
    variable; further ones stay rows. Coefficients of a row are scaled to whole numbers by their common decimal.

    Raises
    ------
    Refused
        For sums that leave the range of numbers, and for rows that no whole numbers stand for.
    """
    n = len(objective.linear)
    linear, row, col, weight, offset = _binary(objective)
    if maximise:
        linear, weight, offset = 0.0 - linear, 0.0 - weight, 0.0 - offset
    start, index, coef, rhs = _summed(*_whole(rows, objective.spin), rows, n)
    wanted = _exactly_one(start, coef, rows.sense, rhs)
    is_group = _disjoint(wanted, wanted & rows.one_hot, start, index, n)
    is_row = ~is_group & ~_says_nothing(start, rows.sense, rhs)
    group_start, group_index, _ = _taken(start, index, coef, is_group)
    con_start, con_index, con_coef = _taken(start, index, coef, is_row)
    model = Model(
        n=n,
        linear=linear,
        row=row,
        col=col,
        weight=weight,
        offset=offset,
        group_start=group_start,
        group_index=group_index.astype(np.int32),
        con_start=con_start,
        con_index=con_index.astype(np.int32),
        con_coef=con_coef,
        con_sense=rows.sense[is_row].astype(np.int8),
        con_rhs=rhs[is_row],
        con_kind=np.zeros(int(is_row.sum()), np.int8),
        con_kinds=("constraint",),
        labels=labels,
    )
    return Built(model, _named(rows.names, is_row), _named(rows.names, is_group))


def _named(names: Sequence[str], rows: Mask) -> list[str]:
    return [names[r] for r in np.flatnonzero(rows).tolist()]


def _binary(objective: Objective) -> tuple[Floats, Index, Index, Floats, float]:
    """The terms over 0 and 1: linear, each pair once, sorted, none zero, and the offset."""
    n, offset = len(objective.linear), float(objective.offset)
    linear, weight = np.array(objective.linear, float), np.asarray(objective.weight, float)
    low, high = np.minimum(objective.row, objective.col), np.maximum(objective.row, objective.col)
    with np.errstate(over="ignore", invalid="ignore"):
        itself = low == high
        if itself.any():
            own = sums(low[itself], weight[itself], n)
            low, high, weight = low[~itself], high[~itself], weight[~itself]
            if objective.spin is not None:  # a spin's square is 1
                offset += float(own[objective.spin].sum())
                own[objective.spin] = 0.0
            linear += own
        row, col, weight = _once(n, low, high, weight)
        if objective.spin is not None:  # each variable is factor * x + shift
            factor, shift = np.where(objective.spin, 2.0, 1.0), np.where(objective.spin, -1.0, 0.0)
            offset += float((linear * shift).sum()) + float((weight * shift[row] * shift[col]).sum())
            linear = linear * factor
            linear = linear + sums(row, weight * factor[row] * shift[col], n)
            linear = linear + sums(col, weight * factor[col] * shift[row], n)
            weight = weight * factor[row] * factor[col]
        total = np.abs(linear).sum() + np.abs(weight).sum() + abs(offset)
    if not np.isfinite(total):
        raise Refused("the coefficients add up to more than a number holds", "divide them all by a power of ten")
    return linear + 0.0, row, col, weight, offset + 0.0


def _once(n: int, low: Ints, high: Ints, weight: Floats) -> tuple[Index, Index, Floats]:
    key = low * n + high
    if len(key) and (np.diff(key) <= 0).any():
        return merge(n, low, high, weight)
    kept = weight != 0
    if not kept.all():
        low, high, weight = low[kept], high[kept], weight[kept]
    return low.astype(np.int32), high.astype(np.int32), weight


def _whole(rows: Rows, spin: Mask | None) -> tuple[Ints, Ints]:
    """Coefficients and right sides over 0 and 1, in integers.

    A row is multiplied by the least power of ten, up to 10^6, that makes every number of it whole.
    """
    n_rows = len(rows.rhs)
    of = np.repeat(np.arange(n_rows), np.diff(rows.start))
    places = _decimals(rows.rhs)
    np.maximum.at(places, of, _decimals(rows.coef))
    if (places > PLACES).any():
        hint = "multiply it by a power of ten, or round"
        raise Refused(f"a number has more than {PLACES} decimals", hint, int(np.flatnonzero(places > PLACES)[0]))
    scale = 10.0**places
    coef, rhs = np.rint(rows.coef * scale[of]), np.rint(rows.rhs * scale)
    reach = np.bincount(of, np.abs(coef), n_rows)
    large = (np.abs(rhs) > LARGEST) | (reach > LARGEST_SUM)
    large[of[np.abs(coef) > LARGEST]] = True
    if large.any():
        hint = "divide it by a power of ten"
        raise Refused(f"its numbers, made whole, are beyond {LARGEST:.0e}", hint, int(np.flatnonzero(large)[0]))
    whole, right = coef.astype(np.int64), rhs.astype(np.int64)
    if spin is not None:  # each spin is 2 x - 1
        own = spin[rows.index]
        np.add.at(right, of[own], whole[own])
        whole[own] *= 2
    return whole, right


def _summed(coef: Ints, rhs: Ints, rows: Rows, n: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Start, index, coefficients and right sides, with each variable once in a row, in order, and no zeros."""
    size = np.diff(rows.start)
    of = np.repeat(np.arange(len(size)), size)
    key = of * max(n, 1) + rows.index
    order = np.argsort(key, kind="stable")
    key, coef, of = key[order], coef[order], of[order]
    if len(key):
        begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        key, coef, of = key[begins], np.add.reduceat(coef, begins), of[begins]
        kept = coef != 0
        key, coef, of = key[kept], coef[kept], of[kept]
    start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(size)))]).astype(np.int64)
    return start, key - of * max(n, 1), coef, rhs


def _says_nothing(start: Ints, sense: Ints, rhs: Ints) -> Mask:
    """[r] whether the row has no variable and holds anyway."""
    holds = np.where(sense == LE, rhs >= 0, np.where(sense == GE, rhs <= 0, rhs == 0))
    nothing: Mask = (np.diff(start) == 0) & holds
    return nothing


def _decimals(values: Floats) -> Ints:
    """[k] digits behind the point of the shortest decimal of each number; PLACES + 1 where it has more."""
    places = np.full(len(values), PLACES + 1, np.int64)
    for p in range(PLACES, -1, -1):
        power = 10.0**p
        with np.errstate(over="ignore"):
            places[np.rint(values * power) / power == values] = p
    return places


def _exactly_one(start: Ints, coef: Ints, sense: Ints, rhs: Ints) -> Mask:
    """[r] whether the row says that exactly one of its variables is 1: k times their sum equals k."""
    size = np.diff(start)
    good: Mask = (sense == EQ) & (size > 0) & (rhs != 0)
    other = coef != np.repeat(rhs, size)
    good[np.repeat(np.arange(len(size)), size)[other]] = False
    return good


def _disjoint(wanted: Mask, first: Mask, start: Ints, index: Ints, n: int) -> Mask:
    """[r] the wanted rows that share no variable with a row chosen before them; those in `first` choose first."""
    chosen = np.zeros(len(wanted), bool)
    entries = index[np.repeat(wanted, np.diff(start))]
    if len(entries) == len(np.unique(entries)):
        return wanted
    used = np.zeros(n, bool)
    for r in [*np.flatnonzero(first).tolist(), *np.flatnonzero(wanted & ~first).tolist()]:
        members = index[start[r] : start[r + 1]]
        if not used[members].any():
            chosen[r] = used[members] = True
    return chosen


def _taken(start: Ints, index: Ints, coef: Ints, rows: Mask) -> tuple[Ints, Ints, Ints]:
    """Start, index and coefficients of some of the rows."""
    size = np.diff(start)
    entries = np.repeat(rows, size)
    return np.concatenate([[0], np.cumsum(size[rows])]).astype(np.int64), index[entries], coef[entries]
