"""What keeps a likely state off the boundary: log det rho, as a weight in the likelihood, and the two steps it needs.

The most likely state calls impossible what was never seen, and its fidelity to a nearly pure state with a little noise
suffers. With det(rho)^hedge as a factor of the likelihood no state is impossible (hedged likelihood: Blume-Kohout, PRL
105, 200504, 2010; he has 1/2). Both steps are exact up to one number, which Newton's method finds from below: the sums
that it solves for are convex.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.linear import simplex_shift

_TURNS: Final = 60


def hedged_nearest(matrix: Complex, weight: Floats) -> tuple[Complex, Floats]:
    """The states with the least |state - matrix|^2 / 2 - weight log det state, and their log det.

    Parameters
    ----------
    matrix
        [s, d, d] Hermitian.
    weight
        [s] from 0; at 0 it is the nearest state.
    """
    values, vectors = np.linalg.eigh(matrix)
    four = 4 * weight[:, None]
    shift = simplex_shift(values)
    for _ in range(_TURNS):
        found, root = _raised(values - shift, four)
        excess = found.sum(axis=1, keepdims=True) - 1
        if excess.max() <= 1e-15 * values.shape[1]:
            break
        slope = np.divide(found, root, out=np.zeros_like(found), where=root > 0).sum(axis=1, keepdims=True)
        shift = shift + excess / slope
    found = _raised(values - shift, four)[0]
    found /= found.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        determinant = np.log(found).sum(axis=1)
    return np.asarray((vectors * found[:, None, :]) @ vectors.conj().swapaxes(1, 2)), determinant


def _raised(values: Floats, four: Floats) -> tuple[Floats, Floats]:
    """The larger roots x of x^2 - value x - four / 4, and the roots of what stands under the root."""
    root = np.sqrt(values**2 + four)
    low = np.divide(four, 2 * (root - values), out=np.zeros_like(root), where=values < 0)
    return np.where(values < 0, low, (values + root) / 2), root


def highest_mean(gradient: Complex, weight: Floats) -> Floats:
    """[s] an upper bound, as good as exact, of tr(gradient state) + weight log det state over all states.

    That of Lagrange's dual: for any number above the largest eigenvalue it holds.
    """
    values = np.linalg.eigvalsh(gradient)
    b = weight[:, None]
    top = values[:, -1:] + b
    if not weight.any():
        return np.asarray(top[:, 0])
    for _ in range(_TURNS):
        shares = b / (top - values)
        excess = shares.sum(axis=1, keepdims=True) - 1
        if excess.max() <= 1e-12:
            break
        top = top + excess / (shares / (top - values)).sum(axis=1, keepdims=True)
    return np.asarray(top[:, 0] + weight * (np.log(b / (top - values)) - 1).sum(axis=1))
