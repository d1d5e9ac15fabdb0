"""The schedule problem as solvers see it: options, holders and windows instead of agents, skills and ids.

An *option* of a task is one mode on one *holder*. Holder 0 is the pool of shared resources (tasks that
need no agent); the others are classes of interchangeable agents: the members of a class have the same
speed, costs and eligibility, and their own capacities never bind before their slots do, so a schedule
that respects the class's total slots can always be handed out to its members (interval colouring).
Where tasks need more than that (`crews.py`), an option also says who else takes part, that its task is left out, or
when it pauses.
The checker never reads this module.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qamctl.schedule.crew_terms import cost_of, crew_terms, work_of
from qamctl.schedule.crews import Crews
from qamctl.schedule.kept import Kept, kept_of
from qamctl.schedule.precedence import Graph
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import NEVER, TERMS, Floats, Index, Ints, ScheduleSpec
from qamctl.schedule.wishes import Wishes


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
        [M + 1, K] of a mode; column 0 is 1 where the mode needs an agent. The last row is that of tasks left out.
    first_option, option_holder, option_mode, option_duration, option_cost
        The options of task t are first_option[t]:first_option[t + 1]; durations in ticks of work, cost without
        the fixed part. A task without options makes the instance infeasible. The holder is the first one of a crew.
    release, deadline, due, weight, pinned_start
        [T] as in the spec; the deadline includes the horizon.
    graph
        Precedence, both ways, in topological order.
    levels
        [L, 11] coefficient of each term of `TERMS` in each level; terms in objective units.
    wishes
        What a reasoning step prefers, in ticks; None where no level weighs it, or it prefers nothing.
    crews
        What options are more than one agent at any time; None where they are no more.
    complete
        All that can be done is an option; else proofs that go through all options prove nothing.
    reach
        ([T], [T]) ticks that a task takes at least, and at most, pauses included, whoever does it; None where all that
        can be done is an option, and tells that.
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
    crews: Crews | None = None
    complete: bool = True
    reach: tuple[Ints, Ints] | None = None

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
        least = self._over_options(np.minimum)
        return least if self.reach is None else np.minimum(least, self.reach[0])

    @cached_property
    def longest(self) -> Ints:
        """[T] the greatest duration over a task's options, pauses included; 0 where it has none."""
        work = self.option_duration
        if self.crews is not None:
            work = work + self.crews.gaps.length(self.crews.pause)
        most = self._over_options(np.maximum, work)
        return most if self.reach is None else np.maximum(most, self.reach[1])

    def _over_options(self, reduce: np.ufunc, duration: Ints | None = None) -> Ints:
        out = np.zeros(self.n, np.int64)
        some = self.first_option[:-1] < self.first_option[1:]
        if some.any():
            values = self.option_duration if duration is None else duration
            out[some] = reduce.reduceat(values, self.first_option[:-1][some])
        return out

    @cached_property
    def holder_of_agent(self) -> Index:
        """[A] the holder that each agent is in."""
        out = np.zeros(len(self.spec.agents.ids), np.int32)
        for h, members in enumerate(self.members):
            out[members] = h
        return out

    @cached_property
    def sure(self) -> np.ndarray:
        """[T] the tasks that are in every schedule."""
        return ~self.spec.tasks.optional

    @cached_property
    def heads(self) -> Graph:
        """The precedence that holds for what comes after: nothing has to wait for a task that may be left out."""
        return self.graph if self.sure.all() else self._without(self.spec.after.pred)

    @cached_property
    def tails(self) -> Graph:
        """The precedence that holds for what comes before."""
        return self.graph if self.sure.all() else self._without(self.spec.after.succ)

    def _without(self, end: Index) -> Graph:
        after, keep = self.spec.after, self.sure[end]
        kept = {name: getattr(after, name)[keep] for name in ("pred", "succ", "kind", "lag", "data")}
        return Graph.build(self.n, replace(after, **kept))

    @cached_property
    def option_reasoning(self) -> Floats:
        """[O] what the agents of an option add to the term `reasoning`; its start adds more."""
        if self.wishes is None:
            return np.zeros(len(self.option_mode))
        # Agents that a decision names are alone in their holder: the first member stands for all.
        agent = np.array([members[0] if len(members) else -1 for members in self.members], np.int64)
        task = np.repeat(np.arange(self.n), np.diff(self.first_option))
        out = self.wishes.of_agent(task, agent[self.option_holder])
        if self.crews is not None:
            out[self.crews.out] = 0.0
            for o in np.flatnonzero(self.crews.sizes > 1).tolist():
                crew = [int(agent[holder]) for holder, _ in self.crews.of(o)]
                out[o] = self.wishes.of_crew(int(task[o]), crew)
        return out

    def reasoning_of(self, task: Ints, option: Ints | Index, start: Ints) -> Floats:
        """[c] what starting `task` at `start` by `option` adds to the term `reasoning`."""
        if self.wishes is None:
            return np.zeros(len(task))
        return self.option_reasoning[option] + self.wishes.of_start(task, start)

    def not_before(self, start: Ints) -> Ints | None:
        """[T] how far the tasks may move left without one being wanted there less; None: as far as they go."""
        wishes = self.wishes if self.wishes is not None and len(self.wishes.since) else None
        if wishes is None and not self.keeps:
            return None
        floor = np.zeros(self.n, np.int64) if wishes is None else wishes.floor(np.arange(self.n), start)
        if self.keeps:
            floor = np.where(start >= self.kept_start, np.maximum(floor, self.kept_start), floor)
        return floor

    @cached_property
    def kept_start(self) -> Ints:
        """[T] the start nearest to that of an earlier schedule that leaves time for what comes after; 0 without one."""
        earlier = self.spec.earlier
        if earlier is None:
            return np.zeros(self.n, np.int64)
        latest, _ = self.latest(NEVER // 4)
        return np.maximum(0, np.where(earlier.start >= 0, np.minimum(earlier.start, latest), 0))

    @cached_property
    def kept(self) -> Kept | None:
        """What an earlier schedule asks of the tasks; None without one."""
        return None if self.spec.earlier is None else kept_of(self, self.spec.earlier)

    @cached_property
    def keeps(self) -> bool:
        """Whether it counts how far a schedule is from the earlier one."""
        return self.spec.earlier is not None and bool(self.levels[:, TERMS.index("disruption")].any())

    @cached_property
    def earliest(self) -> tuple[Ints, Ints]:
        """[T] earliest start and earliest end by precedence, releases and pins alone."""
        return self.heads.earliest(self.release, self.pinned_start, self.shortest, self.longest)

    def latest(self, makespan: int) -> tuple[Ints, Ints]:
        """[T] latest start and latest end if every task ends by `makespan` (ticks) and its deadline."""
        end = np.minimum(self.deadline, makespan)
        return self.tails.latest(end, self.pinned_start, self.shortest, self.longest)

    def terms(self, solution: Solution) -> Floats:
        """[11] the value of each term of `TERMS` in objective units."""
        if self.n == 0:
            return np.zeros(len(TERMS))
        spec, end, there = self.spec, solution.end, solution.mode >= 0
        late = np.where(there & (self.due < NEVER), np.maximum(0, end - self.due), 0)
        work = solution.end - solution.start if self.crews is None else work_of(spec, solution)
        return np.array(
            [
                end.max() * self.unit,
                (self.weight * late).sum() * self.unit,
                (self.weight * (late > 0)).sum(),
                (self.weight * np.where(there, end - self.release, 0)).sum() * self.unit,
                self._cost(solution) if self.crews is None else cost_of(spec, solution, work),
                self._wished(solution, there),
                *((0.0,) * 5 if self.crews is None else crew_terms(spec, solution, work)),
            ]
        )

    def _wished(self, solution: Solution, there: np.ndarray) -> float:
        if self.wishes is None:
            return 0.0
        tasks = np.flatnonzero(there)
        costs = self.wishes.of_agent(tasks, solution.agent[tasks])
        for t in solution.others:
            costs[np.searchsorted(tasks, t)] = self.wishes.of_crew(t, solution.crew(t))
        costs = costs + self.wishes.of_start(tasks, solution.start[tasks])
        return float(costs.sum())

    def _cost(self, solution: Solution) -> float:
        spec, agents = self.spec, solution.agent
        busy = (solution.end - solution.start) * self.unit
        rate = np.where(agents >= 0, spec.agents.cost_per_time[agents] if len(spec.agents.ids) else 0.0, 0.0)
        used = np.unique(agents[agents >= 0])
        return float((spec.modes.cost[solution.mode] + rate * busy).sum() + spec.agents.cost_fixed[used].sum())

    def value(self, solution: Solution) -> tuple[float, ...]:
        """The objective of each level, to compare schedules by; the checker has the last word."""
        return tuple(float(v) for v in self.levels @ self.terms(solution))

    def ends(self, start: Ints, option: Ints) -> Ints:
        """[T] when the tasks end that start at `start` by `option`, pauses included."""
        work = self.option_duration[option]
        return start + work if self.crews is None else self.crews.gaps.ends(self.crews.pause[option], start, work)

    def solution(self, start: Ints, option: Ints) -> Solution:
        """The schedule in which task t starts at start[t] by option[t], holders handed out to their agents."""
        end = self.ends(start, option)
        if self.crews is None:
            holder = self.option_holder[option]
            return Solution(start, end, self.option_mode[option], hand_out(self, holder, start, end))
        out = self.crews.out[option]
        start, end = np.where(out, 0, start), np.where(out, 0, end)
        agent, others = hand_out_crews(self, self.crews, start, end, option)
        return Solution(start, end, np.where(out, -1, self.option_mode[option]).astype(np.int32), agent, others)

    def options_of(self, solution: Solution) -> Ints:
        """[T] the option that each task of a schedule uses; -1 where it is none of the instance's."""
        out = np.full(self.n, -1, np.int64)
        task = np.repeat(np.arange(self.n), np.diff(self.first_option))
        holder_of = np.append(self.holder_of_agent, np.int32(0))
        holder = np.where(solution.agent >= 0, holder_of[solution.agent], 0)
        hit = self.option_holder == holder[task]
        if self.crews is None:
            hit &= self.option_mode == solution.mode[task]
            out[task[hit]] = np.flatnonzero(hit)
            return out
        mode = np.where(self.crews.out, -1, self.option_mode)
        hit &= (self.crews.sizes <= 1) & (mode == solution.mode[task])
        out[task[hit]] = np.flatnonzero(hit)
        for t in solution.others:
            out[t] = self._of_several.get((t, int(solution.mode[t]), self.crew_of(solution, t)), -1)
        return out

    @cached_property
    def _of_several(self) -> dict[tuple[int, int, tuple[tuple[int, int], ...]], int]:
        """The options of several agents, by task, mode and crew."""
        if self.crews is None:
            return {}
        task = np.repeat(np.arange(self.n), np.diff(self.first_option))
        several = np.flatnonzero(self.crews.sizes > 1).tolist()
        return {(int(task[o]), int(self.option_mode[o]), self.crews.of(o)): o for o in several}

    def crew_of(self, solution: Solution, task: int) -> tuple[tuple[int, int], ...]:
        """(holder, number of its agents) of a task, by holder."""
        counts: dict[int, int] = {}
        for agent in solution.crew(task):
            holder = int(self.holder_of_agent[agent])
            counts[holder] = counts.get(holder, 0) + 1
        return tuple(sorted(counts.items()))


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


def hand_out_crews(
    instance: Instance, crews: Crews, start: Ints, end: Ints, option: Ints
) -> tuple[Index, dict[int, tuple[int, ...]]]:
    """[T] the first agent of every task, and the further ones; as `hand_out`, a class gives as many as a crew takes."""
    agent = np.full(len(option), -1, np.int32)
    others: dict[int, tuple[int, ...]] = {}
    free: dict[int, list[tuple[int, int]]] = {}
    for t in np.lexsort((np.arange(len(option)), end, start)).tolist():
        found: list[int] = []
        for holder, number in crews.of(int(option[t])):
            members = instance.members[holder]
            if len(members) == 1:
                found.append(int(members[0]))
                continue
            if holder not in free:
                slots = int(instance.spec.agents.slots[members[0]])
                free[holder] = [(0, int(a)) for a in members for _ in range(slots)]
                heapq.heapify(free[holder])
            taken = [heapq.heappop(free[holder]) for _ in range(number)]
            found += [a for _, a in taken]
            busy = start[t] < end[t]  # a task of no length occupies no slot
            for until, a in taken:
                heapq.heappush(free[holder], (int(end[t]) if busy else until, a))
        if found:
            first, *further = sorted(found)
            agent[t] = first
            if further:
                others[t] = tuple(further)
    return agent, others
