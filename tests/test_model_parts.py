"""Models that are improved part by part by an engine that takes a few variables, with controls beside it."""

from __future__ import annotations

import numpy as np
import pytest
from support.families import FAMILIES
from support.qubo_models import model_of

from qamctl.model_solve import solve_model
from qamctl.model_task import make_question
from qamctl.qubo import check
from qamctl.qubo.model import LE, Model


def plain(name: str, n: int) -> Model:
    """A model of a family, as a file holds it."""
    linear, row, col, weight = FAMILIES[name](n, 1)
    pairs = {(int(min(a, b)), int(max(a, b))): float(w) for a, b, w in zip(row, col, weight, strict=True)}
    return model_of(linear.tolist(), [(a, b, w) for (a, b), w in pairs.items()])


@pytest.mark.parametrize("backend", ["exact", "neal", "tabu"])
def test_parts_improve_a_classical_start(backend: str) -> None:
    """The start is found classically and named; the engine's parts are never worse, and their gains are told."""
    answer = solve_model(
        make_question(plain("sparse", 150)), backends=(backend,), steps=40_000, seed=1, max_variables=20
    )
    start, parts = answer.attempts
    assert (start.backend, parts.backend) == ("anneal", backend)
    assert start.energy is not None
    assert parts.energy is not None
    assert parts.energy <= start.energy
    assert parts.outcome.variables <= 20
    assert parts.note is not None
    assert "part by part" in parts.note
    assert parts.outcome.gain_over_random is not None
    assert parts.outcome.gain_over_classical is not None
    assert parts.outcome.shots > 0


def test_parts_repeat() -> None:
    """With a step budget the answer does not depend on the threads."""
    question = make_question(plain("sparse", 80))
    one, other = (
        solve_model(question, backends=("tabu",), steps=5000, seed=3, threads=threads, max_variables=16)
        for threads in (1, 2)
    )
    assert one.energy == other.energy
    assert np.array_equal(one.solution, other.solution)


def test_parts_of_a_constrained_model() -> None:
    """Groups stay whole, rows are kept, and another engine's sample is improved where there is one."""
    rng = np.random.default_rng(4)
    groups = [[4 * i + p for p in range(4)] for i in range(12)]
    pairs = [(a, b, float(rng.integers(-9, 10))) for a in range(48) for b in range(a + 1, 48) if a // 4 != b // 4]
    rows = [({4 * i + p: 1 for i in range(12)}, LE, 4) for p in range(4)]
    model = model_of(rng.integers(-9, 10, 48).astype(float).tolist(), pairs, groups, rows)
    answer = solve_model(make_question(model), backends=("anneal", "tabu"), seconds=1.5, seed=1, max_variables=24)
    assert answer.solution is not None
    assert check.violations(model, answer.solution) == []
    assert [attempt.backend for attempt in answer.attempts] == ["anneal", "tabu"]


def test_the_engine_of_the_control_controls_itself_by_chance_alone() -> None:
    """Where the engine is the classical one there is nothing to compare it with but chance."""
    answer = solve_model(
        make_question(plain("sparse", 80)), backends=("anneal",), steps=20_000, seed=1, max_variables=16
    )
    outcome = answer.attempts[0].outcome
    assert outcome.gain_over_random is not None
    assert outcome.gain_over_classical is None
