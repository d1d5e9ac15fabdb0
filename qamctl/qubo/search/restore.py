"""A first state that keeps the rows where it can: blocks in turn, the hardest first, each looking ahead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qamctl.kernels.couplings import Floats, Index, Ints
from qamctl.kernels.groups.problem import UNBOUNDED, GroupProblem
from qamctl.qubo.search.rows import Rows, spans, totals


def construct(problem: GroupProblem, over: Callable[[], bool]) -> Index:
    """[B] a member for each block.

    First fit decreasing, made general: the block comes first whose lightest member takes the largest share of its
    rows. It takes the member with which the rows, all later blocks at their best, are least outside their
    bounds; among equals the cheapest next to what was chosen before.

    Parameters
    ----------
    over
        Asked for each block; once it is true, the blocks left take their cheapest member.
    """
    p = problem
    first = p.block_first
    choice = _cheapest(p.linear, first)
    if len(p.low) == 0:
        return choice
    least, most = _totals(p)
    bound = np.where(p.high < UNBOUNDED, p.high - least, most - p.low)
    load = np.bincount(
        np.repeat(np.arange(len(p.linear)), np.diff(p.entry_first)),
        weights=np.abs(p.entry_coef) / np.maximum(bound, 1)[p.entry_row], minlength=len(p.linear),
    )  # fmt: skip
    order = np.argsort(-np.minimum.reduceat(load, first[:-1]), kind="stable")
    field = p.linear.copy()
    delta = np.zeros(len(p.low), np.int64)
    for b in order.tolist():
        if over():
            break
        members = np.arange(first[b], first[b + 1])
        entries = slice(p.entry_first[first[b]], p.entry_first[first[b + 1]])
        rows, place = np.unique(p.entry_row[entries], return_inverse=True)
        table = np.zeros((len(members), len(rows)), np.int64)
        table[np.repeat(members - first[b], np.diff(p.entry_first[first[b] : first[b + 1] + 1])), place] = p.entry_coef[
            entries
        ]
        low, high = least[rows] - table.min(axis=0, initial=2**62), most[rows] - table.max(axis=0, initial=-(2**62))
        outside = np.maximum(low + table - p.high[rows], 0) + np.maximum(p.low[rows] - high - table, 0)
        before = np.maximum(least[rows] - p.high[rows], 0) + np.maximum(p.low[rows] - most[rows], 0)
        pain = ((outside - before) / np.maximum(bound[rows], 1)).sum(axis=1)
        k = int(np.lexsort((field[members], pain))[0])
        choice[b] = members[k]
        delta[rows] = table[k]
        least[rows], most[rows] = low + delta[rows], high + delta[rows]
        near = slice(p.first[choice[b]], p.first[choice[b] + 1])
        field[p.other[near]] += p.weight[near]
    return choice


def _totals(problem: GroupProblem) -> tuple[Ints, Ints]:
    """[R] the least and the most that each row can come to."""
    p = problem
    row = np.repeat(np.arange(len(p.low)), np.diff(p.row_first))
    size = np.diff(p.block_first)
    rows = Rows(row, p.row_variable.astype(np.int64), p.row_coef, p.low, p.high)
    return totals(rows, spans(rows, np.repeat(np.arange(len(size)), size), size))


def _cheapest(linear: Floats, first: Ints) -> Index:
    """[B] the member of each block whose linear cost is least."""
    block = np.repeat(np.arange(len(first) - 1), np.diff(first))
    return np.lexsort((linear, block))[first[:-1]].astype(np.int32)
