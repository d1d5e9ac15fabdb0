"""Counts in all bases as columns, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qamctl.errors import BackendError, UsageError
from qamctl.reason.tomography.measurements import read_confusion, read_measurements
from qamctl.reason.tomography.settings import product_bases


def some(qubits: int, **other: Any) -> dict[str, Any]:
    """Counts of all bases, some of them others."""
    return {basis: np.arange(1 << qubits) for basis in product_bases(qubits)} | other


def test_counts_become_columns() -> None:
    """In the order of the alphabet whatever the order given, zeros kept, shots of any number in each basis."""
    given = some(1, X=[0, 7])
    found = read_measurements(dict(reversed(given.items())))
    assert found.bases == ("X", "Y", "Z")
    assert found.counts.tolist() == [[0, 7], [0, 1], [0, 1]]
    assert (found.qubits, found.shots) == (1, 9)
    assert found.confusion.tolist() == [[[1, 0], [0, 1]]]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "every one is missing"),
        ({"X": [1, 1], "Z": [1, 1]}, "Y is missing"),
        (some(1, XX=[1, 1, 1, 1]), "'XX' is none of them"),
        (some(1, I=[1, 1]), "'I' is none of them"),
        (some(2, XY=[1, 2, 3]), "basis XY must be 4 whole numbers"),
        (some(1, Y=[1, -1]), "basis Y must be 2 whole"),
        (some(1, Y=[1, 0.5]), "basis Y must be 2 whole"),
        (some(1, Y=[1, np.nan]), "basis Y must be 2 whole"),
        ({"X" * 5: np.ones(32)}, "4 are the most: estimate its observables from shadows"),
    ],
)
def test_what_is_no_counts_is_refused(counts: dict[str, Any], told: str) -> None:
    """The message names the basis, or the way out."""
    with pytest.raises(UsageError, match=told):
        read_measurements(counts)


def test_a_basis_without_shots_is_told() -> None:
    """Post-selection may leave none: that is the target's fault, not the caller's."""
    with pytest.raises(BackendError, match="no shot is left in the basis Y: take more"):
        read_measurements(some(1, Y=[0, 0]))


@pytest.mark.parametrize(
    ("confusion", "error", "told"),
    [
        (np.eye(2), UsageError, "1 qubits have 1 confusion matrices"),
        ([[[0.9, 0.2], [0.2, 0.8]]], UsageError, "columns of a confusion matrix"),
        ([[[1.1, 0.2], [-0.1, 0.8]]], UsageError, "columns of a confusion matrix"),
        ([[[np.nan, 0.2], [0.1, 0.8]]], UsageError, "columns of a confusion matrix"),
        ([[[0.5, 0.5], [0.5, 0.5]]], BackendError, "qubit 0 tells nothing of it, its contrast is 0:"),
        ([[[0.1, 0.9], [0.9, 0.1]]], BackendError, "contrast is -0.8"),
    ],
)
def test_confusion_that_cannot_be_undone_is_refused(confusion: Any, error: type[Exception], told: str) -> None:
    """Wrong shapes and numbers are the caller's fault, readout without contrast the machine's."""
    with pytest.raises(error, match=told):
        read_confusion(confusion, 1)
