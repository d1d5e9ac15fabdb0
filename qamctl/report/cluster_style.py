"""Colours and letters of pictures of clusters: for light pages, and for dark ones where the reader prefers them.

Blue and orange can be told apart by everybody; what a colour says is said by a form, too: a ring, a mark, a width.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1f2733; }
.heading { font-size: 18px; font-weight: 600; }
.facts { font-size: 12px; fill: #5b6675; }
.name { font-size: 13px; font-weight: 600; }
.small { font-size: 10.5px; fill: #5b6675; }
.label { font-size: 9.5px; fill: #3d4756; paint-order: stroke; stroke: #f7f9fb; stroke-width: 3px; }
.muted { fill: #5b6675; }
.page { fill: #ffffff; }
.box { stroke: #ccd4dd; stroke-width: 1.2; }
.cluster { fill: #f7f9fb; }
.around { fill: #ffffff; stroke: #a9b4c0; }
.veil { fill-opacity: 0.82; stroke: none; }
.left-out { fill: none; stroke-dasharray: 5 4; }
.track { fill: #dfe5ec; }
.load { fill: #3f83c8; }
.load.hot { fill: #e2812c; }
.load.over { fill: #c4314b; }
.safe { stroke: #1f2733; stroke-width: 1.6; }
.was { fill: #5b6675; }
.link { fill: none; stroke-linecap: round; }
.cut { stroke: #c2417c; }
.kept { stroke: #7d90a6; stroke-opacity: 0.6; }
.agent circle { fill: #5d7fa6; stroke: #ffffff; stroke-width: 1.4; }
.agent.moves circle { fill: #e2812c; stroke: #8f4a0c; stroke-width: 2; }
.agent.comes circle { fill: #ffffff; stroke: #3f83c8; stroke-width: 2.4; }
.agent.away circle { fill: none; stroke: #8b96a5; stroke-width: 1.6; stroke-dasharray: 3 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9f0; }
.facts, .small, .muted { fill: #9aa6b5; }
.label { fill: #c3ccd8; stroke: #1a2230; }
.page { fill: #10161f; }
.box { stroke: #36414f; }
.cluster { fill: #1a2230; }
.around { fill: #141b26; stroke: #4a5767; }
.track { fill: #303b4a; }
.load { fill: #5aa2e8; }
.load.hot { fill: #f09a4a; }
.load.over { fill: #ec5f78; }
.safe { stroke: #e4e9f0; }
.was { fill: #9aa6b5; }
.cut { stroke: #f07fb2; }
.kept { stroke: #7d90a6; }
.agent circle { fill: #7fa3cf; stroke: #10161f; }
.agent.moves circle { fill: #f09a4a; stroke: #ffd9b0; }
.agent.comes circle { fill: #10161f; stroke: #5aa2e8; }
}
"""
