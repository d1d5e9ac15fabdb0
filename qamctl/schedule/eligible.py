"""Who may do what, and which agents are so alike that no schedule can tell them apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from qamctl.schedule.spec import Index, ScheduleSpec


def eligibility(spec: ScheduleSpec) -> tuple[list[np.ndarray], Index]:
    """The distinct requirements as masks over agents, and the one that each mode has."""
    agents, modes = spec.agents, spec.modes
    known: dict[object, int] = {}
    masks: list[np.ndarray] = []
    group = np.zeros(len(modes.ids), np.int32)
    holders: dict[tuple[str, float], np.ndarray] = {}
    carriers: dict[tuple[str, str], np.ndarray] = {}
    tainted = [a for a, taints in enumerate(agents.taints) if taints]
    asked = zip(modes.agents, modes.skills, modes.labels, modes.tolerates, strict=True)
    for m, (who, skills, labels, tolerates) in enumerate(asked):
        key = (who, _key(skills), _key(labels), tolerates if tainted else None)
        if key not in known:
            mask = np.ones(len(agents.ids), bool)
            if who is not None:
                mask[:] = False
                mask[list(who)] = True
            for skill, level in skills.items():
                if (skill, level) not in holders:
                    holders[skill, level] = np.array([s.get(skill, -np.inf) >= level for s in agents.skills], bool)
                mask &= holders[skill, level]
            for label, value in labels.items():
                if (label, value) not in carriers:
                    carriers[label, value] = np.array([have.get(label) == value for have in agents.labels], bool)
                mask &= carriers[label, value]
            for a in tainted:
                mask[a] &= agents.taints[a] <= tolerates
            known[key] = len(masks)
            masks.append(mask)
        group[m] = known[key]
    return masks, group


def _key(requirements: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(requirements.items())) if requirements else ()


def classes(spec: ScheduleSpec, groups: list[np.ndarray], group_of_mode: Index, apart: Collection[int]) -> list[Index]:
    """Agents that no schedule can tell apart, together; every other agent alone. Holder 0 comes first."""
    agents = spec.agents
    most = np.zeros((len(groups), len(spec.resources.ids)), np.int64)
    if len(group_of_mode):
        np.maximum.at(most, group_of_mode, spec.modes.demand)
    named = spec.tasks.pinned_agent[spec.tasks.pinned_agent >= 0].tolist()
    known = {*apart, *named, *(a for crew in spec.tasks.pinned_crew.values() for a in crew)}
    compared = sorted({rule.label for rule in spec.rules if rule.label is not None})
    away = agents.away
    eligible = np.array(groups, bool).reshape(len(groups), len(agents.ids))
    kinds: dict[object, list[int]] = {}
    for a in range(len(agents.ids)):
        mine = eligible[:, a]
        need = most[mine].max(axis=0) if mine.any() else np.zeros(most.shape[1], np.int64)
        has = agents.capacity[a]
        binds = (has >= 0) & (need > 0) & ((need * agents.slots[a] > has) | spec.resources.consumable)
        if a in known or agents.cost_fixed[a] != 0 or binds.any():
            kinds[a] = [a]
            continue
        alike = (
            int(agents.slots[a]), has.tobytes(), int(agents.speed_num[a]), int(agents.speed_den[a]),
            float(agents.cost_per_time[a]), mine.tobytes(), tuple(away.of(a)) if len(away.start) else (),
            tuple(agents.labels[a].get(label) for label in compared),
        )  # fmt: skip
        kinds.setdefault(alike, []).append(a)
    return [np.zeros(0, np.int32), *(np.array(members, np.int32) for members in kinds.values())]
