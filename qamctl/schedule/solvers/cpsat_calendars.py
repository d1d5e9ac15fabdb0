"""When a task may start, and when it ends then: its options, told apart by nothing but their times.

A task that can't pause takes equally long wherever it starts, outside the gaps of what it needs. One that pauses takes
longer the more gaps it meets: its starts fall into pieces in each of which it meets the same, so that there its end is
its start plus a constant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.gaps import Spans, gaps_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_variables import Ranges

#: Amounts of shared resources: (column, amount).
Needs = tuple[tuple[int, int], ...]

#: The first and the last start, and the first and the last end.
Window = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Starts from which a task takes equally long: `size` ticks, some of which it pauses in `gaps`."""

    starts: Ranges
    size: int
    gaps: Spans


@dataclass(frozen=True, slots=True)
class Way:
    """Options of one task that have all their times in common; `needs` of the pool where it pauses in one of them."""

    options: tuple[int, ...]
    pieces: tuple[Piece, ...]
    needs: Needs

    @property
    def pauses(self) -> bool:
        """Whether the task ever pauses."""
        return any(piece.gaps for piece in self.pieces)


class Calendars:
    """The ways of all tasks of an instance.

    Parameters
    ----------
    needs
        [O] what each option takes from the pool at every instant.
    """

    def __init__(self, instance: Instance, crews: Crews, needs: Sequence[Needs]) -> None:
        self.instance, self.crews, self.needs = instance, crews, needs
        spec = instance.spec
        self._some = bool(len(spec.agents.away.start) or len(spec.resources.calendar.start))
        self._closed: dict[tuple[int, tuple[int, ...]], Spans] = {}

    def ways(self, task: int, window: Window, options: Sequence[int]) -> list[Way]:
        """The ways of one task by some of its options that do it; those that no start in the window allows are none."""
        groups: dict[tuple[int, bool, Spans, Needs], list[int]] = {}
        for o in options:
            work = int(self.instance.option_duration[o])
            pausing = bool(self.instance.spec.tasks.preemptible[task])
            spans = self._spans(o, pausing=pausing) if work and self._some else ()
            groups.setdefault((work, pausing, spans, self.needs[o] if pausing and spans else ()), []).append(o)
        found = []
        for (work, pausing, spans, needs), mine in groups.items():
            pieces = pausing_pieces(spans, work, window) if pausing else whole_pieces(spans, work, window)
            if pieces:
                found.append(Way(tuple(mine), pieces, needs))
        return found

    def _spans(self, option: int, *, pausing: bool) -> Spans:
        """The gaps of an option: those that its task pauses in, or must keep out of."""
        if pausing:
            return self.crews.gaps.spans(int(self.crews.pause[option]))
        mode = int(self.instance.option_mode[option])
        crew = tuple(int(self.instance.members[h][0]) for h, _ in self.crews.of(option))
        if (mode, crew) not in self._closed:
            self._closed[mode, crew] = gaps_of(self.instance.spec, mode, crew)
        return self._closed[mode, crew]


def whole_pieces(spans: Spans, work: int, window: Window) -> tuple[Piece, ...]:
    """The starts of `work` ticks that meet no gap."""
    low, high = _starts(work, window)
    starts, at = [], low
    for first, last in spans:
        if at > high:
            break
        if first - work >= at:
            starts.append((at, min(high, first - work)))
        at = max(at, last)
    if at <= high:
        starts.append((at, high))
    return (Piece(starts, work, ()),) if starts else ()


def pausing_pieces(spans: Spans, work: int, window: Window) -> tuple[Piece, ...]:
    """The starts of `work` ticks, in no gap, by the gaps that they meet before they end."""
    straight: list[tuple[int, int]] = []
    pieces = []
    for first, last, met in _runs(spans, work, window[0], window[1]):
        size = work + sum(end - start for start, end in met)
        low, high = _starts(size, window)
        low, high = max(low, first), min(high, last)
        if low > high:
            continue
        if met:
            pieces.append(Piece([(low, high)], size, met))
        else:
            straight.append((low, high))
    return (*([Piece(joined(straight), work, ())] if straight else []), *pieces)


def _starts(size: int, window: Window) -> tuple[int, int]:
    """The first and the last start of what lasts so many ticks."""
    first_start, last_start, first_end, last_end = window
    return max(first_start, first_end - size), min(last_start, last_end - size)


def _runs(spans: Spans, work: int, low: int, high: int) -> Iterator[tuple[int, int, Spans]]:
    """(first start, last start, gaps met) of all starts between `low` and `high` that are in no gap, in order."""
    for k in range(len(spans) + 1):
        begin = max(low, spans[k - 1][1]) if k else low
        last = min(high, spans[k][0] - 1) if k < len(spans) else high
        if begin > last:
            continue
        until, j = spans[k][0] if k < len(spans) else high + work, k
        while begin <= last:  # the starts that end before gap j
            step = min(last, until - work)
            if begin <= step:
                yield begin, step, spans[k:j]
                begin = step + 1
            if j >= len(spans):
                break
            j += 1
            until += (spans[j][0] if j < len(spans) else 2**62) - spans[j - 1][1]


def joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Closed ranges in ascending order, those that overlap or follow each other as one."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return out


def gaps_counted(instance: Instance, crews: Crews) -> int:
    """Gaps that options keep out of whose tasks can't pause, option by option."""
    spec = instance.spec
    away = np.array([len(spec.agents.away.of(int(m[0]))) if len(m) else 0 for m in instance.members], np.int64)
    whole = crews.pause < 0
    member = np.repeat(whole, np.diff(crews.first))
    return int(away[crews.holder[member]].sum()) + len(spec.resources.calendar.start) * int(whole.sum())


def pieces_counted(instance: Instance, crews: Crews) -> int:
    """Pieces into which the starts of tasks that pause fall, at most."""
    pausing = np.flatnonzero(crews.pause >= 0)
    task = np.searchsorted(instance.first_option, pausing, "right") - 1
    ways = np.unique(np.stack([task, instance.option_duration[pausing], crews.pause[pausing]]), axis=1)
    return int((2 * np.diff(crews.gaps.first)[ways[2]] + 1).sum())
