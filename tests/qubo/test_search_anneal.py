"""The search `anneal`: budgets, seeds, starts, targets, and that its answers are good."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from support.anneal_kernels import needs_native, random_model
from support.families import FAMILIES, assignment, grid, maxcut, random_pairs, regular, sparse

from qamctl.kernels.anneal.reference import Random
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.search import anneal
from qamctl.qubo.search.annealing.exchange import respaced
from qamctl.qubo.search.annealing.furnace import random_bits
from qamctl.qubo.search.annealing.population import Heat, Thermostat
from qamctl.qubo.search.annealing.reads import reads
from qamctl.qubo.search.annealing.temperatures import Span, cooling, look, scale_of, span
from qamctl.qubo.search.base import Budget, Found


def steps(model: Couplings, count: int, seed: int = 1, **rest: object) -> Found:
    """A search with a step budget."""
    return anneal.search(model, budget=Budget(steps=count, **rest), seed=seed)  # type: ignore[arg-type]


def optimum(model: Couplings) -> float:
    """By enumeration."""
    states = (np.arange(2**model.n)[:, None] >> np.arange(model.n)) & 1
    return min(model.energy(state) for state in states)


@pytest.mark.parametrize("kind", ["maxcut", "small", "float"])
@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_small_models_are_solved(n: int, kind: str) -> None:
    """The best sample of a tiny model is an optimum, and energies are the model's."""
    for seed in range(3):
        model = random_model(n, seed, kind, 0.5)
        found = steps(model, 600)
        assert found.energies[0] == optimum(model)
        assert found.samples.shape[1] == n
        assert found.energies.tolist() == [model.energy(sample) for sample in found.samples]
        assert (np.diff(found.energies) >= 0).all()
        assert found.steps <= 600


def test_a_model_without_couplings_is_solved_by_its_fields() -> None:
    """Every variable takes the side of its linear term."""
    linear = np.array([3.0, -1.0, 0.0, -5.0, 2.0])
    none = np.zeros(0, int)
    found = steps(couplings(linear, none, none, np.zeros(0)), 200)
    assert found.energies[0] == -6.0
    assert steps(couplings(np.zeros(4), none, none, np.zeros(0)), 100).energies[0] == 0.0


@pytest.mark.parametrize("family", ["sparse", "grid", "dense"])
def test_equal_steps_and_seeds_give_equal_samples(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a step budget threads and the kernels' build change nothing, and the steps are those of the budget."""
    model = couplings(*FAMILIES[family](49, 1))
    one = steps(model, 3000)
    two = steps(model, 3000, threads=4)
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    three = steps(model, 3000)
    for other in (two, three):
        assert other.samples.tolist() == one.samples.tolist()
        assert other.energies.tolist() == one.energies.tolist()
        assert (other.steps, other.attempts, other.curve) == (one.steps, one.attempts, one.curve)
        assert other.info == one.info
    assert 2900 <= one.steps <= 3000
    assert one.attempts == one.steps * model.n
    assert steps(model, 3000, seed=2).info["heat"] != one.info["heat"] or family == "dense"


@needs_native
def test_the_ground_state_of_a_grid_is_found() -> None:
    """On a torus of 20 x 20 the answers of several seeds agree, which local search alone does not reach."""
    model = couplings(*grid(400, 5))
    energies = {steps(model, 60000, seed).energies[0] for seed in range(3)}
    assert len(energies) == 1


@needs_native
def test_tempering_takes_over_where_clusters_are_separate() -> None:
    """On a grid it leads; where two states differ in one cluster that spans the model it is not begun."""
    methods = [steps(couplings(*grid(900, 1)), 60000, seed).info["method"] for seed in range(4)]
    assert methods.count("tempering") >= 2
    assert steps(couplings(*regular(1000, 1)), 20000).info["method"] == "population"
    dense = steps(couplings(*FAMILIES["sherrington-kirkpatrick"](60, 1)), 2000)
    assert (dense.info["method"], dense.info["dense"]) == ("population", True)


@needs_native
def test_more_steps_give_better_answers() -> None:
    """A hundred times the sweeps lower the energy on every family that is hard for short anneals."""
    for family in (lambda: regular(2000, 3), lambda: assignment(1000, 3), lambda: sparse(3000, 3)):
        model = couplings(*family())
        assert steps(model, 20000).energies[0] < steps(model, 200).energies[0]


@needs_native
def test_long_anneals_beat_independent_reads_of_the_same_sweeps() -> None:
    """Populations, crossings and a look at the temperatures are worth their sweeps."""
    row, col = random_pairs(2000, 8000, np.random.default_rng(8))
    model = couplings(*maxcut(2000, row, col, np.ones(len(row))))
    plain = reads(model, reads=20, sweeps=1000, seed=3)
    assert steps(model, 20000, 3).energies[0] < plain.energies[0]


def test_the_answer_is_never_worse_than_the_start() -> None:
    """A warm start is kept, or improved, whatever the budget."""
    model = couplings(*regular(60, 2))
    best = steps(model, 4000)
    for count in (1, 30, 400):
        found = anneal.search(model, budget=Budget(steps=count), seed=3, initial=best.samples[0])
        assert found.energies[0] <= best.energies[0]


def test_a_target_ends_the_search() -> None:
    """As soon as a sample is as good as the target nothing more is done."""
    model = couplings(*sparse(200, 1))
    best = steps(model, 3000)
    found = anneal.search(model, budget=Budget(steps=10**7, target=float(best.energies[0])), seed=1)
    assert found.energies[0] <= best.energies[0]
    assert found.steps < 10**6


def test_stop_ends_the_search_with_the_best_so_far() -> None:
    """Told to stop at once there is still a sample; told later, what was found by then."""
    model = couplings(*sparse(100, 1))
    at_once = anneal.search(model, budget=Budget(seconds=60), seed=1, stop=lambda: True)
    assert at_once.samples.shape == (1, 100)
    reported: list[float] = []
    stopping = threading.Event()

    def told(sample: np.ndarray, energy: float) -> None:
        assert energy == model.energy(sample)
        reported.append(energy)
        if len(reported) > 1:
            stopping.set()

    found = anneal.search(model, budget=Budget(seconds=60), seed=1, stop=stopping.is_set, report=told)
    assert found.energies[0] == min(reported)
    assert [energy for _, energy in found.curve] == sorted(reported, reverse=True)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_deadline_ends_the_search(threads: int) -> None:
    """The search takes about its seconds, also on a model whose single anneal would take longer."""
    for n in (1, 40, 6000):
        model = couplings(*sparse(n, 1)) if n > 1 else random_model(1, 1, "small")
        begin = time.monotonic()
        found = anneal.search(model, budget=Budget(seconds=0.15, threads=threads), seed=1)
        assert 0.1 < time.monotonic() - begin < 5
        assert found.steps > 0 or n == 6000
        assert found.energies[0] == model.energy(found.samples[0])


@needs_native
def test_a_symmetric_model_keeps_its_symmetry_in_mind() -> None:
    """States that are each other's complement do not keep a population apart: the cut is found all the same."""
    n = 30
    row, col = np.arange(n), (np.arange(n) + 1) % n
    assert steps(couplings(*maxcut(n, row, col, np.ones(n))), 4000).energies[0] == -n


# ------------------------------------------------------------------------------------------ temperatures


def test_a_cooling_is_geometric_and_has_its_ends() -> None:
    """Each temperature is the same part of the one before; a single one is the cold end."""
    made = cooling(8.0, 1.0, 4)
    assert made.tolist() == pytest.approx([8.0, 4.0, 2.0, 1.0])
    assert cooling(8.0, 1.0, 1).tolist() == [1.0]
    assert cooling(8.0, 1.0, 0).tolist() == []


def test_the_span_is_read_off_the_climbs() -> None:
    """Hot ends lie where climbs fall below the levels, the cold end where thermal noise is gone."""
    trace = [(0.8**k, float(np.exp(-1 / 0.8**k)) / 2) for k in range(20)]
    found = span(trace)
    assert list(found.hot) == sorted(found.hot, reverse=True)
    assert found.usual in found.hot
    assert found.cold < min(found.hot) / 1.5
    assert found.hot[0] == pytest.approx(1 / np.log(0.5 / 0.15), rel=0.02)  # half of exp(-1 / t) is the level there
    assert found.usual == pytest.approx(1 / np.log(0.5 / 0.02), rel=0.02)
    assert span([]) == Span((1.0,), 1.0, 0.1)
    assert span([(1.0, 0.0)]).hot == (3.0,)


def test_the_look_follows_the_model_s_units() -> None:
    """A model in other units is annealed at temperatures in those units."""
    vectors = sparse(300, 4)
    spans = []
    for unit in (1.0, 1000.0):
        model = couplings(vectors[0] * unit, vectors[1], vectors[2], vectors[3] * unit)
        found = anneal.search(model, budget=Budget(steps=2000), seed=1)
        spans.append(np.array(found.info["heat"]))
    assert spans[1] / spans[0] == pytest.approx([1000.0, 1000.0], rel=0.7)


def test_the_look_ends_with_the_search() -> None:
    """Where the budget ends first, the temperatures seen so far decide."""
    shares = iter([0.4, 0.2, None])
    found = look(8.0, 20, lambda temperature, sweeps: next(shares), 1000)
    assert found.cold > 0
    assert look(8.0, 20, lambda temperature, sweeps: None, 1000) == Span((1.0,), 1.0, 0.1)
    assert look(8.0, 20, lambda temperature, sweeps: None, 9) == Span((0.3 * 8,), 0.3 * 8, 0.05 * 8)


def test_the_scale_is_that_of_the_strongest_variable() -> None:
    """Couplings decide; fields where there are none; 1 where there is nothing."""
    none = np.zeros(0, int)
    assert scale_of(couplings(np.array([7.0, 0.0]), np.array([0]), np.array([1]), np.array([6.0]))) == 3.0
    assert scale_of(couplings(np.array([7.0, -9.0]), none, none, np.zeros(0))) == 9.0
    assert scale_of(couplings(np.zeros(2), none, none, np.zeros(0))) == 1.0


def test_a_thermostat_moves_to_what_is_better() -> None:
    """It tries the neighbours of the best temperatures, and follows the one that comes out better."""
    thermostat = Thermostat(Heat(10.0, 1.0))
    first = thermostat.next()
    assert first == Heat(10.0, 1.0)
    thermostat.learn(first, -5.0)
    colder = thermostat.next()
    assert colder == Heat(7.0, 1.0)
    thermostat.learn(colder, -4.0)
    assert thermostat.best == first
    warmer = thermostat.next()
    assert warmer == Heat(10.0, 1.5)
    thermostat.learn(warmer, -6.0)
    assert thermostat.best == warmer
    for _ in range(4):
        thermostat.learn(thermostat.next(), 0.0)
    assert thermostat.next() == warmer
    thermostat.learn(warmer, -7.0)
    assert thermostat.next() != warmer


def test_levels_move_to_where_exchanges_are_refused() -> None:
    """Equal refusals leave the ladder; a gap that nothing crosses draws levels in; the ends stay."""
    ladder = np.geomspace(8.0, 1.0, 4)
    assert respaced(ladder, np.full(3, 0.4)) == pytest.approx(ladder)
    moved = respaced(ladder, np.array([0.0, 1.0, 0.0]))
    assert moved[[0, -1]] == pytest.approx([8.0, 1.0])
    assert ladder[1] > moved[1] > moved[2] > ladder[2]


def test_random_states_are_even_and_follow_the_seed() -> None:
    """About half of the bits are ones, and the same seed draws the same."""
    bits = random_bits(Random(3), 10001)
    assert bits.tolist() == random_bits(Random(3), 10001).tolist()
    assert abs(bits.mean() - 0.5) < 0.02
    assert random_bits(Random(1), 0).shape == (0,)
