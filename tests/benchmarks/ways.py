"""A scheduling problem in its plainest form: tasks that are done in one of several ways.

Peers are fed from it, and every answer, ours too, is counted against it, by code that shares nothing with the package.
A way has a duration and what it uses; tasks have tasks before them; resources are limited at every instant, or over
the whole time. A machine is a resource of which there is one. The makespan counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from paths import upward_rank


@dataclass(frozen=True)
class Way:
    """How a task is done: how long, what is used, and the machine or the mode as imported specs call it, else ""."""

    name: str
    duration: int
    use: dict[str, int]


@dataclass(frozen=True)
class Flexible:
    """A problem; `renewable` and `stock` are the capacities of the two sorts of resources."""

    ids: list[str]
    ways: list[list[Way]]
    before: list[list[int]]
    renewable: dict[str, int]
    stock: dict[str, int] = field(default_factory=dict)

    def faults(self, start: Sequence[int], chosen: Sequence[int]) -> list[str]:
        """What is wrong with a schedule: a start before 0, or before a predecessor's end; too much of a resource."""
        ways = [ways[k] for ways, k in zip(self.ways, chosen, strict=True)]
        end = [s + way.duration for s, way in zip(start, ways, strict=True)]
        found = [f"{self.ids[i]} starts at {s}" for i, s in enumerate(start) if s < 0]
        found += [
            f"{self.ids[j]} starts before {self.ids[i]} ends"
            for j, before in enumerate(self.before)
            for i in before
            if start[j] < end[i]
        ]
        found += [
            f"{name} is used {used} times of {capacity}"
            for name, capacity in self.stock.items()
            if (used := sum(way.use.get(name, 0) for way in ways)) > capacity
        ]
        for name, capacity in self.renewable.items():
            changes = [
                change
                for way, s, e in zip(ways, start, end, strict=True)
                if way.use.get(name) and e > s
                for change in ((s, way.use[name]), (e, -way.use[name]))
            ]
            use = 0
            for time, change in sorted(changes):  # what ends at an instant stands before what starts there
                use += change
                if use > capacity:
                    found.append(f"{name} is used {use} times of {capacity} at {time}")
                    break
        return found

    def makespan(self, start: Sequence[int], chosen: Sequence[int]) -> int:
        """The last end."""
        return max(s + ways[k].duration for s, ways, k in zip(start, self.ways, chosen, strict=True))

    def schedule(self, rows: Sequence[dict[str, Any]]) -> tuple[list[int], list[int]]:
        """Starts and ways of the assignments of a result file."""
        row = {row["task"]: row for row in rows}
        start = [row[id_]["start"] for id_ in self.ids]
        names = [row[id_]["agents"][0] if row[id_]["agents"] else row[id_]["mode"] or "" for id_ in self.ids]
        chosen = [[way.name for way in ways].index(name) for ways, name in zip(self.ways, names, strict=True)]
        return start, chosen

    def simple_bound(self) -> int:
        """max(longest path, least work of each resource, and of all together, over the capacity), in whole ticks."""
        tail = upward_rank([min(way.duration for way in ways) for ways in self.ways], self.before)
        area = [
            -(-sum(min(way.use.get(name, 0) * way.duration for way in ways) for ways in self.ways) // capacity)
            for name, capacity in self.renewable.items()
            if capacity
        ]
        work = sum(
            min(way.duration * sum(way.use.get(name, 0) for name in self.renewable) for way in ways)
            for ways in self.ways
        )
        return max([0, *tail, *area, -(-work // max(1, sum(self.renewable.values())))])
