"""Random specs that were asked for one thing too many: what is said to clash does, and what is offered helps.

All of it is judged by CP-SAT on whole specs, and by brute force, which explanations don't use. QAMCTL_CLASHES=100 in
the environment makes the campaign longer: so many specs of each size.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from support.clashing_specs import clashing_spec, solved
from support.edited_specs import edited
from support.rich_oracle import best_schedule

from qamctl.schedule.explain.conflict import Conflict, find_conflict
from qamctl.schedule.explain.families import without
from qamctl.schedule.explain.fewer import fewer, kept_tasks
from qamctl.schedule.explain.remedies import remedies
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

#: Specs of each size; the campaign asks for more (docs/robustness.md).
CLASHES = int(os.environ.get("QAMCTL_CLASHES", "34"))
#: Remedies that are looked at.
MOST = 5


def first_conflict(spec: ScheduleSpec) -> tuple[Judge, Conflict]:
    """The first conflict of a spec that has one."""
    judge = Judge(time.monotonic() + 300)
    assert judge.first(spec).status == "infeasible"
    return judge, find_conflict(judge, spec, [])


@pytest.mark.parametrize("size", ["tiny", "small", "plain"])
def test_conflicts_and_remedies(size: str) -> None:
    """Each conflict is infeasible, and feasible without any one of it; each remedy, done to the file, helps."""
    seen = 0
    for seed in range(CLASHES):
        data = clashing_spec(seed, size)
        if data is None:
            continue
        spec = replace(schedule_from_data(data), objective=({},), reasoning=None)
        judge, conflict = first_conflict(spec)
        seen += 1
        assert conflict.minimal, seed
        assert solved(without(spec, conflict.gone), seed=9)[0] == "infeasible", seed
        for spared in conflict.constraints:
            assert solved(without(spec, [*conflict.gone, spared]))[0] == "feasible", (seed, spared)
        found = remedies(judge, spec, [conflict], MOST)
        assert found, seed
        for remedy in found:
            edits = [(edit.path, edit.before, edit.after) for told in remedy.told for edit in told.edits]
            assert solved(schedule_from_data(edited(data, edits)))[0] == "feasible", (seed, edits)
    assert seen > CLASHES // 2


def test_brute_force_agrees() -> None:
    """On tiny specs trying everything finds no schedule of a conflict either, where it is about two tasks at most."""
    tried = 0
    for seed in range(min(2 * CLASHES, 80)):
        data = clashing_spec(seed, "tiny")
        if data is None:
            continue
        spec = replace(schedule_from_data(data), objective=({},), reasoning=None)
        _, conflict = first_conflict(spec)
        alone = without(spec, conflict.gone)
        part = fewer(alone, kept_tasks(alone))
        if len(part.tasks.ids) <= 2:
            tried += 1
            assert best_schedule(replace(part, objective=({"makespan": 1.0},))) is None, seed
    assert tried > CLASHES // 2
