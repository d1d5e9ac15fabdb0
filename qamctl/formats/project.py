"""Projects: activities that follow each other and use resources, as a schedule without agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.formats.faults import fault, find_cycle, problem_name
from qamctl.formats.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity: its modes as (duration, quantities), what follows it (from 0), and its line in the file."""

    modes: list[tuple[int, list[int]]]
    successors: list[int]
    line: int

    def is_dummy(self) -> bool:
        """Whether it takes no time and no resource."""
        return all(duration == 0 and not any(quantities) for duration, quantities in self.modes)


def project(
    file: str, resources: Sequence[tuple[str, int]], activities: Sequence[Activity], *, what: str
) -> dict[str, Any]:
    """The problem file's data: tasks `T<k>` and their modes `m<k>`, both from 1, makespan to be minimised.

    Source and sink, the first and the last activity where they take no time and no resource and nothing
    comes before or after them, are left out: they say nothing that the others do not.

    Parameters
    ----------
    resources
        Name and capacity; `N<k>` are consumable, others renewable.
    what
        The format's name for messages.

    Raises
    ------
    SpecError
        Activities wait for each other.
    """
    cycle = find_cycle([activity.successors for activity in activities])
    if cycle:
        way = " -> ".join(f"{i + 1}" for i in [*cycle, cycle[0]][:20])
        raise fault(file, activities[cycle[0]].line, 1, f"the activities {way} wait for each other", what=what)
    return {
        "kind": "schedule",
        "version": 1,
        "name": problem_name(file),
        "objective": {"makespan": 1},
        "resources": [
            {"id": id_, "kind": "consumable", "capacity": capacity}
            if id_.startswith("N")
            else {"id": id_, "capacity": capacity}
            for id_, capacity in resources
        ],
        "tasks": _tasks([id_ for id_, _ in resources], activities),
    }


def successors(tokens: Tokens, k: int, count: int) -> list[int]:
    """How many activities follow activity k (from 0) of `count`, and which; from 0."""
    number = tokens.integer(f"the number of successors of activity {k + 1}")
    return [tokens.integer(f"a successor of activity {k + 1}", 1, count) - 1 for _ in range(number)]


def _tasks(resources: Sequence[str], activities: Sequence[Activity]) -> list[dict[str, Any]]:
    before: list[list[int]] = [[] for _ in activities]
    for i, activity in enumerate(activities):
        for j in sorted(set(activity.successors)):
            before[j].append(i)
    dropped = set()
    if activities and not before[0] and activities[0].is_dummy():
        dropped.add(0)
    if activities and not activities[-1].successors and activities[-1].is_dummy():
        dropped.add(len(activities) - 1)
    tasks = []
    for k, activity in enumerate(activities):
        if k in dropped:
            continue
        task: dict[str, Any] = {"id": f"T{k + 1}"}
        if len(activity.modes) == 1:
            task |= _mode(resources, *activity.modes[0])
        else:
            task["modes"] = [{"id": f"m{m}"} | _mode(resources, *mode) for m, mode in enumerate(activity.modes, 1)]
        after = [f"T{i + 1}" for i in before[k] if i not in dropped]
        if after:
            task["after"] = after
        tasks.append(task)
    return tasks


def _mode(resources: Sequence[str], duration: int, quantities: list[int]) -> dict[str, Any]:
    demand = {id_: quantity for id_, quantity in zip(resources, quantities, strict=True) if quantity}
    return {"duration": duration, "demand": demand} if demand else {"duration": duration}
