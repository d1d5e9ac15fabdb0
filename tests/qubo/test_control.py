"""Chance as a control: uniform over the feasible states, the best ones kept, within its budget."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.qubo_models import model_of, models, optimum

from qamctl.qubo import check, control
from qamctl.qubo.control import uniform
from qamctl.qubo.model import GE, LE, Model


@given(models(), st.integers(0, 99))
def test_what_is_kept_is_feasible_and_valued_right(model: Model, seed: int) -> None:
    """Samples keep every constraint, come best first, and their energies are the objective; none where none can."""
    drawn = uniform(model, np.random.default_rng(seed), draws=300)
    for sample, energy in zip(drawn.samples.tolist(), drawn.energies, strict=True):
        assert check.violations(model, sample) == []
        assert energy == pytest.approx(check.objective(model, sample), abs=1e-9)
    assert list(drawn.energies) == sorted(drawn.energies)
    assert drawn.drawn == 300
    assert 0 <= drawn.feasible <= 300
    if optimum(model) is None:
        assert drawn.feasible == 0


def test_every_feasible_state_is_as_likely_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of the feasible states of a small model with a group and a row are even."""
    seen: dict[tuple[int, ...], int] = {}
    model = model_of([0.0] * 5, groups=[[0, 1, 2]], rows=[({0: 1, 3: 1, 4: 1}, LE, 2)])
    monkeypatch.setattr(control, "KEEP", 10**6)
    for sample in uniform(model, np.random.default_rng(3), draws=11_000).samples.tolist():
        seen[tuple(sample)] = seen.get(tuple(sample), 0) + 1
    assert len(seen) == 11
    assert max(seen.values()) < 1.3 * min(seen.values())


@pytest.mark.parametrize(("dense", "cells"), [(0, 10**6), (512, 0), (512, 10**6)])
def test_large_models_are_valued_alike(monkeypatch: pytest.MonkeyPatch, dense: int, cells: int) -> None:
    """With and without dense matrices the same states have the same energies."""
    model = model_of([1.0, -2.0, 3.0], [(0, 1, 4.0), (1, 2, -5.0)], rows=[({0: 2, 2: -1}, GE, 0)], offset=0.5)
    monkeypatch.setattr(control, "DENSE", dense)
    monkeypatch.setattr(control, "CELLS", cells)
    drawn = uniform(model, np.random.default_rng(1), draws=100)
    assert drawn.energies[0] == check.objective(model, drawn.samples[0].tolist()) == -1.5
    assert drawn.samples[0].tolist() == [0, 1, 0]


def test_overlapping_groups_are_kept_too() -> None:
    """A variable in two groups is chosen for both or for none."""
    drawn = uniform(model_of([1.0, 2.0, 4.0], groups=[[0, 1], [1, 2]]), np.random.default_rng(1), draws=200)
    assert drawn.samples[0].tolist() == [0, 1, 0]
    assert set(map(tuple, drawn.samples.tolist())) <= {(0, 1, 0), (1, 0, 1)}


def test_it_ends_with_its_time_or_when_told() -> None:
    """Batches are drawn until the clock says so, at least one; a stop ends it after the batch under way."""
    ticks = count()
    model = model_of([1.0])
    timed = uniform(model, np.random.default_rng(1), seconds=2.5, clock=lambda: float(next(ticks)))
    assert timed.drawn == control.LEAST_DRAWS * (1 + 2 + 4)
    assert uniform(model, np.random.default_rng(1), seconds=0.0).drawn == control.LEAST_DRAWS
    assert uniform(model, np.random.default_rng(1), draws=10**9, stop=lambda: True).drawn == control.LEAST_DRAWS
    with pytest.raises(ValueError, match="exactly one"):
        uniform(model, np.random.default_rng(1))
