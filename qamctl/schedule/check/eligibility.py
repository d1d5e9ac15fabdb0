"""Whether an agent may do a mode: the list, skills, labels and taints, judged once for all modes that ask the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qamctl.schedule.spec import Ints, Modes, ScheduleSpec


def alike(modes: Modes) -> Ints:
    """[M] of each mode the first one that asks the very same of agents."""
    first: dict[tuple[int, ...], int] = {}
    asked = zip(
        *(map(id, column) for column in (modes.agents, modes.skills, modes.labels, modes.tolerates)), strict=True
    )
    return np.array([first.setdefault(key, mode) for mode, key in enumerate(asked)], np.int64)


def objections(spec: ScheduleSpec, mode: int, agent: int) -> Iterator[tuple[str, str]]:
    """(constraint, what is wrong with it) of everything that forbids the agent the mode; see `report.CONSTRAINTS`."""
    agents, modes = spec.agents, spec.modes
    name, listed = agents.ids[agent], modes.agents[mode]
    if listed is not None and agent not in listed:
        others = ", ".join(agents.ids[other] for other in listed[:5]) + (", ..." if listed[5:] else "")
        yield "agent-not-allowed", f"agent {name} may not do it, only {others}"
    has = agents.skills[agent]
    for skill, least in modes.skills[mode].items():
        if skill not in has or has[skill] < least:
            level = f"level {has[skill]}" if skill in has else "none"
            yield "skill", f"agent {name} has {level} of skill {skill}, {least} is needed"
    carries = agents.labels[agent]
    for key, value in modes.labels[mode].items():
        if key not in carries or carries[key] != value:
            found = f"{key}={carries[key]}" if key in carries else f"no label {key}"
            yield "label", f"agent {name} has {found}, {key}={value} is needed"
    for taint in sorted(agents.taints[agent] - modes.tolerates[mode]):
        yield "taint", f"agent {name} has the taint {taint}, which the task does not tolerate"


def eligible(spec: ScheduleSpec, mode: int) -> list[int]:
    """The agents that may do a mode, pins apart."""
    listed = spec.modes.agents[mode]
    some = range(len(spec.agents.ids)) if listed is None else listed
    return [agent for agent in some if next(objections(spec, mode, agent), None) is None]
