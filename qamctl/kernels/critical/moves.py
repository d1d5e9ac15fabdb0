"""The moves that may shorten a schedule of a shop, each with an estimate of what it leads to.

Within a block of a critical path: N7 (Zhang, Li, Guan, Rao 2007), which is N6 (Balas, Vazacopoulos 1998) and moves of
the ends of a block into it, with heads and tails of the tasks between estimated as Taillard (1994) does. To another
machine: into the best of the places between which no cycle can arise (Mastrolilli, Gambardella 2000).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from qamctl.kernels.critical.shop import Shop


class Move(NamedTuple):
    """A task goes on the machine of `option` right after the task `after`, -1: first there.

    Attributes
    ----------
    first, last
        On its own machine: the tasks that it passes are first, ..., last, in their order; else -1.
    other, other_option
        A task that takes its place by that option, while it takes that one's; else -1.
    """

    task: int
    option: int
    after: int
    first: int
    last: int
    estimate: int
    other: int = -1
    other_option: int = -1

    @property
    def within(self) -> bool:
        """Whether the task goes past others of its machine."""
        return self.first >= 0

    @property
    def sooner(self) -> bool:
        """Whether it goes before those."""
        return self.after != self.last


def moves(shop: Shop, path: Sequence[int]) -> Iterator[Move]:
    """All moves of the tasks of a critical path."""
    begin = 0
    while begin < len(path):
        stop = begin + 1
        while stop < len(path) and shop.next[path[stop - 1]] == path[stop]:
            stop += 1
        if stop - begin > 1:
            open_front = begin > 0 or shop.head[path[begin]] > 0
            yield from _in_block(shop, path[begin:stop], open_front, stop < len(path))
        begin = stop
    for t in path:
        for option in range(shop.first_option[t], shop.first_option[t + 1]):
            if option != shop.choice[t]:
                yield _to_option(shop, t, option)
    if len(path) > 1 and all(shop.next[a] == b for a, b in pairwise(path)):  # one machine alone makes the makespan
        for t in path:
            for option in range(shop.first_option[t], shop.first_option[t + 1]):
                yield from _exchanges(shop, t, option)


def _in_block(shop: Shop, block: Sequence[int], front: bool, back: bool) -> Iterator[Move]:
    """To the ends of a block and from them; `front`, `back`: whether a task that goes there may shorten the path."""
    k = len(block)
    if k == 2:
        if front or back:
            yield from _later(shop, block[0], block[1])
        return
    if back:
        for t in block[:-1]:
            yield from _later(shop, t, block[-1])
        for other in block[1 : k - 2]:
            yield from _sooner(shop, block[-1], other)
    if front:
        for t in block[1:]:
            yield from _sooner(shop, t, block[0])
        for other in block[2 : k - 1]:
            yield from _later(shop, block[0], other)


def _later(shop: Shop, t: int, last: int) -> Iterator[Move]:
    """A task goes right behind a later one, unless what comes after it may have to come before that."""
    way = shop.way(last)
    if any(other == last or shop.way(other) > way for other, _ in shop.after[t]):
        return
    sequence, between = [], shop.next[t]
    while between != last:
        sequence.append(between)
        between = shop.next[between]
    sequence += [last, t]
    estimate = _longest(shop, shop.prev[t], sequence, shop.next[last])
    yield Move(t, shop.choice[t], last, sequence[0], last, estimate)


def _sooner(shop: Shop, t: int, first: int) -> Iterator[Move]:
    """A task goes right before an earlier one, unless what comes before it may have to come after that."""
    end = shop.end(first)
    if any(other == first or shop.end(other) > end for other, _ in shop.before[t]):
        return
    sequence, between = [t], first
    while between != t:
        sequence.append(between)
        between = shop.next[between]
    estimate = _longest(shop, shop.prev[first], sequence, shop.next[t])
    yield Move(t, shop.choice[t], shop.prev[first], first, sequence[-1], estimate)


def _longest(shop: Shop, before: int, sequence: Sequence[int], behind: int) -> int:
    """The longest path through any of some tasks that follow each other on a machine."""
    heads, end, way, longest = [], shop.end(before), shop.way(behind), 0
    for t in sequence:
        heads.append(max(shop.ready[t], end))
        end = heads[-1] + shop.length[t]
    for t, head in zip(reversed(sequence), reversed(heads), strict=True):
        way = shop.length[t] + max(shop.rest[t], way)
        longest = max(longest, head + way)
    return longest


def _to_option(shop: Shop, t: int, option: int) -> Move:
    """A task goes to another machine, or is done another way on its own."""
    length, ready, rest = shop.option_length[option], shop.ready[t], shop.rest[t]
    before, behind = shop.prev[t], shop.next[t]
    gap = max(shop.ready[behind], shop.end(before)) + shop.way(behind) if behind >= 0 else 0
    m = shop.option_machine[option]
    if m < 0:
        return Move(t, option, -1, -1, -1, max(gap, ready + length + rest))
    line = [other for other in shop.line[m] if other != t]
    in_time = sum(shop.end(other) <= ready for other in line)  # those need not come behind it
    urgent = sum(shop.way(other) > rest for other in line)  # the others need not come before it
    low, high = in_time, urgent
    if low > high:  # where neither is needed, the present order decides
        low = high = urgent + sum(shop.place[other] < shop.place[t] for other in line[urgent:in_time])
    around = [-1, *line, -1]
    ways = [max(ready, shop.end(around[k])) + length + max(rest, shop.way(around[k + 1])) for k in range(low, high + 1)]
    k = low + ways.index(min(ways))
    return Move(t, option, around[k], -1, -1, max(gap, min(ways)))


def _exchanges(shop: Shop, t: int, option: int) -> Iterator[Move]:
    """A task and one of another machine take each other's place."""
    m, mine = shop.option_machine[option], shop.machine[t]
    if m < 0 or m == mine:
        return
    length = shop.option_length[option]
    before, behind = shop.end(shop.prev[t]), shop.way(shop.next[t])
    for other in shop.line[m]:
        back = shop.option_on(other, mine)
        if back < 0:
            continue
        there = max(shop.ready[t], shop.end(shop.prev[other])) + length
        here = max(shop.ready[other], before) + shop.option_length[back]
        estimate = max(there + max(shop.rest[t], shop.way(shop.next[other])), here + max(shop.rest[other], behind))
        yield Move(t, option, shop.prev[other], -1, -1, estimate, other, back)
