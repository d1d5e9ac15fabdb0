"""Rules of groups: members apart, spread over the values of a label, near members of other groups."""

from __future__ import annotations

from itertools import pairwise

from qamctl.kernels.assignment.problem import BROKEN, NO_LIMIT, AssignmentProblem


class Rules:
    """Where the members of each ruled group are.

    Attributes
    ----------
    of
        By unit: (rule, how many of its agents are members).
    near, near_back
        By rule: groups of which a member must be in a neighbourhood where one of its is, and the other way round.
    in_leaf, in_value, in_place
        By rule: members in each leaf, at each value of its label, in each neighbourhood.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        p = problem
        self.k, self.places, count = p.k, p.places, len(p.rule_apart)
        members = list(zip(p.member_rule.tolist(), p.member_count.tolist(), strict=True))
        self.of: list[list[tuple[int, int]]] = [members[a:b] for a, b in pairwise(p.member_first.tolist())]
        self.apart: list[bool] = [some != 0 for some in p.rule_apart.tolist()]
        self.label: list[int] = p.rule_value.tolist()
        self.least: list[int] = p.rule_least.tolist()
        self.skew: list[int] = p.rule_skew.tolist()
        self.weight: list[float] = p.rule_weight.tolist()
        self.value: list[list[int]] = p.value.tolist()
        self.values: list[int] = p.values.tolist()
        self.place: list[int] = p.place.tolist()
        near = p.near_rule.tolist()
        self.near: list[list[int]] = [near[a:b] for a, b in pairwise(p.near_first.tolist())]
        self.near_back: list[list[int]] = [[] for _ in range(count)]
        for g, others in enumerate(self.near):
            for h in others:
                self.near_back[h].append(g)
        self.count = count
        self.clear()

    def clear(self) -> None:
        """Nobody is anywhere."""
        self.in_leaf = [[0] * (self.k if apart else 0) for apart in self.apart]
        self.in_value = [[0] * (self.values[v] if v >= 0 else 0) for v in self.label]
        self.in_place = [[0] * self.places for _ in range(self.count)]

    def broken(self) -> int:
        """The violation while nobody is anywhere."""
        return sum(BROKEN * max(0, self.least[g]) for g, v in enumerate(self.label) if v >= 0)

    def move(self, u: int, a: int, b: int) -> tuple[int, float]:
        """A unit goes from leaf a to leaf b: changes of (violation, term `spread`)."""
        violation, spread = 0, 0.0
        for g, count in self.of[u]:
            if self.apart[g]:
                violation += self._meet(g, a, -count) + self._meet(g, b, count)
            if self.label[g] >= 0:
                row = self.value[self.label[g]]
                one, other = row[a] if a < self.k else -1, row[b] if b < self.k else -1
                if one != other:
                    before = self._lacks(g)
                    spread -= self._gather(g, one, -count)
                    spread += self._gather(g, other, count)
                    violation += BROKEN * (self._lacks(g) - before)
            if self.near[g] or self.near_back[g]:
                one, other = self.place[a] if a < self.k else -1, self.place[b] if b < self.k else -1
                if one != other:
                    violation += self._approach(g, one, -count) + self._approach(g, other, count)
        return violation, spread

    def peek(self, u: int, a: int, b: int) -> tuple[int, float]:
        """What `move` would say."""
        change = self.move(u, a, b)
        self.move(u, b, a)
        return change

    def _meet(self, g: int, leaf: int, count: int) -> int:
        """So many members come to a leaf where at most one may be: change of the violation."""
        if leaf == self.k:
            return 0
        there = self.in_leaf[g][leaf]
        self.in_leaf[g][leaf] += count
        return BROKEN * (max(0, there + count - 1) - max(0, there - 1))

    def _lacks(self, g: int) -> int:
        """How many values have too few members, and by how much the counts differ too much."""
        counts = self.in_value[g]
        some = sum(c > 0 for c in counts) if self.least[g] > 0 else 0
        skew = max(0, max(counts) - min(counts) - self.skew[g]) if self.skew[g] < NO_LIMIT else 0
        return max(0, self.least[g] - some) + skew

    def _gather(self, g: int, value: int, count: int) -> float:
        """So many members come to a value of the label, or leave it: cost of the pairs that they form there."""
        if value < 0:
            return 0.0
        there = self.in_value[g][value]
        self.in_value[g][value] += count
        more, fewer = max(there, there + count), min(there, there + count)
        return self.weight[g] * (_pairs(more) - _pairs(fewer))

    def _approach(self, g: int, place: int, count: int) -> int:
        """So many members come to a neighbourhood: change of the violation."""
        if place < 0:
            return 0
        before = self._lonely(g, place)
        self.in_place[g][place] += count
        return BROKEN * (self._lonely(g, place) - before)

    def _lonely(self, g: int, place: int) -> int:
        """In how many rules that name g a member is in a neighbourhood where it should have company and has not."""
        if self.in_place[g][place] > 0:
            return sum(self.in_place[h][place] == 0 for h in self.near[g])
        return sum(self.in_place[h][place] > 0 for h in self.near_back[g])


def _pairs(count: int) -> float:
    return 0.5 * float(count) * float(count - 1)
