"""When a task may pause: the gaps in the calendars of what it needs, and where work between them begins and ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

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
        out = np.zeros(len(pattern), np.int64)
        some = np.flatnonzero(pattern >= 0)
        out[some] = self._lengths[self.first[pattern[some] + 1]] - self._lengths[self.first[pattern[some]]]
        return out

    @cached_property
    def _lengths(self) -> Ints:
        """[g + 1] ticks of all gaps before each one, whatever their patterns."""
        total: Ints = np.concatenate([[0], np.cumsum(self.end - self.start)])
        return total

    @cached_property
    def _row(self) -> Ints:
        """[g] the pattern of each gap."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def _before(self, moments: Ints, pattern: Ints, by: Ints) -> Ints:
        """[c] the first gap of a pattern whose moment is `by` or later; `moments` ascend within each pattern."""
        low, high = int(moments.min()), int(moments.max()) + 1
        width = high - low + 1
        keys = self._row * width + moments - low
        found: Ints = np.searchsorted(keys, pattern * width + np.clip(by, low, high) - low)
        return found

    def ends(self, pattern: Ints, start: Ints, work: Ints) -> Ints:
        """[c] when `work` ticks end that begin at `start` (in no gap) and pause in the gaps of a pattern."""
        out = start + work
        some = np.flatnonzero((pattern >= 0) & (work > 0))
        if len(some):
            mine, begin = pattern[some], start[some]
            met = self._before(self.start, mine, begin)
            # In ticks without gaps, all work is one piece: it meets the gaps that begin before its end.
            done = begin + work[some] - (self._lengths[met] - self._lengths[self.first[mine]])
            worked = self.start - (self._lengths[:-1] - self._lengths[self.first[self._row]])
            last = np.maximum(met, self._before(worked, mine, done))
            out[some] += self._lengths[last] - self._lengths[met]
        return out

    def inside(self, pattern: Ints, moment: Ints) -> npt.NDArray[np.bool_]:
        """[c] whether a moment is in a gap of a pattern; there is none in pattern -1."""
        out = np.zeros(len(moment), bool)
        some = np.flatnonzero(pattern >= 0)
        if len(some):
            begun = self._before(self.start, pattern[some], moment[some] + 1)
            out[some] = (begun > self.first[pattern[some]]) & (moment[some] < self.end[begun - 1])
        return out

    def pieces(self, pattern: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
        """(position, from, to) of the parts of [start[c], end[c]) outside the gaps of pattern[c], one after the other.

        Parameters
        ----------
        start, end
            [c] in no gap, as of work that begins and ends then; gaps between them lie wholly between them.
        """
        first, count = np.zeros(len(pattern), np.int64), np.zeros(len(pattern), np.int64)
        some = np.flatnonzero(pattern >= 0)
        if len(some):
            first[some] = self._before(self.start, pattern[some], start[some])
            count[some] = self._before(self.start, pattern[some], end[some]) - first[some]
        who = np.repeat(np.arange(len(pattern)), count + 1)
        place = np.arange(len(who)) - np.repeat(np.cumsum(count + 1) - count - 1, count + 1)
        low, high = start[who], end[who]
        later, earlier = place > 0, place < count[who]
        low[later] = self.end[(first[who] + place - 1)[later]]
        high[earlier] = self.start[(first[who] + place)[earlier]]
        return who, low, high


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
