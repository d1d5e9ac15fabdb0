"""Some tasks of a spec on some of its agents, as a spec of its own, and the way back to the whole one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import (
    Agents,
    Calendar,
    Earlier,
    Index,
    Ints,
    Modes,
    Precedence,
    Reasoning,
    Rule,
    ScheduleSpec,
    Setups,
    Tasks,
    Transfers,
)

#: What a mode asks for that none of the agents of a part may do: an empty list of agents would mean that it needs none.
_NOBODY: Final[Mapping[str, float]] = {"(whoever is not here)": np.inf}


@dataclass(frozen=True, eq=False)
class SubSpec:
    """A part of a spec.

    Attributes
    ----------
    spec
        The part, with what is said of its own tasks and agents alone.
    tasks, modes, agents
        By number in the part: the number in the whole, ascending.
    """

    spec: ScheduleSpec
    tasks: Ints
    modes: Ints
    agents: Ints

    def whole(self, part: Solution) -> tuple[Index, Index, dict[int, tuple[int, ...]]]:
        """(mode, agent, others) of a schedule of the part, in the numbers of the whole; its times are the same."""
        mode, agent = part.mode.astype(np.int64), part.agent.astype(np.int64)
        others = {
            int(self.tasks[t]): tuple(int(self.agents[a]) for a in crew) for t, crew in part.others.items()
        }  # fmt: skip
        return _numbered(mode, self.modes), _numbered(agent, self.agents), others

    def part(self, whole: Solution) -> Solution:
        """A schedule of the whole as one of the part; whoever is not in it is nobody."""
        agent, mode = whole.agent[self.tasks].astype(np.int64), whole.mode[self.tasks].astype(np.int64)
        seats = _places(1 + max(int(agent.max(initial=-1)), int(self.agents.max(initial=-1))), self.agents)
        ways = _places(1 + int(self.modes.max(initial=-1)), self.modes)
        rank = {int(t): k for k, t in enumerate(self.tasks.tolist())} if whole.others else {}
        return Solution(
            whole.start[self.tasks], whole.end[self.tasks], _numbered(mode, ways), _numbered(agent, seats),
            {rank[t]: tuple(int(seats[a]) for a in crew) for t, crew in whole.others.items() if t in rank},
        )  # fmt: skip


def _numbered(number: Ints, by: Ints) -> Index:
    """[T] what stands in `by` under each number; -1 stays."""
    return np.where(number >= 0, np.append(by, -1)[number], -1).astype(np.int32)


def _places(n: int, some: Ints) -> Ints:
    """[n] the place of each number among those given, -1 of the others."""
    place = np.full(n, -1, np.int64)
    place[some] = np.arange(len(some))
    return place


def some_of(spec: ScheduleSpec, tasks: Ints, agents: Ints | None = None) -> SubSpec:
    """The part of a spec that has some of its tasks, and of its agents (None: all), given ascending.

    Precedence, rules and gangs hold as far as their tasks are in the part. What names an agent that is not in it
    means nobody: a list of agents loses it, and a task that is pinned to it has no way to be done.
    """
    everyone = np.arange(len(spec.agents.ids))
    agents = everyone if agents is None else agents
    place, seat = _places(len(spec.tasks.ids), tasks), _places(len(everyone), agents)
    all_agents = len(agents) == len(everyone)
    count = np.diff(spec.tasks.first_mode)[tasks]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    ways = np.repeat(spec.tasks.first_mode[:-1][tasks] - first[:-1], count) + np.arange(first[-1])
    keep = (place[spec.after.pred] >= 0) & (place[spec.after.succ] >= 0)
    after = _after(spec.after, keep, place)
    chosen = _tasks(spec.tasks, tasks, place, seat, first)
    modes = _modes(spec.modes, ways, None if all_agents else seat)
    if not all_agents:
        modes = _without_pinned(modes, np.repeat(_pinned_elsewhere(spec.tasks, seat)[tasks], count))
    part = replace(
        spec,
        agents=spec.agents if all_agents else _agents(spec.agents, agents),
        tasks=chosen,
        modes=modes,
        after=after,
        rules=tuple(_rule(rule, place) for rule in spec.rules if (place[list(rule.tasks)] >= 0).any()),
        setups=_setups(spec.setups, agents) if (chosen.family >= 0).any() else None,
        transfers=_transfers(spec.transfers, None if all_agents else seat) if (after.data > 0).any() else None,
        earlier=None if spec.earlier is None else _earlier(spec.earlier, tasks, ways, seat),
        reasoning=None if spec.reasoning is None else _reasoning(spec.reasoning, place, seat),
    )
    return SubSpec(part, tasks, ways, agents)


def _tasks(old: Tasks, tasks: Ints, place: Ints, seat: Ints, first: Ints) -> Tasks:
    pinned = old.pinned_mode[tasks].astype(np.int64)
    pinned = np.where(pinned >= 0, pinned + first[:-1] - old.first_mode[:-1][tasks], -1)
    known, gang = np.unique(old.gang[tasks], return_inverse=True)  # gangs without any task are none
    agent = old.pinned_agent[tasks].astype(np.int64)
    columns = (
        "release", "deadline", "due", "weight", "pinned_start", "optional", "reward", "family", "preemptible",
    )  # fmt: skip
    return replace(
        old, ids=tuple(old.ids[t] for t in tasks.tolist()), first_mode=first, pinned_mode=pinned.astype(np.int32),
        pinned_agent=np.where(agent >= 0, np.append(seat, -1)[agent], -1).astype(np.int32),
        gang=(gang - int((known < 0).sum())).astype(np.int32),
        pinned_crew={
            int(place[t]): tuple(int(seat[a]) for a in crew)
            for t, crew in old.pinned_crew.items()
            if place[t] >= 0 and all(seat[a] >= 0 for a in crew)
        },
        **{name: getattr(old, name)[tasks] for name in columns},
    )  # fmt: skip


def _modes(old: Modes, ways: Ints, seat: Ints | None) -> Modes:
    chosen = ways.tolist()
    names: dict[str, Any] = {
        name: [getattr(old, name)[m] for m in chosen] for name in ("ids", "skills", "labels", "tolerates")
    }
    who = [old.agents[m] for m in chosen]
    if seat is not None:
        who = [crew and tuple(int(seat[a]) for a in crew if seat[a] >= 0) for crew in who]
        lost = [k for k, m in enumerate(chosen) if who[k] == () and old.agents[m] != ()]
        for k in lost:
            who[k], names["skills"][k] = None, _NOBODY
    return replace(
        old, agents=who, duration=old.duration[ways], demand=old.demand[ways], count=old.count[ways],
        cost=old.cost[ways], **names,
    )  # fmt: skip


def _pinned_elsewhere(tasks: Tasks, seat: Ints) -> npt.NDArray[np.bool_]:
    """[T] whether a task is pinned to somebody who is not in the part."""
    agent = tasks.pinned_agent.astype(np.int64)
    found = (agent >= 0) & (np.append(seat, -1)[agent] < 0)
    for task, crew in tasks.pinned_crew.items():
        found[task] |= any(seat[a] < 0 for a in crew)
    return found


def _without_pinned(modes: Modes, gone: npt.NDArray[np.bool_]) -> Modes:
    """The modes, those of tasks that are pinned elsewhere as nobody can do them."""
    if not gone.any():
        return modes
    who, skills = list(modes.agents), list(modes.skills)
    for m in np.flatnonzero(gone).tolist():
        who[m], skills[m] = None, _NOBODY
    return replace(modes, agents=who, skills=skills)


def _agents(old: Agents, agents: Ints) -> Agents:
    chosen = agents.tolist()
    names: dict[str, Any] = {name: [getattr(old, name)[a] for a in chosen] for name in ("skills", "labels", "taints")}
    columns = ("slots", "capacity", "speed_num", "speed_den", "cost_fixed", "cost_per_time")
    return replace(
        old, ids=tuple(old.ids[a] for a in chosen), away=_calendar(old.away, agents), **names,
        **{name: getattr(old, name)[agents] for name in columns},
    )  # fmt: skip


def _calendar(old: Calendar, rows: Ints) -> Calendar:
    count = np.diff(old.first)[rows]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    entry = np.repeat(old.first[:-1][rows] - first[:-1], count) + np.arange(first[-1])
    return Calendar(first, old.start[entry], old.end[entry], old.capacity[entry])


def _after(old: Precedence, keep: np.ndarray, place: Ints) -> Precedence:
    return replace(
        old, pred=place[old.pred[keep]].astype(np.int32), succ=place[old.succ[keep]].astype(np.int32),
        kind=old.kind[keep], lag=old.lag[keep], data=old.data[keep],
    )  # fmt: skip


def _rule(rule: Rule, place: Ints) -> Rule:
    return replace(rule, tasks=tuple(int(place[t]) for t in rule.tasks if place[t] >= 0))


def _setups(setups: Setups | None, agents: Ints) -> Setups | None:
    return None if setups is None else replace(setups, of_agent=setups.of_agent[agents])


def _transfers(transfers: Transfers | None, seat: Ints | None) -> Transfers | None:
    if transfers is None or seat is None:
        return transfers
    link = {
        (int(seat[a]), int(seat[b])): kind
        for (a, b), kind in transfers.link.items()
        if seat[a] >= 0 and seat[b] >= 0
    }  # fmt: skip
    return replace(transfers, link=link)


def _earlier(old: Earlier, tasks: Ints, ways: Ints, seat: Ints) -> Earlier:
    """An agent that the part does not have is one that is no more."""
    crews: Sequence[tuple[int, ...]] = [
        tuple(sorted(int(seat[a]) if a >= 0 else -1 for a in old.agents[t])) for t in tasks.tolist()
    ]
    mode = old.mode[tasks].astype(np.int64)
    at = np.searchsorted(ways, mode)
    known = (mode >= 0) & (at < len(ways)) & (np.append(ways, -1)[np.minimum(at, len(ways))] == mode)
    return replace(old, start=old.start[tasks], mode=np.where(known, at, -1).astype(np.int32), agents=crews)


def _reasoning(old: Reasoning, place: Ints, seat: Ints) -> Reasoning:
    """What is said of tasks and agents that the part has."""
    kept = [
        replace(one, task=int(place[one.task]), agent=int(seat[one.agent]) if one.agent >= 0 else -1)
        for one in old.preferences
        if place[one.task] >= 0 and (one.agent < 0 or seat[one.agent] >= 0)
    ]
    return replace(old, preferences=tuple(kept))


def with_shares(spec: ScheduleSpec, shared: Mapping[int, tuple[int, Sequence[int]]]) -> ScheduleSpec:
    """The spec with other shared capacities.

    Parameters
    ----------
    shared
        By resource: the capacity, and that of each interval of its calendar.
    """
    resources = spec.resources
    capacity, times = resources.capacity.copy(), resources.calendar.capacity.copy()
    for resource, (usual, meanwhile) in shared.items():
        capacity[resource] = usual
        times[resources.calendar.first[resource] : resources.calendar.first[resource + 1]] = meanwhile
    return replace(
        spec, resources=replace(resources, capacity=capacity, calendar=replace(resources.calendar, capacity=times))
    )
