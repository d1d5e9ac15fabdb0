"""Lanes: independent searches that share a budget, the best samples and the end."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from support.tabu_kernels import random_model

from qamctl.kernels.couplings import couplings
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.lanes import Lane, Worker, run_lanes

MODEL = random_model(16, 1, "small")


def ticking() -> Callable[[], float]:
    """A clock on which a thousandth of a second passes between two looks."""
    ticks = itertools.count()
    return lambda: next(ticks) / 1000


def total(sample: np.ndarray) -> float:
    """The sum of MODEL's coefficients."""
    return (MODEL.energy(sample) - MODEL.offset) * MODEL.scale


def guesses(lane: Lane) -> Mapping[str, Any]:
    """A worker that offers a random sample a turn."""
    rng = np.random.default_rng(lane.seed)
    while turn := lane.turn():
        sample = rng.integers(0, 2, MODEL.n, dtype=np.uint8)
        lane.offer(sample, total(sample))
        lane.count(min(turn[0], 3), 3 * MODEL.n)
    return {"lane": lane.index}


def drive(budget: Budget, worker: Worker = guesses, **options: Any) -> Found:
    """Run lanes over MODEL with nothing said, unless it is."""
    options = {"stop": lambda: False, "report": lambda sample, energy: None, "seed": 1} | options
    return run_lanes(worker, MODEL, budget=budget, **options)


def test_samples_are_distinct_and_best_first_with_their_own_energies() -> None:
    """What is found is sorted, free of doubles, and each energy is that of its sample."""
    found = drive(Budget(steps=3000))
    assert len(found.samples) == 32
    assert len(np.unique(found.samples, axis=0)) == 32
    assert (np.diff(found.energies) >= 0).all()
    assert found.energies.tolist() == [MODEL.energy(sample) for sample in found.samples]
    assert (found.occurrences >= 1).all()
    assert (found.steps, found.attempts, dict(found.info)) == (3000, 1000 * 3 * MODEL.n, {"lane": 0})


def test_occurrences_count_every_meeting() -> None:
    """A sample that is offered n times is said to have occurred n times."""

    def same(lane: Lane) -> Mapping[str, Any]:
        while lane.turn():
            lane.offer(np.ones(MODEL.n), total(np.ones(MODEL.n)), 2)
            lane.count(1, 1)
        return {}

    assert drive(Budget(steps=5), same).occurrences.tolist() == [10]


def test_a_step_budget_has_one_lane_and_no_time() -> None:
    """With steps the result is the same for any number of threads, and its curve holds no seconds."""
    one, four = (drive(Budget(steps=300, threads=threads)) for threads in (1, 4))
    assert one.samples.tolist() == four.samples.tolist()
    assert one.curve == four.curve
    assert {seconds for seconds, _ in one.curve} == {0.0}


def test_a_time_budget_ends_by_its_clock() -> None:
    """The search ends when the clock that was handed in says so, whatever the time is."""
    clock = ticking()
    found = drive(Budget(seconds=0.5, clock=clock))
    assert 0.45 < clock() < 0.6
    assert 0 < found.curve[-1][0] <= 0.5


def test_every_lane_works_with_a_seed_of_its_own() -> None:
    """Under a time budget as many lanes run as threads are asked for; only the first one has the warm start."""
    seen: dict[int, tuple[int, bool]] = {}

    def look(lane: Lane) -> Mapping[str, Any]:
        seen[lane.index] = lane.seed, lane.initial is not None
        return {}

    drive(Budget(seconds=1.0, threads=3, clock=ticking()), look, initial=np.ones(MODEL.n))
    assert sorted(seen) == [0, 1, 2]
    assert len({seed for seed, _ in seen.values()}) == 3
    assert [seen[k][1] for k in range(3)] == [True, False, False]


def test_lanes_count_together() -> None:
    """Steps and attempts are the sums over all lanes."""

    def once(lane: Lane) -> Mapping[str, Any]:
        lane.turn()
        lane.count(10, 70)
        return {}

    found = drive(Budget(seconds=1.0, threads=3, clock=ticking()), once)
    assert (found.steps, found.attempts) == (30, 210)


@pytest.mark.parametrize("index", [0, 1])
def test_a_fault_in_a_lane_ends_all_and_is_raised(index: int) -> None:
    """What one lane raises, in the caller's thread or another, ends the others and reaches the caller."""

    def worker(lane: Lane) -> Mapping[str, Any]:
        if lane.index == index:
            raise ArithmeticError("a planted fault")
        while lane.turn():
            pass
        return {}

    with pytest.raises(ArithmeticError, match="planted"):
        drive(Budget(seconds=1e9, threads=2), worker)


def test_an_interrupt_ends_all_lanes() -> None:
    """Ctrl-C in the caller's thread leaves no thread behind."""

    def worker(lane: Lane) -> Mapping[str, Any]:
        if lane.index == 0:
            raise KeyboardInterrupt
        while lane.turn():
            pass
        return {}

    with pytest.raises(KeyboardInterrupt):
        drive(Budget(seconds=1e9, threads=3), worker)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane-")]


def test_stop_ends_the_search() -> None:
    """The search ends when `stop` says so, in every lane."""
    asked = itertools.count()
    found = drive(Budget(seconds=1e9, threads=2), stop=lambda: next(asked) > 20)
    assert len(found.samples) >= 1


def test_a_target_ends_the_search() -> None:
    """As soon as a sample has the target's energy no more turns are given."""
    target = drive(Budget(steps=3000)).energies[3]
    found = drive(Budget(steps=10**9, target=target))
    assert found.energies[0] <= target
    assert found.steps < 10**6


def test_a_warm_start_is_never_lost() -> None:
    """The result is not worse than the start, even where no turn was given; nor is it empty without one."""
    best = drive(Budget(steps=3000)).samples[0]
    found = drive(Budget(steps=3), initial=best)
    assert found.energies[0] <= MODEL.energy(best)
    assert drive(Budget(seconds=0.0), initial=best).samples.tolist() == [best.tolist()]
    assert drive(Budget(seconds=0.0)).energies.tolist() == [MODEL.energy(np.zeros(MODEL.n))]


def test_every_improvement_is_reported_once_and_drawn() -> None:
    """The listener hears of falling energies alone, each of its sample, and the curve holds the same."""
    heard: list[float] = []

    def listen(sample: np.ndarray, energy: float) -> None:
        assert energy == MODEL.energy(sample)
        heard.append(energy)

    found = drive(Budget(steps=900), report=listen)
    assert heard == sorted(set(heard), reverse=True)
    assert [energy for _, energy in found.curve] == heard
    assert heard[-1] == found.energies[0]


def test_a_lane_sees_the_best_and_its_progress() -> None:
    """A lane can read the best sample of all lanes, whether a sum is better, and how much of the budget is gone."""
    seen: list[float] = []

    def worker(lane: Lane) -> Mapping[str, Any]:
        sample, energy = lane.best
        assert energy == MODEL.energy(sample)
        assert not lane.improves(total(sample))
        assert lane.improves(total(sample) - 1)
        while lane.turn():
            seen.append(lane.progress)
            lane.count(1, 1)
        return {}

    drive(Budget(steps=4), worker)
    assert seen == [0.0, 0.25, 0.5, 0.75]
    seen.clear()
    drive(Budget(seconds=0.05, clock=ticking()), worker)
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1


def test_a_model_without_variables_has_one_sample() -> None:
    """Nothing is searched where there is nothing to decide."""
    empty = couplings(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), 7.0)
    found = run_lanes(
        guesses, empty, budget=Budget(steps=9), seed=1, stop=lambda: False, report=lambda sample, energy: None
    )
    assert found.samples.shape == (1, 0)
    assert found.energies.tolist() == [7.0]
    assert math.isfinite(found.curve[0][1])
