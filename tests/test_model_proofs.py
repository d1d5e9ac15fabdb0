"""Nothing is called optimal, infeasible or unknown that is not: large offsets, large and tiny weights, short runs."""

from __future__ import annotations

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.kernels.couplings import couplings
from qamctl.model_solve import solve_model
from qamctl.model_task import make_question
from qamctl.qubo.model import LE, Model
from qamctl.qubo.verdict import judge


def together(n: int, linear: float, weight: float, offset: float = 0.0) -> Model:
    """Each variable costs something, any two together give something back: the optimum is far from all zeros."""
    pairs = [(i, j, weight) for i in range(n) for j in range(i + 1, n)]
    return model_of([linear] * n, pairs, rows=[(dict.fromkeys(range(n), 1), LE, n - 1)], offset=offset)


@pytest.mark.parametrize("backends", [("auto",), ("tabu", "cpsat"), ("neal", "cpsat")])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_cpsat_that_ends_in_presolve_has_no_bound(backends: tuple[str, ...], steps: int) -> None:
    """A run too short for CP-SAT to begin proves nothing: its bound is then no 0."""
    answer = solve_model(make_question(together(40, 20.0, -2.0)), backends=backends, steps=steps, seed=1)
    assert answer.bound is None or answer.bound <= -702.0
    assert answer.status != "optimal" or answer.energy == -702.0


def test_a_large_offset_hides_no_difference() -> None:
    """Decimals beside an offset of ten thousand million: a better state is seen, whatever share of the sum it is."""
    rng = np.random.default_rng(5)
    n = 110
    pairs = [
        (i, j, float(rng.integers(-99, 100)) / 3000) for i in range(n) for j in range(i + 1, n) if rng.random() < 0.4
    ]
    linear = (rng.integers(-99, 100, n) / 3000).tolist()
    questions = [make_question(model_of(linear, pairs, offset=offset)) for offset in (1e10, 0.0)]
    found = [
        solve_model(question, backends=("auto",), steps=steps, seed=1) for steps in (1, 3000) for question in questions
    ]
    assert [answer.status for answer in found] == ["feasible"] * 4
    assert found[2].energy is not None
    assert found[0].energy is not None
    assert found[2].energy < found[0].energy - 0.01


@pytest.mark.parametrize("backend", ["auto", "anneal", "tabu", "cpsat", "exact", "neal"])
@pytest.mark.parametrize(
    ("linear", "pairs", "offset"),
    [
        ([-95087602503031.58, 1.5], [(0, 1, 0.25)], 0.0),  # whole only beyond 2^53
        ([-(2.0**46) * 100 - 0.25, 0.5], [], 0.0),
        ([1 / 3, -2 / 3, 1 / 7], [(0, 1, 1e12), (1, 2, -0.61)], 0.1),  # CP-SAT rounds its costs
        ([0.3, -0.7, 0.1], [(0, 1, 1e15), (1, 2, -0.6)], 0.1),  # dimod's sums lose digits
        ([2.0**31, 3.0, 2.0**31], [(0, 1, -(2.0**31)), (1, 2, 2.0**31 + 1)], 0.1),
        ([1e-310], [], 0.0),
        ([1e-12, -3e-12, 2e-12], [(0, 1, 1e-12), (1, 2, -4e-12)], 0.0),
    ],
)
def test_numbers_of_every_size(backend: str, linear: list[float], pairs: list, offset: float) -> None:  # type: ignore[type-arg]
    """Engines report the energy of the model's own coefficients, and the least state is found."""
    model = model_of(linear, pairs, offset=offset)
    answer = solve_model(make_question(model), backends=(backend,), steps=300, seed=1)
    states = np.arange(2**model.n)[:, None] >> np.arange(model.n) & 1
    best = min(judge(model, state).energy for state in states)
    assert answer.energy is not None
    assert answer.solution is not None
    assert abs(answer.energy - judge(model, answer.solution).energy) <= judge(model, answer.solution).rounding
    assert answer.energy - best <= make_question(model).objective.rounding
    assert answer.bound is None or answer.bound <= answer.energy


def test_a_penalty_that_drowns_proves_nothing() -> None:
    """Where penalties and costs are too far apart for the sums, enumeration calls nothing infeasible."""
    rows = [({0: 2, 2: 1}, LE, 2), ({1: 1, 2: 1}, LE, 1)]
    model = model_of([1e16, -1e16, 3.0], [(0, 1, 2e16), (1, 2, -1e16)], groups=[[0, 1]], rows=rows)
    answer = solve_model(make_question(model), backends=("exact",), steps=10, seed=1)
    assert answer.status in ("feasible", "unknown")


def test_whole_numbers_beyond_exact_sums_are_left_as_they_are() -> None:
    """Decimals are scaled to whole numbers only where their sums stay exact."""
    none = np.zeros(0, int)
    assert couplings(np.array([0.25, 1.5]), none, none, none.astype(float)).scale == 4.0
    large = couplings(np.array([2.0**52 + 0.5, 1.5]), none, none, none.astype(float))
    assert (large.scale, large.exact) == (1.0, False)
    assert large.energy(np.array([0, 1])) == 1.5


@pytest.mark.parametrize("backend", ["anneal", "tabu"])
@pytest.mark.parametrize("groups", [[], [[0, 1, 2], [3, 4, 5]]])
def test_reads_are_as_many_as_asked_for(backend: str, groups: list[list[int]]) -> None:
    """Each read is a sample of its own, with and without constraints."""
    rng = np.random.default_rng(2)
    pairs = [(i, j, float(rng.integers(-9, 10))) for i in range(20) for j in range(i + 1, 20)]
    model = model_of(rng.integers(-9, 10, 20).astype(float).tolist(), pairs, groups)
    answer = solve_model(make_question(model), backends=(backend,), steps=4000, seed=1, reads=20)
    assert answer.attempts[0].outcome.shots == 20
    assert int(answer.table.occurrences.sum()) == 20
