"""What an assignment costs and breaks, from the definitions in problem.py: slow, without anything of the kernels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from qamctl.kernels.assignment.problem import BROKEN, AssignmentProblem


def score(p: AssignmentProblem, x: Sequence[int], masks: Sequence[int]) -> tuple[int, np.ndarray, float]:
    """(violation, [7] terms, ghost) of [n] leaves and [pieces] masks of devices."""
    use, both, ghost = _use(p, x)
    violation = _limits(p, use, both) + _company(p, x)
    violation += sum(BROKEN * int(p.demand[u, -1]) for u in range(p.n) if x[u] == p.k and not p.optional[u])
    violation += sum(BROKEN for u in range(p.n) if x[u] < p.k for e in _row(p.piece_first, u) if masks[e] == 0)
    rules, spread = _rules(p, x)
    moves, move = _moves(p, x)
    cut = sum(
        float(p.link_weight[e]) / 2
        for u in range(p.n)
        for e in _row(p.link_first, u)
        if x[u] != x[p.link_to[e]] and p.k not in (x[u], x[p.link_to[e]])
    )
    load = float((np.maximum(0, use - p.safe) * p.load).sum())
    cost = float(p.open_cost[use[:, -1] > 0].sum())
    cost += sum(float(p.cost_value[e]) for u in range(p.n) for e in _row(p.cost_first, u) if p.cost_leaf[e] == x[u])
    unplaced = sum(float(p.reward[u]) for u in range(p.n) if x[u] == p.k)
    term = np.array([cut, load, _balance(p, use), move, cost, spread, unplaced])
    return violation + rules + moves, term, ghost


def seats_fit(p: AssignmentProblem, x: Sequence[int], masks: Sequence[int]) -> bool:
    """Whether each piece has as many devices as it needs, or none, of those of its leaf, and none is taken twice."""
    used: Counter[tuple[int, int, int]] = Counter()
    for u in range(p.n):
        for e in _row(p.piece_first, u):
            device, size, mask = int(p.piece_device[e]), int(p.piece_size[e]), int(masks[e])
            whole = int(p.device_size[device])
            if mask == 0:
                continue
            if x[u] == p.k or mask >> int(p.device_count[x[u], device]):
                return False
            if mask.bit_count() != max(1, size // whole):
                return False
            for i in range(mask.bit_length()):
                if mask >> i & 1:
                    used[x[u], device, i] += min(size, whole)
    return all(amount <= p.device_size[device] for (_, device, _), amount in used.items())


def _row(first: np.ndarray, row: int) -> range:
    return range(int(first[row]), int(first[row + 1]))


def _around(p: AssignmentProblem, leaf: int) -> list[int]:
    nodes = []
    while leaf >= 0:
        nodes.append(leaf)
        leaf = int(p.parent[leaf])
    return nodes


def _use(p: AssignmentProblem, x: Sequence[int]) -> tuple[np.ndarray, np.ndarray, float]:
    """Use of each cluster, the same with old places that units have left, and those in cost of load."""
    use, left, ghost = np.zeros((len(p.parent), p.r), np.int64), np.zeros((len(p.parent), p.r), np.int64), 0.0
    for u in range(p.n):
        now = _around(p, x[u]) if x[u] < p.k else []
        own = [int(p.cost_own[e]) for e in _row(p.cost_first, u) if p.cost_leaf[e] == x[u] and p.cost_own[e] >= 0]
        for node in now:
            use[node] += p.own_demand[own[0]] if own else p.demand[u]
        for e in _row(p.home_first, u):
            for node in set(_around(p, int(p.home_leaf[e]))) - set(now):
                left[node] += p.home_demand[e]
            if p.home_leaf[e] != x[u]:
                ghost += float((p.load * p.home_demand[e] * p.transient).sum())
    return use, use + left * p.transient, ghost


def _limits(p: AssignmentProblem, use: np.ndarray, both: np.ndarray) -> int:
    """Capacities, and least numbers of agents."""
    violation = int((np.maximum(0, both - p.capacity) * p.over).sum())
    for size, least in zip(use[:, -1].tolist(), p.least.tolist(), strict=True):
        violation += 0 if p.elastic and size == 0 else BROKEN * max(0, least - size)
    return violation


def _balance(p: AssignmentProblem, use: np.ndarray) -> float:
    total = 0.0
    for leaf in range(p.k):
        free = [int(limit) - int(amount) for limit, amount in zip(p.capacity[leaf], use[leaf], strict=True)]
        for b, (one, other) in enumerate(zip(p.ratio_one, p.ratio_other, strict=True)):
            total += float(p.ratio_weight[b]) * max(0.0, float(p.ratio_value[b]) * free[one] - free[other])
        if p.target and use[leaf, -1]:
            total += abs(int(use[leaf, -1]) - p.target)
    return total


def _company(p: AssignmentProblem, x: Sequence[int]) -> int:
    """Pairs that must be apart and are not; each is listed both ways."""
    met = [(u, w) for u in range(p.n) for w in p.apart_to[slice(*p.apart_first[u : u + 2])] if x[u] == x[w] < p.k]
    return BROKEN * len(met) // 2


def _moves(p: AssignmentProblem, x: Sequence[int]) -> tuple[int, float]:
    """(violation, term) of moves."""
    agents, cost, way, by_group = 0, 0.0, 0.0, Counter[int]()
    for u in range(p.n):
        for e in _row(p.home_first, u):
            home, count = int(p.home_leaf[e]), int(p.home_count[e])
            if len(p.pair_cost) and x[u] < p.k:
                way += count * float(p.pair_cost[home * p.k + x[u]])
            if home != x[u]:
                agents, cost = agents + count, cost + float(p.home_cost[e])
                by_group[int(p.home_group[e])] += count
    most = max((count for group, count in by_group.items() if group >= 0), default=0)
    violation = BROKEN * max(0, agents - p.most_moves)
    violation += BROKEN * (1 + int(cost - p.max_move_cost)) if cost > p.max_move_cost + 1e-9 else 0
    return violation, p.per_agent * cost + p.per_group * most + p.per_pair * way


def _rules(p: AssignmentProblem, x: Sequence[int]) -> tuple[int, float]:
    """(violation, term) of ruled groups."""
    violation, spread = 0, 0.0
    near = [p.near_rule[a:b].tolist() for a, b in pairwise(p.near_first.tolist())]
    where: list[Counter[int]] = [Counter() for _ in p.rule_apart]  # members of each rule by leaf
    for u in range(p.n):
        for e in _row(p.member_first, u):
            if x[u] < p.k:
                where[p.member_rule[e]][x[u]] += int(p.member_count[e])
    place = [{int(p.place[leaf]) for leaf, count in members.items() if count} for members in where]
    for g, members in enumerate(where):
        if p.rule_apart[g]:
            violation += BROKEN * sum(max(0, count - 1) for count in members.values())
        if p.rule_value[g] >= 0:
            label = int(p.rule_value[g])
            counts = [0] * int(p.values[label])
            for leaf, count in members.items():
                counts[int(p.value[label, leaf])] += count
            violation += BROKEN * max(0, int(p.rule_least[g]) - sum(count > 0 for count in counts))
            violation += BROKEN * max(0, max(counts) - min(counts) - int(p.rule_skew[g]))
            spread += float(p.rule_weight[g]) * sum(count * (count - 1) / 2 for count in counts)
        violation += BROKEN * sum(len(place[g] - place[h]) for h in near[g])
    return violation, spread
