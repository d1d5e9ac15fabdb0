"""How far shots alone move a reconstructed state: the experiment is repeated in simulation (parametric bootstrap)."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.likelihood import Fits, most_likely

#: Of the resampled states, in nats over all shots for each real number of a state, of which shots take about a half.
TOLERANCE: Final = 2e-3
#: What the intervals are meant to cover.
CONFIDENCE: Final = 0.95


def resampled(effects: Complex, counts: Floats, rho: Complex, resamples: int, seed: int, *, hedge: float) -> Fits:
    """What is reconstructed from counts that a state would give, as often as `resamples` says.

    Parameters
    ----------
    effects
        [bases * d, d, d] as of `settings.effects`.
    counts
        [bases, d] the experiment's: each basis keeps its number of shots.
    rho
        [d, d] the state to draw from.
    hedge
        As the state was found with.
    """
    rng = np.random.default_rng(seed)
    chances = np.maximum(np.einsum("mij,ji->m", effects, rho).real, 0.0).reshape(counts.shape)
    chances /= chances.sum(axis=1, keepdims=True)
    shots = counts.sum(axis=1).astype(np.int64)
    drawn = rng.multinomial(shots, chances, size=(resamples, len(shots)))
    rows = drawn.reshape(resamples, -1).astype(float)
    return most_likely(effects, rows, rho, hedge=hedge, tolerance=TOLERANCE * rho.size)


def interval(value: float, values: Floats, least: float, most: float) -> tuple[float, float]:
    """The 95 % interval of a figure (basic bootstrap: Davison and Hinkley, 1997, section 5.2.1).

    The states that are reconstructed from a state lie off it as that one lies off the true one: near pure states, by
    more than their spread. So this is taken off twice, and the interval may lie beside `value`. Percentiles of
    `values` would add it instead.

    Parameters
    ----------
    value
        Of the reconstructed state.
    values
        [resamples] of those reconstructed from it.
    least, most
        What the figure can be.
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = np.clip(2 * value - np.quantile(values, [1 - tail, tail]), least, most).tolist()
    return low, high
