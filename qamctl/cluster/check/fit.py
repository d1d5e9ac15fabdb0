"""Where an agent may be at all: the clusters that it names, labels that it requires, taints that keep it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.report import NAMED, Findings
from qamctl.cluster.spec import ClusterSpec, Ints


class Misfit(NamedTuple):
    """The pair at `place` of those that were asked about, the constraint that it breaks, and why."""

    place: int
    constraint: str
    why: str


def check_fit(spec: ClusterSpec, columns: Columns, findings: Findings) -> None:
    """Note every agent that is where it may not be, or that is left out without being optional."""
    ids = spec.agents.ids
    out = columns.known & ~columns.placed & ~spec.agents.optional
    findings.add_each(
        "unplaced",
        np.flatnonzero(out).tolist(),
        lambda i: findings.add(
            "unplaced", f"agent {ids[i]}: it is left out, and it is not optional", agent=ids[i], rows=[i]
        ),
    )
    agent = np.flatnonzero(columns.placed)
    for place, constraint, why in misfits(spec, agent, columns.cluster[agent]):
        i = int(agent[place])
        name, where = ids[i], spec.clusters.ids[columns.cluster[i]]
        text = f"agent {name}: it may not be in cluster {where}, {why}"
        findings.add(constraint, text, agent=name, cluster=where, rows=[i])


def misfits(spec: ClusterSpec, agent: Ints, cluster: Ints) -> Iterator[Misfit]:
    """Every reason why one of these agents [n] may not be in its cluster [n], a leaf."""
    agents, clusters = spec.agents, spec.clusters
    sets: dict[int, tuple[object, frozenset[int]]] = {}  # by the tuple's identity; the tuple is kept alive
    for place, (i, k) in enumerate(zip(agent.tolist(), cluster.tolist(), strict=True)):
        allowed, requires, taints = agents.allowed[i], agents.requires[i], clusters.taints[k]
        if allowed is not None:
            if id(allowed) not in sets:
                sets[id(allowed)] = (allowed, frozenset(allowed))
            if k not in sets[id(allowed)][1]:
                few = ", ".join(clusters.ids[other] for other in allowed[:NAMED]) + (", ..." if allowed[NAMED:] else "")
                yield Misfit(place, "agent-not-allowed", f"only in {few}" if few else "nor in any other")
        for label, values in requires.items():
            found = clusters.labels[k].get(label)
            if found not in values:
                has = "none" if found is None else f"{label}={found}"
                wanted = " or ".join(f"{label}={value}" for value in values[:NAMED])
                yield Misfit(place, "requires", f"which has {has} where {wanted} is required")
        if taints and not taints <= agents.tolerates[i]:
            taint = min(taints - agents.tolerates[i])
            yield Misfit(place, "taint", f"whose taint {taint} it does not tolerate")
