"""Zero-noise extrapolation: values at several noise scales, and what they say about none at all.

The fits are a line, a parabola, Richardson's polynomial through all points (Temme, Bravyi and Gambetta 2017), and an
exponential decay towards a known asymptote, which depolarising noise under global folding follows exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.errors import UsageError
from qamctl.qubo.model import Floats

FITS: Final = {
    "auto": "the exponential (without an asymptote: richardson) where it gains more than its noise costs; else linear",
    "linear": "a straight line",
    "quadratic": "a parabola",
    "richardson": "the polynomial through all points",
    "exponential": "a decay towards the asymptote",
}
#: Standard errors that a difference must exceed to be seen.
_CLEAR: Final = 2.0
#: Errors are none where they are smaller parts of the values.
_EXACT: Final = 1e-12


@dataclass(frozen=True)
class Point:
    """A value that was measured with the noise scaled, and its standard error."""

    scale: float
    value: float
    error: float


@dataclass(frozen=True)
class Extrapolation:
    """The value without noise, as far as the points tell.

    Attributes
    ----------
    value, error
        At scale 0, with the standard error that follows from those of the points; where these lie farther from the
        curve than their errors allow, it is larger by as much.
    fit
        The one that was used: a key of `FITS`, not "auto".
    why
        Why this one.
    points
        What was measured, by rising scale.
    asymptote
        The value of endless noise, None where it was not given.
    notes
        What one should know about the data.
    """

    value: float
    error: float
    fit: str
    why: str
    points: tuple[Point, ...]
    asymptote: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Curve:
    """A fitted curve: its value at scale 0, each point's weight in that, and its distance from points of error 1."""

    fit: str
    value: float
    weights: Floats
    misfit: float

    def error(self, errors: Floats) -> float:
        return float(np.linalg.norm(self.weights * errors))


def extrapolate(points: Sequence[Point], *, fit: str = "auto", asymptote: float | None = None) -> Extrapolation:
    """The value at scale 0.

    Where the points forbid the fit that was asked for (they cross the asymptote, move away from it, or go up and
    down by more than their errors), a line takes its place and `notes` says so.

    Raises
    ------
    UsageError
        There is no such fit, too few different scales, a scale that is not above 0, numbers that are not finite, or
        an exponential without an asymptote.
    """
    points = tuple(sorted(points, key=lambda point: point.scale))
    _require(points, fit, asymptote)
    x, y, errors = (np.array([getattr(p, name) for p in points], np.float64) for name in ("scale", "value", "error"))
    if errors.max() <= _EXACT * np.abs(y).max():
        errors = np.zeros(len(y))
    # Relative errors, for weights: none is zero, and all are alike where all points are exact.
    sigma = np.maximum(errors / errors.max(), 1e-3) if errors.any() else np.ones(len(y))
    line = _polynomial("linear", 1, x, y, sigma)
    name, other, against = _other(fit, x, y, errors, sigma, asymptote)
    notes: list[str] = []
    curve, why = line, "it was asked for"
    if against is not None:
        why = f"{against}, so a line was taken in place of {name}"
        notes.append(why)
    elif fit == "auto" and other is not None:
        curve, why = _better(line, other, errors)
    elif fit == "auto":
        why = "two points without an asymptote allow no more"
    else:
        curve = other or line
    free = len(points) - {"linear": 2, "exponential": 2, "quadratic": 3}.get(curve.fit, len(points))
    stretch = 1.0
    if free > 0 and errors.all():
        stretch = max(1.0, curve.misfit / float(errors.max()) / math.sqrt(free))
        if stretch > _CLEAR:
            notes.append(f"the points lie {stretch:.1f} times as far from the curve as their errors allow")
    return Extrapolation(curve.value, stretch * curve.error(errors), curve.fit, why, points, asymptote, tuple(notes))


def _other(
    fit: str, x: Floats, y: Floats, errors: Floats, sigma: Floats, asymptote: float | None
) -> tuple[str, _Curve | None, str | None]:
    """The fit beside the line: its name, and the curve or what forbids it; neither, where the line is all there is."""
    if fit == "exponential" or (fit == "auto" and asymptote is not None):
        assert asymptote is not None
        return "exponential", *_exponential(x, y, errors, sigma, asymptote)
    if fit == "linear" or (fit == "auto" and len(x) == 2):
        return "linear", None, None
    name = "quadratic" if fit == "quadratic" else "richardson"
    if _turns(y, errors):
        return name, None, "the values go up and down with the scale"
    return name, _polynomial(name, 2 if name == "quadratic" else len(x) - 1, x, y, sigma), None


def _require(points: Sequence[Point], fit: str, asymptote: float | None) -> None:
    if fit not in FITS:
        raise UsageError(f"there is no fit {fit!r}: choose {', '.join(FITS)}")
    if not all(math.isfinite(v) for p in points for v in (p.scale, p.value, p.error)):
        raise UsageError("a point of the extrapolation is not finite")
    if any(p.scale <= 0 or p.error < 0 for p in points):
        raise UsageError("the points of an extrapolation need scales above 0 and no negative errors")
    least = 3 if fit == "quadratic" else 2
    if len({p.scale for p in points}) != len(points) or len(points) < least:
        raise UsageError(f"the fit {fit} needs at least {least} points, all of different scales")
    if fit == "exponential" and asymptote is None:
        raise UsageError(
            "an exponential fit needs the asymptote: give the observable's value in the maximally mixed state"
        )


def _polynomial(fit: str, degree: int, x: Floats, y: Floats, sigma: Floats) -> _Curve:
    """Weighted least squares; its value at 0 is linear in y."""
    powers = np.vander(x, degree + 1, increasing=True) / sigma[:, None]
    inverse = np.linalg.pinv(powers)
    left = powers @ (inverse @ (y / sigma)) - y / sigma
    weights = inverse[0] / sigma
    return _Curve(fit, float(weights @ y), weights, float(np.linalg.norm(left)))


def _turns(y: Floats, errors: Floats) -> bool:
    """Whether values clearly go both ways."""
    steps = np.diff(y)
    clear = steps[np.abs(steps) > _CLEAR * np.hypot(errors[1:], errors[:-1])]
    return len(np.unique(np.sign(clear))) > 1


def _exponential(
    x: Floats, y: Floats, errors: Floats, sigma: Floats, asymptote: float
) -> tuple[_Curve | None, str | None]:
    """The decay c + a exp(-b x) by weighted least squares, or what forbids it."""
    from scipy.optimize import least_squares

    above = y - asymptote
    noise = _CLEAR * errors
    if abs(above[0]) <= noise[0] or above[0] == 0:
        return None, "the first value can't be told from the asymptote"
    sign = np.sign(above[0])
    above = sign * above
    if (above < -noise).any():
        return None, "the values cross the asymptote"
    if (np.diff(above) > _CLEAR * np.hypot(errors[1:], errors[:-1])).any() or above[1] >= above[0]:
        return None, "the values don't fall towards the asymptote"
    second = int(np.nonzero(above > noise)[0][1:][:1].sum())
    if not second:
        return None, "only the first value can be told from the asymptote (smaller scales would help)"
    rate = max(math.log(above[0] / above[second]) / (x[second] - x[0]), 1e-6)

    def off(parameters: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray((parameters[0] * np.exp(-parameters[1] * x) - above) / sigma)

    with np.errstate(over="ignore"):
        found = least_squares(off, (above[0] * math.exp(min(rate * x[0], 700.0)), rate), x_scale="jac")
    a, b = found.x.tolist()
    if not (found.success and b > 0):
        return None, "the values don't fall towards the asymptote"
    decay = np.exp(-b * x)
    slopes = np.stack([decay, -a * x * decay], axis=1) / sigma[:, None]
    weights = np.linalg.pinv(slopes)[0] / sigma
    return _Curve("exponential", float(asymptote + sign * a), weights, float(np.linalg.norm(found.fun))), None


def _better(line: _Curve, other: _Curve, errors: Floats) -> tuple[_Curve, str]:
    """The curve with the smaller estimated mean squared error, if what the other bends by is no bias of its own."""
    apart = other.value - line.value
    doubt = float(np.linalg.norm((other.weights - line.weights) * errors))
    bias = max(0.0, apart**2 - doubt**2)
    plain, curved = line.error(errors) ** 2 + bias, other.error(errors) ** 2
    told = f"the curves differ by {abs(apart):.3g} +- {doubt:.2g} at scale 0, and their errors are "
    told += f"{line.error(errors):.2g} (linear) and {other.error(errors):.2g} ({other.fit})"
    if curved <= plain:
        return other, f"attenuation outweighs noise: {told}"
    return line, f"noise outweighs curvature: {told}"
