"""The engine `tabu`: memetic tabu and breakout search, steered by features of the model."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from support import families
from support.shared import shared_path
from support.tabu_kernels import KINDS, needs_native, random_model

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.search import tabu
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.lanes import Lane


def brute(model: Couplings) -> float:
    """The least energy, by looking at every sample."""
    samples = (np.arange(2**model.n)[:, None] >> np.arange(model.n)) & 1
    return min(model.energy(sample) for sample in samples)


def cut(n: int, seed: int, weights: tuple[float, ...] = (-1.0, 1.0)) -> Couplings:
    """MaxCut of a random graph."""
    rng = np.random.default_rng(seed)
    row, col = families.random_pairs(n, 3 * n, rng)
    return couplings(*families.maxcut(n, row, col, rng.choice(weights, len(row))))


def same(one: Found, other: Found) -> bool:
    """Whether everything that a result file shows is equal."""
    return (
        one.samples.tolist() == other.samples.tolist()
        and one.energies.tolist() == other.energies.tolist()
        and one.occurrences.tolist() == other.occurrences.tolist()
        and (one.steps, one.attempts, one.curve, one.info) == (other.steps, other.attempts, other.curve, other.info)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3, 8, 11])
def test_small_models_are_solved(n: int, kind: str) -> None:
    """A few thousand steps find the optimum of models that can be enumerated, whatever their numbers are."""
    for seed in range(3):
        model = random_model(n, seed, kind)
        found = tabu.search(model, budget=Budget(steps=2000), seed=seed)
        assert found.energies[0] == pytest.approx(brute(model), rel=1e-12, abs=1e-12)
        assert found.energies.tolist() == [model.energy(sample) for sample in found.samples]
        assert found.steps == 2000


def test_cuts_are_solved() -> None:
    """Models without bias take another road, and arrive as well."""
    for seed in range(4):
        model = cut(11, seed)
        found = tabu.search(model, budget=Budget(steps=2000), seed=seed)
        assert found.info["method"] == "memetic breakout"
        assert found.energies[0] == brute(model)


def test_models_without_variables_or_couplings_are_answered() -> None:
    """No variable gives one empty sample; without couplings the signs decide."""
    none = np.zeros(0)
    assert tabu.search(couplings(none, none, none, none, 2.5), budget=Budget(steps=9), seed=1).energies.tolist() == [
        2.5
    ]
    free = couplings(np.array([3.0, -2.0, 0.0, -1.0]), none, none, none)
    assert tabu.search(free, budget=Budget(steps=200), seed=1).energies[0] == -3.0
    flat = couplings(np.zeros(5), none, none, none)
    assert tabu.search(flat, budget=Budget(steps=200), seed=1).energies[0] == 0.0


@pytest.mark.parametrize("make", [lambda: random_model(60, 1, "doubled"), lambda: cut(60, 2)], ids=["tabu", "breakout"])
def test_steps_alone_decide_the_result(make: Callable[[], Couplings], monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is the same for any number of threads, any cut into turns, and in plain numpy."""
    model = make()
    found = tabu.search(model, budget=Budget(steps=9000), seed=3)
    assert same(found, tabu.search(model, budget=Budget(steps=9000, threads=3), seed=3))
    assert not same(*(tabu.search(model, budget=Budget(steps=9), seed=seed) for seed in (3, 4)))
    turn = Lane.turn
    with monkeypatch.context() as patch:
        patch.setattr(Lane, "turn", lambda lane: turn(lane, 0.0))
        assert same(found, tabu.search(model, budget=Budget(steps=9000), seed=3))
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    assert same(found, tabu.search(model, budget=Budget(steps=9000), seed=3))


def test_a_warm_start_is_where_the_search_begins() -> None:
    """The result is never worse than the start, and one step from the optimum finds it."""
    model = random_model(60, 4, "small")
    best = tabu.search(model, budget=Budget(steps=50_000), seed=1)
    start = best.samples[0].copy()
    start[7] ^= 1
    again = tabu.search(model, budget=Budget(steps=5), seed=2, initial=start)
    assert again.energies[0] == best.energies[0]
    assert tabu.search(model, budget=Budget(steps=0), seed=2, initial=start).energies[0] == model.energy(start)


@pytest.mark.parametrize("kind", ["small", "float"])
def test_a_target_ends_the_search_at_the_same_step(kind: str) -> None:
    """The search ends once it has the target's energy, at a step that the seed decides."""
    model = random_model(50, 4, kind)
    best = tabu.search(model, budget=Budget(steps=20_000), seed=1)
    runs = [tabu.search(model, budget=Budget(steps=10**9, target=float(best.energies[0])), seed=5) for _ in range(2)]
    assert runs[0].energies[0] <= best.energies[0]
    assert runs[0].steps < 10**6
    assert same(*runs)


def test_an_unkind_rounding_does_not_hang_the_search() -> None:
    """Where the kernel's sum meets a target that the energy misses, the search goes on, to the end of its budget."""
    model = random_model(40, 4, "float")
    least = tabu.search(model, budget=Budget(steps=20_000), seed=1).energies[0]
    found = tabu.search(model, budget=Budget(steps=5000, target=float(np.nextafter(least, -np.inf))), seed=1)
    assert found.steps == 5000


def test_time_ends_the_search_and_tells_what_was_found_on_the_way() -> None:
    """With seconds the listener hears of improvements while a child is being improved, and the clock is kept."""
    ticks = itertools.count()
    heard: list[float] = []
    found = tabu.search(
        random_model(200, 1, "doubled"),
        budget=Budget(seconds=0.3, clock=lambda: next(ticks) / 1000),
        seed=1,
        report=lambda sample, energy: heard.append(energy),
    )
    assert heard == sorted(heard, reverse=True)
    assert [energy for _, energy in found.curve] == heard
    assert 300 <= next(ticks) < 360


def test_threads_search_together() -> None:
    """Two lanes under a time budget find what one finds."""
    model = random_model(40, 9, "small")
    least = tabu.search(model, budget=Budget(steps=30_000), seed=1).energies[0]
    found = tabu.search(model, budget=Budget(seconds=10.0, threads=2, target=float(least)), seed=2)
    assert found.energies[0] == least


@pytest.mark.parametrize(
    ("name", "n", "method", "full"),
    [
        ("dense", 300, "tabu", True), ("sherrington-kirkpatrick", 300, "breakout", True),
        ("sparse", 2000, "tabu", False), ("3-regular", 2000, "breakout", False), ("grid", 2000, "breakout", False),
        ("assignment", 5000, "tabu", False),
    ],
)  # fmt: skip
def test_features_choose_the_method(name: str, n: int, method: str, full: bool) -> None:
    """Bias decides between tabu and breakout, density and size between the kernels."""
    chosen = tabu.choose(couplings(*families.FAMILIES[name](n, 1)))
    assert (chosen.name, chosen.dense) == (method, full)
    assert chosen.symmetric == (method == "breakout")


def test_huge_models_are_never_made_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix that would take too much memory is not made, however dense the model is."""
    model = random_model(100, 1, "small", 1.0)
    assert tabu.choose(model).dense
    monkeypatch.setattr(tabu, "MATRIX", 100 * 100 * 4 - 1)
    assert not tabu.choose(model).dense


def test_parents_that_are_near_have_shaken_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no path leads between parents, a shaken one is searched on, and a stale population begins again."""
    monkeypatch.setattr(tabu, "ELITE", 2)
    flat = couplings(np.zeros(7), np.zeros(0), np.zeros(0), np.zeros(0))  # every sample is an optimum
    found = tabu.search(flat, budget=Budget(steps=60_000), seed=1)
    assert found.info["renewals"] > 0
    assert len(found.samples) == 32


def read_bqp(name: str) -> Couplings:
    """One of Beasley's instances, to be minimised."""
    text = shared_path("instances", "qubo", "bqp", f"{name}.qubo").read_text()
    rows = np.array([line.split() for line in text.splitlines() if line[0] not in "cp"], float)
    i, j, weight = rows[:, 0].astype(int), rows[:, 1].astype(int), -rows[:, 2]
    return couplings(
        np.bincount(i[i == j], weight[i == j], max(i.max(), j.max()) + 1), i[i != j], j[i != j], weight[i != j]
    )


def read_cut(name: str) -> Couplings:
    """One of the G-set graphs."""
    figures = shared_path("instances", "qubo", "gset", f"{name}.txt").read_text().split()
    edges = np.array(figures[2:], float).reshape(-1, 3)
    return couplings(
        *families.maxcut(int(figures[0]), edges[:, 0].astype(int) - 1, edges[:, 1].astype(int) - 1, edges[:, 2])
    )


@needs_native
@pytest.mark.parametrize(
    ("name", "best"),
    [("bqp1000_1", -371438.0), ("bqp1000_5", -352760.0), ("G1", -11624.0), ("G11", -564.0), ("G43", -6660.0)],
)
def test_published_optima_are_met(name: str, best: float) -> None:
    """Best known values of the literature are found within a few million steps."""
    model = read_bqp(name) if name.startswith("bqp") else read_cut(name)
    found = tabu.search(model, budget=Budget(steps=10_000_000, target=best), seed=1)
    assert found.energies[0] == best
