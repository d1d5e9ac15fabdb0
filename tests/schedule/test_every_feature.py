"""Random specs that use every feature at once: verified, and the least value by three roads where brute force can tell.

CI takes some of them; QAMCTL_RICH_SPECS=2000 in the environment asks for so many.
"""

from __future__ import annotations

import os

import pytest
from support.rich_oracle import best
from support.rich_schedules import rich_spec, with_earlier

from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.reasons import reasons
from qamctl.schedule.solvers import cpsat, list_search
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget, Outcome

#: Specs in all: half of them tiny, the others of up to sixty tasks.
SPECS = int(os.environ.get("QAMCTL_RICH_SPECS", "160"))

#: Steps of list search, which is asked again for longer where it missed the optimum, and of CP-SAT.
STEPS, LONGER, PROOF = 20_000, 400_000, 60_000


def spec_of(seed: int, size: str) -> ScheduleSpec:
    """Every third one has an earlier schedule."""
    spec = schedule_from_data(rich_spec(seed, size))
    return with_earlier(spec, seed) if seed % 3 == 0 else spec


def found(solver: object, instance: Instance, steps: int) -> Outcome:
    return solver.solve(instance, None, Budget(steps=steps), 1, lambda: False, lambda solution: None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(SPECS // 2))
def test_tiny_specs_have_one_optimum_by_three_roads(seed: int) -> None:
    """Brute force, list search and CP-SAT come to the same values, and to the same verdict where there is nothing."""
    spec = spec_of(seed, "tiny")
    least, instance = best(spec), build_instance(spec)
    if reasons(instance):
        assert least is None
        return
    proof = found(cpsat, instance, PROOF)
    if least is None:
        assert proof.status == "infeasible"
        assert found(list_search, instance, 500).solution is None
        return
    assert proof.status == "optimal"
    searched = found(list_search, instance, STEPS)
    if searched.solution is None or check_solution(spec, searched.solution).levels != pytest.approx(least, abs=1e-6):
        searched = found(list_search, instance, LONGER)
    for outcome in (proof, searched):
        report = check_solution(spec, outcome.solution)
        assert [violation.text for violation in report.violations] == []
        assert report.levels == pytest.approx(least, abs=1e-6)
        assert instance.value(outcome.solution) == pytest.approx(report.levels, abs=1e-6)


@pytest.mark.parametrize("seed", range(SPECS // 2))
def test_larger_specs_are_verified(seed: int) -> None:
    """What list search finds keeps every constraint and is worth what it says, no less than the bounds."""
    spec = spec_of(seed, "small" if seed % 2 else "medium")
    instance = build_instance(spec)
    if reasons(instance):
        return
    outcome = found(list_search, instance, 1_500)
    if outcome.solution is None:
        return
    report = check_solution(spec, outcome.solution)
    assert [violation.text for violation in report.violations] == []
    assert instance.value(outcome.solution) == pytest.approx(report.levels, rel=1e-9, abs=1e-6)
    assert all(
        value >= bound - 1e-6 for value, bound in zip(report.levels, outcome.bounds, strict=True) if bound is not None
    )
