"""Certificates: what floating point proves, and what it refuses to prove."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.binary_models import random_couplings, spin_glass

from qamctl.kernels.couplings import couplings
from qamctl.qubo.bounds import certificate
from qamctl.qubo.bounds.certificate import Matrix, certified
from qamctl.qubo.bounds.cuts import Cuts, from_triangles, joined, odd_walks, pentagons
from qamctl.qubo.bounds.relaxation import Relaxation
from qamctl.qubo.bounds.spins import Spins, spins_of


def never() -> bool:
    return False


def random_matrix(n: int, seed: int, diagonal: float) -> Matrix:
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(n, 1)
    kept = rng.random(len(low)) < 0.5
    low, high = low[kept], high[kept]
    return Matrix(n, low, high, rng.integers(-4, 5, len(low)).astype(float), np.full(n, diagonal))


def least_sum(matrix: Matrix) -> float:
    """The least sum of J s s over all spin states."""
    s = 1 - 2.0 * (np.arange(2**matrix.n)[:, None] >> np.arange(matrix.n) & 1)
    return float(((s[:, matrix.low] * s[:, matrix.high]) @ matrix.weight).min())


@pytest.mark.parametrize("way", ["halving", "guess", "sparse"])
def test_a_proof_is_below_every_state_whatever_the_dual_values(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good and bad dual values give weaker or stronger bounds, and never a wrong one."""
    if way != "halving":
        monkeypatch.setattr(certificate, "SMALL", 0)
    if way == "sparse":
        monkeypatch.setattr(certificate, "MAX_DENSE", 0)
    proved = 0
    for seed, diagonal in itertools.product(range(12), (0.01, 1.0, 5.0, 30.0)):
        matrix = random_matrix(10, seed, diagonal)
        found = certified(matrix, never)
        if found is not None:
            proved += 1
            assert found <= least_sum(matrix)
            full = matrix.dense(matrix.diagonal)
            shift = max(0.0, -np.linalg.eigvalsh(full)[0])
            assert found <= -10 * (diagonal + shift) / 2 + 1e-6
    assert proved >= 20


@pytest.mark.parametrize("way", ["halving", "sparse"])
def test_a_proof_costs_little_where_the_matrix_is_nearly_semidefinite(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the least eigenvalue at zero, next to nothing is added."""
    if way == "sparse":
        monkeypatch.setattr(certificate, "MAX_DENSE", 0)
        monkeypatch.setattr(certificate, "SMALL", 0)
    matrix = random_matrix(60, 3, 0.0)
    shift = -np.linalg.eigvalsh(matrix.dense(matrix.diagonal))[0]
    found = certified(Matrix(60, matrix.low, matrix.high, matrix.weight, np.full(60, shift)), never)
    assert found is not None
    assert found == pytest.approx(-60 * shift / 2, rel=1e-5)


def test_a_dense_factorisation_of_many_blocks_is_the_library_s() -> None:
    """Blocks of columns prove what one call would, and fail where it fails."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(700, 700))
    full = root @ root.T
    low, high = np.triu_indices(700, 1)
    matrix = Matrix(700, low, high, full[low, high], np.diag(full))
    assert certificate._dense_shortfall(matrix, matrix.diagonal + 1.0, never) is not None
    worst = float(np.linalg.eigvalsh(full)[0])
    assert certificate._dense_shortfall(matrix, matrix.diagonal - worst - 1e-3, never) is None
    assert certificate._dense_shortfall(matrix, matrix.diagonal + 1.0, lambda: True) is None


def test_a_sparse_factorisation_with_a_pivot_below_zero_proves_nothing() -> None:
    """An indefinite matrix and a singular one are refused."""
    matrix = random_matrix(12, 1, 0.5)
    assert certificate._sparse_shortfall(matrix, matrix.diagonal) is None
    singular = Matrix(2, np.array([0]), np.array([1]), np.array([1.0]), np.ones(2))
    assert certificate._sparse_shortfall(singular, np.ones(2)) is None or certified(singular, never) is not None


def test_nothing_is_proved_of_nonsense_or_too_late() -> None:
    """No dual values, values that are no numbers, and no time give no proof; no spins have the sum 0."""
    none = np.zeros(0, np.int64)
    assert certified(Matrix(0, none, none, np.zeros(0), np.zeros(0)), never) == 0.0
    assert certified(random_matrix(4, 1, 0.0), never) is None
    assert certified(random_matrix(4, 1, np.inf), never) is None
    assert certified(random_matrix(4, 1, 3.0), lambda: True) is None


def test_floats_cost_their_rounding() -> None:
    """The spin model of a float model is off by rounding, and says by how much at most."""
    for seed in range(200):
        model = random_couplings(seed, 8, 1)
        spins = spins_of(model)
        assert (spins.slack > 0) == (not model.exact)
        for state in itertools.product((0, 1), repeat=model.n):
            s = np.array([*(2 * x - 1 for x in state), 1] if spins.has_field else [2 * x - 1 for x in state])
            value = spins.constant + float((spins.weight * s[spins.low] * s[spins.high]).sum())
            truth = (model.energy(np.array(state)) - model.offset) * model.scale
            size = abs(spins.constant) + float(np.abs(spins.weight).sum()) + abs(model.offset) * model.scale
            assert value == pytest.approx(truth, abs=spins.slack + 1e-14 * (1 + size))


def holds(cuts: Cuts, n: int) -> bool:
    """Whether all inequalities hold in every spin state."""
    s = 1 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    if len(cuts) == 0:
        return True
    terms = s[:, cuts.key // n] * s[:, cuts.key % n] * cuts.sign
    return bool((np.add.reduceat(terms, cuts.start[:-1], axis=1) >= cuts.least - 1e-9).all())


def settled(n: int, seed: int) -> tuple[Spins, Relaxation]:
    rng = np.random.default_rng(seed)
    low, high = np.triu_indices(n, 1)
    kept = rng.random(len(low)) < 0.6
    low, high = low[kept], high[kept]
    spins = spins_of(spin_glass(n, low, high, rng.choice([-1.0, 1.0], len(low))))
    found = Relaxation(spins, seed)
    found.run(100, 1e9)
    return spins, found


@pytest.mark.parametrize("seed", range(6))
def test_every_inequality_holds_in_every_state(seed: int) -> None:
    """Triangles, pentagons and odd walks are violated by the vectors, and by no state."""
    n = 9
    spins, found = settled(n, seed)
    rows = found.descent.triangles(0.01, 100)
    triangles = from_triangles(rows, n)
    five = pentagons(found.descent.gram(), rows[:, :6], 0.001, 50)
    product = found.descent.products()[found.entry]
    walks = odd_walks(n, spins.low, spins.high, product, 0.01, 50, 0, n)
    x = found.descent.gram()
    for cuts in (triangles, five, walks):
        assert holds(cuts, n)
        if len(cuts):
            sums = np.add.reduceat(cuts.sign * x[cuts.key // n, cuts.key % n], cuts.start[:-1])
            assert (sums < cuts.least).all()
    assert len(triangles) + len(walks) > 0
    assert len(joined(triangles, triangles)) == len(triangles)
    assert len(joined(triangles, five)) == len(triangles) + len(five)


def test_pentagons_and_walks_are_found() -> None:
    """Each kind of inequality is met in some of the models above."""
    fives = walks = 0
    for seed in range(12):
        spins, found = settled(11, seed)
        rows = found.descent.triangles(-0.3, 300)
        fives += len(pentagons(found.descent.gram(), rows[:, :6], 0.001, 50))
        product = found.descent.products()[found.entry]
        walks += len(odd_walks(11, spins.low, spins.high, product, 0.01, 50, 0, 4))
    assert fives > 0
    assert walks > 0


def test_steps_improve_the_bound_and_idle_cuts_are_dropped() -> None:
    """Moves along violations raise the estimate; what has no multiplier any more goes at the next round."""
    _, found = settled(20, 1)
    before = found.estimate()
    assert found.step(0.1) == 0.0
    for turn in range(8):
        found.separate(0.01, 50, turn)
        for _ in range(20):
            found.step(0.1)
            found.run(5, 1e9)
    assert found.estimate() > before
    assert found.pairwise() <= found.estimate() + 1e-6
    found.multiplier[:] = 0
    found.separate(10.0, 50, 0)
    assert len(found.cuts) == 0


def test_large_models_are_cut_by_walks_alone() -> None:
    """Above the size for triangles, walks along couplings are enough to raise the bound."""
    _, found = settled(20, 2)
    before = found.certified(never)
    for turn in range(10):
        found.separate(0.01, 60, turn, largest=5)
        for _ in range(20):
            found.step(0.1)
            found.run(5, 1e9)
    found.run(100, 1e9)
    after = found.certified(never)
    assert before is not None
    assert after is not None
    assert after > before
    assert len(found.pairs) == len(found.spins.low)


def test_models_of_one_coupling_have_a_relaxation() -> None:
    """Two spins: the bound is the coupling."""
    spins = spins_of(couplings([1.0, 0.0], [0], [1], [-2.0]))
    found = Relaxation(spins, 0)
    found.run(20, 1e9)
    assert found.certified(never) == pytest.approx(-1.0)
