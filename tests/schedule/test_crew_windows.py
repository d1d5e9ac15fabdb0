"""Windows of problems with crews: sampled, repaired, never worse, proved, and cheap beside very many tasks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support.rich_models import rich_cases, rich_specs
from support.rich_oracle import best

from qamctl.backends import anneal, exact
from qamctl.errors import UnsupportedError
from qamctl.schedule import windows
from qamctl.schedule.answer import compile_answer
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.mend import mended_window
from qamctl.schedule.model import build_model
from qamctl.schedule.part import reduced
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import qubo_windows
from qamctl.schedule.windows import ScheduleWindows
from qamctl.solver import Budget, Outcome
from qamctl.windowed import OpenLevels

PLAIN = {"kind": "schedule", "version": 1, "name": "t"}


def engine(sample: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    return lambda compiled, **options: sample(compiled, {**options, **fixed})


def solve(instance: Instance, incumbent: Solution | None, **options: Any) -> Outcome:
    settings = {"sample": engine(anneal.sample, sweeps=60, reads=2)} | options
    steps = settings.pop("steps", 4)
    return qubo_windows.solve(
        instance, incumbent, Budget(steps=steps), 5, lambda: False, lambda found: None, **settings
    )  # fmt: skip


@pytest.mark.parametrize(("size", "batch"), [("tiny", 1), ("small", 1), ("small", 3)])
def test_windows_never_make_a_schedule_worse_and_always_a_feasible_one(size: str, batch: int) -> None:
    """What comes back passes the checker, is at least as good as what went in, and the answer's energy is its value."""
    gained = 0
    for case in islice(rich_cases(1_000, size), 15):
        outcome = solve(case.instance, case.incumbent, batch=batch)
        found = outcome.solution
        assert found is not None
        report = check_solution(case.spec, found)
        assert report.violations == (), case.data
        assert case.instance.value(found) <= case.instance.value(case.incumbent)
        assert all(b is None or b <= v + 1e-6 for b, v in zip(outcome.bounds[:1], report.levels, strict=False))
        gained += case.instance.value(found) < case.instance.value(case.incumbent)
        _check_compiled(case.instance, found, [float(value) for value in report.levels])
    assert gained >= 5


def _check_compiled(instance: Instance, found: Solution, values: list[float]) -> None:
    """Of every level that a QUBO holds the energy of the answer is the checked objective, without a penalty."""
    for level, value in enumerate(values):
        for most in (None, 30):
            try:
                block = compile_answer(instance, found, level, max_variables=most)
            except UnsupportedError:
                continue
            assert block["energy"] == pytest.approx(value, rel=1e-6, abs=1e-6)
            assert (block["penalty"], block["slot"]) == (0, 1)
            assert block == compile_answer(instance, found, level, max_variables=most)


def test_an_exact_engine_proves_what_fits_whole() -> None:
    """Tiny problems are proved level by level, and the values are those of brute force."""
    proved = 0
    for case in islice(rich_cases(2_000), 25):
        outcome = solve(
            case.instance, case.incumbent, sample=engine(exact.sample), exact=True, max_variables=18, steps=8
        )
        if outcome.status == "optimal":
            proved += 1
            least = best(case.spec)
            assert outcome.solution is not None
            assert least is not None
            assert case.instance.value(outcome.solution) == pytest.approx([float(v) for v in least], abs=1e-6)
    assert proved >= 5


def test_a_first_schedule_is_found_or_its_absence_told() -> None:
    """Without an incumbent priority rules give one that keeps every constraint, or the outcome says that none did."""
    found = 0
    for case in islice(rich_cases(3_000), 15):
        outcome = solve(case.instance, None, steps=1)
        if outcome.solution is None:
            assert (outcome.status, outcome.info["reason"]) == ("unknown", "no feasible schedule to start from")
            continue
        found += 1
        assert check_solution(case.spec, outcome.solution).violations == ()
    assert found >= 8


def test_levels_that_no_qubo_holds_are_left_alone_and_told() -> None:
    """A later level is refused by name in a note; a first one, or slots of several ticks, at once."""
    tasks = [{"id": "a", "duration": 1, "count": 2}, {"id": "b", "duration": 2}, {"id": "c", "duration": 3}]
    team = [{"id": "x"}, {"id": "y"}, {"id": "z", "speed": 0.5}]
    levels: list[dict[str, Any]] = [{"makespan": 1}, {"balance": 1}]
    data = PLAIN | {"agents": team, "tasks": tasks}
    instance = build_instance(schedule_from_data(data | {"objective": levels}))
    outcome = solve(instance, None, steps=30)
    assert outcome.solution is not None
    assert outcome.info["note"].startswith("level 2 was left alone: no QUBO of this schedule holds the term `balance`")
    with pytest.raises(UnsupportedError, match="balance"):
        solve(build_instance(schedule_from_data(data | {"objective": levels[1:]})), None)
    with pytest.raises(UnsupportedError, match=r"solver\.slot"):
        solve(instance, None, slot=2)


def test_large_problems_take_samples_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a feasible sample is not placed anew: tasks outside the window stay where they are."""
    monkeypatch.setattr(windows, "REPLACED_TASKS", 0)
    monkeypatch.setattr(windows, "WINDOW_VARIABLES", 40)
    for case in islice(rich_cases(4_000, "small"), 10):
        found = solve(case.instance, case.incumbent).solution
        assert found is not None
        assert check_solution(case.spec, found).violations == ()
        assert case.instance.value(found) <= case.instance.value(case.incumbent)


def test_a_sample_without_a_feasible_list_is_none() -> None:
    """Where neither the sample nor its order gives a schedule, there is none; a feasible one stands for itself."""
    for case in islice(rich_cases(5_000), 10):
        sample = case.built.encode(case.incumbent)

        def nothing(*lists: np.ndarray) -> None:
            return None

        kept = mended_window(case.instance, case.built, sample, case.incumbent, nothing, as_it_is=False)
        assert kept is not None
        assert case.instance.value(kept) == pytest.approx(case.instance.value(case.incumbent))
        if case.built.model.n:
            broken = np.zeros_like(sample)
            assert mended_window(case.instance, case.built, broken, case.incumbent, nothing, as_it_is=True) is None


def test_a_part_keeps_the_crews_of_its_options() -> None:
    """A reduced problem has the incumbent's option of every task and few of free ones, with crews as they were."""
    rng = np.random.default_rng(2)
    for _, _, instance, incumbent in islice(rich_specs(7_000, "small"), 10):
        free = rng.random(instance.n) < 0.5
        part = reduced(instance, incumbent, free, 2, rng)
        assert instance.crews is not None
        assert part.crews is not None
        assert part.value(incumbent) == pytest.approx(instance.value(incumbent))
        own, whole = part.options_of(incumbent), instance.options_of(incumbent)
        assert (own >= 0).all()
        for t in range(instance.n):
            assert part.crews.of(int(own[t])) == instance.crews.of(int(whole[t]))
            mine = slice(int(part.first_option[t]), int(part.first_option[t + 1]))
            assert len(part.option_mode[mine]) <= (4 if free[t] else 1)
            if free[t] and instance.spec.tasks.optional[t]:
                assert part.crews.out[mine].any()


def test_a_window_of_a_large_fleet_is_small() -> None:
    """Three tasks of hundreds are a window of few variables, which holds the incumbent beside everything else."""
    team = [{"id": f"a{k}", "calendar": [[20 * k % 50, 20 * k % 50 + 5]]} for k in range(30)]
    tasks = [
        {"id": f"t{k}", "duration": 1 + k % 5, "count": 1 + (k % 7 == 0), "optional": k % 11 == 0, "reward": 1}
        for k in range(300)
    ]
    data = PLAIN | {"agents": team, "tasks": tasks, "objective": {"unscheduled": 1, "makespan": 1}}
    instance = build_instance(schedule_from_data(data))
    first = qubo_windows.first_schedule(instance)
    assert first is not None
    opener = ScheduleWindows(instance, None, 1, OpenLevels([None]))
    (window,) = opener.open(first, 0, np.random.default_rng(4), 1)
    assert window.compiled.n <= 1_000
    free = np.zeros(instance.n, bool)
    free[[3, 7, 11]] = True
    built = build_model(reduced(instance, first, free, 4), first, free=free, near=8)
    assert built.model.n <= 200
    assert built.objective(first) == pytest.approx(instance.value(first)[0])
