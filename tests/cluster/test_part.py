"""A part of a problem, in which others stand still: moves change it exactly as they change the whole."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of
from support.assignment_specs import random_spec
from support.cluster_models import incumbent_of

from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.part import Part, part_of, whole_part
from qamctl.cluster.standing import Standing, stand
from qamctl.cluster.terms import terms
from qamctl.kernels import assignment_search


def parts(seed: int, chance: float, features: set[str] | None = None) -> Iterator[tuple[Standing, Part]]:
    """Random parts around random feasible assignments, without end."""
    rng, generator = Random(seed), np.random.default_rng(seed)
    while True:
        spec = random_spec(
            rng, agents=rng.randint(3, 7), clusters=rng.randint(2, 5), chance=chance, features=features
        )  # fmt: skip
        instance = build_instance(spec)
        incumbent = incumbent_of(instance, generator)
        if incumbent is None:
            continue
        standing = stand(instance, incumbent)
        free = np.flatnonzero(generator.random(instance.n) < 0.5)
        free = free if len(free) else np.array([0])
        leaves = np.sort(generator.choice(instance.k, generator.integers(1, instance.k + 1), replace=False))
        yield standing, part_of(standing, free, leaves)


def moves(part: Part, rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """Random leaves of the free units of a part."""
    problem = part.problem
    for _ in range(count):
        leaf = part.start.copy()
        for unit in range(problem.n - len(part.unit), problem.n):
            ways = problem.allowed_leaf[problem.allowed_first[unit] : problem.allowed_first[unit + 1]].tolist()
            leaf[unit] = rng.choice([*ways, *([problem.k] if problem.optional[unit] else [])])
        yield leaf


def violation(problem: object, leaf: np.ndarray) -> int:
    return assignment_search(problem, leaf, 0).best_violation  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seed", "features"),
    [
        (1, None), (2, None), (3, {"ratios", "transient", "current", "inner"}),
        (4, {"near", "spread", "least", "skew", "group-apart", "optional"}),
        (5, {"moves", "current", "per-group", "pairs", "together", "optional"}),
        (6, {"ratios", "transient", "current", "tolerance", "target", "elastic"}),
    ],
)  # fmt: skip
def test_a_part_changes_as_the_whole_does(seed: int, features: set[str] | None) -> None:
    """Terms differ by a constant, and a move breaks a rule of the part where it breaks one of the whole."""
    generator, found = np.random.default_rng(seed), parts(seed, 0.25, features)
    kept = broken = 0
    for _ in range(60):
        standing, part = next(found)
        whole = standing.instance.problem
        assert part.of(standing.leaf).tolist() == part.start.tolist()
        assert part.onto(part.start, standing.leaf).tolist() == standing.leaf.tolist()
        assert terms(part.problem, part.start) + part.constant == pytest.approx(standing.term, abs=1e-9)
        for leaf in moves(part, generator, 8):
            everywhere = part.onto(leaf, standing.leaf)
            assert part.of(everywhere).tolist() == leaf.tolist()
            assert terms(part.problem, leaf) + part.constant == pytest.approx(terms(whole, everywhere), abs=1e-9)
            if len(whole.piece_size):  # which devices are free depends on the order in which they are taken
                continue
            bad = violation(whole, everywhere) > 0
            assert (violation(part.problem, leaf) > 0) == bad
            kept, broken = kept + (not bad), broken + bad
    assert kept > 50
    assert broken > 20


def test_pieces_of_a_part_are_those_of_the_leaves_that_it_has() -> None:
    """Devices of units that stand still in a kept leaf count; those elsewhere are no part of it."""
    spec = make_spec(
        resources=[{"id": "gpu", "device": 1}],
        agents=[{"id": f"a{i}", "demand": {"gpu": size}} for i, size in enumerate((0.5, 1, 0.5, 2))],
        clusters=[{"id": f"m{k}", "capacity": {"gpu": 2}} for k in range(3)], objective={"cut": 1.0},
    )  # fmt: skip
    instance = build_instance(spec)
    devices = {"a0": {"gpu": [0]}, "a1": {"gpu": [1]}, "a2": {"gpu": [1]}, "a3": {"gpu": [0, 1]}}
    standing = stand(instance, solution_of(spec, ["m0", "m0", "m1", "m2"], devices))
    part = part_of(standing, np.array([2]), np.array([0]))
    assert sorted(part.piece.tolist()) == [0, 1, 2]
    assert part.problem.piece_size.tolist() == [10, 5, 5]
    assert part.problem.device_count[:2].tolist() == [[2], [2]]


def test_a_stranger_leaf_is_refused() -> None:
    """A part says only what its leaves can say."""
    instance = build_instance(make_spec(agents=2, clusters=3, objective={"cut": 1.0}))
    standing = stand(instance, instance.solution(np.array([0, 1], np.int32)))
    part = part_of(standing, np.array([0]), np.array([1]))
    with pytest.raises(ValueError, match="no part"):
        part.of(np.array([2, 1], np.int32))


def test_everything_is_a_part_of_itself() -> None:
    """The whole as a part has the same units and leaves."""
    instance: Instance = build_instance(make_spec(agents=2, clusters=3, objective={"cut": 1.0}))
    part = whole_part(instance.problem)
    leaf = np.array([2, 1], np.int32)
    assert part.of(leaf).tolist() == [2, 1]
    assert part.onto(leaf, part.start).tolist() == [2, 1]
