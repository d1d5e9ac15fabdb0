"""The best decoder there is, for small codes: every pattern of detectors with its likeliest logical flip, in a table.

Independent errors flip detectors and logical observables. The distribution of what they flip together is a
convolution over exclusive or, which a Walsh-Hadamard transform turns into a product: the table is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.errors import UnsupportedError
from qamctl.qubo.model import Floats, Ints

#: Detectors and observables of a table, at most: 2^22 numbers.
LARGEST: Final = 22


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The joint distribution of detectors and logical observables.

    Attributes
    ----------
    detectors, observables
        How many there are.
    joint
        [2^observables, 2^detectors] probabilities; detector k is bit k of a column's number.
    """

    detectors: int
    observables: int
    joint: Floats

    def flips(self, patterns: npt.NDArray[np.bool_]) -> Ints:
        """[s] the likeliest flips of the observables, as numbers, for detector patterns [s, detectors]."""
        return np.asarray(self.joint.argmax(axis=0)[numbers(patterns)])

    @property
    def decoded(self) -> float:
        """The probability that the likeliest flips are not the true ones: no decoder errs less often."""
        return float((self.joint.sum(axis=0) - self.joint.max(axis=0)).sum())

    @property
    def undecoded(self) -> float:
        """The probability that an observable flips at all."""
        return float(self.joint[1:].sum())

    @property
    def quiet(self) -> float:
        """The probability that no detector fires."""
        return float(self.joint[:, 0].sum())

    @property
    def selected(self) -> float:
        """The probability that an observable flips where no detector fires."""
        return float(self.joint[1:, 0].sum() / self.quiet)


def likelihood(model: Any) -> Likelihood:
    """The joint distribution that a `stim.DetectorErrorModel` gives.

    Raises
    ------
    UnsupportedError
        It has too many detectors for a table.
    """
    detectors, observables = model.num_detectors, model.num_observables
    bits = detectors + observables
    if bits > LARGEST:
        raise UnsupportedError(
            f"{detectors} detectors are too many for a table of all patterns: take fewer rounds of this code"
        )
    logs = np.zeros(1 << bits)
    for step in model.flattened():
        if step.type != "error":
            continue
        mask = 0
        for target in step.targets_copy():
            if target.is_relative_detector_id():
                mask ^= 1 << target.val
            elif target.is_logical_observable_id():
                mask ^= 1 << (detectors + target.val)
        logs[mask] += np.log1p(-2 * step.args_copy()[0])
    # An error of probability p multiplies the characters that its mask flips by 1 - 2p, and leaves the others.
    characters = np.exp((logs.sum() - _hadamard(logs)) / 2)
    joint = _hadamard(characters) / (1 << bits)
    return Likelihood(detectors, observables, np.maximum(joint, 0.0).reshape(1 << observables, -1))


def numbers(patterns: npt.NDArray[np.bool_]) -> Ints:
    """[s] rows of booleans [s, k] as numbers; column k is bit k."""
    return np.asarray(patterns.astype(np.int64) @ (1 << np.arange(patterns.shape[1], dtype=np.int64)))


def _hadamard(vector: Floats) -> Floats:
    """The Walsh-Hadamard transform of 2^k numbers; its square is 2^k times the identity."""
    out, half = vector.copy(), 1
    while half < len(out):
        pairs = out.reshape(-1, 2, half)
        first = pairs[:, 0] + pairs[:, 1]
        pairs[:, 1] = pairs[:, 0] - pairs[:, 1]
        pairs[:, 0] = first
        half *= 2
    return out
