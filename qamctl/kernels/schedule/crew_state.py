"""Reference of the state of schedule generation with crews: what is placed, what that leaves, and when a task fits.

Calendars, pauses, rules, setups and transfers; which task comes when, and with which option, is in crews.py.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import groupby, pairwise
from typing import TypeVar

from qamctl.kernels.schedule.crew_rules import Crew, RuleState
from qamctl.kernels.schedule.generation import FOREVER, Decoder, Needs, Profile, Schedule
from qamctl.kernels.schedule.problem import CrewTables, Index, Ints
from qamctl.kernels.schedule.spans import Spans, end_of, pieces, skip, start_for_end

T = TypeVar("T")

Sent = list[tuple[int, int, int, Crew]]  # (moment without delay, kind, row of delays, crew that sends)
Ready = tuple[int, int, Sent]  # a task must start at the first time or later, and end at the second or later


class CrewState:
    """The tables of a problem with crews, and what the tasks placed so far take; `plain` has what all problems have."""

    def __init__(self, plain: Decoder, c: CrewTables) -> None:
        self.plain, self.c, n = plain, c, plain.n
        self.out: list[int] = c.option_out.tolist()
        takes = zip(c.take_holder.tolist(), c.take_column.tolist(), c.take_amount.tolist(), strict=True)
        self.take = [_by_holder(rows) for rows in _rows(c.take_first.tolist(), list(takes))]
        self.crew = [tuple(row) for row in _rows(c.crew_first.tolist(), c.crew_holder.tolist())]
        self.number = _rows(c.crew_first.tolist(), c.crew_number.tolist())
        self.pause: list[int] = c.option_pause.tolist()
        self.gaps = _rows(c.gap_first.tolist(), _pairs(c.gap_start, c.gap_end))
        self.away = _rows(c.away_first.tolist(), _pairs(c.away_start, c.away_end))
        self.since = _rows(c.step_first.tolist(), c.step_since.tolist())
        self.free = _rows(c.step_first.tolist(), c.step_free.tolist())
        self.gang: list[int] = c.gang.tolist()
        self.gangs = _rows(c.gang_first.tolist(), c.gang_task.tolist())
        arcs = zip(c.arc_task.tolist(), c.arc_kind.tolist(), c.arc_lag.tolist(), c.arc_data.tolist(), strict=True)
        self.arcs = _rows(c.arc_first.tolist(), list(arcs))
        self.delay: list[list[int]] = c.delay.tolist()
        links = _rows(c.link_first.tolist(), _pairs(c.link_other, c.link_class))
        self.link = [dict(row) for row in links]
        self.rule_tasks = _rows(c.rule_first.tolist(), c.rule_task.tolist())
        self.own_rules = _rows(c.own_rule_first.tolist(), c.own_rule.tolist())
        self.most: list[int] = c.most_crew.tolist()
        self.value: list[list[int]] = c.value.tolist()
        self.family: list[int] = c.family.tolist()
        self.setup_of: list[int] = c.setup_of.tolist()
        self.setup_time: list[list[list[int]]] = c.setup_time.tolist()
        self.reward: list[float] = c.reward.tolist()
        self.earlier: list[int] = c.earlier.tolist()
        self.moved: list[float] = c.moved.tolist()
        self.same: list[int] = c.same.tolist()
        options = [range(plain.first[t], plain.first[t + 1]) for t in range(n)]
        self.left_out = [next((o for o in row if self.out[o]), -1) for row in options]
        self.profiles: list[Profile] = []
        self.placed = [False] * n
        self.rules: list[RuleState] = []
        self.setups: list[list[tuple[int, int, int]]] = []  # by holder: start, end, task of those with a family
        self.last = [-1] * len(self.setup_of)  # by holder: the task with a family that was placed last, pins apart

    def begin(self, s: Schedule) -> None:
        """Nothing is placed."""
        p, c = self.plain, self.c
        self.profiles = []
        for since, free in zip(self.since, self.free, strict=True):
            profile = Profile(free[0])
            profile.time, profile.free = list(since), [list(row) for row in free]
            self.profiles.append(profile)
        p.stock, p.reserved = p.p.stock.tolist(), [0] * len(p.p.stock)
        for t in range(p.n):
            for cell, amount in p.surely(s, t):
                p.reserved[cell] += amount
        self.placed = [False] * p.n
        self.setups = [[] for _ in self.setup_of]
        self.last = [-1] * len(self.setup_of)
        self.rules = [
            RuleState(kind, key, skew, sum(self.most[t] for t in tasks), [0] * values)
            for kind, key, skew, values, tasks in zip(
                c.rule_kind.tolist(), c.rule_key.tolist(), c.rule_skew.tolist(), c.rule_values.tolist(),
                self.rule_tasks, strict=True,
            )
        ]  # fmt: skip

    # ------------------------------------------------------------------------------------- when

    def ready(self, s: Schedule, t: int) -> Ready:
        by_start, by_end = self.plain.release[t], 0
        sent: Sent = []
        for other, kind, lag, row in self.arcs[t]:
            if not self.placed[other] or self.out[s.option[other]]:
                continue
            moment = (s.end[other] if kind in (0, 2) else s.start[other]) + lag
            if kind < 2:
                by_start = max(by_start, moment)
            else:
                by_end = max(by_end, moment)
            if row >= 0:
                sent.append((moment, kind, row, self.crew[s.option[other]]))
        return by_start, by_end, sent

    def start_from(self, t: int, option: int, ready: Ready, begin: int) -> int:
        """The earliest start from `begin` on of an option, which waits for its moment and for what is sent to it."""
        by_start, by_end, sent = ready
        by_start = max(by_start, begin, self.plain.floor[option])
        for moment, kind, row, crew in sent:
            arrival = moment + self.delay_of(row, crew, self.crew[option])
            if kind < 2:
                by_start = max(by_start, arrival)
            else:
                by_end = max(by_end, arrival)
        return self.earliest(t, option, by_start, by_end)

    def delay_of(self, row: int, before: Crew, after: Crew) -> int:
        """Until each agent of `after` has what the quickest agent of `before` sends it."""
        longest = 0
        for b in after:
            shortest = FOREVER
            for a in before:
                shortest = min(shortest, 0 if a == b else self.delay[row][self.link[a].get(b, 0)])
            if before:
                longest = max(longest, shortest)
        return longest

    def earliest(self, t: int, option: int, by_start: int, by_end: int) -> int:
        work, gaps = self.plain.duration[option], self._gaps(option)
        start = by_start
        while start < FOREVER:
            if work:
                start = skip(gaps, start)
            end = self.end(option, start)
            if end < by_end:
                start = max(start + 1, start_for_end(gaps, by_end, work) if work else by_end)
                continue
            later = self._after_setups(t, option, start, end)
            if later == start and work:
                later = self._where_free(option, start, end)
            if later == start:
                break
            start = later
        return start

    def _gaps(self, option: int) -> Spans:
        return self.gaps[self.pause[option]] if self.pause[option] >= 0 else []

    def end(self, option: int, start: int) -> int:
        work = self.plain.duration[option]
        return end_of(self._gaps(option), start, work) if work else start

    def _where_free(self, option: int, start: int, end: int) -> int:
        """`start` where nothing in the way of [start, end) is known; else the least start that may do."""
        gaps = self._gaps(option)
        for holder, needs in self.take[option]:
            # Agents keep their place while others are away; nobody takes from the pool meanwhile.
            left = [] if not gaps else gaps if holder == 0 else self.away[holder]
            for low, high in reversed(pieces(left, start, end)):
                later = self.profiles[holder].clear(needs, low, high)
                if later > low:
                    return later
        return start

    def _after_setups(self, t: int, option: int, start: int, end: int) -> int:
        """`start` where setups leave room for [start, end) between its neighbours; else the least start that may do."""
        if self.family[t] < 0:
            return start
        for holder in self.crew[option]:
            row: list[tuple[int, int, int]] = self.setups[holder]
            time: list[list[int]] = self.setup_time[self.setup_of[holder]]
            at = bisect_left(row, (start, end, t))
            if self.c.append and self.last[holder] >= 0:
                behind = next(k for k, (_, _, one) in enumerate(row) if one == self.last[holder])
                if at <= behind:
                    return max(start + 1, row[behind][1])
            if at > 0:
                _, ends, one = row[at - 1]
                ready = ends + time[self.family[one]][self.family[t]]
                if start < ready:
                    return ready
            if at < len(row):
                begins, ends, one = row[at]
                if end + time[self.family[t]][self.family[one]] > begins:
                    return max(start + 1, ends)
        return start

    # ------------------------------------------------------------------------------------- bookkeeping

    def allowed(self, t: int, option: int) -> bool:
        return all(
            self.rules[r].allows(self.crew[option], self._values(r, option), self.most[t]) for r in self.own_rules[t]
        )

    def _values(self, r: int, option: int) -> list[int]:
        value = self.value[self.rules[r].key]
        return [value[h] for h, n in zip(self.crew[option], self.number[option], strict=True) for _ in range(n)]

    def book(self, s: Schedule, t: int, option: int, start: int) -> None:
        p = self.plain
        out = bool(self.out[option])
        s.start[t] = 0 if out else start
        s.end[t] = 0 if out else self.end(option, start)
        s.option[t] = option
        self.placed[t] = True
        self._change(s, t, 1)
        for cell, amount in p.stock_use[p.need[option]]:
            p.stock[cell] -= amount
        for cell, amount in p.surely(s, t):
            p.reserved[cell] -= amount
        if self.family[t] >= 0 and not out:
            for holder in self.crew[option]:
                insort(self.setups[holder], (s.start[t], s.end[t], t))
                if p.pinned[t] < 0:
                    self.last[holder] = t

    def take_away(self, s: Schedule, t: int) -> None:
        """Undo a booking."""
        p, option = self.plain, s.option[t]
        self._change(s, t, -1)
        for cell, amount in p.stock_use[p.need[option]]:
            p.stock[cell] += amount
        for cell, amount in p.surely(s, t):
            p.reserved[cell] += amount
        if self.family[t] >= 0 and not self.out[option]:
            for holder in self.crew[option]:
                self.setups[holder].remove((s.start[t], s.end[t], t))
                if self.last[holder] == t:
                    self.last[holder] = -1
        self.placed[t] = False

    def _change(self, s: Schedule, t: int, sign: int) -> None:
        """Take (1) or give back (-1) what a task needs, and tell the rules."""
        option, start, end = s.option[t], s.start[t], s.end[t]
        gaps = self._gaps(option)
        for holder, needs in self.take[option] if start < end else []:
            amounts = [(column, sign * amount) for column, amount in needs]
            for low, high in pieces(gaps, start, end) if holder == 0 else [(start, end)]:
                self.profiles[holder].take(amounts, low, high - low)
        for r in self.own_rules[t]:
            self.rules[r].change(self.crew[option], self._values(r, option), self.most[t], sign)

    def open(self, t: int, option: int) -> bool:
        """Whether rules and stocks allow an option that does not leave its task out."""
        return not self.out[option] and self.plain.excess(t, option) == 0 and self.allowed(t, option)

    def setup_total(self) -> int:
        """Ticks of setups on all agents."""
        total = 0
        for holder, tasks in enumerate(self.setups):
            time = self.setup_time[self.setup_of[holder]]
            total += sum(time[self.family[one]][self.family[two]] for (_, _, one), (_, _, two) in pairwise(tasks))
        return total

    def compete(self, a: int, b: int) -> bool:
        """Whether two options take from the same column of the same holder."""
        mine = {(holder, column) for holder, needs in self.take[a] for column, _ in needs}
        return any((holder, column) in mine for holder, needs in self.take[b] for column, _ in needs)


def _rows(first: list[int], entries: list[T]) -> list[list[T]]:
    return [entries[a:b] for a, b in pairwise(first)]


def _pairs(a: Ints | Index, b: Ints | Index) -> Spans:
    return list(zip(a.tolist(), b.tolist(), strict=True))


def _by_holder(rows: list[tuple[int, int, int]]) -> list[tuple[int, Needs]]:
    """Needs by holder."""
    return [
        (holder, [(column, amount) for _, column, amount in group])
        for holder, group in groupby(rows, lambda row: row[0])
    ]
