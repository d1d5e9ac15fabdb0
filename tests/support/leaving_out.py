"""A problem file without some of its tasks and agents, written from the data alone: what a part of it has to mean."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from qamctl.schedule.spec import Earlier, ScheduleSpec

#: What nobody has.
NOBODY = {"nobody has it": 1}


def without(data: dict[str, Any], tasks: Collection[str], agents: Collection[str]) -> dict[str, Any]:
    """The data with only these tasks and agents; what only absent agents may do nobody can."""
    out = copy.deepcopy(data)
    out["tasks"] = [_task(task, tasks, agents) for task in out["tasks"] if task["id"] in tasks]
    out["agents"] = [agent for agent in out["agents"] if agent["id"] in agents]
    if "links" in out:
        out["links"] = [link for link in out["links"] if link["a"] in agents and link["b"] in agents]
    if "setup" in out:
        for row in out["setup"]:
            if "agents" in row:
                row["agents"] = [one for one in row["agents"] if one in agents]
        out["setup"] = [row for row in out["setup"] if row.get("agents") != []]
        known = {name for row in out["setup"] for name in (row["from"], row["to"])}
        for task in out["tasks"]:
            if task.get("setup") not in known:
                task.pop("setup", None)
        if not known:
            del out["setup"]
    if "reasoning" in out:
        actions = out["reasoning"]["actions"]
        out["reasoning"]["actions"] = {one: p for one, p in actions.items() if _speaks_of(one, tasks, agents)}
        if not out["reasoning"]["actions"]:
            out["reasoning"]["actions"] = {"say nothing": 0.5}
    return out


def _task(task: dict[str, Any], tasks: Collection[str], agents: Collection[str]) -> dict[str, Any]:
    for key in ("after", "near", "apart"):
        if key in task:
            task[key] = [one for one in task[key] if _known(one, tasks)]
            if not task[key]:
                del task[key]
    pinned = task.get("pinned", {})
    named = {pinned["agent"]} if "agent" in pinned else set(pinned.get("agents", ()))
    elsewhere = not named <= set(agents)
    if elsewhere:
        for key in ("agent", "agents"):
            pinned.pop(key, None)
        if not pinned:
            del task["pinned"]
    for work in task.get("modes", [task]):
        listed = isinstance(work.get("agents"), list)
        if listed:
            work["agents"] = [one for one in work["agents"] if one in agents]
        if elsewhere or (listed and not work["agents"]):
            work.pop("agents", None)
            work["skills"] = dict(NOBODY)
    return task


def _known(one: Any, tasks: Collection[str]) -> bool:
    """Whether an entry of a task names no task, or one that is there."""
    name = one if isinstance(one, str) else one.get("task")
    return name is None or name in tasks


def _speaks_of(action: str, tasks: Collection[str], agents: Collection[str]) -> bool:
    found = re.fullmatch(r"prefer (\S+) (on|in) (\S+)", action)
    assert found is not None
    return found[1] in tasks and (found[2] == "in" or found[3] in agents)


def earlier_of(part: ScheduleSpec, whole: ScheduleSpec) -> Earlier:
    """The earlier schedule of a whole, in the numbers of a part, found by ids."""
    old = whole.earlier
    assert old is not None
    start, mode, agents = [], [], []
    for k, name in enumerate(part.tasks.ids):
        t = whole.tasks.ids.index(name)
        start.append(int(old.start[t]))
        way = int(old.mode[t])
        mode.append(-1 if way < 0 else int(part.tasks.first_mode[k]) + way - int(whole.tasks.first_mode[t]))
        names = [None if a < 0 else whole.agents.ids[a] for a in old.agents[t]]
        agents.append(tuple(sorted(part.agents.ids.index(a) if a in part.agents.ids else -1 for a in names)))
    return Earlier(old.told, np.array(start, np.int64), np.array(mode, np.int32), agents)
