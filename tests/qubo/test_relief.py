"""Rows with bits of their own: small weights are enough, and are claimed only where the argument holds."""

from __future__ import annotations

import numpy as np
import pytest
from support.qubo_models import model_of, optimum
from support.qubo_specs import all_energies, state

from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import EQ, LE, Model
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.relief import relief


def counted(demand: list[int], limit: int, price: float, *, bits: list[int], gain: float = 50.0) -> Model:
    """Choices that pay, and what they use above a limit as bits that cost."""
    n = len(demand)
    linear = [-gain] * n + [price * bit for bit in bits]
    row = dict(enumerate(demand)) | {n + k: -bit for k, bit in enumerate(bits)}
    return model_of(linear, rows=[(row, LE, limit)])


def test_the_price_of_a_unit_is_enough() -> None:
    """Above a limit of 4, six units at 3 each: whatever else is at stake, the row needs a weight above 3."""
    model = counted([5, 3, 2], 4, 3.0, bits=[1, 2, 3])
    assert relief(model).tolist() == [3.0]
    weights = sufficient_weights(model)
    assert weights.row.tolist() == [4.0]
    energies = all_energies(compile_qubo(model, weights))
    truth = optimum(model)
    assert truth is not None
    assert energies.min() == truth[0] == -150 + 18


@pytest.mark.parametrize(
    ("bits", "price"), [([1, 2, 2], 3.0), ([2, 4], None), ([1, 3, 6], None), ([1, 1], None), ([1, 2, 2, 9], 3.0)]
)
def test_bits_must_count_every_number_and_far_enough(bits: list[int], price: float | None) -> None:
    """Five units too many at most: bits that leave out a number, or end before, give no proof."""
    found = relief(counted([5, 4], 4, 3.0, bits=bits))
    holds = price is not None and sum(bits) >= 5 and bits[-1] <= 1 + sum(bits[:-1])
    assert found.tolist() == [3.0 if holds else np.inf]


def test_one_bit_of_a_single_unit_may_be_a_bargain() -> None:
    """The first unit for 1 and all others for 3 need a weight above 3; two bargains give no proof."""
    model = counted([5, 4], 4, 3.0, bits=[1, 1, 2, 2])
    linear = model.linear.copy()
    linear[2] = 1.0
    assert relief(_with(model, linear)).tolist() == [3.0]
    linear[3] = 1.0
    assert relief(_with(model, linear)).tolist() == [np.inf]
    linear[3], linear[4] = 3.0, 4.0
    linear[2] = 3.0
    assert relief(_with(model, linear)).tolist() == [np.inf]


def _with(model: Model, linear: np.ndarray) -> Model:
    from dataclasses import replace

    return replace(model, linear=linear)


def test_bits_that_stand_elsewhere_give_no_proof() -> None:
    """In a coupling, a group, an equation, free of charge, or in one of two rows alone."""
    demand = {0: 4, 1: 4}
    row = ({**demand, 2: -1, 3: -2, 4: -4}, LE, 3)
    costs = [-9.0, -9.0, 1.0, 2.0, 4.0]
    assert relief(model_of(costs, rows=[row])).tolist() == [1.0]
    assert relief(model_of(costs, couplings=[(0, 2, 1.0)], rows=[row])).tolist() == [np.inf]
    assert relief(model_of(costs, groups=[[2, 3]], rows=[row])).tolist() == [np.inf]
    assert relief(model_of([-9.0, -9.0, 0.0, 2.0, 4.0], rows=[row])).tolist() == [np.inf]
    assert relief(model_of(costs, rows=[row, ({2: 2, 0: 3}, EQ, 3)])).tolist() == [np.inf, np.inf]
    assert relief(model_of(costs, rows=[row, ({**demand, 2: -1}, LE, 1)])).tolist() == [np.inf, np.inf]
    both = [row, ({0: 1, 1: 3, 2: -1, 3: -2, 4: -4}, LE, 1)]
    assert relief(model_of(costs, rows=both)).tolist() == [1.0, 1.0]
    assert relief(model_of([1.0], rows=[({0: 1}, LE, 0)])).tolist() == [np.inf]


def test_minima_are_optima_whatever_is_beside() -> None:
    """Random groups, couplings, capacities and counted rows: every minimum is a feasible optimum."""
    compared = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        demand = rng.integers(1, 6, 4)
        groups = [[0, 1], [2, 3]] if rng.random() < 0.7 else [[0, 1]]
        price = float(rng.choice([1, 2, 0.5, 0.3]))
        beyond = max(4, int(demand.sum()) - 3)
        bits = [1, 2, 4, 8][: beyond.bit_length()]
        linear = rng.integers(-9, 10, 4).tolist() + [price * bit for bit in bits]
        couplings = [(0, 2, float(rng.integers(-6, 7))), (1, 3, float(rng.integers(-6, 7)))]
        rows = [({i: int(d) for i, d in enumerate(demand)} | {4 + k: -b for k, b in enumerate(bits)}, LE, 3)]
        if rng.random() < 0.5:
            rows.append(({0: 2, 2: 3, 3: 1}, LE, 4))
        if rng.random() < 0.5:
            rows.append(({1: 3, 2: 3} | {4 + k: -b for k, b in enumerate(bits)}, LE, 2))
        model = model_of([float(value) for value in linear], couplings, groups, rows)
        assert np.isfinite(relief(model)[0])
        truth = optimum(model)
        compiled = compile_qubo(model, sufficient_weights(model, None if truth is None else truth[0]))
        if truth is None or compiled.n > 16:
            continue
        energies = all_energies(compiled)
        assert energies.min() == pytest.approx(truth[0], abs=1e-9)
        for number in np.flatnonzero(energies <= energies.min() + 1e-9).tolist():
            assert tuple(compiled.restore(state(number, compiled.n)).tolist()) in truth[1]
        compared += 1
    assert compared > 60
