"""The rows of a result file as columns: whatever a row may hold, it becomes values, flags or violations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.checks.figures import shown
from qamctl.cluster.check.columns import Columns, device_resources, note_inner
from qamctl.cluster.check.report import Findings
from qamctl.cluster.spec import MOST_DEVICES, ClusterSpec

_NEEDED: Final = ("agent", "cluster")
_KNOWN: Final = frozenset({*_NEEDED, "devices"})


def columns_of_rows(spec: ClusterSpec, rows: Sequence[Mapping[str, Any]], findings: Findings) -> Columns:
    """Columns from rows; an agent that has several rows is judged by its first one."""
    reader = _Reader(spec, findings)
    if isinstance(rows, (list, tuple)):
        for place, row in enumerate(rows):
            reader.read(place, row)
    else:
        findings.add("malformed", f"the assignments must be a list of rows, not {type(rows).__name__}")
    missing = [i for i, seen in enumerate(reader.seen) if not seen]
    ids = spec.agents.ids
    findings.add_each(
        "missing-agent",
        missing,
        lambda i: findings.add("missing-agent", f"agent {ids[i]} has no row", agent=ids[i], rows=[i]),
    )
    return reader.columns()


class _Reader:
    """Reads row by row into plain lists, which are quicker to fill than arrays."""

    def __init__(self, spec: ClusterSpec, findings: Findings) -> None:
        n = len(spec.agents.ids)
        self.spec, self.findings = spec, findings
        self.agent_of = {name: i for i, name in enumerate(spec.agents.ids)}
        self.cluster_of = {name: k for k, name in enumerate(spec.clusters.ids)}
        kinds = device_resources(spec)
        self.column_of = {spec.resources.ids[r]: column for column, r in enumerate(kinds)}
        self.seen, self.known, self.equipped = [False] * n, [False] * n, [False] * n
        self.cluster = [-1] * n
        self.devices = np.zeros((n, len(kinds)), np.int64)

    def read(self, place: int, row: Any) -> None:
        """Take in one row."""
        i = self._agent(place, row)
        if i is None:
            return
        self._cluster(i, row["cluster"])
        self.equipped[i] = self._devices(i, row.get("devices"))

    def columns(self) -> Columns:
        """What was read, as arrays."""
        cluster, known = np.array(self.cluster, np.int64), np.array(self.known, np.bool_)
        inner = known & np.append(~self.spec.clusters.leaf, False)[cluster]
        note_inner(self.spec, np.flatnonzero(inner).tolist(), cluster, self.findings)
        return Columns(np.where(inner, -1, cluster), known & ~inner, self.devices, np.array(self.equipped, np.bool_))

    def _agent(self, place: int, row: Any) -> int | None:
        """The agent of a row that has every field and whose agent has no row yet."""
        if not isinstance(row, Mapping):
            self.findings.add("malformed", f"row {place} must be a mapping, not {type(row).__name__}")
            return None
        name = row.get("agent")
        if not isinstance(name, str):
            self.findings.add("malformed", f"row {place}: agent must be the id of an agent, not {shown(name)}")
            return None
        i = self.agent_of.get(name)
        if i is None:
            self.findings.add("unknown-agent", f"row {place}: the spec has no agent {shown(name)}", agent=name)
            return None
        if self.seen[i]:
            self.findings.add("duplicate-agent", f"row {place}: agent {name} has a row already", agent=name, rows=[i])
            return None
        self.seen[i] = True
        if "cluster" not in row:
            self._malformed(i, "the row has no cluster (null where the agent is left out)")
            return None
        if not _KNOWN.issuperset(row):
            unknown = ", ".join(sorted(repr(key) for key in row if key not in _KNOWN))
            self._malformed(i, f"the row has unknown fields: {unknown:.80}")
        return i

    def _cluster(self, i: int, name: Any) -> None:
        if name is None:
            self.known[i] = True
        elif not isinstance(name, str):
            self._malformed(i, f"cluster must be the id of a cluster or null, not {shown(name)}")
        elif name not in self.cluster_of:
            text = f"agent {self.spec.agents.ids[i]}: the spec has no cluster {shown(name)}"
            self.findings.add("unknown-cluster", text, agent=self.spec.agents.ids[i], cluster=name, rows=[i])
        else:
            self.cluster[i], self.known[i] = self.cluster_of[name], True

    def _devices(self, i: int, given: Any) -> bool:
        """Whether the devices of a row could be read."""
        if given is None:
            return True
        if not isinstance(given, Mapping):
            self._malformed(i, f"devices must be {{resource: [device]}}, not {shown(given)}")
            return False
        for name, numbers in given.items():
            column = self.column_of.get(name) if isinstance(name, str) else None
            if column is None:
                self._malformed(i, f"devices of {shown(name)}, which is no resource with devices")
                return False
            fine = isinstance(numbers, (list, tuple)) and all(
                type(number) is int and 0 <= number < MOST_DEVICES for number in numbers
            )
            if not fine or len(set(numbers)) < len(numbers):
                span = f"from 0 to {MOST_DEVICES - 1}, each once"
                self._malformed(i, f"devices of {name} must be a list of numbers {span}, not {shown(numbers)}")
                return False
            self.devices[i, column] = sum(1 << number for number in numbers)
        return True

    def _malformed(self, i: int, text: str) -> None:
        agent = self.spec.agents.ids[i]
        self.findings.add("malformed", f"agent {agent}: {text}", agent=agent, rows=[i])
