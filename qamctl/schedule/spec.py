"""The schedule problem as it stands inside: columns of integers, ids mapped once, times in ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from qamctl.spec.source import Source
from qamctl.spec.time import TimeAxis

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Ticks = TypeVar("Ticks", int, Ints)  #: of one, or of many

#: A time that never comes: the value of an absent deadline, due time or horizon.
NEVER: Final = 2**62

#: Objective terms that a schedule can be scored by, in the order of every array over terms.
TERMS: Final = (
    "makespan", "tardiness", "tardy", "flow", "cost", "reasoning", "unscheduled", "setup", "communication", "balance",
    "disruption",
)  # fmt: skip

#: Precedence types, in the order of their codes in `Precedence.kind`.
KINDS: Final = ("FS", "SS", "FF", "SF")

#: What data, bandwidths and latencies are multiplied by, to be integers.
MICRO: Final = 10**6


@dataclass(frozen=True, slots=True)
class Calendar:
    """When rows have another capacity: times of row i at first[i]:first[i + 1], by start, none overlapping."""

    first: Ints
    start: Ints  #: [C] ticks
    end: Ints  #: [C] ticks
    capacity: Ints  #: [C] what there is meanwhile; 0 of an agent, which is away

    def of(self, row: int) -> list[tuple[int, int, int]]:
        """(start, end, capacity) of the intervals of one row."""
        mine = slice(int(self.first[row]), int(self.first[row + 1]))
        return list(zip(self.start[mine].tolist(), self.end[mine].tolist(), self.capacity[mine].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Resources:
    """What tasks consume; quantities are scaled to integers by `scale`, resource by resource."""

    ids: tuple[str, ...]
    consumable: npt.NDArray[np.bool_]  #: [R] over the whole horizon instead of at every instant
    capacity: Ints  #: [R] shared by the fleet, scaled; -1 where only agents hold it
    scale: Ints  #: [R] power of ten by which quantities of this resource were multiplied
    calendar: Calendar  #: the shared capacity at some times, scaled


@dataclass(frozen=True, slots=True)
class Agents:
    """Who does the work."""

    ids: tuple[str, ...]
    slots: Ints  #: [A] tasks at once
    capacity: Ints  #: [A, R] own capacity, scaled; -1 where the agent does not hold the resource
    skills: Sequence[Mapping[str, float]]  #: level by skill
    labels: Sequence[Mapping[str, str]]
    taints: Sequence[frozenset[str]]  #: it does only tasks that tolerate them
    away: Calendar  #: when it is not there
    speed_num: Ints  #: [A] speed = speed_num / speed_den, exact
    speed_den: Ints
    cost_fixed: Floats  #: [A] once used
    cost_per_time: Floats  #: [A] per time unit of busy time


@dataclass(frozen=True, slots=True)
class Tasks:
    """What is to be done; times in ticks."""

    ids: tuple[str, ...]
    release: Ints  #: [T] earliest start
    deadline: Ints  #: [T] latest end, hard; NEVER where absent
    due: Ints  #: [T] wished end; NEVER where absent
    weight: Floats  #: [T] of lateness and flow
    pinned_agent: Index  #: [T] an agent that does it, -1 where free
    pinned_crew: Mapping[int, tuple[int, ...]]  #: all agents that do it, by task, where that is fixed
    pinned_start: Ints  #: [T] -1 where free
    pinned_mode: Index  #: [T] index into `Modes`, -1 where free
    optional: npt.NDArray[np.bool_]  #: [T] it may be left out
    reward: Floats  #: [T] what leaving it out costs
    family: Index  #: [T] index into the families of `Setups`, -1 where it has none
    gang: Index  #: [T] the tasks of a gang start together; -1 where it is in none
    preemptible: npt.NDArray[np.bool_]  #: [T] it may pause over gaps of calendars
    first_mode: Ints  #: [T + 1] the modes of task t are first_mode[t]:first_mode[t + 1]


@dataclass(frozen=True, slots=True)
class Modes:
    """The ways to do the tasks, task by task; a task without `modes` has one, with id None."""

    ids: Sequence[str | None]
    duration: Ints  #: [M] ticks at speed 1
    demand: Ints  #: [M, R] scaled
    agents: Sequence[tuple[int, ...] | None]  #: None: any agent; (): no agent, shared resources only; else these
    count: Ints  #: [M] agents that do it together
    skills: Sequence[Mapping[str, float]]  #: minimum level that the agent must have
    labels: Sequence[Mapping[str, str]]  #: labels that the agent must carry
    tolerates: Sequence[frozenset[str]]  #: taints that the agent may have
    cost: Floats  #: [M]


@dataclass(frozen=True, slots=True)
class Precedence:
    """Minimum time lags between starts (S) and finishes (F) of two tasks."""

    pred: Index  #: [E]
    succ: Index  #: [E]
    kind: npt.NDArray[np.int8]  #: [E] index into KINDS
    lag: Ints  #: [E] ticks, may be negative
    data: Ints  #: [E] what is sent between different agents, in millionths


@dataclass(frozen=True, slots=True)
class Rule:
    """Which agents some tasks may have, seen together.

    Attributes
    ----------
    kind
        near: the same agents, or agents with the same value of a label; apart: different ones; spread: numbers of
        agents at work that differ by `max_skew` at most, over the values of a label.
    label
        The label whose values count; None: the agents themselves.
    tasks
        The tasks that it is about. A rule with a task that another one names has the two, the naming one first.
    """

    kind: str
    label: str | None
    tasks: tuple[int, ...]
    max_skew: int = 0


@dataclass(frozen=True, slots=True)
class Setups:
    """What passes between two tasks that an agent does one after the other."""

    families: tuple[str, ...]
    time: Ints  #: [S, F, F] ticks from the end of a task of one family to the start of one of the other
    row: Index  #: [S, F, F] the row of `setup` that says so; -1 where none does
    of_agent: Index  #: [A] which of the tables an agent has


@dataclass(frozen=True, slots=True)
class Transfers:
    """How quickly agents send data to each other; in millionths of the file's units."""

    bandwidth: Ints  #: [L] data sent in one time unit; class 0 is that of pairs without a link
    latency: Ints  #: [L] time units
    link: Mapping[tuple[int, int], int]  #: the class of each pair of agents that has a link, both ways


@dataclass(frozen=True, slots=True)
class Earlier:
    """The schedule that an earlier result has for the tasks of this spec.

    Attributes
    ----------
    told
        What is known of the result: `file`, `sha256`, `run`.
    start
        [T] ticks; -1 of a task that it did not schedule.
    mode
        [T] index into `Modes`; -1 where it is none of them.
    agents
        By task, ascending; -1 stands for one that the spec has no more.
    """

    told: Mapping[str, Any]
    start: Ints
    mode: Index
    agents: Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Preference:
    """What a reasoning step says of one task, and how probable that is.

    Attributes
    ----------
    task
        Index of the task.
    agent
        Index of the agent that should do it; -1 for a decision about time.
    low, high
        The ticks between which it should start, both included, for a decision about time.
    probability
        Of the decision.
    """

    task: int
    agent: int
    low: int
    high: int
    probability: float


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a reasoning step has to say about the schedule.

    Attributes
    ----------
    origin
        The run, result or problem file that tells it; None where the spec does itself.
    weight
        How much it counts: the mu of the bias.
    actions
        Probability by text of the action; None before `origin` was looked up.
    preferences
        The actions that speak of a schedule.
    told
        What is known of the origin: `run`, `sha256`, ...
    scale
        What one unit of the term counts in its objective level; 0 where it counts nothing.
    most
        The largest value that the term can have.
    """

    origin: str | None
    weight: float
    actions: Mapping[str, float] | None = None
    preferences: tuple[Preference, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 0.0
    most: float = 0.0


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A valid schedule problem: every reference resolved, no precedence cycle."""

    name: str
    source: Source
    time: TimeAxis
    resources: Resources
    agents: Agents
    tasks: Tasks
    modes: Modes
    after: Precedence
    horizon: int  #: ticks; NEVER where absent
    objective: tuple[Mapping[str, float], ...]  #: weights by term, one mapping a lexicographic level
    solver: Mapping[str, Any]  #: options that the file gives, by name (see `qamctl.options.SOLVER_KEYS`)
    rules: tuple[Rule, ...] = ()
    setups: Setups | None = None
    transfers: Transfers | None = None
    freeze_until: int = 0  #: ticks; before it only what an earlier result starts there
    earlier: Earlier | None = None
    reasoning: Reasoning | None = None  #: what a reasoning step prefers


def duration_on(duration: Ticks, speed_num: Ticks, speed_den: Ticks) -> Ticks:
    """Ticks that a task of `duration` ticks takes at speed num / den: ceil(duration / speed), exactly."""
    return -(-duration * speed_den // speed_num)


def transfer_ticks(data: int, bandwidth: int, latency: int, resolution: Fraction) -> int:
    """Ticks from the end of a task until its data are at another agent, exactly.

    Parameters
    ----------
    data, bandwidth, latency
        In millionths; no data take no time.
    resolution
        Time units in one tick.
    """
    if data == 0:
        return 0
    ticks = (Fraction(latency, MICRO) + Fraction(data, bandwidth)) / resolution
    return -(-ticks.numerator // ticks.denominator)
