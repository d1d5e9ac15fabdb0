"""Colours and letters of reports, and of the pictures in them: on light pages, on dark ones, and on paper.

What a colour says is said by a form, too: an outline, a mark, an edge.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2733; --soft: #5b6675; --line: #ccd4dd; --shade: #f4f6f9;
  --track: #e8ecf1; --good: #1a7f4b; --bad: #b3261e; --warn: #9a5b00; --mark: #3f83c8; --over: #c4314b; --edge: #1f2733;
  --f0: #a9cdf0; --f1: #f3cda0; --f2: #a8dcc6; --f3: #e8bcd6; --f4: #f0e29b;
  --f5: #c3bff0; --f6: #f2b8ae; --f7: #c9d3dc; }
@media (prefers-color-scheme: dark) {
:root { --page: #10161f; --ink: #e4e9f0; --soft: #9aa6b5; --line: #36414f; --shade: #182130;
  --track: #232d3b; --good: #6fd39f; --bad: #ff8a80; --warn: #f2b661; --mark: #5aa2e8; --over: #ec5f78; --edge: #f2f5f9;
  --f0: #2c5f91; --f1: #8a5a1d; --f2: #1f6b4f; --f3: #84416a; --f4: #746614;
  --f5: #544d9e; --f6: #91453a; --f7: #4d5a69; }
}
@media print {
:root { color-scheme: light; --page: #ffffff; --ink: #000000; --soft: #444444; --line: #999999; --shade: #ffffff;
  --track: #eeeeee; --good: #0b5d33; --bad: #8a1712; --warn: #6b4000; --mark: #3f83c8; --over: #c4314b; --edge: #000000;
  --f0: #a9cdf0; --f1: #f3cda0; --f2: #a8dcc6; --f3: #e8bcd6; --f4: #f0e29b;
  --f5: #c3bff0; --f6: #f2b8ae; --f7: #c9d3dc; }
figure, tr { break-inside: avoid; }
h2, h3 { break-after: avoid; }
main { max-width: none; }
}
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.45;
  font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 2px solid var(--line); }
h2 { overflow-wrap: anywhere; }
h1 + h2 { border-top: 0; margin-top: .25rem; padding-top: 0; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .4rem 0; }
.soft, figcaption, caption { color: var(--soft); font-size: .85rem; }
.status { font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .5rem 1.25rem; }
dl { margin: .75rem 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; padding: .2rem 0; white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; font-weight: 400; }
th, td { border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-size: .8rem; }
th[scope=row] { overflow-wrap: anywhere; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: .75rem 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
summary { cursor: pointer; color: var(--soft); }
a { color: inherit; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
code { font-size: .85rem; overflow-wrap: anywhere; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
.chart text { font-size: 11px; fill: var(--ink); }
.chart .small { font-size: 10px; fill: var(--soft); }
.chart .label { font-size: 10px; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .stripe { fill: var(--shade); }
.chart .track { fill: var(--track); }
.chart .share { fill: var(--mark); }
.chart .area { fill: var(--mark); fill-opacity: .35; stroke: var(--mark); stroke-width: 1.2; }
.chart .area.over { fill: var(--over); stroke: var(--over); }
.chart .limit { fill: none; stroke: var(--edge); stroke-width: 1.2; stroke-dasharray: 5 4; }
.chart .step { fill: none; stroke: var(--mark); stroke-width: 2; stroke-linejoin: round; }
.chart .dot { fill: var(--page); stroke: var(--mark); stroke-width: 1.6; }
.chart .bar rect { stroke: var(--page); stroke-width: .6; }
.chart .pause { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 2 2; }
.chart .critical rect { stroke: var(--edge); stroke-width: 1.6; }
.chart .late-edge { fill: var(--over); }
.chart .pin { fill: var(--edge); }
.chart .several rect { fill: var(--mark); fill-opacity: .3; }
.chart .f0 rect { fill: var(--f0); }
.chart .f1 rect { fill: var(--f1); }
.chart .f2 rect { fill: var(--f2); }
.chart .f3 rect { fill: var(--f3); }
.chart .f4 rect { fill: var(--f4); }
.chart .f5 rect { fill: var(--f5); }
.chart .f6 rect { fill: var(--f6); }
.chart .f7 rect { fill: var(--f7); }
"""

#: Families of bars that have a colour of their own.
FAMILIES: Final = 8
