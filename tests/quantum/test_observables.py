"""Observables of measured bits: their values, their means over everything, and what readout makes of them."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from qamctl.errors import UsageError
from qamctl.quantum.mitigation.observables import (
    Observable,
    Share,
    ZProduct,
    ZSum,
    all_samples,
    mixed_mean,
    undone,
    values_of,
)
from qamctl.quantum.mitigation.postselect import one_hot
from qamctl.quantum.polynomial import Polynomial


def test_polynomials_and_functions_are_observables() -> None:
    """Both give the same values; x0 x1 is (1 - z0 - z1 + z0 z1) / 4."""
    samples = all_samples(2)
    product = Polynomial(2, 0.0, {(0, 1): 4.0})
    z0, z1, both = (ZProduct(bits)(samples) for bits in ((0,), (1,), (0, 1)))
    assert values_of(product, samples).tolist() == (1 - z0 - z1 + both).tolist() == [0, 0, 0, 4]
    assert Share(frozenset({"10"}))(samples).tolist() == [0, 0, 1, 0]


def test_observables_of_other_bits_are_refused() -> None:
    """A polynomial of other variables, and a function that gives no number for each sample, can't be measured."""
    with pytest.raises(UsageError, match="3 variables and the circuit 2"):
        values_of(Polynomial(3, 0.0, {}), all_samples(2))
    for wrong in (lambda s: s, lambda s: np.full(len(s), np.nan)):
        with pytest.raises(UsageError, match="4 finite values"):
            values_of(wrong, all_samples(2))


def test_the_mean_of_endless_noise() -> None:
    """From a polynomial's terms as from all outcomes; with a check over what it keeps; too many bits have none."""
    cost = Polynomial(3, 1.0, {(0,): 2.0, (0, 1, 2): 8.0, (1, 2): -3.0})
    assert mixed_mean(cost, 3) == pytest.approx(cost.energy(all_samples(3)).mean())
    assert mixed_mean(cost.energy, 3) == pytest.approx(1.0 + 1.0 + 1.0 - 0.75)
    assert mixed_mean(cost, 3, one_hot([[0, 1, 2]])) == pytest.approx((3 + 1 + 1) / 3)
    assert mixed_mean(cost, 3, lambda samples: samples.sum(axis=1) > 3) is None
    assert mixed_mean(lambda samples: np.zeros(len(samples)), 17) is None
    assert mixed_mean(ZSum((((0,), 2.0), ((), 0.5), ((1, 2), 1.0))), 40) == 0.5


def test_bitstrings_of_other_lengths_are_refused() -> None:
    """They can't be outcomes of the circuit."""
    with pytest.raises(UsageError, match="bitstring 011 does not have the 2 bits"):
        values_of(Share(frozenset({"011"})), all_samples(2))


@pytest.mark.parametrize(
    "observable",
    [
        Polynomial(3, 2.0, {(1,): -1.0, (0, 2): 3.0}),
        ZProduct((0, 2)),
        ZSum((((0, 2), 3.0), ((1,), -1.0), ((), 0.5))),
        Share(frozenset({"011", "100", "111"})),
    ],
)
def test_what_is_undone_is_the_transposed_inverse(observable: Observable) -> None:
    """By hand: the Kronecker product of the inverses, transposed, times the observable's values."""
    confusion = np.array([[[0.9, 0.2], [0.1, 0.8]], [[1.0, 0.3], [0.0, 0.7]], [[0.85, 0.0], [0.15, 1.0]]])
    inverses = np.linalg.inv(confusion)
    weigh = undone(observable, inverses)
    assert weigh is not None
    expected = reduce(np.kron, inverses[::-1]).T @ values_of(observable, all_samples(3))
    assert weigh(all_samples(3)) == pytest.approx(expected)


def test_a_function_can_not_be_looked_into() -> None:
    """Only polynomials, products of Z and shares are undone bit by bit."""
    assert undone(lambda samples: samples[:, 0] * 1.0, np.eye(2)[None]) is None
