"""Where clusters and agents are drawn: boxes inside boxes, those that share many links side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from qamctl.cluster.monitor import State
from qamctl.cluster.spec import ClusterSpec, Flags, Floats, Ints
from qamctl.report.svg import width

#: Of boxes: around what is inside, between two, the line of the name, the line of a bar, the least width.
PADDING, GAP, HEAD, BAR, LEAST = 12.0, 26.0, 24.0, 15.0, 200.0

#: In place of a cluster's row: what is around all of them, and the box of the agents that are left out.
ROOT, LEFT_OUT = -1, -2

#: A picture should be so much wider than high.
_ASPECT: Final = 1.5

#: Boxes that a row holds at most.
_WIDEST: Final = 60

#: How often agents are put nearer to those that they are linked to.
_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True)
class Dots:
    """How agents are drawn: `radius`, and the `wide` and `high` place that each takes; nothing where `radius` is 0."""

    radius: float
    wide: float
    high: float
    labels: bool


def dots_for(ids: Sequence[str], most: int) -> Dots:
    """With names where agents are few, as dots alone where they are many, not at all above `most`."""
    if len(ids) > most:
        return Dots(0.0, 0.0, 0.0, False)
    if len(ids) <= 60:
        return Dots(6.0, min(96.0, max([54.0, *(width(name, 9.5) + 10 for name in ids)])), 36.0, True)
    return Dots(5.0, 17.0, 17.0, False) if len(ids) <= 200 else Dots(4.0, 13.0, 13.0, False)


@dataclass(slots=True)
class Box:
    """The place of a cluster.

    Attributes
    ----------
    cluster
        Its row, `ROOT` or `LEFT_OUT`.
    bars
        Resources that have a bar, by row.
    agents
        Rows of the agents that are drawn in it.
    """

    cluster: int
    bars: tuple[int, ...] = ()
    agents: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    inside: list[Box] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    wide: float = 0.0
    high: float = 0.0

    @property
    def top(self) -> float:
        """Where what is inside begins, from the upper edge."""
        return (HEAD + BAR * len(self.bars) + 4) if self.cluster != ROOT else 0.0

    def all(self) -> list[Box]:
        """Itself, and everything inside, from the outside to the inside."""
        return [self, *(box for one in self.inside for box in one.all())]


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes at their places, and [N, 2] the places of agents (nan where one is not drawn)."""

    root: Box
    place: Floats


def arrange(
    spec: ClusterSpec, state: State, dots: Dots, shown: Flags, bars: Callable[[int], tuple[int, ...]]
) -> Layout:
    """Place everything.

    Parameters
    ----------
    shown
        [K] clusters that are drawn.
    bars
        The resources of a cluster that have a bar.
    """
    root = _tree(spec, state, dots, shown, bars)
    most = max((len(box.agents) for box in root.all()), default=0)
    columns = max(1, math.ceil(math.sqrt(most * _ASPECT * (dots.high or 1) / (dots.wide or 1))))
    _sort(spec, state, root)
    _size(root, dots, columns)
    _place(root)
    return Layout(root, _settle(spec, root, dots))


def _tree(spec: ClusterSpec, state: State, dots: Dots, shown: Flags, bars: Callable[[int], tuple[int, ...]]) -> Box:
    """The boxes as they stand in each other."""
    root = Box(ROOT)
    boxes = {k: Box(k, bars(k)) for k in np.flatnonzero(shown).tolist()}
    for k, box in boxes.items():
        boxes.get(int(spec.clusters.parent[k]), root).inside.append(box)
    if dots.radius:
        order = np.argsort(state.cluster, kind="stable")
        where = state.cluster[order]
        for k, box in boxes.items():
            if spec.clusters.leaf[k]:
                box.agents = order[np.searchsorted(where, k) : np.searchsorted(where, k, side="right")]
        left_out = order[: np.searchsorted(where, 0)]
        if len(left_out):
            root.inside.append(Box(LEFT_OUT, (), left_out))
    return root


def _sort(spec: ClusterSpec, state: State, root: Box) -> None:
    """Put boxes beside those that they share most links with, level by level."""
    a, b = state.cluster[spec.links.cut_a], state.cluster[spec.links.cut_b]
    torn = (a >= 0) & (b >= 0) & (a != b)
    ends, weight = (a[torn].astype(np.int64), b[torn].astype(np.int64)), spec.links.cut_weight[torn]
    for box in root.all():
        if len(box.inside) < 3:  # side by side whatever their order
            continue
        child = np.full(len(spec.clusters.ids), -1)
        for number, one in enumerate(box.inside):
            child[[inner.cluster for inner in one.all() if inner.cluster >= 0]] = number
        one, other = child[ends[0]], child[ends[1]]
        between = (one >= 0) & (other >= 0) & (one != other)
        n = len(box.inside)
        near = np.bincount(one[between] * n + other[between], weight[between], n * n).reshape(n, n).astype(float)
        box.inside = [box.inside[k] for k in chain(near + near.T)]


def chain(near: Floats) -> list[int]:
    """An order in which each comes soon after those that it is near to; as they stand where nothing is near."""
    n = len(near)
    left, pull = np.ones(n, np.bool_), np.zeros(n)
    order: list[int] = []
    while len(order) < n:
        best = int(np.argmax(np.where(left, pull, -1.0)))
        order.append(best)
        left[best] = False
        pull = 0.5 * pull + near[best]
    return order


def _size(box: Box, dots: Dots, columns: int) -> None:
    """How large each box is, from the inside to the outside, and where it stands in the one around it."""
    for one in box.inside:
        _size(one, dots, columns)
    if box.inside:
        wide, high = _shelves(box.inside, 0.0 if box.cluster == ROOT else PADDING, box.top)
        box.wide, box.high = max(wide, 0.0 if box.cluster == ROOT else LEAST), high
        return
    box.wide = max(LEAST, columns * dots.wide + 2 * PADDING)
    rows = math.ceil(len(box.agents) / _columns(box, dots)) if len(box.agents) else 0
    box.high = box.top + (rows * dots.high + (2 if dots.labels else PADDING) if rows else PADDING / 2)


def _shelves(boxes: Sequence[Box], padding: float, top: float) -> tuple[float, float]:
    """Stand boxes in rows of one height, so that all of it looks well, and say how much room they take."""
    best, area = math.inf, sum((one.wide + GAP) * (one.high + GAP) for one in boxes)
    for number in range(1, min(len(boxes), _WIDEST) + 1):
        most = sum(one.wide + GAP for one in boxes[:number]) - GAP
        wide, high = _stand(boxes, padding, top, most)
        badness = abs(math.log(wide / high / _ASPECT)) + math.log(wide * high / area)  # a bad form, and empty room
        if badness < best - 1e-9:
            best, chosen = badness, most
    return _stand(boxes, padding, top, chosen, stretch=True)


def _stand(
    boxes: Sequence[Box], padding: float, top: float, most: float, *, stretch: bool = False
) -> tuple[float, float]:
    """Stand boxes in rows of at most some width."""
    rows: list[list[Box]] = [[]]
    used = 0.0
    for one in boxes:
        if rows[-1] and used + one.wide > most + 0.01:
            rows.append([])
            used = 0.0
        rows[-1].append(one)
        used += one.wide + GAP
    y, wide = top + padding / 2, 0.0
    for row in rows:
        x, high = padding, max(one.high for one in row)
        for one in row:
            one.x, one.y = x, y
            one.high = high if stretch else one.high
            x += one.wide + GAP
        y, wide = y + high + GAP, max(wide, x - GAP + padding)
    return wide, y - GAP + padding


def _place(box: Box) -> None:
    """From places in the box around to places in the picture."""
    for one in box.inside:
        one.x, one.y = one.x + box.x, one.y + box.y
        _place(one)


def _settle(spec: ClusterSpec, root: Box, dots: Dots) -> Floats:
    """The places of agents: in rows, each as near as can be to those that it is linked to."""
    n = len(spec.agents.ids)
    place = np.full((n, 2), np.nan)
    if not dots.radius:
        return place
    leaves = [box for box in root.all() if len(box.agents)]
    owner = np.zeros(n, np.int64)
    for number, box in enumerate(leaves):
        _seat(box, box.agents, dots, place)
        owner[box.agents] = number
    links = spec.links
    mine, other = np.concatenate([links.cut_a, links.cut_b]), np.concatenate([links.cut_b, links.cut_a])
    order = np.argsort(owner[mine], kind="stable")
    mine, other, weight = mine[order], other[order], np.concatenate([links.cut_weight, links.cut_weight])[order]
    first = np.searchsorted(owner[mine], np.arange(len(leaves) + 1))
    for _ in range(_ROUNDS):  # box by box: two that pull each other would change sides again and again
        for number, box in enumerate(leaves):
            part = slice(first[number], first[number + 1])
            total = np.bincount(mine[part], weight[part], n)[box.agents]
            pull = [np.bincount(mine[part], weight[part] * place[other[part], axis], n)[box.agents] for axis in (0, 1)]
            aim = place[box.agents]
            linked = total > 0
            aim[linked] = 0.3 * aim[linked] + 0.7 * (np.stack(pull, axis=1)[linked] / total[linked, None])
            _seat(box, _by_aim(box, aim, dots), dots, place)
    return place


def _columns(box: Box, dots: Dots) -> int:
    return max(1, int((box.wide - 2 * PADDING + 0.01) // dots.wide))


def _by_aim(box: Box, aim: Floats, dots: Dots) -> Ints:
    """The agents row by row: the upper ones first, in a row from the left; `aim` is [agents of the box, 2]."""
    columns = _columns(box, dots)
    down = np.argsort(aim[:, 1], kind="stable")
    rows = [down[at : at + columns] for at in range(0, len(down), columns)]
    found: Ints = box.agents[np.concatenate([row[np.argsort(aim[row, 0], kind="stable")] for row in rows])]
    return found


def _seat(box: Box, agents: Ints, dots: Dots, place: Floats) -> None:
    """Give agents the places of a box, one after the other; a row that is not full stands in the middle."""
    columns = min(_columns(box, dots), len(agents))
    at = np.arange(len(agents))
    row, column = at // columns, at % columns
    full = np.minimum(columns, len(agents) - row * columns)
    begin = box.x + (box.wide - full * dots.wide) / 2
    place[agents, 0] = begin + (column + 0.5) * dots.wide
    place[agents, 1] = box.y + box.top + row * dots.high + (dots.radius + 4 if dots.labels else dots.high / 2)
