"""Clusters as boxes: a frame, and a head with the name, the size, who comes and goes, and bars of the load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from qamctl.cluster.monitor import Flows, State, units
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec
from qamctl.report.cluster_layout import BAR, HEAD, LEFT_OUT, PADDING, Box
from qamctl.report.svg import element, number, short, text, title, width

#: Resources of a cluster that have a bar; of more, the fullest ones.
MOST_BARS: Final = 4

#: Of a bar: the room of its name, the least and the most room of its figures, its height, and its longest form.
_NAME, _FIGURES, _MOST_FIGURES, _HIGH, _LONGEST = 44.0, 44.0, 92.0, 6.0, 150.0


@dataclass(frozen=True)
class Boxes:
    """Draws the boxes of an assignment, and what they were before where that is known."""

    spec: ClusterSpec
    after: State
    before: State | None
    flows: Flows

    def bars_of(self, k: int) -> tuple[int, ...]:
        """The resources that have a bar: those that are limited, or are used in a cluster that holds agents itself."""
        spec, use = self.spec, self.after.report.use
        found = []
        for r in range(len(spec.resources.ids)):
            capacity, safe = int(spec.clusters.capacity[k, r]), int(spec.clusters.safe[k, r])
            used = use[k, r] or (self.before is not None and self.before.report.use[k, r])
            if 0 < capacity < NO_LIMIT or safe < NO_LIMIT or (used and spec.clusters.leaf[k]):
                found.append(r)
        share = {r: float(use[k, r]) / max(1, int(spec.clusters.capacity[k, r])) for r in found}
        return tuple(sorted(sorted(found, key=lambda r: (-share[r], r))[:MOST_BARS]))

    def frame(self, box: Box) -> str:
        """The box itself."""
        kind = "left-out" if box.cluster == LEFT_OUT else "around" if box.inside else "cluster"
        told = title(self._name(box))
        return element("rect", told, class_=f"box {kind}", x=box.x, y=box.y, width=box.wide, height=box.high, rx=8)

    def veil(self, box: Box) -> str:
        """What dims the lines that pass behind a head."""
        kind = "around" if box.inside else "cluster"
        return element(
            "rect", class_=f"veil {kind}", x=box.x + 2, y=box.y + 2, width=box.wide - 4, height=box.top - 6, rx=6
        )  # fmt: skip

    def head(self, box: Box) -> Iterator[str]:
        """What is written in a box."""
        left, right = box.x + PADDING, box.x + box.wide - PADDING
        note = self._note(box)
        room = right - left - width(note, 10.5) - 10
        yield text(left, box.y + 17, short(self._name(box), room, 13), class_="name")
        yield text(right, box.y + 17, note, class_="small", anchor="end")
        for at, r in enumerate(box.bars):
            yield self._bar(box, r, box.y + HEAD + at * BAR)

    def _name(self, box: Box) -> str:
        return "left out" if box.cluster == LEFT_OUT else self.spec.clusters.ids[box.cluster]

    def _note(self, box: Box) -> str:
        """The size, and who comes and goes where the past is known."""
        if box.cluster == LEFT_OUT:
            return str(len(box.agents))
        k = box.cluster
        comes, goes = int(self.flows.arrives[k]), int(self.flows.leaves[k])
        changes = " ".join([f"+{comes}"] * (comes > 0) + [f"−{goes}"] * (goes > 0))
        size = f"{int(self.after.size[k]):,}"
        return f"{size} ({changes})" if changes and self.before is not None else size

    def _bar(self, box: Box, r: int, y: float) -> str:
        """What is used of what there is, from where on it is too much, and how it was before."""
        spec, k = self.spec, box.cluster
        columns = (self.after.report.use, spec.clusters.capacity, spec.clusters.safe)
        use, limit, safe = (int(column[k, r]) for column in columns)
        was = use if self.before is None else int(self.before.report.use[k, r])
        scale, limited, marked = int(spec.resources.scale[r]), limit < NO_LIMIT, safe < NO_LIMIT
        most = limit if limited else self._most(r)
        figures, space = self._figures(k, r), self._space
        room = min(box.wide - 2 * PADDING - _NAME - space, _LONGEST)
        x = box.x + PADDING + _NAME

        def at(amount: int) -> float:
            return room * min(1.0, amount / most) if most else 0.0

        told = f"{spec.resources.ids[r]}: {figures}"
        told += f", safe up to {number(units(safe, scale))}" if marked else ""
        told += f", before {number(units(was, scale))}" if was != use else ""
        track = {"x": x, "y": y + 2, "height": _HIGH, "rx": _HIGH / 2}
        parts = [
            title(told),
            text(x - _NAME, y + 9, short(spec.resources.ids[r], _NAME - 5, 10.5), class_="small"),
            element("rect", class_="track", width=room, **track),
        ]
        if use > 0:
            state = " over" if use > limit else " hot" if use > safe else ""
            parts.append(element("rect", class_=f"load{state}", width=max(_HIGH, at(use)), **track))
        if marked and safe <= most:
            parts.append(element("line", class_="safe", x1=x + at(safe), y1=y, x2=x + at(safe), y2=y + 10))
        if was != use:
            parts.append(element("path", class_="was", d=triangle(x + at(was), y + 2)))
        parts.append(text(x + room + 6, y + 9, short(figures, space - 6, 10.5), class_="small"))
        return element("g", *parts, class_="bar")

    def _figures(self, k: int, r: int) -> str:
        """Use and capacity."""
        limit, scale = int(self.spec.clusters.capacity[k, r]), int(self.spec.resources.scale[r])
        use = number(units(self.after.report.use[k, r], scale))
        return use if limit >= NO_LIMIT else f"{use} / {number(units(limit, scale))}"

    @cached_property
    def _space(self) -> float:
        """The room of figures: the same in all boxes, so that their bars can be compared."""
        told = {self._figures(k, r) for k in range(len(self.spec.clusters.ids)) for r in self.bars_of(k)}
        return min(_MOST_FIGURES, max([_FIGURES, *(width(figures, 10.5) + 8 for figures in told)]))

    def _most(self, r: int) -> int:
        """What the longest bar of a resource stands for where it is not limited."""
        found = [0, int(self.after.report.use[self.spec.clusters.leaf, r].max(initial=0))]
        if self.before is not None:
            found.append(int(self.before.report.use[self.spec.clusters.leaf, r].max(initial=0)))
        safe = self.spec.clusters.safe[:, r]
        return max([*found, int(safe[safe < NO_LIMIT].max(initial=0))])


def triangle(x: float, y: float) -> str:
    """The path of a small mark that points down at a place."""
    return f"M{x:.1f} {y:.1f}l-3 -4h6z"
