"""500 random small specs: the least energy of the QUBO is the optimum, and its states are optimal assignments."""

from __future__ import annotations

from random import Random

import pytest
from support.assignment_specs import FEATURES, optimum, random_spec
from support.cluster_models import compare

from qamctl.backends import cpsat_model
from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import build_instance
from qamctl.cluster.model import build_model


@pytest.mark.parametrize("block", range(10))
def test_the_minimum_of_the_qubo_is_the_optimum(block: int) -> None:
    """Any terms and rules together, every level: enumerated QUBOs agree with all assignments by the checker."""
    assert _compared(block, 50, "one-hot") >= 15


@pytest.mark.parametrize("block", range(4))
def test_domain_walls_have_the_same_minimum(block: int) -> None:
    """With walls in place of one-hot groups the least energy is the optimum, too."""
    assert _compared(100 + block, 40, "domain-wall") >= 15


def _compared(seed: int, specs: int, one_hot: str) -> int:
    """How many QUBOs of so many specs were small enough to be enumerated."""
    rng, compared = Random(seed), 0
    for _ in range(specs):
        features = {name for name in FEATURES if rng.random() < rng.choice((0.1, 0.25, 0.4))}
        spec = random_spec(rng, agents=rng.randint(1, 4), clusters=rng.randint(1, 3), features=features)
        compared += compare(spec, one_hot)
    return compared


def test_cp_sat_solves_the_whole_model_to_the_optimum() -> None:
    """The model itself, groups and rows, goes to CP-SAT: its optimum decodes to an optimal assignment."""
    rng, compared = Random(7), 0
    while compared < 12:
        features = {name for name in FEATURES if rng.random() < 0.25} - {"levels"}
        spec = random_spec(rng, agents=rng.randint(3, 5), clusters=rng.randint(2, 3), features=features)
        best, _ = optimum(spec)
        if best is None:
            continue
        built = build_model(build_instance(spec), None)
        found = cpsat_model.solve(built.model, seconds=20.0, seed=1)
        assert found.status == "optimal"
        assert found.sample is not None
        answer = built.decode(found.sample)
        assert answer is not None
        report = check_columns(spec, answer.cluster, answer.devices)
        assert report.violations == ()
        assert report.levels[0] == pytest.approx(best[0], rel=1e-9, abs=1e-9)
        assert found.bound == pytest.approx(best[0], rel=1e-6, abs=1e-6)
        compared += 1
