"""Reasons for infeasibility against brute force: each is a proof."""

from __future__ import annotations

from random import Random

import pytest
from support.random_clusters import feasible, tiny_cluster

from qamctl.cluster.check import CONSTRAINTS
from qamctl.cluster.read import cluster_from_data
from qamctl.cluster.reasons import reasons


@pytest.mark.parametrize("block", range(4))
def test_a_reason_is_a_proof(block: int) -> None:
    """On random tiny problems only infeasible ones have reasons, and most of these have one."""
    infeasible = told = 0
    for seed in range(150 * block, 150 * block + 150):
        data = tiny_cluster(Random(seed))
        spec = cluster_from_data(data)
        why = reasons(spec)
        assert {reason.constraint for reason in why} <= set(CONSTRAINTS)
        can = feasible(spec)
        assert not (can and why), (seed, data, why)
        infeasible += not can
        told += bool(why)
    assert told >= 0.7 * infeasible > 0
