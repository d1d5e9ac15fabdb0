"""Setups: the time between tasks of two families that one agent does one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.check.columns import Columns
from qamctl.schedule.check.report import Findings, moment
from qamctl.schedule.spec import Ints, ScheduleSpec


@dataclass(frozen=True, slots=True)
class Changes:
    """Neighbours among the tasks with a family that an agent does, in the order of its times.

    Attributes
    ----------
    agent, before, after
        [N] who does which two tasks next to each other.
    time
        [N] ticks that must pass between them.
    """

    agent: Ints
    before: Ints
    after: Ints
    time: Ints


def changes_of(spec: ScheduleSpec, columns: Columns) -> Changes:
    """All neighbours, agent by agent; tasks whose times or agents are not known are left aside."""
    nothing = np.zeros(0, np.int64)
    setups, crews, family = spec.setups, columns.crews, spec.tasks.family
    if setups is None:
        return Changes(nothing, nothing, nothing, nothing)
    entries = np.flatnonzero((columns.timed & (family >= 0))[crews.task])
    task, agent = crews.task[entries], crews.agent[entries]
    order = np.lexsort((task, columns.end[task], columns.start[task], agent))
    task, agent = task[order], agent[order]
    next_ = np.flatnonzero(agent[1:] == agent[:-1])
    who, before, after = agent[next_], task[next_], task[next_ + 1]
    return Changes(who, before, after, setups.time[setups.of_agent[who], family[before], family[after]])


def check_setups(spec: ScheduleSpec, columns: Columns, changes: Changes, findings: Findings) -> None:
    """Note every task that starts before its agent is set up for it."""
    start, end, setups = columns.start[changes.after], columns.end[changes.before], spec.setups
    if setups is None:
        return
    families, family = setups.families, spec.tasks.family

    def note(k: int) -> None:
        a, b = int(changes.before[k]), int(changes.after[k])
        ids, agent = spec.tasks.ids, spec.agents.ids[changes.agent[k]]
        rule = f"{families[family[a]]} to {families[family[b]]}, {moment(spec, int(changes.time[k]))}"
        short = moment(spec, int(end[k] + changes.time[k] - start[k]))
        text = f"task {ids[b]}: it starts at {moment(spec, int(start[k]))}, {short} too early after task {ids[a]}"
        text = f"{text} on agent {agent} (setup from {rule}), which ends at {moment(spec, int(end[k]))}"
        findings.add("setup", text, task=ids[b], agent=agent)

    findings.add_each("setup", np.flatnonzero(start < end + changes.time).tolist(), note)
