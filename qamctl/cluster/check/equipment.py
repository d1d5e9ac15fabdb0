"""Devices: every agent has as many as it needs, they exist, and what shares one fits on it."""

from __future__ import annotations

import numpy as np

from qamctl.checks.figures import amount
from qamctl.cluster.check.columns import Columns, device_resources
from qamctl.cluster.check.inside import sums_by
from qamctl.cluster.check.report import Findings, names
from qamctl.cluster.spec import MOST_DEVICES, ClusterSpec, Ints


def check_devices(spec: ClusterSpec, columns: Columns, demand: Ints, findings: Findings) -> None:
    """Note every fault of devices.

    Parameters
    ----------
    demand
        [N, R] what each agent needs where it is.
    """
    for column, resource in enumerate(device_resources(spec)):
        _numbers(spec, columns, demand[:, resource], column, resource, findings)
        _parts(spec, columns, demand[:, resource], column, resource, findings)


def devices_needed(demand: Ints, device: int) -> Ints:
    """[n] none for nothing, one for a part of a device, else as many whole ones as it takes."""
    needed: Ints = -(-demand // device)
    return needed


def _numbers(spec: ClusterSpec, columns: Columns, demand: Ints, column: int, resource: int, findings: Findings) -> None:
    """Each agent's devices: as many as it needs, and among those of its cluster."""
    known = columns.known & columns.equipped
    bits, placed = columns.devices[:, column], columns.placed
    device, scale = int(spec.resources.device[resource]), int(spec.resources.scale[resource])
    name = spec.resources.ids[resource]
    needed = np.where(placed, devices_needed(demand, device), 0)
    taken = np.bitwise_count(bits)
    there = np.append(np.minimum(spec.clusters.capacity[:, resource] // device, MOST_DEVICES), 0)[columns.cluster]
    missing = bits >> there  # what is left are devices that the cluster does not have

    def note(i: int) -> None:
        agent = spec.agents.ids[i]
        if not placed[i]:
            text = f"agent {agent}: it takes {taken[i]} devices of {name}, and it is left out"
        elif taken[i] != needed[i]:
            text = (
                f"agent {agent}: it takes {taken[i]} devices of {name}, {needed[i]} are right for its demand of "
                f"{amount(int(demand[i]), scale)} ({amount(device, scale)} each)"
            )
        else:
            number = int(bits[i]).bit_length() - 1
            where = f"cluster {spec.clusters.ids[columns.cluster[i]]} has {there[i]} of them, counted from 0"
            text = f"agent {agent}: it takes device {number} of {name}, and {where}"
        where_id = spec.clusters.ids[columns.cluster[i]] if placed[i] else None
        findings.add("devices", text, agent=agent, cluster=where_id, resource=name, rows=[i])

    wrong = known & ((taken != needed) | (missing > 0))
    findings.add_each("devices", np.flatnonzero(wrong).tolist(), note)


def _parts(spec: ClusterSpec, columns: Columns, demand: Ints, column: int, resource: int, findings: Findings) -> None:
    """No device is used beyond its size: an agent takes its whole demand from one device, or whole devices."""
    rows = np.flatnonzero(columns.placed & columns.equipped & (demand > 0) & (columns.devices[:, column] != 0))
    bits, leaf = columns.devices[rows, column], columns.cluster[rows]
    device, scale = int(spec.resources.device[resource]), int(spec.resources.scale[resource])
    part = np.minimum(demand[rows], device)
    name = spec.resources.ids[resource]
    broken: list[tuple[int, int, int]] = []
    for number in range(int(bits.max(initial=0)).bit_length()):
        here = (bits >> number & 1).astype(bool)
        used = sums_by(leaf[here], part[here], len(spec.clusters.ids))
        broken += [(k, number, int(used[k])) for k in np.flatnonzero(used > device).tolist()]

    def note(place: int) -> None:
        k, number, used = broken[place]
        mine = rows[(leaf == k) & (bits >> number & 1).astype(bool)]
        text = (
            f"cluster {spec.clusters.ids[k]}: {amount(used, scale)} of device {number} of {name} used, "
            f"{amount(used - device, scale)} more than its size, {amount(device, scale)} ({names(spec, mine)})"
        )
        findings.add("device-capacity", text, cluster=spec.clusters.ids[k], resource=name, rows=mine)

    findings.add_each("device-capacity", range(len(broken)), note)
