"""A cluster model while it is put together: choices first, then bits that follow from them, and rows over both.

Every bit beside the choices has one value that a sample of choices gives it (`Block.fill`), so that an assignment is
encoded in one way only; the rows make that value the cheapest one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.cluster.choices import Choices
from qamctl.cluster.energy import Cost
from qamctl.cluster.labels import Names
from qamctl.cluster.products import MOST_ENTRIES, MOST_ROWS, as_products
from qamctl.cluster.spec import Floats, Ints
from qamctl.cluster.sums import Sums, Uses, reach
from qamctl.cluster.tables import Tables
from qamctl.qubo.row_blocks import Rows, pairs
from qamctl.qubo.slack import digits, ladders

#: What a row can come from; `Model.con_kind` indexes it.
ROW_KINDS = (
    "capacity", "size", "apart", "spread", "near", "moves", "devices", "used", "load", "balance", "move", "level",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Bits of one kind that follow from earlier variables.

    Attributes
    ----------
    name
        Of the i-th bit.
    fill
        [bits] their values in a sample whose earlier variables are set.
    """

    first: int
    bits: int
    name: Callable[[int], str]
    fill: Callable[[np.ndarray], np.ndarray]


class Draft:
    """The variables and rows so far.

    Attributes
    ----------
    names
        For labels.
    """

    def __init__(self, tables: Tables, choices: Choices, uses: Uses, names: Names) -> None:
        self.tables, self.problem, self.choices, self.uses, self.names = tables, tables.problem, choices, uses, names
        self.n = len(choices.unit)
        self.blocks: list[Block] = []
        self.rows: list[Rows] = []
        self._used = np.full(self.problem.m, _UNKNOWN)

    def reach(self, sums: Sums) -> tuple[Ints, Ints]:
        """The least and the largest value of sums."""
        return reach(sums, *self._groups())

    def _groups(self) -> tuple[Ints, Ints]:
        """([n] the group of each variable, [groups] how many members it has: 0 of a bit that stands alone)."""
        units, choices = self.problem.n, len(self.choices.unit)
        group = np.concatenate([self.choices.unit, units + np.arange(self.n - choices)])
        return group, np.concatenate([np.diff(self.choices.first), np.zeros(self.n - choices, np.int64)])

    def bits(self, count: int, name: Callable[[int], str], fill: Callable[[np.ndarray], np.ndarray]) -> Ints:
        """New bits."""
        self.blocks.append(Block(self.n, count, name, fill))
        self.n += count
        return np.arange(self.n - count, self.n)

    def hold(self, kind: str, sums: Sums, most: Ints | int = 0) -> None:
        """The rows sums <= most, those that can be broken."""
        _, high = self.reach(sums)
        limit = np.broadcast_to(np.asarray(most, np.int64), high.shape)
        needed = high > limit
        part, rhs = sums.take(needed), (limit - sums.const)[needed]
        self.rows.append(self._exclusive(Rows(kind, part.start, part.index, part.coef, rhs)))

    def hold_pairs(self, kind: str, one: Ints, other: Ints, sign: int, rhs: int) -> None:
        """The rows x[one] + sign * x[other] <= rhs."""
        if len(one):
            self.rows.append(pairs(kind, one, other, sign, rhs))

    def _exclusive(self, rows: Rows) -> Rows:
        """The rows, those as at-most-one rows that no two units keep together, and each of them alone."""
        size = np.diff(rows.start)
        if not len(rows.index):
            return rows
        row = np.repeat(np.arange(len(size)), size)
        part = np.append(self.choices.unit, np.arange(self.problem.n, self.problem.n + self.n))[rows.index]
        order = np.lexsort((rows.coef, part, row))
        begins = np.flatnonzero(np.append(True, (np.diff(row[order]) != 0) | (np.diff(part[order]) != 0)))
        owner, least = row[order][begins], rows.coef[order][begins]
        ascending = np.lexsort((least, owner))
        first = np.searchsorted(owner, np.arange(len(size)))
        count = np.bincount(owner, minlength=len(size))
        ordered = least[ascending]
        two = ordered[np.minimum(first, len(ordered) - 1)] + ordered[np.minimum(first + 1, len(ordered) - 1)]
        smallest, largest = np.full(len(size), 2**62), np.zeros(len(size), np.int64)
        np.minimum.at(smallest, row, rows.coef)
        np.maximum.at(largest, row, rows.coef)
        exclusive = (count >= 2) & (two > rows.rhs) & (smallest > 0) & (largest <= rows.rhs)
        coef = np.where(exclusive[row], 1, rows.coef)
        return Rows(rows.kind, rows.start, rows.index, coef, np.where(exclusive, 1, rows.rhs))

    def any_of(self, sums: Sums, name: Callable[[int], str]) -> Ints:
        """[rows] a bit that is 1 where one of the row's variables is; the variable itself where there is only one."""
        size = np.diff(sums.start)
        out = np.full(len(size), -1, np.int64)
        out[size == 1] = sums.index[sums.start[:-1][size == 1]]
        several = np.flatnonzero(size > 1)
        part = sums.take(several)

        def fill(sample: np.ndarray) -> np.ndarray:
            met = np.bincount(part.row, weights=sample[part.index], minlength=len(several)) > 0
            return met.astype(np.uint8)

        if len(several):
            out[several] = self.bits(len(several), lambda i: name(int(several[i])), fill)
        return out

    def used(self, nodes: Ints) -> Ints:
        """[nodes] the bit that is 1 where a cluster is not empty; `ALWAYS` or `NEVER` where that is settled.

        It is at least every choice in the cluster.
        """
        new = nodes[self._used[nodes] == _UNKNOWN]
        if len(new):
            inside = np.isin(self.uses.node, new)
            row = np.searchsorted(new, self.uses.node[inside])
            start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(new)))]).astype(np.int64)
            index = self.uses.choice[inside]
            held = self.uses.base[new, -1] > 0
            empty = np.diff(start) == 0
            sums = Sums(start, index, np.ones(len(index), np.int64), np.zeros(len(new), np.int64))
            open_ones = np.flatnonzero(~held & ~empty)
            part = sums.take(open_ones)
            bit = self.any_of(part, lambda i: f"used/{self.names.cluster(int(new[open_ones[i]]))}")
            own = part.index != bit[part.row]
            self.hold_pairs("used", part.index[own], bit[part.row[own]], -1, 0)
            self._used[new] = np.where(held, ALWAYS, NEVER)
            self._used[new[open_ones]] = bit
        found: Ints = self._used[nodes]
        return found

    def number(self, most: Ints, name: Callable[[int], str], value: Callable[[np.ndarray], Ints]) -> Counter:
        """Whole numbers from 0 to `most` [rows], as bits."""
        start, coef = ladders(most)
        row = np.repeat(np.arange(len(most)), np.diff(start))
        first = self.n

        def fill(sample: np.ndarray) -> np.ndarray:
            return digits(value(sample), start, coef)

        self.bits(len(coef), lambda i: f"{name(int(row[i]))}/{i - int(start[row[i]])}", fill)
        return Counter(first + np.arange(len(coef)), row, coef)

    def above(self, kind: str, sums: Sums, price: Floats, name: Callable[[int], str]) -> Cost:
        """The cost price * max(0, sum), row by row."""
        cost = Cost()
        low, high = self.reach(sums)
        plain = (low >= 0) & (high > 0)
        part = sums.take(plain)
        cost.add(part.index, part.coef * price[plain][part.row])
        cost.constant += float((part.const * price[plain]).sum())
        bent = np.flatnonzero((low < 0) & (high > 0))
        bent = bent[~self._products(sums.take(bent), price[bent], cost)]
        if not len(bent):
            return cost
        part, price, high = sums.take(bent), price[bent], high[bent]
        step = np.abs(np.gcd.reduceat(part.coef, part.start[:-1]))
        # const + step * m is above 0 from the first m beyond `free` on, at first by `step - lack`.
        free, lack = np.divmod(-part.const, step)
        most = (high - part.const) // step - free
        lead = np.flatnonzero(lack > 0)
        whole = np.concatenate([np.ones(len(lead), np.int64), most - (lack > 0)])
        of = np.concatenate([lead, np.arange(len(bent))])

        def value(sample: np.ndarray) -> Ints:
            beyond = np.maximum(0, (part.values(sample) - part.const) // step - free)
            return np.concatenate([(beyond[lead] > 0).astype(np.int64), np.maximum(0, beyond - (lack > 0))])

        # The first bit costs least, so that it is taken first.
        bits = self.number(whole, lambda i: f"{kind}/{name(int(bent[of[i]]))}" + "+" * (i < len(lead)), value)
        unit = np.concatenate([(step - lack)[lead], step])
        cost.add(bits.index, bits.coef * (unit * price[of])[bits.row])
        size = np.diff(part.start)
        more = np.bincount(of[bits.row], minlength=len(bent))
        row = np.concatenate([np.repeat(np.arange(len(bent)), size), of[bits.row]])
        order = np.argsort(row, kind="stable")
        self.rows.append(
            Rows(
                kind, np.concatenate([[0], np.cumsum(size + more)]).astype(np.int64),
                np.concatenate([part.index, bits.index])[order],
                np.concatenate([part.coef // np.repeat(step, size), -bits.coef])[order], free,
            )
        )  # fmt: skip
        return cost

    def _products(self, sums: Sums, price: Floats, cost: Cost) -> np.ndarray:
        """[rows] for which of them price * max(0, sum) is a sum of costs and products, which are added to the cost."""
        done = np.zeros(len(sums.const), bool)
        groups, members = self._groups()
        for r in np.flatnonzero(np.diff(sums.start) <= MOST_ENTRIES)[:MOST_ROWS].tolist():
            entries = slice(int(sums.start[r]), int(sums.start[r + 1]))
            index = sums.index[entries]
            found = as_products(sums.coef[entries], int(sums.const[r]), groups[index], members)
            if found is None:
                continue
            constant, linear, (one, other, weight) = found
            cost.constant += float(price[r] * constant)
            cost.add(index, price[r] * linear)
            cost.add_pairs(index[one], index[other], price[r] * weight)
            done[r] = True
        return done

    def largest(self, kind: str, sums: Sums, name: str) -> tuple[int, Counter]:
        """(least, bits): the largest of some sums is least + coef . bits."""
        low, high = self.reach(sums)
        least, most = int(low.max()), int(high.max())
        part = sums.take(high > least)
        bits = self.number(
            np.array([most - least]), lambda i: f"{kind}/{name}",
            lambda sample: np.array([max(0, int(sums.values(sample).max()) - least)]),
        )  # fmt: skip
        self.rows.append(below(kind, part, bits, least))
        return least, bits


@dataclass(frozen=True, slots=True)
class Counter:
    """Bits of whole numbers: number of row r is the sum of coef * x[index] over the bits of that row."""

    index: Ints
    row: Ints
    coef: Ints


#: What `Draft.used` says of clusters that are never empty, or always.
ALWAYS, NEVER = -2, -1
_UNKNOWN = -3


def below(kind: str, sums: Sums, bits: Counter, more: int) -> Rows:
    """The rows sums <= more + coef . bits, the same bits in each."""
    count = len(sums.const)
    row = np.concatenate([sums.row, np.repeat(np.arange(count), len(bits.index))])
    order = np.argsort(row, kind="stable")
    size = np.diff(sums.start) + len(bits.index)
    return Rows(
        kind, np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        np.concatenate([sums.index, np.tile(bits.index, count)])[order],
        np.concatenate([sums.coef, np.tile(-bits.coef, count)])[order], more - sums.const,
    )  # fmt: skip
