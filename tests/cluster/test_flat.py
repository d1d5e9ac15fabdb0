"""The problem as flat arrays: figures that must fit 64 bits."""

from __future__ import annotations

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_problems import KERNELS, Make

from qamctl.cluster.instance import build_instance
from qamctl.kernels.assignment.problem import BROKEN, NO_LIMIT


@pytest.mark.parametrize("make", KERNELS)
@pytest.mark.parametrize(("usual", "own"), [(0, 10**12), (1, 10**12), (10**12, 1)])
def test_overflowing_clusters_do_not_overflow(make: Make, usual: int, own: int) -> None:
    """Thirty agents above a capacity of 1, where some demands are as small, and others as large, as can be read."""
    agents = [{"id": f"a{i}", "demand": {"cpu": usual}} for i in range(30)]
    clusters = [{"id": "x", "capacity": {"cpu": 1}}, {"id": "y", "capacity": {"cpu": 1}}]
    spec = make_spec(agents=agents, clusters=clusters, costs=[(f"a{i}", "x", 0, {"cpu": own}) for i in range(30)])
    problem = build_instance(spec).problem
    for leaf, demand in ((0, own), (1, usual)):
        search = make(problem, np.full(30, leaf, np.int32), 1)
        assert search.violation == max(0, 30 * demand - 1) * int(problem.over[0]) < 2**62
    assert problem.over.tolist() == [1, BROKEN]


def test_a_tolerance_beyond_64_bits_is_no_limit() -> None:
    """The largest demands with the largest tolerance that can be read."""
    agents = [{"id": name, "demand": {"cpu": 10**12}} for name in "ab"]
    problem = build_instance(make_spec(agents=agents, clusters=2, tolerance="1000000000")).problem
    assert (problem.capacity == NO_LIMIT).all()
