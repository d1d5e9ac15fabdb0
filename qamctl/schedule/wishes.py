"""What it costs to schedule a task against what a reasoning step prefers: by agent, and by start.

For decisions with probabilities p_i the cost of a choice is -log((a + eps) / (max a + eps)), never negative. Here a
is the probability that reasoning allows the choice: the sum of the decisions that it agrees with, and whatever
probability no decision about this task has; the maximum is over all agents, or all starts. The sum of these costs is
the objective term `reasoning`: the energy of the most probable schedule, if each one has the Boltzmann weight
exp(-E / mu) times the product of the a of its tasks. Agents and starts count each on their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from qamctl.schedule.spec import NEVER, Floats, Index, Ints, Preference, ScheduleSpec

#: Keeps the logarithm of an excluded choice finite.
EPSILON: Final = 1e-6

#: Decimals of a cost, so that every engine adds up the same numbers exactly.
PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Said:
    """What decisions say of who does a task: the probability of each agent, of none, and of the likeliest choice."""

    agents: Mapping[int, float]
    silent: float
    most: float


@dataclass(frozen=True, eq=False)
class Wishes:
    """The costs of all tasks.

    Attributes
    ----------
    agents
        Number of agents of the spec.
    other
        [T] with an agent that no decision about the task names, or with none.
    key, cost
        [m] of the agents that decisions name, at task * agents + agent, ascending.
    first, since, price
        The costs by start: those of task t are price[first[t]:first[t + 1]], each from its `since` (ticks, ascending)
        to the next; a task without any does not mind when it starts.
    said
        What decisions about agents say of each task that they name.
    """

    agents: int
    other: Floats
    key: Ints
    cost: Floats
    first: Ints
    since: Ints
    price: Floats
    said: Mapping[int, Said]

    @cached_property
    def named(self) -> tuple[int, ...]:
        """The agents that decisions name: no other agent is like one of these."""
        return tuple(np.unique(self.key % max(1, self.agents)).tolist())

    @cached_property
    def timed(self) -> np.ndarray:
        """[T] whether the task minds when it starts."""
        return np.diff(self.first) > 0

    @cached_property
    def _falls(self) -> np.ndarray:
        """[p] whether the cost falls where a piece begins."""
        falls = np.zeros(len(self.price), bool)
        falls[1:] = self.price[1:] < self.price[:-1]
        falls[self.first[:-1][self.timed]] = False
        return falls

    @cached_property
    def drops(self) -> Ints:
        """Where the cost of some task falls, ascending."""
        found: Ints = np.unique(self.since[self._falls])
        return found

    @property
    def last_drop(self) -> int:
        """The last of them, 0 where there is none."""
        return int(self.drops.max(initial=0))

    def drops_of(self, task: int) -> Ints:
        """Where the cost of a task falls, ascending."""
        mine = slice(int(self.first[task]), int(self.first[task + 1]))
        found: Ints = self.since[mine][self._falls[mine]]
        return found

    def of_agent(self, task: Ints, agent: Ints | Index) -> Floats:
        """[c] the cost of each task with its agent, -1 for none."""
        out = self.other[task]
        if len(self.key):
            wanted = task.astype(np.int64) * self.agents + agent
            at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
            out = np.where((agent >= 0) & (self.key[at] == wanted), self.cost[at], out)
        return out

    def of_crew(self, task: int, crew: Sequence[int]) -> float:
        """The cost of one task with several agents, who agree with every decision that names one of them."""
        said = self.said.get(task)
        if said is None:
            return 0.0
        return _cost(said.silent + sum(p for agent, p in said.agents.items() if agent in crew), said.most)

    def of_start(self, task: Ints, start: Ints) -> Floats:
        """[c] the cost of each task at its start (ticks)."""
        out = np.zeros(len(task))
        some = self.timed[task]
        if some.any():
            out[some] = self.price[self._piece(task[some], start[some])]
        return out

    def floor(self, task: Ints, start: Ints) -> Ints:
        """[c] the earliest moment from which each task can wait for its start without ever costing less before."""
        out = np.zeros(len(task), np.int64)
        some = np.flatnonzero(self.timed[task])
        at = self._piece(task[some], start[some])
        first = self.first[task[some]]
        while True:
            back = (at > first) & ~self._falls[at]
            if not back.any():
                break
            at = at - back
        out[some] = np.maximum(np.where(at > first, self.since[at], 0), 0)
        return out

    def least(self, low: Ints, high: Ints) -> Floats:
        """[T] the least cost of a start between `low` and `high` (ticks)."""
        out = np.zeros(len(self.other))
        for t in np.flatnonzero(self.timed).tolist():
            span = np.array([low[t], max(low[t], high[t])])
            a, b = self._piece(np.array([t, t]), span).tolist()
            out[t] = self.price[a : b + 1].min()
        return out

    def in_slots(self, slot: int) -> Wishes:
        """The same costs, of starts in slots of so many ticks."""
        return replace(self, since=np.where(self.since > -NEVER, -(-self.since // slot), -NEVER))

    def _piece(self, task: Ints, start: Ints) -> Ints:
        """[c] the place of the piece that a start lies in; the tasks mind when they start."""
        at, last = self.first[task], self.first[task + 1] - 1
        while True:  # pieces are few
            later = (at < last) & (self.since[np.minimum(at + 1, last)] <= start)
            if not later.any():
                return at
            at = at + later


def wishes_of(spec: ScheduleSpec) -> Wishes | None:
    """What the spec's reasoning prefers; None where no objective level weighs that, or it prefers nothing."""
    if spec.reasoning is None or not any(level.get("reasoning") for level in spec.objective):
        return None
    return build_wishes(spec, spec.reasoning.preferences)


def build_wishes(spec: ScheduleSpec, preferences: Sequence[Preference]) -> Wishes | None:
    """The costs of these preferences; None where they cost nothing."""
    count, agents = len(spec.tasks.ids), len(spec.agents.ids)
    about: dict[tuple[int, bool], list[Preference]] = {}
    for preference in preferences:
        about.setdefault((preference.task, preference.agent >= 0), []).append(preference)
    other = np.zeros(count)
    keys: dict[int, float] = {}
    said: dict[int, Said] = {}
    pieces: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for (task, who), mine in about.items():
        rest = max(0.0, 1.0 - sum(p.probability for p in mine))
        if who:
            allowed = dict.fromkeys((p.agent for p in mine), rest)
            named = dict.fromkeys(allowed, 0.0)
            for p in mine:
                allowed[p.agent] += p.probability
                named[p.agent] += p.probability
            most = max(allowed.values())
            said[task] = Said(named, rest, most)
            other[task] = _cost(rest, most)
            keys |= {task * agents + agent: _cost(chance, most) for agent, chance in allowed.items()}
        else:
            bounds = {moment for p in mine if p.low <= p.high for moment in (p.low, p.high + 1)}
            moments = sorted({0, *(moment for moment in bounds if moment > 0)})
            chances = [rest + sum(p.probability for p in mine if p.low <= moment <= p.high) for moment in moments]
            most = max(chances)
            costs = [_cost(chance, most) for chance in chances]
            new = [k == 0 or costs[k] != costs[k - 1] for k in range(len(costs))]
            found = [(m if m else -NEVER, c) for m, c, is_new in zip(moments, costs, new, strict=True) if is_new]
            pieces[task] = found if len(found) > 1 else []
    key = np.array(sorted(keys), np.int64)
    # Where decisions name every agent, only a task that may take none can do without them.
    alone = np.array([who == () for who in spec.modes.agents], bool)
    some_alone = np.zeros(count, bool)
    np.logical_or.at(some_alone, np.repeat(np.arange(count), np.diff(spec.tasks.first_mode)), alone)
    all_named = np.bincount(key // max(1, agents), minlength=count) == agents
    other[all_named & ~some_alone] = 0.0
    if not any(keys.values()) and not other.any() and not any(pieces):
        return None
    return Wishes(
        agents, other, key, np.array([keys[k] for k in key.tolist()]),
        np.concatenate([[0], np.cumsum([len(mine) for mine in pieces])]).astype(np.int64),
        np.array([since for mine in pieces for since, _ in mine], np.int64),
        np.array([price for mine in pieces for _, price in mine], np.float64),
        said,
    )  # fmt: skip


def most_of(wishes: Wishes) -> float:
    """The largest value that the term can have: every task by its dearest agent, at its dearest start."""
    dearest = wishes.other.copy()
    np.maximum.at(dearest, wishes.key // max(1, wishes.agents), wishes.cost)
    piece_of = np.repeat(np.arange(len(dearest)), np.diff(wishes.first))
    at_start = np.zeros(len(dearest))
    np.maximum.at(at_start, piece_of, wishes.price)
    return round(float((dearest + at_start).sum()), PLACES)


def _cost(chance: float, most: float) -> float:
    return max(0.0, round(-math.log((chance + EPSILON) / (most + EPSILON)), PLACES))
