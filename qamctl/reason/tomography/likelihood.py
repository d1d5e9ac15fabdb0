"""The state under which what was read is most likely, with the errors of readout among the effects.

Accelerated projected gradient ascent over density matrices (Shang, Zhang and Ng, PRA 95, 062336, 2017), with a line
search and restarts such that the likelihood never falls. The logarithm is concave, so a gradient R at any point bounds
what the best state has: by lambda_max(R) - 1 a shot more than there (Glancy, Knill and Girard, New J. Phys. 14, 095017,
2012). That says when to stop. A hedge keeps states off the boundary, see `qamctl.reason.tomography.hedge`; each step
takes it in exactly, as a proximal one. Many data sets with the same effects are climbed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.reason.spec import Complex, Floats
from qamctl.reason.tomography.hedge import hedged_nearest, highest_mean

#: Log-likelihood, in nats over all shots, that the best state may have more: far less than noise moves it by.
TOLERANCE: Final = 1e-3
#: Steps that are tried at most.
LIMIT: Final = 5_000
#: Share of the most mixed state in what the climb starts from: no outcome is impossible there.
_LIFT: Final = 1e-3
#: A step that is taken makes the next one longer by so much, one that overshoots makes it shorter.
_LONGER: Final = 1.25
_SHORTER: Final = 0.5
#: Differences of log-likelihoods a shot that are rounding.
_ROUNDING: Final = 1e-15


@dataclass(frozen=True, eq=False)
class Fits:
    """The most likely states of s data sets.

    Attributes
    ----------
    states
        [s, d, d] density matrices.
    log_likelihood
        [k, s] after each step of the climb, in nats over all shots, with hedge * log det; the last row is that of
        `states`.
    gaps
        [s] the most that the best state can have above that.
    iterations
        [s] steps that were tried.
    converged
        [s] whether the gap is within the tolerance.
    """

    states: Complex
    log_likelihood: Floats
    gaps: Floats
    iterations: npt.NDArray[np.int64]
    converged: npt.NDArray[np.bool_]


def most_likely(
    effects: Complex,
    counts: Floats,
    starts: Complex,
    *,
    hedge: float = 0.0,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> Fits:
    """Climb from states to the most likely ones.

    Parameters
    ----------
    effects
        [m, d, d] as of `settings.effects`.
    counts
        [s, m] how often each was read; any weights from 0 will do.
    starts
        [s, d, d] or [d, d] density matrices.
    hedge
        The power of det(rho) in the likelihood: 0 for none.
    tolerance
        The gap to stop at, in nats over all shots.
    limit
        Steps to try at most.
    """
    size = effects.shape[-1]
    rows = _packed(effects)
    shots = counts.sum(axis=1)
    often = counts / shots[:, None]
    state = np.broadcast_to(starts, (len(counts), size, size)) * (1 - _LIFT) + np.eye(size) * (_LIFT / size)
    p = _packed(state) @ rows.T
    weight = hedge / shots
    level = _level(often, p)
    determinant = np.zeros(len(counts))
    if hedge:
        determinant = np.linalg.slogdet(state)[1]
        level += weight * determinant
    before, p_before = state.copy(), p.copy()
    step, streak = np.ones(len(counts)), np.zeros(len(counts))
    highest = np.full(len(counts), np.inf)
    iterations = np.zeros(len(counts), np.int64)
    path = [level * shots]
    at = np.arange(len(counts))
    for turn in range(limit + 1):
        f = often[at]
        # Momentum, but only where what was read stays possible.
        momentum = streak[at] / (streak[at] + 3)
        there = p[at] + momentum[:, None] * (p[at] - p_before[at])
        lost = ((f > 0) & (there <= 0)).any(axis=1)
        momentum[lost], streak[at[lost]], there[lost] = 0.0, 0.0, p[at[lost]]
        gradient = _unpacked(np.divide(f, there, out=np.zeros_like(f), where=f > 0) @ rows, size)
        bound = _level(f, there) + highest_mean(gradient, weight[at]) - 1
        highest[at] = np.minimum(highest[at], bound)
        going = (highest[at] - level[at]) * shots[at] > tolerance
        if turn == limit or not going.any():
            break
        at, f, there, gradient, momentum = (x[going] for x in (at, f, there, gradient, momentum))
        iterations[at] += 1
        point = state[at] + momentum[:, None, None] * (state[at] - before[at])
        new, spread = hedged_nearest(point + step[at][:, None, None] * gradient, step[at] * weight[at])
        drawn = weight[at] * (spread - determinant[at]) if hedge else 0.0
        found = _packed(new) @ rows.T
        change = _ratio(f, there, found)
        with np.errstate(divide="ignore"):  # a step may make impossible what was read: it is not taken
            bend = (f * (change - np.log1p(change))).sum(axis=1)
            rise = (f * np.log1p(_ratio(f, p[at], found))).sum(axis=1) + drawn
        short = bend <= (np.abs(new - point) ** 2).sum(axis=(1, 2)) / (2 * step[at])
        # A short step without momentum rises; near the top that is less than what rounding shows.
        rises = (momentum == 0) | (rise >= -_ROUNDING)
        taken = short & rises
        step[at] *= np.where(taken, _LONGER, np.where(short, 1.0, _SHORTER))
        streak[at] = np.where(taken, streak[at] + 1, np.where(short, 0.0, streak[at]))
        moved = at[taken]
        before[moved], p_before[moved] = state[moved], p[moved]
        state[moved], p[moved], determinant[moved] = new[taken], found[taken], spread[taken]
        level[moved] = _level(f[taken], found[taken]) + (weight[moved] * spread[taken] if hedge else 0.0)
        path.append(level * shots)
    gaps = np.maximum(0.0, (highest - level) * shots)
    return Fits(state, np.array(path), gaps, iterations, gaps <= tolerance)


def _packed(matrices: Complex) -> Floats:
    """[k, d * d] Hermitian matrices as real rows: tr(A B) is the product of theirs.

    The real part is symmetric and the imaginary one is not, so what they have in common in a sum is 0.
    """
    return np.asarray((matrices.real + matrices.imag).reshape(len(matrices), -1))


def _unpacked(rows: Floats, size: int) -> Complex:
    """[k, d, d] what `_packed` makes rows of."""
    both = rows.reshape(len(rows), size, size)
    other = both.swapaxes(1, 2)
    return np.asarray((both + other) / 2 + 0.5j * (both - other))


def _level(often: Floats, p: Floats) -> Floats:
    """[s] the log-likelihood a shot: -inf where what was read is impossible."""
    held = often > 0
    with np.errstate(divide="ignore"):
        return np.asarray((often * np.log(np.where(held, np.maximum(p, 0.0), 1.0))).sum(axis=1))


def _ratio(often: Floats, p: Floats, new: Floats) -> Floats:
    """[s, m] new / p - 1 of what was read: -1 where it is no longer possible."""
    return np.divide(np.maximum(new, 0.0) - p, p, out=np.zeros_like(p), where=often > 0)
