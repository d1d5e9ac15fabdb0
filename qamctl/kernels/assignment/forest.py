"""What clusters allow and cost, by what is in them: limits that are broken, load, balance, opening."""

from __future__ import annotations

from collections.abc import Sequence

from qamctl.kernels.assignment.problem import BROKEN, NO_LIMIT, AssignmentProblem

Row = Sequence[int]  # [r] amounts of the resources; the last one is the number of agents


class Forest:
    """The clusters of a problem, whatever is in them."""

    def __init__(self, problem: AssignmentProblem) -> None:
        p = problem
        self.k, self.elastic, self.target = p.k, p.elastic, p.target
        self.parent: list[int] = p.parent.tolist()
        self.capacity: list[list[int]] = p.capacity.tolist()
        self.least: list[int] = p.least.tolist()
        self.open_cost: list[float] = p.open_cost.tolist()
        self.over: list[int] = p.over.tolist()
        over, transient, load = self.over, p.transient.tolist(), p.load.tolist()
        #: By cluster: (resource, limit, violation of one unit above it, whether old places count).
        self.hard: list[list[tuple[int, int, int, bool]]] = [
            [(r, limit, over[r], transient[r] != 0) for r, limit in enumerate(row) if limit < NO_LIMIT]
            for row in self.capacity
        ]
        #: By cluster: (resource, limit, cost of one unit above it).
        self.soft: list[list[tuple[int, int, float]]] = [
            [(r, limit, load[r]) for r, limit in enumerate(row) if limit < NO_LIMIT] for row in p.safe.tolist()
        ]
        self.ratios: list[tuple[int, int, float, float]] = list(
            zip(
                p.ratio_one.tolist(), p.ratio_other.tolist(), p.ratio_value.tolist(), p.ratio_weight.tolist(),
                strict=True,
            )
        )  # fmt: skip
        #: By leaf: itself and what is around it.
        self.around: list[list[int]] = [self._around(leaf) for leaf in range(p.k)]

    def _around(self, leaf: int) -> list[int]:
        nodes = []
        while leaf >= 0:
            nodes.append(leaf)
            leaf = self.parent[leaf]
        return nodes

    def path(self, a: int, b: int, whole: bool) -> list[tuple[int, int]]:
        """(cluster, sign) of those that change when a unit goes from leaf a to leaf b, ascending.

        The sign is -1 where the cluster loses the unit and 1 where it gets it. With `whole`, clusters that contain
        both leaves follow, with 0: what a unit uses there may depend on its leaf.
        """
        steps = []
        i, j = -1 if a == self.k else a, -1 if b == self.k else b
        while i != j:  # a parent's number is higher than its children's
            if j < 0 or 0 <= i < j:
                steps.append((i, -1))
                i = self.parent[i]
            else:
                steps.append((j, 1))
                j = self.parent[j]
        while whole and i >= 0:
            steps.append((i, 0))
            i = self.parent[i]
        return steps

    def broken(self, node: int, use: Row, both: Row) -> int:
        """The violation of capacities and of the least size of a cluster in which so much is used.

        `both` counts what units that moved use at their old places too.
        """
        total = 0
        for r, limit, over, transient in self.hard[node]:
            now = both[r] if transient else use[r]
            if now > limit:
                total += over * (now - limit)
        size = use[-1]
        if size < self.least[node] and not (self.elastic and size == 0):
            total += BROKEN * (self.least[node] - size)
        return total

    def costs(self, node: int, use: Row) -> tuple[float, float, float]:
        """Load, balance and cost of a cluster in which so much is used."""
        load = balance = 0.0
        for r, limit, weight in self.soft[node]:
            if use[r] > limit:
                load += weight * float(use[r] - limit)
        size = use[-1]
        if node < self.k:
            limits = self.capacity[node]
            for one, other, value, weight in self.ratios:
                lacks = value * float(limits[one] - use[one]) - float(limits[other] - use[other])
                if lacks > 0:
                    balance += weight * lacks
            if self.target > 0 and size > 0:
                balance += float(abs(size - self.target))
        return load, balance, self.open_cost[node] if size > 0 else 0.0
