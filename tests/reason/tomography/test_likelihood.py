"""The most likely state: it is found, the way there only rises, and the gap that is told holds."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.optimize import minimize

from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.figures import fidelity
from qamctl.reason.tomography.likelihood import TOLERANCE, most_likely
from qamctl.reason.tomography.settings import effects, product_bases

FLIPS = [[0.98, 0.05], [0.02, 0.95]]


def random_state(qubits: int, rank: int, mixed: float, seed: int) -> Complex:
    """[2^n, 2^n] a state of some rank with a share of the most mixed one."""
    rng, d = np.random.default_rng(seed), 1 << qubits
    root = rng.normal(size=(d, rank)) + 1j * rng.normal(size=(d, rank))
    rho = root @ root.conj().T
    return (1 - mixed) * rho / rho.trace().real + mixed * np.eye(d) / d


def experiment(rho: Complex, shots: int, seed: int | None = None) -> tuple[Complex, Floats]:
    """The effects with errors of readout, and the counts [m] of all bases: the mean ones without a seed."""
    qubits = len(rho).bit_length() - 1
    bases = product_bases(qubits)
    found = effects(bases, np.array([FLIPS] * qubits))
    p = np.maximum(np.einsum("mij,ji->m", found, rho).real, 0).reshape(len(bases), -1)
    if seed is None:
        return found, p.ravel() * shots
    drawn = np.random.default_rng(seed).multinomial(shots, p / p.sum(axis=1, keepdims=True))
    return found, drawn.ravel().astype(float)


def mixed(qubits: int) -> Complex:
    return np.eye(1 << qubits) / (1 << qubits) + 0j


def value(found: Complex, counts: Floats, rho: Complex, hedge: float = 0.0) -> float:
    """The log-likelihood in nats, by its formula."""
    p = np.einsum("mij,ji->m", found, rho).real[counts > 0]
    determinant = np.linalg.slogdet(rho)[1] if hedge else 0.0
    return float(counts[counts > 0] @ np.log(p) + hedge * determinant)


def optimised(found: Complex, counts: Floats, hedge: float) -> Complex:
    """The most likely state by another road: L-BFGS over the factors of rho = T T* / tr T T*."""
    d, shots = found.shape[-1], counts.sum()

    def state(x: Floats) -> tuple[Complex, Complex, float]:
        factor = (x[: d * d] + 1j * x[d * d :]).reshape(d, d)
        whole = factor @ factor.conj().T
        return factor, whole / whole.trace().real, float(whole.trace().real)

    def loss(x: Floats) -> tuple[float, Floats]:
        factor, rho, size = state(x)
        p = np.einsum("mij,ji->m", found, rho).real
        gradient = np.einsum("m,mij->ij", counts / p / shots, found)
        if hedge:
            gradient = gradient + hedge / shots * np.linalg.inv(rho)
        gradient = gradient - np.eye(d) * (gradient @ rho).trace().real
        slope = 2 * gradient @ factor / size
        return -value(found, counts, rho, hedge) / shots, -np.concatenate([slope.real.ravel(), slope.imag.ravel()])

    start = np.concatenate([np.eye(d).ravel(), np.full(d * d, 0.01)])
    options = {"maxiter": 5000, "maxfun": 9000, "ftol": 1e-16, "gtol": 1e-9}
    return state(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)[1]


@pytest.mark.parametrize("qubits", [1, 2, 3])
@pytest.mark.parametrize(("rank", "share"), [(1, 0.0), (1, 0.1), (2, 0.0)])
def test_exact_probabilities_give_the_state(qubits: int, rank: int, share: float) -> None:
    """From the most mixed state back to the true one, with fidelity above 1 - 1e-6."""
    rho = random_state(qubits, rank, share, 5)
    found, counts = experiment(rho, 4096)
    fits = most_likely(found, counts[None], mixed(qubits))
    assert fits.converged.all()
    assert fidelity(fits.states[0], rho) > 1 - 1e-6


@pytest.mark.parametrize("hedge", [0.0, 0.5])
def test_it_is_what_a_general_optimiser_finds(hedge: float) -> None:
    """The same state, and no better value, from L-BFGS over factors; states stay states."""
    for seed in range(3):
        found, counts = experiment(random_state(2, 1, 0.05, seed), 512, seed)
        fits = most_likely(found, counts[None], mixed(2), hedge=hedge)
        other = optimised(found, counts, hedge)
        rho = fits.states[0]
        assert rho == pytest.approx(other, abs=2e-3)
        assert fidelity(rho, other) > 1 - 2e-5
        assert value(found, counts, rho, hedge) > value(found, counts, other, hedge) - TOLERANCE
        assert fits.log_likelihood[-1, 0] == pytest.approx(value(found, counts, rho, hedge), abs=1e-6)
        assert np.linalg.eigvalsh(rho)[0] > -1e-12
        assert rho.trace().real == pytest.approx(1, abs=1e-12)
        assert np.abs(rho - rho.conj().T).max() < 1e-14


@pytest.mark.parametrize("hedge", [0.0, 0.5])
@pytest.mark.parametrize("shots", [20, 4096])
def test_the_likelihood_never_falls(hedge: float, shots: int) -> None:
    """Step for step, up to the rounding of a sum over all shots; from any start; also where many counts are 0."""
    for seed in range(4):
        rho = random_state(2 + seed % 2, 1, 0.02 * (seed % 3), seed)
        found, counts = experiment(rho, shots, seed)
        for start in (mixed(2 + seed % 2), random_state(2 + seed % 2, 1, 0.0, seed + 50)):
            path = most_likely(found, counts[None], start, hedge=hedge).log_likelihood[:, 0]
            assert np.diff(path).min() >= -1e-14 * counts.sum()
            assert path[-1] > path[0]


def test_the_gap_holds() -> None:
    """Stopped early, what is missing to the top is never more than the gap that is told."""
    found, counts = experiment(random_state(2, 2, 0.05, 1), 1000, 1)
    for hedge in (0.0, 0.5):
        best = most_likely(found, counts[None], mixed(2), hedge=hedge, tolerance=1e-6).log_likelihood[-1, 0]
        for limit in (0, 1, 3, 8, 15):
            fits = most_likely(found, counts[None], mixed(2), hedge=hedge, limit=limit)
            assert fits.iterations[0] <= limit
            assert best - fits.log_likelihood[-1, 0] <= fits.gaps[0] + 1e-9
            assert fits.converged[0] == (fits.gaps[0] <= TOLERANCE)
        assert not most_likely(found, counts[None], mixed(2), hedge=hedge, limit=3).converged[0]


def test_data_sets_are_climbed_together_as_alone() -> None:
    """A stack of counts with different numbers of shots gives each its own state."""
    found, one = experiment(random_state(2, 1, 0.1, 3), 900, 3)
    _, other = experiment(random_state(2, 2, 0.0, 4), 90, 4)
    both = most_likely(found, np.stack([one, other]), mixed(2), hedge=0.5)
    for k, counts in enumerate((one, other)):
        alone = most_likely(found, counts[None], mixed(2), hedge=0.5)
        assert both.states[k] == pytest.approx(alone.states[0], abs=1e-9)
        assert both.iterations[k] == alone.iterations[0]


def test_bases_with_other_numbers_of_shots() -> None:
    """Exact probabilities give the state whatever the shots of each basis."""
    rho = random_state(2, 1, 0.1, 6)
    found, counts = experiment(rho, 1)
    shots = np.repeat(np.random.default_rng(1).integers(500, 9000, 9), 4)
    assert fidelity(most_likely(found, (counts * shots)[None], mixed(2)).states[0], rho) > 1 - 1e-6


def test_a_hedge_leaves_no_state_impossible() -> None:
    """Eigenvalues are 0 without one; with one, none is, and it matters less the more shots there are."""
    rho = random_state(2, 1, 0.0, 2)
    found, counts = experiment(rho, 200, 2)
    plain = most_likely(found, counts[None], mixed(2)).states[0]
    hedged = most_likely(found, counts[None], mixed(2), hedge=0.5).states[0]
    assert np.linalg.eigvalsh(plain)[0] < 1e-6
    assert np.linalg.eigvalsh(hedged)[0] > 1e-4
    lost = []
    for shots in (10**4, 10**6, 10**8):
        _, mean = experiment(rho, shots)
        lost.append(1 - fidelity(most_likely(found, mean[None], mixed(2), hedge=0.5).states[0], rho))
    assert lost[0] > 5 * lost[1] > 25 * lost[2] > 0
    assert lost[2] < 1e-4


@pytest.mark.parametrize("hedge", [0.0, 0.5])
def test_four_qubits_take_less_than_two_seconds(hedge: float) -> None:
    """Of a core, for any kind of state: one thread's time, the best of two runs, since other work disturbs it."""
    for rank, share in ((1, 0.0), (1, 0.1), (16, 0.0)):
        found, counts = experiment(random_state(4, rank, share, 7), 4096, 7)
        spent = []
        for _ in range(2):
            begin = time.thread_time()
            fits = most_likely(found, counts[None], mixed(4), hedge=hedge)
            spent.append(time.thread_time() - begin)
        assert fits.converged.all()
        assert min(spent) < 2
