"""Random tiny cluster specs that use every constraint, and whether one has a feasible assignment at all.

A spec is plain data, as a YAML file would hold it. Everything comes from the generator that is passed in.
"""

from __future__ import annotations

from itertools import combinations, product
from random import Random
from typing import Any

import numpy as np

from qamctl.cluster.check import check_columns
from qamctl.cluster.spec import ClusterSpec

_ZONES = ("n", "s")
_AREAS = ("p", "q")


def tiny_cluster(rng: Random) -> dict[str, Any]:
    """A cluster spec of at most four agents and three clusters; some are feasible, some are not."""
    return _Draw(rng).spec()


class _Draw:
    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def some(self, chance: float = 0.3) -> bool:
        return self.rng.random() < chance

    def maybe(self, chance: float, **fields: Any) -> dict[str, Any]:
        return fields if self.some(chance) else {}

    def spec(self) -> dict[str, Any]:
        rng = self.rng
        resources = [{"id": "cpu"} | self.maybe(0.4, transient=True) | self.maybe(0.2, capacity=rng.randint(1, 9))]
        devices = self.some(0.25)
        resources += [{"id": "gpu", "device": 2}] if devices else []
        clusters, names = self.clusters(devices)
        agents = [self.agent(i, names, devices) for i in range(rng.randint(1, 4))]
        if isinstance(clusters, dict) and "count" in clusters:
            clusters["count"] = min(clusters["count"], len(agents))
        spec: dict[str, Any] = {"kind": "cluster", "version": 1, "resources": resources, "agents": agents}
        spec |= {"clusters": clusters, "links": self.links(len(agents))}
        listed = isinstance(clusters, list)
        groups = {row["group"] for row in agents if "group" in row}
        spec |= {"groups": [self.group(name, listed) for name in sorted(groups | {"g0"})]}
        spec |= self.maybe(0.25, balance=rng.choice((0, 10, 50)))
        spec |= self.maybe(
            0.3, moves=self.maybe(0.7, max=rng.randint(0, 2)) | self.maybe(0.5, max_cost=rng.randint(0, 3))
        )
        pairs = [(row, name) for row in agents for name in names]
        chosen = rng.sample(pairs, rng.randint(1, min(4, len(pairs)))) if self.some(0.4) and names else []
        costs = []
        for row, name in chosen:
            own = row["demand"] | {"cpu": rng.randint(0, 5)}  # devices are the same everywhere
            costs.append({"agent": row["id"], "cluster": name} | self.maybe(0.7, demand=own))
        return spec | ({"costs": costs} if costs else {})

    def clusters(self, devices: bool) -> tuple[Any, list[str]]:
        """The clusters, and the names of those that agents can be in, where there will surely be those."""
        rng = self.rng
        capacity = {"cpu": rng.randint(2, 8)} | ({"gpu": 2 * rng.randint(1, 2)} if devices else {})
        form = rng.random()
        if form < 0.1:
            return {"count": rng.randint(1, 3), "capacity": capacity} | self.maybe(0.4, max_size=rng.randint(1, 2)), []
        if form < 0.2:
            size = self.maybe(0.6, min=rng.randint(1, 3)) | self.maybe(0.6, max=rng.randint(1, 3)) or {"target": 2}
            return {"size": size} | ({"capacity": capacity} if devices or self.some() else {}), []
        rows = [self.cluster(f"m{k}", devices) for k in range(rng.randint(1, 3))]
        names = [row["id"] for row in rows]
        if devices:
            rows[0]["capacity"] = capacity
        if self.some(0.3):
            rows.append({"id": "eu"} | self.maybe(0.6, capacity={"cpu": rng.randint(1, 8)}) | self.limits())
            for row in rng.sample(rows[:-1], rng.randint(1, len(rows) - 1)):
                row["parent"] = "eu"
        return rows, names

    def limits(self) -> dict[str, Any]:
        return self.maybe(0.15, min_size=self.rng.randint(1, 2)) | self.maybe(0.2, max_size=self.rng.randint(0, 3))

    def cluster(self, name: str, devices: bool) -> dict[str, Any]:
        rng = self.rng
        row: dict[str, Any] = {"id": name, "labels": {"zone": rng.choice(_ZONES)}}
        if self.some(0.7):
            row["capacity"] = {"cpu": rng.randint(1, 7)} | ({"gpu": 2 * rng.randint(0, 2)} if devices else {})
        row |= self.maybe(0.2, taints=["spot"]) | self.maybe(0.6, neighbourhood=rng.choice(_AREAS))
        return row | self.limits()

    def agent(self, i: int, names: list[str], devices: bool) -> dict[str, Any]:
        rng = self.rng
        row: dict[str, Any] = {"id": f"a{i}", "demand": {"cpu": rng.randint(0, 4)}}
        if devices and self.some(0.6):
            row["demand"]["gpu"] = rng.choice((0.5, 1, 1.5, 2, 4))
        row |= self.maybe(0.3, optional=True) | self.maybe(0.3, tolerates=["spot"]) | self.maybe(0.5, group=f"g{i % 2}")
        if names:
            row |= self.maybe(0.5, cluster=rng.choice(names)) | self.maybe(0.2, requires={"zone": rng.choice(_ZONES)})
            row |= self.maybe(0.25, clusters=rng.sample(names, rng.randint(1, len(names))))
        else:
            row |= self.maybe(0.3, cluster="c0")
        zones = row.get("requires", {}).get("zone")
        return row | ({"requires": {"zone": list(_ZONES)}} if zones and self.some(0.2) else {})

    def links(self, n: int) -> list[dict[str, Any]]:
        pairs = [(f"a{i}", f"a{j}") for i in range(n) for j in range(i)]
        chosen = self.rng.sample(pairs, min(len(pairs), self.rng.choice((0, 0, 1, 2, 3))))
        return [{"a": a, "b": b, "kind": self.rng.choice(("cut", "together", "together", "apart"))} for a, b in chosen]

    def group(self, name: str, labelled: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"id": name} | self.maybe(0.35, apart=True)
        if labelled and self.some(0.4):
            limits = self.maybe(0.6, min=self.rng.randint(1, 3)) | self.maybe(0.5, max_skew=self.rng.randint(0, 2))
            row["spread"] = {"label": "zone"} | limits
        return row | (self.maybe(0.4, near=["g0"]) if name != "g0" else {})


def feasible(spec: ClusterSpec) -> bool:
    """Whether any assignment keeps every constraint, found by trying all of them with all devices."""
    leaves = np.flatnonzero(spec.clusters.leaf).tolist()
    places = [[*leaves, -1] if optional else leaves for optional in spec.agents.optional.tolist()]
    for cluster in product(*places):
        array = np.array(cluster)
        if all(
            violation.constraint in ("devices", "device-capacity")
            for violation in check_columns(spec, array, np.zeros((len(array), _devices(spec)), np.int64)).violations
        ) and any(check_columns(spec, array, bits).feasible for bits in _choices(spec, cluster)):
            return True
    return False


def _devices(spec: ClusterSpec) -> int:
    return int(np.count_nonzero(spec.resources.device))


def _choices(spec: ClusterSpec, cluster: tuple[int, ...]) -> Any:
    """Every way to give the agents of an assignment as many devices as they need, as bits."""
    if not _devices(spec):
        yield np.zeros((len(cluster), 0), np.int64)
        return
    r = int(spec.resources.device.argmax())
    device = int(spec.resources.device[r])
    ways = []
    for i, k in enumerate(cluster):
        need = demand_of(spec, i, k)[r] if k >= 0 else 0
        there = range(int(spec.clusters.capacity[k, r]) // device) if k >= 0 else range(0)
        ways.append([sum(1 << d for d in chosen) for chosen in combinations(there, -(-need // device))])
    for bits in product(*ways):
        yield np.array(bits, np.int64).reshape(-1, 1)


def demand_of(spec: ClusterSpec, agent: int, cluster: int) -> list[int]:
    """What an agent demands in a cluster."""
    costs = spec.costs
    own = (costs.agent == agent) & (costs.cluster == cluster) & costs.own_demand
    row = costs.demand[own][0] if own.any() else spec.agents.demand[agent]
    found: list[int] = row.tolist()
    return found
