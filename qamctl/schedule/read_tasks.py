"""Tasks of a schedule spec: what is to be done, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qamctl.schedule.read_after import Links, read_after
from qamctl.schedule.read_modes import ReadModes, read_modes
from qamctl.schedule.spec import NEVER, Modes, Precedence, Tasks
from qamctl.spec.decode import Floats, Ints, check_names, ids, inner_rows, names, numbers
from qamctl.spec.faults import Faults, nearest, show
from qamctl.spec.moments import Clock, Times, times
from qamctl.spec.quantities import Measures
from qamctl.spec.rows import Rows
from qamctl.spec.schedule_fields import LATER, TASKS
from qamctl.spec.time import TimeAxis

_PINNED = TASKS["pinned"]


@dataclass(slots=True)
class ReadTasks:
    """Tasks while times are not yet ticks; `pinned_owner` are the tasks with a `pinned` mapping."""

    rows: Rows
    ids: tuple[str, ...]
    modes: ReadModes
    moments: dict[str, Times]
    weight: Floats
    pinned_owner: Ints
    pinned_agent: Ints
    pinned_start: Times
    links: Links

    def finish(self, axis: TimeAxis, measures: Measures, faults: Faults) -> tuple[Tasks, Modes, Precedence]:
        """Tasks, modes and precedence, once every time and quantity has been seen."""
        start = np.full(self.rows.n, -1, np.int64)
        start[self.pinned_owner] = self.pinned_start.ticks(axis, round_up=True, absent=-1, faults=faults)
        agent = np.full(self.rows.n, -1, np.int32)
        agent[self.pinned_owner] = self.pinned_agent
        tasks = Tasks(
            ids=self.ids,
            release=self.moments["release"].ticks(axis, round_up=True, absent=0, faults=faults),
            deadline=self.moments["deadline"].ticks(axis, round_up=False, absent=NEVER, faults=faults),
            due=self.moments["due"].ticks(axis, round_up=False, absent=NEVER, faults=faults),
            weight=self.weight,
            pinned_agent=agent,
            pinned_start=start,
            first_mode=self.modes.first_mode,
        )
        return tasks, self.modes.finish(axis, measures, faults), self.links.precedence(axis, self.ids, faults)


def read_tasks(
    rows: Rows, agents: Mapping[str, int] | None, some_agents: bool, measures: Measures, clock: Clock, faults: Faults
) -> ReadTasks:
    """Decode the tasks; see `read_modes` for the parameters."""
    check_names(rows, TASKS, faults, LATER["tasks"])
    task_ids, index = ids(rows, TASKS["id"], faults)
    modes = read_modes(rows, agents, some_agents, measures, clock, faults)
    pinned, owner = inner_rows(rows, _PINNED, faults)
    check_names(pinned, _PINNED, faults)
    return ReadTasks(
        rows=rows,
        ids=task_ids,
        modes=modes,
        moments={name: times(rows, TASKS[name], clock, faults) for name in ("release", "deadline", "due")},
        weight=numbers(rows, TASKS["weight"], faults),
        pinned_owner=owner,
        pinned_agent=_pinned_agents(pinned, owner, agents, modes, faults),
        pinned_start=times(pinned, _PINNED["start"], clock, faults),
        links=read_after(rows, index, clock, faults),
    )


def _pinned_agents(
    pinned: Rows, owner: Ints, agents: Mapping[str, int] | None, modes: ReadModes, faults: Faults
) -> Ints:
    """[n] the agent of each `pinned` mapping, -1 where it names none."""
    out = np.full(pinned.n, -1, np.int64)
    for i, name in enumerate(names(pinned, _PINNED["agent"], faults)):
        if name is None or agents is None:
            continue
        if name not in agents:
            faults.add(pinned.path(i, "agent"), f"unknown agent {show(name)}", nearest(name, agents))
            continue
        out[i] = agents[name]
        mine = modes.agents.codes[modes.first_mode[owner[i]] : modes.first_mode[owner[i] + 1]]
        if all(modes.agents.values[code] == () for code in mine.tolist()):
            faults.add(pinned.path(i, "agent"), "pins the task to an agent, but the task needs none")
    return out
