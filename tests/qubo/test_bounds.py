"""Lower bounds: never above the optimum, repeatable, on time, and close where they should be."""

from __future__ import annotations

import time

import numpy as np
import pytest
from support.binary_models import least, random_couplings, spin_glass, strip, tolerance
from support.families import FAMILIES

from qamctl.kernels import extension
from qamctl.kernels.couplings import Couplings, couplings
from qamctl.qubo.bounds import lower_bound
from qamctl.qubo.bounds.ascent import ascend, can_prove, widest_front
from qamctl.qubo.bounds.effort import Effort
from qamctl.qubo.bounds.lattice import rounded_up, spacing
from qamctl.qubo.bounds.packing import packed_bound
from qamctl.qubo.bounds.simple import simple_bound
from qamctl.qubo.bounds.spins import spins_of
from qamctl.qubo.presolve.roof import roof_dual


def never() -> bool:
    return False


@pytest.mark.parametrize("block", range(20))
def test_no_method_is_above_the_optimum_of_two_thousand_models(block: int) -> None:
    """Each method alone, and all of them together, stay at or below the least of all states."""
    for seed in range(100 * block, 100 * block + 100):
        model = random_couplings(seed, 14, 1)
        optimum = least(model)
        whole = lower_bound(model, steps=12)
        assert whole.value <= optimum
        assert whole.sample is not None
        assert model.energy(whole.sample) == pytest.approx(optimum, abs=tolerance(model))
        scaled = [simple_bound(model), packed_bound(spins_of(model), never)]
        if model.pairs and seed % 3 == 0:
            scaled.append(ascend(model, Effort(None, 20 + seed % 200, never), lambda _: False, seed).value)
        for value in scaled:
            assert model.offset + value / model.scale <= optimum
        assert roof_dual(model).bound <= optimum


def torus(side: int, seed: int) -> Couplings:
    return couplings(*FAMILIES["grid"](side * side, seed))


def test_spin_glasses_on_a_torus_are_bounded_closely_by_cuts() -> None:
    """Closed walks and triangles bring the bound within three percent of the optimum; without them it is ten."""
    model = torus(11, 4)
    solved = lower_bound(model, steps=1)
    assert solved.method == "tree decomposition"
    assert solved.sample is not None
    assert solved.value == model.energy(solved.sample)
    plain = ascend(model, Effort(None, 100, never), lambda _: True, 0)
    cut = ascend(model, Effort(None, 2000, never), lambda _: False, 0)
    assert plain.method == "semidefinite"
    assert cut.method == "semidefinite with cuts"
    assert plain.value < cut.value <= solved.value
    assert cut.value >= 1.03 * solved.value
    assert cut.figures["cuts"] > 0


def test_dense_models_are_bounded_by_the_relaxation() -> None:
    """On a dense model of 60 variables the bound comes within a few percent of what a search finds."""
    model = couplings(*FAMILIES["dense"](60, 2))
    found = lower_bound(model, steps=2000)
    x = np.zeros(60, np.uint8)
    best = 0.0
    for seed in range(60):
        x = np.random.default_rng(seed).integers(0, 2, 60).astype(np.uint8)
        while True:
            field = model.fields(x)
            gain = np.where(x == 1, -field, field)
            if gain.min() >= 0:
                break
            x[int(np.argmin(gain))] ^= 1
        best = min(best, model.energy(x))
    assert found.method == "semidefinite with cuts"
    assert 1.06 * best <= found.value <= best


def test_work_ends_when_the_bound_meets_a_known_energy() -> None:
    """With the optimum as upper value less is done than without, and the bound is that energy."""
    model = couplings(*FAMILIES["sparse"](400, 3))
    whole = lower_bound(model, steps=400)
    short = lower_bound(model, steps=400, upper=whole.value - 5)
    assert short.value >= whole.value - 5
    assert short.info["sweeps"] < whole.info["sweeps"]


def test_equal_steps_give_equal_bounds_with_and_without_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps decide the result to the last bit, whatever the kernels are built from; another seed may differ."""
    model = torus(18, 2)
    rng = np.random.default_rng(1)
    row, col = np.triu_indices(40, 1)
    dense = couplings(rng.normal(size=40), row, col, rng.normal(size=len(row)))
    for case in (model, dense):
        one = lower_bound(case, steps=30, seed=3)
        assert lower_bound(case, steps=30, seed=3).value == one.value
        if extension("mixing") is not None:
            with monkeypatch.context() as patch:
                patch.setenv("QAMCTL_KERNELS", "reference")
                assert lower_bound(case, steps=30, seed=3).value == one.value


@pytest.mark.parametrize("family", ["sparse", "dense", "3-regular", "grid", "assignment"])
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.4])
def test_any_time_gives_a_bound(family: str, seconds: float) -> None:
    """However short the time, there is a finite bound, and more time makes it no worse than the simplest."""
    model = couplings(*FAMILIES[family](400, 1))
    found = lower_bound(model, seconds=seconds, clock=time.process_time)
    x = np.random.default_rng(1).integers(0, 2, model.n).astype(np.uint8)
    assert np.isfinite(found.value)
    assert found.value <= model.energy(x)
    assert found.value >= model.offset + simple_bound(model) / model.scale - tolerance(model)
    assert lower_bound(model, stop=lambda: True).value <= model.energy(x)


def test_large_sparse_models_are_bounded_by_packed_walks() -> None:
    """Where no factorisation fits the time, frustrated walks raise the bound over that of single couplings."""
    model = torus(40, 1)
    spins = spins_of(model)
    assert not can_prove(spins, Effort(0.001, None, never, lambda: 0.0))
    found = ascend(model, Effort(0.001, None, never, lambda: 0.0), lambda _: False, 0)
    assert found.method == "packed walks"
    exact = lower_bound(model, steps=200)
    assert simple_bound(model) < found.value <= exact.value * 0.9
    assert packed_bound(spins, lambda: True) == pytest.approx(spins.constant - np.abs(spins.weight).sum())


def test_the_front_of_a_model_is_its_width() -> None:
    """A strip has a front of about its width, a complete graph one of nearly all."""
    assert widest_front(spins_of(strip(5, 80, 1))) <= 6
    row, col = np.triu_indices(30, 1)
    assert widest_front(spins_of(spin_glass(30, row, col, np.ones(len(row))))) == 29


def test_bounds_are_rounded_up_on_the_lattice_of_energies() -> None:
    """Energies are multiples of the greatest common divisor, and a bound may be the next of them."""
    assert spacing(couplings([4.0, -6.0], [0], [1], [10.0])) == 2
    assert spacing(couplings([0.4, -0.6], [0], [1], [1.0])) == 2
    assert spacing(couplings([np.pi], [], [], [])) == 0
    assert spacing(couplings([0.0], [], [], [])) == 0
    assert rounded_up(-7.1, 2) == -6
    assert rounded_up(-8.0, 2) == -8
    assert rounded_up(-7.1, 0) == -7.1
    assert rounded_up(-np.inf, 3) == -np.inf


def test_parts_are_bounded_apart() -> None:
    """Two wide parts that have nothing to do with each other have the sum of their bounds."""
    one, two = couplings(*FAMILIES["dense"](40, 1)), couplings(*FAMILIES["dense"](45, 2))
    row = np.repeat(np.arange(40), np.diff(one.first))
    first = row < one.other
    row2 = np.repeat(np.arange(45), np.diff(two.first))
    second = row2 < two.other
    both = couplings(
        np.concatenate([one.linear, two.linear]),
        np.concatenate([row[first], row2[second] + 40]),
        np.concatenate([one.other[first], two.other[second] + 40]),
        np.concatenate([one.weight[first], two.weight[second]]),
        5.5,
    )
    found = lower_bound(both, steps=200)
    assert found.info["parts"] == 2
    apart = lower_bound(one, steps=200).value + lower_bound(two, steps=200).value
    assert found.value == pytest.approx(5.5 + apart, rel=0.02)


def test_an_effort_counts_seconds_or_sweeps() -> None:
    """Exactly one of both is set; shares are of what is left; nothing is left of nothing."""
    with pytest.raises(ValueError, match="exactly one"):
        Effort(1.0, 1, never)
    now = [0.0]
    effort = Effort(10.0, None, never, lambda: now[0])
    now[0] = 4.0
    assert effort.used() == 0.4
    assert effort.share(0.5) == 3.0
    assert effort.part(0.5).seconds == 3.0
    assert not effort.over()
    now[0] = 11.0
    assert effort.over()
    assert effort.left() == 0.0
    counted = Effort(None, 10, never)
    counted.use(4)
    assert counted.used() == 0.4
    assert counted.share(0.5) is None
    assert counted.part(0.5).steps == 3
    assert Effort(0.0, None, never).over()
    assert Effort(None, 0, never).over()
    assert Effort(None, 5, lambda: True).over()
