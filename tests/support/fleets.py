"""Small fleets as plain data, made so that a schedule is known to exist: what large schedules are, but quickly solved.

Agents have zones, skills, speeds, slots and two capacities. Tasks come in projects whose layers wait for each other,
need a skill and capacity, and some of them a floating licence. A hidden plan is made first, and due times and deadlines
are set behind its ends. Equal seeds give equal fleets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from random import Random
from typing import Any

import numpy as np
from support.replanning import solved

from qamctl.schedule.build import build_instance
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec

SKILLS = ("plan", "code", "test", "review")
ZONES = ("north", "south", "east", "west")

#: Late tasks first, and then all done soon.
LATE_FIRST = ({"tardiness": 1}, {"makespan": 1})


@dataclass
class _Agent:
    """Who does the work in the hidden plan: a capacity is shared by lanes that are alike."""

    row: dict[str, Any]
    lanes: list[int]
    share: dict[str, int]
    speed: float


@dataclass
class _Plan:
    """The hidden plan, task by task."""

    agents: list[_Agent]
    tokens: list[int]
    end: dict[str, int] = field(default_factory=dict)

    def place(self, rng: Random, task: dict[str, Any], skill: str) -> None:
        """Put a task on the lane of an able agent on which it ends first, and let it need what that lane has."""
        able = [agent for agent in self.agents if skill in agent.row["skills"]]
        ready = max([task["release"], *(self.end[before] for before in task["after"])])
        if "licence" in task["demand"]:
            ready = max(ready, min(self.tokens))
        found = []
        for number, agent in enumerate(rng.sample(able, min(3, len(able)))):
            lane = min(range(len(agent.lanes)), key=agent.lanes.__getitem__)
            begin = max(ready, agent.lanes[lane])
            found.append((begin + ceil(task["duration"] / agent.speed), number, lane, agent))
        end, _, lane, agent = min(found, key=lambda one: one[:2])
        agent.lanes[lane] = self.end[task["id"]] = end
        if "licence" in task["demand"]:
            self.tokens[self.tokens.index(min(self.tokens))] = end
        task["demand"] |= {name: rng.randint(1, most) for name, most in agent.share.items()}


def fleet_data(
    seed: int,
    agents: int = 10,
    tasks: int = 40,
    *,
    project: int = 8,
    licences: int = 4,
    deadlines: float = 0.2,
    objective: tuple[dict[str, float], ...] = LATE_FIRST,
) -> dict[str, Any]:
    """A fleet as a problem file would hold it.

    Parameters
    ----------
    project
        Tasks of the largest project; with as many as there are tasks there is only one.
    licences
        How many there are for the fleet; 0: no task needs one.
    deadlines
        Share of the tasks that have one.
    """
    rng = Random(f"fleet {seed}")
    plan = _Plan([_agent(rng, k, agents) for k in range(agents)], [0] * licences)
    rows: list[dict[str, Any]] = []
    while len(rows) < tasks:
        size = tasks if project >= tasks else min(tasks - len(rows), rng.randint(max(2, project // 2), project))
        rows += _project(rng, plan, len(rows), size, licences)
    for row in rows:
        end = plan.end[row["id"]]
        if rng.random() < 0.6:
            row["due"] = int(end * rng.uniform(0.7, 1.1))
        if rng.random() < deadlines:
            row["deadline"] = int(end * rng.uniform(1.05, 1.6)) + 1
    resources: list[dict[str, Any]] = [{"id": "cpu"}, {"id": "mem"}]
    if licences:
        resources.append({"id": "licence", "capacity": licences})
    return {
        "kind": "schedule", "version": 1, "name": f"fleet-{seed}", "resources": resources,
        "agents": [agent.row for agent in plan.agents], "tasks": rows, "objective": [dict(one) for one in objective],
    }  # fmt: skip


def aimless(spec: ScheduleSpec, seed: int) -> Solution:
    """A schedule that leaves much to gain: every task has another one's due time for it, and half of them any agent."""
    rng, instance = np.random.default_rng(seed), build_instance(spec)
    order, pinned = rng.permutation(instance.n), spec.tasks.pinned_agent.copy()
    for t in np.flatnonzero(rng.random(instance.n) < 0.5).tolist():
        option = rng.integers(instance.first_option[t], instance.first_option[t + 1])
        pinned[t] = rng.choice(instance.members[instance.option_holder[option]])
    due, weight = spec.tasks.due[order], spec.tasks.weight[order]
    tasks = replace(spec.tasks, due=due, weight=weight, pinned_agent=pinned)
    found = solved(replace(spec, tasks=tasks, objective=({"tardiness": 1.0},)), 40)
    assert found is not None
    return found


def _agent(rng: Random, k: int, agents: int) -> _Agent:
    """Every skill has holders however small the fleet is: agent k has the k-th, and others."""
    skills = sorted({SKILLS[k % len(SKILLS)], *rng.sample(SKILLS, rng.randint(1, 2))})
    lanes = rng.randint(1, 3)
    share = {"cpu": rng.randint(2, 6), "mem": rng.randint(2, 8)}
    row = {
        "id": f"a{k}", "slots": lanes + rng.randint(0, 1), "skills": skills, "labels": {"zone": rng.choice(ZONES)},
        "capacity": {name: lanes * one for name, one in share.items()},
        "speed": rng.choice((0.8, 1, 1, 1.25, 1.5)),
    }  # fmt: skip
    return _Agent(row, [0] * lanes, share, row["speed"])


def _project(rng: Random, plan: _Plan, first: int, size: int, licences: int) -> list[dict[str, Any]]:
    width, release, rows = rng.randint(1, 3), rng.randint(0, 20), list[dict[str, Any]]()
    for k in range(size):
        before = range(max(0, k - 2 * width), k)
        after = sorted(rng.sample(before, min(len(before), rng.randint(1, 2)))) if k >= width else []
        row: dict[str, Any] = {
            "id": f"t{first + k}", "duration": rng.randint(2, 15), "release": 0 if after else release,
            "weight": rng.choice((1, 1, 1, 2, 5)), "after": [f"t{first + j}" for j in after],
            "demand": {"licence": 1} if licences and rng.random() < 0.15 else {},
        }  # fmt: skip
        skill = rng.choice(SKILLS)
        row["skills"] = [skill]
        plan.place(rng, row, skill)
        rows.append(row)
    return rows
