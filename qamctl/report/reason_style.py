"""Colours and letters of pictures of decisions: for light pages, and for dark ones where the reader prefers them."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1f2733; }
.heading { font-size: 18px; font-weight: 600; }
.facts { font-size: 12px; fill: #5b6675; }
.part { font-size: 13px; font-weight: 600; }
.small { font-size: 11px; fill: #3d4756; }
.page { fill: #ffffff; }
.track { fill: #eef1f5; }
.bar { fill: #3f83c8; }
.bar.chosen { fill: #e2812c; }
.interval { stroke: #1f2733; stroke-width: 1.4; }
.grid { stroke: #ccd4dd; stroke-width: 1; }
.step { fill: none; stroke-width: 2.4; stroke-linejoin: round; }
.dot { stroke: #ffffff; stroke-width: 1.2; }
.cell { stroke: #ffffff; stroke-width: 0.6; }
.phase { stroke: #1f2733; stroke-width: 1.2; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9f0; }
.facts, .small { fill: #9aa6b5; }
.page { fill: #10161f; }
.track { fill: #1a2230; }
.bar { fill: #5aa2e8; }
.bar.chosen { fill: #f09a4a; }
.interval, .phase { stroke: #e4e9f0; }
.grid { stroke: #36414f; }
.dot, .cell { stroke: #10161f; }
}
"""

#: Lines of decisions, in turn: they can be told apart by everybody (Okabe and Ito 2008).
LINES: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
