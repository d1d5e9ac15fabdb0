"""Domain walls and unbalanced penalties: the same objective on fewer bits, and the way back."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.penalty_models import places, random_model
from support.qubo_models import model_of, optimum
from support.qubo_specs import all_energies, state

from qamctl.errors import InfeasibleError, UsageError
from qamctl.qubo import check
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.domain_wall import domain_walls
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.penalties import Weights, sufficient_weights
from qamctl.qubo.slack import slack_rows
from qamctl.qubo.unbalanced import parabolas
from qamctl.qubo.weight_report import constraint_report


def compiled_as(model: Model, one_hot: str, inequality: str = "slack") -> Compiled | None:
    """The model in an encoding; None where no state keeps a row."""
    try:
        weights = sufficient_weights(model, one_hot=one_hot)
        return compile_qubo(model, weights, one_hot=one_hot, inequality=inequality)
    except InfeasibleError:
        return None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_a_feasible_state_has_its_objective_in_every_encoding(seed: int) -> None:
    """Extended and restored, a feasible state is itself, and its energy is the objective, with walls or without."""
    model = random_model(seed, most=6)
    for one_hot in ("one-hot", "domain-wall"):
        compiled = compiled_as(model, one_hot)
        if compiled is None:
            assert optimum(model) is None
            continue
        for one in product((0, 1), repeat=model.n):
            if check.violations(model, one):
                continue
            full = compiled.extend(np.array(one))
            assert compiled.restore(full).tolist() == list(one)
            assert compiled.energy(full)[0] == pytest.approx(check.objective(model, one), abs=1e-9)
            assert check.energy(compiled, full.tolist()) == pytest.approx(check.objective(model, one), abs=1e-9)


def test_walls_save_bits_and_couplings() -> None:
    """k members take k - 1 bits and k - 2 couplings; a group of one member takes none and is always chosen."""
    model = model_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], groups=[[0, 1, 2, 3], [4]])
    compiled = compiled_as(model, "domain-wall")
    assert compiled is not None
    assert (compiled.n, compiled.n_model, len(compiled.row)) == (4, 4, 2)
    assert compiled.labels[:] == ["wall/x0", "wall/x1", "wall/x2", "x5"]
    for number, chosen in ((0b000, 0), (0b001, 1), (0b011, 2), (0b111, 3)):
        assert compiled.restore(state(number, 4)).tolist() == [int(i in (chosen, 4)) for i in range(6)]
        assert compiled.energy(state(number, 4))[0] == model.linear[chosen] + 5.0


def test_a_broken_wall_costs_its_weight_and_is_mended_to_the_nearest() -> None:
    """Each further wall costs the group's weight once; the place that fewest bits speak against is chosen."""
    model = model_of([0.0] * 6, groups=[list(range(6))])
    compiled = compile_qubo(model, Weights(7.0, np.zeros(0)), one_hot="domain-wall")
    assert compiled.walls is not None
    for bits in product((0, 1), repeat=5):
        further = sum(b > a for a, b in pairwise(bits))
        assert compiled.walls.broken(np.array([bits])).tolist() == [[further]]
        assert compiled.energy(np.array(bits))[0] == 7.0 * further
        chosen = compiled.restore(np.array(bits)).tolist()
        assert sum(chosen) == 1
        wrong = [sum(b == 0 for b in bits[:m]) + sum(b == 1 for b in bits[m:]) for m in range(6)]
        assert wrong[chosen.index(1)] == min(wrong)


def test_members_of_several_groups_stay_one_hot() -> None:
    """Groups that overlap keep their penalty; the others get walls; the optimum is the same."""
    model = model_of([3.0, 1.0, 2.0, 5.0, 4.0], [(0, 3, -6.0)], groups=[[0, 1], [1, 2], [3, 4]])
    walls = domain_walls(model)
    assert walls.groups.tolist() == [2]
    compiled = compiled_as(model, "domain-wall")
    assert compiled is not None
    assert compiled.n == 4
    truth = optimum(model)
    assert truth is not None
    best = compiled.restore(state(int(np.argmin(all_energies(compiled))), compiled.n))
    assert tuple(best.tolist()) in truth[1]


def test_rows_over_walls_are_squares_over_their_bits() -> None:
    """A row is kept exactly where its square is zero, also where neighbours share a bit that cancels."""
    model = model_of([0.0] * 5, groups=[[0, 1, 2]], rows=[({0: 2, 1: 2, 2: 5, 3: 1, 4: 3}, LE, 6)])
    compiled = compile_qubo(model, Weights(50.0, np.array([1.0])), one_hot="domain-wall")
    for one in product((0, 1), repeat=5):
        if sum(one[:3]) != 1:
            continue
        over = max(0, int(np.dot([2, 2, 5, 1, 3], one)) - 6)
        assert compiled.energy(compiled.extend(np.array(one)))[0] == over**2


def test_unbalanced_rows_take_no_bits() -> None:
    """A parabola in place of slack: nothing where the row is just kept, the weight where it is broken by one."""
    model = model_of([0.0] * 4, rows=[({0: 3, 1: 2, 2: 2, 3: 1}, LE, 4)])
    compiled = compile_qubo(model, Weights(0.0, np.array([8.0])), inequality="unbalanced")
    assert compiled.n == 4
    energy = {}
    for one in product((0, 1), repeat=4):
        energy[4 - int(np.dot([3, 2, 2, 1], one))] = compiled.energy(np.array(one))[0]
    assert (energy[0], energy[3], energy[-1]) == (0.0, 0.0, 8.0)  # the largest item takes 3
    assert energy[1] < 0
    assert energy[2] < 0
    assert energy[-4] > energy[-3] > energy[-1]
    assert compiled.extend(np.array([1, 0, 0, 1])).tolist() == [1, 0, 0, 1]


def test_lambdas_are_those_of_the_paper() -> None:
    """With both given, -lambda_1 h + lambda_2 h^2 in units of the weight; equations stay squares."""
    rows = [({0: 3, 1: 2, 2: 2}, LE, 4), ({0: 1, 1: 2}, EQ, 2), ({1: 2, 2: 3}, GE, 2)]
    model = model_of([0.0] * 3, rows=rows)
    weights = Weights(0.0, np.array([10.0, 100.0, 1000.0]))
    compiled = compile_qubo(model, weights, inequality="unbalanced", lambdas=(0.96, 0.0371))
    for one in product((0, 1), repeat=3):
        h = 4 - (3 * one[0] + 2 * one[1] + 2 * one[2])
        g = 2 * one[1] + 3 * one[2] - 2
        wanted = 10 * (-0.96 * h + 0.0371 * h * h) + 1000 * (-0.96 * g + 0.0371 * g * g)
        wanted += 100 * (one[0] + 2 * one[1] - 2) ** 2
        assert compiled.energy(np.array(one))[0] == pytest.approx(wanted)
    linear, square = parabolas(slack_rows(model, np.arange(3), with_bits=False), weights.row)
    assert linear.tolist() == [7.5, 0.0, 750.0]
    assert square.tolist() == [2.5, 100.0, 250.0]


def test_unbalanced_walls_are_least_at_a_good_feasible_state() -> None:
    """Both encodings together, on placing items: small weights have a feasible state of least energy."""
    model = places(4, 2, seed=3, room=1.5)
    compiled = compile_qubo(model, Weights(400.0, np.full(2, 2.0)), one_hot="domain-wall", inequality="unbalanced")
    assert compiled.n == 4
    best = compiled.restore(state(int(np.argmin(all_energies(compiled))), compiled.n))
    assert check.violations(model, best.tolist()) == []


def test_labels_tell_what_every_bit_is() -> None:
    """Model labels, walls after a member, and slack bits by kind, row and bit; each once, also in a slice."""
    model = places(3, 2, seed=1)
    for one_hot in ("one-hot", "domain-wall"):
        compiled = compiled_as(model, one_hot)
        assert compiled is not None
        labels = list(compiled.labels)
        assert len(labels) == compiled.n == len(set(labels))
        assert labels[-1].startswith("slack/row/1/")
        assert compiled.labels[-1] == labels[-1]
        assert compiled.labels[1:3] == labels[1:3]
        with pytest.raises(IndexError):
            compiled.labels[compiled.n]


def test_an_encoding_that_does_not_exist_is_refused() -> None:
    """The message names the ones that do."""
    model = model_of([1.0])
    with pytest.raises(UsageError, match="one-hot or domain-wall"):
        compile_qubo(model, Weights(0.0, np.zeros(0)), one_hot="binary")
    with pytest.raises(UsageError, match="slack or unbalanced"):
        compile_qubo(model, Weights(0.0, np.zeros(0)), inequality="log")


def test_the_report_tells_kinds_weights_and_bits() -> None:
    """By kind: how many, least and largest weight, slack bits; a model without constraints has nothing to tell."""
    model = model_of([1.0, 2.0, 0.0], groups=[[0, 1]], rows=[({0: 2, 2: 3}, LE, 4), ({0: 1, 2: 1}, LE, 1)])
    weights = Weights(np.array([5.0]), np.array([2.5, 3.0]))
    compiled = compile_qubo(model, weights)
    assert constraint_report(model, weights, compiled) == {
        "one-hot": {"count": 1, "weight": [5, 5], "bits": 0, "encoding": "one-hot"},
        "row": {"count": 2, "weight": [2.5, 3], "bits": 3},
    }
    by_walls = compile_qubo(model, weights, one_hot="domain-wall", inequality="unbalanced")
    report = constraint_report(model, weights, by_walls)
    assert report["one-hot"]["encoding"] == "domain-wall"
    assert report["row"]["bits"] == 0
    bare = model_of([1.0])
    assert constraint_report(bare, Weights(0.0, np.zeros(0)), compile_qubo(bare, Weights(0.0, np.zeros(0)))) == {}
