"""Agents that a spec can't tell apart: what is asked of one of them is asked of all, and counts as one constraint."""

from __future__ import annotations

from qamctl.schedule.spec import ScheduleSpec

#: Agents, ascending.
Group = tuple[int, ...]


def alike(spec: ScheduleSpec) -> list[Group]:
    """Every agent once, those that could change places together; groups by their first agents.

    Costs don't count: they say nothing of what is feasible.
    """
    agents, away = spec.agents, spec.agents.away
    known = {a for crew in spec.tasks.pinned_crew.values() for a in crew}
    known |= set(spec.tasks.pinned_agent[spec.tasks.pinned_agent >= 0].tolist())
    if spec.transfers is not None:
        known |= {a for pair in spec.transfers.link for a in pair}
    lists: dict[int, list[int]] = {}
    for number, who in enumerate(sorted({who for who in spec.modes.agents if who})):
        for a in who:
            lists.setdefault(a, []).append(number)
    groups: dict[object, list[int]] = {}
    for a in range(len(agents.ids)):
        key = a if a in known else (
            int(agents.slots[a]), agents.capacity[a].tobytes(), tuple(sorted(agents.skills[a].items())),
            tuple(sorted(agents.labels[a].items())), agents.taints[a], tuple(away.of(a)),
            int(agents.speed_num[a]), int(agents.speed_den[a]), tuple(lists.get(a, ())),
            0 if spec.setups is None else int(spec.setups.of_agent[a]),
        )  # fmt: skip
        groups.setdefault(key, []).append(a)
    return [tuple(group) for group in groups.values()]
