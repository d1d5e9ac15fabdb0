"""How the best answer got better while engines searched, beside the bound that it can't pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from qamctl.report.axis import Axis, below, beside, figure
from qamctl.report.svg import Place, element, picture, text, title

WIDE, HIGH = 960.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 90.0, 130.0, 16.0, 44.0

#: Points that are drawn; of more, the last one of each of as many spans of time.
MOST_POINTS: Final = 400

#: Points that are told in words.
MOST_TOLD: Final = 12

#: An improvement: seconds, objective, and the engine that found it.
Point = tuple[float, float, str]


def curve_svg(curve: Sequence[Point], bound: float | None, seconds: float, place: Place) -> str:
    """The picture of a search.

    Parameters
    ----------
    curve
        At least one improvement, in the order of time.
    bound
        Of the result; None where none is known.
    seconds
        How long was searched: the last answer stands until then.
    """
    last = max(seconds, curve[-1][0])
    values = [value for _, value, _ in curve] + ([] if bound is None else [bound])
    least = 1e-9 * max(map(abs, values))  # what rounding makes of equal figures is no difference
    spread = (max(values) - min(values)) * 0.06
    spread = spread if spread > least else max(map(abs, values)) * 0.06 or 1.0
    across = Axis(0.0, last, _LEFT, WIDE - _RIGHT)
    up = Axis(min(values) - spread, max(values) + spread, HIGH - _BOTTOM, _TOP)
    shown = thinned(curve, last)
    parts = [*beside(up, _LEFT, WIDE - _RIGHT), *below(across, _TOP, HIGH - _BOTTOM), *_words_of_axes()]
    if bound is not None:
        y = up.at(bound)
        parts.append(element("line", class_="limit", x1=_LEFT, y1=y, x2=WIDE - _RIGHT, y2=y))
        parts.append(text(WIDE - _RIGHT + 8, y + 4, f"bound {figure(bound)}", class_="small"))
    parts += _line(shown, across, up, last)
    y = up.at(curve[-1][1])
    if bound is None or abs(y - up.at(bound)) > 12:
        parts.append(text(WIDE - _RIGHT + 8, y + 4, f"found {figure(curve[-1][1])}", class_="small"))
    told = " ".join(_words(curve, bound))
    drawn = element("g", *parts, class_="chart")
    return picture(place, WIDE, HIGH, heading="The best answer over time", told=told, style="", inside=[drawn])


def thinned(curve: Sequence[Point], last: float) -> list[Point]:
    """The curve, or, of very many points, the last one of each span of time."""
    if len(curve) <= MOST_POINTS or last <= 0:
        return list(curve)
    kept = {int(point[0] / last * MOST_POINTS): point for point in curve}
    return list(kept.values())


def _line(curve: Sequence[Point], across: Axis, up: Axis, last: float) -> Iterator[str]:
    path = ""
    for seconds, value, _ in curve:
        x, y = across.at(seconds), up.at(value)
        path += f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}"
    yield element("path", class_="step", d=f"{path}H{across.at(last):.1f}")
    for seconds, value, engine in curve:
        told = title(f"{engine}: {figure(value)} after {seconds:.3g} s")
        yield element("circle", told, class_="dot", cx=across.at(seconds), cy=up.at(value), r=3.2)


def _words_of_axes() -> Iterator[str]:
    yield text(_LEFT, HIGH - 8, "seconds", class_="small")
    yield text(8, _TOP + 4, "objective", class_="small")


def _words(curve: Sequence[Point], bound: float | None) -> Iterator[str]:
    """What the picture shows, for those who can't see it."""
    told = list(curve) if len(curve) <= MOST_TOLD else [*curve[: MOST_TOLD // 2], *curve[-MOST_TOLD // 2 :]]
    for seconds, value, engine in told:
        yield f"After {seconds:.3g} s {figure(value)} by {engine}."
    if len(told) < len(curve):
        yield f"{len(curve)} improvements in all."
    if bound is not None:
        yield f"The bound is {figure(bound)}."
