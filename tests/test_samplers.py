"""The dimod samplers: their interface, their energies, and the parameters of those that they stand in for."""

from __future__ import annotations

import threading
import unittest
from typing import Any

import dimod
import numpy as np
import pytest
from dimod.testing import asserts, load_sampler_bqm_tests
from hypothesis import given, settings
from hypothesis import strategies as st

import qamctl
from qamctl.samplers import AnnealSampler, AutoSampler, TabuSampler
from qamctl.samplers.bqm import couplings_of

#: Budgets that end by count, not by time.
QUICK: dict[type, dict[str, Any]] = {
    AnnealSampler: {"num_sweeps": 50},
    TabuSampler: {"num_restarts": 1},
    AutoSampler: {"max_steps": 300},
}
SAMPLERS = list(QUICK)


@load_sampler_bqm_tests(AnnealSampler)
@load_sampler_bqm_tests(TabuSampler)
@load_sampler_bqm_tests(AutoSampler)
class TestDimodsOwn(unittest.TestCase):
    """dimod's tests of samplers, with every parameter left to its default."""


@st.composite
def bqms(draw: st.DrawFn) -> dimod.BinaryQuadraticModel:
    """Small models of either vartype, whole and broken biases, labels of several types, isolated variables."""
    n = draw(st.integers(0, 6))
    labels = [("a", "b", 3, (1, 2), "e f", 0)[k] for k in range(n)]
    number = st.integers(-5, 5) if draw(st.booleans()) else st.floats(-5, 5, width=32)
    bqm = dimod.BinaryQuadraticModel(draw(st.sampled_from(("SPIN", "BINARY"))))
    for label in labels:
        bqm.add_variable(label, draw(number))
    for i in range(n):
        for j in range(i):
            if draw(st.booleans()):
                bqm.add_quadratic(labels[i], labels[j], draw(number))
    bqm.offset = draw(number)
    return bqm


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_interface_is_dimods(sampler: type) -> None:
    """Each sampler has dimod's methods, names every keyword of `sample`, and hides them from no caller."""
    import inspect

    made = sampler()
    asserts.assert_sampler_api(made)
    keywords = set(inspect.signature(made.sample).parameters) - {"bqm", "kwargs"}
    assert set(made.parameters) == keywords
    for needs in made.parameters.values():
        assert set(needs) <= set(made.properties)


@pytest.mark.parametrize("sampler", SAMPLERS)
@settings(deadline=None, max_examples=60)
@given(bqm=bqms(), seed=st.integers(0, 2**31 - 1))
def test_energies_are_the_models_own(sampler: type, bqm: dimod.BinaryQuadraticModel, seed: int) -> None:
    """Samples have the variables and values of the model; energies are exactly `bqm.energies`, the least is optimal."""
    more = {} if sampler is AutoSampler else {"num_reads": 12}
    found = sampler().sample(bqm, seed=seed, **QUICK[sampler], **more)
    assert found.vartype is bqm.vartype
    assert list(found.variables) == list(bqm.variables)
    asserts.assert_response_energies(found, bqm)
    assert np.array_equal(found.record.energy, bqm.energies(found))
    if len(bqm):
        assert found.first.energy == pytest.approx(dimod.ExactSolver().sample(bqm).first.energy, abs=1e-5)
    assert len(found) >= 1


@given(bqms())
def test_models_are_read_as_they_are(bqm: dimod.BinaryQuadraticModel) -> None:
    """The couplings have the energy of the model in every state."""
    model, labels = couplings_of(bqm)
    for bits in np.ndindex(*(2,) * len(labels)):
        values = [2 * b - 1 if bqm.vartype is dimod.SPIN else b for b in bits]
        assert model.energy(np.array(bits)) == pytest.approx(
            bqm.energy(dict(zip(labels, values, strict=True))), abs=1e-4
        )


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_the_empty_model_and_the_single_variable(sampler: type, vartype: str) -> None:
    """No variables: one empty sample with the offset; one variable: its better value."""
    empty = sampler().sample(dimod.BinaryQuadraticModel({}, {}, 2.5, vartype), seed=1, **QUICK[sampler])
    assert (len(empty.variables), empty.first.energy) == (0, 2.5)
    single = sampler().sample(dimod.BinaryQuadraticModel({"x": -1.0}, {}, vartype), seed=1, **QUICK[sampler])
    assert single.first.sample == {"x": 1}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_ising_and_qubo_methods_work(sampler: type) -> None:
    """The mixins of dimod reach the sampler with their parameters."""
    spin = sampler().sample_ising({"a": 0.5}, {("a", "b"): -1.0}, seed=3, **QUICK[sampler])
    assert spin.first.energy == -1.5
    binary = sampler().sample_qubo({("a", "a"): -1, ("a", "b"): 2, ("b", "b"): -1}, seed=3, **QUICK[sampler])
    assert binary.first.energy == -1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equal_seeds_give_equal_samples(sampler: type) -> None:
    """The seed decides, on any number of threads; without one the seed that chance gave is told."""
    bqm = dimod.generators.gnm_random_bqm(40, 200, "SPIN", random_state=1)
    options = QUICK[sampler] | ({"num_reads": 3} if "num_reads" in sampler().parameters else {})
    one, two = (sampler().sample(bqm, seed=5, threads=threads, **options) for threads in (1, 2))
    assert np.array_equal(one.record.sample, two.record.sample)
    chance = sampler().sample(bqm, **options)
    again = sampler().sample(bqm, seed=chance.info["seed"], **options)
    assert np.array_equal(chance.record.sample, again.record.sample)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_timing_and_figures_are_in_info(sampler: type) -> None:
    """Nanoseconds of the three parts, steps, attempts, method and seed."""
    bqm = dimod.generators.gnm_random_bqm(30, 100, "SPIN", random_state=1)
    info = sampler().sample(bqm, seed=1, **QUICK[sampler]).info
    assert set(info["timing"]) == {"preprocessing_ns", "sampling_ns", "postprocessing_ns"}
    assert all(ns >= 0 for ns in info["timing"].values())
    assert info["seed"] == 1
    assert info["method"]
    assert info["steps"] >= (sampler is not AutoSampler)  # which may solve so small a model without a search
    assert info["attempts"] >= (sampler is not AutoSampler)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_time_limit_ends_the_search(sampler: type) -> None:
    """However many reads were asked for, what there is comes back."""
    bqm = dimod.generators.gnm_random_bqm(300, 3000, "SPIN", random_state=1)
    more = {"num_reads": 100_000} if "num_reads" in sampler().parameters else {}
    found = sampler().sample(bqm, seed=1, time_limit=0.15, **more)
    assert 1 <= len(found) < 100_000
    assert found.info["timing"]["sampling_ns"] > (sampler is not AutoSampler) * 0.05e9  # a proof ends it earlier
    asserts.assert_response_energies(found, bqm)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_interrupt_ends_the_search_with_what_there_is(sampler: type) -> None:
    """True from the function ends it at once, with at least one sample; what cannot be called is refused."""
    bqm = dimod.generators.gnm_random_bqm(100, 1000, "SPIN", random_state=1)
    asked: list[int] = []

    def interrupt() -> bool:
        asked.append(1)
        return len(asked) > 2

    found = sampler().sample(bqm, seed=1, time_limit=3600, interrupt_function=interrupt)
    assert len(found) >= 1
    assert asked
    with pytest.raises(TypeError, match="interrupt_function"):
        sampler().sample(bqm, interrupt_function=3)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_target_ends_the_search(sampler: type) -> None:
    """A sample of the target energy or less is enough."""
    bqm = dimod.generators.gnm_random_bqm(100, 400, "SPIN", random_state=1)
    good = sampler().sample(bqm, seed=1, time_limit=0.3).first.energy * 0.8
    found = sampler().sample(bqm, seed=2, time_limit=30, target_energy=good)
    assert found.first.energy <= good


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_initial_state_is_never_made_worse(sampler: type) -> None:
    """From a very good state a short search returns one at least as good; other labels are refused."""
    bqm = dimod.generators.gnm_random_bqm(80, 400, "SPIN", random_state=2)
    best = AutoSampler().sample(bqm, seed=1, max_steps=20_000).first
    short = {AnnealSampler: {"num_sweeps": 1, "beta_range": (50.0, 50.0)}, TabuSampler: {"num_restarts": 0},
             AutoSampler: {"max_steps": 1}}[sampler]  # fmt: skip
    found = sampler().sample(bqm, initial_states=best.sample, seed=1, **short)
    assert found.first.energy <= best.energy
    with pytest.raises(ValueError, match="initial_states"):
        sampler().sample(bqm, initial_states={"nobody": 1})


@pytest.mark.parametrize("sampler", [AnnealSampler, TabuSampler])
def test_reads_are_as_many_as_asked_for(sampler: type) -> None:
    """num_reads, or as many as initial states; missing states are made as the generator says."""
    bqm = dimod.generators.gnm_random_bqm(12, 30, "BINARY", random_state=2)
    states = np.random.default_rng(1).integers(0, 2, (3, 12))
    given = (states, list(bqm.variables))
    quick = QUICK[sampler]
    assert sampler().sample(bqm, seed=1, **quick).record.num_occurrences.sum() == 1
    assert sampler().sample(bqm, seed=1, num_reads=7, **quick).record.num_occurrences.sum() == 7
    assert sampler().sample(bqm, seed=1, initial_states=given, **quick).record.num_occurrences.sum() == 3
    for generator in ("tile", "random"):
        found = sampler().sample(
            bqm, seed=1, num_reads=5, initial_states=given, initial_states_generator=generator, **quick
        )
        assert found.record.num_occurrences.sum() == 5
    with pytest.raises(ValueError, match="insufficient"):
        sampler().sample(bqm, seed=1, num_reads=5, initial_states=given, initial_states_generator="none", **quick)
    for wrong in (0, -1, 1.5, "3"):
        with pytest.raises((TypeError, ValueError)):
            sampler().sample(bqm, seed=1, num_reads=wrong, **quick)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_wrong_parameters_are_refused_and_unknown_ones_told(sampler: type) -> None:
    """Seeds, threads and limits must make sense; a keyword that nobody knows gives dimod's warning."""
    bqm = dimod.BinaryQuadraticModel({"a": 1}, {}, "SPIN")
    wrong: list[dict[str, Any]] = [{"seed": -1}, {"seed": 1.5}, {"threads": 0}, {"time_limit": 0}, {"time_limit": "x"}]
    wrong.append({"threads": True})
    for keywords in wrong:
        with pytest.raises((TypeError, ValueError), match=next(iter(keywords))):
            sampler().sample(bqm, **keywords)
    with pytest.warns(dimod.exceptions.SamplerUnknownArgWarning):
        sampler().sample(bqm, seed=1, randomize_order=True, **QUICK[sampler])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    "model",
    [{("a", "b"): 1}, dimod.ConstrainedQuadraticModel(), dimod.QuadraticModel(), dimod.DiscreteQuadraticModel(), None],
    ids=lambda model: type(model).__name__,
)
def test_what_is_no_binary_quadratic_model_is_refused(sampler: type, model: Any) -> None:
    """The error names what came and what is taken."""
    with pytest.raises(TypeError, match=rf"BinaryQuadraticModel, not {type(model).__name__}.*sample_qubo"):
        sampler().sample(model)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_composites_views_and_any_labels_work(sampler: type, vartype: str) -> None:
    """Labels that cannot be compared, views of the other vartype, biases of other types, and dimod's composites."""
    labels = ["a", 3, (1, 2), frozenset("x"), 2.5, None.__class__]
    bqm = dimod.BinaryQuadraticModel(vartype)
    for k, label in enumerate(labels):
        bqm.add_variable(label, (-1) ** k * 0.5)
        if k:
            bqm.add_quadratic(labels[k - 1], label, 1.0 - k)
    best = dimod.ExactSolver().sample(bqm).first.energy
    quick = QUICK[sampler]
    for model in (bqm, bqm.spin, bqm.binary, *(dimod.BinaryQuadraticModel(bqm, dtype=t) for t in (object, "float32"))):
        found = sampler().sample(model, seed=1, **quick)
        assert found.first.energy == pytest.approx(best)
        assert set(found.variables) == set(labels)
    tracked = dimod.TrackingComposite(sampler(), copy=True)
    assert tracked.sample(bqm, seed=1, **quick).first.energy == pytest.approx(best)
    assert tracked.input["seed"] == 1
    structured = dimod.StructureComposite(sampler(), labels, list(bqm.quadratic))
    assert structured.sample(bqm, seed=1, **quick).first.energy == pytest.approx(best)
    cubic = dimod.HigherOrderComposite(sampler()).sample_hubo({("x", "y", "z"): -1.0}, seed=1, **quick)
    assert cubic.first.energy == -1.0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_composites_of_dwave_preprocessing_work(sampler: type) -> None:
    """Scaled biases give the energies of the model as it was."""
    preprocessing = pytest.importorskip("dwave.preprocessing")
    bqm = dimod.generators.gnm_random_bqm(8, 20, "SPIN", random_state=1)
    scaled = preprocessing.ScaleComposite(sampler()).sample(bqm, scalar=0.5, seed=1, **QUICK[sampler])
    asserts.assert_response_energies(scaled, bqm)


def test_beta_schedules_are_those_of_dwave() -> None:
    """Range, type and custom schedules are taken as the annealer of dwave-samplers takes them, and told in info."""
    from qamctl.samplers.schedule import schedule

    assert schedule((0.1, 10.0), 3, 1, "geometric", None).betas == pytest.approx([0.1, 1.0, 10.0])
    assert schedule((0.0, 4.0), 6, 2, "linear", None).betas == pytest.approx([0, 0, 2, 2, 4, 4])
    assert schedule((0.1, 5.0), 1, 1, "geometric", None).betas == pytest.approx([5.0])
    assert schedule(None, None, 2, "custom", [1, 2, 3]).betas == pytest.approx([1, 1, 2, 2, 3, 3])
    assert schedule(None, None, 1, "geometric", None).betas is None
    assert schedule(None, 7, 1, "linear", None).sweeps == 7
    bqm = dimod.generators.gnm_random_bqm(12, 30, "SPIN", random_state=2)
    info = AnnealSampler().sample(bqm, beta_range=(0.2, 8.0), num_sweeps=20, beta_schedule_type="linear", seed=1).info
    assert info["beta_schedule_type"] == "linear"
    assert tuple(info["beta_range"]) == pytest.approx((0.2, 8.0))
    own = AnnealSampler().sample(bqm, num_sweeps=20, seed=1).info["beta_range"]
    assert 0 < own[0] < own[1]
    searched = AnnealSampler().sample(bqm, time_limit=0.05, seed=1).info["beta_range"]
    assert 0 < searched[0] < searched[1]
    for shape in ({"beta_schedule_type": "linear"}, {"num_sweeps_per_beta": 4}):
        stepped = AnnealSampler().sample(bqm, num_sweeps=20, seed=1, **shape)
        assert 0 < stepped.info["beta_range"][0] < stepped.info["beta_range"][1]
        assert stepped.info["steps"] == 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"beta_schedule_type": "cubic"},
        {"num_sweeps": 3, "num_sweeps_per_beta": 2},
        {"num_sweeps": -1},
        {"num_sweeps_per_beta": 0},
        {"num_sweeps_per_beta": 1.5},
        {"beta_range": (1.0,)},
        {"beta_range": (-1.0, 2.0)},
        {"beta_range": (0.0, 2.0)},
        {"beta_range": (float("nan"), 2.0)},
        {"beta_schedule": [1.0]},
        {"beta_schedule_type": "custom"},
        {"beta_schedule": [-1.0], "beta_schedule_type": "custom"},
        {"num_sweeps": 3, "beta_schedule_type": "custom", "beta_schedule": [1.0, 2.0]},
        {"beta_range": (1.0, 3.0), "beta_schedule_type": "custom", "beta_schedule": [1.0, 2.0]},
    ],
    ids=str,
)
def test_schedules_that_contradict_themselves_are_refused(wrong: dict[str, Any]) -> None:
    """The parameter that makes no sense is named."""
    bqm = dimod.BinaryQuadraticModel({"a": 1}, {}, "SPIN")
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        AnnealSampler().sample(bqm, seed=1, **wrong)


def test_a_cold_schedule_descends_and_a_hot_one_does_not() -> None:
    """Temperatures are in the units of the model: at beta 0 samples are uniform, at a large one they only fall."""
    bqm = dimod.generators.gnm_random_bqm(60, 300, "SPIN", random_state=4)
    hot = (
        AnnealSampler()
        .sample(bqm, beta_schedule_type="custom", beta_schedule=[0.0], num_reads=30, seed=1)
        .record.energy
    )
    cold = AnnealSampler().sample(bqm, beta_range=(20.0, 20.0), num_sweeps=50, num_reads=30, seed=1).record.energy
    assert cold.max() < hot.min()


def test_tabu_parameters_are_those_of_dwave() -> None:
    """Tenure, restarts, timeout and threshold are kept; the column of restarts is there."""
    bqm = dimod.generators.gnm_random_bqm(50, 300, "SPIN", random_state=2)
    found = TabuSampler().sample(bqm, num_reads=2, num_restarts=3, tenure=5, timeout=None, seed=1)
    assert found.record.num_restarts.tolist() == [3, 3]
    assert found.info["tenure"] == 5
    easy = TabuSampler().sample(bqm, energy_threshold=found.first.energy * 0.5, timeout=60_000, num_restarts=10, seed=2)
    assert easy.first.energy <= found.first.energy * 0.5
    timed = TabuSampler().sample(bqm, timeout=30, seed=1)
    assert timed.first.energy <= found.first.energy * 0.9
    for wrong in ({"tenure": 50}, {"tenure": -1}, {"num_restarts": -1}, {"timeout": 0}, {"tenure": True}):
        with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
            TabuSampler().sample(bqm, **wrong)
    with pytest.raises(ValueError, match="one thing"):
        TabuSampler().sample(bqm, target_energy=1, energy_threshold=1)


def test_auto_proves_what_is_small() -> None:
    """A tree is solved exactly: the bound is the energy."""
    bqm = dimod.BinaryQuadraticModel({}, {(k, (k - 1) // 2): (-1) ** k * 1.0 for k in range(1, 60)}, "SPIN")
    found = AutoSampler().sample(bqm, 5.0, seed=1)
    assert found.first.energy == -59
    assert found.info["proved"]
    assert found.info["bound"] == -59
    with pytest.raises(ValueError, match="exclude"):
        AutoSampler().sample(bqm, 1.0, max_steps=5)


def test_samplers_work_side_by_side() -> None:
    """Calls from several threads at once give what each gives alone."""
    bqm = dimod.generators.gnm_random_bqm(30, 100, "SPIN", random_state=1)
    sampler, found = AnnealSampler(), {}

    def work(seed: int) -> None:
        found[seed] = sampler.sample(bqm, seed=seed, num_sweeps=40, num_reads=2).record.sample

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        alone = sampler.sample(bqm, seed=seed, num_sweeps=40, num_reads=2).record.sample
        assert np.array_equal(found[seed], alone)


def test_they_are_public_names_of_the_package() -> None:
    """`qamctl.AnnealSampler` and its siblings are these classes."""
    assert (qamctl.AnnealSampler, qamctl.TabuSampler, qamctl.AutoSampler) == (AnnealSampler, TabuSampler, AutoSampler)
