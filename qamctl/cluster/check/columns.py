"""A claimed assignment as columns, with what is known of each agent's row; nothing in it is trusted yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qamctl.cluster.check.report import Findings
from qamctl.cluster.spec import MOST_DEVICES, ClusterSpec, Flags, Ints


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays over the spec's agents.

    Attributes
    ----------
    cluster
        [N] row in `spec.clusters`, a leaf; -1 where the agent is left out, or its row says nothing valid.
    known
        [N] where the row says something valid: a leaf, or that the agent is left out.
    devices
        [N, D] the devices that it takes, as bits, of each resource that has devices.
    equipped
        [N] where the row's devices could be read.
    """

    cluster: Ints
    known: Flags
    devices: Ints
    equipped: Flags

    @property
    def placed(self) -> Flags:
        """[N] in a cluster."""
        return self.cluster >= 0

    def moved(self, spec: ClusterSpec) -> Flags:
        """[N] elsewhere than now; an agent that is nowhere now does not move, one that is left out does."""
        moved: Flags = self.known & (spec.agents.current >= 0) & (self.cluster != spec.agents.current)
        return moved


def device_resources(spec: ClusterSpec) -> list[int]:
    """[D] the resources that have devices."""
    found: list[int] = np.flatnonzero(spec.resources.device > 0).tolist()
    return found


def columns_of_arrays(
    spec: ClusterSpec, cluster: npt.ArrayLike, devices: npt.ArrayLike | None, findings: Findings
) -> Columns:
    """Columns from arrays; wrong shapes, types and rows are noted and flagged."""
    n, k, ids = len(spec.agents.ids), len(spec.clusters.ids), spec.agents.ids
    array = np.asarray(cluster)
    whole = array.shape == (n,) and (array.dtype.kind in "iu" or n == 0)
    if not whole:
        text = f"cluster must be {n} integers, one an agent; it is {array.dtype} {array.shape}"
        findings.add("malformed", text)
        array = np.full(n, -1, np.int64)
    stranger = (array < -1) | (array >= k)  # before unsigned numbers are taken for signed ones
    rows = np.where(stranger, -1, array.astype(np.int64))
    inner = np.append(~spec.clusters.leaf, False)[rows]
    findings.add_each(
        "unknown-cluster",
        np.flatnonzero(stranger).tolist(),
        lambda i: findings.add(
            "unknown-cluster", f"agent {ids[i]}: {array[i]} is none of the {k} clusters", agent=ids[i], rows=[i]
        ),
    )
    note_inner(spec, np.flatnonzero(inner).tolist(), rows, findings)
    known = np.full(n, whole) & ~stranger & ~inner
    bits, equipped = _devices(spec, devices, findings)
    return Columns(np.where(known, rows, -1), known, bits, equipped)


def note_inner(spec: ClusterSpec, where: list[int], cluster: Ints, findings: Findings) -> None:
    """Note the agents that are assigned to a cluster with others inside."""
    ids, places = spec.agents.ids, spec.clusters.ids

    def note(i: int) -> None:
        place = places[cluster[i]]
        text = f"agent {ids[i]}: cluster {place} has clusters inside, it must be in one of those"
        findings.add("inner-cluster", text, agent=ids[i], cluster=place, rows=[i])

    findings.add_each("inner-cluster", where, note)


def _devices(spec: ClusterSpec, devices: npt.ArrayLike | None, findings: Findings) -> tuple[Ints, Flags]:
    n, d = len(spec.agents.ids), len(device_resources(spec))
    if devices is None and d == 0:
        return np.zeros((n, 0), np.int64), np.ones(n, np.bool_)
    array = np.asarray(devices if devices is not None else ())
    if array.shape != (n, d) or (array.dtype.kind not in "iu" and array.size):
        text = f"devices must be {n} x {d} integers, one an agent and resource with devices"
        findings.add("malformed", f"{text}; they are {array.dtype} {array.shape}")
        return np.zeros((n, d), np.int64), np.zeros(n, np.bool_)
    beyond = ((array < 0) | (array >= 2**MOST_DEVICES)).any(axis=1)

    def note(i: int) -> None:
        name = spec.agents.ids[i]
        findings.add("malformed", f"agent {name}: its devices are no bits below {MOST_DEVICES}", agent=name, rows=[i])

    findings.add_each("malformed", np.flatnonzero(beyond).tolist(), note)
    return np.where(beyond[:, None], 0, array).astype(np.int64), ~beyond
