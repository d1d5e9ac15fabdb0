"""The QUBO of schedules with calendars, crews, rules and optional tasks against brute force on both sides."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from support.qubo_specs import all_energies, state
from support.rich_models import random_choice, rich_cases, rich_specs
from support.rich_oracle import best
from support.rich_schedules import features_of

from qamctl.backends import cpsat_model
from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.rows import CREW_ROW_KINDS
from qamctl.schedule.solution import Solution

#: QUBOs of which every state is looked at, and their size at most.
ENUMERATED, BITS = 50, 16
#: Models whose optimum is compared with brute force, and random choices that are judged.
SOLVED, JUDGED = 80, 2_000

#: What random specs have, and a QUBO of one holds: all but two terms.
HELD = {
    "absences", "periods", "preemptible", "crews", "mode-counts", "optional", "setups", "near", "apart", "near-label",
    "apart-label", "spread", "gang", "data", "links", "taints", "pinned-agents", "unscheduled", "communication",
    "disruption",
}  # fmt: skip


def close(value: float) -> float:
    """How far apart two sums of the same numbers may be."""
    return 1e-6 * max(1.0, abs(value))


def test_every_minimum_decodes_to_an_optimal_feasible_schedule() -> None:
    """Every state of least energy is, by the checker, a feasible schedule with the optimum of brute force."""
    seen: Counter[str] = Counter()
    enumerated = 0
    for case in rich_cases(0):
        model = case.built.model
        start = check.objective(model, case.built.encode(case.incumbent).tolist())
        compiled = compile_qubo(model, sufficient_weights(model, start))
        if not 1 <= compiled.n <= BITS:
            continue
        least = best(case.spec)
        assert least is not None
        energies, wanted = all_energies(compiled), float(least[0])
        assert energies.min() == pytest.approx(wanted, abs=close(wanted)), case.data
        minima = np.flatnonzero(energies <= energies.min() + close(wanted))
        for number in minima[:: max(1, len(minima) // 20)].tolist():
            sample = compiled.restore(state(number, compiled.n))
            assert check.violations(model, sample.tolist()) == [], case.data
            found = case.built.decode(sample)
            assert found is not None
            report = check_solution(case.spec, found)
            assert report.violations == (), case.data
            assert float(report.levels[0]) == pytest.approx(wanted, abs=close(wanted)), case.data
        seen.update({model.con_kinds[k] for k in model.con_kind.tolist()})
        enumerated += 1
        if enumerated == ENUMERATED:
            break
    # Few of these specs run out of a stock: see the tests of single features.
    assert set(CREW_ROW_KINDS) - {"level", "stock"} <= set(seen), seen


def optimum(built: ScheduleModel) -> np.ndarray | None:
    """[n] a sample of least objective that keeps every row, None where there is none: proved."""
    if built.model.n == 0:
        return np.zeros(0, np.uint8)
    found = cpsat_model.solve(built.model, steps=200_000)
    if found.sample is None:
        assert found.status == "infeasible"
        return None
    value = check.objective(built.model, found.sample.tolist())
    assert found.bound == pytest.approx(value, abs=close(value))  # costs that are logarithms are rounded
    return found.sample


def test_the_optimum_of_the_model_is_that_of_the_spec() -> None:
    """With a random feasible schedule to prune by, or none, the best that the model holds is that of brute force."""
    features: set[str] = set()
    refused = 0
    for data, spec, instance, incumbent in islice(rich_specs(10_000), SOLVED):
        least = best(spec)
        assert least is not None
        for known in (incumbent, None):
            try:
                built = build_model(instance, known)
            except UnsupportedError:
                refused += known is None
                break
            sample = optimum(built)
            assert sample is not None, data
            found = built.decode(sample)
            assert found is not None
            report = check_solution(spec, found)
            assert report.violations == (), data
            for value in (check.objective(built.model, sample.tolist()), float(report.levels[0])):
                assert value == pytest.approx(float(least[0]), abs=close(value)), data
        else:
            features |= features_of(data)
            if len(spec.objective) > 1:
                _check_later_level(instance, found, tuple(float(value) for value in least))
    assert features >= HELD, HELD - features
    assert refused < SOLVED // 2


def _check_later_level(instance: Instance, first: Solution, least: tuple[float, ...]) -> None:
    """The second level, the first one kept at its optimum, has that of brute force."""
    try:
        built = build_model(instance, first, level=1, fixed_levels=least[:1])
    except UnsupportedError:
        return
    sample = optimum(built)
    assert sample is not None
    found = built.decode(sample)
    assert found is not None
    report = check_solution(built.instance.spec, found)
    assert report.violations == ()
    assert [float(value) for value in report.levels] == pytest.approx(least, abs=close(max(least)))


def test_rows_are_kept_by_feasible_schedules_and_by_no_others() -> None:
    """Of random choices, those that break no row are, by the checker, feasible, and their objective is the checked one;
    all others are not, whether the model is of everything or of a window."""
    rng, judged = np.random.default_rng(3), Counter[bool]()
    for case in rich_cases(20_000):
        free = rng.random(case.instance.n) < 0.6
        near = None if rng.random() < 0.5 else 3
        for built in (case.built, build_model(case.instance, case.incumbent, free=free, near=near)):
            own = built.encode(case.incumbent)
            assert check.violations(built.model, own.tolist()) == []
            for _ in range(10):
                found = built.decode(random_choice(built, rng))
                assert found is not None
                sample = built.encode(found).tolist()
                report = check_solution(case.spec, found)
                kept = check.violations(built.model, sample) == []
                assert kept == (not report.violations), (case.data, report.violations)
                judged[kept] += 1
                if kept:
                    value = float(report.levels[0])
                    assert check.objective(built.model, sample) == pytest.approx(value, abs=close(value))
                if built is not case.built:
                    assert np.array_equal(found.start[~free], case.incumbent.start[~free])
        if min(judged[True], judged[False]) >= JUDGED // 4 and judged.total() >= JUDGED:
            break


def test_a_spec_that_nothing_satisfies_has_no_feasible_sample() -> None:
    """Where brute force finds nothing, the model has no sample that keeps its rows, or is not even built."""
    both = [{"id": "a", "duration": 2, "count": 2}, {"id": "b", "duration": 2, "apart": ["a"]}]
    team = [{"id": "x"}, {"id": "y", "calendar": [[2, 9]]}]
    plain = {"kind": "schedule", "version": 1, "name": "t"}
    for more in ({"agents": team, "tasks": both}, {"agents": team, "tasks": both[:1], "horizon": 1}):
        instance = build_instance(schedule_from_data({**plain, **more}))
        try:
            assert optimum(build_model(instance, None)) is None
        except InfeasibleError:
            continue
