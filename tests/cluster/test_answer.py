"""What a run compiled: whole or in part, the energy of the answer is the checked objective."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_specs import random_spec
from support.cluster_models import incumbent_of

from qamctl.cluster import answer
from qamctl.cluster.answer import compile_answer, model_around, whole_model
from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import build_instance
from qamctl.cluster.sizes import estimate
from qamctl.errors import UnsupportedError
from qamctl.qubo.answer_block import number


def test_the_energy_of_the_answer_is_the_checked_objective() -> None:
    """Whole and in windows, at every level: the energy is the checker's value, with no penalty, and reproducible."""
    rng, generator, compared = Random(1), np.random.default_rng(1), {"whole": 0, "windows": 0}
    while min(compared.values()) < 40:
        spec = random_spec(rng, agents=rng.randint(2, 8), clusters=rng.randint(2, 4), chance=0.25)
        instance = build_instance(spec)
        solution = incumbent_of(instance, generator)
        if solution is None:
            continue
        report = check_columns(spec, solution.cluster, solution.devices)
        for level in range(len(instance.levels)):
            for most in (None, 10):
                block = compile_answer(instance, solution, level, max_variables=most)
                assert block["energy"] == pytest.approx(number(float(report.levels[level])), rel=1e-11)
                assert block["penalty"] == 0
                assert block == compile_answer(instance, solution, level, max_variables=most)
                compared[block["scope"]] += 1


def test_large_problems_are_compiled_around_what_costs_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the size of the whole a window of the costliest clusters is compiled."""
    monkeypatch.setattr(answer, "WINDOW_VARIABLES", 24)
    links = [(f"a{i}", f"a{i + 1}", 1 + i % 3) for i in range(39)]
    instance = build_instance(make_spec(agents=40, clusters=6, links=links))
    solution = instance.solution((np.arange(40) % 6).astype(np.int32))
    assert compile_answer(instance, solution, 0)["scope"] == "whole"
    block = compile_answer(instance, solution, 0, max_couplings=100)
    assert block["scope"] == "windows"
    assert block["variables"] <= 30
    built, whole = model_around(instance, solution, 0, max_couplings=100)
    assert not whole
    assert built.objective(solution) == pytest.approx(instance.value(solution)[0])
    assert model_around(instance, solution, 0)[1]


def test_numbers_too_far_apart_are_compiled_in_a_window_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where penalties are no longer exact fewer choices with coarser rows are compiled; in the end nothing is."""
    rng = np.random.default_rng(1)
    agents = [{"id": f"a{i}", "demand": {"cpu": int(rng.integers(10**6, 10**8))}} for i in range(30)]
    clusters = [{"id": f"m{k}", "capacity": {"cpu": 10**9}, "safe": {"cpu": 10**5}} for k in range(3)]
    costs = [(row["id"], f"m{k}", int(rng.integers(1, 10**7))) for row in agents for k in range(3)]
    spec = make_spec(agents=agents, clusters=clusters, costs=costs, objective={"cost": 1.0})
    instance = build_instance(spec)
    solution = instance.solution((np.arange(30) % 3).astype(np.int32))
    block = compile_answer(instance, solution, 0)
    assert block["scope"] == "windows"
    assert block["energy"] == instance.value(solution)[0]
    monkeypatch.setattr(answer, "LEAST_VARIABLES", 10**6)
    with pytest.raises(UnsupportedError, match="larger units"):
        compile_answer(instance, solution, 0)


def test_an_earlier_level_that_fits_no_row_is_left_to_a_window() -> None:
    """The whole model is None where it is too large or an earlier level has no row; a first level is refused."""
    costs = [("a", "m", 2**0.5), ("a", "w", 0.1), ("b", "m", 3**0.5)]
    spec = make_spec(
        agents=["a", "b"], clusters=["m", "w"], costs=costs, links=[("a", "b")], objective=[{"cost": 1.0}, {"cut": 1.0}]
    )
    instance = build_instance(spec)
    solution = instance.solution(np.array([0, 1], np.int32))
    assert whole_model(instance, solution, 1) is None
    assert whole_model(instance, solution, 0, max_variables=3) is None
    assert whole_model(instance, None, 0) is not None
    clusters = [{"id": k, "capacity": {"cpu": 4, "disk": 4}} for k in "mw"]
    odd = make_spec(
        agents=[{"id": a, "demand": {"disk": 3}} for a in "ab"], clusters=clusters,
        ratios=[("cpu", "disk", 2**0.5)], objective={"balance": 1.0},
    )  # fmt: skip
    with pytest.raises(UnsupportedError, match="balance"):
        whole_model(build_instance(odd), None, 0)


def test_the_estimate_is_about_the_size_of_the_model() -> None:
    """Variables without the bits that follow, couplings of groups, links and full rows."""
    links = [(f"a{i}", f"a{i + 1}") for i in range(9)]
    clusters = [{"id": f"m{k}", "capacity": {"cpu": 5}, "parent": "eu"} for k in range(3)]
    spec = make_spec(
        agents=[{"id": f"a{i}", "demand": {"cpu": 1 + i % 2}, "optional": i == 0} for i in range(10)],
        clusters=[*clusters, {"id": "eu", "capacity": {"cpu": 12}}], links=links,
        objective=[{"cut": 1.0}, {"unplaced": 1.0}],
    )  # fmt: skip
    instance = build_instance(spec)
    variables, couplings = estimate(instance)
    assert variables == 31
    assert couplings == 9 * 3 + 6 + 9 * 3 + 3 * 50 + 450
    assert estimate(instance, level=1)[0] == 31 + 27
