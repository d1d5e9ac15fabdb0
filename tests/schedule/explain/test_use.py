"""What a schedule takes of agents and pools: the checker takes just that much for enough, and less for too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.clashing_specs import solved
from support.rich_schedules import rich_spec

from qamctl.schedule.check import check_columns
from qamctl.schedule.explain.use import beyond, most, own_taken, pool_taken, slots_taken
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import Calendar, ScheduleSpec


def broken(spec: ScheduleSpec, found: Solution) -> set[str]:
    """The kinds of constraints that a schedule breaks."""
    report = check_columns(spec, found.start, found.end, found.mode, found.agent, found.others)
    return {violation.constraint for violation in report.violations}


def without_periods(spec: ScheduleSpec) -> ScheduleSpec:
    """The spec with the same amount of every resource at all times."""
    nothing = np.zeros(0, np.int64)
    calendar = Calendar(np.zeros(len(spec.resources.ids) + 1, np.int64), nothing, nothing, nothing)
    return replace(spec, resources=replace(spec.resources, calendar=calendar))


@pytest.mark.parametrize("seed", range(12))
def test_just_enough(seed: int) -> None:
    """With as much as is taken at most a schedule keeps every capacity; with less it breaks that one."""
    spec = without_periods(schedule_from_data(rich_spec(seed, "medium")))
    status, found = solved(spec)
    if found is None:
        assert status == "infeasible"
        return
    for a in range(len(spec.agents.ids)):
        needed = most(slots_taken(spec, found, a))
        for slots, kinds in ((needed, set()), (needed - 1, {"slots"})):
            if slots >= 0:
                column = spec.agents.slots.copy()
                column[a] = slots
                assert broken(replace(spec, agents=replace(spec.agents, slots=column)), found) == kinds
    for r in range(len(spec.resources.ids)):
        consumable = bool(spec.resources.consumable[r])
        kind = "consumable" if consumable else "capacity"
        uses = most(pool_taken(spec, found, r), consumable=consumable)
        for amount, kinds in ((uses, set()), (uses - 1, {f"shared-{kind}"})):
            if amount >= 0:
                column = spec.resources.capacity.copy()
                column[r] = amount
                assert broken(replace(spec, resources=replace(spec.resources, capacity=column)), found) == kinds
        for a in np.flatnonzero(spec.agents.capacity[:, r] >= 0).tolist():
            uses = most(own_taken(spec, found, r, a), consumable=consumable)
            for amount, kinds in ((uses, set()), (uses - 1, {f"agent-{kind}"})):
                if amount >= 0:
                    table = spec.agents.capacity.copy()
                    table[a, r] = amount
                    assert broken(replace(spec, agents=replace(spec.agents, capacity=table)), found) == kinds


def test_when_it_is_too_much() -> None:
    """The stretches in which more than a capacity is taken; those that meet are one."""
    uses = [(0, 4, 2), (2, 6, 2), (6, 9, 3), (8, 8, 50), (12, 13, 3)]
    assert beyond(iter(uses), 2) == ((2, 4), (6, 9), (12, 13))
    assert beyond(iter(uses), 1) == ((0, 9), (12, 13))
    assert beyond(iter(uses), 4) == ()
    assert most(iter(uses)) == 4
    assert most(iter(uses), consumable=True) == 60
