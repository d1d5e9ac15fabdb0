"""What can be told to be impossible about a model without a search: constraints that no state can keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.qubo.model import EQ, GE, LE, Ints, Model


@dataclass(frozen=True, slots=True)
class Impossible:
    """A constraint that no state keeps.

    Attributes
    ----------
    kind
        "one-hot" for groups, "constraint" for rows.
    number
        Of the group or the row.
    text
        Why.
    """

    kind: str
    number: int
    text: str


def impossible(model: Model) -> list[Impossible]:
    """Groups without a member, and rows whose right side lies beyond what their left side can be.

    The left side of a row is bounded by its coefficients, of each one-hot group by those that one member can bring.
    """
    empty = np.flatnonzero(np.diff(model.group_start) == 0).tolist()
    found = [Impossible("one-hot", g, "it has no member, so none can be chosen") for g in empty]
    low, high = reach(model)
    for c in np.flatnonzero(_beyond(model, low, high)).tolist():
        word = {LE: "at most", EQ: "exactly", GE: "at least"}[int(model.con_sense[c])]
        left = f"its left side is between {low[c]} and {high[c]}"
        found.append(Impossible("constraint", c, f"{left}, and must be {word} {int(model.con_rhs[c])}"))
    for c in np.flatnonzero(model.con_sense == EQ).tolist():
        divisor = math.gcd(*model.con_coef[model.con_start[c] : model.con_start[c + 1]].tolist())
        right = int(model.con_rhs[c])
        if divisor > 1 and right % divisor and low[c] <= right <= high[c]:
            text = f"its left side is a multiple of {divisor}, and must be exactly {right}"
            found.append(Impossible("constraint", c, text))
    return found


def _beyond(model: Model, low: Ints, high: Ints) -> np.ndarray:
    under, over = high < model.con_rhs, low > model.con_rhs
    beyond: np.ndarray = np.where(model.con_sense == LE, over, np.where(model.con_sense == GE, under, under | over))
    return beyond


def reach(model: Model) -> tuple[Ints, Ints]:
    """([c] the least, [c] the largest that the left side of each row can be, groups kept)."""
    rows = len(model.con_rhs)
    if rows == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row = np.repeat(np.arange(rows), np.diff(model.con_start))
    group = _groups(model)[model.con_index]
    # Entries of one row and one group together; a variable outside groups is a part of its own.
    part = np.where(group >= 0, group, len(model.group_start) + model.con_index.astype(np.int64))
    order = np.lexsort((part, row))
    row, part, group, coef = row[order], part[order], group[order], model.con_coef[order]
    if not len(row):
        return np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    first = np.flatnonzero(np.append(True, (np.diff(row) != 0) | (np.diff(part) != 0)))
    count = np.diff(np.append(first, len(row)))
    size = np.diff(model.group_start)
    whole = np.zeros(len(first), bool)  # every member of the group is in the row: one of these coefficients counts
    inside = group[first] >= 0
    whole[inside] = count[inside] == size[group[first][inside]]
    least, most = np.minimum.reduceat(coef, first), np.maximum.reduceat(coef, first)
    least, most = np.where(whole, least, np.minimum(least, 0)), np.where(whole, most, np.maximum(most, 0))
    low, high = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    np.add.at(low, row[first], least)
    np.add.at(high, row[first], most)
    return low, high


def _groups(model: Model) -> Ints:
    """[n] the group of each variable that is in exactly one, -1 for the others."""
    group = np.full(model.n, -1, np.int64)
    group[model.group_index] = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    group[np.bincount(model.group_index, minlength=model.n) > 1] = -1
    # A group that shares a member bounds nothing here: the shared one may be chosen by the other group.
    shared = np.bincount(model.group_index, minlength=model.n)[model.group_index] > 1
    owner = np.repeat(np.arange(len(model.group_start) - 1), np.diff(model.group_start))
    group[np.isin(group, owner[shared])] = -1
    return group
