"""A second checker of schedules with every feature: tick by tick, in plain Python and exact fractions.

It shares nothing with the checker, the engines or the reader of results: it reads the spec's columns and follows the
definitions one after the other, slowly. A schedule here has for each task a `Way`, or None where it is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from math import ceil
from typing import Any, NamedTuple

from qamctl.schedule.spec import KINDS, Calendar, Rule, ScheduleSpec


class Way(NamedTuple):
    """When, how and by whom one task is done; the crew ascending."""

    start: int
    end: int
    mode: int
    crew: tuple[int, ...]


Schedule = Sequence[Way | None]


class Brute:
    """A spec in plain Python numbers, and the definitions on them."""

    def __init__(self, spec: ScheduleSpec) -> None:
        tasks, agents, modes, resources = spec.tasks, spec.agents, spec.modes, spec.resources
        self.spec, self.unit, self.horizon = spec, spec.time.resolution, spec.horizon
        self.tasks, self.agents = range(len(tasks.ids)), range(len(agents.ids))
        self.modes = [range(a, b) for a, b in zip(tasks.first_mode[:-1], tasks.first_mode[1:], strict=True)]
        self.duration, self.demand = modes.duration.tolist(), modes.demand.tolist()
        self.away = [_intervals(agents.away, a) for a in self.agents]
        self.periods = [_intervals(resources.calendar, r) for r in range(len(resources.ids))]
        self.own, self.pool = agents.capacity.tolist(), resources.capacity.tolist()
        self.consumable, self.slots = resources.consumable.tolist(), agents.slots.tolist()
        self.arcs = list(zip(*(column.tolist() for column in _precedence(spec)), strict=True))
        self.gang, self.family = tasks.gang.tolist(), tasks.family.tolist()
        self.release = tasks.release.tolist()
        #: (mode, crew) -> ticks of work; (data, earlier crew, later crew) -> ticks until all of the later have them.
        self.needed, self.delay = cache(self._needed), cache(self._delay)
        self._able: dict[tuple[int, int], bool] = {}
        self._gap: dict[tuple[int, tuple[int, ...], int], bool] = {}

    # Who

    def able(self, mode: int, agent: int) -> bool:
        """Whether an agent may do a mode, pins apart."""
        if (mode, agent) not in self._able:
            self._able[mode, agent] = self._may(mode, agent)
        return self._able[mode, agent]

    def _may(self, mode: int, agent: int) -> bool:
        modes, agents = self.spec.modes, self.spec.agents
        who, has, carries = modes.agents[mode], agents.skills[agent], agents.labels[agent]
        listed = who is None or agent in who
        skilled = all(has.get(skill, -1) >= least for skill, least in modes.skills[mode].items())
        labelled = all(carries.get(key) == value for key, value in modes.labels[mode].items())
        return listed and skilled and labelled and agents.taints[agent] <= modes.tolerates[mode]

    def crews(self, task: int, mode: int) -> Iterator[tuple[int, ...]]:
        """Every crew that may do a task in a mode, pins included."""
        if self.spec.modes.agents[mode] == ():
            choices: Iterator[tuple[int, ...]] = iter([()])
        else:
            some = [agent for agent in self.agents if self.able(mode, agent)]
            choices = combinations(some, int(self.spec.modes.count[mode]))
        yield from (crew for crew in choices if self._pins(task, mode, crew))

    def _pins(self, task: int, mode: int, crew: tuple[int, ...]) -> bool:
        tasks = self.spec.tasks
        one, whole = int(tasks.pinned_agent[task]), tasks.pinned_crew.get(task)
        return one in (-1, *crew) and whole in (None, crew) and int(tasks.pinned_mode[task]) in (-1, mode)

    def staffed(self, task: int, way: Way) -> bool:
        """Whether mode and crew are such as the task may have."""
        return way.mode in self.modes[task] and way.crew in set(self.crews(task, way.mode))

    # One task

    def _needed(self, mode: int, crew: tuple[int, ...]) -> int:
        """Ticks of work."""
        agents = self.spec.agents
        speeds = [Fraction(int(agents.speed_num[a]), int(agents.speed_den[a])) for a in crew] or [Fraction(1)]
        return max(ceil(self.duration[mode] / speed) for speed in speeds)

    def from_pool(self, resource: int, crew: tuple[int, ...]) -> bool:
        """Whether the pool gives a demand: somebody does not hold the resource, or there is nobody."""
        return not crew or any(self.own[agent][resource] < 0 for agent in crew)

    def gap(self, mode: int, crew: tuple[int, ...], tick: int) -> bool:
        """Whether a task can't be worked on at a tick, by calendar."""
        key = (mode, crew, tick)
        if key not in self._gap:
            absent = any(tick in hours for agent in crew for hours, _ in self.away[agent])
            self._gap[key] = absent or any(
                tick in hours and left < need and self.from_pool(r, crew)
                for r, need in enumerate(self.demand[mode])
                for hours, left in self.periods[r]
                if need > 0
            )
        return self._gap[key]

    def works(self, task: int, way: Way, tick: int) -> bool:
        """Whether a task is worked on at a tick."""
        pausing = bool(self.spec.tasks.preemptible[task]) and self.gap(way.mode, way.crew, tick)
        return way.start <= tick < way.end and not pausing

    def worked(self, task: int, way: Way) -> int:
        """Ticks of work in the time that a task takes."""
        if way.end <= way.start or not self.spec.tasks.preemptible[task]:
            return way.end - way.start
        return sum(self.works(task, way, tick) for tick in range(way.start, way.end))

    def segments(self, task: int, way: Way) -> list[list[int]] | None:
        """The pieces of work, None where it never pauses."""
        pieces: list[list[int]] = []
        for tick in range(way.start, way.end):
            if self.works(task, way, tick):
                if pieces and pieces[-1][1] == tick:
                    pieces[-1][1] = tick + 1
                else:
                    pieces.append([tick, tick + 1])
        return pieces if len(pieces) > 1 else None

    def end(self, task: int, start: int, mode: int, crew: tuple[int, ...]) -> int | None:
        """When a task ends that starts then; None where it can't start then."""
        left, tick = self.needed(mode, crew), start
        if left == 0:
            return start
        if not self.spec.tasks.preemptible[task]:
            here = range(start, start + left)
            return None if any(t in hours for a in crew for hours, _ in self.away[a] for t in here) else start + left
        if self.gap(mode, crew, start):
            return None
        while left:
            left -= not self.gap(mode, crew, tick)
            tick += 1
            if tick > start + 10_000:
                raise AssertionError("the calendar never ends")
        return tick

    def alone(self, task: int, way: Way) -> bool:
        """Whether a task is done as it may be, the others apart."""
        tasks, pinned = self.spec.tasks, int(self.spec.tasks.pinned_start[task])
        return (
            self.staffed(task, way)
            and way.start >= max(0, self.release[task])
            and pinned in (-1, way.start)
            and way.end <= min(int(tasks.deadline[task]), self.horizon)
            and way.end == self.end(task, way.start, way.mode, way.crew)
        )

    # Several tasks

    def _delay(self, data: int, before: tuple[int, ...], after: tuple[int, ...]) -> int:
        """Ticks until every agent of the later crew has the data of the earlier one."""
        if data == 0 or not before or not after:
            return 0
        return max(min(self._transfer(data, a, b) for a in before) for b in after)

    def _transfer(self, data: int, a: int, b: int) -> int:
        transfers = self.spec.transfers
        if a == b or transfers is None:
            return 0
        link = transfers.link.get((a, b), 0)
        latency, bandwidth = int(transfers.latency[link]), int(transfers.bandwidth[link])
        return ceil((Fraction(latency, 10**6) + Fraction(data, bandwidth)) / self.unit)

    def ordered(self, done: Mapping[int, Way]) -> bool:
        """Whether precedence, data and gangs allow the times of some tasks."""
        for i, j, kind, lag, data in self.arcs:
            if i in done and j in done:
                before = done[i].end if KINDS[kind][0] == "F" else done[i].start
                later = done[j].end if KINDS[kind][1] == "F" else done[j].start
                if later < before + lag + self.delay(data, done[i].crew, done[j].crew):
                    return False
        starts: dict[int, int] = {}
        gangs = [(self.gang[t], way.start) for t, way in done.items() if self.gang[t] >= 0]
        return all(starts.setdefault(gang, start) == start for gang, start in gangs)

    def setups(self, done: Mapping[int, Way]) -> list[tuple[int, int, int]]:
        """(end of the one, start of the next, time between them) of all neighbours with a family on an agent."""
        setups, found = self.spec.setups, []
        for agent in self.agents if setups is not None else ():
            line = sorted((w.start, w.end, t) for t, w in done.items() if agent in w.crew and self.family[t] >= 0)
            for (_, end, i), (start, _, j) in pairwise(line):
                table = setups.time[setups.of_agent[agent]]
                found.append((end, start, int(table[self.family[i], self.family[j]])))
        return found

    def fits(self, done: Mapping[int, Way], within: Iterable[int] | None = None) -> bool:
        """Whether slots and capacities bear some tasks at every tick (of some), and consumables bear them in all."""
        if not self._bears([(t, way, True) for t, way in done.items()], consumable=True):
            return False
        for tick in within or {tick for way in done.values() for tick in range(way.start, way.end)}:
            running = [(t, way, self.works(t, way, tick)) for t, way in done.items() if way.start <= tick < way.end]
            crowd = [agent for _, way, _ in running for agent in way.crew]
            if any(crowd.count(agent) > self.slots[agent] for agent in set(crowd)):
                return False
            if not self._bears(running, consumable=False, tick=tick):
                return False
        return True

    def _bears(self, running: Sequence[tuple[int, Way, bool]], *, consumable: bool, tick: int | None = None) -> bool:
        for r, kind in enumerate(self.consumable):
            if kind != consumable:
                continue
            used: dict[int, int] = {}  # by agent, -1 for the pool
            for _, way, working in running:
                need = self.demand[way.mode][r]
                for agent in way.crew:
                    if self.own[agent][r] >= 0:
                        used[agent] = used.get(agent, 0) + need
                if working and self.from_pool(r, way.crew):
                    used[-1] = used.get(-1, 0) + need
            there = self.pool[r]
            for hours, left in self.periods[r]:
                if tick is not None and tick in hours:
                    there = left
            for supplier, amount in used.items():
                if amount > max(0, self.own[supplier][r] if supplier >= 0 else there):
                    return False
        return True

    def keeps(self, rule: Rule, done: Mapping[int, Way]) -> bool:
        """Whether the crews of some tasks keep a rule."""
        crews = {t: set(done[t].crew) for t in rule.tasks if t in done and done[t].crew}
        pairs = list(combinations(crews.values(), 2))
        if rule.label is None:
            if rule.kind == "near":
                return all(one <= other or other <= one for one, other in pairs)
            return all(not one & other for one, other in pairs)
        labels = [carries.get(rule.label) for carries in self.spec.agents.labels]
        if any(labels[agent] is None for crew in crews.values() for agent in crew):
            return False
        values = [[labels[agent] for agent in crew] for crew in crews.values()]
        if rule.kind == "near":
            return len({value for some in values for value in some}) <= 1
        if rule.kind == "apart":
            return all(not set(one) & set(other) for one, other in combinations(values, 2))
        could = {
            labels[agent] for t in rule.tasks for mode in self.modes[t] for agent in self.agents
            if self.able(mode, agent) and labels[agent] is not None
        }  # fmt: skip
        numbers = [sum(some.count(value) for some in values) for value in could]
        return len(numbers) < 2 or max(numbers) - min(numbers) <= rule.max_skew

    def together(self, done: Mapping[int, Way], within: Iterable[int] | None = None) -> bool:
        """Whether some tasks can be done as they are, whatever becomes of the others; setups and `spread` apart."""
        rules = [rule for rule in self.spec.rules if rule.kind != "spread"]
        return self.ordered(done) and all(self.keeps(rule, done) for rule in rules) and self.fits(done, within)

    def feasible(self, schedule: Schedule) -> bool:
        """Whether a whole schedule keeps every constraint."""
        done = {t: way for t, way in enumerate(schedule) if way is not None}
        return (
            all(t in done or self.spec.tasks.optional[t] for t in self.tasks)
            and all(self.alone(t, way) for t, way in done.items())
            and self.together(done)
            and all(start >= end + time for end, start, time in self.setups(done))
            and all(self.keeps(rule, done) for rule in self.spec.rules)
        )


def _intervals(calendar: Calendar, row: int) -> list[tuple[range, int]]:
    return [(range(start, end), capacity) for start, end, capacity in calendar.of(row)]


def _precedence(spec: ScheduleSpec) -> tuple[Any, ...]:
    after = spec.after
    return after.pred, after.succ, after.kind, after.lag, after.data
