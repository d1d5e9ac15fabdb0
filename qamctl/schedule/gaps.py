"""When a task may pause: the gaps in the calendars of what it needs, and where work between them begins and ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.spec import Ints, ScheduleSpec

#: Intervals [from, to), ascending, none touching another.
Spans = tuple[tuple[int, int], ...]


def gaps_of(spec: ScheduleSpec, mode: int, crew: tuple[int, ...]) -> Spans:
    """When a mode can't be done by a crew: one of it is away, or the pool has by calendar less than the demand."""
    found: list[tuple[int, int]] = []
    for agent in crew:
        found += [(start, end) for start, end, _ in spec.agents.away.of(agent)]
    for resource in np.flatnonzero(spec.modes.demand[mode] > 0).tolist():
        if crew and (spec.agents.capacity[list(crew), resource] >= 0).all():
            continue
        need = int(spec.modes.demand[mode, resource])
        found += [(start, end) for start, end, left in spec.resources.calendar.of(resource) if left < need]
    return joined(found)


def joined(spans: list[tuple[int, int]]) -> Spans:
    """Intervals as they are, those that overlap or meet as one."""
    out: list[list[int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return tuple((start, end) for start, end in out)


@dataclass(frozen=True, eq=False)
class Gaps:
    """Patterns of gaps by number, with the way from a start to an end through them.

    Attributes
    ----------
    first
        [P + 1] the gaps of pattern p are first[p]:first[p + 1].
    start, end
        [g] ticks; ascending within a pattern.
    """

    first: Ints
    start: Ints
    end: Ints

    @staticmethod
    def of(patterns: list[Spans]) -> Gaps:
        """The patterns of a list."""
        rows = np.array([span for spans in patterns for span in spans], np.int64).reshape(-1, 2)
        first = np.concatenate([[0], np.cumsum([len(spans) for spans in patterns])]).astype(np.int64)
        return Gaps(first, rows[:, 0].copy(), rows[:, 1].copy())

    def spans(self, pattern: int) -> Spans:
        """The gaps of one pattern; none of pattern -1."""
        if pattern < 0:
            return ()
        mine = slice(int(self.first[pattern]), int(self.first[pattern + 1]))
        return tuple(zip(self.start[mine].tolist(), self.end[mine].tolist(), strict=True))

    def length(self, pattern: Ints) -> Ints:
        """[c] ticks of all gaps of patterns; 0 of pattern -1."""
        total = np.concatenate([[0], np.cumsum(self.end - self.start)])
        sums = total[self.first[1:]] - total[self.first[:-1]]
        return np.where(pattern >= 0, sums[pattern], 0) if len(sums) else np.zeros(len(pattern), np.int64)

    def ends(self, pattern: Ints, start: Ints, work: Ints) -> Ints:
        """[c] when `work` ticks end that begin at `start` (in no gap) and pause in the gaps of a pattern."""
        out = start + work
        for k in np.flatnonzero((pattern >= 0) & (work > 0)).tolist():
            out[k] = end_of(self.spans(int(pattern[k])), int(start[k]), int(work[k]))
        return out


def skip(spans: Spans, moment: int) -> int:
    """The moment, or the end of the gap that it is in."""
    k = bisect_right(spans, (moment, 2**62)) - 1
    return spans[k][1] if k >= 0 and moment < spans[k][1] else moment


def end_of(spans: Spans, start: int, work: int) -> int:
    """When `work` > 0 ticks end that begin at `start`, in no gap, and pause in gaps."""
    end = start + work
    for k in range(bisect_left(spans, (start, 0)), len(spans)):
        if spans[k][0] >= end:
            break
        end += spans[k][1] - spans[k][0]
    return end


def pieces(spans: Spans, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of [start, end) outside the gaps."""
    out, at = [], start
    for low, high in spans:
        if high <= at:
            continue
        if low >= end:
            break
        if low > at:
            out.append((at, low))
        at = high
    if at < end:
        out.append((at, end))
    return out


def start_for_end(spans: Spans, by_end: int, work: int) -> int:
    """The earliest start, in no gap, from which `work` > 0 ticks end at `by_end` or later."""
    end = by_end
    for low, high in spans:  # work that ends inside a gap, or at its end, has ended before it: one tick more is needed
        if low < by_end <= high:
            end = high + 1
    start, left = end, work
    for low, high in reversed(spans):
        if low >= start:
            continue
        room = start - high
        if left <= room:
            break
        left -= room
        start = low
    return max(0, start - left)
