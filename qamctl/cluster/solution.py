"""Who is in which cluster, as columns."""

from __future__ import annotations

from dataclasses import dataclass

from qamctl.cluster.spec import Index, Ints


@dataclass(frozen=True, slots=True)
class Solution:
    """An assignment of all agents; arrays over the spec's agents.

    Attributes
    ----------
    cluster
        [N] row in `spec.clusters`, always a leaf; -1 where the agent is left out.
    devices
        [N, D] for each resource with devices, in the order of `spec.resources`: the devices that the agent takes in
        its cluster, as bits; 0 where it takes none. D is 0 where no resource has devices.
    """

    cluster: Index
    devices: Ints
