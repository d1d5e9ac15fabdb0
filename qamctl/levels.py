"""The values of an answer, level by level: when two are the same, which is better, and what is proved of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamctl.race import Attempt

Number = int | float


def same(a: float, b: float) -> bool:
    """Whether two figures differ by nothing but rounding; whole numbers that floats hold exactly do not round."""
    if max(abs(a), abs(b)) <= 2**53 and float(a).is_integer() and float(b).is_integer():
        return a == b
    return abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def reached(value: float, bound: float | None) -> bool:
    """Whether nothing below a value is possible, differences of rounding apart."""
    return bound is not None and (value <= bound or same(value, bound))


def better(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether objective `a` beats `b`, level by level, differences of rounding apart."""
    for x, y in zip(a, b, strict=True):
        if not same(x, y):
            return x < y
    return False


def tidy(value: Number) -> Number:
    """A figure as an int where it is integral."""
    return int(value) if float(value).is_integer() else float(value)


def relative_gap(objective: Number, bound: Number) -> float:
    """gap = |objective - bound| / max(1, |objective|)."""
    return abs(objective - bound) / max(1, abs(objective))


@dataclass(frozen=True, slots=True)
class Proof:
    """How good the answer is known to be.

    Attributes
    ----------
    bounds
        A lower bound for each objective level, given the values of the levels before it; None where unknown.
    level
        The level that `objective` and `bound` speak of: the first one not proved optimal, else the last.
    optimal
        Every level is proved.
    """

    bounds: tuple[Number | None, ...]
    level: int
    optimal: bool


def prove(levels: Sequence[Number], attempts: Sequence[Attempt], everywhere: Sequence[float | None]) -> Proof:
    """Join the bounds of all engines.

    An engine's bound of a later level holds under the values that its own answer has in the levels before;
    it counts only where the answer has the same ones.

    Parameters
    ----------
    levels
        The answer's objective values.
    attempts
        What the engines achieved.
    everywhere
        Bounds of each level that hold for every answer.
    """
    bounds: list[Number | None] = []
    for k, value in enumerate(levels):
        known = [b for b in [everywhere[k]] if b is not None]
        for attempt in attempts:
            bound = attempt.bounds[k] if attempt.bounds is not None else None
            if bound is None:
                continue
            if k == 0 or (attempt.value is not None and all(map(same, attempt.value[:k], levels[:k]))):
                known.append(bound)
        best = max(known, default=None)
        # An integral bound reads as one; rounding of floats must not put the bound above the answer.
        bounds.append(None if best is None else value if same(best, value) else tidy(best))
    proved = [b is not None and b == v for b, v in zip(bounds, levels, strict=True)]
    level = proved.index(False) if False in proved else max(0, len(levels) - 1)
    return Proof(tuple(bounds), level, all(proved))
