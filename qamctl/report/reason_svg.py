"""A decision as a picture: the posterior with its intervals, how the evidence made it, and the state as a heat map."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from qamctl.report.reason_style import LINES, STYLE
from qamctl.report.svg import FILE, Place, element, number, picture, short, text, title

#: Bars of the posterior, points of the waterfall, and lines of it, that are drawn.
MOST_BARS: Final = 16
MOST_STEPS: Final = 24

WIDTH: Final = 760
_MARGIN, _LABEL, _ROW, _GAP = 28.0, 190.0, 24.0, 34.0
_PLOT = WIDTH - 2 * _MARGIN - _LABEL - 60
_TALL: Final = 150.0
_CELL: Final = 30.0


def reason_svg(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], place: Place = FILE) -> str:
    """The picture of a reasoning result, as an SVG file or as part of a page.

    Parameters
    ----------
    result
        The object of a result file, with a solution.
    steps
        The posterior after each step, as `reason.explain` gives it; empty for networks.
    place
        Where the picture stands.
    """
    solution = result["solution"]
    drawn: list[str] = []
    top = _MARGIN + 18
    drawn.append(text(_MARGIN, top, f"Decision: {solution['decision']}", class_="heading"))
    top += 22
    drawn.append(text(_MARGIN, top, _facts(result), class_="facts"))
    top += _GAP
    for draw in (_posterior, _waterfall, _state):
        part, height = draw(result, steps, top)
        if part:
            drawn += part
            top += height + _GAP
    page = element("rect", x=0, y=0, width=WIDTH, height=top, class_="page")
    heading = f"Decision {solution['decision']}"
    return picture(place, WIDTH, top, heading=heading, told=_words(result), style=STYLE, inside=[page, *drawn])


def _words(result: Mapping[str, Any]) -> str:
    """What the picture shows, for those who can't see it."""
    posterior = result["solution"]["posterior"]
    if isinstance(posterior.get("table"), str):
        return f"{_facts(result)}."
    ranked = sorted(posterior, key=lambda name: -posterior[name])[:MOST_BARS]
    return " ".join([f"{_facts(result)}.", *(f"{name}: {100 * posterior[name]:.1f} %." for name in ranked)])


def _facts(result: Mapping[str, Any]) -> str:
    solution = result["solution"]
    told = [f"solved by {result['solved_by']}", f"evidence probability {number(solution['evidence_probability'])}"]
    if solution["shots"]:
        told.append(f"{solution['accepted']:,} of {solution['shots']:,} shots accepted")
    return ", ".join(told)


def _posterior(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], top: float) -> tuple[list[str], float]:
    """Bars, the longest for certainty, with a line from the low to the high end of each interval."""
    solution = result["solution"]
    posterior, intervals = solution["posterior"], solution["intervals"]
    if isinstance(posterior.get("table"), str):
        return [], 0.0
    ranked = sorted(posterior, key=lambda name: -posterior[name])[:MOST_BARS]
    out = [text(_MARGIN, top, "Posterior", class_="part")]
    left = _MARGIN + _LABEL
    for place, name in enumerate(ranked):
        y = top + 12 + place * _ROW
        low, high = intervals[name]
        chosen = " chosen" if name == solution["decision"] else ""
        told = title(f"{name}: {100 * posterior[name]:.3g} % ({100 * low:.3g} to {100 * high:.3g} %)")
        row = [
            told,
            text(left - 8, y + 13, short(name, _LABEL - 12, 11), class_="small", anchor="end"),
            element("rect", x=left, y=y + 2, width=_PLOT, height=_ROW - 8, class_="track"),
            element("rect", x=left, y=y + 2, width=_PLOT * posterior[name], height=_ROW - 8, class_=f"bar{chosen}"),
            text(left + _PLOT + 8, y + 13, f"{100 * posterior[name]:.1f} %", class_="small"),
        ]
        if high > low:
            middle = y + 2 + (_ROW - 8) / 2
            row.append(_line(left + _PLOT * low, middle, left + _PLOT * high, middle, "interval"))
        out.append(element("g", *row))
    height = 12 + len(ranked) * _ROW
    if more := len(posterior) - len(ranked):
        out.append(text(left, top + height + 12, f"and {more} less probable paths", class_="small"))
        height += 18
    return out, height


def _waterfall(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], top: float) -> tuple[list[str], float]:
    """The decisions' probabilities after each step, as lines."""
    shown = list(steps[:MOST_STEPS])
    if len(shown) < 2:
        return [], 0.0
    last = shown[-1]["decisions"]
    ranked = sorted(last, key=lambda name: -last[name])[: len(LINES)]
    left, right = _MARGIN + 40, WIDTH - _MARGIN - 130
    y0 = top + 14
    out = [text(_MARGIN, top, "Evidence, step by step", class_="part")]
    for share in (0.0, 0.5, 1.0):
        y = y0 + _TALL * (1 - share)
        out.append(_line(left, y, right, y, "grid"))
        out.append(text(left - 6, y + 4, f"{100 * share:.0f} %", class_="small", anchor="end"))
    across = (right - left) / (len(shown) - 1)
    for place, step in enumerate(shown):
        x = left + place * across
        label = short(str(step["step"]), max(across * 1.6, 40), 11)
        turn = f"rotate(-30 {x:.1f} {y0 + _TALL + 16:.1f})"
        out.append(element("g", text(x, y0 + _TALL + 16, label, class_="small", anchor="end"), transform=turn))
    ends: list[float] = []
    for name, colour in zip(ranked, LINES, strict=False):
        points = [(left + k * across, y0 + _TALL * (1 - row["decisions"][name])) for k, row in enumerate(shown)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(element("polyline", title(name), points=line, class_="step", stroke=colour))
        out += [element("circle", cx=x, cy=y, r=3.4, class_="dot", fill=colour) for x, y in points]
        at = points[-1][1]
        while any(abs(at - other) < 12 for other in ends):
            at += 12
        ends.append(at)
        out.append(text(right + 8, at + 4, short(name, 118, 11), class_="small"))
    return out, 14 + _TALL + 60


def _state(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], top: float) -> tuple[list[str], float]:
    """The reconstructed density matrix: how dark a cell is says how large, its needle which phase."""
    told = result["solution"].get("reconstructed") or {}
    if "rho" not in told:
        return [], 0.0
    real, imaginary = told["rho"]["real"], told["rho"]["imag"]
    names = [*told["paths"], *[""] * (len(real) - len(told["paths"]))]
    most = max(abs(complex(a, b)) for row in zip(real, imaginary, strict=True) for a, b in zip(*row, strict=True))
    figures = ", ".join(f"{name} {told[name]:.4g}" for name in ("fidelity", "purity") if told.get(name) is not None)
    out = [text(_MARGIN, top, f"State by {told['method']}: {figures}", class_="part")]
    left, y0 = _MARGIN + _LABEL, top + 14
    for row, (reals, imaginaries) in enumerate(zip(real, imaginary, strict=True)):
        y = y0 + row * _CELL
        out.append(text(left - 8, y + 19, short(names[row], _LABEL - 12, 11), class_="small", anchor="end"))
        for column, (a, b) in enumerate(zip(reals, imaginaries, strict=True)):
            value = complex(a, b)
            x = left + column * _CELL
            share = abs(value) / most if most > 0 else 0.0
            inside = [
                title(f"{names[row] or row}, {names[column] or column}: {a:.4g}{b:+.4g}i"),
                element("rect", x=x, y=y, width=_CELL, height=_CELL, class_="cell", fill=_shade(share)),
            ]
            if share > 0.05 and row != column:
                phase = cmath.phase(value)
                reach = 0.4 * _CELL * math.sqrt(share)
                cx, cy = x + _CELL / 2, y + _CELL / 2
                inside.append(_line(cx, cy, cx + reach * math.cos(phase), cy - reach * math.sin(phase), "phase"))
            out.append(element("g", *inside))
    return out, 14 + len(real) * _CELL


def _shade(share: float) -> str:
    """From nearly white to a dark blue."""
    low, high = (238, 241, 245), (31, 90, 160)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)
