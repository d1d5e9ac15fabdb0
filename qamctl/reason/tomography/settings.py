"""Which bases a state is measured in, the circuits that do it, and the effects of what they read.

A basis is a letter X, Y or Z for each qubit, the leftmost that of the highest, as in `qamctl.reason.bases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from qamctl.errors import UsageError
from qamctl.reason.bases import TURNS
from qamctl.reason.spec import Complex, Floats

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def product_bases(qubits: int) -> tuple[str, ...]:
    """All 3^qubits bases, in the order of the alphabet."""
    return tuple(map("".join, product("XYZ", repeat=qubits)))


def turned(circuit: QuantumCircuit, qubits: Sequence[int], basis: str, bits: Sequence[int]) -> QuantumCircuit:
    """A copy of a circuit that ends by measuring some of its qubits in a basis.

    Parameters
    ----------
    circuit
        It does not measure these qubits; bits that it lacks are added.
    qubits
        Those of the state, the lowest first.
    basis
        A letter for each of them, the leftmost that of the last.
    bits
        Where each is measured into.

    Raises
    ------
    UsageError
        The basis does not fit the qubits, or the bits do not.
    """
    if len(basis) != len(qubits) or set(basis) - TURNS.keys():
        raise UsageError(f"a basis of {len(qubits)} qubits is {len(qubits)} letters X, Y or Z, not {basis!r}")
    if len(bits) != len(qubits) or len(set(bits)) != len(bits):
        raise UsageError(f"{len(qubits)} qubits are measured into {len(qubits)} different bits, not {list(bits)}")
    from qiskit.circuit import ClassicalRegister

    out = circuit.copy()
    missing = max(bits, default=-1) + 1 - out.num_clbits
    if missing > 0:
        out.add_register(ClassicalRegister(missing))
    for qubit, letter, bit in zip(qubits, reversed(basis), bits, strict=True):
        if letter == "Y":
            out.sdg(qubit)
        if letter in "XY":
            out.h(qubit)
        out.measure(qubit, bit)
    return out


def effects(bases: Sequence[str], confusion: Floats) -> Complex:
    """What each read outcome says of the state: its probability is tr(effect rho).

    Parameters
    ----------
    confusion
        [n, 2, 2] of the qubits, the lowest first: `confusion[q][read][true]`.

    Returns
    -------
    [bases * 2^n, 2^n, 2^n] basis by basis; those of a basis sum to the identity. Bit q of an outcome is what qubit q
    reads.
    """
    seen = {
        letter: np.einsum("qrt,ti,tj->qrij", confusion, rows.conj(), rows) for letter, rows in TURNS.items()
    }  # fmt: skip
    out = []
    for basis in bases:
        whole = np.ones((1, 1, 1), complex)
        for axis, letter in enumerate(basis):
            one = seen[letter][len(basis) - 1 - axis]
            size = 2 * len(whole)
            whole = np.einsum("aij,bkl->abikjl", whole, one).reshape(size, size, size)
        out.append(whole)
    return np.concatenate(out)
