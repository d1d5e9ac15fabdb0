"""Precedence between scheduled tasks, the delays of what they send each other, and gangs, as constraints of CP-SAT.

How long data take depends on both crews. For each time that they may take but the longest, a choice says whether they
take longer; it must, unless the crews are two between which they don't.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_options import Options
from qamctl.schedule.solvers.cpsat_times import Times
from qamctl.schedule.solvers.cpsat_variables import Point, Variables
from qamctl.schedule.spec import Ints, Transfers, transfer_ticks

#: The agents of a crew.
Crew = tuple[int, ...]


@dataclass(frozen=True)
class Sent:
    """What passes on one arc until data have arrived.

    Attributes
    ----------
    before, after
        The options of both tasks, by the row or the column of `delay`.
    delay
        [c, d] ticks between the crews of each.
    steps
        (ticks, choice): 1 where it takes longer than the ticks before these, and so at least these.
    """

    before: dict[int, int]
    after: dict[int, int]
    delay: Ints
    steps: tuple[tuple[int, Point], ...]

    def ticks(self, one: int, other: int) -> int:
        """Ticks between the crews of two options; none where one leaves its task out."""
        if one not in self.before or other not in self.after:
            return 0
        return int(self.delay[self.before[one], self.after[other]])


class Precedences:
    """The constraints of all arcs and gangs.

    Attributes
    ----------
    sent
        What passes on the arcs that send something.
    """

    def __init__(self, variables: Variables, instance: Instance, options: Options, times: Times) -> None:
        self.variables, self.instance, self.options, self.times = variables, instance, options, times
        self._arcs: list[tuple[int, int, Sent]] = []
        self._common: dict[int, Point] = {}
        graph = instance.graph
        succ = np.repeat(np.arange(instance.n), np.diff(graph.pred_start))
        columns = (graph.pred_task, succ, graph.pred_kind, graph.pred_lag, graph.pred_data)
        for i, j, kind, lag, data in zip(*(column.tolist() for column in columns), strict=True):
            self._add_arc(i, j, kind, lag, data)
        for gang in range(int(instance.spec.tasks.gang.max(initial=-1)) + 1):
            self._add_gang(gang, np.flatnonzero(instance.spec.tasks.gang == gang).tolist())

    @property
    def sent(self) -> list[Sent]:
        """What passes on the arcs that send something."""
        return [sent for *_, sent in self._arcs]

    def _add_arc(self, i: int, j: int, kind: int, lag: int, data: int) -> None:
        before = (self.times.end[i] if kind in (0, 2) else self.times.start[i]) + lag
        after = self.times.start[j] if kind in (0, 1) else self.times.end[j]
        there = self.options.there[i], self.options.there[j]
        self.variables.at_most(before, after, *there)
        if data == 0 or self.instance.spec.transfers is None or there[0].never or there[1].never:
            return
        sent = self._sent(i, j, data, self.instance.spec.transfers)
        self._arcs.append((i, j, sent))
        for ticks, longer in sent.steps:
            self.variables.at_most(before + ticks, after, longer)

    def _sent(self, i: int, j: int, data: int, transfers: Transfers) -> Sent:
        rows, columns = (self._by_crew(t) for t in (i, j))
        delay = delays(self.instance, data, transfers, list(rows), list(columns))
        steps = []
        values = np.unique(np.append(delay, 0))
        some = [[self.options.some(t, mine) for mine in crews.values()] for t, crews in ((i, rows), (j, columns))]
        for shorter, ticks in zip(values[:-1].tolist(), values[1:].tolist(), strict=True):
            longer = self.variables.choice()
            steps.append((ticks, longer))
            for c, one in enumerate(some[0]):
                self._bind(one, delay[c] <= shorter, some[1], self.options.there[j], longer)
        return Sent(_places(rows), _places(columns), delay, tuple(steps))

    def _bind(self, one: Point, short: np.ndarray, others: Sequence[Point], there: Point, longer: Point) -> None:
        """Adds that data take longer from one crew, unless they go to one of those to which they do not."""
        if short.all():
            return
        near, far = np.flatnonzero(short).tolist(), np.flatnonzero(~short).tolist()
        if len(near) < len(far):
            self.variables.some_of([longer, *(others[d] for d in near)], [one, there])
        else:
            for d in far:
                self.variables.some_of([longer], [one, others[d]])

    def _by_crew(self, t: int) -> dict[Crew, list[int]]:
        members = self.instance.members
        crews = self.options.crews_of(t)
        return {tuple(int(members[h][0]) for h in holders): mine for holders, mine in crews.items()}

    def _add_gang(self, gang: int, tasks: Sequence[int]) -> None:
        """One start for those tasks of a gang that are scheduled."""
        starts = [self.times.start[t] for t in tasks if not self.options.there[t].never]
        if len(starts) < 2:
            return
        low, high = min(map(self.variables.lowest, starts)), max(map(self.variables.highest, starts))
        self._common[gang] = together = self.variables.new(low, high)
        for t in tasks:
            self.variables.equal(self.times.start[t], together, self.options.there[t])

    def values(self, start: Ints, option: Ints) -> Iterator[tuple[Point, int]]:
        """The variables in the schedule with these starts and options."""
        for i, j, sent in self._arcs:
            ticks = sent.ticks(int(option[i]), int(option[j]))
            yield from ((longer, int(ticks >= step)) for step, longer in sent.steps)
        gang, there = self.instance.spec.tasks.gang, ~self.options.crews.out[option]
        for g, together in self._common.items():
            starts = start[(gang == g) & there].tolist()
            yield together, starts[0] if starts else self.variables.lowest(together)


def _places(crews: dict[Crew, list[int]]) -> dict[int, int]:
    return {o: place for place, mine in enumerate(crews.values()) for o in mine}


def delays(instance: Instance, data: int, transfers: Transfers, before: Sequence[Crew], after: Sequence[Crew]) -> Ints:
    """[c, d] ticks until every agent of a crew of `after` has the data, each from the quickest of one of `before`."""
    resolution = instance.spec.time.resolution
    speeds = zip(transfers.bandwidth.tolist(), transfers.latency.tolist(), strict=True)
    ticks = np.array([transfer_ticks(data, *speed, resolution) for speed in speeds], np.int64)
    senders, getters = (sorted({agent for crew in crews for agent in crew}) for crews in (before, after))
    between = np.full((len(senders), len(getters)), ticks[0])
    row, column = ({agent: k for k, agent in enumerate(agents)} for agents in (senders, getters))
    for (a, b), link in transfers.link.items():
        if a in row and b in column:
            between[row[a], column[b]] = ticks[link]
    for agent in row.keys() & column.keys():
        between[row[agent], column[agent]] = 0
    out = np.zeros((len(before), len(after)), np.int64)
    some = np.array([d for d, crew in enumerate(after) if crew], np.int64)
    flat = np.array([column[agent] for crew in after for agent in crew], np.int64)
    first = np.concatenate([[0], np.cumsum([len(crew) for crew in after if crew])]).astype(np.int64)[:-1]
    for c, crew in enumerate(before):
        if crew and len(some):
            quickest = between[[row[agent] for agent in crew]].min(axis=0)
            out[c, some] = np.maximum.reduceat(quickest[flat], first)
    return out


def pairs_counted(instance: Instance) -> int:
    """Pairs of options between which data may be sent."""
    options = np.diff(instance.first_option)
    sends = instance.spec.after.data > 0
    return int((options[instance.spec.after.pred[sends]] * options[instance.spec.after.succ[sends]]).sum())
