"""What a cluster model must be, checked against every assignment of a small spec."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from support.assignment_specs import optimum
from support.qubo_specs import all_energies, state

from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.model import ClusterModel, build_model
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import InfeasibleError
from qamctl.kernels import assignment_search
from qamctl.levels import same
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.feasible import feasible
from qamctl.qubo.objective import value_of
from qamctl.qubo.penalties import sufficient_weights

Value = tuple[float, ...]

#: QUBOs of so many bits are enumerated.
BITS = 16


def compare(spec: ClusterSpec, one_hot: str = "one-hot") -> int:
    """Compare the whole model of each level with all assignments; how many QUBOs were enumerated."""
    instance = build_instance(spec)
    best, found = optimum(spec)
    levels = range(1 if best is None else len(instance.levels))
    return sum(_compare(instance, best, found, level, one_hot) for level in levels)


def _compare(
    instance: Instance, best: Value | None, found: list[tuple[Solution, Value]], level: int, one_hot: str
) -> bool:
    kept = () if best is None else best[:level]
    try:
        built = build_model(instance, None, level=level, fixed_levels=kept)
    except InfeasibleError:
        assert best is None
        return False
    labels = list(built.model.labels)
    assert len(set(labels)) == len(labels) == built.model.n
    mine = [(solution, value) for solution, value in found if all(map(same, value, kept))]
    complete(built, mine, level)
    sound(built, mine)
    try:
        weights = sufficient_weights(built.model, None if best is None else best[level], one_hot=one_hot)
        compiled = compile_qubo(built.model, weights, one_hot=one_hot)
    except InfeasibleError:
        assert best is None
        return False
    if compiled.n > BITS:
        return False
    energies = all_energies(compiled)
    least = float(energies.min())
    if best is None:
        lowest = compiled.restore(state(int(np.argmin(energies)), compiled.n))
        assert not feasible(built.model, lowest[None, :])[0]
        return False
    assert least == pytest.approx(best[level], rel=1e-9, abs=1e-7)
    for number in np.flatnonzero(energies <= least + 1e-7)[:8].tolist():
        answer = built.decode(compiled.restore(state(number, compiled.n)))
        assert answer is not None
        report = check_columns(instance.spec, answer.cluster, answer.devices)
        assert report.violations == ()
        assert all(map(same, map(float, report.levels), best[: level + 1]))
    return True


def complete(built: ClusterModel, found: list[tuple[Solution, Value]], level: int) -> None:
    """Every feasible assignment has a sample that keeps every row, costs its value, and is it again."""
    for solution, value in found:
        sample = built.encode(solution)
        assert value_of(built.model, sample) == pytest.approx(value[level], rel=1e-9, abs=1e-9)
        assert feasible(built.model, sample[None, :])[0]
        again = built.decode(sample)
        assert again is not None
        assert again.cluster.tolist() == solution.cluster.tolist()
        assert check_columns(built.instance.spec, again.cluster, again.devices).violations == ()


def sound(built: ClusterModel, found: list[tuple[Solution, Value]]) -> None:
    """No other assignment that the choices can say keeps every row, where no bits share out devices."""
    if len(built.seats.piece):
        return
    known = {tuple(solution.cluster.tolist()) for solution, _ in found}
    for leaf in leaves(built):
        answer = built.solution(leaf, built.seats.masks(leaf, np.zeros(built.model.n)))
        kept = feasible(built.model, built.encode(answer)[None, :])[0]
        assert kept == (tuple(answer.cluster.tolist()) in known)


def leaves(built: ClusterModel) -> Iterator[np.ndarray]:
    """Every assignment of the part's units that the choices of a model can say."""
    choices = built.choices
    ways = [
        choices.leaf[choices.first[u] : choices.first[u + 1]].tolist() or [int(choices.fixed[u])]
        for u in range(len(choices.fixed))
    ]
    for leaf in product(*ways):
        yield np.array(leaf, np.int32)


def incumbent_of(instance: Instance, rng: np.random.Generator, steps: int = 400) -> Solution | None:
    """A feasible assignment, not a good one; None where a short search from a random one finds none."""
    problem = instance.problem
    first, count = problem.allowed_first[problem.kind], np.diff(problem.allowed_first)[problem.kind]
    if (count == 0).any():
        return None
    start = problem.allowed_leaf[first + (rng.random(problem.n) * count).astype(np.int64)]
    search = assignment_search(problem, start, int(rng.integers(2**31)))
    while search.best_violation and search.steps < steps:
        search.run(16, 10.0)
    return None if search.best_violation else instance.solution(search.best, search.best_mask)
