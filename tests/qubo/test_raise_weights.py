"""Solve, check, raise: weights that work are found from small ones, and only those of broken constraints grow."""

from __future__ import annotations

import numpy as np
import pytest
from support.penalty_models import places
from support.qubo_models import model_of
from support.qubo_specs import all_energies, state

from qamctl.backends import neal
from qamctl.qubo import check
from qamctl.qubo.broken import broken
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import GE, LE
from qamctl.qubo.penalties import Weights, sufficient_weights
from qamctl.qubo.raise_weights import solve_check_raise


def least(compiled: Compiled, turn: int) -> np.ndarray:
    """An exact engine: the state of least energy."""
    return state(int(np.argmin(all_energies(compiled))), compiled.n)[None, :]


def annealed(compiled: Compiled, turn: int) -> np.ndarray:
    """Twenty short anneals."""
    found = neal.sample(compiled, {"seed": turn, "reads": 20, "sweeps": 300})
    return np.asarray(found.record.sample)


def test_only_what_is_broken_is_raised() -> None:
    """The row that the best sample breaks doubles until it holds; the other row and the group stay as they were."""
    model = model_of(
        [-40.0, -40.0, 1.0, 2.0, -1.0, -1.0], groups=[[2, 3]], rows=[({0: 1, 1: 1}, LE, 1), ({4: 1, 5: 1}, LE, 1)]
    )
    found = solve_check_raise(model, least, start=Weights(3.0, np.array([3.0, 1.5])))
    assert found.settled
    assert [dict(turn.raised) for turn in found.rounds] == [{"row": 1}] * 4 + [{}]
    assert found.weights.row.tolist() == [41.0, 1.5]  # 48 would be more than is ever needed
    assert found.sample is not None
    assert check.violations(model, found.sample.tolist()) == []
    assert found.objective == check.objective(model, found.sample.tolist()) == -40.0 + 1.0 - 1.0


@pytest.mark.parametrize("one_hot", ["one-hot", "domain-wall"])
@pytest.mark.parametrize("inequality", ["slack", "unbalanced"])
def test_an_annealer_gets_feasible_samples_that_it_never_had(one_hot: str, inequality: str) -> None:
    """Placing items under capacities: no read is feasible under sufficient weights, under raised ones some are."""
    model = places(12, 3, seed=4, room=1.15)
    heavy = compile_qubo(model, sufficient_weights(model))
    assert not broken(model, heavy, annealed(heavy, 0)).feasible.any()
    found = solve_check_raise(model, annealed, one_hot=one_hot, inequality=inequality)
    assert found.sample is not None
    assert check.violations(model, found.sample.tolist()) == []
    assert found.objective == pytest.approx(check.objective(model, found.sample.tolist()))
    summary = found.summary()
    assert summary["constraints"]["one-hot"]["encoding"] == one_hot
    assert (summary["constraints"]["row"]["bits"] == 0) == (inequality == "unbalanced")
    assert len(summary["rounds"]) == len(found.rounds)


def test_it_ends_at_the_sufficient_weights() -> None:
    """An engine that always breaks a row is not asked again once the row's weight is known to be enough."""
    model = model_of([-2.0, -2.0], rows=[({0: 1, 1: 1}, LE, 1)])
    found = solve_check_raise(model, lambda compiled, turn: np.array([[1, 1]]), start=Weights(0.0, np.array([1.0])))
    assert not found.settled
    assert found.sample is None
    assert found.objective == np.inf
    assert found.weights.row.tolist() == sufficient_weights(model).row.tolist()
    assert [turn.feasible_fraction for turn in found.rounds] == [0.0] * 3


def test_it_ends_when_told() -> None:
    """A stop, the last round and, without slack bits, nothing else end it."""
    model = model_of([-2.0] * 3, rows=[({0: 2, 1: 2, 2: 1}, LE, 3)])

    def worst(compiled: Compiled, turn: int) -> np.ndarray:
        return compiled.extend(np.array([[1, 1, 1]]))

    assert len(solve_check_raise(model, worst, inequality="unbalanced", rounds=7).rounds) == 7
    assert len(solve_check_raise(model, worst, stop=lambda: True).rounds) == 1
    for wrong in ({"factor": 1.0}, {"rounds": 0}):
        with pytest.raises(ValueError, match="factor above 1"):
            solve_check_raise(model, worst, **wrong)  # type: ignore[arg-type]


def test_a_model_without_constraints_settles_at_once() -> None:
    """The first samples are feasible, and the best of them is kept."""
    model = model_of([1.0, -1.0], offset=3.0)
    found = solve_check_raise(model, least)
    assert (found.settled, len(found.rounds), found.objective) == (True, 1, 2.0)


def test_what_is_broken_is_told_sample_by_sample() -> None:
    """Groups and rows, by number; behind further walls rows are not judged."""
    model = model_of([0.0] * 4, groups=[[0, 1, 2]], rows=[({3: 1, 0: 1}, GE, 1)])
    plain = compile_qubo(model, Weights(1.0, np.array([1.0])))
    samples = np.array([[1, 0, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0]], np.uint8)
    found = broken(model, plain, plain.extend(samples))
    assert found.groups.tolist() == [[False], [True], [False]]
    assert found.rows.tolist() == [[False], [False], [True]]
    assert found.feasible.tolist() == [True, False, False]
    walls = compile_qubo(model, Weights(1.0, np.array([1.0])), one_hot="domain-wall")
    bits = np.zeros((2, walls.n), np.uint8)
    bits[:, :3] = [[0, 1, 0], [1, 1, 0]]
    found = broken(model, walls, bits)
    assert found.groups.tolist() == [[True], [False]]
    assert found.rows.tolist() == [[False], [True]]
