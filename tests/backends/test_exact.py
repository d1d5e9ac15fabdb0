"""The engine `exact` beyond enumeration: presolve, parts, tree decompositions, and its limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.binary_models import strip
from support.qubo_models import model_of

from qamctl.backends import exact, registry
from qamctl.errors import UnsupportedError
from qamctl.kernels.couplings import Couplings
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import LE
from qamctl.qubo.penalties import sufficient_weights


def compiled_of(model: Couplings) -> Compiled:
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    once = row < model.other
    pairs = list(zip(row[once].tolist(), model.other[once].tolist(), model.weight[once].tolist(), strict=True))
    made = model_of(model.linear.tolist(), pairs, offset=model.offset)
    return compile_qubo(made, sufficient_weights(made))


def dense(n: int, seed: int = 0) -> Compiled:
    rng = np.random.default_rng(seed)
    pairs = [(i, j, float(rng.choice([-1, 1]))) for i in range(n) for j in range(i + 1, n)]
    linear = np.zeros(n)
    for i, j, w in pairs:
        linear[[i, j]] -= w / 2
    made = model_of(linear.tolist(), pairs)
    return compile_qubo(made, sufficient_weights(made))


@pytest.mark.parametrize(("width", "length"), [(1, 4000), (3, 1500), (8, 400)])
def test_long_thin_models_are_solved(width: int, length: int) -> None:
    """Chains and grids of thousands of variables have a proved optimum that no flip improves."""
    model = strip(width, length, 7)
    found = exact.sample(compiled_of(model), {})
    assert found.info["exact"] is True
    x = found.record.sample[0].astype(np.uint8)
    assert found.first.energy == model.energy(x)
    field = model.fields(x)
    assert (np.where(x == 1, -field, field) >= 0).all()


def test_both_ways_find_the_same_energy() -> None:
    """Models of 20 variables, solved by enumeration and by the way of larger ones."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        pairs = [
            (i, j, float(rng.integers(-5, 6))) for i, j in itertools.combinations(range(18), 2) if rng.random() < 0.3
        ]
        made = model_of(rng.integers(-5, 6, 18).astype(float).tolist(), pairs)
        compiled = compile_qubo(made, sufficient_weights(made))
        state, info = exact._presolved(compiled, lambda: False)
        assert state is not None
        assert info["method"] in ("presolve", "tree decomposition")
        assert compiled.energy(state)[0] == exact.sample(compiled, {}).first.energy


def test_a_dense_part_of_26_variables_is_enumerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too wide for tables, but small, is enumerated after presolve."""
    monkeypatch.setattr("qamctl.qubo.treewidth.MAX_CELLS", 2)
    monkeypatch.setattr("qamctl.qubo.treewidth.elimination_order", lambda model, stop: None)
    compiled = dense(14)
    state, info = exact._presolved(compiled, lambda: False)
    assert state is not None
    assert compiled.energy(state)[0] == exact.sample(compiled, {}).first.energy
    assert info["width"] == info["variables_left"] - 1


def test_constraints_are_solved_as_penalties() -> None:
    """A chain of 20 choices with a capacity is a penalty QUBO, and its least state is feasible and optimal."""
    rng = np.random.default_rng(1)
    linear = rng.integers(-9, 10, 40).astype(float)
    groups = [[2 * g, 2 * g + 1] for g in range(20)]
    rows = [({2 * g: 1, 2 * g + 2: 1}, LE, 1) for g in range(19)]
    made = model_of(linear.tolist(), [], groups, rows)
    compiled = compile_qubo(made, sufficient_weights(made))
    found = exact.sample(compiled, {})
    x = compiled.restore(found.record.sample)[0]
    first = x[0::2]
    assert (first + x[1::2] == 1).all()
    assert not (first[1:] & first[:-1]).any()
    best = {0: linear[1], 1: linear[0]}  # by whether the last group chose its first
    for g in range(1, 20):
        best = {0: min(best.values()) + linear[2 * g + 1], 1: best[0] + linear[2 * g]}
    assert found.first.energy == min(best.values())


def test_wide_models_are_refused_with_their_sizes() -> None:
    """The error names what is left after presolve, and what to do."""
    with pytest.raises(UnsupportedError, match=r"60 variables and 1770 couplings.*choose another backend"):
        exact.sample(dense(60), {})


@pytest.mark.parametrize("n", [25, 60])
def test_time_and_stop_end_it_without_samples(n: int) -> None:
    """Whoever stops it, or a deadline, leaves no sample and no claim."""
    for options in ({"seconds": 0.0}, {"stop": lambda: True}):
        found = exact.sample(dense(n), options)
        assert len(found) == 0
        assert found.info["exact"] is False
    long = compiled_of(strip(9, 60, 1))
    count = itertools.count()
    assert len(exact.sample(long, {"stop": lambda: next(count) > 20})) == 0
    assert len(exact.sample(long, {"seconds": 60.0})) == 1


def test_the_engine_says_what_it_takes() -> None:
    """No upper limit on variables, and a size that it always manages."""
    able = registry.get("exact").capabilities
    assert able.max_variables is None
    assert able.any_variables == exact.MAX_VARIABLES
    assert able.exact
