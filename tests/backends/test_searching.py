"""The engines over our own searches: what options mean, QUBOs and constrained models alike."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from dimod.testing import asserts
from hypothesis import given, settings
from support.families import sparse
from support.qubo_models import model_of, models, optimum
from support.raw_models import raw_model

from qamctl import engines
from qamctl.backends import registry
from qamctl.backends.searching import budget_of, in_reads, size_of_reads, stop_of
from qamctl.errors import InfeasibleError
from qamctl.kernels import extension
from qamctl.qubo import check
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import LE, Model
from qamctl.qubo.payload import Uncompiled
from qamctl.qubo.penalties import sufficient_weights

NAMES = ["anneal", "tabu"]


def qubo(model: Model) -> Compiled:
    return compile_qubo(model, sufficient_weights(model))


def sample(name: str, payload: Any, **options: Any) -> Any:
    return engines.sample(registry.get(name), payload, **options)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40, derandomize=True)
@given(model=models())
def test_small_models_are_solved_in_either_form(name: str, model: Model) -> None:
    """The penalty QUBO and the model itself have the same optimum, and both engines find it."""
    best = optimum(model)
    payloads: list[Any] = [Uncompiled(model)]
    try:
        payloads.append(qubo(model))
    except InfeasibleError:
        assert best is None
    for payload in payloads:
        found = sample(name, payload, seed=1, reads=40, sweeps=200)
        bits = payload.restore(found.record.sample[found.record.energy.argmin()])
        if best is not None and payload.kind == "qubo":
            assert found.first.energy == pytest.approx(best[0], abs=1e-6)
            assert tuple(bits.tolist()) in best[1]
        if best is not None and payload.kind == "model":
            first = found.record.sample[0].tolist()
            assert check.violations(model, first) == []
            assert found.record.energy[0] == pytest.approx(best[0], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_what_dimod_expects(name: str) -> None:
    """Energies are those of the BQM, variables 0 .. n - 1, and the figures of the search are told."""
    compiled = qubo(raw_model(sparse(40, 1)))
    for options in ({"reads": 3, "sweeps": 50}, {"steps": 2000}, {"seconds": 0.05}, {}):
        found = sample(name, compiled, seed=4, **options)
        asserts.assert_response_energies(found, compiled.to_bqm())
        assert list(found.variables) == list(range(40))
        assert found.info["reads"] == found.record.num_occurrences.sum() >= 1
        assert found.info["steps"] > 0
        assert found.info["exact"] is False
    assert sample("anneal", compiled, seed=4, reads=7, sweeps=20).info["reads"] == 7


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{"reads": 3, "sweeps": 40}, {"steps": 500}])
def test_equal_seeds_give_equal_samples(name: str, options: dict[str, Any]) -> None:
    """With counted budgets the seed decides, whatever the threads, with and without a start."""
    compiled = qubo(raw_model(sparse(60, 2)))
    for initial in (None, np.zeros(60, np.uint8)):
        one, two = (
            sample(name, compiled, seed=5, threads=threads, initial=initial, **options).record for threads in (1, 2)
        )
        assert np.array_equal(one.sample, two.sample)
        assert np.array_equal(one.num_occurrences, two.num_occurrences)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{"reads": 4, "sweeps": 100}, {"steps": 300}, {"seconds": 0.05}])
def test_a_start_is_never_made_worse(name: str, options: dict[str, Any]) -> None:
    """From the best state known the best sample has its energy at most."""
    compiled = qubo(raw_model(sparse(80, 3)))
    best = sample("tabu", compiled, seed=1, steps=20_000)
    start = best.record.sample[best.record.energy.argmin()]
    again = sample(name, compiled, seed=2, initial=start, **options)
    assert again.record.energy.min() <= best.first.energy + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_constrained_models_are_searched_within_their_groups(name: str) -> None:
    """Samples of the model itself choose one of each group, the best one keeps the rows."""
    rng = np.random.default_rng(1)
    groups = [list(range(4 * k, 4 * k + 4)) for k in range(10)]
    rows = [({4 * k + p: int(w) for k, w in enumerate(rng.integers(1, 6, 10))}, LE, 11) for p in range(4)]
    model = model_of(rng.integers(1, 30, 40).astype(float).tolist(), groups=groups, rows=rows)
    found = sample(name, Uncompiled(model), seed=1, steps=20_000)
    assert check.violations(model, found.record.sample[0].tolist()) == []
    assert found.record.energy[0] == check.objective(model, found.record.sample[0].tolist())
    for one in found.record.sample.reshape(-1, 10, 4):
        assert (one.sum(axis=1) == 1).all()


def test_options_mean_one_budget() -> None:
    """Reads and sweeps are counted; steps divide among reads; seconds alone are time; nothing at all is 8 of 1,000."""
    assert in_reads({})
    assert in_reads({"reads": 2, "seconds": 1.0})
    assert not in_reads({"seconds": 1.0})
    assert not in_reads({"steps": 5})
    assert size_of_reads({}) == (8, 1000)
    assert size_of_reads({"reads": 4, "steps": 100}) == (4, 25)
    assert size_of_reads({"reads": 9, "steps": 3}) == (3, 1)
    assert budget_of({"steps": 7, "threads": 2, "target": -1.0}).steps == 7
    assert budget_of({"seconds": 0.5}).seconds == 0.5
    assert budget_of({"reads": 2, "sweeps": 30}).steps == 60


@pytest.mark.parametrize("name", NAMES)
def test_reads_with_few_steps_are_few(name: str) -> None:
    """Steps count for all reads together: a million reads in five steps are five, in no time."""
    found = sample(name, qubo(raw_model(sparse(20, 1))), seed=1, reads=10**6, steps=5)
    assert found.record.num_occurrences.sum() == 5


def test_reads_with_seconds_end_with_them() -> None:
    """A limit besides ends counted reads early; without reads the search looks at the time itself."""
    assert stop_of({"reads": 10, "seconds": 1e-9})()
    assert not stop_of({"reads": 10, "seconds": 100.0})()
    assert not stop_of({"seconds": 1e-9})()
    assert stop_of({"stop": lambda: True})()
    compiled = qubo(raw_model(sparse(200, 1)))
    for name in NAMES:
        began = time.monotonic()
        found = sample(name, compiled, seed=1, reads=10**6, sweeps=1000, seconds=0.05)
        assert 1 <= found.info["reads"] < 10**6
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("name", NAMES)
def test_a_target_and_a_report_are_heeded(name: str) -> None:
    """Better samples are told with their energies, and the target ends the search."""
    compiled = qubo(raw_model(sparse(100, 4)))
    told: list[float] = []
    found = sample(
        name, compiled, seed=1, seconds=60.0, target=-20.0,
        report=lambda bits, energy: told.append(energy - float(compiled.energy(bits)[0])),
    )  # fmt: skip
    assert found.first.energy <= -20
    assert told == pytest.approx([0.0] * len(told))
    assert told


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [0, 1])
def test_empty_and_single_variable_models(name: str, n: int) -> None:
    """A model without variables has one empty sample, with its offset for an energy."""
    model = model_of([-2.0] * n, offset=1.5)
    for payload in (qubo(model), Uncompiled(model)):
        assert sample(name, payload, seed=1, reads=2, sweeps=5).first.energy == 1.5 - 2.0 * n


@pytest.mark.skipif(extension("anneal") is None, reason="the C++ kernels were not built")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{"reads": 2, "sweeps": 30}, {"steps": 200}])
def test_both_kernels_give_the_same_samples(
    name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a counted budget the plain numpy kernels find what the C++ ones find."""
    model = raw_model(sparse(40, 5))
    rows = [(dict.fromkeys(range(0, 12, 3), 1), LE, 2)]
    payloads = [qubo(model), Uncompiled(model_of([-1.0] * 12, groups=[[0, 1, 2], [3, 4, 5]], rows=rows))]
    for payload in payloads:
        built = sample(name, payload, seed=3, **options).record
        monkeypatch.setenv("QAMCTL_KERNELS", "reference")
        plain = sample(name, payload, seed=3, **options).record
        monkeypatch.delenv("QAMCTL_KERNELS")
        assert np.array_equal(built.sample, plain.sample)
        assert np.array_equal(built.energy, plain.energy)
