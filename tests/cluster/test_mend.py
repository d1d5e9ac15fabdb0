"""Broken samples of whole problems become assignments, where a short search can mend them."""

from __future__ import annotations

from random import Random

import numpy as np
from cluster.specs import make_spec, solution_of
from support.assignment_specs import random_spec
from support.cluster_models import incumbent_of

from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import build_instance
from qamctl.cluster.mend import mended
from qamctl.cluster.model import build_model
from qamctl.errors import InfeasibleError
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import estimated_weights


def test_broken_samples_are_mended_and_pass_the_checker() -> None:
    """Random bits of random problems give an assignment that keeps every rule, or none; mostly one."""
    rng, generator, found, tried = Random(7), np.random.default_rng(7), 0, 0
    while tried < 150:
        spec = random_spec(rng, agents=rng.randint(2, 8), clusters=rng.randint(2, 4), chance=0.2)
        instance = build_instance(spec)
        usual = incumbent_of(instance, generator)
        if usual is None:
            continue
        built = build_model(instance, None)
        for first in (usual, None):
            sample = (generator.random(built.model.n) < 0.5).astype(np.uint8)
            answer = mended(built, sample, first)
            tried += 1
            if answer is not None:
                found += 1
                assert check_columns(spec, answer.cluster, answer.devices).violations == ()
    assert found >= 0.8 * tried


def test_units_without_a_leaf_stay_where_they_usually_are() -> None:
    """A sample of nothing is the usual assignment; of two leaves the first counts."""
    spec = make_spec(agents=["a", "b"], clusters=["m", "w"], links=[("a", "b")])
    built = build_model(build_instance(spec), None)
    usual = solution_of(spec, ["w", "w"])
    nothing = mended(built, np.zeros(4), usual)
    assert nothing is not None
    assert nothing.cluster.tolist() == [1, 1]
    both = mended(built, np.array([1, 1, 0, 1]), usual)
    assert both is not None
    assert both.cluster.tolist() == [0, 1]


def test_what_can_not_be_mended_is_none() -> None:
    """Where no assignment keeps the rules there is no answer."""
    spec = make_spec(
        agents=[{"id": a, "demand": {"cpu": 2}} for a in "abc"],
        clusters=[{"id": k, "capacity": {"cpu": 3}} for k in "mw"], objective={"cut": 1.0},
    )  # fmt: skip
    built = build_model(build_instance(spec), None)
    assert mended(built, np.zeros(built.model.n), None) is None


def test_samples_of_the_heuristic_encoding_are_mended() -> None:
    """Without slack bits the least energy may break a capacity: what is read keeps it."""
    rng, generator, compared = Random(8), np.random.default_rng(8), 0
    while compared < 25:
        spec = random_spec(rng, agents=4, clusters=3, features={"capacity", "cut", "costs", "current", "safe"})
        instance = build_instance(spec)
        usual = incumbent_of(instance, generator)
        if usual is None:
            continue
        try:
            built = build_model(instance, None)
            compiled = compile_qubo(built.model, estimated_weights(built.model), inequality="unbalanced")
        except InfeasibleError:
            continue
        sample = compiled.restore((generator.random(compiled.n) < 0.5).astype(np.uint8))
        answer = mended(built, sample, usual)
        assert answer is not None
        assert check_columns(spec, answer.cluster, answer.devices).violations == ()
        compared += 1
