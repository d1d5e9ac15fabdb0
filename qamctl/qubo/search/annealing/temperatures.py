"""At which temperatures to anneal a model: read off the model itself while it cools once, quickly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings, Floats

#: Each temperature of the look is this times the one before.
STEP = 0.8

#: Temperatures of the look at most: from the largest scale of the model over seven decimal places.
STEPS = 72

#: With less than so many sweeps the look takes every third temperature; with less than a quarter, it is left out.
SHORT = 80

#: Shares of climbs where a hot end may lie. Spin glasses are best heated to about a twentieth; penalties that freeze
#: early, and grids, which have no transition, are best begun far colder.
HOT = (0.15, 0.06, 0.02, 0.006, 0.002)

#: The hot end where there is no time to compare.
USUAL = 0.02

#: It is cold where climbs times temperature, about the energy of thermal noise, are this part of what they were
#: where one flip in twenty climbed.
NOISE, REFERENCE = 1e-3, 0.05

#: The look sees so many flips at each temperature at least.
LOOKED = 8192


@dataclass(frozen=True, slots=True)
class Span:
    """Temperatures that are worth annealing at, in the kernels' units.

    Attributes
    ----------
    hot
        Candidates for the hot end, hottest first; at least one.
    usual
        The one among them to take unseen.
    cold
        The cold end, below all of them.
    """

    hot: tuple[float, ...]
    usual: float
    cold: float


def scale_of(model: Couplings) -> float:
    """The largest root of summed squares of a variable's couplings, halved: what its neighbours do to it; or of fields.

    Temperatures a little above it are hot for every variable.
    """
    square = np.bincount(
        np.repeat(np.arange(model.n), np.diff(model.first)), model.weight.astype(np.float64) ** 2, model.n
    )
    largest = float(np.sqrt(square.max(initial=0.0))) / 2
    return largest or float(np.abs(model.linear).max(initial=0)) or 1.0


def look(scale: float, n: int, climbs: Callable[[float, int], float | None], sweeps: int) -> Span:
    """Cool a random state once, and see how often it climbs at each temperature.

    Parameters
    ----------
    scale
        Hot for every variable, as `scale_of` gives it.
    n
        Variables.
    climbs
        Goes on with the state for some sweeps at a temperature; the share of flips looked at that raise the energy,
        None where the search is over.
    sweeps
        What the look may take, about.
    """
    temperature, step = scale, STEP if sweeps >= SHORT else STEP**3
    if 4 * sweeps < SHORT:
        return Span((0.3 * temperature,), 0.3 * temperature, 0.05 * temperature)
    each = int(np.clip(-(-LOOKED // max(1, n)), 1, max(1, sweeps // 40)))
    trace: list[tuple[float, float]] = []
    reference, quiet = 0.0, 0
    while len(trace) < STEPS and quiet < 2:
        share = climbs(temperature, each)
        if share is None:
            break
        trace.append((temperature, share))
        if share <= REFERENCE:
            reference = max(reference, share * temperature)
            quiet = quiet + 1 if share * temperature <= NOISE * reference else 0
        temperature *= step
    return span(trace)


def span(trace: list[tuple[float, float]]) -> Span:
    """The span of a look: (temperature, share of climbs), hottest first."""
    if not trace:
        return Span((1.0,), 1.0, 0.1)
    reference = max((t * c for t, c in trace if c <= REFERENCE), default=0.0)
    cold = next((t for t, c in trace if c <= REFERENCE and t * c <= NOISE * reference), trace[-1][0])
    hot = [t for t in (_where(trace, level) for level in HOT) if t > 1.5 * cold]
    hot = list(dict.fromkeys(hot)) or [3 * cold]
    usual = _where(trace, USUAL)
    return Span(tuple(hot), min(hot, key=lambda t: abs(np.log(t / usual))), cold)


def _where(trace: list[tuple[float, float]], level: float) -> float:
    """The temperature at which climbs first fall to a level, between those that were looked at."""
    below = next((k for k, (_, share) in enumerate(trace) if share <= level), len(trace) - 1)
    colder, low = trace[below]
    if below == 0 or low > level:
        return colder
    warmer, high = trace[below - 1]
    part = 0.5 if low == 0 else float(np.log(high / level) / np.log(high / low))
    return float(warmer * (colder / warmer) ** part)


def cooling(hot: float, cold: float, sweeps: int) -> Floats:
    """[sweeps] temperatures, each the same part of the one before; a single one is the cold end."""
    if sweeps <= 1:
        return np.full(max(0, sweeps), cold)
    made: Floats = np.geomspace(hot, cold, sweeps)
    return made
