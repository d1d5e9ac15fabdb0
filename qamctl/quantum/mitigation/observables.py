"""What is asked of measured bits: observables and checks, their values, and what readout makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import Floats

#: A function of the measured bits: a polynomial, or what takes samples [s, bits] and gives their values [s].
Observable = Polynomial | Callable[[Samples], Floats]
#: Which samples [s, bits] are kept: [s] booleans.
Check = Callable[[Samples], npt.NDArray[np.bool_]]

#: Up to so many bits all outcomes are enumerated where the mean over all of them is asked for.
ENUMERATED: Final = 16


@dataclass(frozen=True)
class ZProduct:
    """The product of Pauli Z over some bits: 1 where an even number of them is set, else -1."""

    bits: tuple[int, ...]

    def __call__(self, samples: Samples) -> Floats:
        """[s] the values on samples [s, bits]."""
        return np.asarray(1.0 - 2.0 * (samples[:, list(self.bits)].sum(axis=1) % 2))


@dataclass(frozen=True)
class ZSum:
    """A weighted sum of such products; that of no bits is 1."""

    terms: tuple[tuple[tuple[int, ...], float], ...]

    def __call__(self, samples: Samples) -> Floats:
        """[s] the values on samples [s, bits]."""
        values = (weight * ZProduct(bits)(samples) for bits, weight in self.terms)
        return np.asarray(sum(values, np.zeros(len(samples))))


@dataclass(frozen=True)
class Share:
    """How much of the distribution lies on some bitstrings: 1 on each of them, else 0."""

    outcomes: frozenset[str]

    def __call__(self, samples: Samples) -> Floats:
        """[s] the values on samples [s, bits]."""
        total = np.zeros(len(samples))
        for outcome in self.outcomes:
            if len(outcome) != samples.shape[1]:
                raise UsageError(f"the bitstring {outcome} does not have the {samples.shape[1]} bits that are measured")
            total += (samples == [int(bit) for bit in reversed(outcome)]).all(axis=1)
        return total


def all_samples(bits: int) -> Samples:
    """[2^bits, bits] every outcome; bit v of its number is column v."""
    return ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1).astype(np.uint8)


def values_of(observable: Observable, samples: Samples) -> Floats:
    """[s] an observable's values on samples [s, bits].

    Raises
    ------
    UsageError
        The observable is of other bits, or does not give a number for each sample.
    """
    if isinstance(observable, Polynomial):
        if observable.n != samples.shape[1]:
            raise UsageError(
                f"the observable has {observable.n} variables and the circuit {samples.shape[1]} measured bits: "
                "measure each variable's qubit into the bit of its number"
            )
        return observable.energy(samples)
    values = np.asarray(observable(samples), np.float64)
    if values.shape != (len(samples),) or not np.isfinite(values).all():
        raise UsageError(f"the observable must give {len(samples)} finite values for as many samples")
    return values


def undone(observable: Observable, inverses: Floats) -> Callable[[Samples], Floats] | None:
    """What an observable becomes on samples that were read with errors: its mean over them is the true one.

    A sum of products of functions of single bits needs no linear system: each function f of a bit turns into
    sum over t of f(t) A^-1[t, s], with A the bit's confusion; bits that it does not depend on drop out.

    Parameters
    ----------
    observable
        A polynomial, `ZProduct`, `ZSum` or `Share`; None is returned for others.
    inverses
        [bits, 2, 2] the inverse confusion of each bit, `[true, read]`.
    """
    bit = np.arange(len(inverses))
    if isinstance(observable, Polynomial):
        terms, offset = observable.terms, observable.offset

        def polynomial(samples: Samples) -> Floats:
            ones = inverses[bit, 1, samples]
            total = np.full(len(samples), offset)
            for variables, weight in terms.items():
                total += weight * ones[:, list(variables)].prod(axis=1)
            return total

        return polynomial
    if isinstance(observable, ZProduct):
        chosen = list(observable.bits)
        z = inverses[chosen, 0] - inverses[chosen, 1]
        return lambda samples: np.asarray(z[np.arange(len(chosen)), samples[:, chosen]].prod(axis=1))
    if isinstance(observable, ZSum):
        parts = [(weight, undone(ZProduct(bits), inverses)) for bits, weight in observable.terms]

        def total(samples: Samples) -> Floats:
            values = (weight * part(samples) for weight, part in parts if part is not None)
            return np.asarray(sum(values, np.zeros(len(samples))))

        return total
    if isinstance(observable, Share):
        wanted = [[int(b) for b in reversed(outcome)] for outcome in sorted(observable.outcomes)]

        def share(samples: Samples) -> Floats:
            parts = (inverses[bit, outcome, samples].prod(axis=1) for outcome in wanted)
            return np.asarray(sum(parts, np.zeros(len(samples))))

        return share
    return None


def mixed_mean(observable: Observable, bits: int, check: Check | None = None) -> float | None:
    """An observable's mean over all outcomes, or over those that a check keeps: what noise leaves in the end.

    That of a polynomial without a check follows from its terms; else outcomes are enumerated, and None says that
    there are too many, or that none is kept.
    """
    if isinstance(observable, Polynomial) and check is None:
        return observable.offset + sum(w / 2.0 ** len(term) for term, w in observable.terms.items())
    if isinstance(observable, ZSum) and check is None:
        return float(sum(weight for members, weight in observable.terms if not members))
    if bits > ENUMERATED:
        return None
    samples = all_samples(bits)
    if check is not None:
        samples = samples[check(samples)]
    return float(values_of(observable, samples).mean()) if len(samples) else None
