"""What is fixed in advance of a task's agents and mode; its start is judged with the other times."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns
from qamctl.schedule.check.crews import named
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import ScheduleSpec


def check_pins(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    """Note every task that is done by others, or in another mode, than it is pinned to."""
    _agents(spec, columns, findings)
    _crews(spec, columns, findings)
    _modes(spec, columns, findings)


def _agents(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    wanted, crews = spec.tasks.pinned_agent, columns.crews
    pinned = columns.crewed & (wanted >= 0)
    pinned[list(spec.tasks.pinned_crew)] = False  # the whole crew is asked for, which says more
    if not pinned.any():
        return
    there = np.zeros(len(wanted), bool)
    there[crews.task[crews.agent == wanted[crews.task]]] = True

    def note(t: int) -> None:
        task, crew = spec.tasks.ids[t], crews.of(t)
        text = f"task {task}: pinned to agent {spec.agents.ids[wanted[t]]}, done by {named(spec, crew)}"
        findings.add("pinned-agent", text, task=task, agent=spec.agents.ids[crew[0]] if len(crew) == 1 else None)

    findings.add_each("pinned-agent", np.flatnonzero(pinned & ~there).tolist(), note)


def _crews(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    for t, crew in spec.tasks.pinned_crew.items():
        if columns.crewed[t] and columns.crews.of(t) != tuple(sorted(crew)):
            task = spec.tasks.ids[t]
            text = f"task {task}: pinned to {named(spec, crew)}, done by {named(spec, columns.crews.of(t))}"
            findings.add("pinned-crew", text, task=task)


def _modes(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    wanted = spec.tasks.pinned_mode

    def note(t: int) -> None:
        task, modes = spec.tasks.ids[t], spec.modes.ids
        text = f"task {task}: pinned to mode {modes[wanted[t]]}, done in mode {modes[columns.mode[t]]}"
        findings.add("pinned-mode", text, task=task)

    other = columns.moded & (wanted >= 0) & (columns.mode != wanted)
    findings.add_each("pinned-mode", np.flatnonzero(other).tolist(), note)
