"""The schedule problem as it stands inside: columns of integers, ids mapped once, times in ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.spec.source import Source
from qamctl.spec.time import TimeAxis

Ints = npt.NDArray[np.int64]
Index = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

#: A time that never comes: the value of an absent deadline, due time or horizon.
NEVER: Final = 2**62

#: Objective terms that a schedule can be scored by, in the order of every array over terms.
TERMS: Final = ("makespan", "tardiness", "tardy", "flow", "cost", "reasoning")

#: Precedence types, in the order of their codes in `Precedence.kind`.
KINDS: Final = ("FS", "SS", "FF", "SF")


@dataclass(frozen=True, slots=True)
class Resources:
    """What tasks consume; quantities are scaled to integers by `scale`, resource by resource."""

    ids: tuple[str, ...]
    consumable: npt.NDArray[np.bool_]  #: [R] over the whole horizon instead of at every instant
    capacity: Ints  #: [R] shared by the fleet, scaled; -1 where only agents hold it
    scale: Ints  #: [R] power of ten by which quantities of this resource were multiplied


@dataclass(frozen=True, slots=True)
class Agents:
    """Who does the work."""

    ids: tuple[str, ...]
    slots: Ints  #: [A] tasks at once
    capacity: Ints  #: [A, R] own capacity, scaled; -1 where the agent does not hold the resource
    skills: Sequence[Mapping[str, float]]  #: level by skill
    labels: Sequence[Mapping[str, str]]
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
    pinned_agent: Index  #: [T] -1 where free
    pinned_start: Ints  #: [T] -1 where free
    first_mode: Ints  #: [T + 1] the modes of task t are first_mode[t]:first_mode[t + 1]


@dataclass(frozen=True, slots=True)
class Modes:
    """The ways to do the tasks, task by task; a task without `modes` has one, with id None."""

    ids: Sequence[str | None]
    duration: Ints  #: [M] ticks at speed 1
    demand: Ints  #: [M, R] scaled
    agents: Sequence[tuple[int, ...] | None]  #: None: any agent; (): no agent, shared resources only; else these
    skills: Sequence[Mapping[str, float]]  #: minimum level that the agent must have
    labels: Sequence[Mapping[str, str]]  #: labels that the agent must carry
    cost: Floats  #: [M]


@dataclass(frozen=True, slots=True)
class Precedence:
    """Minimum time lags between starts (S) and finishes (F) of two tasks."""

    pred: Index  #: [E]
    succ: Index  #: [E]
    kind: npt.NDArray[np.int8]  #: [E] index into KINDS
    lag: Ints  #: [E] ticks, may be negative


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
    reasoning: Reasoning | None = None  #: what a reasoning step prefers


def duration_on(duration: int, speed_num: int, speed_den: int) -> int:
    """Ticks that a task of `duration` ticks takes at speed num / den: ceil(duration / speed), exactly."""
    return -(-duration * speed_den // speed_num)
