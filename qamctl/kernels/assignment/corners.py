"""Ruin and recreate: a few units of a few leaves are taken out and put back one by one."""

from __future__ import annotations

from qamctl.kernels.assignment.state import Delta
from qamctl.kernels.assignment.walk import Walk

MOST_UNITS = 16  # taken out at most, 2 at least
MOST_LEAVES = 6  # of a corner at most, 2 at least
MOST_GUESTS = 4  # units in no cluster that it takes in
LOOKS = 3  # for a dear leaf


def rebuild(walk: Walk) -> None:
    """Take some units out of a corner, and put each back where it costs least, large ones first.

    Ruin and recreate (Schrimpf, Schneider, Stamm-Wilbrandt, Dueck 2000, "Record breaking optimization results using
    the ruin and recreate principle"), with noise in the order and in what a place costs. Units that are in no cluster
    may come in too.
    """
    s, below = walk.state, walk.random.below
    leaves = _corner(walk)
    if len(leaves) < 2:
        return
    walk.begin()
    pool: list[tuple[float, int]] = []
    outside, guests = s.inside[s.k], set[int]()
    for _ in range(below(MOST_GUESTS + 1) if outside else 0):
        w = walk.inside(s.k)
        if w not in guests:
            guests.add(w)
            pool.append((_rank(walk, w), w))
    for i in range(2 + below(MOST_UNITS - 1)):
        leaf = leaves[i % len(leaves)]
        if s.inside[leaf]:
            w = walk.inside(leaf)
            pool.append((_rank(walk, w), w))
            walk.go(w, s.k)
    for _, w in sorted(pool):
        best: tuple[int, float, int, Delta] | None = None
        for c in [*leaves, *(home.leaf for home in s.homes.of[w][:1])]:
            if not s.may(w, c):
                continue
            d = s.peek(w, c)
            price = walk.gain(d) + walk.temperature * walk.surprised()
            if best is None or (d.violation, price) < best[:2]:
                best = d.violation, price, c, d
        if best is not None and (best[0] <= 0 or not s.optional[w]):
            walk.go(w, best[2], best[3])
    if walk.risen() > 0:
        walk.back()
    else:
        walk.settle()


def _corner(walk: Walk) -> list[int]:
    """A leaf that is dear, as far as a few looks tell, and leaves that its units might go to."""
    s, below = walk.state, walk.random.below
    wanted = min(s.k, 2 + below(MOST_LEAVES - 1))
    pivot = below(s.n)
    for _ in range(LOOKS):
        u = below(s.n)
        a, b = s.x[u], s.x[pivot]
        if a != s.k and (b == s.k or s.load[a] + s.balance[a] > s.load[b] + s.balance[b]):
            pivot = u
    leaves = [s.x[pivot]] if s.x[pivot] != s.k else []
    for _ in range(4 * wanted):
        if len(leaves) >= wanted:
            break
        c = walk.target(walk.inside(leaves[0]) if leaves and s.inside[leaves[0]] else pivot)
        if 0 <= c < s.k and c not in leaves:
            leaves.append(c)
    return leaves


def _rank(walk: Walk, w: int) -> float:
    """Orders units: the largest first, more or less."""
    size = 0.0
    for amount, over in zip(walk.state.demand(w, walk.state.x[w]), walk.state.forest.over, strict=True):
        size += float(amount) * float(over)
    return -size * (0.5 + float(walk.random.below(1024)) / 1024.0)
