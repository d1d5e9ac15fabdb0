"""Chases: moves that spread from one unit over its neighbours, as far as they pay."""

from __future__ import annotations

import heapq

from qamctl.kernels.assignment.walk import TOLERANCE, Walk

IDLE = 30  # moves without a gain
LONGEST = 400  # moves in all


def chase(walk: Walk) -> None:
    """Move units along links, the best first and worse ones too, and take back all that do not pay.

    A localised form of Fiduccia, Mattheyses 1982, "A linear-time heuristic for improving network partitions": a unit
    moves once, its neighbours are considered next, and the best prefix of the moves is kept.
    """
    s = walk.state
    walk.begin()
    heap: list[tuple[float, int, int]] = []

    def offer(u: int) -> None:
        b = attracted(walk, u) if u not in walk.moved else -1
        d = s.peek(u, b) if b >= 0 else None
        if d is not None and d.violation <= 0:
            heapq.heappush(heap, (walk.value(d.term, walk.level), u, b))

    offer(walk.random.below(s.n))
    best, kept, idle = walk.value(s.term, walk.level), 0, 0
    while heap and idle < IDLE and len(walk.undo) < LONGEST:
        known, u, _ = heapq.heappop(heap)
        b = attracted(walk, u) if u not in walk.moved else -1
        if b < 0:
            continue
        d = s.peek(u, b)
        if d.violation > 0:
            continue
        price = walk.value(d.term, walk.level)
        if price > known:  # it was better once
            heapq.heappush(heap, (price, u, b))
            continue
        walk.go(u, b, d)
        idle += 1
        now = walk.value(s.term, walk.level)
        if now < best - TOLERANCE or (now <= best and walk.risen() < 0):
            best, kept, idle = now, len(walk.undo), 0
        for w, _ in s.links[u]:
            offer(w)
    walk.back(kept)
    if kept:
        walk.settle()


def attracted(walk: Walk, u: int) -> int:
    """The leaf with room for a unit that it has the strongest links to; -1 where there is none."""
    s, pull = walk.state, dict[int, float]()
    for w, weight in s.links[u]:
        c = s.x[w]
        if c not in (s.k, s.x[u]):
            pull[c] = pull.get(c, 0.0) + weight
    to, most = -1, 0.0
    for c, weight in pull.items():
        if weight > most and s.may(u, c) and s.fits(u, c):
            to, most = c, weight
    return to
