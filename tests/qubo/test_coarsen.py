"""Coarser rows: they need few slack bits, forbid what the rows forbid, and allow the state that they begin with."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.qubo.coarsen import coarsened
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import GE, LE, Model


def loose(seed: int) -> tuple[Model, np.ndarray]:
    """A model with rows of large numbers, and a state that keeps them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 10))
    sample = (rng.random(n) < 0.5).astype(np.uint8)
    rows = []
    for _ in range(3):
        coef = rng.integers(-300, 1000, n)
        coef[coef == 0] = 1
        room = int(coef @ sample) + int(rng.integers(0, 400))
        rows.append(({i: int(c) for i, c in enumerate(coef)}, LE, room))
    return model_of([0.0] * n, rows=rows), sample


@pytest.mark.parametrize("bits", [1, 3, 6])
def test_coarse_rows_are_sound_small_and_keep_the_start(bits: int) -> None:
    """Whatever keeps the coarse rows keeps the rows; the start does; a row reaches less than two to the bits."""
    lost = kept = 0
    for seed in range(120):
        model, sample = loose(seed)
        coarse = coarsened(model, sample, bits, model.con_kinds)
        states = np.array(list(product((0, 1), repeat=model.n)), np.uint8)
        before, after = feasible(model, states), feasible(coarse, states)
        assert not (after & ~before).any()
        assert feasible(coarse, sample[None, :])[0]
        for r in range(len(coarse.con_rhs)):
            coef = coarse.con_coef[coarse.con_start[r] : coarse.con_start[r + 1]]
            assert coarse.con_rhs[r] - np.minimum(coef, 0).sum() < 2**bits or np.abs(coef).max(initial=0) <= 1
        lost, kept = lost + int((before & ~after).sum()), kept + int(after.sum())
    assert kept > lost / (5 if bits > 1 else 50)


def test_rows_of_other_kinds_and_senses_stay() -> None:
    """Only rows <= of the kinds that are named change."""
    model = model_of([0.0] * 2, rows=[({0: 500, 1: 700}, LE, 900), ({0: 500, 1: 700}, GE, 100)])
    sample = np.array([1, 0])
    assert coarsened(model, sample, 3, ()) is model
    coarse = coarsened(model, sample, 3, model.con_kinds)
    assert coarse.con_coef.tolist()[2:] == [500, 700]
    assert coarse.con_rhs[0] < 8
