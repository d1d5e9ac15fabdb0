"""Links as lines: between agents, or, of very many agents, their sums between clusters; the heavier the thicker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.cluster.spec import ClusterSpec, Floats, Index, Ints
from qamctl.report.cluster_layout import Box
from qamctl.report.svg import element, number, title

#: Lines of each sort between agents that are drawn, the heaviest ones; and of sums, for each cluster.
MOST_LINES, LINES_PER_CLUSTER = 1_500, 4

#: Width of the heaviest cut link, of the heaviest sum, and of the heaviest link inside.
_THICK, _THICKEST, _THIN = 5.0, 9.0, 1.6

#: Lines up to which they may be thick and dense.
_FEW: Final = 40


@dataclass(frozen=True, slots=True)
class Lines:
    """Links as they are drawn: the elements, and how many are `cut`, and `inside`, and how many of these are drawn."""

    elements: list[str]
    cut: tuple[int, int]
    inside: tuple[int, int] = (0, 0)


def links_between_agents(spec: ClusterSpec, cluster: Ints | Index, place: Floats) -> Lines:
    """First the links inside clusters, then the cut ones, the heaviest last.

    Parameters
    ----------
    cluster
        [N] the leaf of each agent; -1 where in none: its links are neither cut nor inside.
    place
        [N, 2] where agents are.
    """
    a, b, weight = spec.links.cut_a, spec.links.cut_b, spec.links.cut_weight
    placed = (cluster[a] >= 0) & (cluster[b] >= 0)
    torn = cluster[a] != cluster[b]
    most = float(weight.max(initial=0.0)) or 1.0
    ids = spec.agents.ids

    def told(e: int) -> str:
        return f"{ids[a[e]]} – {ids[b[e]]}: {number(float(weight[e]))}"

    inside = _heaviest(weight, np.flatnonzero(placed & ~torn), MOST_LINES)
    cut = _heaviest(weight, np.flatnonzero(placed & torn), MOST_LINES)
    drawn = [
        _line("kept", place[a[e]], place[b[e]], 0.6 + (_THIN - 0.6) * float(weight[e]) / most, told(e)) for e in inside
    ]
    fine = _fineness(len(cut))
    drawn += [
        _line("cut", place[a[e]], place[b[e]], _thick(float(weight[e]) / most, _THICK * fine), f"{told(e)}, cut", fine)
        for e in cut
    ]
    count = [int(np.count_nonzero(placed & where & (weight > 0))) for where in (torn, ~torn)]
    return Lines(drawn, (count[0], len(cut)), (count[1], len(inside)))


def links_between_clusters(spec: ClusterSpec, cluster: Ints | Index, boxes: Sequence[Box]) -> Lines:
    """The sum of the cut links between any two clusters that are drawn, the heaviest last."""
    centre = np.full((len(spec.clusters.ids), 2), np.nan)
    for box in boxes:
        centre[box.cluster] = box.x + box.wide / 2, box.y + box.high / 2
    a, b = cluster[spec.links.cut_a].astype(np.int64), cluster[spec.links.cut_b].astype(np.int64)
    drawn = (a >= 0) & (b >= 0) & (a != b)
    drawn[drawn] = ~np.isnan(centre[a[drawn], 0]) & ~np.isnan(centre[b[drawn], 0])
    n, ids = len(spec.clusters.ids), spec.clusters.ids
    keys, row = np.unique(np.minimum(a, b)[drawn] * n + np.maximum(a, b)[drawn], return_inverse=True)
    weight = np.bincount(row, spec.links.cut_weight[drawn], len(keys)).astype(float)
    most = float(weight.max(initial=0.0)) or 1.0
    chosen = _heaviest(weight, np.arange(len(keys)), min(MOST_LINES, max(_FEW, LINES_PER_CLUSTER * len(boxes))))
    fine = _fineness(len(chosen))
    found = []
    for e in chosen:
        one, other = divmod(int(keys[e]), n)
        told = f"{ids[one]} – {ids[other]}: {number(round(float(weight[e]), 9))} cut"
        thick = _thick(float(weight[e]) / most, _THICKEST * fine)
        found.append(_line("cut", centre[one], centre[other], thick, told, fine))
    return Lines(found, (int(np.count_nonzero(weight > 0)), len(chosen)))


def _heaviest(weight: Floats, rows: Ints, most: int) -> list[int]:
    """The rows of the greatest weights, the heaviest last; those of weight 0 are not worth a line."""
    rows = rows[weight[rows] > 0]
    found: list[int] = rows[np.argsort(weight[rows], kind="stable")][-most:].tolist()
    return found


def _fineness(lines: int) -> float:
    """The more lines, the thinner and the paler, so that what is behind them can still be seen."""
    return min(1.0, max(0.3, math.sqrt(_FEW / max(1, lines))))


def _thick(share: float, most: float) -> float:
    return 0.8 + max(0.0, most - 0.8) * math.pow(share, 0.7)


def _line(kind: str, one: Floats, other: Floats, thick: float, told: str, fine: float | None = None) -> str:
    """A slightly bent line: links between agents in one row do not lie on each other."""
    (x1, y1), (x2, y2) = one.tolist(), other.tolist()
    bend = 0.12 if kind == "kept" else 0.06
    x, y = (x1 + x2) / 2 + bend * (y2 - y1), (y1 + y2) / 2 - bend * (x2 - x1)
    path = f"M{x1:.1f} {y1:.1f}Q{x:.1f} {y:.1f} {x2:.1f} {y2:.1f}"
    pale = None if fine is None else f"{0.25 + 0.35 * fine:.2f}"
    return element(
        "path", title(told), class_=f"link {kind}", d=path, stroke_width=f"{thick:.2f}", stroke_opacity=pale
    )  # fmt: skip
