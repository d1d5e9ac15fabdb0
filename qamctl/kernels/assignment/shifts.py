"""The small moves: one unit goes elsewhere, or two change places."""

from __future__ import annotations

from qamctl.kernels.assignment.problem import BROKEN
from qamctl.kernels.assignment.walk import Walk


def shift(walk: Walk) -> None:
    """A random unit goes where a neighbour is, home, or anywhere it may be."""
    s = walk.state
    u = walk.someone()
    b = walk.target(u)
    if b < 0 or b == s.x[u] or (s.violation == 0 and not s.fits(u, b)):
        return
    d = s.peek(u, b)
    if d.violation > 0:
        return
    after = [old + more for old, more in zip(s.term, d.term, strict=True)]
    if walk.accept(d.violation, d.ghost, s.term, after):
        s.move(u, b, d)
        walk.keep()


def swap(walk: Walk) -> None:
    """A random unit goes to a leaf, and one of that leaf takes its place."""
    s = walk.state
    u = walk.someone()
    b, a = walk.target(u), s.x[u]
    if b < 0 or b == a or not s.inside[b]:
        return
    w = walk.inside(b)
    if not s.may(w, a) or (s.violation == 0 and not (s.fits(u, b, w) and s.fits(w, a, u))):
        return
    walk.begin()
    walk.go(w, s.k)
    walk.go(u, b)
    if walk.risen() > BROKEN * s.base[w][-1]:  # more than that w is in no cluster
        walk.back()
        return
    walk.go(w, a)
    walk.settle()
