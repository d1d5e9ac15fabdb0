"""The table of likeliest flips, against sums over all errors."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import stim

from qamctl.errors import UnsupportedError
from qamctl.quantum.codes.likelihood import likelihood

MODEL = stim.DetectorErrorModel("""
    error(0.1) D0
    error(0.2) D0 D1 L0
    error(0.05) D1 ^ L1
    error(0.3) L0
    detector(1, 2) D1
    repeat 2 {
        error(0.01) D1 L1
    }
""")
ERRORS = [(0.1, 0b01, 0), (0.2, 0b11, 1), (0.05, 0b10, 2), (0.3, 0, 1), (0.01, 0b10, 2), (0.01, 0b10, 2)]


def enumerated() -> np.ndarray:
    """[4, 4] the joint distribution, one sum over all 2^6 sets of errors."""
    joint = np.zeros((4, 4))
    for happens in product((0, 1), repeat=len(ERRORS)):
        p, detectors, flips = 1.0, 0, 0
        for happened, (chance, mask, flip) in zip(happens, ERRORS, strict=True):
            p *= chance if happened else 1 - chance
            detectors, flips = detectors ^ mask * happened, flips ^ flip * happened
        joint[flips, detectors] += p
    return joint


def test_the_distribution_is_that_of_all_sets_of_errors() -> None:
    """By enumeration; so are the rates that follow from it."""
    found, joint = likelihood(MODEL), enumerated()
    assert (found.detectors, found.observables) == (2, 2)
    assert found.joint == pytest.approx(joint)
    assert found.decoded == pytest.approx(1 - joint.max(axis=0).sum())
    assert found.undecoded == pytest.approx(1 - joint[0].sum())
    assert found.quiet == pytest.approx(joint[:, 0].sum())
    assert found.selected == pytest.approx(1 - joint[0, 0] / joint[:, 0].sum())


def test_the_likeliest_flip_is_looked_up() -> None:
    """For each pattern of detectors the largest entry of its column."""
    patterns = np.array([[False, False], [True, False], [False, True], [True, True]])
    assert likelihood(MODEL).flips(patterns).tolist() == enumerated().argmax(axis=0).tolist()


def test_too_many_detectors_have_no_table() -> None:
    """22 detectors and an observable are one bit too many."""
    with pytest.raises(UnsupportedError, match="22 detectors are too many"):
        likelihood(stim.DetectorErrorModel("error(0.1) D21 L0"))
