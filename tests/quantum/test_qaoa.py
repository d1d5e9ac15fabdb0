"""The public optimiser: from any form of a problem to samples, with what they are worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.qaoa_problems import assignment, ising_problem
from support.qubo_models import model_of

import qamctl
from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum import qaoa as module
from qamctl.quantum.ansatz import angle_names
from qamctl.quantum.qaoa import QAOAOptimizer
from qamctl.quantum.qaoa.angles import table_angles
from qamctl.quantum.qaoa.book import AngleBook
from qamctl.quantum.qaoa.history import History
from qamctl.quantum.register import Register
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import LE
from qamctl.qubo.penalties import sufficient_weights


def test_the_plans_name_is_public() -> None:
    """It is importable from qamctl itself, with its method."""
    assert qamctl.QAOAOptimizer is QAOAOptimizer
    assert callable(QAOAOptimizer.optimize)


def test_an_assignment_is_solved_in_its_subspace() -> None:
    """The best of a thousand shots is the optimum, every sample keeps the rows, and the figures agree."""
    problem = assignment(3, np.random.default_rng(0))
    found = QAOAOptimizer(problem.polynomial, groups=problem.groups, seed=1).optimize()
    least = Register(9, problem.groups).diagonal(problem.polynomial).min()
    assert found.ansatz.mixer == "xy-full"
    assert found.best_energy == found.least_energy == pytest.approx(least)
    assert (found.samples.reshape(-1, 3, 3).sum(axis=2) == 1).all()
    assert found.energies == pytest.approx(problem.polynomial.energy(found.samples))
    assert (np.diff(found.energies) >= 0).all()
    assert found.occurrences.sum() == 1000
    assert found.occurrences[0] / 1000 == pytest.approx(found.probability_of_best, abs=0.06)
    assert list(found.angles) == list(angle_names(3))
    assert 0.5 < found.ratio < 1
    assert found.evaluations == len(found.history) > 1
    assert found.difference is not None
    assert abs(found.difference) < 1e-4 * abs(found.value)


def test_a_model_comes_back_in_its_own_variables() -> None:
    """Slack bits of the penalty QUBO are not in the samples; a row that must hold does in the best one."""
    model = model_of([-3.0, -2.0, -2.0], groups=[[0, 1]], rows=[({0: 2, 2: 1, 1: 1}, LE, 2)])
    found = QAOAOptimizer(model, depth=2).optimize()
    assert found.samples.shape[1] == 3
    assert found.ansatz.register.n > 3
    assert found.best_sample.tolist() == [0, 1, 1]
    assert found.best_energy == pytest.approx(-4.0)


def test_a_compiled_qubo_and_a_mapping_are_problems_too() -> None:
    """The same problem as a compiled QUBO and as a dict gives the same optimum."""
    model = model_of([-1.0, -1.0, 0.5], [(0, 1, 3.0)])
    compiled = compile_qubo(model, sufficient_weights(model))
    data = {(0, 0): -1.0, (1,): -1.0, (2, 2): 0.5, (1, 0): 3.0, (): 0.0}
    for problem in (compiled, data):
        found = QAOAOptimizer(problem, depth=2).optimize()  # type: ignore[arg-type]
        assert found.best_energy == pytest.approx(-1.0)
        assert found.samples.shape[1] == 3


def test_one_seed_one_answer() -> None:
    """The same seed gives the same angles and samples; another seed measures otherwise."""
    problem = ising_problem(1, np.random.default_rng(1), 8, 8).polynomial
    one, same, other = (QAOAOptimizer(problem, seed=s, starts=2, shots=50).optimize() for s in (3, 3, 4))
    assert (one.scaled == same.scaled).all()
    assert one.samples.tolist() == same.samples.tolist()
    assert one.occurrences.tolist() == same.occurrences.tolist()
    assert one.samples.tolist() != other.samples.tolist()


def test_strategies_say_where_they_began() -> None:
    """Fixed angles are the table's and cost no training; a ladder begins at depth 1."""
    problem = ising_problem(10, np.random.default_rng(1), 8, 8).polynomial
    fixed = QAOAOptimizer(problem, strategy="fixed", depth=2)
    found = fixed.optimize()
    assert (found.status, found.evaluations, found.history, found.start) == ("fixed", 0, (), "table")
    assert (found.scaled == table_angles(fixed.ansatz, fixed.landscape.shape)).all()
    climbed = QAOAOptimizer(problem, strategy="ladder", depth=2, alphas=(1.0,)).optimize()
    assert climbed.start == "ladder"
    assert climbed.history[0].depth == 1
    assert climbed.value <= found.value + 1e-6


def test_a_book_gives_the_start_of_the_next_problem(tmp_path: Path) -> None:
    """What was found under a name is where a similar problem begins, with fewer evaluations."""
    path = tmp_path / "book.json"
    rng = np.random.default_rng(2)
    one, other = (ising_problem(1, rng, 9, 9).polynomial for _ in range(2))
    first = QAOAOptimizer(one, book=AngleBook(path), name="monday", alphas=(1.0,)).optimize()
    second = QAOAOptimizer(other, book=AngleBook(path), name="tuesday", alphas=(1.0,)).optimize()
    again = QAOAOptimizer(one, book=AngleBook(path), name="monday", alphas=(1.0,)).optimize()
    assert (first.start, second.start, again.start) == ("table", "book/monday", "book/monday")
    assert again.evaluations < first.evaluations
    assert {entry.name for entry in AngleBook(path).entries} == {"monday", "tuesday"}


def test_a_warm_start_begins_near_its_sample() -> None:
    """With nothing trained and no phase the measured bits lean to the sample; slack bits have no side."""
    problem = ising_problem(1, np.random.default_rng(1), 6, 6).polynomial
    optimizer = QAOAOptimizer(problem, warm=[1, 0, 1, 0, 0.5, 0.9], depth=1)
    assert optimizer.ansatz.warm == (0.75, 0.25, 0.75, 0.25, 0.5, 0.75)
    assert optimizer.optimize().best_energy >= optimizer.landscape.best
    model = model_of([-3.0, -2.0], rows=[({0: 2, 1: 3}, LE, 4)])
    warm = QAOAOptimizer(model, warm=[1, 0]).ansatz.warm
    assert warm is not None
    assert warm[:2] == (0.75, 0.25)
    assert set(warm[2:]) == {0.5}


def test_a_history_answers_the_second_time(tmp_path: Path) -> None:
    """The same optimisation again makes no new evaluation and ends at the same bits."""
    problem = ising_problem(1, np.random.default_rng(1), 7, 7).polynomial
    path = tmp_path / "h.jsonl"
    with History(path) as history:
        first = QAOAOptimizer(problem, history=history).optimize()
        lines = len(history)
        second = QAOAOptimizer(problem, history=history).optimize()
        assert len(history) == lines
    assert first.scaled.tobytes() == second.scaled.tobytes()


def test_flat_problems_have_samples() -> None:
    """Where every state has one energy there is nothing to train, and any sample is best; no variables are no fault."""
    found = QAOAOptimizer({(0, 1): 1.0, (1, 0): -1.0}).optimize()
    assert (found.status, found.ratio, found.probability_of_best) == ("flat", 1.0, pytest.approx(1.0))


def test_a_stop_interrupts_or_ends_the_training() -> None:
    """Before the first evaluation there is no answer; after it, the best so far is measured."""
    problem = ising_problem(1, np.random.default_rng(1), 7, 7).polynomial
    with pytest.raises(InterruptedError):
        QAOAOptimizer(problem, stop=lambda: True).optimize()


def test_many_states_are_not_computed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a limit the energy in float64 is left out."""
    monkeypatch.setattr(module, "CHECKED", 4)
    problem = ising_problem(1, np.random.default_rng(1), 7, 7).polynomial
    assert QAOAOptimizer(problem, strategy="fixed").optimize().difference is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "luck"}, "no strategy 'luck'"),
        ({"shots": 0}, "one shot"),
        ({"starts": 0}, "one start"),
        ({"alphas": (2.0,)}, "alphas"),
        ({"alphas": ()}, "alphas"),
        ({"mixer": "y"}, "no mixer"),
        ({"depth": 0}, "depth"),
        ({"warm": [0.5]}, "a value for each of 2 variables, not 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    """With what to choose instead."""
    with pytest.raises(UsageError, match=words):
        QAOAOptimizer({(0, 1): 1.0}, **options)  # type: ignore[arg-type]


def test_terms_that_make_no_sense_are_refused() -> None:
    """Variables are numbers from 0."""
    with pytest.raises(UsageError, match="numbered from 0"):
        QAOAOptimizer({(0, -1): 1.0})


def test_a_circuit_too_large_is_refused() -> None:
    """Before anything is allocated."""
    with pytest.raises(UnsupportedError, match="50 qubits"):
        QAOAOptimizer({(v, v + 1): 1.0 for v in range(49)})
