"""Who does which task: one entry for each agent of each task, in arrays that every check goes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from qamctl.schedule.spec import Index, Ints, ScheduleSpec

#: Agents that a sentence names, at most.
NAMED: Final = 5


@dataclass(frozen=True)
class Crews:
    """The agents of all tasks.

    Attributes
    ----------
    task, agent
        [K] the entries, ascending by task and then by agent.
    size
        [T] how many agents each task has.
    """

    task: Ints
    agent: Ints
    size: Ints

    @cached_property
    def first(self) -> Ints:
        """[T + 1] the entries of task t are first[t]:first[t + 1]."""
        return np.concatenate([[0], np.cumsum(self.size)])

    def of(self, task: int) -> tuple[int, ...]:
        """The agents of one task, ascending."""
        return tuple(self.agent[self.first[task] : self.first[task + 1]].tolist())

    def entries(self, tasks: Ints | Index) -> tuple[Ints, Ints]:
        """(which of `tasks`, which entry) for every agent of every one of them, in their order."""
        return spread(self.first[tasks], self.size[tasks])


def crews_of(agent: Ints, others: Mapping[int, Sequence[int]]) -> Crews:
    """Entries from the first agent of every task, -1 for none, and the further ones of some."""
    task = np.flatnonzero(agent >= 0)
    who, size = agent[task], (agent >= 0).astype(np.int64)
    if others:
        more = np.array([(t, a) for t, further in others.items() for a in further], np.int64).reshape(-1, 2)
        task, who = np.concatenate([task, more[:, 0]]), np.concatenate([who, more[:, 1]])
        size += np.bincount(more[:, 0], minlength=len(size))
        order = np.lexsort((who, task))
        task, who = task[order], who[order]
    return Crews(task, who, size)


def spread(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """(k, first[k] + i) for every k and every i below count[k], in order."""
    which = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return which, np.arange(len(which)) + np.repeat(first - before, count)


def named(spec: ScheduleSpec, crew: Sequence[int]) -> str:
    """Agents as a sentence names them."""
    ids = [spec.agents.ids[agent] for agent in crew]
    listed = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if len(ids) > NAMED else "")
    return {0: "no agent", 1: f"agent {listed}"}.get(len(ids), f"agents {listed}")
