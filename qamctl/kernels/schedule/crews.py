"""Reference of schedule generation with crews: calendars, pauses, gangs, rules, setups, transfers, tasks left out.

As generation.py: one task after the other, each as early as what is placed before it allows; a gang is placed at once.
A choice that a rule forbids is as good as none, and where every option is forbidden the rule is broken, at a price.
"""

from __future__ import annotations

from collections.abc import Generator

from qamctl.kernels.schedule.crew_state import CrewState, Ready
from qamctl.kernels.schedule.generation import FOREVER, Decoder, Schedule, margin, values_of
from qamctl.kernels.schedule.problem import CrewTables

ROUNDS = 200  # starts that are tried for a gang
UNSCHEDULED, DISRUPTION = 6, 10  # places in `levels`


class CrewDecoder:
    """Decodes schedules of one problem with crews in place; `plain` has what all problems have."""

    def __init__(self, plain: Decoder, tables: CrewTables) -> None:
        self.plain, self.state = plain, CrewState(plain, tables)
        self.broken = 0.0  # what collides with pins, and breaks rules

    # ------------------------------------------------------------------------------------- a pass

    def forward(self, s: Schedule, limits: tuple[float, float] | None) -> Generator[None, None, bool]:
        """As `Decoder.forward`."""
        p = self.plain
        self.state.begin(s)
        self.broken = 0.0
        for t in p.pins:
            self._place_pinned(s, t)
        violation, share, makespan = 0.0, 0.0, 0
        for t in s.order:
            if self.state.placed[t]:
                continue
            tasks = self._place_gang(s, self.state.gang[t]) if self.state.gang[t] >= 0 else self._place(s, t)
            if limits is not None and p.can_abandon:
                for one in tasks:
                    share += self._share(s, one)
                    if not self.state.out[s.option[one]]:
                        violation += float(max(0, s.end[one] - p.deadline[one]))
                        makespan = max(makespan, s.start[one] + p.tail[one])
                level = p.levels[0][0] * p.p.unit * float(makespan) + share if p.levels else 0.0
                if violation > limits[0] + margin(limits[0]) or level > limits[1] + margin(limits[1]):
                    return False
            yield
        self._evaluate(s)
        return True

    def _place_pinned(self, s: Schedule, t: int) -> None:
        """Where it must be, whatever it collides with; a collision is a violation."""
        pin, choice = self.plain.pinned[t], s.choice[t]
        if choice < 0:
            options = range(self.plain.first[t], self.plain.first[t + 1])
            fits = (o for o in options if self.state.open(t, o) and self.state.earliest(t, o, pin, 0) == pin)
            choice = next(fits, options[0])
        if self.state.earliest(t, choice, pin, 0) != pin:
            self.broken += float(max(1, self.plain.duration[choice]))
        if not self.state.allowed(t, choice):
            self.broken += self.state.c.price
        self.state.book(s, t, choice, pin)

    def _place(self, s: Schedule, t: int) -> list[int]:
        self.state.book(s, t, *self._choose(s, t, self.state.ready(s, t)))
        return [t]

    def _place_gang(self, s: Schedule, g: int) -> list[int]:
        """All tasks of a gang at one start: the earliest at which each has an option; each on its own where none is."""
        there = [t for t in self.state.gangs[g] if self.state.placed[t] and not self.state.out[s.option[t]]]
        tasks = [t for t in self.state.gangs[g] if not self.state.placed[t]]
        ready = {t: self.state.ready(s, t) for t in tasks}
        wanted = [t for t in tasks if s.choice[t] < 0 or not self.state.out[s.choice[t]]]
        begin = s.start[there[0]] if there else max((ready[t][0] for t in wanted), default=0)
        for _ in range(1 if there else ROUNDS):
            later = -1
            for k, t in enumerate(tasks):
                option, start = self._choose_at(s, t, ready[t], begin, last=bool(there))
                if option < 0:
                    later = start
                    for one in tasks[:k]:
                        self.state.take_away(s, one)
                    break
                self.state.book(s, t, option, begin)
            else:
                return tasks
            if later == FOREVER:
                break
            begin = later
        for t in tasks:
            self._place(s, t)
            if not self.state.out[s.option[t]]:
                self.broken += float(abs(s.start[t] - begin))
        return tasks

    def _choose_at(self, s: Schedule, t: int, ready: Ready, begin: int, *, last: bool) -> tuple[int, int]:
        """The option that starts at `begin` and is best; else -1, and the next start that is possible at all.

        With `last` no other start is tried, so that a task that may be left out is.
        """
        choice = s.choice[t]
        if choice >= 0 and self.state.out[choice]:
            return choice, begin
        best: tuple[float, float, int] | None = None
        later = FOREVER
        for o in self._open(t, choice):
            start = self.state.start_from(t, o, ready, begin)
            if start == begin:
                key = (*self.plain.merit(self.state.end(o, start), o), o)
                best = key if best is None else min(best, key)
            else:
                later = min(later, start)
        if best is not None:
            return best[2], begin
        if self.state.left_out[t] >= 0 and (last or later == FOREVER):
            return self.state.left_out[t], begin
        return -1, later

    def _open(self, t: int, choice: int) -> list[int]:
        """The options that a task may have: its choice, else all that rules and stocks allow."""
        if choice >= 0 and self.state.allowed(t, choice):
            return [choice]
        options = range(self.plain.first[t], self.plain.first[t + 1])
        return [
            o for o in options if not self.state.out[o] and self.plain.excess(t, o) == 0 and self.state.allowed(t, o)
        ]

    def _choose(self, s: Schedule, t: int, ready: Ready) -> tuple[int, int]:
        """The option and start of a task, as `Decoder.choose`; left out where it may be and nothing else is in time."""
        p, choice = self.plain, s.choice[t]
        options = range(p.first[t], p.first[t + 1])
        if len(options) == 1:
            choice = options[0]
        if choice >= 0 and self.state.out[choice]:
            return choice, 0
        if choice >= 0 and self.state.allowed(t, choice):
            start = self.state.start_from(t, choice, ready, 0)
            if start < FOREVER:
                return choice, start
        best = self._best(t, ready, strict=True)
        if self.state.left_out[t] >= 0 and (best is None or self.state.end(*best) > p.deadline[t]):
            return self.state.left_out[t], 0
        if best is None:
            self.broken += self.state.c.price
            best = self._best(t, ready, strict=False)
        if best is None:
            self.broken += self.state.c.price
            least = min((o for o in options if not self.state.out[o]), key=lambda o: p.excess(t, o))
            start = self.state.start_from(t, least, ready, 0)
            best = (least, max(ready[0], 0) if start == FOREVER else start)
        return best

    def _best(self, t: int, ready: Ready, *, strict: bool) -> tuple[int, int] | None:
        """(option, start) of what ends first, then is cheaper, then stands first; `strict`: among what rules allow."""
        p = self.plain
        best: tuple[float, float, int, int] | None = None
        for o in range(p.first[t], p.first[t + 1]):
            if self.state.out[o]:
                continue
            soonest = max(ready[0] + p.duration[o], ready[1])
            if best is not None and p.merit(soonest, o) > best[:2]:
                continue
            if p.excess(t, o) > 0 or (strict and not self.state.allowed(t, o)):
                continue
            start = self.state.start_from(t, o, ready, 0)
            if start == FOREVER:
                continue
            key = (*p.merit(self.state.end(o, start), o), o, start)
            best = key if best is None else min(best, key)
        return None if best is None else (best[2], best[3])

    # ------------------------------------------------------------------------------------- value

    def _share(self, s: Schedule, t: int) -> float:
        """What a placed task adds to the first level, makespan apart, as far as that is known at once."""
        p = self.plain
        if not p.levels:
            return 0.0
        share = p.levels[0][UNSCHEDULED] * self.state.reward[t] if self.state.out[s.option[t]] else p.share(s, t)
        return share + p.levels[0][DISRUPTION] * self._disruption(s, t)

    def _disruption(self, s: Schedule, t: int) -> float:
        if self.state.earlier[t] < 0:
            return 0.0
        if self.state.same[s.option[t]]:
            return self.plain.weight[t] * self.plain.p.unit * float(abs(s.start[t] - self.state.earlier[t]))
        return self.state.moved[s.option[t]]

    def _evaluate(self, s: Schedule) -> None:
        """The violation and the levels; every sum runs over the tasks in their order."""
        p, unit = self.plain, self.plain.p.unit
        violation = self.broken
        tardiness, tardy, flow, cost, reasoning, unscheduled, disruption = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        makespan, communication = 0, 0
        busy = [0] * len(self.state.setup_of)
        for t in range(p.n):
            option, end, weight = s.option[t], s.end[t], p.weight[t]
            disruption += self._disruption(s, t)
            if self.state.out[option]:
                unscheduled += self.state.reward[t]
                continue
            makespan = max(makespan, end)
            if end > p.deadline[t]:
                violation += float(end - p.deadline[t])
            if end > p.due[t]:
                tardiness += weight * float(end - p.due[t])
                tardy += weight
            flow += weight * float(end - p.release[t])
            cost += p.cost[option]
            reasoning += p.reasoning[option] + p.price(t, s.start[t])
            for holder in self.state.crew[option]:
                busy[holder] += p.duration[option]
            by_start, by_end, sent = self.state.ready(s, t)
            for moment, kind, row, crew in sent:
                delay = self.state.delay_of(row, crew, self.state.crew[option])
                communication += delay
                if kind < 2:
                    by_start = max(by_start, moment + delay)
                else:
                    by_end = max(by_end, moment + delay)
            violation += float(max(0, by_start - s.start[t], by_end - end))
        for left, weight in zip(p.stock, p.stock_weight, strict=True):
            violation += float(max(0, -left)) * weight
        for rule in self.state.rules:
            violation += float(rule.excess()) * self.state.c.price
        used = {h for t in range(p.n) for h in self.state.crew[s.option[t]]}
        for h in sorted(used):
            cost += p.fixed_cost[h]
        setup = self.state.setup_total()
        balance = float(max(busy)) - float(sum(busy)) / float(self.state.c.agents) if self.state.c.agents else 0.0
        terms = (
            float(makespan) * unit, tardiness * unit, tardy, flow * unit, cost, reasoning, unscheduled,
            float(setup) * unit, float(communication) * unit, balance * unit, disruption,
        )  # fmt: skip
        s.value = [violation, *values_of(p.levels, terms)]

    def compete(self, a: int, b: int) -> bool:
        """Whether two options take from the same column of the same holder."""
        return self.state.compete(a, b)
