"""Reference of work that pauses: gaps as [from, to) in ascending order, none touching another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from qamctl.kernels.schedule.generation import FOREVER

Spans = list[tuple[int, int]]


def skip(gaps: Spans, moment: int) -> int:
    """The moment, or the end of the gap that it is in."""
    k = bisect_right(gaps, (moment, FOREVER)) - 1
    return gaps[k][1] if k >= 0 and moment < gaps[k][1] else moment


def end_of(gaps: Spans, start: int, work: int) -> int:
    """When `work` ticks end that begin at `start`, in no gap."""
    end = start + work
    for low, high in gaps[bisect_left(gaps, (start, 0)) :]:
        if low >= end:
            break
        end += high - low
    return end


def pieces(gaps: Spans, start: int, end: int) -> Spans:
    """The parts of [start, end) outside the gaps."""
    out, at = [], start
    for low, high in gaps:
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


def start_for_end(gaps: Spans, by_end: int, work: int) -> int:
    """The earliest start, in no gap, from which `work` ticks end at `by_end` or later."""
    start = by_end
    for low, high in gaps:  # what ends in a gap, or where it ends, has ended before it: one tick more is needed
        if low < by_end <= high:
            start = high + 1
    left = work
    for low, high in reversed(gaps):
        if low >= start:
            continue
        if left <= start - high:
            break
        left -= start - high
        start = low
    return max(0, start - left)
