"""The objective of schedules with every feature, term by term, in plain Python and exact fractions.

Like `rich_brute`, on which it stands, it shares nothing with the checker: it follows the definitions, slowly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import log
from typing import Any

from support.rich_brute import Brute, Schedule, Way

from qamctl.schedule.spec import NEVER


def exact(number: float) -> Fraction:
    """A number as it was written."""
    return Fraction(repr(float(number)))


class Figures:
    """What schedules of a spec are worth."""

    def __init__(self, brute: Brute) -> None:
        tasks, agents = brute.spec.tasks, brute.spec.agents
        self.brute, self.unit = brute, brute.unit
        self.weight, self.reward = [exact(w) for w in tasks.weight], [exact(w) for w in tasks.reward]
        self.due, self.release = tasks.due.tolist(), tasks.release.tolist()
        self.fixed, self.rate = [exact(c) for c in agents.cost_fixed], [exact(c) for c in agents.cost_per_time]
        self.of_mode = [exact(cost) for cost in brute.spec.modes.cost]
        self.levels = [{term: exact(w) for term, w in level.items()} for level in brute.spec.objective]

    def terms(self, schedule: Schedule) -> dict[str, Fraction]:
        """The exact value of every objective term in the spec's unit."""
        done = {t: way for t, way in enumerate(schedule) if way is not None}
        return self.added(done, [t for t in self.brute.tasks if t not in done])

    def value(self, schedule: Schedule) -> tuple[Fraction, ...]:
        """The exact objective of each level."""
        return self.weighed(self.terms(schedule))

    def weighed(self, terms: Mapping[str, Fraction]) -> tuple[Fraction, ...]:
        """What terms are worth in each level; one that is not given counts nothing."""
        return tuple(total(w * terms.get(term, 0) for term, w in level.items()) for level in self.levels)

    def added(self, done: Mapping[int, Way], out: Iterable[int]) -> dict[str, Fraction]:
        """What some tasks that are done, and some that are left out, make of every term."""
        brute, unit, out = self.brute, self.unit, list(out)
        busy = [
            sum(brute.worked(t, way) for t, way in done.items() if agent in way.crew) * unit for agent in brute.agents
        ]
        late = {t: max(0, way.end - self.due[t]) for t, way in done.items() if self.due[t] < NEVER}
        return {
            "makespan": max((way.end for way in done.values()), default=0) * unit,
            "tardiness": total(self.weight[t] * by * unit for t, by in late.items()),
            "tardy": total(self.weight[t] for t, by in late.items() if by > 0),
            "flow": total(self.weight[t] * (way.end - self.release[t]) * unit for t, way in done.items()),
            "cost": total(self.of_mode[way.mode] for way in done.values())
            + self.fixed_cost(done.values())
            + total(rate * time for rate, time in zip(self.rate, busy, strict=True)),
            "reasoning": total(self._against(t, way) for t, way in done.items()),
            "unscheduled": total(self.reward[t] for t in out),
            "setup": sum(time for *_, time in brute.setups(done)) * unit,
            "communication": self.communication(done),
            "balance": max(busy) - sum(busy) / len(busy) if busy else Fraction(0),
            "disruption": total(self._moved(t, done.get(t)) for t in (*done, *out)),
        }

    def fixed_cost(self, ways: Iterable[Way]) -> Fraction:
        """Of all agents that are used."""
        return total(self.fixed[agent] for agent in {agent for way in ways for agent in way.crew})

    def communication(self, done: Mapping[int, Way]) -> Fraction:
        """The time that data take."""
        arcs = [(i, j, data) for i, j, *_, data in self.brute.arcs if i in done and j in done]
        return sum(self.brute.delay(data, done[i].crew, done[j].crew) for i, j, data in arcs) * self.unit

    def _moved(self, task: int, way: Way | None) -> Fraction:
        """What changed of a task against the earlier schedule."""
        earlier = self.brute.spec.earlier
        if earlier is None or earlier.start[task] < 0:
            return Fraction(0)
        if way is None or way.crew != tuple(earlier.agents[task]):
            return self.weight[task]
        return self.weight[task] * abs(way.start - int(earlier.start[task])) * self.unit

    def _against(self, task: int, way: Way) -> Fraction:
        """What a task adds to `reasoning`: by its agents, and by its start."""
        reasoning = self.brute.spec.reasoning
        mine = [p for p in (() if reasoning is None else reasoning.preferences) if p.task == task]
        whom, when = [p for p in mine if p.agent >= 0], [p for p in mine if p.agent < 0]
        cost = Fraction(0)
        if whom:
            cost += _nats(whom, way.crew, [(p.agent,) for p in whom], lambda p, crew: p.agent in crew)
        if when:
            moments = sorted({0, *(moment for p in when for moment in (p.low, p.high + 1) if moment > 0)})
            cost += _nats(when, way.start, moments, lambda p, start: p.low <= start <= p.high)
        return cost


def _nats(said: list[Any], choice: Any, options: list[Any], agrees: Any) -> Fraction:
    """-log of how probable a choice is among the likeliest options, to a millionth."""
    rest = max(0.0, 1 - sum(p.probability for p in said))

    def chance(option: Any) -> float:
        return rest + sum(p.probability for p in said if agrees(p, option))

    nats = -log((chance(choice) + 1e-6) / (max(map(chance, options)) + 1e-6))
    return Fraction(max(0, round(nats * 10**6)), 10**6)


def total(parts: Iterable[Fraction]) -> Fraction:
    """A sum that is a fraction also where there is nothing."""
    return sum(parts, Fraction(0))
