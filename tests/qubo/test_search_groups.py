"""The search of constrained models: feasible, best, never worse than its start, on time, and always the same."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from support.assignment import assignment, read_gap
from support.mixed_models import mixed_model, optimum
from support.qubo_models import model_of
from support.shared import shared_path

from qamctl.errors import UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.search import groups, pool
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.groups import search


def told_truly(model: Model, found: Found) -> None:
    """Every sample's objective, feasibility and violation are what plain loops make of them; best first."""
    for sample, energy, feasible, amount in zip(
        found.samples.tolist(), found.energies, found.info["feasible"], found.info["violations"], strict=True
    ):
        broken = check.violations(model, sample)
        assert feasible == (not broken)
        assert amount == sum(entry[2] for entry in broken)
        assert energy == pytest.approx(check.objective(model, sample), abs=1e-9)
    order = list(zip(found.info["violations"], found.energies, strict=True))
    assert order == sorted(order)
    assert len(np.unique(found.samples, axis=0)) == len(found.samples)


def test_small_models_are_solved_to_the_optimum() -> None:
    """150 random models with overlapping groups, rows of every sense and free variables: nearly all optima."""
    missed = []
    for seed in range(150):
        model = mixed_model(seed, 13, feasible=seed % 7 != 0)
        best = optimum(model)
        found = search(model, budget=Budget(steps=1500), seed=seed)
        told_truly(model, found)
        if best is None:
            assert not found.info["feasible"][0]
            continue
        assert found.info["possible"]
        if not found.info["feasible"][0] or found.energies[0] > best + 1e-9:
            missed.append(seed)
    assert len(missed) <= 3


def test_no_feasible_sample_is_claimed_where_there_is_none() -> None:
    """Models that no state keeps: what cannot be proved so is reported with its violation."""
    far = model_of([1.0, 2.0], groups=[[0, 1]], rows=[({0: 1, 1: 1}, LE, 0)])
    parity = model_of([1.0] * 4, rows=[({0: 2, 1: 2, 2: 4}, EQ, 3)])
    hidden = model_of([1.0] * 3, rows=[({0: 1, 1: 1}, EQ, 1), ({1: 1, 2: 1}, EQ, 1), ({0: 1, 2: 1}, EQ, 1)])
    empty = model_of([1.0], groups=[[]])
    for model, possible in ((far, False), (parity, False), (hidden, True), (empty, False)):
        found = search(model, budget=Budget(steps=200), seed=1)
        told_truly(model, found)
        assert not found.info["feasible"][0]
        assert found.info["possible"] is possible
        assert found.curve == ()


@pytest.mark.parametrize("kind", ["d", "e", "tight"])
def test_assignments_are_feasible_at_once(kind: str) -> None:
    """Items are packed into bins that are all but full within a few hundred sweeps."""
    problem = assignment(60, 6, 5, kind)
    found = search(problem.model(), budget=Budget(steps=300), seed=3)
    assert found.info["feasible"][0]
    assert problem.objective(problem.bin_of(found.samples[0])) == found.energies[0]


def test_a_quadratic_assignment_is_solved() -> None:
    """Six facilities at six sites, one each, is solved as well as by trying all permutations."""
    from itertools import permutations

    rng = np.random.default_rng(2)
    n = 6
    flow, distance = rng.integers(0, 10, (n, n)), rng.integers(1, 10, (n, n))
    at = np.arange(n * n).reshape(n, n)
    couplings = [
        (int(at[i, k]), int(at[j, m]), float(flow[i, j] * distance[k, m]))
        for i in range(n) for j in range(i + 1, n) for k in range(n) for m in range(n) if k != m
    ]  # fmt: skip
    model = model_of([0.0] * n * n, couplings, [*at.tolist(), *at.T.tolist()])
    best = min(
        sum(flow[i, j] * distance[p[i], p[j]] for i in range(n) for j in range(i + 1, n))
        for p in permutations(range(n))
    )
    found = search(model, budget=Budget(steps=2000), seed=1)
    told_truly(model, found)
    assert found.info["feasible"][0]
    assert found.energies[0] == best


def test_models_without_constraints_and_without_variables() -> None:
    """Nothing constrained is an ordinary search; nothing at all has one empty sample."""
    free = model_of([1.0, -2.0, 3.0, -1.0], [(1, 3, 4.0)])
    assert search(free, budget=Budget(steps=100), seed=1).energies[0] == -2.0
    found = search(model_of([], offset=2.5), budget=Budget(steps=5), seed=1)
    assert found.samples.shape == (1, 0)
    assert found.energies.tolist() == [2.5]
    assert found.info["feasible"] == [True]


def test_later_lineages_merge_earlier_ones() -> None:
    """Where there is time for many lineages, the best of a hard small problem is found, the same way every time."""
    problem = assignment(24, 4, 2)
    found = [search(problem.model(), budget=Budget(steps=60000), seed=seed) for seed in (3, 3, 2)]
    assert all(one.info["merges"] > 0 for one in found)
    assert found[0].energies[0] == found[2].energies[0]
    assert np.array_equal(found[0].samples, found[1].samples)


def test_what_is_fixed_by_the_constraints_is_found_without_a_step() -> None:
    """Groups of one and rows that leave one state end the search at once."""
    model = model_of([3.0, 4.0, 5.0], groups=[[0]], rows=[({1: 1, 2: 1}, GE, 2)])
    found = search(model, budget=Budget(steps=10**9), seed=1)
    assert found.samples.tolist() == [[1, 1, 1]]
    assert found.steps == 0


def test_a_step_budget_gives_the_same_whatever_threads_kernel_and_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples, energies, curve and steps depend on the model, the seed and the steps alone."""
    models = [assignment(12, 3, 1).model(), mixed_model(4, 16), mixed_model(12, 16)]
    for model in models:
        found = [search(model, budget=Budget(steps=150, threads=threads), seed=9) for threads in (1, 4)]
        monkeypatch.setenv("QAMCTL_KERNELS", "reference")
        found.append(search(model, budget=Budget(steps=150), seed=9))
        monkeypatch.delenv("QAMCTL_KERNELS")
        with monkeypatch.context() as patch:
            patch.setattr(pool, "SLICE", 0.0)
            found.append(search(model, budget=Budget(steps=150), seed=9))
        assert found[2].info["kernel"] == "numpy reference"
        for other in found[1:]:
            assert np.array_equal(found[0].samples, other.samples)
            assert np.array_equal(found[0].energies, other.energies)
            assert (found[0].steps, found[0].curve) == (other.steps, other.curve)
        assert found[0].steps == 150


def test_the_result_is_never_worse_than_the_start() -> None:
    """A feasible start is kept where nothing better is met; a broken one is mended."""
    problem = assignment(30, 5, 2)
    model = problem.model()
    good = search(model, budget=Budget(steps=2000), seed=1)
    again = search(model, budget=Budget(steps=1), seed=7, initial=good.samples[0])
    assert again.info["feasible"][0]
    assert again.energies[0] <= good.energies[0]
    broken = np.ones(model.n, np.uint8)
    mended = search(model, budget=Budget(steps=300), seed=1, initial=broken)
    assert mended.info["feasible"][0]
    spins = search(model, budget=Budget(steps=1), seed=7, initial=good.samples[0].astype(bool))
    assert spins.energies[0] <= good.energies[0]


class Clock:
    """Seconds that pass with every look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_time_budget_is_kept_by_its_clock() -> None:
    """The search ends when the clock says so, also before it began; there is always a sample."""
    model = assignment(20, 4, 1).model()
    for seconds, step in ((1.0, 0.01), (0.05, 0.02), (0.0, 0.0)):
        clock = Clock(step)
        found = search(model, budget=Budget(seconds=seconds, clock=clock), seed=1)
        told_truly(model, found)
        assert clock.now <= seconds + 12 * step
        assert all(0 <= second <= clock.now for second, _ in found.curve)


def test_lanes_share_what_they_find() -> None:
    """Several threads search side by side under a time budget; all of their steps count."""
    model = assignment(25, 5, 1).model()
    found = search(model, budget=Budget(seconds=0.5, threads=3), seed=1)
    told_truly(model, found)
    assert found.info["feasible"][0]
    assert found.info["coolings"] > 3
    assert found.attempts == found.steps * model.n


def test_a_target_ends_the_search() -> None:
    """A feasible sample at the target is enough, and all lanes end."""
    model = assignment(30, 5, 2).model()
    good = search(model, budget=Budget(steps=500), seed=1).energies[0]
    for budget in (Budget(steps=10**8, target=good), Budget(seconds=60.0, threads=2, target=good)):
        found = search(model, budget=budget, seed=1)
        assert found.energies[0] <= good
        assert found.info["feasible"][0]


def test_the_caller_is_told_of_better_feasible_samples_and_can_stop() -> None:
    """`report` sees a falling objective of feasible samples; `stop` ends the search early."""
    model = assignment(30, 5, 2).model()
    seen: list[tuple[np.ndarray, float]] = []
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return len(seen) >= 5

    found = search(
        model,
        budget=Budget(steps=10**8),
        seed=1,
        stop=stop,
        report=lambda sample, energy: seen.append((sample, energy)),
    )
    assert asked > 0
    assert len(seen) >= 5
    energies = [energy for _, energy in seen]
    assert energies == sorted(energies, reverse=True)
    assert len(set(energies)) == len(energies)
    assert found.energies[0] == energies[-1]
    assert [energy for _, energy in found.curve] == energies
    assert all(check.violations(model, sample.tolist()) == [] for sample, _ in seen)


def test_a_fault_in_a_lane_reaches_the_caller() -> None:
    """What a listener raises, in whichever lane, ends every lane and is raised."""
    model = assignment(30, 5, 2).model()

    def report(sample: np.ndarray, energy: float) -> None:
        raise RuntimeError("the listener is broken")

    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="listener"):
        groups.search(model, budget=Budget(seconds=60.0, threads=2), seed=1, report=report)
    assert set(threading.enumerate()) <= before


def test_large_coefficients_are_refused() -> None:
    """Rows whose sums would not be exact, and an objective that is not finite, are named."""
    model = model_of([1.0, 1.0], rows=[({0: 2**52, 1: 1}, LE, 1)])
    with pytest.raises(UnsupportedError, match="2\\^52"):
        search(model, budget=Budget(steps=1), seed=1)
    with pytest.raises(ValueError, match="finite"):
        search(replace(model_of([1.0]), linear=np.array([np.nan])), budget=Budget(steps=1), seed=1)


def test_published_assignment_problems() -> None:
    """The OR-Library's problem c05100 is solved to within a hundredth of its optimum 1931 in a thousand sweeps."""
    problem = read_gap(shared_path("instances", "cluster", "gap", "c05100"))
    found = search(problem.model(), budget=Budget(steps=1000), seed=1)
    assert found.info["feasible"][0]
    assert 1931 <= found.energies[0] <= 1950
    assert problem.objective(problem.bin_of(found.samples[0])) == found.energies[0]
