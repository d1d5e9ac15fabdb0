"""Independent reads: numbers, starts, temperatures, limits, and that each depends on the seed alone."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from support.anneal_kernels import random_model
from support.families import sparse

from qamctl.kernels.couplings import couplings
from qamctl.qubo.search.anneal import reads


def test_every_read_is_counted() -> None:
    """Occurrences add up to the reads, samples are distinct and sorted, energies are the model's."""
    model = random_model(12, 1, "small")
    found = reads(model, reads=50, sweeps=30, seed=1)
    assert found.occurrences.sum() == 50
    assert len(np.unique(found.samples, axis=0)) == len(found.samples)
    assert found.energies.tolist() == sorted(model.energy(sample) for sample in found.samples)
    assert found.info["reads"] == 50
    assert found.info["sweeps"] == 30
    assert found.info["beta_range"][0] < found.info["beta_range"][1]


def test_reads_depend_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads and kernels change nothing; another seed does."""
    model = random_model(60, 2, "maxcut", 0.1)
    one, two = (reads(model, reads=9, sweeps=20, seed=4, threads=t) for t in (1, 3))
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    three = reads(model, reads=9, sweeps=20, seed=4)
    for other in (two, three):
        assert (other.samples.tolist(), other.occurrences.tolist()) == (one.samples.tolist(), one.occurrences.tolist())
        assert (other.steps, other.info) == (one.steps, one.info)
    assert one.steps == 9 * 20
    assert reads(model, reads=9, sweeps=20, seed=5).samples.tolist() != one.samples.tolist()


def test_reads_of_the_default_temperatures_end_in_local_minima() -> None:
    """No flip improves any of the samples."""
    model = random_model(50, 3, "float")
    for x in reads(model, reads=5, sweeps=3, seed=1).samples.astype(int):
        assert (model.fields(x) * (1 - 2 * x) >= -1e-9).all()


def test_given_temperatures_sample_their_distribution() -> None:
    """At a constant inverse temperature the shares of states are their Boltzmann weights: nothing is cooled after."""
    model = couplings(np.array([1.0, -1.0, 0.5]), np.array([0, 1]), np.array([1, 2]), np.array([1.0, -2.0]))
    found = reads(model, reads=4000, sweeps=12, betas=np.full(12, 0.8), seed=2)
    states = np.array(list(itertools.product([0, 1], repeat=3)))
    weight = np.exp(-0.8 * np.array([model.energy(s) for s in states]))
    counts = dict(zip(map(tuple, found.samples.tolist()), found.occurrences.tolist(), strict=True))
    shares = np.array([counts.get(tuple(s), 0) for s in states.tolist()]) / 4000
    assert np.abs(shares - weight / weight.sum()).max() < 0.03
    assert found.info["beta_range"] == pytest.approx((0.8, 0.8))


def test_reads_start_where_they_are_told() -> None:
    """Without sweeps the starts come back: one a read in turn, or every other read from a single one."""
    model = random_model(8, 1, "small")
    starts = np.random.default_rng(1).integers(0, 2, (3, 8)).astype(np.uint8)
    found = reads(model, reads=6, sweeps=0, betas=np.zeros(0), seed=1, initial=starts)
    assert {tuple(s) for s in found.samples.tolist()} == {tuple(s) for s in starts.tolist()}
    assert found.occurrences.sum() == 6
    single = reads(model, reads=6, sweeps=0, seed=1, initial=starts[0])
    assert tuple(starts[0]) in {tuple(s) for s in single.samples.tolist()}
    assert single.occurrences.max() >= 3


@pytest.mark.parametrize("threads", [1, 3])
def test_each_read_is_told_with_its_number(threads: int) -> None:
    """Every number once, with the sample that begins at its start; what is found stays distinct and sorted."""
    model = random_model(8, 1, "small")
    starts = np.random.default_rng(1).integers(0, 2, (3, 8)).astype(np.uint8)
    told: dict[int, np.ndarray] = {}
    options = {"reads": 7, "sweeps": 0, "betas": np.zeros(0), "seed": 1, "threads": threads}
    found = reads(model, initial=starts, taken=told.__setitem__, **options)
    assert sorted(told) == list(range(7))
    assert all(np.array_equal(told[k], starts[k % 3]) for k in told)
    assert len(found.samples) == len(np.unique(starts, axis=0))
    minima: dict[int, np.ndarray] = {}
    found = reads(model, reads=30, sweeps=20, seed=2, threads=threads, taken=minima.__setitem__)
    assert {tuple(s) for s in minima.values()} == {tuple(s) for s in found.samples.tolist()}


def test_a_target_is_met_by_a_read() -> None:
    """All zeros have the target energy, but are no read: the search goes on until a read has it."""
    ring = couplings(np.full(60, 4.0), np.arange(60), (np.arange(60) + 1) % 60, np.full(60, -4.0), -60.0)
    for threads in (1, 2):
        found = reads(ring, reads=200, sweeps=30, seed=1, target=-52.0, threads=threads)
        assert found.energies[0] <= -52.0


def test_infinite_temperature_accepts_everything() -> None:
    """An inverse temperature of zero is allowed: every flip is taken."""
    model = random_model(10, 1, "small")
    start = np.zeros((1, 10), np.uint8)
    found = reads(model, reads=1, sweeps=1, betas=np.zeros(1), seed=1, initial=start)
    assert found.samples.tolist() == [[1] * 10]


@pytest.mark.parametrize("threads", [1, 2])
def test_as_many_reads_as_fit_are_taken(threads: int) -> None:
    """With seconds in place of a number the reads fill the time; a read that is cut short is no sample."""
    model = couplings(*sparse(20, 1))
    begin = time.monotonic()
    found = reads(model, reads=None, sweeps=50, seed=1, seconds=0.2, threads=threads)
    assert 0.15 < time.monotonic() - begin < 5
    assert found.occurrences.sum() >= 2
    assert reads(model, reads=10**6, sweeps=50, seed=1, seconds=0.1).occurrences.sum() < 10**6


def test_there_is_a_sample_after_no_time_at_all() -> None:
    """Stopped before anything is done, a local minimum still comes back."""
    model = couplings(*sparse(300, 1))
    for limits in ({"stop": lambda: True, "reads": 5}, {"seconds": 0.0, "reads": None}):
        found = reads(model, sweeps=10**6, seed=1, **limits)  # type: ignore[arg-type]
        assert found.samples.shape[1] == 300
        assert found.energies[0] < 0


def test_a_target_ends_the_reads() -> None:
    """No more reads are taken once one is good enough."""
    model = random_model(12, 1, "small")
    best = reads(model, reads=50, sweeps=100, seed=1).energies[0]
    found = reads(model, reads=10**6, sweeps=100, seed=1, target=float(best))
    assert found.energies[0] <= best
    assert found.occurrences.sum() < 10**6


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_models_are_read(n: int) -> None:
    """An empty model has its one empty sample."""
    model = random_model(n, 1, "small")
    found = reads(model, reads=4, sweeps=10, seed=1)
    assert found.samples.shape == (len(found.samples), n)
    assert found.energies[0] == min(model.energy(s) for s in found.samples)


def test_contradictions_are_refused() -> None:
    """There must be a number or a time, and an inverse temperature for each sweep."""
    model = random_model(5, 1, "small")
    with pytest.raises(ValueError, match="reads or seconds"):
        reads(model, reads=None, sweeps=10, seed=1)
    with pytest.raises(ValueError, match="10 sweeps need as many"):
        reads(model, reads=1, sweeps=10, betas=np.ones(9), seed=1)
