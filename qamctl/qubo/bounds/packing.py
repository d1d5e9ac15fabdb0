"""A combinatorial bound for large sparse models: closed walks that can't be content are packed into the couplings.

Where every coupling of a spin model had its way, the energy would be the sum of -|J|. Round a closed walk with an
odd number of positive couplings at least one loses: taking d from |J| of each of its pairs raises the bound by 2 d.
Short walks are packed first, from spin to spin, so that the work is linear in the couplings.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qamctl.qubo.bounds.spins import ROUNDING, Spins

#: Longest walk.
LENGTH = 8
#: Places that are looked at for one walk at most.
LOOKED_AT = 400
#: Walks through one spin at most, of one length.
WALKS = 64

#: Neighbours of each spin: coupling left, and its number.
Rows = list[dict[int, tuple[int, bool]]]


def packed_bound(spins: Spins, late: Callable[[], bool]) -> float:
    """A lower bound on the energy of a spin model, the offset apart; `late` ends the packing early."""
    left = np.abs(spins.weight).tolist()
    rows: Rows = [{} for _ in range(spins.n)]
    for pair, (i, j, w) in enumerate(zip(spins.low.tolist(), spins.high.tolist(), spins.weight.tolist(), strict=True)):
        if w:
            rows[i][j] = rows[j][i] = (pair, w > 0)
    gained: list[float] = []
    for longest in (3, 4, LENGTH):
        for spin in range(spins.n):
            if spin % 64 == 0 and late():
                break
            for _ in range(WALKS):
                walk = _frustrated_walk(rows, left, spin, longest)
                if walk is None:
                    break
                least = min(left[pair] for pair in walk)
                gained.append(2 * least)
                for pair in walk:
                    left[pair] -= least
    total = math.fsum([spins.constant, *gained, *(-np.abs(spins.weight)).tolist()])
    # Each subtraction rounds once, by at most the size of the coupling.
    lost = 0.0 if spins.slack == 0 else ROUNDING * len(gained) * float(np.abs(spins.weight).max(initial=0.0))
    return total - spins.slack - lost


def _frustrated_walk(rows: Rows, left: list[float], spin: int, longest: int) -> list[int] | None:
    """The pairs of a shortest closed walk from a spin over couplings that are left, with an odd number above 0."""
    start, goal = (spin, False), (spin, True)
    before: dict[tuple[int, bool], tuple[tuple[int, bool], int]] = {start: (start, -1)}
    ring = [start]
    for _ in range(longest):
        further = []
        for at in ring:
            i, odd = at
            for j, (pair, positive) in rows[i].items():
                there = (j, odd != positive)
                if left[pair] <= 0 or there in before:
                    continue
                before[there] = (at, pair)
                if there == goal:
                    return _pairs(before, start, goal)
                further.append(there)
        if len(before) > LOOKED_AT:
            return None
        ring = further
    return None


def _pairs(
    before: dict[tuple[int, bool], tuple[tuple[int, bool], int]], start: tuple[int, bool], goal: tuple[int, bool]
) -> list[int] | None:
    """The pairs of a walk; None where one is walked twice, since it could not give twice."""
    found, at = [], goal
    while at != start:
        at, pair = before[at]
        found.append(pair)
    return found if len(set(found)) == len(found) else None
