"""The state that linear equations give, and the nearest one that can be.

The mean of each Pauli string is read off the bases that measure it, with the confusion of readout undone. Shots make
some of its eigenvalues negative; the nearest state in Frobenius distance has them projected on a distribution (Smolin,
Gambetta and Smith, PRL 108, 070502, 2012).
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Final

import numpy as np

from qamctl.quantum.mitigation.readout import tensor_product
from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.measurements import Measurements

#: The matrices of I, X, Y and Z.
PAULIS: Final = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], complex),
    "Y": np.array([[0, -1j], [1j, 0]], complex),
    "Z": np.array([[1, 0], [0, -1]], complex),
}


def linear_inversion(measured: Measurements) -> Complex:
    """[2^n, 2^n] the matrix of trace 1 that has the means that were read; it may have eigenvalues below 0.

    A string that several bases measure has their mean, weighed by shots.
    """
    n, counts = measured.qubits, measured.counts
    inverses = np.asarray(np.linalg.inv(measured.confusion), np.float64)
    # [bases, 2^n] sums over shots of the products of Z on each subset of qubits.
    sums = np.stack([tensor_product(inverses, row) for row in counts]) @ _signs(n)
    shots = counts.sum(axis=1)
    rho = np.zeros((1 << n, 1 << n), complex)
    for string in product("IXYZ", repeat=n):
        measures = [
            all(letter in ("I", own) for letter, own in zip(string, basis, strict=True)) for basis in measured.bases
        ]
        subset = int("".join("01"[letter != "I"] for letter in string), 2)
        mean = sums[measures, subset].sum() / shots[measures].sum()
        rho += mean * reduce(np.kron, (PAULIS[letter] for letter in string))
    return np.asarray(rho / (1 << n))


def nearest_state(matrix: Complex) -> Complex:
    """[..., d, d] the density matrices nearest to Hermitian matrices, by Frobenius distance.

    Parameters
    ----------
    matrix
        [..., d, d] of any trace.
    """
    values, vectors = np.linalg.eigh(matrix)
    lowered = np.maximum(values - simplex_shift(values), 0.0)
    return np.asarray((vectors * lowered[..., None, :]) @ vectors.conj().swapaxes(-1, -2))


def simplex_shift(values: Floats) -> Floats:
    """[..., 1] what is taken off ascending numbers [..., d] such that those above 0 sum to 1."""
    falling = values[..., ::-1]
    excess = (np.cumsum(falling, axis=-1) - 1) / np.arange(1, values.shape[-1] + 1)
    kept = (falling > excess).sum(axis=-1, keepdims=True)
    return np.asarray(np.take_along_axis(excess, kept - 1, axis=-1))


def _signs(n: int) -> Floats:
    """[2^n, 2^n] the product of Z on a subset of the qubits (column, as bits) in an outcome (row)."""
    return np.asarray(reduce(np.kron, [np.array([[1.0, 1.0], [1.0, -1.0]])] * n), np.float64)
