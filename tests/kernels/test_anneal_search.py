"""What the annealing kernels promise, with either of them."""

from __future__ import annotations

import itertools
import math
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.anneal_kernels import (
    KERNELS,
    KINDS,
    anneal_kernel,
    ladder_state,
    needs_native,
    random_model,
    state,
    temperatures_of,
    tempering_kernel,
)
from support.families import grid

from qamctl.kernels.anneal import annealer, tempering
from qamctl.kernels.anneal.arrange import BLOCK, arrange, pack, thresholds
from qamctl.kernels.anneal.reference import Annealer as ReferenceAnnealer
from qamctl.kernels.anneal.reference import Random
from qamctl.kernels.anneal.replicas import Tempering as ReferenceTempering
from qamctl.kernels.couplings import couplings

both = pytest.mark.parametrize("which", KERNELS)


@both
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dense", [True, False])
def test_energies_are_those_of_the_model(which: str, kind: str, dense: bool) -> None:
    """The current and the best energy are the model's, without offset and in the kernels' units."""
    model = random_model(90, 4, kind)
    arranged = arrange(model, dense)
    kernel = anneal_kernel(which, arranged, 1)
    kernel.start(arranged.spread(np.random.default_rng(1).integers(0, 2, 90)))
    kernel.plan(temperatures_of(model, 30))
    kernel.run(20, 1e9)
    for sample, energy in ((kernel.sample, kernel.energy), (kernel.best, kernel.best_energy)):
        exact = model.energy(arranged.gather(sample))
        assert energy / model.scale + model.offset == pytest.approx(exact, rel=1e-12, abs=1e-9)
    assert kernel.best_energy <= kernel.energy


@both
def test_one_temperature_samples_the_boltzmann_distribution(which: str) -> None:
    """On four variables the share of each state is its Boltzmann weight, within five standard deviations or so."""
    linear, row, col = np.array([1.0, -2.0, 0.0, 1.0]), np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])
    model = couplings(linear, row, col, np.array([2.0, -1.0, 1.0, -2.0]))
    arranged, temperature, sweeps = arrange(model, dense=False), 1.3, 30000
    kernel = anneal_kernel(which, arranged, 17)
    kernel.plan(np.full(sweeps, temperature))
    counts = np.zeros(16)
    for _ in range(sweeps):
        kernel.run(1, 1e9)
        counts[int(arranged.gather(kernel.sample) @ [8, 4, 2, 1])] += 1
    states = np.array(list(itertools.product([0, 1], repeat=4)))
    weight = np.exp(-np.array([model.energy(s) for s in states]) / temperature)
    expected = weight / weight.sum()
    # States that follow each other are alike: their counts vary about thrice as much as independent ones would.
    assert np.abs(counts / sweeps - expected).max() < 15 * math.sqrt(0.25 / sweeps) / 2
    assert 0.5 * np.abs(counts / sweeps - expected).sum() < 0.02


@both
def test_tempering_samples_the_boltzmann_distribution_at_each_level(which: str) -> None:
    """Exchanges and cluster moves leave the mean energy of each level where the distribution has it."""
    model = random_model(6, 2, "maxcut", 0.4)
    arranged, ladder = arrange(model, dense=False), np.array([4.0, 2.0, 1.0])
    kernel = tempering_kernel(which, arranged, ladder, 4)
    rounds, sums = 6000, np.zeros(6)
    for _ in range(rounds):
        kernel.run(1, 1e9)
        sums += kernel.energies
    states = list(itertools.product([0, 1], repeat=6))
    energies = np.array([model.energy(np.array(s)) - model.offset for s in states]) * model.scale
    for level, temperature in enumerate(ladder):
        weight = np.exp(-energies / temperature)
        expected = (weight * energies).sum() / weight.sum()
        spread = math.sqrt((weight * (energies - expected) ** 2).sum() / weight.sum())
        assert sums[2 * level : 2 * level + 2].mean() / rounds == pytest.approx(expected, abs=0.15 * spread + 0.02)


@both
@pytest.mark.parametrize("dense", [True, False])
def test_slices_do_not_change_the_path(which: str, dense: bool) -> None:
    """The same sweeps in slices, also of no time, end in the same state."""
    model = random_model(200, 4, "small", 0.1)
    arranged = arrange(model, dense)
    whole, sliced = anneal_kernel(which, arranged, 1), anneal_kernel(which, arranged, 1)
    for kernel in (whole, sliced):
        kernel.plan(temperatures_of(model, 20))
    whole.run(20, 1e9)
    while sliced.left:
        sliced.run(3, 0.0)
    assert state(whole) == state(sliced)


@both
def test_a_slice_of_tempering_may_end_within_a_round(which: str) -> None:
    """Rounds that are cut short carry on where they were."""
    model = random_model(400, 4, "maxcut", 0.01)
    arranged, ladder = arrange(model), np.array([3.0, 1.5, 0.7])
    whole, sliced = tempering_kernel(which, arranged, ladder, 1), tempering_kernel(which, arranged, ladder, 1)
    whole.run(3, 1e9)
    done = calls = 0
    while done < 3:
        done += sliced.run(3 - done, 0.0)
        calls += 1
    assert calls > 3
    assert ladder_state(whole) == ladder_state(sliced)


@both
def test_a_large_sweep_is_cut_short_and_carried_on(which: str) -> None:
    """One sweep over many blocks ends at the deadline and goes on with the next slice."""
    n = 30000
    model = couplings(np.zeros(n), np.arange(n - 1), np.arange(1, n), np.ones(n - 1))
    kernel = anneal_kernel(which, arrange(model), 1)
    kernel.plan(np.array([1.0]))
    calls = 0
    while kernel.left:
        kernel.run(1, 0.0)
        calls += 1
    assert calls > 2


@both
def test_descent_ends_in_a_local_minimum(which: str) -> None:
    """After a descent no flip lowers the energy, also where sums are rounded."""
    for kind in ("small", "float"):
        model = random_model(120, 5, kind)
        arranged = arrange(model)
        kernel = anneal_kernel(which, arranged, 1)
        kernel.start(arranged.spread(np.random.default_rng(2).integers(0, 2, 120)))
        kernel.descend()
        x = arranged.gather(kernel.sample).astype(int)
        assert (model.fields(x) * (1 - 2 * x) >= -1e-9).all()
        assert kernel.best_energy == kernel.energy


@both
@pytest.mark.parametrize("kind", ["maxcut", "small"])
def test_a_crossing_takes_what_is_better_of_each_cluster(which: str, kind: str) -> None:
    """The child is no worse than the first parent, and no whole cluster of the second would lower it further."""
    model, rng = random_model(150, 6, kind, 0.008), np.random.default_rng(3)
    arranged = arrange(model)
    first, second = (arranged.spread(rng.integers(0, 2, 150)) for _ in range(2))
    kernel = anneal_kernel(which, arranged, 1)
    kernel.start(first)
    before = kernel.energy
    differing, clusters, largest, taken = kernel.cross(second)
    assert clusters > 3
    assert 0 < taken < clusters
    assert largest <= differing <= (75 if kind == "maxcut" else 150)
    assert kernel.energy < before
    after = kernel.energy
    again = kernel.cross(second)
    assert kernel.energy == after
    assert again[0] <= differing


@both
def test_clusters_leave_the_sum_of_energies(which: str) -> None:
    """At a temperature near zero nothing but clusters moves once all is settled, and the sum of energies stays."""
    model = couplings(*grid(100, 3))
    arranged = arrange(model)
    kernel = tempering_kernel(which, arranged, np.array([1e-9]), 5)
    rng = np.random.default_rng(4)
    for replica in (0, 1):
        settle = anneal_kernel(which, arranged, replica)
        settle.start(arranged.spread(rng.integers(0, 2, 100)))
        settle.plan(temperatures_of(model, 30))
        settle.run(30, 1e9)
        settle.descend()
        kernel.start(replica, settle.best)
    before = kernel.energies.sum()
    kernel.run(30, 1e9)
    assert kernel.clusters > 0
    assert kernel.energies.sum() <= before  # sweeps may go down from where clusters led
    for replica, energy in enumerate(kernel.energies):
        x = arranged.gather(kernel.sample(replica))
        assert energy / model.scale + model.offset == model.energy(x)


@both
def test_wrong_arguments_are_refused(which: str) -> None:
    """Samples of another length, replicas that are not there, ladders without or of other levels."""
    arranged = arrange(random_model(40, 1, "small"))
    kernel, ladder = anneal_kernel(which, arranged, 1), tempering_kernel(which, arranged, np.array([2.0, 1.0]), 1)
    wrong = np.zeros(arranged.slots + 1, np.uint8)
    for call in (kernel.start, kernel.cross, lambda x: ladder.start(0, x)):
        with pytest.raises(ValueError, match="wrong size"):
            call(wrong)
    with pytest.raises(ValueError, match="no such replica"):
        ladder.start(4, wrong[:-1])
    with pytest.raises(ValueError, match="no such replica"):
        ladder.sample(-1)
    with pytest.raises(ValueError, match="keeps its length"):
        ladder.heat(np.array([1.0]))
    with pytest.raises(ValueError, match="needs a temperature"):
        tempering_kernel(which, arranged, np.zeros(0), 1)


@needs_native
def test_wrong_arrays_are_refused_by_name() -> None:
    """The C++ kernel names the field whose array has the wrong type or size."""
    arranged = arrange(random_model(40, 1, "small"))
    for broken in (
        replace(arranged, open=arranged.open.astype(np.int64)),  # type: ignore[arg-type]
        replace(arranged, open=arranged.open[:-1]),
        replace(arranged, threshold=arranged.threshold[:-1]),
        replace(arranged, model=random_model(99, 1, "small")),
    ):
        with pytest.raises(ValueError, match=r"Arranged\.(open|threshold|model) has the wrong"):
            anneal_kernel("native", broken, 1)


@both
def test_two_threads_can_not_run_one_kernel(which: str) -> None:
    """The second caller is refused, and the kernel stays usable."""
    arranged = arrange(random_model(300, 3, "small"))
    kernel = anneal_kernel(which, arranged, 1)
    kernel.plan(np.full(10**7, 10.0))
    begun = threading.Event()

    def work() -> None:
        begun.set()
        kernel.run(10**9, 0.4)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    refused = ""
    while thread.is_alive() and not refused:
        try:
            kernel.run(1, 0.0)
        except RuntimeError as error:
            refused = str(error)
        time.sleep(0.001)
    thread.join()
    assert "already running" in refused
    assert kernel.run(1, 1e9) == 1


def test_without_the_extension_the_reference_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference gives the reference's kernels and slots, which are the same."""
    model = random_model(60, 1, "small")
    slot = arrange(model, False).slot.tolist()
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    arranged = arrange(model, False)
    assert arranged.slot.tolist() == slot
    assert isinstance(annealer(arranged, -1), ReferenceAnnealer)
    assert isinstance(tempering(arranged, np.ones(2), -1), ReferenceTempering)


@needs_native
def test_the_built_kernels_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extension was built it is used."""
    monkeypatch.delenv("QAMCTL_KERNELS", raising=False)
    arranged = arrange(random_model(10, 1, "small"))
    assert not isinstance(annealer(arranged, -1), ReferenceAnnealer)
    assert not isinstance(tempering(arranged, np.ones(2), -1), ReferenceTempering)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 10**6), st.floats(0, 0.5))
def test_slots_are_a_place_for_every_variable(n: int, seed: int, density: float) -> None:
    """Each variable has a slot of its own, samples survive the way there and back, and so does the model."""
    model = random_model(n, seed, "small", density)
    arranged = arrange(model, dense=False)
    assert len(set(arranged.slot.tolist())) == n
    held = (arranged.open[:, None] >> np.arange(BLOCK, dtype=np.uint32)) & 1
    assert np.flatnonzero(held.ravel()).tolist() == sorted(arranged.slot.tolist())
    sample = np.random.default_rng(seed).integers(0, 2, n)
    placed = arranged.spread(sample)
    assert arranged.gather(placed).tolist() == sample.tolist()
    assert arranged.model.energy(placed) == model.energy(sample)
    assert arranged.slots <= 2 * n + BLOCK


def test_packed_blocks_have_no_couplings_inside_where_the_graph_allows_it() -> None:
    """On a grid every block is free of couplings, and none stays half empty."""
    model = couplings(*grid(2500, 1))
    slot = pack(model.first, model.other, np.argsort(-np.diff(model.first), kind="stable"))
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    assert (slot[row] // BLOCK != slot[model.other] // BLOCK).all()
    assert slot.max() < 1.02 * 2500 + BLOCK


def test_symmetry_is_told_from_the_coefficients() -> None:
    """MaxCut has it, also in floating point; a single field takes it away."""
    for kind in ("maxcut", "float maxcut"):
        model = random_model(30, 1, kind)
        assert arrange(model).symmetric
        linear = model.linear.copy()
        linear[3] += 1
        assert not arrange(replace(model, linear=linear)).symmetric
    assert not arrange(random_model(30, 1, "small")).symmetric


def test_full_rows_are_for_dense_models() -> None:
    """The share of pairs that are coupled decides how rows are kept; half of all is dense, a twentieth is not."""
    assert arrange(random_model(80, 1, "small", 0.5)).dense
    assert not arrange(random_model(80, 1, "small", 0.05)).dense
    assert not arrange(random_model(1, 1, "small")).dense


def test_thresholds_are_exponential_and_shuffled() -> None:
    """The table has the mean and the tail of -log(u), its neighbours are unrelated, its end repeats its front."""
    table = thresholds()
    assert table[:BLOCK].tolist() == table[-BLOCK:].tolist()
    body = table[:-BLOCK].astype(float)
    assert len(body) == 2**14
    assert body.mean() == pytest.approx(1.0, abs=1e-3)
    assert (body > 3).mean() == pytest.approx(math.exp(-3), abs=1e-4)
    assert abs(np.corrcoef(body[1:], body[:-1])[0, 1]) < 0.03


def test_the_random_numbers_are_splitmix64() -> None:
    """The first numbers from seed 0 are the published ones; integers stay below their bound."""
    random = Random(0)
    assert [random.draw() for _ in range(2)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert {random.below(3) for _ in range(100)} == {0, 1, 2}
