"""The small moves: one unit goes elsewhere, along a link on the rim or at random, or two change places."""

from __future__ import annotations

from qamctl.kernels.assignment.problem import BROKEN
from qamctl.kernels.assignment.walk import Walk


def shift(walk: Walk) -> None:
    """A random unit goes where a neighbour is, home, or anywhere it may be."""
    u = walk.someone()
    _shift(walk, u, walk.target(u))


def drift(walk: Walk) -> None:
    """A unit on the rim follows one of its links, or goes home; one time in eight anybody goes anywhere.

    Moves inside clusters change nothing for the better while links are all that counts: on the rim none is wasted.
    """
    s = walk.state
    rim = s.rim.units
    dice = walk.random.below(8) if rim else 0
    u = rim[walk.random.below(len(rim))] if dice else walk.random.below(s.n)
    homes, links, leaves = s.homes.of[u], s.links[u], walk.leaves[walk.kind[u]]
    b = -1
    if homes and (dice == 1 or (dice == 0 and walk.random.below(2) == 0)):
        b = homes[walk.random.below(len(homes))].leaf
    elif dice:
        b = s.x[links[walk.random.below(len(links))][0]] if links else -1
    elif leaves:
        b = leaves[walk.random.below(len(leaves))]
    if b >= 0 and s.may(u, b):
        _shift(walk, u, b)


def _shift(walk: Walk, u: int, b: int) -> None:
    s = walk.state
    if b < 0 or b == s.x[u] or (s.violation == 0 and not s.fits(u, b)):
        return
    d = s.peek(u, b)
    if d.violation <= 0 and walk.welcome(d):
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
