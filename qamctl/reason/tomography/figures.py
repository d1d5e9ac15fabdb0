"""What is told of a state: how near it is to another, and how mixed it is."""

from __future__ import annotations

import numpy as np

from qamctl.reason.spec import Complex, Floats


def fidelity(rho: Complex, other: Complex) -> Floats:
    """Uhlmann's fidelity (tr sqrt(sqrt(rho) other sqrt(rho)))^2, from 0 to 1.

    Parameters
    ----------
    rho
        [..., d, d] states.
    other
        [d, d] a state, or the amplitudes [d] of a pure one.
    """
    if other.ndim == 1:
        return np.asarray(np.clip(np.einsum("i,...ij,j->...", other.conj(), rho, other).real, 0.0, 1.0))
    both = _root(rho) @ _root(other)
    return np.asarray(np.clip(np.linalg.svd(both, compute_uv=False).sum(axis=-1) ** 2, 0.0, 1.0))


def purity(rho: Complex) -> Floats:
    """tr rho^2 of states [..., d, d]: 1 of pure ones, 1 / d of the most mixed."""
    return np.asarray((np.abs(rho) ** 2).sum(axis=(-1, -2)))


def trace_distance(rho: Complex, other: Complex) -> Floats:
    """Half the sum of |eigenvalues| of rho - other: how much better than chance both are told apart; as `fidelity`."""
    if other.ndim == 1:
        other = np.outer(other, other.conj())
    return np.asarray(np.abs(np.linalg.eigvalsh(rho - other)).sum(axis=-1) / 2)


def entropy(rho: Complex) -> Floats:
    """Von Neumann's entropy -tr rho log2 rho of states [..., d, d], in bits: from 0 to the number of qubits."""
    values = np.linalg.eigvalsh(rho)
    held = values > 0
    logs = np.log2(values, out=np.zeros_like(values), where=held)
    return np.asarray(np.maximum(0.0, -(np.where(held, values, 0.0) * logs).sum(axis=-1)))


def _root(rho: Complex) -> Complex:
    """The square roots of states [..., d, d]."""
    values, vectors = np.linalg.eigh(rho)
    # The root of what is only rounding would be far more than rounding.
    roots = np.sqrt(np.where(values > 1e-14, values, 0.0))
    return np.asarray((vectors * roots[..., None, :]) @ vectors.conj().swapaxes(-1, -2))
