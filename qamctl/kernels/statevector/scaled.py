"""What the kernels count in: the diagonal between -1 and 1, sums in whole multiples of a small unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Floats, Ints

#: Sums are whole multiples of this, so that their order does not matter. All of them stay well below 2^12.
UNIT = 2.0**-50


@dataclass(frozen=True)
class Scaled:
    """A diagonal D as middle + reach * d, with d between -1 and 1.

    Attributes
    ----------
    middle
        Half way between the least value and the greatest.
    reach
        A power of two, so that whole numbers and halves are as exact in float32 as they were.
    low
        The least value of D.
    """

    middle: float
    reach: float
    low: float

    @property
    def scale(self) -> float:
        """What D - middle is multiplied by."""
        return 1.0 / self.reach


def scaled(diagonal: Floats) -> Scaled:
    """The middle and the reach of a diagonal [states].

    Raises
    ------
    ValueError
        It is empty, or one of its values is not finite.
    """
    if not len(diagonal):
        raise ValueError("a diagonal needs at least one state")
    low, high = float(diagonal.min()), float(diagonal.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("a diagonal has a value that is not finite")
    half = 0.5 * high - 0.5 * low
    if half >= 2.0**1023:
        raise ValueError("the values of a diagonal are too large")
    return Scaled(0.5 * high + 0.5 * low, math.ldexp(1.0, math.frexp(half)[1]) if half > 1e-290 else 1.0, low)


@dataclass(frozen=True)
class Observable:
    """shift + weight * min(d, level), between -1 and 1, of the kernel's diagonal d; and what it stands for.

    Its value is base + unit * (the expectation that the kernel finds).
    """

    shift: float
    weight: float
    level: float
    base: float
    unit: float


def observable(found: Scaled, cut: float | None, alpha: float) -> Observable:
    """D, or with a cut cut + min(D - cut, 0) / alpha."""
    if cut is None:
        return Observable(0.0, 1.0, 2.0, found.middle, found.reach)
    if not 0 < alpha <= 1:
        raise ValueError("the share alpha of a distribution is above 0, and 1 at most")
    level = min((cut - found.middle) / found.reach, 1.0)
    if not level > -1 or cut <= found.low:  # nothing is below
        return Observable(0.0, 0.0, 2.0, cut, 0.0)
    half = 0.5 * (level + 1)
    base = cut * (1 - 1 / alpha) + (found.middle + found.reach * (level - half)) / alpha
    return Observable((half - level) / half, 1 / half, level, base, found.reach * half / alpha)


def checked(gammas: Floats, betas: Floats) -> list[tuple[float, float]]:
    """The angles of each layer.

    Raises
    ------
    ValueError
        Their numbers differ, or one is not finite.
    """
    pairs = [(float(gamma), float(beta)) for gamma, beta in zip(gammas, betas, strict=True)]
    if not all(math.isfinite(gamma) and math.isfinite(beta) for gamma, beta in pairs):
        raise ValueError("an angle is not finite")
    return pairs


def turn(gamma: float, found: Scaled) -> float:
    """Half turns of the phase of d = 1. Beyond 2^20 float32 has no phase left: there it stays."""
    return max(-(2.0**20), min(2.0**20, gamma * found.reach / math.pi))


def probabilities(state: np.ndarray) -> Floats:
    """[states] float64, of complex amplitudes of any norm; they sum to one."""
    found: Floats = np.square(state.real, dtype=np.float64)
    found += np.square(state.imag, dtype=np.float64)
    found /= found.sum()
    return found


def normalised(state: np.ndarray) -> np.ndarray:
    """Amplitudes of norm one, of the type that they have."""
    norm = math.sqrt(sum(float(np.square(part, dtype=np.float64).sum()) for part in (state.real, state.imag)))
    return np.asarray(state / state.real.dtype.type(norm))


def draw(chances: Floats, shots: int, seed: int) -> Ints:
    """[shots] states drawn from probabilities [states] by their inverse distribution function."""
    heights = np.cumsum(chances)
    found = np.searchsorted(heights, np.random.default_rng(seed).random(shots) * heights[-1], side="right")
    return np.asarray(np.minimum(found, len(chances) - 1), np.int64)
