"""An assignment as a picture: clusters as boxes with bars of their load, agents as dots, and the links that are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.cluster.monitor import Flows, State, flows_of, fullness, units
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Flags
from qamctl.report.cluster_boxes import Boxes, triangle
from qamctl.report.cluster_layout import LEFT_OUT, ROOT, Box, Dots, Layout, arrange, dots_for
from qamctl.report.cluster_links import Lines, links_between_agents, links_between_clusters
from qamctl.report.cluster_style import STYLE
from qamctl.report.svg import FILE, Place, element, number, picture, short, text, title, width

#: Agents up to which each one is drawn.
MOST_AGENTS: Final = 500

#: Clusters that are drawn; of more, those that hold most.
MOST_CLUSTERS: Final = 1_000

#: Clusters that are told in words.
MOST_TOLD: Final = 50

#: Around everything, above it for the heading, of a line of the legend, and the least width of a picture.
_MARGIN, _HEADING, _LINE, _LEAST = 24.0, 70.0, 20.0, 420.0


def cluster_svg(spec: ClusterSpec, after: State, before: State | None = None, place: Place = FILE) -> str:
    """The picture of an assignment, as an SVG file or as part of a page.

    Up to `MOST_AGENTS` agents each is a dot in the box of its cluster, linked to those that it has cut links with; of
    more, boxes and the sums of the links between them are drawn. It depends on nothing but its arguments, follows the
    reader's choice of light or dark, and says in words what it shows.

    Parameters
    ----------
    after
        The assignment that is drawn.
    before
        As agents are now: who moves is marked, and so is how full the clusters were. None where nobody is anywhere.
    place
        Where the picture stands.
    """
    return _Picture(spec, after, before, flows_of(spec, after.cluster)).draw(place)


@dataclass(frozen=True)
class _Picture:
    spec: ClusterSpec
    after: State
    before: State | None
    flows: Flows

    def draw(self, place: Place) -> str:
        """All of it."""
        dots = dots_for(self.spec.agents.ids, MOST_AGENTS)
        shown = _shown(self.spec, self.after)
        painter = Boxes(self.spec, self.after, self.before, self.flows)
        layout = arrange(self.spec, self.after, dots, shown, painter.bars_of)
        boxes = [box for box in layout.root.all() if box.cluster != ROOT]
        if dots.radius:
            lines = links_between_agents(self.spec, self.after.cluster, layout.place)
        else:
            lines = links_between_clusters(self.spec, self.after.cluster, [box for box in boxes if not box.inside])
        wide = max(layout.root.wide, _LEAST, width(self._facts(), 12)) + 2 * _MARGIN
        legend = self._legend(dots, lines, wide)
        high = _HEADING + layout.root.high + _MARGIN + _LINE * len(legend) + 8
        at = high - 8 - _LINE * len(legend) + 2
        drawn = [
            element("rect", class_="page", width="100%", height="100%"),
            text(_MARGIN, _MARGIN + 14, short(self.spec.name, wide - 2 * _MARGIN, 18), class_="heading"),
            text(_MARGIN, _MARGIN + 33, short(self._facts(), wide - 2 * _MARGIN, 12), class_="facts"),
            f'<g transform="translate({_MARGIN:.0f} {_HEADING:.0f})">',
            *self._drawn(boxes, lines, layout, dots, painter),
            "</g>",
            *(sign for row, signs in enumerate(legend) for sign in _row(signs, at + row * _LINE)),
        ]
        heading, told = f"Clusters of {self.spec.name}", " ".join(self._words(shown))
        return picture(place, wide, high, heading=heading, told=told, style=STYLE, inside=drawn)

    def _drawn(self, boxes: list[Box], lines: Lines, layout: Layout, dots: Dots, painter: Boxes) -> Iterator[str]:
        """Everything inside the frame of the page, from the back to the front."""
        outer, inner = [box for box in boxes if box.inside], [box for box in boxes if not box.inside]
        yield from map(painter.frame, outer)
        if dots.radius:
            yield from map(painter.frame, inner)
            yield from lines.elements
            yield from map(painter.veil, [box for box in boxes if box.cluster != LEFT_OUT])
            yield from self._agents(layout, dots)
        else:
            yield from lines.elements
            yield from map(painter.frame, inner)
            yield from map(painter.veil, outer)
        for box in boxes:
            yield from painter.head(box)

    def _agents(self, layout: Layout, dots: Dots) -> Iterator[str]:
        ids, names = self.spec.agents.ids, (*self.spec.clusters.ids, "")
        current = self.spec.agents.current.tolist()
        for i, (old, new) in enumerate(zip(current, self.after.cluster.tolist(), strict=True)):
            x, y = layout.place[i].tolist()
            kind, told = "stays", f"{ids[i]} in {names[new]}"
            if new < 0:
                kind, told = "away", f"{ids[i]}, left out" + (f", from {names[old]}" if old >= 0 else "")
            elif old < 0 and self.before is not None:
                kind, told = "comes", f"{ids[i]}, placed in {names[new]}"
            elif old not in (-1, new):
                kind, told = "moves", f"{ids[i]}, from {names[old]} to {names[new]}"
            parts = [title(told), element("circle", cx=x, cy=y, r=dots.radius)]
            if dots.labels:
                parts.append(text(x, y + 18, short(ids[i], dots.wide - 4, 9.5), class_="label", anchor="middle"))
            yield element("g", *parts, class_=f"agent {kind}")

    # Words

    def _facts(self) -> str:
        """The heading's second line."""
        spec, after, before = self.spec, self.after, self.before
        used = int((after.size[spec.clusters.leaf] > 0).sum())
        facts = [f"{_many(len(spec.agents.ids), 'agent')} in {_many(used, 'cluster')}"]
        for term in ("cut", "load"):
            now = after.report.terms[term]
            was = now if before is None else before.report.terms[term]
            if now or was:
                facts.append(f"{term} {number(now)}" if now == was else f"{term} {number(was)} → {number(now)}")
        if before is not None:
            facts.append(_many(self.flows.moved, "move"))
        if self.flows.placed and before is not None:
            facts.append(f"{self.flows.placed} placed")
        if left_out := int((after.cluster < 0).sum()):
            facts.append(f"{left_out} left out")
        return " · ".join(facts)

    def _words(self, shown: Flags) -> Iterator[str]:
        """What the picture shows, for those who can't see it."""
        spec, after = self.spec, self.after
        yield f"{self._facts()}."
        told = np.flatnonzero(shown)
        for k in told[:MOST_TOLD].tolist():
            yield f"{spec.clusters.ids[k]}: {', '.join([_many(int(after.size[k]), 'agent'), *self._amounts(k)])}."
        if len(told) > MOST_TOLD:
            yield f"And {len(told) - MOST_TOLD:,} more clusters."
        if hidden := len(shown) - len(told):
            yield f"{hidden:,} clusters are not drawn."

    def _amounts(self, k: int) -> Iterator[str]:
        """What a cluster uses and can hold of each resource."""
        spec = self.spec
        for r, name in enumerate(spec.resources.ids):
            use, limit, scale = self.after.report.use[k, r], int(spec.clusters.capacity[k, r]), spec.resources.scale[r]
            if use or 0 < limit < NO_LIMIT:
                of = f" of {number(units(limit, int(scale)))}" if limit < NO_LIMIT else ""
                yield f"{name} {number(units(use, int(scale)))}{of}"

    def _legend(self, dots: Dots, lines: Lines, wide: float) -> list[list[tuple[float, str, str]]]:
        """Rows of (place, kind, words): what colours and forms mean, as far as they are there."""
        spec, before = self.spec, self.before
        cut = "cut link" if dots.radius else "cut links between clusters"
        there = {
            "moves": (bool(dots.radius) and before is not None and self.flows.moved > 0, "moved here"),
            "comes": (bool(dots.radius) and before is not None and self.flows.placed > 0, "placed here"),
            "cut": (lines.cut[0] > 0, cut + _of_them(lines.cut)),
            "kept": (lines.inside[0] > 0, "link inside" + _of_them(lines.inside)),
            "safe": (bool((spec.clusters.safe < NO_LIMIT).any()), "safe limit"),
            "hot": (bool((self.after.report.use > spec.clusters.safe).any()), "above it"),
            "over": (bool((self.after.report.use > spec.clusters.capacity).any()), "above the capacity"),
            "was": (before is not None and bool((before.report.use != self.after.report.use).any()), "before"),
        }
        rows: list[list[tuple[float, str, str]]] = [[]]
        x = _MARGIN
        for kind, (present, word) in there.items():
            room = 38 + width(word, 10.5)
            if present and rows[-1] and x + room > wide - _MARGIN:
                rows.append([])
                x = _MARGIN
            if present:
                rows[-1].append((x, kind, word))
                x += room
        return [row for row in rows if row]


def _row(signs: list[tuple[float, str, str]], y: float) -> Iterator[str]:
    """A line of the legend."""
    for x, kind, word in signs:
        yield _sign(kind, x, y)
        yield text(x + 22, y + 4, word, class_="small")


def _of_them(count: tuple[int, int]) -> str:
    """That only some lines are drawn, where it is so."""
    return f", the {count[1]:,} heaviest of {count[0]:,}" if count[1] < count[0] else ""


def _sign(kind: str, x: float, y: float) -> str:
    if kind in ("moves", "comes"):
        return element("g", element("circle", cx=x + 8, cy=y, r=5), class_=f"agent {kind}")
    if kind in ("cut", "kept"):
        thick = 3.0 if kind == "cut" else 1.2
        return element("path", class_=f"link {kind}", d=f"M{x:.1f} {y:.1f}h16", stroke_width=thick, stroke_opacity=0.6)
    if kind == "safe":
        return element("line", class_="safe", x1=x + 8, y1=y - 5, x2=x + 8, y2=y + 5)
    if kind == "was":
        return element("path", class_="was", d=triangle(x + 8, y + 2))
    return element("rect", class_=f"load {kind}", x=x, y=y - 3, width=16, height=6, rx=3)


def _shown(spec: ClusterSpec, state: State) -> Flags:
    """[K] the clusters that are drawn: all but empty ones whose number was free; of very many, those that hold most."""
    shown = np.ones(len(spec.clusters.ids), np.bool_) if not spec.clusters.elastic else state.size > 0
    leaves = np.flatnonzero(shown & spec.clusters.leaf)
    if len(leaves) <= MOST_CLUSTERS:
        return shown
    kept = leaves[np.lexsort((leaves, -fullness(spec, state)[leaves], -state.size[leaves]))][:MOST_CLUSTERS]
    drawn = np.zeros(len(shown), np.bool_)
    while len(kept):  # with what is around them
        drawn[kept] = True
        kept = np.unique(spec.clusters.parent[kept])
        kept = kept[kept >= 0]
    return drawn


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"
