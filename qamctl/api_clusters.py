"""The plan's classes for clusters: a structure that is created, divided, merged and optimised, and its log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.api_account import settings_for
from qamctl.cluster.agent_cluster import AgentCluster, Amount, clusters_of
from qamctl.cluster.carry import carried
from qamctl.cluster.check import Report
from qamctl.cluster.present import present_report, present_solution
from qamctl.cluster.read import build_cluster, cluster_from_data
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec
from qamctl.cluster.structure import Data, assigned, created, divided, merged, nested
from qamctl.cluster.write import to_data
from qamctl.clustering import ClusterReport, OptimisationState, find_parts, optimise
from qamctl.errors import UsageError
from qamctl.runs.record import utc_now
from qamctl.spec.plain import plain, plain_source
from qamctl.spec.reader import read_source

if TYPE_CHECKING:
    from qamctl.api import AzureQuantumClient

__all__ = ["AgentCluster", "ClusterManager", "ClusterReport", "OptimisationState"]

#: Seconds of an optimisation where nothing is said.
TIME_LIMIT = 10.0


class ClusterManager:
    """A structure of clusters and the agents in them, and what has been done to it.

    Every operation is a line of `log`, and lines that are replayed give the same structure. An operation that makes no
    sense raises and changes nothing.

    Parameters
    ----------
    spec
        A cluster problem: read already, a file's path, or plain data as a problem file holds it.
    seed
        Of every search, where nothing else is said.
    clock
        What time it is, for the record of optimisations.

    Raises
    ------
    SpecError
        With every fault of the file or the data.
    """

    def __init__(
        self,
        spec: ClusterSpec | str | Path | Mapping[str, Any],
        *,
        seed: int = 0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.seed, self._clock = seed, clock
        self._log: list[str] = []
        self._runs: list[OptimisationState] = []
        self._data: Data = {}
        self._spec: ClusterSpec
        self._record({"op": "open", "seed": seed, "data": _data_of(spec)})

    @classmethod
    def from_file(cls, path: str | Path, *, seed: int = 0, clock: Callable[[], datetime] = utc_now) -> ClusterManager:
        """The structure of a problem file; see the class."""
        return cls(path, seed=seed, clock=clock)

    @classmethod
    def replay(cls, log: Iterable[str], *, clock: Callable[[], datetime] = utc_now) -> ClusterManager:
        """The structure that the lines of a log lead to, with the same log; nothing is searched again.

        Raises
        ------
        UsageError, SpecError
            They are not the log of a structure.
        """
        lines = [json.loads(line) for line in log if line.strip()]
        if not lines or lines[0].get("op") != "open":
            raise UsageError("a log begins with the structure that was opened: give all of its lines")
        manager = cls(lines[0]["data"], seed=lines[0]["seed"], clock=clock)
        for entry in lines[1:]:
            manager._record(entry)
        return manager

    @property
    def spec(self) -> ClusterSpec:
        """The structure as a cluster problem, with agents where they are now."""
        return self._spec

    @property
    def data(self) -> dict[str, Any]:
        """The structure as plain data: what a problem file would hold."""
        found: dict[str, Any] = plain(self._data)
        return found

    @property
    def log(self) -> tuple[str, ...]:
        """Every operation so far, each a line of JSON."""
        return tuple(self._log)

    @property
    def runs(self) -> tuple[OptimisationState, ...]:
        """What became of each optimisation."""
        return tuple(self._runs)

    @property
    def clusters(self) -> tuple[AgentCluster, ...]:
        """All clusters, those that hold others too."""
        return tuple(clusters_of(self._spec))

    def cluster(self, id: str) -> AgentCluster:
        """One cluster.

        Raises
        ------
        UsageError
            There is none of this id.
        """
        if id not in self._spec.clusters.ids:
            raise UsageError(f"there is no cluster {id}: name one of the structure")
        return clusters_of(self._spec, [id])[0]

    def requirements(self, id: str) -> dict[str, Amount]:
        """What the agents in a cluster need together, by resource."""
        return dict(self.cluster(id).requirements)

    def check(self) -> Report:
        """What the independent checker says of where agents are now."""
        spec = self._spec
        kinds = int(np.count_nonzero(spec.resources.device > 0))
        nobody = Solution(spec.agents.current, np.zeros((len(spec.agents.ids), kinds), np.int64))
        return present_report(spec, present_solution(spec) or nobody)

    def create(self, id: str, *, agents: Sequence[str] = (), **fields: Any) -> AgentCluster:
        """Create a cluster, and put agents into it.

        Parameters
        ----------
        fields
            As in a problem file: capacity, safe, labels, taints, cost, min_size, max_size, parent... A resource that it
            does not name it has none of, where other clusters name it.

        Raises
        ------
        UsageError, SpecError
            The id is taken, an agent is not known, or a field makes no sense.
        """
        self._record({"op": "create", "cluster": {"id": id, **fields}, "agents": list(agents)})
        return self.cluster(id)

    def add_subcluster(self, inside: str, id: str, *, agents: Sequence[str] = (), **fields: Any) -> AgentCluster:
        """Create a cluster inside another one, which it has the capacity of where nothing is said.

        The first one takes in the agents that are there, and whoever may be there may be in it.

        Raises
        ------
        UsageError, SpecError
            As `create`.
        """
        entry = {"op": "add_subcluster", "inside": inside, "cluster": {"id": id, **fields}, "agents": list(agents)}
        self._record(entry)
        return self.cluster(id)

    def assign(self, agents: str | Sequence[str], cluster: str | None) -> None:
        """Put agents into a cluster; None: into none.

        Raises
        ------
        UsageError, SpecError
            There is no such agent or cluster, or it holds others.
        """
        names = [agents] if isinstance(agents, str) else list(agents)
        self._record({"op": "assign", "places": dict.fromkeys(names, cluster)})

    def split(
        self, id: str, into: int | Mapping[str, Sequence[str]] = 2, *, seed: int | None = None
    ) -> tuple[AgentCluster, ...]:
        """Divide a cluster; it stays as the first part, and its limits are shared.

        Parameters
        ----------
        into
            How many parts, which a search finds so that few links are cut between them; or the agents of each part by
            id, the cluster's own id first.
        seed
            Of the search.

        Raises
        ------
        UsageError
            There is no such cluster, it holds others or fewer agents than parts, or the parts are not its agents.
        InfeasibleError
            Its agents can't be divided.
        """
        parts = self._parts(id, into, self.seed if seed is None else seed) if isinstance(into, int) else into
        named = {part: list(members) for part, members in parts.items()}
        self._record({"op": "split", "cluster": id, "parts": named})
        return tuple(clusters_of(self._spec, named))

    def merge(self, ids: Sequence[str], into: str | None = None) -> AgentCluster:
        """Make one cluster of several, with the limits of all of them together.

        Parameters
        ----------
        into
            One of them, or a new id; None: the first one.

        Raises
        ------
        UsageError
            They are not two clusters or more, inside the same one, or the id is taken.
        """
        name = into if into is not None else next(iter(ids), "")
        self._record({"op": "merge", "clusters": list(ids), "into": name})
        return self.cluster(name)

    def optimize_cluster_structure(
        self,
        *,
        backend: str | Sequence[str] = "auto",
        time_limit: float | None = None,
        max_steps: int | None = None,
        seed: int | None = None,
        threads: int = 1,
        strict: bool = False,
        client: AzureQuantumClient | None = None,
    ) -> ClusterReport:
        """Search for a better place for every agent, and take the answer over where it is better and holds.

        It is the race of `qamctl cluster`: engines search, the independent checker decides. Where the number of
        clusters is part of the answer, large ones are divided and small ones dissolved as their thresholds say.

        Parameters
        ----------
        backend
            Engines; `azure:TARGET` needs a client.
        time_limit, max_steps
            Wall seconds (10), or steps in their place: the same answer each time.
        client
            Whose workspace, shots, caps and rounds those of remote engines are.

        Raises
        ------
        UsageError, UnsupportedError, BackendError
            An engine is not known, can't run, or failed.
        """
        names = (backend,) if isinstance(backend, str) else tuple(backend)
        seconds = None if max_steps is not None else TIME_LIMIT if time_limit is None else time_limit
        spec = self._spec
        if spec.clusters.elastic:
            spec = carried(spec, self._places(), objective_given=True)
        report = optimise(
            spec, backends=names, seconds=seconds, steps=max_steps, seed=self.seed if seed is None else seed,
            when=self._clock(), threads=threads, strict=strict,
            settings=settings_for(names, "cluster", spec.name, client),
        )  # fmt: skip
        placed: dict[str, str | None] = {}
        if report.accepted and report.solution is not None:
            placed = {row["agent"]: row["cluster"] for row in report.solution["assignments"]}
        self._record({"op": "optimise", **report.state.data(), "assignments": placed})
        return report

    def _record(self, entry: Mapping[str, Any]) -> None:
        """Do what a line of the log says, and note it."""
        line = json.dumps(plain(entry), ensure_ascii=False, separators=(",", ":"))
        self._apply(json.loads(line))
        self._log.append(line)

    def _apply(self, entry: Mapping[str, Any]) -> None:
        """What operations do; each value is checked as in a problem file before anything changes."""
        op, data = entry["op"], self._data
        if op == "open":
            data = entry["data"]
        elif op in ("create", "add_subcluster"):
            row = entry["cluster"]
            data = created(data, row) if op == "create" else nested(data, entry["inside"], row)
            data = assigned(data, dict.fromkeys(entry["agents"], row["id"]))
        elif op == "assign":
            data = assigned(data, entry["places"])
        elif op == "split":
            data = divided(data, self._spec, entry["cluster"], entry["parts"])
        elif op == "merge":
            data = merged(data, self._spec, entry["clusters"], entry["into"])
        elif op == "optimise":
            data = assigned(data, entry["assignments"])
        else:
            raise UsageError(f"a log of clusters has no operation {op}")
        self._spec, self._data = cluster_from_data(data), data
        if op == "optimise":
            self._runs.append(OptimisationState.of(entry))

    def _parts(self, id: str, count: int, seed: int) -> dict[str, list[str]]:
        """Parts of a cluster that cut few links; the largest one keeps the id."""
        spec, members = self._spec, self.cluster(id).agents
        if self.cluster(id).clusters:
            raise UsageError(f"cluster {id} has clusters inside: name those")
        if not 2 <= count <= len(members):
            raise UsageError(f"cluster {id} has {len(members)} agents: it can be divided into 2 parts to as many")
        rows = np.flatnonzero(spec.agents.current == spec.clusters.ids.index(id)).tolist()
        parts = find_parts(spec, rows, count, seed)
        names = [id, *self._fresh(id, count - 1)]
        return {name: [spec.agents.ids[i] for i in part] for name, part in zip(names, parts, strict=True)}

    def _fresh(self, id: str, count: int) -> list[str]:
        """Ids for parts of a cluster: `<id>-2`, or of those that come and go the first that are empty."""
        clusters, found, number = self._spec.clusters, list[str](), 0 if self._spec.clusters.elastic else 2
        taken = {place for place in self._places().values() if place} if clusters.elastic else set(clusters.ids)
        while len(found) < count:
            name = f"c{number}" if clusters.elastic else f"{id}-{number}"
            number += 1
            if name not in taken:
                found.append(name)
        return found

    def _places(self) -> dict[str, str | None]:
        """Where each agent is."""
        names = (*self._spec.clusters.ids, None)
        return dict(zip(self._spec.agents.ids, (names[k] for k in self._spec.agents.current.tolist()), strict=True))


def _data_of(spec: ClusterSpec | str | Path | Mapping[str, Any]) -> dict[str, Any]:
    """A cluster problem as plain data, its tables inside; an objective stands there only where one was given."""
    if isinstance(spec, ClusterSpec):
        return to_data(spec)
    data, source = read_source(spec) if isinstance(spec, str | Path) else plain_source(spec, "cluster", None)
    found = to_data(build_cluster(data, source))
    return found if data.get("objective") else {name: value for name, value in found.items() if name != "objective"}
