"""An assignment, its rules and its costs, kept up to date from move to move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from qamctl.kernels.assignment.devices import Devices
from qamctl.kernels.assignment.forest import Forest
from qamctl.kernels.assignment.homes import Homes
from qamctl.kernels.assignment.problem import BROKEN, TERMS, AssignmentProblem
from qamctl.kernels.assignment.rim import Rim
from qamctl.kernels.assignment.rules import Rules

Entry = TypeVar("Entry")

CUT, LOAD, BALANCE, MOVE, COST, SPREAD, UNPLACED = range(len(TERMS))


@dataclass(slots=True)
class Delta:
    """What a move changes.

    Attributes
    ----------
    violation
        Of rules, capacities and bounds, weighed.
    term
        [7] the terms of the objective.
    ghost
        What units leave behind at old places, in cost of load; it guides the search and is no part of the objective.
    """

    violation: int = 0
    term: list[float] = field(default_factory=lambda: [0.0] * len(TERMS))
    ghost: float = 0.0


class State:
    """Where every unit is, and the sums that moves are judged by.

    A move takes a unit from its leaf to another one, or to leaf `k`: to no cluster. What it changes is told by `peek`
    and done by `move`; amounts and violations are integers, so that they never drift.

    Attributes
    ----------
    x
        [n] the leaf of each unit.
    inside
        [k + 1] the units of each leaf.
    use, both
        [m, r] use of each cluster; `both` counts old places of units that moved too.
    load, balance, cost
        [m] of each cluster.
    rim
        Units with links to other leaves; only where it is traced.
    violation, term, ghost
        Of the assignment: see `Delta`.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        p = problem
        self.n, self.k, self.m, self.r = p.n, p.k, p.m, p.r
        self.forest, self.devices, self.homes, self.rules = Forest(p), Devices(p), Homes(p), Rules(p)
        self.base: list[list[int]] = p.demand.tolist()
        self.transient: list[bool] = [some != 0 for some in p.transient.tolist()]
        self.links = _rows(p.link_first.tolist(), list(zip(p.link_to.tolist(), p.link_weight.tolist(), strict=True)))
        self.rim = Rim(self.links)
        self.enemies: list[list[int]] = _rows(p.apart_first.tolist(), p.apart_to.tolist())
        self.optional: list[bool] = [some != 0 for some in p.optional.tolist()]
        self.reward: list[float] = p.reward.tolist()
        allowed: list[list[bool]] = [[some != 0 for some in row] for row in p.allowed.tolist()]
        #: By unit: whether it may be in a leaf, and in no cluster.
        self.open: list[list[bool]] = [allowed[kind] for kind in p.kind.tolist()]
        own_demand: list[list[int]] = p.own_demand.tolist()
        entries = zip(p.cost_leaf.tolist(), p.cost_value.tolist(), p.cost_own.tolist(), strict=True)
        rows = _rows(p.cost_first.tolist(), list(entries))
        #: By unit: what it costs in leaves, and what it takes there instead of `base`.
        self.price: list[dict[int, float]] = [{leaf: cost for leaf, cost, _ in row} for row in rows]
        self.own: list[dict[int, list[int]]] = [
            {leaf: own_demand[own] for leaf, _, own in row if own >= 0} for row in rows
        ]
        self.any_own, self.any_transient = any(self.own), any(self.transient)
        self.x: list[int] = []
        self.at: list[int] = []
        self.inside: list[list[int]] = []
        self.assign([p.k] * p.n)

    # ------------------------------------------------------------------------------------- reading

    def may(self, u: int, b: int) -> bool:
        """Whether a unit may be in a leaf, or in no cluster."""
        return self.optional[u] if b == self.k else self.open[u][b]

    def demand(self, u: int, b: int) -> list[int]:
        """[r] what a unit takes in a leaf."""
        return self.own[u].get(b, self.base[u])

    def fits(self, u: int, b: int, without: int = -1) -> bool:
        """Whether the leaf's own capacity has room for a unit if another one (or none) left it."""
        if b == self.k:
            return True
        come = self.demand(u, b)
        leave = self.demand(without, b) if without >= 0 else None
        for r, limit, _, transient in self.forest.hard[b]:
            now = (self.both if transient else self.use)[b][r] + come[r]
            if leave:
                now -= leave[r]
            if transient:
                now -= sum(home.demand[r] for home in self.homes.of[u] if home.leaf == b)
                if leave:
                    now += sum(home.demand[r] for home in self.homes.of[without] if home.leaf == b)
            if now > limit:
                return False
        return True

    # ------------------------------------------------------------------------------------- moves

    def assign(self, leaf: Sequence[int]) -> None:
        """Put every unit into its leaf, all sums anew: everybody begins in no cluster, away from home."""
        self.use = [[0] * self.r for _ in range(self.m)]
        self.both = [[0] * self.r for _ in range(self.m)] if self.any_transient else self.use
        self.load, self.balance, self.cost = [0.0] * self.m, [0.0] * self.m, [0.0] * self.m
        self.x, self.at = [self.k] * self.n, list(range(self.n))
        self.inside = [[] for _ in range(self.k)] + [list(range(self.n))]
        self.devices.clear()
        self.rules.clear()
        self.violation, self.term = self.rules.broken(), [0.0] * len(TERMS)
        traced, self.rim = self.rim, Rim(self.links)  # moves from nowhere are no news
        self.term[MOVE], self.ghost = self.homes.leave_all()
        self.violation += self.homes.broken()
        for u in range(self.n):
            self.term[UNPLACED] += self.reward[u]
            if not self.optional[u]:
                self.violation += BROKEN * self.base[u][-1]
            if self.any_transient:
                for home in self.homes.of[u]:
                    for node in self.forest.around[home.leaf]:
                        self.both[node] = [old + more for old, more in zip(self.both[node], home.demand, strict=True)]
        for node in range(self.m):
            self.violation += self.forest.broken(node, self.use[node], self.both[node])
            load, balance, cost = self.forest.costs(node, self.use[node])
            self.load[node], self.balance[node], self.cost[node] = load, balance, cost
            self.term[LOAD] += load
            self.term[BALANCE] += balance
            self.term[COST] += cost
        for u, b in enumerate(leaf):
            if b != self.k:
                self.move(u, b)
        self.rim = traced
        self.rim.renew(self.x)

    def peek(self, u: int, b: int) -> Delta:
        """What moving a unit to a leaf would change."""
        a, d = self.x[u], Delta()
        if a == b:
            return d
        forest, term = self.forest, d.term
        for node, sign in forest.path(a, b, self.any_own):
            use, both = self._changed(u, a, b, node, sign)
            d.violation += forest.broken(node, use, both) - forest.broken(node, self.use[node], self.both[node])
            load, balance, cost = forest.costs(node, use)
            term[LOAD] += load - self.load[node]
            term[BALANCE] += balance - self.balance[node]
            term[COST] += cost - self.cost[node]
        term[CUT] = self._cut(u, a, b)
        for w in self.enemies[u]:
            c = self.x[w]
            if c < self.k:
                d.violation += BROKEN * ((c == b) - (c == a))
        if self.price[u]:
            term[COST] += self.price[u].get(b, 0.0) - self.price[u].get(a, 0.0)
        if self.k in (a, b):
            sign = 1 if b == self.k else -1
            term[UNPLACED] += float(sign) * self.reward[u]
            if not self.optional[u]:
                d.violation += sign * BROKEN * self.base[u][-1]
        if self.devices.pieces[u]:
            if b < self.k:
                d.violation += BROKEN * self.devices.peek(u, b)
            if a < self.k:
                d.violation -= BROKEN * self.devices.lacking(u)
        if self.homes.of[u]:
            violation, term[MOVE], d.ghost = self.homes.peek(u, a, b)
            d.violation += violation
        if self.rules.of[u]:
            violation, term[SPREAD] = self.rules.peek(u, a, b)
            d.violation += violation
        return d

    def move(self, u: int, b: int, d: Delta | None = None) -> None:
        """Move a unit to a leaf; `d` is what `peek` said, where it was asked."""
        a = self.x[u]
        if a == b:
            return
        d = self.peek(u, b) if d is None else d
        for node, sign in self.forest.path(a, b, self.any_own):
            use, both = self._changed(u, a, b, node, sign)
            self.use[node] = use
            if self.any_transient:
                self.both[node] = both
            self.load[node], self.balance[node], self.cost[node] = self.forest.costs(node, use)
        if self.devices.pieces[u]:
            if a < self.k:
                self.devices.rise(u, a)
            if b < self.k:
                self.devices.seat(u, b)
        self.homes.move(u, a, b)
        self.rules.move(u, a, b)
        here = self.inside[a]
        last = here.pop()  # the last one takes the place of the one that leaves
        if last != u:
            here[self.at[u]] = last
            self.at[last] = self.at[u]
        self.at[u] = len(self.inside[b])
        self.inside[b].append(u)
        self.x[u] = b
        self.rim.move(u, a, b, self.x)
        self.violation += d.violation
        self.ghost += d.ghost
        self.term = [old + more for old, more in zip(self.term, d.term, strict=True)]

    def reseat(self, u: int, masks: list[int]) -> None:
        """Put the pieces of a unit on the devices that they had in its leaf."""
        before = self.devices.lacking(u)
        self.devices.reseat(u, self.x[u], masks)
        self.violation += BROKEN * (self.devices.lacking(u) - before)

    def _changed(self, u: int, a: int, b: int, node: int, sign: int) -> tuple[list[int], list[int]]:
        """Use of a cluster, and with old places, after a unit went from leaf a to leaf b."""
        if sign > 0:
            more = self.demand(u, b)
        elif sign < 0:
            more = [-amount for amount in self.demand(u, a)]
        else:
            more = [come - leave for come, leave in zip(self.demand(u, b), self.demand(u, a), strict=True)]
        used = [old + change for old, change in zip(self.use[node], more, strict=True)]
        if not self.any_transient:
            return used, used
        twice = [old + change for old, change in zip(self.both[node], more, strict=True)]
        if sign:
            for home in self.homes.of[u]:
                if node in self.forest.around[home.leaf]:
                    twice = [old - sign * there for old, there in zip(twice, home.demand, strict=True)]
        return used, twice

    def _cut(self, u: int, a: int, b: int) -> float:
        """Change of the weight of links to units in other leaves; what is in no cluster is not cut off."""
        with_a = with_b = placed = change = 0.0
        for w, weight in self.links[u]:
            c = self.x[w]
            if c == self.k:
                continue
            placed += weight
            if c == a:
                with_a += weight
            if c == b:
                with_b += weight
        if b < self.k:
            change += placed - with_b
        if a < self.k:
            change -= placed - with_a
        return change


def _rows(first: list[int], entries: list[Entry]) -> list[list[Entry]]:
    """A compressed table as one list a row."""
    return [entries[a:b] for a, b in pairwise(first)]
