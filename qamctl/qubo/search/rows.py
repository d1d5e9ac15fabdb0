"""Linear rows of a model as one sparse table, one-hot groups included, and what they rule out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.kernels.couplings import Ints
from qamctl.kernels.groups.problem import REACH, UNBOUNDED
from qamctl.qubo.model import GE, LE, Model

Mask = np.ndarray


@dataclass(frozen=True, slots=True)
class Rows:
    """low <= sum of coef * x <= high for each row, entries sorted by row and variable, each pair once, none zero."""

    row: Ints
    variable: Ints
    coef: Ints
    low: Ints
    high: Ints

    @property
    def count(self) -> int:
        """Number of rows, those without entries included."""
        return len(self.low)

    @property
    def first(self) -> Ints:
        """[R + 1] where each row's entries begin."""
        return np.searchsorted(self.row, np.arange(self.count + 1)).astype(np.int64)

    def keep(self, mask: Mask) -> Rows:
        """Only the rows of a mask, numbered anew."""
        number = np.cumsum(mask) - 1
        entry = mask[self.row]
        return Rows(
            number[self.row[entry]], self.variable[entry], self.coef[entry], self.low[mask], self.high[mask]
        )  # fmt: skip

    def without(self, variables: Mask) -> Rows:
        """The same rows where the variables of a mask are 0."""
        entry = ~variables[self.variable]
        return replace(self, row=self.row[entry], variable=self.variable[entry], coef=self.coef[entry])


def model_rows(model: Model) -> Rows:
    """The groups, then the constraints, each divided by the greatest common divisor of its coefficients.

    Raises
    ------
    UnsupportedError
        Coefficients are so large that sums over a row would not be exact.
    """
    groups = len(model.group_start) - 1
    row = np.concatenate([
        np.repeat(np.arange(groups), np.diff(model.group_start)),
        groups + np.repeat(np.arange(len(model.con_rhs)), np.diff(model.con_start)),
    ])  # fmt: skip
    variable = np.concatenate([model.group_index, model.con_index]).astype(np.int64)
    coef = np.concatenate([np.ones(len(model.group_index), np.int64), model.con_coef])
    rhs = np.concatenate([np.ones(groups, np.int64), model.con_rhs])
    reach = np.bincount(row, np.abs(coef.astype(np.float64)), len(rhs)) + np.abs(rhs.astype(np.float64))
    if reach.sum() > REACH:
        raise UnsupportedError(
            "the coefficients of the constraints add up to more than 2^52, where sums are not exact any more: "
            "divide each constraint by what its coefficients have in common, or round them"
        )
    sense = np.concatenate([np.zeros(groups, np.int8), model.con_sense])

    key, place = np.unique(row * max(1, model.n) + variable, return_inverse=True)
    total = np.zeros(len(key), np.int64)
    np.add.at(total, place, coef)
    row, variable = key // max(1, model.n), key % max(1, model.n)
    solid = total != 0
    row, variable, total = row[solid], variable[solid], total[solid]

    divisor = np.ones(len(rhs), np.int64)
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    if len(starts):
        divisor[row[starts]] = np.gcd.reduceat(np.abs(total), starts)
    low = np.where(sense == LE, -UNBOUNDED, -(-rhs // divisor))
    high = np.where(sense == GE, UNBOUNDED, rhs // divisor)
    return Rows(row, variable, total // divisor[row], low, high)


@dataclass(frozen=True, slots=True)
class Spans:
    """What the blocks can add to the rows: one entry for each (row, block) that meet, by row.

    Attributes
    ----------
    row, block
        Of each meeting.
    least, most
        The least and the most that the block can add, 0 included where a member has no entry.
    of
        The meeting of each entry of the rows.
    absent
        Whether the block has a member that is not in the row.
    """

    row: Ints
    block: Ints
    least: Ints
    most: Ints
    of: Ints
    absent: Mask


def spans(rows: Rows, block_of: Ints, members: Ints) -> Spans:
    """How rows and blocks meet; `members` [B] counts the members of each block, those without a variable included."""
    block = block_of[rows.variable]
    order = np.lexsort((block, rows.row))
    row, block, coef = rows.row[order], block[order], rows.coef[order]
    new = np.ones(len(row), bool)
    new[1:] = (np.diff(row) != 0) | (np.diff(block) != 0)
    start = np.flatnonzero(new)
    of = np.empty(len(row), np.int64)
    of[order] = np.cumsum(new) - 1
    if len(start) == 0:
        none = np.zeros(0, np.int64)
        return Spans(none, none, none, none, none, np.zeros(0, bool))
    least, most = np.minimum.reduceat(coef, start), np.maximum.reduceat(coef, start)
    absent = np.diff(np.append(start, len(row))) < members[block[start]]
    return Spans(
        row[start], block[start], np.where(absent, np.minimum(least, 0), least),
        np.where(absent, np.maximum(most, 0), most), of, absent,
    )  # fmt: skip


def totals(rows: Rows, meeting: Spans) -> tuple[Ints, Ints]:
    """[R] the least and the most that each row can come to."""
    least, most = np.zeros(rows.count, np.int64), np.zeros(rows.count, np.int64)
    np.add.at(least, meeting.row, meeting.least)
    np.add.at(most, meeting.row, meeting.most)
    return least, most


def ruled_out(rows: Rows, block_of: Ints, members: Ints) -> tuple[Mask, list[tuple[int, int]]]:
    """What no feasible state has on, one row at a time.

    Returns
    -------
    tuple
        A mask of variables, and (row, block) where all members of the block without an entry in the row are ruled out.
    """
    meeting = spans(rows, block_of, members)
    least, most = totals(rows, meeting)
    # With everything else at its best for the row, it still misses a bound.
    room = rows.high[meeting.row] - (least[meeting.row] - meeting.least)
    need = rows.low[meeting.row] - (most[meeting.row] - meeting.most)
    out = np.zeros(len(block_of), bool)
    out[rows.variable[(rows.coef > room[meeting.of]) | (rows.coef < need[meeting.of])]] = True
    bad = np.flatnonzero(meeting.absent & ((room < 0) | (need > 0)))
    return out, list(zip(meeting.row[bad].tolist(), meeting.block[bad].tolist(), strict=True))
