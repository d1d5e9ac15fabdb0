"""Chains: a shift whose broken rules are mended by further ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.state import Delta
from qamctl.kernels.assignment.walk import Walk

DEPTH = 12  # moves that mend a chain
TRIES = 8  # units that are looked at for one of them
LOOKS = 4  # leaves of a neighbourhood that are looked at


class ChainMove(NamedTuple):
    """A move whose consequences are to be mended."""

    unit: int
    from_: int
    to: int


class Company:
    """Who is a member of what: where partners of a unit are looked for."""

    def __init__(self, problem: AssignmentProblem, walk: Walk) -> None:
        self.any = len(problem.near_rule) > 0
        #: By rule: the units with members of it.
        self.by_rule: list[list[int]] = [[] for _ in range(walk.state.rules.count)]
        for u, members in enumerate(walk.state.rules.of):
            for g, _ in members:
                self.by_rule[g].append(u)
        #: By neighbourhood: its leaves.
        self.leaves: list[list[int]] = [[] for _ in range(problem.places)]
        for leaf, place in enumerate(walk.state.rules.place):
            self.leaves[place].append(leaf)


def chain(walk: Walk, company: Company) -> None:
    """A random unit goes elsewhere; others give way or come along until nothing is broken that was not before.

    These are ejection chains (Glover 1996, "Ejection chains, reference structures and alternating path methods for
    traveling salesman problems"): a unit that finds no room ejects another one, which may eject a third.
    """
    s = walk.state
    u = walk.someone()
    b, a = walk.target(u), s.x[u]
    if b < 0 or b == a:
        return
    walk.begin()
    walk.go(u, b)
    open_moves, moves = [ChainMove(u, a, b)], 0
    while open_moves and walk.risen() > 0 and moves < DEPTH:
        more = _partner(walk, company, open_moves[-1]) or _eject(walk, open_moves[-1])
        if more is None:
            open_moves.pop()
        else:
            open_moves.append(more)
            moves += 1
    if walk.risen() > 0:
        walk.back()
    else:
        walk.settle()


def _partner(walk: Walk, company: Company, now: ChainMove) -> ChainMove | None:
    """A unit that has to be near the one that moved comes along; None where nobody has to or can."""
    if _stale(walk, now) or not company.any or now.from_ == walk.state.k:
        return None
    s = walk.state
    place = s.rules.place
    if place[now.from_] == place[now.to]:
        return None
    for h in _lonely(walk, now):
        w = _pick(walk, company.by_rule[h], place[now.from_])
        if w < 0:
            continue
        c = _leaf_near(walk, company.leaves[place[now.to]], w, now.to)
        leaf = s.x[w]
        if c != leaf and w not in walk.moved and s.may(w, c):
            walk.go(w, c)
            return ChainMove(w, leaf, c)
    return None


def _lonely(walk: Walk, now: ChainMove) -> Iterator[int]:
    """Groups of which a member should follow: none is at the new place, or those left behind lack company."""
    rules = walk.state.rules
    old, new = rules.place[now.from_], rules.place[now.to]
    for g, _ in rules.of[now.unit]:
        yield from (h for h in rules.near[g] if rules.in_place[h][new] == 0)
        if rules.in_place[g][old] == 0:
            yield from (h for h in rules.near_back[g] if rules.in_place[h][old] > 0)


def _pick(walk: Walk, units: list[int], place: int) -> int:
    """One of the units that is in a neighbourhood and has not moved in this chain; -1 where there is none."""
    if not units:
        return -1
    s, first = walk.state, walk.random.below(len(units))
    for w in units[first:] + units[:first]:
        if s.x[w] != s.k and s.rules.place[s.x[w]] == place and w not in walk.moved:
            return w
    return -1


def _leaf_near(walk: Walk, leaves: list[int], w: int, b: int) -> int:
    """One of the leaves in the neighbourhood of b, with room for w as far as a few looks tell."""
    c = b
    for _ in range(LOOKS):
        c = leaves[walk.random.below(len(leaves))]
        if walk.state.may(w, c) and walk.state.fits(w, c):
            return c
    return c


def _eject(walk: Walk, now: ChainMove) -> ChainMove | None:
    """Somebody leaves the new leaf: of a few the one whose leaving mends most, then costs least."""
    if _stale(walk, now):
        return None
    s, b = walk.state, now.to
    there = s.inside[b]
    best: tuple[int, float, int, int, Delta] | None = None
    for i in range(min(len(there), TRIES)):
        w = walk.inside(b)
        if w in walk.moved:
            continue
        homes = s.homes.of[w]
        c = walk.target(w)
        if i % 3 == 0 and now.from_ != s.k:
            c = now.from_
        if i % 3 == 1 and homes:
            c = homes[walk.random.below(len(homes))].leaf
        if c < 0 or c == b or not s.may(w, c):
            continue
        d = s.peek(w, c)
        if d.violation < 0 and (best is None or (d.violation, walk.gain(d)) < best[:2]):
            best = d.violation, walk.gain(d), w, c, d
    if best is None:
        return None
    _, _, w, c, d = best
    walk.go(w, c, d)
    return ChainMove(w, b, c)


def _stale(walk: Walk, now: ChainMove) -> bool:
    return walk.state.x[now.unit] != now.to or now.to == walk.state.k
