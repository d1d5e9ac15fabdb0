"""Training ends at good angles, within its budget, and says why it ended."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.qaoa_problems import assignment, ising_problem

from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import ramp, table_angles
from qamctl.quantum.qaoa.history import History
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for
from qamctl.quantum.qaoa.train import Effort, ladder, multistart, train


def space_of(seed: int = 0, depth: int = 2, double: bool = False) -> Landscape:
    """An Ising model of 7 spins with fields."""
    problem = ising_problem(9 + seed % 9, np.random.default_rng(seed), 7, 7).polynomial
    return Landscape(problem, ansatz_for(7, (), depth), double=double)


def test_training_ends_where_no_derivative_is_left() -> None:
    """In float64 the end is stationary, and no point of a grid around it is better."""
    space = space_of(double=True)
    found = train(space, ramp(1), effort=Effort(tolerance=1e-6, ftol=0.0))
    assert found.status == "converged"
    assert np.abs(space.value_and_gradient(found.angles)[1]).max() < 1e-5 * space.deviation
    assert found.value is not None
    around = [found.angles + 0.05 * np.array(step) for step in itertools.product((-1, 0, 1), repeat=2)]
    assert min(space.value(angles) for angles in around) >= found.value - 1e-9


def test_depth_one_finds_the_best_of_a_grid() -> None:
    """From a ramp, one layer ends as low as the best point of a fine grid of angles."""
    for seed in range(3):
        space = space_of(seed)
        found = train(space, ramp(1))
        grid = min(
            space.value(np.array([g, b])) for g in np.linspace(0.05, 1.2, 24) for b in np.linspace(-1.5, 1.5, 41)
        )
        assert found.value is not None
        assert found.value <= grid + 1e-3 * space.deviation


def test_a_ladder_gets_better_rung_by_rung() -> None:
    """More layers are never worse, and every rung is in the history."""
    space = space_of(1)
    values = [ladder(space, depth).value for depth in (1, 2, 3)]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    found = ladder(space, 3)
    assert {e.depth for e in found.history} == {1, 2, 3}
    assert [e.number for e in found.history] == list(range(1, found.evaluations + 1))


def test_more_starts_are_never_worse() -> None:
    """The given start is among them; the same seed gives the same end."""
    space = space_of(2)
    one = train(space, ramp(2))
    many = multistart(space, ramp(2), starts=4, seed=5)
    assert one.value is not None
    assert many.value is not None
    assert many.value <= one.value
    assert many.evaluations > one.evaluations
    assert (multistart(space, ramp(2), starts=4, seed=5).angles == many.angles).all()


def test_cvar_raises_the_probability_of_the_optimum() -> None:
    """On assignments the mean of the best quarter gives the optimum more than the mean of all does."""
    gained = []
    for seed in range(4):
        problem = assignment(4, np.random.default_rng(seed))
        ansatz = ansatz_for(16, problem.groups, 3)
        space = Landscape(problem.polynomial, ansatz)
        start = table_angles(ansatz, space.shape)
        ends = [train(space, start, alphas=alphas).angles for alphas in ((0.25,), (1.0,))]
        gained.append(space.probability(ends[0]) / space.probability(ends[1]))
    assert np.mean(gained) > 1.1


def test_a_filled_share_gives_way_to_a_larger_one() -> None:
    """With `only_saturated` a share that the optimum fills is followed by the next, and one that it does not is not."""
    easy = Landscape(Polynomial(2, 0.0, {(0,): 1.0, (1,): 1.0}), ansatz_for(2, (), 1))
    assert train(easy, ramp(1), alphas=(0.25, 1.0), only_saturated=True).alpha == 1.0
    hard = Landscape(ising_problem(0, np.random.default_rng(0), 10, 10).polynomial, ansatz_for(10, (), 1))
    assert train(hard, ramp(1), alphas=(0.5, 1.0), only_saturated=True).alpha == 0.5
    assert train(hard, ramp(1), alphas=(0.5, 1.0)).alpha == 1.0


@pytest.mark.parametrize("most", [1, 2, 5])
def test_evaluations_are_a_budget(most: int) -> None:
    """No more evaluations than allowed are made, in stages, rungs and starts together."""
    space = space_of()
    effort = Effort(evaluations=most)
    found = train(space, ramp(2), alphas=(0.5, 1.0), effort=effort)
    assert found.evaluations <= most
    assert found.status == "evaluations"
    assert ladder(space, 2, effort=effort).evaluations <= most
    assert multistart(space, ramp(2), starts=3, seed=0, effort=effort).evaluations <= most


def test_seconds_are_a_budget() -> None:
    """A clock that leaps ends the training after its first evaluation, with that one's angles."""
    ticks = itertools.count()
    found = train(space_of(), ramp(2), effort=Effort(seconds=0.5, clock=lambda: float(next(ticks))))
    assert (found.status, found.evaluations) == ("seconds", 1)
    assert (found.angles == ramp(2)).all()


def test_a_stop_ends_it_with_the_best_so_far() -> None:
    """Stopped at once there is no value; stopped later, the best angles come back."""
    at_once = train(space_of(), ramp(2), effort=Effort(stop=lambda: True))
    assert (at_once.status, at_once.value, at_once.evaluations) == ("stopped", None, 0)
    asked = itertools.count()
    later = train(space_of(), ramp(2), effort=Effort(stop=lambda: next(asked) >= 4))
    assert (later.status, later.evaluations) == ("stopped", 4)
    assert later.value == min(e.value for e in later.history)
    rungs = ladder(space_of(), 3, effort=Effort(stop=lambda: True))
    assert (rungs.status, len(rungs.angles)) == ("stopped", 6)


def test_a_stop_within_an_evaluation_ends_it_too() -> None:
    """Where the landscape itself is interrupted, the training says that it was stopped."""
    problem = ising_problem(0, np.random.default_rng(0), 6, 6).polynomial
    asked = itertools.count()
    space = Landscape(problem, ansatz_for(6, (), 2), stop=lambda: next(asked) > 20)
    found = train(space, ramp(2), effort=Effort(tolerance=0.0, ftol=0.0))
    assert found.status == "stopped"


def test_a_target_ends_it() -> None:
    """A value that is good enough is enough."""
    space = space_of()
    best = train(space, ramp(2)).value
    assert best is not None
    found = train(space, ramp(2), effort=Effort(target=best + 0.05 * space.deviation))
    assert found.status == "target"
    assert multistart(space, ramp(2), starts=3, seed=0, effort=Effort(target=best + 1.0)).status == "target"


def test_a_flat_landscape_needs_no_training() -> None:
    """Where all states have one energy the start comes back at once."""
    flat = Landscape(Polynomial(2, 3.0, {}), ansatz_for(2, (), 1))
    found = train(flat, ramp(1))
    assert (found.status, found.value, found.evaluations) == ("flat", 3.0, 0)
    assert ladder(flat, 2).status == "flat"
    assert multistart(flat, ramp(1), starts=2, seed=0).status == "flat"


def test_wrong_shares_are_refused() -> None:
    """A share is in (0, 1], and there is at least one."""
    for alphas in ((), (0.0,), (1.5,)):
        with pytest.raises(ValueError, match="alphas"):
            train(space_of(), ramp(2), alphas=alphas)


def test_a_known_evaluation_is_not_made_again() -> None:
    """A history answers what it knows: the second training runs no circuit and ends in the same place."""
    history = History()
    first = train(space_of(), ramp(2), alphas=(0.5, 1.0), history=history)
    space = space_of()
    second = train(space, ramp(2), alphas=(0.5, 1.0), history=history)
    assert space.evaluations == 0
    assert (first.angles == second.angles).all()
    assert [e.value for e in first.history] == [e.value for e in second.history]
    assert len(history) == len({(e.alpha, e.angles) for e in first.history})
