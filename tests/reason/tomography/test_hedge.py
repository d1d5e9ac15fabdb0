"""The two steps of a hedged climb, against a general optimiser and against states found at random."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.hedge import hedged_nearest, highest_mean
from qamctl.reason.tomography.linear import nearest_state


def hermitian(seed: int, many: int = 1, d: int = 4) -> Complex:
    """[many, d, d] Hermitian matrices."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(many, d, d)) + 1j * rng.normal(size=(many, d, d))
    return half + half.conj().swapaxes(1, 2)


def optimised(matrix: Complex, far: float, weight: float) -> Floats:
    """Ascending eigenvalues of the state with the least far * |state - matrix|^2 / 2 - weight log det.

    Where far is 0, with the highest mean of the matrix + weight log det. The state has the matrix's eigenvectors; its
    eigenvalues are a softmax of what is optimised freely.
    """
    values = np.linalg.eigvalsh(matrix)

    def loss(x: Floats) -> float:
        p = np.exp(x - x.max())
        p /= p.sum()
        cost = far * ((p - values) ** 2).sum() / 2 if far else -(p @ values)
        return float(cost - weight * np.log(p).sum())

    found = minimize(loss, values, method="BFGS", options={"gtol": 1e-10}).x
    p = np.exp(found - found.max())
    return np.asarray(p / p.sum())


@pytest.mark.parametrize("weight", [1e-3, 0.1, 2.0])
def test_the_nearest_state_with_a_hedge(weight: float) -> None:
    """Eigenvalues are those of a general optimiser, and log det is that of the state."""
    for seed in range(5):
        matrix = hermitian(seed)
        found, determinant = hedged_nearest(matrix, np.array([weight]))
        assert np.linalg.eigvalsh(found[0]) == pytest.approx(optimised(matrix[0], 1.0, weight), abs=2e-5)
        assert determinant[0] == pytest.approx(np.linalg.slogdet(found[0])[1], abs=1e-9)
        assert found[0].trace().real == pytest.approx(1, abs=1e-14)


def test_its_equation_holds_for_all_sizes_of_the_hedge() -> None:
    """state - matrix - weight / state is the same number in every direction, also for weights that nearly vanish."""
    matrices, weights = hermitian(7, 7), np.logspace(-14, 2, 7)
    found, _ = hedged_nearest(matrices, weights)
    for matrix, state, weight in zip(matrices, found, weights, strict=True):
        turn = np.linalg.eigh(matrix)[1]
        old, new = (np.einsum("ji,jk,ki->i", turn.conj(), x, turn).real for x in (matrix, state))
        held = new > 1e-9  # smaller ones drown in what turning the state rounds
        shift = (new - old - weight / new)[held]
        assert np.ptp(shift) < 1e-6 * max(1.0, np.abs(shift).max())


def test_without_a_hedge_it_is_the_nearest_state() -> None:
    """Smolin, Gambetta and Smith's; its log det may be -inf."""
    matrices = hermitian(9, 20)
    found, determinant = hedged_nearest(matrices, np.zeros(20))
    assert found == pytest.approx(nearest_state(matrices), abs=1e-14)
    assert np.isneginf(determinant).any()


@pytest.mark.parametrize("weight", [0.0, 1e-6, 0.05])
def test_no_state_has_a_higher_mean_than_the_bound(weight: float) -> None:
    """The bound holds for random states, and the best state of a general optimiser reaches it."""
    gradient = hermitian(11)
    bound = float(highest_mean(gradient, np.array([weight]))[0])
    for other in hedged_nearest(hermitian(12, 500) * 3, np.full(500, 0.01))[0]:
        log_det = np.linalg.slogdet(other)[1]
        assert (gradient[0] @ other).trace().real + weight * log_det <= bound + 1e-12
    if weight == 0:
        assert bound == pytest.approx(np.linalg.eigvalsh(gradient[0])[-1])
    else:
        values, best = np.linalg.eigvalsh(gradient[0]), optimised(gradient[0], 0.0, weight)
        assert values @ best + weight * np.log(best).sum() == pytest.approx(bound, abs=1e-4)
