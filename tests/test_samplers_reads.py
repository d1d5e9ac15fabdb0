"""Samples read by read, as callers of dwave-neal and dwave-tabu take them: a row each, in the order of their starts."""

from __future__ import annotations

from typing import Any

import dimod
import numpy as np
import pytest

from qamctl.samplers import AnnealSampler, TabuSampler

#: A ferromagnetic pair: two best states.
PAIR = dimod.BinaryQuadraticModel({"a": 0.0, "b": 0.0}, {("a", "b"): -1.0}, "SPIN")


@pytest.mark.parametrize("sampler", [AnnealSampler, TabuSampler])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("more", [{}, {"time_limit": 5.0}], ids=str)
def test_equal_samples_of_reads_are_rows_of_their_own(sampler: type, threads: int, more: dict[str, Any]) -> None:
    """Five reads of two spins are five rows, under a time limit besides, too."""
    quick = {"num_restarts": 0} if sampler is TabuSampler else {"num_sweeps": 10}
    found = sampler().sample(PAIR, num_reads=5, seed=1, threads=threads, **quick, **more)
    assert found.record.num_occurrences.tolist() == [1] * 5
    assert found.record.energy.tolist() == [-1.0] * 5


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_row_i_answers_initial_state_i(threads: int, vartype: str) -> None:
    """Without sweeps the starts come back as they were given, equal ones as well; cold reads only fall from theirs."""
    bqm = dimod.generators.gnm_random_bqm(9, 20, vartype, random_state=2)
    states = np.random.default_rng(1).integers(0, 2, (7, 9), np.int8)[[0, 1, 2, 1, 3, 4, 5, 6, 0]]
    given = (2 * states - 1 if vartype == "SPIN" else states, list(bqm.variables))
    found = AnnealSampler().sample(bqm, initial_states=given, num_sweeps=0, beta_range=(1, 2), threads=threads, seed=1)
    assert np.array_equal(found.record.sample, given[0])
    tiled = AnnealSampler().sample(
        bqm, initial_states=given, initial_states_generator="tile", num_reads=11, num_sweeps=0, beta_range=(1, 2),
        threads=threads, seed=1,
    )  # fmt: skip
    assert np.array_equal(tiled.record.sample, np.concatenate([given[0], given[0][:2]]))
    cold = AnnealSampler().sample(bqm, initial_states=given, beta_range=(50, 50), num_sweeps=5, threads=threads, seed=1)
    assert (cold.record.energy <= bqm.energies(given)).all()


def test_threads_change_no_row() -> None:
    """The rows and their order depend on the seed alone, and are not sorted."""
    bqm = dimod.generators.gnm_random_bqm(40, 200, "SPIN", random_state=1)
    one, two = (AnnealSampler().sample(bqm, num_reads=24, num_sweeps=8, seed=5, threads=threads) for threads in (1, 3))
    assert np.array_equal(one.record.sample, two.record.sample)
    assert one.record.energy.tolist() != sorted(one.record.energy)
    fewer = AnnealSampler().sample(bqm, num_reads=10, num_sweeps=8, seed=5)
    assert np.array_equal(fewer.record.sample, one.record.sample[:10])
    assert fewer.info["reads"] == 10


def test_reads_by_time_are_merged() -> None:
    """Where only the time says how many reads there are, distinct samples come back, best first."""
    found = AnnealSampler().sample(PAIR, time_limit=0.1, num_sweeps=10, seed=1)
    assert 1 <= len(found) <= 2
    assert found.record.num_occurrences.sum() == found.info["reads"] > 2


@pytest.mark.parametrize("sampler", [AnnealSampler, TabuSampler])
def test_an_empty_model_has_as_many_rows_as_reads(sampler: type) -> None:
    """dwave-neal gives a row a read, without a value in it."""
    found = sampler().sample(dimod.BinaryQuadraticModel({}, {}, 2.5, "SPIN"), num_reads=4, seed=1)
    assert found.record.sample.shape == (4, 0)
    assert found.record.num_occurrences.tolist() == [1] * 4
    assert found.record.energy.tolist() == [2.5] * 4


def test_small_models_have_the_rows_of_neal() -> None:
    """Rows, occurrences and energies are neal's, read by read."""
    neal = pytest.importorskip("neal")
    for bqm in (PAIR, dimod.BinaryQuadraticModel("BINARY"), dimod.BinaryQuadraticModel({"x": 1.0}, {}, "BINARY")):
        calls: list[dict[str, Any]] = [{}, {"num_reads": 3}]
        if len(bqm):
            calls.append({"num_reads": 4, "initial_states": dict.fromkeys(bqm.variables, 1)})
        for more in calls:
            theirs = neal.SimulatedAnnealingSampler().sample(bqm, seed=1, **more)
            ours = AnnealSampler().sample(bqm, seed=1, **more)
            assert ours.record.sample.shape == theirs.record.sample.shape
            assert ours.record.num_occurrences.tolist() == theirs.record.num_occurrences.tolist()
            assert ours.record.energy.tolist() == theirs.record.energy.tolist()
