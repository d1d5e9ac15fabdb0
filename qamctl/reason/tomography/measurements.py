"""What was read of a state in all product bases, as columns, and whether it is enough to tell the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import BackendError, UsageError
from qamctl.quantum.mitigation.readout import LEAST
from qamctl.reason.spec import Floats
from qamctl.reason.tomography.settings import product_bases

#: More qubits have too many bases, and too many numbers in their state.
MOST_QUBITS: Final = 4


@dataclass(frozen=True, eq=False)
class Measurements:
    """Counts in all 3^n bases.

    Attributes
    ----------
    bases
        In the order of the alphabet.
    counts
        [3^n, 2^n] how often each outcome was read; zeros are kept. Bases may have different numbers of shots.
    confusion
        [n, 2, 2] of the qubits, the lowest first: `confusion[q][read][true]`.
    """

    bases: tuple[str, ...]
    counts: Floats
    confusion: Floats

    @property
    def qubits(self) -> int:
        """Those of the state."""
        return len(self.confusion)

    @property
    def shots(self) -> int:
        """Runs that were kept, of all bases."""
        return int(self.counts.sum())


def read_measurements(counts: Mapping[str, npt.ArrayLike], confusion: npt.ArrayLike | None = None) -> Measurements:
    """Counts by basis as columns.

    Parameters
    ----------
    counts
        [2^n] whole numbers for each of the 3^n bases; bit q of an outcome is what qubit q read.
    confusion
        [n, 2, 2] as in `Measurements`; None: readout has no errors.

    Raises
    ------
    UsageError
        Too many qubits, bases that are missing or strange, or what is no counts or no confusion.
    BackendError
        A basis has no shots, or the readout of a qubit tells nothing.
    """
    qubits = len(next(iter(counts), ""))
    if qubits > MOST_QUBITS:
        raise UsageError(
            f"the state of {qubits} qubits is too large to be reconstructed, {MOST_QUBITS} are the most: "
            "estimate its observables from shadows instead"
        )
    bases = product_bases(qubits)
    strange = sorted(counts.keys() - set(bases))
    missing = [basis for basis in bases if basis not in counts]
    if not qubits or strange or missing:
        wrong = f"{strange[0]!r} is none of them" if strange else f"{missing[0] or 'every one'} is missing"
        raise UsageError(f"a state is reconstructed from counts in all product bases of its qubits: {wrong}")
    rows = np.stack([_row(basis, counts[basis]) for basis in bases])
    empty = [basis for basis, row in zip(bases, rows, strict=True) if not row.any()]
    if empty:
        raise BackendError(f"no shot is left in the basis {empty[0]}: take more shots")
    return Measurements(bases, rows, read_confusion(confusion, qubits))


def read_confusion(confusion: npt.ArrayLike | None, qubits: int) -> Floats:
    """[qubits, 2, 2] confusion matrices that can be undone; the identity where there are none.

    Raises
    ------
    UsageError
        Not one matrix for each qubit, or columns that are no probabilities.
    BackendError
        The readout of a qubit tells nothing.
    """
    if confusion is None:
        return np.tile(np.eye(2), (qubits, 1, 1))
    found = np.asarray(confusion, float)
    if found.shape != (qubits, 2, 2):
        raise UsageError(f"{qubits} qubits have {qubits} confusion matrices of 2 x 2, not an array {found.shape}")
    if not (found.min() >= 0 and np.abs(found.sum(axis=1) - 1).max() < 1e-9):
        raise UsageError("the columns of a confusion matrix must be probabilities that sum to 1: [qubit][read][true]")
    contrast = found[:, 0, 0] + found[:, 1, 1] - 1
    worst = int(contrast.argmin())
    if contrast[worst] < LEAST:
        raise BackendError(
            f"what is read of qubit {worst} tells nothing of it, its contrast is {contrast[worst]:.3g}: calibrate "
            "again, or use another qubit"
        )
    return found


def _row(basis: str, given: npt.ArrayLike) -> Floats:
    """[2^n] the counts of a basis."""
    row = np.asarray(given, float)
    size = 1 << len(basis)
    if row.shape != (size,) or not (np.isfinite(row).all() and (row >= 0).all() and (row == np.rint(row)).all()):
        raise UsageError(f"the counts of the basis {basis} must be {size} whole numbers from 0")
    return row
