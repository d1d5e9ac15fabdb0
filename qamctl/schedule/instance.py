"""The schedule problem as solvers see it: options, holders and windows instead of agents, skills and ids.

An *option* of a task is one mode on one *holder*. Holder 0 is the pool of shared resources (tasks that
need no agent); the others are classes of interchangeable agents: the members of a class have the same
speed, costs and eligibility, and their own capacities never bind before their slots do, so a schedule
that respects the class's total slots can always be handed out to its members (interval colouring).
The checker never reads this module.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qamctl.schedule.precedence import Graph
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, TERMS, Floats, Index, Ints, ScheduleSpec
from qamctl.schedule.wishes import Wishes, wishes_of


@dataclass(frozen=True, eq=False)
class Instance:
    """Numeric view of a spec for search, with K = 1 + R capacity columns: slots, then the resources.

    Attributes
    ----------
    members
        [H] the agents of each holder, ascending; empty for holder 0.
    capacity
        [H, K] of the whole holder; -1 where it does not hold the column (the demand then falls on holder
        0). Column 0 of holder 0 is -1: the shared pool has no slots.
    consumable
        [K] over the whole horizon instead of at every instant.
    fixed_cost
        [H] once the holder is used; only holders of one agent have any.
    demand
        [M, K] of a mode; column 0 is 1 where the mode needs an agent.
    first_option, option_holder, option_mode, option_duration, option_cost
        The options of task t are first_option[t]:first_option[t + 1]; durations in ticks, cost without
        the fixed part. A task without options makes the instance infeasible.
    release, deadline, due, weight, pinned_start
        [T] as in the spec; the deadline includes the horizon.
    graph
        Precedence, both ways, in topological order.
    levels
        [L, 6] coefficient of each term of `TERMS` in each level; terms in objective units.
    wishes
        What a reasoning step prefers, in ticks; None where no level weighs it, or it prefers nothing.
    """

    spec: ScheduleSpec
    members: tuple[Index, ...]
    capacity: Ints
    consumable: np.ndarray
    fixed_cost: Floats
    demand: Ints
    first_option: Ints
    option_holder: Index
    option_mode: Index
    option_duration: Ints
    option_cost: Floats
    release: Ints
    deadline: Ints
    due: Ints
    weight: Floats
    pinned_start: Ints
    graph: Graph
    levels: Floats
    wishes: Wishes | None = None

    @property
    def n(self) -> int:
        """Number of tasks."""
        return len(self.release)

    @cached_property
    def unit(self) -> float:
        """Objective units in one tick."""
        return float(self.spec.time.resolution)

    @cached_property
    def shortest(self) -> Ints:
        """[T] the least duration over a task's options; 0 where it has none."""
        return self._over_options(np.minimum)

    @cached_property
    def longest(self) -> Ints:
        """[T] the greatest duration over a task's options; 0 where it has none."""
        return self._over_options(np.maximum)

    def _over_options(self, reduce: np.ufunc) -> Ints:
        out = np.zeros(self.n, np.int64)
        some = self.first_option[:-1] < self.first_option[1:]
        if some.any():
            out[some] = reduce.reduceat(self.option_duration, self.first_option[:-1][some])
        return out

    @cached_property
    def option_reasoning(self) -> Floats:
        """[O] what the agent of an option adds to the term `reasoning`; its start adds more."""
        if self.wishes is None:
            return np.zeros(len(self.option_mode))
        # Agents that a decision names are alone in their holder: the first member stands for all.
        agent = np.array([members[0] if len(members) else -1 for members in self.members], np.int64)
        task = np.repeat(np.arange(self.n), np.diff(self.first_option))
        return self.wishes.of_agent(task, agent[self.option_holder])

    def reasoning_of(self, task: Ints, option: Ints | Index, start: Ints) -> Floats:
        """[c] what starting `task` at `start` by `option` adds to the term `reasoning`."""
        if self.wishes is None:
            return np.zeros(len(task))
        return self.option_reasoning[option] + self.wishes.of_start(task, start)

    def not_before(self, start: Ints) -> Ints | None:
        """[T] how far the tasks may move left without one meeting its preferences less; None: as far as they go."""
        if self.wishes is None or not len(self.wishes.since):
            return None
        return self.wishes.floor(np.arange(self.n), start)

    @cached_property
    def earliest(self) -> tuple[Ints, Ints]:
        """[T] earliest start and earliest end by precedence, releases and pins alone."""
        return self.graph.earliest(self.release, self.pinned_start, self.shortest, self.longest)

    def latest(self, makespan: int) -> tuple[Ints, Ints]:
        """[T] latest start and latest end if every task ends by `makespan` (ticks) and its deadline."""
        end = np.minimum(self.deadline, makespan)
        return self.graph.latest(end, self.pinned_start, self.shortest, self.longest)

    def terms(self, solution: Solution) -> Floats:
        """[6] the value of each term of `TERMS` in objective units."""
        if self.n == 0:
            return np.zeros(len(TERMS))
        end = solution.end
        late = np.where(self.due < NEVER, np.maximum(0, end - self.due), 0)
        agents, spec = solution.agent, self.spec
        busy = (end - solution.start) * self.unit
        rate = np.where(agents >= 0, spec.agents.cost_per_time[agents] if len(spec.agents.ids) else 0.0, 0.0)
        used = np.unique(agents[agents >= 0])
        cost = (spec.modes.cost[solution.mode] + rate * busy).sum() + spec.agents.cost_fixed[used].sum()
        everyone, wishes = np.arange(self.n), self.wishes
        wished = 0.0
        if wishes is not None:
            wished = (wishes.of_agent(everyone, agents) + wishes.of_start(everyone, solution.start)).sum()
        return np.array(
            [
                end.max() * self.unit,
                (self.weight * late).sum() * self.unit,
                (self.weight * (late > 0)).sum(),
                (self.weight * (end - self.release)).sum() * self.unit,
                cost,
                wished,
            ]
        )

    def value(self, solution: Solution) -> tuple[float, ...]:
        """The objective of each level, to compare schedules by; the checker has the last word."""
        return tuple(float(v) for v in self.levels @ self.terms(solution))

    def solution(self, start: Ints, option: Ints) -> Solution:
        """The schedule in which task t starts at start[t] by option[t], holders handed out to their agents."""
        holder = self.option_holder[option]
        end = start + self.option_duration[option]
        return Solution(start, end, self.option_mode[option], hand_out(self, holder, start, end))

    def options_of(self, solution: Solution) -> Ints:
        """[T] the option that each task of a schedule uses; -1 where it is none of the instance's."""
        holder_of = np.zeros(len(self.spec.agents.ids) + 1, np.int32)
        for h, members in enumerate(self.members):
            holder_of[members] = h
        holder = np.where(solution.agent >= 0, holder_of[solution.agent], 0)
        out = np.full(self.n, -1, np.int64)
        task = np.repeat(np.arange(self.n), np.diff(self.first_option))
        hit = (self.option_mode == solution.mode[task]) & (self.option_holder == holder[task])
        out[task[hit]] = np.flatnonzero(hit)
        return out


def hand_out(instance: Instance, holder: Index, start: Ints, end: Ints) -> Index:
    """[T] an agent for every task, no agent above its slots: colours the intervals of each class.

    Tasks are taken by start; each goes to the member that has been free longest, so that the result
    depends on nothing but the schedule.
    """
    agent = np.full(len(holder), -1, np.int32)
    single = np.array([members[0] if len(members) == 1 else -1 for members in instance.members], np.int32)
    agent[:] = single[holder]
    shared = np.flatnonzero((holder > 0) & (agent < 0))
    free: dict[int, list[tuple[int, int]]] = {}
    for t in shared[np.lexsort((shared, end[shared], start[shared]))]:
        h = int(holder[t])
        if h not in free:
            slots = int(instance.spec.agents.slots[instance.members[h][0]])
            free[h] = [(0, int(a)) for a in instance.members[h] for _ in range(slots)]
            heapq.heapify(free[h])
        if start[t] == end[t]:  # occupies no slot
            agent[t] = free[h][0][1]
            continue
        agent[t] = heapq.heapreplace(free[h], (int(end[t]), free[h][0][1]))[1]
    return agent


def build_instance(spec: ScheduleSpec, *, apart: Collection[int] = ()) -> Instance:
    """Enumerate the options of every task and merge interchangeable agents into holders.

    Parameters
    ----------
    apart
        Agents that stay holders of their own, because a caller tells them from their like.
    """
    wishes = wishes_of(spec)
    if wishes is not None:
        apart = {*apart, *wishes.named}
    groups, group_of_mode = _eligibility(spec)
    demand = np.zeros((len(spec.modes.ids), 1 + len(spec.resources.ids)), np.int64)
    demand[:, 1:] = spec.modes.demand
    demand[:, 0] = [agents != () for agents in spec.modes.agents]
    members = _classes(spec, groups, group_of_mode, apart)
    # The capacity of one member decides what fits; that of the whole holder what fits at once.
    size = np.array([len(m) for m in members], np.int64)
    first = np.array([m[0] if len(m) else 0 for m in members], np.int64)
    one = np.full((len(members), demand.shape[1]), -1, np.int64)
    one[0, 1:] = spec.resources.capacity
    if len(members) > 1:
        one[1:, 0] = spec.agents.slots[first[1:]]
        one[1:, 1:] = spec.agents.capacity[first[1:]]
    capacity = np.where(one >= 0, one * np.maximum(size, 1)[:, None], -1)

    holders_of_group = [np.flatnonzero([len(m) > 0 and bool(g[m[0]]) for m in members]) for g in groups]
    count = np.array([len(h) for h in holders_of_group], np.int64)[group_of_mode]
    needs_agent = demand[:, 0] == 1
    count[~needs_agent] = 1
    mode = np.repeat(np.arange(len(count), dtype=np.int32), count)
    holder = np.zeros(len(mode), np.int32)
    if len(mode):
        holder[:] = np.concatenate(
            [holders_of_group[g] if needs else [0] for g, needs in zip(group_of_mode, needs_agent, strict=True)]
        )
    num = np.ones(len(members), np.int64)
    den = np.ones(len(members), np.int64)
    num[1:], den[1:] = spec.agents.speed_num[first[1:]], spec.agents.speed_den[first[1:]]
    duration = -(-spec.modes.duration[mode] * den[holder] // num[holder])
    keep = _fits(spec, demand, one, mode, holder, duration)
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode))
    task = task_of_mode[mode]
    pinned = spec.tasks.pinned_agent[task]
    keep &= (pinned < 0) | ((size[holder] == 1) & (first[holder] == pinned))
    mode, holder, duration, task = mode[keep], holder[keep], duration[keep], task[keep]

    rate, fixed = np.zeros(len(members)), np.zeros(len(members))
    rate[1:] = spec.agents.cost_per_time[first[1:]]
    fixed[1:] = spec.agents.cost_fixed[first[1:]]
    unit = float(spec.time.resolution)
    return Instance(
        spec=spec,
        members=tuple(members),
        capacity=capacity,
        consumable=np.concatenate([[False], spec.resources.consumable]),
        fixed_cost=fixed,
        demand=demand,
        first_option=np.searchsorted(task, np.arange(len(spec.tasks.ids) + 1)).astype(np.int64),
        option_holder=holder,
        option_mode=mode,
        option_duration=duration,
        option_cost=spec.modes.cost[mode] + rate[holder] * duration * unit,
        release=spec.tasks.release,
        deadline=np.minimum(spec.tasks.deadline, spec.horizon),
        due=spec.tasks.due,
        weight=spec.tasks.weight,
        pinned_start=spec.tasks.pinned_start,
        graph=Graph.build(len(spec.tasks.ids), spec.after),
        levels=np.array([[float(level.get(term, 0.0)) for term in TERMS] for level in spec.objective]),
        wishes=wishes,
    )


def _eligibility(spec: ScheduleSpec) -> tuple[list[np.ndarray], Index]:
    """The distinct requirements as masks over agents, and the one that each mode has."""
    agents, modes = spec.agents, spec.modes
    known: dict[object, int] = {}
    masks: list[np.ndarray] = []
    group = np.zeros(len(modes.ids), np.int32)
    holders: dict[tuple[str, float], np.ndarray] = {}
    carriers: dict[tuple[str, str], np.ndarray] = {}
    for m, (who, skills, labels) in enumerate(zip(modes.agents, modes.skills, modes.labels, strict=True)):
        key = (who, _key(skills), _key(labels))
        if key not in known:
            mask = np.ones(len(agents.ids), bool)
            if who is not None:
                mask[:] = False
                mask[list(who)] = True
            for skill, level in skills.items():
                if (skill, level) not in holders:
                    holders[skill, level] = np.array([s.get(skill, -np.inf) >= level for s in agents.skills], bool)
                mask &= holders[skill, level]
            for label, value in labels.items():
                if (label, value) not in carriers:
                    carriers[label, value] = np.array([have.get(label) == value for have in agents.labels], bool)
                mask &= carriers[label, value]
            known[key] = len(masks)
            masks.append(mask)
        group[m] = known[key]
    return masks, group


def _key(requirements: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(requirements.items())) if requirements else ()


def _classes(spec: ScheduleSpec, groups: list[np.ndarray], group_of_mode: Index, apart: Collection[int]) -> list[Index]:
    """Agents that no schedule can tell apart, together; every other agent alone. Holder 0 comes first."""
    agents = spec.agents
    most = np.zeros((len(groups), len(spec.resources.ids)), np.int64)
    if len(group_of_mode):
        np.maximum.at(most, group_of_mode, spec.modes.demand)
    known = {*apart, *spec.tasks.pinned_agent[spec.tasks.pinned_agent >= 0].tolist()}
    eligible = np.array(groups, bool).reshape(len(groups), len(agents.ids))
    kinds: dict[object, list[int]] = {}
    for a in range(len(agents.ids)):
        mine = eligible[:, a]
        need = most[mine].max(axis=0) if mine.any() else np.zeros(most.shape[1], np.int64)
        has = agents.capacity[a]
        binds = (has >= 0) & (need > 0) & ((need * agents.slots[a] > has) | spec.resources.consumable)
        if a in known or agents.cost_fixed[a] != 0 or binds.any():
            kinds[a] = [a]
            continue
        alike = (
            int(agents.slots[a]), has.tobytes(), int(agents.speed_num[a]), int(agents.speed_den[a]),
            float(agents.cost_per_time[a]), mine.tobytes(),
        )  # fmt: skip
        kinds.setdefault(alike, []).append(a)
    return [np.zeros(0, np.int32), *(np.array(members, np.int32) for members in kinds.values())]


def _fits(spec: ScheduleSpec, demand: Ints, one: Ints, mode: Index, holder: Index, duration: Ints) -> np.ndarray:
    """[O] whether one member of the holder, with the shared pool, can do the mode at all."""
    keep = np.ones(len(mode), bool)
    for k in range(1, demand.shape[1]):
        need = demand[mode, k]
        have = np.where(one[holder, k] >= 0, one[holder, k], one[0, k])
        counts = (need > 0) & ((duration > 0) | spec.resources.consumable[k - 1])
        keep &= ~counts | ((have >= 0) & (need <= have))
    return keep
