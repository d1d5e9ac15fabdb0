"""Linear inversion, and the nearest state to what is none."""

from __future__ import annotations

import numpy as np
import pytest

from qamctl.quantum.mitigation.readout import nearest_distribution
from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.linear import linear_inversion, nearest_state
from qamctl.reason.tomography.measurements import Measurements
from qamctl.reason.tomography.settings import effects, product_bases


def random_state(qubits: int, rank: int, seed: int) -> Complex:
    """[2^n, 2^n] a state of some rank."""
    rng, d = np.random.default_rng(seed), 1 << qubits
    root = rng.normal(size=(d, rank)) + 1j * rng.normal(size=(d, rank))
    rho = root @ root.conj().T
    return rho / rho.trace().real


def expected(rho: Complex, confusion: Floats, shots: Floats) -> Measurements:
    """What would be read on average, with some number of shots in each basis."""
    bases = product_bases(len(confusion))
    p = np.einsum("mij,ji->m", effects(bases, confusion), rho).real.reshape(len(bases), -1)
    return Measurements(bases, p * shots[:, None], confusion)


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
def test_exact_probabilities_give_the_state(qubits: int) -> None:
    """Within 1e-10, with errors of readout and other numbers of shots in every basis."""
    rng = np.random.default_rng(qubits)
    for rank in (1, 1 << qubits):
        rho = random_state(qubits, rank, rank)
        low, high = rng.uniform(0, 0.15, (2, qubits))
        confusion = np.stack([np.stack([1 - low, high], -1), np.stack([low, 1 - high], -1)], 1)
        found = linear_inversion(expected(rho, confusion, rng.uniform(1, 9, 3**qubits)))
        assert np.abs(found - rho).max() < 1e-10


def test_bases_with_many_shots_weigh_more() -> None:
    """The mean of Z on one qubit is that over all shots of the bases that measure it."""
    counts = {basis: np.ones(4) for basis in product_bases(2)} | {"ZZ": np.array([90, 0, 0, 0])}
    found = linear_inversion(
        Measurements(tuple(counts), np.stack(list(counts.values())), np.tile(np.eye(2), (2, 1, 1)))
    )
    z = np.kron(np.eye(2), np.diag([1, -1]))
    assert (found @ z).trace().real == pytest.approx(90 / (90 + 2 * 4))


def test_a_matrix_that_is_no_state_is_projected() -> None:
    """Few shots make eigenvalues below 0; the nearest state has none, and none found at random is nearer."""
    rng = np.random.default_rng(3)
    rho = random_state(2, 1, 8)
    mean = expected(rho, np.tile(np.eye(2), (2, 1, 1)), np.ones(9))
    counts = np.stack([rng.multinomial(30, p / p.sum()) for p in mean.counts]).astype(float)
    raw = linear_inversion(Measurements(mean.bases, counts, mean.confusion))
    assert np.linalg.eigvalsh(raw)[0] < -0.05
    found = nearest_state(raw)
    values = np.linalg.eigvalsh(found)
    assert values[0] > -1e-15
    assert found.trace().real == pytest.approx(1, abs=1e-14)
    assert np.abs(found - found.conj().T).max() < 1e-15
    far = np.linalg.norm(found - raw)
    for k in range(300):
        other = 0.9 * found + 0.1 * random_state(2, 1 + k % 4, k)
        assert np.linalg.norm(other - raw) > far


def test_projection_is_that_of_the_eigenvalues() -> None:
    """In its eigenbasis a matrix becomes what the nearest distribution to its eigenvalues is, of any trace."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(20, 5))
    turn = np.linalg.qr(rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5)))[0]
    found = nearest_state((turn * values[:, None, :]) @ turn.conj().T)
    back = np.einsum("ji,sjk,ki->si", turn.conj(), found, turn).real
    assert back == pytest.approx(np.stack([nearest_distribution(row) for row in values]), abs=1e-13)


def test_a_state_is_its_own_nearest() -> None:
    """Projection leaves states alone."""
    rho = random_state(3, 2, 1)
    assert nearest_state(rho) == pytest.approx(rho, abs=1e-14)
