"""Random small cluster specs in which any term and any rule may occur, and all of their feasible assignments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, product
from random import Random
from typing import Any

import numpy as np
from cluster.specs import make_spec

from qamctl.cluster.check import check_columns
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import TERMS, ClusterSpec

#: What a spec may have; `random_spec` takes each by chance.
FEATURES = (
    "capacity", "shared", "safe", "transient", "inner", "sizes", "elastic", "target", "cut", "together", "apart",
    "group-apart", "spread", "least", "skew", "near", "costs", "own-demand", "open", "current", "moves", "per-group",
    "pairs", "ratios", "tolerance", "optional", "devices", "levels", "allowed",
)  # fmt: skip

#: Weights: whole numbers and decimals.
WEIGHTS = (1, 1, 2, 3, 0.5, 0.25, 1.5, 10)


def random_spec(
    rng: Random, *, agents: int = 4, clusters: int = 3, features: set[str] | None = None, chance: float = 0.3
) -> ClusterSpec:
    """A spec with about so many agents and leaves; it may have no feasible assignment.

    Parameters
    ----------
    features
        Those that it has; None: each of `FEATURES` with the chance given.
    """
    has = {name for name in FEATURES if rng.random() < chance} if features is None else features
    return make_spec(**_Draw(rng, has, agents, clusters).arguments())


class _Draw:
    def __init__(self, rng: Random, has: set[str], agents: int, clusters: int) -> None:
        self.rng, self.has = rng, has
        self.names = [f"a{i}" for i in range(agents)]
        self.leaves = [f"m{k}" for k in range(clusters)]

    def some(self, feature: str, chance: float = 0.6) -> bool:
        return feature in self.has and self.rng.random() < chance

    def arguments(self) -> dict[str, Any]:
        rng, has = self.rng, self.has
        resources: list[dict[str, Any]] = [{"id": "cpu", "weight": rng.choice(WEIGHTS)}]
        if self.some("transient", 1):
            resources[0]["transient"] = True
        if self.some("shared", 1):
            resources[0]["capacity"] = rng.randint(3, 3 * len(self.names))
        resources.append(
            {"id": "disk", "weight": rng.choice(WEIGHTS)} | ({"transient": True} if self.some("transient") else {})
        )
        if "devices" in has:
            resources.append({"id": "gpu", "device": rng.choice((4, 6, 1))})
        clusters = [self.leaf(name, resources) for name in self.leaves]
        if "inner" in has:
            clusters += self.inner(clusters)
        return {
            "resources": resources, "clusters": clusters, "links": self.links(),
            "agents": [self.agent(name, resources) for name in self.names], "groups": self.groups(),
            "costs": self.costs(), "moves": self.moves(),
            "ratios": [("cpu", "disk", rng.choice((1, 0.5, 2, 0.25)), rng.choice(WEIGHTS))] if "ratios" in has else (),
            "tolerance": rng.choice((10, 50, 80, 33.3)) if "tolerance" in has else None,
            "elastic": "elastic" in has, "target": rng.randint(1, 3) if "target" in has else 0,
            "objective": self.objective(),
        }  # fmt: skip

    def links(self) -> list[tuple[Any, ...]]:
        """No two that are together, directly or through others, must be apart: the reader's reasons tell of those."""
        cut, together, apart = [], [], []
        home = {name: name for name in self.names}
        for a, b in combinations(self.names, 2):
            if self.some("cut"):
                cut.append((a, b, self.rng.choice(WEIGHTS)))
            if self.some("together", 0.12):
                together.append((a, b, "together"))
                home = {name: home[a] if where == home[b] else where for name, where in home.items()}
            if self.some("apart", 0.2):
                apart.append((a, b, "apart"))
        return [*cut, *together, *((a, b, kind) for a, b, kind in apart if home[a] != home[b])]

    def leaf(self, name: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
        rng, has = self.rng, self.has
        row: dict[str, Any] = {"id": name, "labels": {"zone": rng.choice(("n", "s"))}}
        if "capacity" in has or "ratios" in has or "devices" in has:
            row["capacity"] = {"cpu": rng.randint(4, 9), "disk": rng.choice((4.5, 6, 8))}
            if len(resources) > 2:
                row["capacity"]["gpu"] = resources[2]["device"] * rng.randint(0, 2)
        if "safe" in has:
            row["safe"] = {"cpu": rng.randint(1, 4)} | ({"disk": 2.5} if self.some("safe") else {})
        if self.some("sizes") or "elastic" in has:
            row["min_size"] = rng.randint(0, 2)
        if self.some("sizes"):
            row["max_size"] = rng.randint(1, 4)
        if "open" in has:
            row["cost"] = rng.choice(WEIGHTS)
        if rng.random() < 0.7:
            row["neighbourhood"] = rng.choice(("p", "q"))
        return row

    def inner(self, leaves: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rng = self.rng
        for row in leaves[: rng.randint(1, len(leaves))]:
            row["parent"] = "eu"
        eu: dict[str, Any] = {"id": "eu"}
        rows = [eu]
        if rng.random() < 0.3:
            eu["parent"] = "all"
            rows.append({"id": "all"})
        for row in rows:
            if self.some("capacity"):
                row["capacity"] = {"cpu": rng.randint(5, 12)}
            if self.some("safe"):
                row["safe"] = {"cpu": rng.randint(2, 6)}
            if self.some("open"):
                row["cost"] = rng.choice(WEIGHTS)
            if self.some("sizes", 0.4):
                row["min_size"], row["max_size"] = rng.randint(0, 1), rng.randint(2, 5)
        return rows

    def agent(self, name: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        row: dict[str, Any] = {"id": name, "demand": {"cpu": rng.randint(0, 4), "disk": rng.choice((0, 0.5, 1, 2.5))}}
        if len(resources) > 2 and rng.random() < 0.8:
            size = resources[2]["device"]
            parts = (0.25, 0.5, 1, 2) if size == 1 else (2, 3, 1, size)
            row["demand"]["gpu"] = rng.choice(parts)
        if self.some("current", 0.8):
            row |= {"cluster": rng.choice(self.leaves), "move_cost": rng.choice(WEIGHTS)}
        if rng.random() < 0.7:
            row["group"] = rng.choice(("g", "h"))
        if self.some("optional", 0.5):
            row |= {"optional": True, "reward": rng.choice(WEIGHTS)}
        if self.some("allowed", 0.3):
            row["clusters"] = rng.sample(self.leaves, rng.randint(1, len(self.leaves)))
        return row

    def groups(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for name in ("g", "h"):
            row: dict[str, Any] = {"id": name}
            if self.some("group-apart", 0.7):
                row["apart"] = True
            if self.has & {"spread", "least", "skew"}:
                spread: dict[str, Any] = {"label": self.rng.choice(("zone", "neighbourhood"))}
                spread["weight"] = self.rng.choice(WEIGHTS)
                if self.some("least"):
                    spread["min"] = self.rng.randint(1, 2)
                if self.some("skew"):
                    spread["max_skew"] = self.rng.randint(0, 2)
                row["spread"] = spread
            if self.some("near", 0.8):
                row["near"] = ["h" if name == "g" else "g"]
            rows.append(row)
        return rows

    def costs(self) -> list[tuple[Any, ...]]:
        rng = self.rng
        rows: list[tuple[Any, ...]] = []
        for a in self.names:
            for k in self.leaves:
                if self.some("costs") or self.some("own-demand", 0.3):
                    own = {"cpu": rng.randint(0, 5)} if self.some("own-demand") and "devices" not in self.has else None
                    rows.append((a, k, rng.choice((0, 1, 2, 5, 0.5)), own))
        return rows

    def moves(self) -> dict[str, Any]:
        rng, row = self.rng, {}
        if self.some("moves"):
            row["max"] = rng.randint(0, 3)
        if self.some("moves"):
            row["max_cost"] = rng.choice((1, 2, 2.5, 4))
        if "per-group" in self.has:
            row["per_group"] = rng.choice(WEIGHTS)
        if "pairs" in self.has:
            row["per_pair"] = rng.choice(WEIGHTS)
            ways = [(a, b) for a in self.leaves for b in self.leaves if a != b]
            row["pairs"] = [(a, b, rng.choice(WEIGHTS)) for a, b in rng.sample(ways, rng.randint(0, len(ways)))]
        return row

    def objective(self) -> list[dict[str, float]]:
        rng = self.rng
        weights = {term: float(rng.choice(WEIGHTS)) for term in TERMS if rng.random() < 0.75}
        if "levels" not in self.has:
            return [weights or {"cut": 1.0}]
        names = list(weights) or ["cut"]
        rng.shuffle(names)
        middle = rng.randint(1, len(names))
        return [{name: weights.get(name, 1.0) for name in part} for part in (names[:middle], names[middle:]) if part]


def assignments(spec: ClusterSpec) -> Iterator[tuple[Solution, tuple[float, ...]]]:
    """Every feasible assignment, with some devices that fit, and its value by the checker."""
    leaves = np.flatnonzero(spec.clusters.leaf).tolist()
    places = []
    for optional, allowed in zip(spec.agents.optional.tolist(), spec.agents.allowed, strict=True):
        places.append([*(leaves if allowed is None else allowed), *([-1] if optional else [])])
    kinds = int((spec.resources.device > 0).sum())
    for cluster in product(*places):
        rows = np.array(cluster, np.int32)
        empty = np.zeros((len(rows), kinds), np.int64)
        report = check_columns(spec, rows, empty)
        if any(v.constraint not in ("devices", "device-capacity") for v in report.violations):
            continue
        if not report.violations:
            yield Solution(rows, empty), tuple(map(float, report.levels))
            continue
        for bits in _devices(spec, rows):
            if check_columns(spec, rows, bits).feasible:
                yield Solution(rows, bits), tuple(map(float, report.levels))
                break


def optimum(spec: ClusterSpec) -> tuple[tuple[float, ...] | None, list[tuple[Solution, tuple[float, ...]]]]:
    """(the lexicographically best value, None where nothing is feasible; all feasible assignments with theirs)."""
    found = list(assignments(spec))
    return min((value for _, value in found), default=None), found


def _devices(spec: ClusterSpec, cluster: np.ndarray) -> Iterator[np.ndarray]:
    r = int(np.flatnonzero(spec.resources.device > 0)[0])
    size = int(spec.resources.device[r])
    ways = []
    for agent, row in enumerate(cluster.tolist()):
        need = -(-int(spec.agents.demand[agent, r]) // size) if row >= 0 else 0
        count = int(spec.clusters.capacity[row, r]) // size if row >= 0 else 0
        ways.append(_choices(count, need))
    for bits in product(*ways):
        yield np.array(bits, np.int64).reshape(-1, 1)


@lru_cache(maxsize=256)
def _choices(count: int, need: int) -> tuple[int, ...]:
    return tuple(sum(1 << d for d in chosen) for chosen in combinations(range(count), need))
