"""The benchmark problems in the plainest form, read from an importer's data without the package's reader.

All families here are the same problem: tasks with a duration, a demand on renewable resources and tasks before
them; the makespan counts. Peers are fed from this form, and every answer, ours too, is verified against it by
code that shares nothing with the package. Where tasks have several ways, `ways.Flexible` is that form; of this one
it is the case of one way each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ways import Flexible, Way

#: The resource that stands for identical agents.
AGENTS = "agents"


@dataclass(frozen=True)
class Plain:
    """A project: indices are those of the data's tasks, times are ticks of 1 / `scale` units."""

    ids: list[str]
    scale: int
    duration: list[int]
    before: list[list[int]]
    demand: list[dict[str, int]]
    capacity: dict[str, int]

    @property
    def after(self) -> list[list[int]]:
        """What follows each task."""
        out: list[list[int]] = [[] for _ in self.ids]
        for j, before in enumerate(self.before):
            for i in before:
                out[i].append(j)
        return out

    @property
    def flexible(self) -> Flexible:
        """The same problem, in ticks, with one way for each task."""
        ways = [[Way("", d, need)] for d, need in zip(self.duration, self.demand, strict=True)]
        return Flexible(self.ids, ways, self.before, self.capacity)


def plain_problem(data: Mapping[str, Any]) -> Plain:
    """The plain form of what `qamctl.formats` made of a job shop, a single-mode project or a workflow."""
    scale = round(1 / data.get("time", {}).get("resolution", 1))
    tasks = data["tasks"]
    index = {task["id"]: i for i, task in enumerate(tasks)}
    capacity = {row["id"]: row["capacity"] for row in data.get("resources", [])}
    demand = [dict(task.get("demand", {})) for task in tasks]
    if data.get("agents"):
        if all("agents" in task for task in tasks):  # each on its own machine
            capacity |= {agent["id"]: 1 for agent in data["agents"]}
            for need, task in zip(demand, tasks, strict=True):
                need[task["agents"][0]] = 1
        else:
            capacity[AGENTS] = len(data["agents"])
            for need in demand:
                need[AGENTS] = 1
    ticks = [int((Decimal(str(task["duration"])) * scale).to_integral_value(ROUND_CEILING)) for task in tasks]
    before = [[index[i] for i in task.get("after", [])] for task in tasks]
    return Plain(list(index), scale, ticks, before, demand, capacity)


def faults(problem: Plain, start: Sequence[int]) -> list[str]:
    """Everything that is wrong with a schedule: a start before 0, a task before its predecessor's end, an overload."""
    if len(start) != len(problem.ids):
        return [f"{len(start)} starts for {len(problem.ids)} tasks"]
    return problem.flexible.faults(start, [0] * len(start))


def makespan(problem: Plain, start: Sequence[int]) -> float:
    """The last end, in units."""
    return max((s + d for s, d in zip(start, problem.duration, strict=True)), default=0) / problem.scale


def simple_bound(problem: Plain) -> float:
    """max(critical path, area of each resource / its capacity), in units: the yardstick where none is known."""
    return problem.flexible.simple_bound() / problem.scale


def assignments(problem: Plain, data: Mapping[str, Any], start: Sequence[int]) -> list[dict[str, Any]]:
    """The schedule as rows of a result file, identical agents handed out first come first served."""
    free = [0] * problem.capacity.get(AGENTS, 0)
    rows: list[dict[str, Any]] = []
    order = sorted(range(len(start)), key=lambda i: (start[i], start[i] + problem.duration[i]))
    for i in order:
        end = start[i] + problem.duration[i]
        agents = list(data["tasks"][i].get("agents", []))
        if AGENTS in problem.demand[i]:
            agent = min(range(len(free)), key=free.__getitem__)
            free[agent] = max(free[agent], end)
            agents = [data["agents"][agent]["id"]]
        times = {"start": _units(start[i], problem.scale), "end": _units(end, problem.scale)}
        rows.append({"task": problem.ids[i], "agents": agents, "mode": None, **times, "segments": None})
    return rows


def _units(ticks: int, scale: int) -> int | float:
    return ticks // scale if ticks % scale == 0 else ticks / scale
