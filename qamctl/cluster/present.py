"""The assignment that is there now, and what the checker says of it: what a re-balance is measured against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qamctl.cluster.check import Report, Violation, check_columns
from qamctl.cluster.check.demand import demand_in
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import MOST_DEVICES, ClusterSpec, Ints


def present_solution(spec: ClusterSpec) -> Solution | None:
    """Where agents are now; None where nobody is anywhere.

    A problem file does not say which devices agents have now: each gets some as long as there is room, the largest
    first, each on the fullest device that takes it (best fit decreasing: Johnson 1973).
    """
    current = spec.agents.current
    return Solution(current, _seats(spec)) if (current >= 0).any() else None


def present_report(spec: ClusterSpec, solution: Solution) -> Report:
    """The checker's verdict on the assignment that is there now."""
    report = check_columns(spec, solution.cluster, solution.devices)
    return replace(report, violations=tuple(map(_as_of_now, report.violations)))


def _as_of_now(found: Violation) -> Violation:
    """A violation in words that fit what is, rather than an answer."""
    if found.constraint == "unplaced":
        return replace(found, text=f"agent {found.agent} is in no cluster")
    if found.constraint == "devices":
        text = f"agent {found.agent}: cluster {found.cluster} has no room for it on its {found.resource}"
        return replace(found, text=text)
    return found


def _seats(spec: ClusterSpec) -> Ints:
    """[N, D] devices as bits; 0 where an agent finds no room."""
    agents = np.arange(len(spec.agents.ids))
    current = spec.agents.current.astype(np.int64)
    kinds = np.flatnonzero(spec.resources.device > 0).tolist()
    masks = np.zeros((len(agents), len(kinds)), np.int64)
    demand = demand_in(spec, agents, current) if kinds else np.zeros((0, 0), np.int64)
    for column, resource in enumerate(kinds):
        size = int(spec.resources.device[resource])
        count = np.minimum(spec.clusters.capacity[:, resource] // size, MOST_DEVICES)
        rooms: dict[int, list[int]] = {}
        need = demand[:, resource]
        wanting = np.flatnonzero((current >= 0) & (need > 0))
        for agent in wanting[np.lexsort((wanting, -need[wanting]))].tolist():
            place = int(current[agent])
            room = rooms.setdefault(place, [size] * int(count[place]))
            masks[agent, column] = _take(room, int(need[agent]), size)
    return masks


def _take(room: list[int], need: int, size: int) -> int:
    """The devices, as bits, that an agent takes of the free amounts; 0 where there is no room."""
    if need >= size:
        chosen = [device for device, left in enumerate(room) if left == size][: need // size]
        if len(chosen) < need // size:
            return 0
    else:
        fits = [device for device, left in enumerate(room) if left >= need]
        if not fits:
            return 0
        chosen = [min(fits, key=room.__getitem__)]
    for device in chosen:
        room[device] -= min(need, size)
    return sum(1 << device for device in chosen)
