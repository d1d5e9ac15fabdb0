"""The checker and brute force, written apart, agree on thousands of schedules, sound and broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from support import brute_force
from support.brute_force import Oracle, Row, Schedule, columns, rows_of
from support.random_specs import FEATURES, features_of, random_feasible, random_spec, tiny_spec

from qamctl.schedule.check import Report, check_columns, check_schedule
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

#: The kinds of violation that columns of specs without the features of `support.rich_schedules` can have.
KINDS = (
    "unknown-mode", "agent-missing", "agent-not-allowed", "skill", "label", "pinned-agent", "start-negative",
    "duration", "release", "deadline", "horizon", "pinned-start", "precedence-FS", "precedence-SS", "precedence-FF",
    "precedence-SF", "slots", "agent-capacity", "shared-capacity", "agent-consumable", "shared-consumable",
)  # fmt: skip

SPECS = 1_500
MUTANTS = 6


def shift(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """The whole task earlier or later."""
    by = rng.choice((-3, -2, -1, 1, 2, 3))
    return row._replace(start=row.start + by, end=row.end + by)


def stretch(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """The end alone."""
    return row._replace(end=row.end + rng.choice((-1, 1)))


def lead(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """The start alone."""
    return row._replace(start=row.start + rng.choice((-1, 1)))


def hand_over(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """Another agent, or none."""
    return row._replace(agent=rng.randint(-1, len(spec.agents.ids) - 1))


def change_mode(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """Any mode of the spec, also another task's."""
    return row._replace(mode=rng.randrange(len(spec.modes.ids)))


def again(rng: Random, spec: ScheduleSpec, row: Row) -> Row:
    """Another mode or agent that the task allows, with the duration that follows."""
    t = int(np.searchsorted(spec.tasks.first_mode, row.mode, side="right")) - 1
    mode, agent, duration = rng.choice(Oracle(spec).candidates[t])
    return Row(row.start, row.start + duration, mode, agent)


MUTATIONS: tuple[Callable[[Random, ScheduleSpec, Row], Row], ...] = (
    shift,
    stretch,
    lead,
    hand_over,
    change_mode,
    again,
)


def verdict(spec: ScheduleSpec, schedule: Schedule) -> Report:
    """The checker's report on a brute-force schedule."""
    given = columns(schedule)
    return check_columns(spec, given.start, given.end, given.mode, given.agent)


def as_rows(spec: ScheduleSpec, schedule: Schedule) -> list[dict[str, object]]:
    """A schedule as a result file holds it."""
    return [
        {
            "task": spec.tasks.ids[t],
            "agents": [spec.agents.ids[row.agent]] if row.agent >= 0 else [],
            "mode": spec.modes.ids[row.mode],
            "start": spec.time.to_units(row.start),
            "end": spec.time.to_units(row.end),
            "segments": None,
        }
        for t, row in enumerate(schedule)
    ]


def test_verdicts_and_figures_agree_with_brute_force() -> None:
    """On random feasible schedules and their mutants both judge alike, and the terms of both are equal."""
    verdicts: Counter[bool] = Counter()
    kinds: Counter[str] = Counter()
    features: Counter[str] = Counter()
    for seed in range(SPECS):
        rng = Random(seed)
        data = tiny_spec(rng)
        spec = schedule_from_data(data)
        sound = random_feasible(spec, rng, tries=5)
        if sound is None:
            continue
        features.update(features_of(data))
        oracle, base = Oracle(spec), rows_of(sound)
        for k in range(MUTANTS + 1):
            schedule = list(base)
            for _ in range(rng.choice((1, 1, 2)) if k else 0):
                t = rng.randrange(len(base))
                schedule[t] = rng.choice(MUTATIONS)(rng, spec, schedule[t])
            report = verdict(spec, tuple(schedule))
            assert report.feasible == oracle.feasible(schedule), (seed, schedule, report.violations)
            assert k > 0 or report.feasible
            verdicts[report.feasible] += 1
            kinds.update(report.counts)
            if not {"unknown-mode", "agent-missing", "agent-not-allowed"} & set(report.counts):
                expected = {name: float(value) for name, value in oracle.terms(schedule).items()}
                assert expected == report.terms, (seed, schedule)
                assert tuple(map(float, oracle.value(schedule))) == report.levels
    assert min(verdicts.values()) >= 0.1 * verdicts.total()
    assert set(features) == set(FEATURES), "a feature never occurred"
    assert set(kinds) == set(KINDS), "a kind of violation never occurred"


def test_rows_and_columns_get_the_same_report() -> None:
    """The rows of a result file are judged exactly as the arrays that they were written from."""
    for seed in range(150):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=8))
        sound = random_feasible(spec, rng, tries=3)
        if sound is None:
            continue
        schedule = list(rows_of(sound))
        for _ in range(3):
            rows = as_rows(spec, tuple(schedule))
            rng.shuffle(rows)
            assert check_schedule(spec, rows) == verdict(spec, tuple(schedule))
            t = rng.randrange(len(schedule))
            schedule[t] = rng.choice((shift, stretch, again))(rng, spec, schedule[t])


def test_dropped_and_doubled_rows_are_named() -> None:
    """A row too few or too many is told by task, whatever else the schedule holds."""
    found = 0
    for seed in range(60):
        rng = Random(seed)
        spec = schedule_from_data(random_spec(rng, tasks=6))
        sound = random_feasible(spec, rng, tries=3)
        if sound is None:
            continue
        found += 1
        rows = as_rows(spec, rows_of(sound))
        place = rng.randrange(len(rows))
        fewer = check_schedule(spec, rows[:place] + rows[place + 1 :])
        assert fewer.counts == {"missing-task": 1}
        assert fewer.violations[0].task == rows[place]["task"]
        assert check_schedule(spec, [*rows, rows[place]]).counts == {"duplicate-task": 1}
    assert found >= 30


@pytest.mark.parametrize("seed", range(5))
def test_random_feasible_schedules_are_no_better_than_the_optimum(seed: int) -> None:
    """Sampling finds nothing where nothing is feasible, and nothing better than the best."""
    for k in range(30):
        rng = Random(1_000 * seed + k)
        spec = schedule_from_data(tiny_spec(rng))
        best, sample = brute_force.optimum(spec, limit=1), random_feasible(spec, rng)
        assert sample is None or (best is not None and brute_force.value(spec, rows_of(sample)) >= best.exact)
