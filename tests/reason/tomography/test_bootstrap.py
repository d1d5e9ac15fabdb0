"""Intervals from simulated experiments: seeded, shifted the right way, and true about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.reason.tomography.bootstrap import interval, resampled
from qamctl.reason.tomography.figures import purity
from qamctl.reason.tomography.likelihood import most_likely
from qamctl.reason.tomography.settings import effects, product_bases

NONE = np.tile(np.eye(2), (2, 1, 1))


def test_an_interval_by_hand() -> None:
    """Resampled figures 0.1 above the estimate mean an estimate 0.1 above the truth; ends stay in their range."""
    values = np.linspace(0.5, 0.7, 201)
    assert interval(0.5, values, 0.0, 1.0) == pytest.approx((0.305, 0.495))
    assert interval(0.5, values, 0.4, 0.45) == (0.4, 0.45)


def test_states_are_drawn_by_seed_and_keep_each_basis_shots() -> None:
    """Equal seeds give equal states, others do not; more shots bring them nearer to where they came from."""
    found = effects(product_bases(2), NONE)
    psi = np.array([0.6, 0, 0, 0.8j])
    rho = 0.9 * np.outer(psi, psi.conj()) + 0.025 * np.eye(4)
    few, many = np.full((9, 4), 25.0), np.full((9, 4), 2500.0)
    one = resampled(found, few, rho, 20, 1, hedge=0.5).states
    assert np.array_equal(one, resampled(found, few, rho, 20, 1, hedge=0.5).states)
    assert not np.array_equal(one, resampled(found, few, rho, 20, 2, hedge=0.5).states)
    far = [
        np.linalg.norm(resampled(found, counts, rho, 20, 1, hedge=0.5).states - rho, axis=(1, 2)).mean()
        for counts in (few, many)
    ]
    assert 5 < far[0] / far[1] < 20
    uneven = few.copy()
    uneven[0] *= 100  # XX alone is sure
    xx = np.kron(*[np.array([[0, 1], [1, 0]])] * 2)
    zz = np.diag([1, -1, -1, 1])
    drawn = resampled(found, uneven, rho, 60, 1, hedge=0.5).states
    spread = [np.std(np.einsum("ij,sji->s", what, drawn).real) for what in (xx, zz)]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("hedge", [0.0, 0.5])
def test_the_interval_of_the_purity_covers_it(hedge: float) -> None:
    """Of 100 experiments on states with a little noise, between 88 and 99 % of the 95 % intervals hold the truth."""
    found, rng, hits = effects(product_bases(1), NONE[:1]), np.random.default_rng(1), []
    for k in range(100):
        psi = rng.normal(size=2) + 1j * rng.normal(size=2)
        psi /= np.linalg.norm(psi)
        rho = 0.9 * np.outer(psi, psi.conj()) + 0.05 * np.eye(2)
        chances = np.einsum("mij,ji->m", found, rho).real.reshape(3, 2)
        counts = rng.multinomial(1000, chances).astype(float)
        state = most_likely(found, counts.reshape(1, -1), np.eye(2) / 2 + 0j, hedge=hedge).states[0]
        others = resampled(found, counts, state, 100, k, hedge=hedge).states
        low, high = interval(float(purity(state)), purity(others), 0.5, 1.0)
        hits.append(low <= purity(rho) <= high)
    assert 0.88 <= np.mean(hits) <= 0.99
