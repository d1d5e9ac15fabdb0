"""Random small problems for the assignment kernels, which use every rule, and the two kernels side by side."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from qamctl.kernels import AssignmentSearch, extension
from qamctl.kernels.assignment.problem import BROKEN, NO_LIMIT, TERMS, AssignmentProblem
from qamctl.kernels.assignment.reference import AssignmentSearch as Reference

Make = Callable[[AssignmentProblem, np.ndarray, int], AssignmentSearch]

needs_native = pytest.mark.skipif(extension("assignment") is None, reason="the C++ kernels are not built")


def native_search(problem: AssignmentProblem, start: np.ndarray, seed: int) -> AssignmentSearch:
    """The C++ search."""
    module: Any = extension("assignment")
    search: AssignmentSearch = module.AssignmentSearch(problem, start, seed)
    return search


#: Both kernels, to parametrise tests over.
KERNELS = [pytest.param(Reference, id="reference"), pytest.param(native_search, id="native", marks=needs_native)]

#: What a problem may have, besides units and leaves.
FEATURES = (
    "transient", "inner", "own", "costs", "devices", "members", "apart", "near", "spread", "links", "enemies",
    "homes", "groups", "pairs", "bounds", "optional", "elastic", "target", "ratios", "levels", "safe", "least",
    "open", "kinds", "several",
)  # fmt: skip


def state(search: AssignmentSearch) -> dict[str, object]:
    """Everything that a search shows; doubles to the last bit."""
    arrays = ("leaf", "term", "best", "best_mask", "best_term")
    shown: dict[str, object] = {name: getattr(search, name).tobytes() for name in arrays}
    return shown | {name: getattr(search, name) for name in ("steps", "cycles", "violation", "best_violation")}


def random_problem(
    seed: int, n: int | None = None, k: int | None = None, has: set[str] | None = None
) -> AssignmentProblem:
    """A problem with `n` units, `k` leaves and some features, where they are not given as well: any of them."""
    return _Draw(np.random.default_rng([seed, 7]), n, k, has).problem()


def random_start(problem: AssignmentProblem, seed: int) -> np.ndarray:
    """[n] leaves, and none for about one unit of ten."""
    rng = np.random.default_rng([seed, 8])
    leaf = rng.integers(0, max(1, problem.k), problem.n)
    return np.where(rng.random(problem.n) < 0.1, problem.k, leaf).astype(np.int32)


class _Draw:
    """Draws one problem around a hidden assignment, which its capacities more or less have room for."""

    def __init__(self, rng: np.random.Generator, n: int | None, k: int | None, has: set[str] | None) -> None:
        self.rng = rng
        self.has = set(rng.permutation(FEATURES)[: rng.integers(2, len(FEATURES))].tolist()) if has is None else has
        self.n = int(rng.integers(1, 31)) if n is None else n
        self.k = int(rng.integers(1, 8)) if k is None else k
        self.r = int(rng.integers(2, 5))
        self.hidden = rng.integers(0, self.k, self.n)

    def chosen(self, name: str, size: int | tuple[int, ...], chance: float) -> np.ndarray:
        """[size] some where the problem has a feature, none else."""
        some: np.ndarray = self.rng.random(size) < chance * (name in self.has)
        return some

    def problem(self) -> AssignmentProblem:
        rng, n, k, r = self.rng, self.n, self.k, self.r
        count = rng.integers(1, 4, n) if "several" in self.has else np.ones(n, np.int64)
        demand = np.column_stack([rng.integers(0, 10, (n, r - 1)), count])
        parent = self.parents()
        m = len(parent)
        costs = self.costs(demand)
        homes = self.homes(demand, count)
        capacity = self.capacity(demand, parent)
        devices = self.devices()
        transient = np.append(self.chosen("transient", r - 1, 0.7), False)
        ratios = int(rng.integers(1, 3)) if "ratios" in self.has else 0
        kinds = int(rng.integers(1, 4)) if "kinds" in self.has else 1
        allowed = (rng.random((kinds, k)) < (0.7 if "kinds" in self.has else 1.0)).astype(np.uint8)
        kind, leaf = np.nonzero(allowed)
        safe = np.full((m, r), NO_LIMIT)
        if "safe" in self.has:
            safe = np.where(rng.random((m, r)) < 0.7, rng.integers(0, 40, (m, r)), NO_LIMIT)
        levels = rng.choice((0.0, 1.0, 0.3, 2.5), (int(rng.integers(1, 4)) if "levels" in self.has else 1, len(TERMS)))
        levels[0, rng.integers(0, len(TERMS))] = 1.0
        return AssignmentProblem(
            n=n, k=k, demand=demand, transient=transient.astype(np.uint8),
            over=np.append(rng.integers(1, 5000, r - 1), BROKEN), parent=parent, capacity=capacity, safe=safe,
            least=np.where(self.chosen("least", m, 0.5), rng.integers(0, 3, m), 0), elastic="elastic" in self.has,
            load=np.append(self.weights(r - 1), 0.0),
            ratio_one=rng.integers(0, r, ratios).astype(np.int32),
            ratio_other=rng.integers(0, r, ratios).astype(np.int32),
            ratio_value=self.weights(ratios), ratio_weight=self.weights(ratios),
            target=int(rng.integers(1, 5)) if "target" in self.has else 0,
            open_cost=self.weights(m) * ("open" in self.has),
            kind=rng.integers(0, kinds, n).astype(np.int32), allowed=allowed,
            allowed_first=_first(kind, kinds), allowed_leaf=leaf.astype(np.int32),
            **self.pairs("links"), **self.pairs("enemies"), **homes, **costs, **self.rules(count),
            optional=self.chosen("optional", n, 0.5).astype(np.uint8), reward=self.weights(n), **devices,
            levels=levels, mix=np.array([300, 600, 1000, 2000, 2900]),
            surprise=-np.log((np.arange(64) + 0.5) / 64), cooling=np.geomspace(0.5, 0.001, 256),
        )  # fmt: skip

    def weights(self, size: int) -> np.ndarray:
        """Numbers whose sums are inexact."""
        return np.round(self.rng.random(size) * 10, 2) / 3

    def parents(self) -> np.ndarray:
        """A few inner clusters, each around leaves or other inner ones; some leaves are in none."""
        if "inner" not in self.has:
            return np.full(self.k, -1, np.int32)
        m = self.k + int(self.rng.integers(1, 4))
        parent = [int(self.rng.integers(max(self.k, node + 1), m + 1)) for node in range(m)]
        return np.array([-1 if node == m else node for node in parent], np.int32)

    def capacity(self, demand: np.ndarray, parent: np.ndarray) -> np.ndarray:
        """What the hidden assignment needs, more or less."""
        use = np.zeros((len(parent), self.r), np.int64)
        np.add.at(use, self.hidden, demand)
        for node, above in enumerate(parent.tolist()):
            if above >= 0:
                use[above] += use[node]
        slack = self.rng.choice((0.9, 1.2, 1.6, 3.0))
        capacity = (use * slack).astype(np.int64) + self.rng.integers(0, 6, use.shape)
        limited = 1.0 if "ratios" in self.has else 0.7  # what is free of no limit says nothing
        return np.where(self.rng.random(use.shape) < limited, capacity, NO_LIMIT)

    def costs(self, demand: np.ndarray) -> dict[str, Any]:
        """Costs by leaf; for every third unit in all leaves."""
        some = self.chosen("costs", (self.n, self.k), 0.4)
        some |= self.chosen("costs", (self.n, 1), 0.3)
        unit, leaf = np.nonzero(some)
        own = self.chosen("own", len(unit), 0.6)
        there = np.maximum(0, demand[unit[own]] + self.rng.integers(-4, 5, (int(own.sum()), self.r)))
        there[:, -1] = demand[unit[own], -1]
        return {
            "cost_first": _first(unit, self.n), "cost_leaf": leaf.astype(np.int32),
            "cost_value": self.weights(len(unit)),
            "cost_own": np.where(own, np.cumsum(own) - 1, -1).astype(np.int32), "own_demand": there,
        }  # fmt: skip

    def homes(self, demand: np.ndarray, count: np.ndarray) -> dict[str, Any]:
        """Every agent of a unit at home somewhere, and in a group."""
        rng, n, k = self.rng, self.n, self.k
        settled = self.chosen("homes", n, 0.8)
        unit = np.repeat(np.arange(n), np.where(settled, count, 0))
        leaf = np.where(rng.random(len(unit)) < 0.6, self.hidden[unit], rng.integers(0, k, len(unit)))
        groups = int(rng.integers(1, 4)) if "groups" in self.has else 0
        there = demand[unit] // np.maximum(1, count[unit])[:, None]
        bound = "bounds" in self.has
        return {
            "home_first": _first(unit, n), "home_leaf": leaf.astype(np.int32),
            "home_group": rng.integers(-1, groups, len(unit)).astype(np.int32),
            "home_count": np.ones(len(unit), np.int64), "home_cost": self.weights(len(unit)), "home_demand": there,
            "groups": groups, "pair_cost": self.weights(k * k if "pairs" in self.has else 0),
            "per_agent": float(rng.choice((0, 1, 0.7))), "per_group": float(rng.choice((0, 1, 0.3))),
            "per_pair": float(rng.choice((0, 1, 0.9))),
            "most_moves": int(rng.integers(0, n + 1)) if bound else NO_LIMIT,
            "max_move_cost": float(rng.integers(0, 3 * n)) if bound and rng.random() < 0.7 else float("inf"),
        }  # fmt: skip

    def rules(self, count: np.ndarray) -> dict[str, Any]:
        """Ruled groups, of which a unit may have members in several."""
        rng, n, k = self.rng, self.n, self.k
        rules = int(rng.integers(1, 5)) if "members" in self.has else 0
        unit, rule = np.nonzero(self.chosen("members", (n, rules), 0.4))
        labels = int(rng.integers(1, 3)) if "spread" in self.has else 0
        values = rng.integers(1, 4, labels)
        near = self.chosen("near", (rules, rules), 0.4) & ~np.eye(rules, dtype=bool)
        one, other = np.nonzero(near)
        places = int(rng.integers(1, k + 1))
        return {
            "member_first": _first(unit, n), "member_rule": rule.astype(np.int32),
            "member_count": rng.integers(1, count[unit] + 1).astype(np.int32),
            "rule_apart": self.chosen("apart", rules, 0.6).astype(np.uint8),
            "rule_value": rng.integers(-1, labels, rules).astype(np.int32),
            "rule_least": rng.integers(0, 3, rules),
            "rule_skew": np.where(rng.random(rules) < 0.5, rng.integers(0, 3, rules), NO_LIMIT),
            "rule_weight": self.weights(rules),
            "value": np.array([rng.integers(0, v, k) for v in values], np.int32).reshape(labels, k), "values": values,
            "near_first": _first(one, rules), "near_rule": other.astype(np.int32),
            "place": rng.integers(0, places, k).astype(np.int32), "places": places,
        }  # fmt: skip

    def pairs(self, name: str) -> dict[str, np.ndarray]:
        """Links, or pairs that must be apart, both ways."""
        pairs = np.array(list(combinations(range(self.n), 2)), np.int64).reshape(-1, 2)
        chance = min(1.0, (3 if name == "links" else 0.7) / max(1, self.n - 1))
        pairs = pairs[self.chosen(name, len(pairs), chance)]
        both = np.concatenate([pairs, pairs[:, ::-1]])
        order = np.argsort(both[:, 0], kind="stable")
        first, to = _first(both[:, 0], self.n), both[order, 1].astype(np.int32)
        if name == "enemies":
            return {"apart_first": first, "apart_to": to}
        return {"link_first": first, "link_to": to, "link_weight": np.tile(self.weights(len(pairs)), 2)[order]}

    def devices(self) -> dict[str, np.ndarray]:
        """Pieces of devices, the largest of a unit first."""
        rng, n, k = self.rng, self.n, self.k
        kinds = int(rng.integers(1, 3)) if "devices" in self.has else 0
        size = rng.integers(1, 9, kinds)
        unit = np.sort(rng.integers(0, n, int(rng.integers(0, 2 * n)) if kinds and n else 0))
        device = rng.integers(0, max(1, kinds), len(unit))
        whole = size[device] if len(unit) else device
        several, part = whole * rng.integers(1, 3, len(unit)), rng.integers(1, whole + 1)
        wanted = np.where(rng.random(len(unit)) < 0.3, several, part)
        order = np.lexsort((-wanted, unit))
        return {
            "piece_first": _first(unit, n), "piece_device": device[order].astype(np.int32), "piece_size": wanted[order],
            "device_size": size, "device_count": rng.integers(0, 5, (k, kinds)),
        }  # fmt: skip


def _first(row: np.ndarray, rows: int) -> np.ndarray:
    """Where the entries of each row begin, given the row of each entry."""
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int64)
