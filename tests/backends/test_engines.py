"""Engines of models: the registry, the verbs of a job, exact enumeration and annealing."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from itertools import islice

import numpy as np
import pytest
from dimod.testing import asserts
from support.qubo_models import model_of
from support.qubo_specs import all_energies, small_cases

from qamctl.backends import exact, neal, registry
from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend
from qamctl.errors import BackendError, UnsupportedError, UsageError
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.penalties import sufficient_weights


def compiled_of(n: int, seed: int = 0) -> Compiled:
    """A random QUBO of n variables without constraints."""
    rng = np.random.default_rng(seed)
    couplings = [(i, j, float(rng.integers(-3, 4))) for i in range(n) for j in range(i + 1, n)]
    model = model_of([float(x) for x in rng.integers(-3, 4, n)], [c for c in couplings if c[2]], offset=1.5)
    return compile_qubo(model, sufficient_weights(model))


def test_exact_finds_the_first_of_the_least_states() -> None:
    """On compiled specs the state of least energy, the first of equals, is the one that enumeration gives."""
    for case, _ in islice(small_cases(seed=11, bits=14), 40):
        assert exact.minimum(case.compiled) == int(np.argmin(all_energies(case.compiled)))


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 20])
def test_exact_is_right_at_every_block_size(n: int) -> None:
    """States below, at and above one block are all tried."""
    compiled = compiled_of(n)
    energies = all_energies(compiled)
    found = exact.sample(compiled, {})
    assert found.first.energy == pytest.approx(energies.min())
    assert exact.minimum(compiled) == int(np.argmin(energies))
    assert found.info["exact"] is True


@pytest.mark.parametrize("name", [name for name in registry.names() if "qubo" in registry.get(name).capabilities.kinds])
def test_sample_sets_are_what_dimod_expects(name: str) -> None:
    """Energies of the samples are those of the BQM, variables are 0 .. n - 1, and a job has its verbs."""
    compiled, engine = compiled_of(8), registry.get(name)
    job = engine.submit(compiled, {"seed": 4, "reads": 3, "sweeps": 50})
    assert engine.poll(job).state == "succeeded"
    found = engine.fetch(job)
    asserts.assert_response_energies(found, compiled.to_bqm())
    assert list(found.variables) == list(range(8))
    with pytest.raises(BackendError, match="no samples"):
        engine.fetch(job)
    assert engine.cancel(engine.submit(compiled, {"seed": 4, "reads": 1, "sweeps": 5})).state == "cancelled"


def test_annealing_repeats_with_its_seed() -> None:
    """Equal seeds give equal samples, with and without a state to start from; another seed gives others."""
    compiled = compiled_of(40)
    start = np.zeros(40, np.uint8)
    for options in ({}, {"initial": start}):
        one, two, other = (
            neal.sample(compiled, {"seed": seed, "reads": 6, "sweeps": 20, **options}).record.sample
            for seed in (5, 5, 6)
        )
        assert np.array_equal(one, two)
        assert len(one) == 6
        assert not np.array_equal(one, other)


def test_annealing_finds_the_minimum_of_a_small_model() -> None:
    """A few reads on ten variables reach the least energy."""
    compiled = compiled_of(10, seed=2)
    found = neal.sample(compiled, {"seed": 1, "reads": 10, "sweeps": 200})
    assert found.first.energy == pytest.approx(float(all_energies(compiled).min()))


def test_annealing_keeps_a_time_budget() -> None:
    """With seconds as many reads are made as fit, at least one, and their number is told."""
    compiled = compiled_of(30)
    found = neal.sample(compiled, {"seed": 1, "seconds": 0.05, "initial": np.zeros(30, np.uint8)})
    assert len(found) >= 1
    assert found.info["reads"] == len(found)
    assert len(neal.sample(compiled, {"seed": 1, "seconds": 0.0})) == 1


def test_models_without_variables_or_couplings_have_a_sample_too() -> None:
    """A model that pruning has decided needs no annealer; one without couplings still has temperatures."""
    empty = neal.sample(compiled_of(0), {"seed": 1})
    assert empty.first.energy == 1.5
    flat = compile_qubo(model_of([0.0, 0.0]), sufficient_weights(model_of([0.0, 0.0])))
    hot, cold = neal.beta_range(flat)
    assert 0 < hot < cold
    hot, cold = neal.beta_range(compile_qubo(model_of([2.0, 1.0]), sufficient_weights(model_of([2.0, 1.0]))))
    assert 0 < hot < cold


def test_missing_annealer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dwave-neal the error says what to install."""
    monkeypatch.setitem(sys.modules, "neal", None)
    with pytest.raises(UnsupportedError, match="pip install dwave-neal"):
        neal.sample(compiled_of(2), {"seed": 1})


def test_limits_are_kept() -> None:
    """More variables than an engine takes, or another kind of model, is refused before anything runs."""
    with pytest.raises(UnsupportedError, match="at most 26"):
        registry.get("exact").submit(compiled_of(60), {})
    other = LocalBackend("other", Capabilities(("qir",)), exact.sample)
    with pytest.raises(UnsupportedError, match="qir"):
        other.submit(compiled_of(2), {})


def test_names_are_known_or_explained() -> None:
    """The registry lists its engines, tells native solvers apart, and offers the nearest name."""
    assert registry.names() == ("anneal", "exact", "neal", "noisy", "qaoa", "qir", "statevector", "tabu")
    assert registry.is_native("cpsat", "schedule")
    assert not registry.is_native("neal", "schedule")
    assert not registry.is_native("cpsat", "cluster")
    assert [registry.native_kind(name) for name in ("cpsat", "assignment", "neal")] == ["schedule", "cluster", None]
    with pytest.raises(UsageError, match="did you mean neal"):
        registry.get("neall")
    with pytest.raises(UsageError, match="known are"):
        registry.get("zzzzzz")


def test_third_parties_join_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine published under `qamctl.backends` is found by name; one that can't be imported is explained."""
    points = EntryPoints(
        [
            EntryPoint("mine", "qamctl.backends.exact:backend", "qamctl.backends"),
            EntryPoint("gone", "no_such_package:backend", "qamctl.backends"),
        ]
    )
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points.select(group=group))
    assert registry.get("mine").name == "exact"
    with pytest.raises(UnsupportedError, match="no_such_package"):
        registry.get("gone")
