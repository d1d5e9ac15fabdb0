"""When tasks that may pause, or be left out, start and end, as CP-SAT's variables, and the intervals between.

A task that is left out stands at the earliest start and end that its variables can have, where nothing sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_calendars import Piece, Way, joined
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_variables import Point, Variables
from qamctl.schedule.spec import Ints


class Times:
    """When the tasks are done.

    Attributes
    ----------
    start, end
        Of each task.
    """

    def __init__(
        self, variables: Variables, instance: Instance, options: Options, ways: Sequence[Sequence[Way]]
    ) -> None:
        self.variables, self.instance, self.options, self.ways = variables, instance, options, ways
        self.start: list[Point] = []
        self.end: list[Point] = []
        self._size: list[Point] = []
        self._piece: list[list[tuple[Piece, Way, Point]]] = []
        self._interval: dict[tuple[int, tuple[int, ...]], Any] = {}
        self._work: dict[tuple[int, tuple[int, ...]], list[Any]] = {}
        for t, mine in enumerate(ways):
            if mine:
                self._add_task(t, mine)
                continue
            self._piece.append([])
            for row in (self.start, self.end, self._size):
                row.append(Point(None, 0))

    def _add_task(self, t: int, ways: Sequence[Way]) -> None:
        """A start where some piece has one, and an end a constant behind it, by the piece that it is in."""
        variables, pieces = self.variables, [piece for way in ways for piece in way.pieces]
        start = variables.new_in(joined([span for piece in pieces for span in piece.starts]))
        chosen = [(piece, way, point) for way in ways for piece, point in self._add_pieces(t, way)]
        for piece, _, point in chosen:
            variables.only_where(point, start, piece.starts)
        sizes = {piece.size for piece in pieces}
        if len(sizes) == 1:
            size = Point(None, *sizes)
            end = start + size.offset
        else:
            first = min(piece.starts[0][0] + piece.size for piece in pieces)
            last = max(piece.starts[-1][1] + piece.size for piece in pieces)
            size, end = variables.new(min(sizes), max(sizes)), variables.new(first, last)
            idle = first - variables.lowest(start)  # where the task is left out
            total = sum(piece.size * point.expression for piece, _, point in chosen)
            total += sum(idle * self.options.chosen[o].expression for o in self._left_out(t))
            variables.cp.add(size.expression == total)
            variables.cp.add(end.expression == start.expression + size.expression)
        for o in self._left_out(t):
            variables.equal(start, Point(None, variables.lowest(start)), self.options.chosen[o])
        self.start.append(start)
        self.end.append(end)
        self._size.append(size)
        self._piece.append(chosen)

    def _left_out(self, t: int) -> list[int]:
        return [o for o in self.options.of_task[t] if self.options.crews.out[o]]

    def _add_pieces(self, t: int, way: Way) -> list[tuple[Piece, Point]]:
        """A choice for each piece of a way."""
        taken = self.options.some(t, way.options)
        if len(way.pieces) == 1:
            return [(way.pieces[0], taken)]
        choices = [self.variables.choice() for _ in way.pieces]
        self.variables.one_of_if(choices, taken)
        return list(zip(way.pieces, choices, strict=True))

    # -- intervals ---------------------------------------------------------------------------------

    def whole(self, t: int, options: Sequence[int]) -> list[Any]:
        """Intervals from start to end, pauses included, where a task has one of some options."""
        if len(options) == len(self.options.doing(t)):
            return [self._whole(t, tuple(options), None)]
        of_way = {o: way for way in self.ways[t] for o in way.options}
        groups: dict[int, list[int]] = {}  # by size; -1 where that varies
        for o in options:
            sizes = {piece.size for piece in of_way[o].pieces}
            groups.setdefault(sizes.pop() if len(sizes) == 1 else -1, []).append(o)
        return [self._whole(t, tuple(mine), size if size >= 0 else None) for size, mine in groups.items()]

    def _whole(self, t: int, options: tuple[int, ...], size: int | None) -> Any:
        if (t, options) not in self._interval:
            where = self.options.some(t, options)
            length = self._size[t] if size is None else Point(None, size)
            self._interval[t, options] = self._new_interval(self.start[t], length.expression, self.end[t], where)
        return self._interval[t, options]

    def at_work(self, t: int, way: Way) -> list[Any]:
        """Intervals in which a task is worked on, pauses left out, where it goes a way."""
        if (t, way.options) not in self._work:
            own = [(piece, where) for piece, other, where in self._piece[t] if other is way]
            self._work[t, way.options] = self._between_gaps(t, own)
        return self._work[t, way.options]

    def _between_gaps(self, t: int, pieces: Sequence[tuple[Piece, Point]]) -> list[Any]:
        found = []
        for piece, where in pieces:
            at = self.start[t]
            for low, high in piece.gaps:
                found.append(self._new_interval(at, low - at.expression, Point(None, low), where))
                at = Point(None, high)
            size = piece.size if not piece.gaps else self.end[t].expression - at.expression
            found.append(self._new_interval(at, size, self.end[t], where))
        return found

    def _new_interval(self, start: Point, size: Any, end: Point, where: Point) -> Any:
        cp = self.variables.cp
        if where.variable is None:
            assert where.surely
            return cp.new_interval_var(start.expression, size, end.expression, "")
        return cp.new_optional_interval_var(start.expression, size, end.expression, where.variable, "")

    # -- values ------------------------------------------------------------------------------------

    def placed(self, start: Ints, option: Ints) -> tuple[Ints, Ints]:
        """([T], [T]) the values of starts and ends in the schedule with these starts and options."""
        out = self.options.crews.out[option]
        least = [np.array([self.variables.lowest(point) for point in row], np.int64) for row in (self.start, self.end)]
        return np.where(out, least[0], start), np.where(out, least[1], self.instance.ends(start, option))

    def values(self, start: Ints, end: Ints, option: Ints) -> Iterator[tuple[Point, int]]:
        """The variables where the tasks have these starts, ends and options."""
        for points, amounts in ((self.start, start), (self.end, end), (self._size, end - start)):
            yield from zip(points, amounts.tolist(), strict=True)
        for t, row in enumerate(self._piece):
            for piece, way, point in row:
                if len(way.pieces) > 1:
                    begun = any(low <= start[t] <= high for low, high in piece.starts)
                    yield point, int(option[t] in way.options and begun)
