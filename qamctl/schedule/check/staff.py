"""Who does a task: whether an agent is needed, allowed, skilled, labelled, and the one it is pinned to."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import ScheduleSpec


def check_staff(spec: ScheduleSpec, columns: Columns, findings: Findings) -> Flags:
    """Note every fault of staffing.

    Returns
    -------
    [T] where mode and agent are known and an agent is there exactly if the mode needs one: only such rows have
    a duration and suppliers.
    """
    needs = np.zeros(len(spec.tasks.ids), bool)
    some = np.flatnonzero(columns.moded)
    who = spec.modes.agents
    needs[some] = [who[mode] != () for mode in columns.mode[some].tolist()]
    has = columns.agent >= 0
    known = columns.moded & columns.crewed

    def lacking(t: int) -> None:
        task = spec.tasks.ids[t]
        findings.add("agent-missing", f"task {task}: no agent does it, and it needs one", task=task)

    def surplus(t: int) -> None:
        task, agent = spec.tasks.ids[t], spec.agents.ids[columns.agent[t]]
        text = f"task {task}: agent {agent} does it, and it takes none"
        findings.add("agent-not-allowed", text, task=task, agent=agent)

    findings.add_each("agent-missing", np.flatnonzero(known & needs & ~has).tolist(), lacking)
    findings.add_each("agent-not-allowed", np.flatnonzero(known & ~needs & has).tolist(), surplus)
    _pinned(spec, columns, findings)
    staffed: Flags = known & (needs == has)
    _listed(spec, columns, staffed & has, findings)
    _qualified(spec, columns, staffed & has, findings)
    return staffed


def _pinned(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    wanted = spec.tasks.pinned_agent

    def note(t: int) -> None:
        task, pin = spec.tasks.ids[t], spec.agents.ids[wanted[t]]
        given = spec.agents.ids[columns.agent[t]] if columns.agent[t] >= 0 else None
        text = f"task {task}: pinned to agent {pin}, done by {given or 'no agent'}"
        findings.add("pinned-agent", text, task=task, agent=given)

    moved = columns.crewed & (wanted >= 0) & (columns.agent != wanted)
    findings.add_each("pinned-agent", np.flatnonzero(moved).tolist(), note)


def _listed(spec: ScheduleSpec, columns: Columns, crewed: Flags, findings: Findings) -> None:
    """Agents outside the list that a mode names."""
    sets: dict[int, tuple[object, frozenset[int]]] = {}  # by the tuple's identity; the tuple is kept alive
    for t in np.flatnonzero(crewed).tolist():
        allowed = spec.modes.agents[columns.mode[t]]
        if allowed is None:
            continue
        if id(allowed) not in sets:
            sets[id(allowed)] = (allowed, frozenset(allowed))
        a = int(columns.agent[t])
        if a not in sets[id(allowed)][1]:
            task, agent = spec.tasks.ids[t], spec.agents.ids[a]
            others = ", ".join(spec.agents.ids[other] for other in allowed[:5]) + (", ..." if allowed[5:] else "")
            text = f"task {task}: agent {agent} may not do it, only {others}"
            findings.add("agent-not-allowed", text, task=task, agent=agent)


def _qualified(spec: ScheduleSpec, columns: Columns, crewed: Flags, findings: Findings) -> None:
    """Skills below the level asked for, and labels that differ."""
    skills, labels = spec.modes.skills, spec.modes.labels
    for t in np.flatnonzero(crewed).tolist():
        mode, a = columns.mode[t], columns.agent[t]
        if skills[mode]:
            has = spec.agents.skills[a]
            for skill, least in skills[mode].items():
                if skill not in has or has[skill] < least:
                    task, agent = spec.tasks.ids[t], spec.agents.ids[a]
                    level = f"level {has[skill]}" if skill in has else "none"
                    text = f"task {task}: agent {agent} has {level} of skill {skill}, {least} is needed"
                    findings.add("skill", text, task=task, agent=agent)
        if labels[mode]:
            carries = spec.agents.labels[a]
            for key, value in labels[mode].items():
                if key not in carries or carries[key] != value:
                    task, agent = spec.tasks.ids[t], spec.agents.ids[a]
                    found = f"{key}={carries[key]}" if key in carries else f"no label {key}"
                    text = f"task {task}: agent {agent} has {found}, {key}={value} is needed"
                    findings.add("label", text, task=task, agent=agent)
