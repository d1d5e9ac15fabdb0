"""A mitigated value against the counts that it began with: what of its way can be gone once more without the machine.

Counts of folded and calibrating circuits are not in the result, so that the values at higher noise scales are taken as
they are told. The first one follows from counts, calibrated readout and groups, and the end from the values of all
scales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.errors import QamError
from qamctl.quantum.mitigation.extrapolation import Point, extrapolate
from qamctl.quantum.mitigation.program import METHODS

#: Relative rounding of a mean; corrected ones sum up many large numbers.
ROUNDING: Final = 1e-7

#: Standard errors that a value may be off where terms may have been read in another basis than is thought here.
ERRORS: Final = 7.0


@dataclass(frozen=True, slots=True)
class Read:
    """Counts by bitstring, and the (columns, weight) of the products of Z that are read from them."""

    counts: Mapping[str, int]
    terms: Sequence[tuple[Sequence[int], float]]


def complaints(
    told: Mapping[str, Any],
    value: float,
    error: float,
    reads: Sequence[Read],
    groups: Sequence[Sequence[int]],
    constant: float,
) -> list[tuple[str, str]]:
    """(field, what is wrong with it) of a `mitigation` block.

    Parameters
    ----------
    told
        The block; anything may be wrong with its shape.
    value, error
        The mitigated mean.
    reads
        The circuit's counts or those of each basis.
    groups
        Bits of which one is 1.
    constant
        The part of the mean that no counts hold.
    """
    methods = told.get("methods")
    if not isinstance(methods, list) or not methods or not all(name in METHODS for name in methods):
        return [("methods", f"must be among {', '.join(METHODS)}")]
    found = [
        (key, "must be a whole number above 0")
        for key in ("shots", "circuits")
        if type(told.get(key)) is not int or told[key] < len(reads)
    ]
    first, spread = value, error
    if "zne" in methods:
        points = _points(told.get("points"))
        if points is None:
            return [*found, ("points", "must be scales, values and standard errors from scale 1 on")]
        first, spread = points[0].value, points[0].error
        found += _ends(points, told.get("asymptote"), value, error)
    try:
        right = _first(told, methods, reads, groups)
    except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
        return [*found, ("readout", "does not hold P(1|0) and P(0|1) of each bit that was read")]
    scale = max(1.0, abs(first), *(abs(weight) for read in reads for _, weight in read.terms))
    allowed = ERRORS * spread if len(reads) > 1 else ROUNDING * scale
    if right is not None and not abs(right + constant - first) <= allowed + ROUNDING * scale:
        where = "points[0].value" if "zne" in methods else "value"
        found.append((where, f"is {first}, counts and readout give {right + constant}"))
    return found


def _first(
    told: Mapping[str, Any], methods: Sequence[str], reads: Sequence[Read], groups: Sequence[Sequence[int]]
) -> float | None:
    """The value at noise scale 1; None where it takes quasi-probabilities: post-selection of corrected counts."""
    corrected, chosen = "readout" in methods, "postselect" in methods
    if corrected and chosen:
        return None
    flips = told["readout"] if corrected else [None] * len(reads)
    if len(flips) != len(reads):
        raise ValueError
    total = []
    for read, rates in zip(reads, flips, strict=True):
        kept = {text: count for text, count in read.counts.items() if not chosen or _passes(text, groups)}
        for text, count in kept.items():
            z = _signs(text, rates)
            total += [
                weight * math.prod(z[at] for at in columns) * count / sum(kept.values())
                for columns, weight in read.terms
            ]
    return math.fsum(total)


def _signs(text: str, rates: Sequence[Sequence[float]] | None) -> list[float]:
    """What each bit counts for in a product of Z: 1 or -1, or what these become where readout is undone.

    With a = P(1|0) and b = P(0|1) the mean of (z + a - b) / (1 - a - b) over what is read is the true Z.
    """
    bits = [1.0 if bit == "0" else -1.0 for bit in reversed(text)]
    if rates is None:
        return bits
    return [(z + a - b) / (1 - a - b) for z, (a, b) in zip(bits, rates, strict=True)]


def _passes(text: str, groups: Sequence[Sequence[int]]) -> bool:
    return all(sum(text[len(text) - 1 - bit] == "1" for bit in group) == 1 for group in groups)


def _points(given: Any) -> list[Point] | None:
    if not isinstance(given, list):
        return None
    try:
        found = [Point(*(float(row[key]) for key in ("scale", "value", "standard_error"))) for row in given]
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        return None
    scales = [point.scale for point in found]
    finite = all(math.isfinite(v) for p in found for v in (p.scale, p.value, p.error))
    return found if len(found) > 1 and finite and scales[0] == 1 and scales == sorted(set(scales)) else None


def _ends(points: Sequence[Point], asymptote: Any, value: float, error: float) -> list[tuple[str, str]]:
    """The value without noise against the points, fitted once more."""
    try:
        known = None if asymptote is None else float(asymptote)
        right = extrapolate(points, asymptote=known)
    except (TypeError, ValueError, QamError):
        return [("points", "allow no extrapolation")]
    # Least squares end where steps get small: on another machine a bit elsewhere.
    near = 1e-4 * max(1.0, abs(right.value))
    if abs(value - right.value) > near or abs(error - right.error) > near:
        return [("points", f"give {right.value} +- {right.error} without noise, not {value} +- {error}")]
    return []
