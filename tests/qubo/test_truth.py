"""The QUBO path against brute force on both sides: all states of the QUBO, all schedules of the spec."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import numpy as np
import pytest
from support.qubo_specs import all_energies, compiled_level, small_cases, state
from support.random_specs import FEATURES, features_of, random_feasible, tiny_spec

from qamctl.qubo import check
from qamctl.qubo.penalties import cited_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.check import check_columns
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.rows import ROW_KINDS

#: Random specs whose QUBO is enumerated, and its largest size.
SPECS, BITS = 500, 18
#: Random feasible schedules whose energy is compared with the checker.
SCHEDULES = 2_000


def near(value: float) -> float:
    """How far apart two sums of the same numbers may be."""
    return 1e-9 * max(1.0, abs(value))


def test_every_minimum_decodes_to_an_optimal_feasible_schedule() -> None:
    """Every state of least energy is, by the checker, a feasible schedule with the optimum of brute force."""
    seen: Counter[str] = Counter()
    features: set[str] = set()
    for case, best in islice(small_cases(seed=1_000, bits=BITS), SPECS):
        compiled, model = case.compiled, case.built.model
        energies = all_energies(compiled)
        wanted = best.value[case.level]
        assert energies.min() == pytest.approx(wanted, abs=near(wanted)), case.data
        minima = np.flatnonzero(energies <= energies.min() + near(wanted))
        for number in minima[:: max(1, len(minima) // 50)]:
            sample = state(int(number), compiled.n)
            assert check.violations(model, compiled.restore(sample).tolist()) == [], case.data
            found = case.built.decode(compiled.restore(sample))
            assert found is not None
            report = check_columns(case.instance.spec, found.start, found.end, found.mode, found.agent)
            assert report.violations == (), case.data
            assert float(report.levels[case.level]) == pytest.approx(wanted, abs=near(wanted)), case.data
            for kept, level in zip(case.fixed_levels, report.levels, strict=False):
                assert float(level) == pytest.approx(kept, abs=near(kept)), case.data
        largest = max(np.max(case.weights.group, initial=0.0), case.weights.row.max(initial=0.0))
        assert largest <= cited_bound(model)
        seen.update({model.con_kinds[k] for k in model.con_kind.tolist()} | {"one-hot"})
        seen["kept level"] += case.level
        features |= features_of(case.data)
    assert {*ROW_KINDS, "one-hot", "kept level"} <= set(seen), seen
    assert set(FEATURES) <= features, set(FEATURES) - features


def test_energy_is_the_checked_objective_on_random_feasible_schedules() -> None:
    """A feasible schedule, encoded, has the checker's objective as energy, no broken row and the way back."""
    rng = Random(7)
    compared = 0
    while compared < SCHEDULES:
        data = tiny_spec(rng)
        spec = schedule_from_data(data)
        instance = build_instance(spec)
        pool = [s for s in (random_feasible(spec, rng, tries=3) for _ in range(12)) if s is not None]
        if not pool:
            continue
        # The worst schedule prunes least: the others have a place in its model.
        worst = max(pool, key=instance.value)
        case = compiled_level(data, worst, 0, ())
        for schedule in pool:
            if (schedule.end > case.built.choices.box.end_high).any():
                continue  # an equal value, but later than some optimum needs
            report = check_columns(spec, schedule.start, schedule.end, schedule.mode, schedule.agent)
            assert report.violations == ()
            sample = case.built.encode(schedule)
            full = case.compiled.extend(sample)
            value = float(report.levels[0])
            assert check.violations(case.built.model, sample.tolist()) == []
            assert case.compiled.energy(full)[0] == pytest.approx(value, abs=near(value))
            assert check.energy(case.compiled, full.tolist()) == pytest.approx(value, abs=near(value))
            again = case.built.decode(sample)
            assert again is not None
            assert np.array_equal(again.start, schedule.start)
            assert np.array_equal(again.mode, schedule.mode)
            compared += 1
