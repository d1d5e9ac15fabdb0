"""The checker and the tick-by-tick oracle, written apart, agree on schedules with every feature, sound and broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from support.rich_brute import Brute, Schedule, Way
from support.rich_figures import Figures
from support.rich_forms import columns_of, rows_of
from support.rich_plant import plant
from support.rich_schedules import MOST, rich_spec, with_earlier

from qamctl.schedule.check import CONSTRAINTS, check_columns, check_schedule
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

MUTANTS = 6

#: Only rows can have these: columns have no ids, no dates and no segments.
ONLY_IN_ROWS = {
    "malformed", "unknown-task", "duplicate-task", "missing-task", "done-and-unscheduled", "not-on-tick",
    "unknown-agent", "agent-twice", "segments",
}  # fmt: skip

#: With these nobody can say who works how long.
UNKNOWN = {"unknown-mode", "agent-missing", "agent-not-allowed"}


def mutated(rng: Random, brute: Brute, ways: Schedule) -> Schedule:
    """A schedule in which one or two tasks are done otherwise."""
    out = list(ways)
    for _ in range(rng.choice((1, 1, 2))):
        t = rng.randrange(len(out))
        out[t] = otherwise(rng, brute, t, out[t])
    return out


def otherwise(rng: Random, brute: Brute, task: int, way: Way | None) -> Way | None:
    """Left out, moved, stretched, done by others, in a mode of any task, or as the task may well be done."""
    if way is None:
        return anew(rng, brute, task, rng.randint(0, 12))
    by = rng.choice((-2, -1, 1, 2))
    size = len(way.crew) if rng.random() < 0.7 else rng.randint(0, min(3, len(brute.agents)))
    crowd = way._replace(crew=tuple(sorted(rng.sample(brute.agents, size))))
    return rng.choice(
        (
            None,
            way._replace(start=way.start + by, end=way.end + by),
            way._replace(start=way.start + by),
            way._replace(end=way.end + by),
            crowd,
            crowd,
            way._replace(mode=rng.randrange(len(brute.duration))),
            *(anew(rng, brute, task, max(0, way.start + shift)) for shift in (-1, 0, 0, 0, 1)),
        )
    )


def anew(rng: Random, brute: Brute, task: int, start: int) -> Way:
    """A crew and a mode that the task may have, and the end that follows from them."""
    mode = rng.choice(brute.modes[task])
    crew = rng.choice(list(brute.crews(task, mode)) or [()])
    end = brute.end(task, start, mode, crew)
    return Way(start, start + 1 if end is None else end, mode, crew)


def cases(size: str, seeds: range) -> Iterator[tuple[int, ScheduleSpec, Brute, Schedule]]:
    """Feasible schedules and mutants of random specs, half of which have an earlier result."""
    for seed in seeds:
        rng = Random(seed)
        spec = schedule_from_data(rich_spec(seed, size))
        if seed % 2:
            spec = with_earlier(spec, seed)
        brute = Brute(spec)
        planted = plant(spec, rng, MOST if size == "tiny" else None)
        if planted is not None:
            yield seed, spec, brute, planted.ways
            yield from ((seed, spec, brute, mutated(rng, brute, planted.ways)) for _ in range(MUTANTS))


@pytest.mark.slow
@pytest.mark.parametrize(("size", "first", "last"), [("tiny", 0, 400), ("small", 0, 100), ("medium", 0, 3)])
def test_verdicts_and_figures_agree_with_the_oracle(size: str, first: int, last: int) -> None:
    """On feasible schedules and their mutants both judge alike, and every term of both is equal."""
    verdicts: Counter[bool] = Counter()
    kinds: Counter[str] = Counter()
    for seed, spec, brute, ways in cases(size, range(first, last)):
        report = check_columns(spec, **columns_of(ways))
        assert report.feasible == brute.feasible(ways), (seed, ways, report.violations)
        verdicts[report.feasible] += 1
        kinds.update(report.counts)
        if not UNKNOWN & set(report.counts):
            figures = Figures(brute)
            terms = figures.terms(ways)
            assert {name: float(terms[name]) for name in report.terms} == report.terms, (seed, ways)
            assert tuple(map(float, figures.value(ways))) == report.levels, (seed, ways)
    assert min(verdicts.values()) >= 0.1 * verdicts.total()
    if size == "tiny":
        assert set(kinds) == set(CONSTRAINTS) - ONLY_IN_ROWS, "a kind of violation never occurred"


def test_rows_and_columns_get_the_same_report() -> None:
    """The rows of a result file, with segments and tasks left out, are judged as the arrays that they stand for."""
    paused = 0
    for seed, spec, brute, ways in cases("small", range(1_000, 1_100)):
        if any(way is not None and way.mode not in brute.modes[t] for t, way in enumerate(ways)):
            continue  # rows name a mode by its id in the task
        rows, unscheduled = rows_of(brute, ways)
        Random(seed).shuffle(rows)
        assert check_schedule(spec, rows, unscheduled) == check_columns(spec, **columns_of(ways)), (seed, ways)
        paused += any(row["segments"] for row in rows)
    assert paused > 20
