"""Curves as SVG, in plain text: lines over a logarithmic axis of time, a legend, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Line = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
#: Colours that people who see no red or green tell apart (Okabe and Ito), then the same dashed.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def svg(title: str, lines: Mapping[str, Line], *, x: str, y: str) -> str:
    """A picture of lines by name; the x axis is logarithmic, the y axis begins at 0.

    Parameters
    ----------
    lines
        Points (x > 0, y >= 0) in the order of x.
    x, y
        What the axes are called.
    """
    points = [point for line in lines.values() for point in line if point[0] > 0]
    low = math.log10(min((p[0] for p in points), default=0.1))
    high = math.log10(max((p[0] for p in points), default=10.0))
    low, high = math.floor(low * 2) / 2, max(math.ceil(high * 2) / 2, math.floor(low * 2) / 2 + 0.5)
    most = _nice(max((p[1] for p in points), default=1.0))
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(point: tuple[float, float]) -> str:
        across = LEFT + wide * (math.log10(max(point[0], 10**low)) - low) / (high - low)
        return f"{across:.1f},{TOP + tall * (1 - min(point[1], most) / most):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12"',
        '  font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
        f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x)}</text>',
        f'<text transform="translate(18 {TOP + tall / 2}) rotate(-90)" text-anchor="middle">{escape(y)}</text>',
    ]
    for k in range(5):
        at, value = TOP + tall * (1 - k / 4), most * k / 4
        parts.append(f'<path d="M{LEFT} {at:.1f}h{wide}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        at = LEFT + wide * (power - low) / (high - low)
        parts.append(f'<path d="M{at:.1f} {TOP}v{tall}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP + tall + 18}" text-anchor="middle">{10.0**power:g}</text>')
    for k, (name, line) in enumerate(lines.items()):
        colour = COLOURS[k % len(COLOURS)]
        dash = ' stroke-dasharray="6 3"' if k >= len(COLOURS) else ""
        path = " ".join(place(point) for point in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        at = TOP + 8 + 18 * k
        parts.append(f'<path d="M{WIDTH - RIGHT + 14} {at}h22" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 42}" y="{at + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _nice(value: float) -> float:
    """The next of 1, 2, 4, 5, 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value * (1 - 1e-12))
