"""Measuring in other bases: the probabilities of a density matrix in products of X, Y and Z."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.errors import UsageError
from qamctl.reason.spec import Complex, Floats

_HALF: Final = 0.5**0.5

#: What turns each basis into Z: rows are the outcomes' conjugated states.
TURNS: Final = {
    "Z": np.eye(2, dtype=complex),
    "X": np.array([[_HALF, _HALF], [_HALF, -_HALF]], complex),
    "Y": np.array([[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]], complex),
}


def padded(rho: Complex) -> Complex:
    """A density matrix over paths on whole qubits: further states are empty."""
    n = len(rho)
    size = 1 << max(1, (n - 1).bit_length())
    out = np.zeros((size, size), complex)
    out[:n, :n] = rho
    return out


def outcome_chances(rho: Complex, basis: str) -> Floats:
    """[2 ^ qubits] the probabilities of outcomes; bit q of an outcome is what qubit q gave.

    Parameters
    ----------
    basis
        A letter X, Y or Z for each qubit, the leftmost that of the highest.

    Raises
    ------
    UsageError
        The basis does not fit the state.
    """
    state = padded(rho)
    qubits = len(state).bit_length() - 1
    if len(basis) != qubits or set(basis) - TURNS.keys():
        raise UsageError(f"a basis of {qubits} qubits is {qubits} letters X, Y or Z, not {basis!r}")
    rows = state.reshape((2,) * (2 * qubits))
    for axis, letter in enumerate(basis):
        rows = np.moveaxis(np.tensordot(TURNS[letter], rows, (1, axis)), 0, axis)
        rows = np.moveaxis(np.tensordot(TURNS[letter].conj(), rows, (1, qubits + axis)), 0, qubits + axis)
    chances = np.maximum(rows.reshape(state.shape).diagonal().real, 0.0)
    return np.asarray(chances / chances.sum())
