"""Moves away from where agents are now: how many, what they cost, and what stays behind."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from qamctl.kernels.assignment.problem import BROKEN, AssignmentProblem

#: Cost above its bound that counts as a violation at most: larger sums would not fit 64 bits.
MOST_MONEY: Final = 2.0**40


class Home(NamedTuple):
    """Agents of a unit that are in one leaf now, and in one group (-1: none).

    Attributes
    ----------
    agents, cost
        How many, and the sum of their move costs.
    ghost
        What they use there of transient resources, in cost of load.
    demand
        [r] what they use there.
    """

    leaf: int
    group: int
    agents: int
    cost: float
    ghost: float
    demand: list[int]


class Homes:
    """Who has moved: counts and costs, in all and by group."""

    def __init__(self, problem: AssignmentProblem) -> None:
        p = problem
        self.k, self.groups = p.k, p.groups
        self.per_agent, self.per_group, self.per_pair = p.per_agent, p.per_group, p.per_pair
        self.most_moves, self.max_cost = p.most_moves, p.max_move_cost
        self.pair_cost: list[float] = p.pair_cost.tolist()
        transient, load = p.transient.tolist(), p.load.tolist()
        rows = zip(
            p.home_leaf.tolist(), p.home_group.tolist(), p.home_count.tolist(), p.home_cost.tolist(),
            p.home_demand.tolist(), strict=True,
        )  # fmt: skip
        entries = [
            Home(leaf, group, agents, cost, self._ghost(transient, load, demand), demand)
            for leaf, group, agents, cost, demand in rows
        ]
        #: By unit.
        self.of: list[list[Home]] = [entries[a:b] for a, b in pairwise(p.home_first.tolist())]
        self.clear()

    @staticmethod
    def _ghost(transient: list[int], load: list[float], demand: list[int]) -> float:
        total = 0.0
        for r, amount in enumerate(demand):
            if transient[r]:
                total += load[r] * float(amount)
        return total

    def clear(self) -> None:
        """Nobody has moved."""
        self.agents, self.cost, self.most = 0, 0.0, 0
        self.in_group = [0] * self.groups
        self.with_count = {0: self.groups}  # groups of which so many agents have moved

    def leave_all(self) -> tuple[float, float]:
        """Everybody goes from home to no cluster: (term `move`, ghost); sums are made anew so."""
        self.clear()
        money = ghost = 0.0
        for homes in self.of:
            for home in homes:
                self._count(home, 1)
                self.cost += home.cost
                money += self.per_agent * home.cost
                ghost += home.ghost
        return money + self.per_group * float(self.most), ghost

    def broken(self) -> int:
        """The violation of the bounds on moves."""
        total = BROKEN * max(0, self.agents - self.most_moves)
        if self.cost > self.max_cost + 1e-9:
            total += BROKEN * (1 + int(min(MOST_MONEY, self.cost - self.max_cost)))
        return total

    def move(self, u: int, a: int, b: int) -> tuple[int, float, float]:
        """A unit goes from leaf a to leaf b: changes of (violation, term `move`, ghost)."""
        before, most = self.broken(), self.most
        money = way = ghost = 0.0
        for home in self.of[u]:
            sign = (home.leaf != b) - (home.leaf != a)
            if self.pair_cost:
                if b < self.k:
                    way += float(home.agents) * self.pair_cost[home.leaf * self.k + b]
                if a < self.k:
                    way -= float(home.agents) * self.pair_cost[home.leaf * self.k + a]
            if sign == 0:
                continue
            money += float(sign) * home.cost
            ghost += float(sign) * home.ghost
            self._count(home, sign)
        while self.most > 0 and not self.with_count.get(self.most):
            self.most -= 1
        self.cost += money
        term = self.per_agent * money + self.per_group * float(self.most - most) + self.per_pair * way
        return self.broken() - before, term, ghost

    def peek(self, u: int, a: int, b: int) -> tuple[int, float, float]:
        """What `move` would say."""
        cost = self.cost
        change = self.move(u, a, b)
        self.move(u, b, a)
        self.cost = cost  # to the last bit
        return change

    def _count(self, home: Home, sign: int) -> None:
        self.agents += sign * home.agents
        g = home.group
        if g < 0:
            return
        self.with_count[self.in_group[g]] -= 1
        self.in_group[g] += sign * home.agents
        self.with_count[self.in_group[g]] = self.with_count.get(self.in_group[g], 0) + 1
        self.most = max(self.most, self.in_group[g])
