"""The hybrid loop on models: never worse, feasible, as small as the engine, the same on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.families import regular
from support.qubo_models import model_of, models, optimum
from support.raw_models import raw_model

from qamctl.backends import exact
from qamctl.backends.local import sample_set
from qamctl.errors import UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.hybrid import improve_model, mended
from qamctl.qubo.model import EQ, LE, Model
from qamctl.qubo.payload import Payload, Uncompiled
from qamctl.qubo.rounds import Controls


def best_of_all(compiled: Payload, **options: Any) -> Any:
    """The truth, also of models with constraints: of feasible states the best, else the least broken."""
    if compiled.kind == "qubo":
        return exact.sample(compiled, options)
    assert isinstance(compiled, Uncompiled)
    found = optimum(compiled.model)
    states = options["initial"][None, :] if found is None else np.array(sorted(found[1]))
    return sample_set(compiled, states, {})


def maxcut(n: int) -> Model:
    return raw_model(regular(n, 1))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(models(), st.data())
def test_it_is_never_worse_and_says_the_truth(model: Model, data: st.DataObject) -> None:
    """The violation and the energy are those of the sample, and no worse than at the start."""
    start = data.draw(st.lists(st.integers(0, 1), min_size=model.n, max_size=model.n))
    told: list[float] = []
    try:
        found = improve_model(
            model, np.array(start), best_of_all, max_variables=data.draw(st.integers(4, 14)), seed=1, steps=6,
            strategy=data.draw(st.sampled_from(("impact", "graph", "windows", "auto"))),
            native=data.draw(st.booleans()), report=lambda sample, energy: told.append(energy),
        )  # fmt: skip
    except UnsupportedError:
        assert len(model.group_start) > 1
        return
    broken = sum(amount for _, _, amount in check.violations(model, found.sample.tolist()))
    before = sum(amount for _, _, amount in check.violations(model, start))
    assert found.violation == broken
    assert found.energy == pytest.approx(check.objective(model, found.sample.tolist()), abs=1e-9)
    assert (broken, found.energy) <= (before, check.objective(model, start) + 1e-9)
    assert len(told) == sum(attempt.improved for attempt in found.attempts)


@pytest.mark.parametrize("native", [False, True])
def test_a_window_as_large_as_the_model_gives_the_optimum(native: bool) -> None:
    """Where all fits, an engine that is exact ends at a feasible optimum, from a start that breaks everything."""
    rows = [({0: 2, 3: 3, 5: 2}, LE, 4), ({1: 1, 4: 1, 5: 1}, EQ, 1)]
    model = model_of([3.0, -1.0, 2.0, -4.0, 1.0, -2.0], [(0, 3, 2.0), (1, 4, -3.0)], [[0, 1, 2], [3, 4]], rows)
    best = optimum(model)
    assert best is not None
    found = improve_model(model, np.ones(6), best_of_all, max_variables=20, seed=1, steps=3, native=native)
    assert (found.violation, found.energy) == (0, best[0])
    assert tuple(found.sample.tolist()) in best[1]


def test_windows_fit_the_engine_slack_bits_and_all() -> None:
    """No window is larger than the engine takes, and some use what it has."""
    sizes: list[int] = []

    def watch(compiled: Payload, **options: Any) -> Any:
        sizes.append(compiled.n)
        return exact.sample(compiled, options)

    groups = [list(range(4 * k, 4 * k + 4)) for k in range(8)]
    rows = [({4 * k + p: k + 1 for k in range(8)}, LE, 14) for p in range(4)]
    rng = np.random.default_rng(3)
    model = model_of(rng.integers(-9, 9, 32).astype(float).tolist(), groups=groups, rows=rows)
    start = np.zeros(32)
    start[np.arange(8) * 4 + np.arange(8) % 4] = 1
    found = improve_model(model, start, watch, max_variables=18, seed=1, steps=40)
    assert max(sizes) <= 18
    assert max(sizes) > 12
    assert found.violation == 0
    assert found.energy < check.objective(model, start.tolist())


def test_threads_do_not_change_the_answer_under_a_step_budget() -> None:
    """The same seed gives the same walk on one thread and on three; another seed another one."""
    model = maxcut(60)
    one, three, other = (
        improve_model(model, np.zeros(60), best_of_all, max_variables=10, seed=seed, steps=30, threads=threads)
        for seed, threads in ((5, 1), (5, 3), (6, 1))
    )
    assert np.array_equal(one.sample, three.sample)
    assert one.attempts == three.attempts
    assert one.attempts != other.attempts
    assert one.energy < -60


def test_time_and_stop_end_it() -> None:
    """With seconds as many windows are opened as fit; a stop ends it before the first."""
    model = maxcut(40)
    timed = improve_model(model, np.zeros(40), best_of_all, max_variables=8, seed=1, seconds=0.1, threads=2)
    assert timed.attempts
    stopped = improve_model(model, np.zeros(40), best_of_all, max_variables=8, seed=1, steps=5, stop=lambda: True)
    assert stopped.attempts == ()
    assert stopped.energy == 0.0


def test_groups_larger_than_the_engine_are_left_alone_or_refused() -> None:
    """A group that fits is improved, one that does not stays; where none fits the error says the sizes."""
    small_and_large = model_of([1.0, 0.0, 5.0, 4.0, 3.0, 2.0], groups=[[0, 1], [2, 3, 4, 5]])
    found = improve_model(small_and_large, np.array([1, 0, 1, 0, 0, 0]), best_of_all, max_variables=3, seed=1, steps=4)
    assert found.sample.tolist() == [0, 1, 1, 0, 0, 0]
    large = model_of([1.0, 2.0, 3.0, 4.0], groups=[[0, 1, 2, 3]])
    with pytest.raises(UnsupportedError, match="group has 4 variables, the engine takes 3"):
        improve_model(large, np.array([1, 0, 0, 0]), best_of_all, max_variables=3, seed=1, steps=4)


def test_an_equation_out_of_reach_stays_as_it_is() -> None:
    """An equation whose coefficients reach no such sum is kept at its violation while the rest improves."""
    model = model_of([-1.0, -1.0, -1.0], rows=[({0: 4, 1: 6}, EQ, 5)])
    found = improve_model(model, np.array([1, 0, 0]), best_of_all, max_variables=12, seed=1, steps=4)
    assert found.violation == 1
    assert found.sample[2] == 1


def test_broken_groups_are_mended() -> None:
    """Of several chosen members the first stays; where none is chosen the incumbent's is."""
    model = model_of([0.0] * 6, groups=[[0, 1], [2, 3], [4, 5]])
    assert mended(model, np.array([1, 1, 0, 0, 0, 1]), np.array([1, 0, 0, 1, 1, 0])).tolist() == [1, 0, 0, 1, 0, 1]
    assert mended(model, np.array([0, 1, 0, 1, 0, 1]), np.zeros(6)).tolist() == [0, 1, 0, 1, 0, 1]


def test_empty_and_single_variable_models() -> None:
    """Without a variable there is nothing to do; with one it is decided."""
    empty = improve_model(model_of([], offset=2.0), np.zeros(0), best_of_all, max_variables=5, seed=1, steps=3)
    assert (empty.energy, empty.sample.tolist(), empty.attempts) == (2.0, [], ())
    single = improve_model(model_of([-1.0]), np.zeros(1), best_of_all, max_variables=None, seed=1, steps=1)
    assert (single.energy, single.sample.tolist()) == (-1.0, [1])


@pytest.mark.parametrize("budget", [{"steps": 24}, {"seconds": 0.4}])
def test_controls_say_what_the_engine_was_worth(budget: dict[str, Any]) -> None:
    """The exact engine gains no less than chance or an engine that returns its start; the walk is its own."""

    def idle(compiled: Payload, **options: Any) -> Any:
        return sample_set(compiled, options["initial"][None, :], {})

    model = maxcut(60)
    options: dict[str, Any] = {"max_variables": 12, "seed": 2} | budget
    found = improve_model(model, np.zeros(60), best_of_all, **options, controls=Controls(idle, every=2))
    summary = found.improvement.summary()
    assert summary["controlled"] == (len(found.attempts) + 1) // 2
    assert summary["gain"] == summary["gain_over_classical_same_time"] > 0
    assert summary["gain"] >= summary["gain_over_random"] >= 0
    assert [attempt.gain is not None for attempt in found.attempts[:4]] == [True, False, True, False]
    if "steps" in budget:
        alone = improve_model(model, np.zeros(60), best_of_all, **options)
        assert np.array_equal(alone.sample, found.sample)
        assert "gain" not in alone.improvement.summary()
