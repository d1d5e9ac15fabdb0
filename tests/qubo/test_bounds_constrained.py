"""Bounds of models with constraints: groups, multipliers, penalty QUBOs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from support.qubo_models import model_of, models, optimum

from qamctl.qubo.bounds import choices, constrained, model_lower_bound
from qamctl.qubo.bounds.choices import choice_bound, choices_of
from qamctl.qubo.model import EQ, GE, LE, Model


def never() -> bool:
    return False


@settings(max_examples=250, deadline=None)
@given(models())
def test_no_feasible_state_is_below_the_bound(model: Model) -> None:
    """Messages, multipliers and penalties stay at or below the least objective of a feasible state."""
    best = optimum(model)
    if best is None:
        return
    found = model_lower_bound(model, steps=40)
    assert found.value <= best[0] + 1e-9
    for upper in (None, best[0]):
        value, _ = choice_bound(model, upper, 12, never)
        assert value <= best[0] + 1e-9
    if found.sample is not None:
        assert tuple(int(x) for x in found.sample) in best[1]
        assert found.value == pytest.approx(best[0])


def assignment(items: int, places: int, seed: int, *, capacity: bool) -> Model:
    """Items choose places; costs, costs between items, capacities."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 50, items * places)
    pairs = []
    for a, b in itertools.combinations(range(items), 2):
        if rng.random() < 0.5:
            flow = float(rng.integers(1, 9))
            pairs += [(a * places + p, b * places + q, flow) for p in range(places) for q in range(places) if p != q]
    groups = [range(a * places, (a + 1) * places) for a in range(items)]
    need = rng.integers(3, 9, items)
    room = int(need.sum() / places * 1.2) + 1
    rows = [({a * places + p: int(need[a]) for a in range(items)}, LE, room) for p in range(places)]
    return model_of(cost.astype(float).tolist(), pairs, [list(g) for g in groups], rows if capacity else [])


def brute(model: Model, items: int, places: int) -> float:
    best = np.inf
    for choice in itertools.product(range(places), repeat=items):
        x = np.zeros(model.n, int)
        x[[a * places + p for a, p in enumerate(choice)]] = 1
        loads = [
            sum(c * x[i] for i, c in zip(
                model.con_index[model.con_start[r]:model.con_start[r + 1]],
                model.con_coef[model.con_start[r]:model.con_start[r + 1]], strict=True))
            for r in range(len(model.con_rhs))
        ]  # fmt: skip
        if all(load <= rhs for load, rhs in zip(loads, model.con_rhs, strict=True)):
            best = min(best, float(model.linear @ x + (model.weight * x[model.row] * x[model.col]).sum()))
    return best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("capacity", [False, True])
def test_assignments_are_bounded_by_choices(seed: int, capacity: bool) -> None:
    """Diffusion and multipliers raise the bound above that of linear costs, and stay below the optimum."""
    model = assignment(5, 3, seed, capacity=capacity)
    best = brute(model, 5, 3)
    start, none = choice_bound(model, None, 0, never)
    better, rounds = choice_bound(model, None, 300, never)
    assert none == 0
    assert rounds > 0
    assert start < better <= best
    proved = model_lower_bound(model, steps=100)
    assert proved.value == best
    assert proved.sample is not None


def test_tables_that_are_too_large_give_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tables each label takes half of what its best partners may give: weaker, still a bound."""
    model = assignment(5, 3, 1, capacity=False)
    negative = Model(*(  # costs between items as savings: halves count
        -value if name == "weight" else value
        for name, value in ((f, getattr(model, f)) for f in Model.__dataclass_fields__)
    ))  # fmt: skip
    best = brute(negative, 5, 3)
    whole, _ = choice_bound(negative, None, 200, never)
    monkeypatch.setattr(choices, "MAX_CELLS", 1)
    halves, rounds = choice_bound(negative, None, 200, never)
    assert rounds == 0
    assert halves <= whole <= best
    assert halves > negative.linear[negative.linear < 0].sum() + negative.weight.sum()


def test_variables_of_several_groups_are_choices_of_the_first() -> None:
    """Overlapping groups, empty ones and single variables make choices that no feasible state contradicts."""
    model = model_of([3.0, 1.0, 2.0, -4.0], [(0, 3, 2.0), (1, 2, -5.0)], [[0, 1], [1, 2]])
    c = choices_of(model)
    assert len(c.first) - 1 == 3  # {0, 1}, {2, none}, {3, none}
    assert sorted(c.variable.tolist()) == [-1, -1, 0, 1, 2, 3]
    best = optimum(model)
    assert best is not None
    assert choice_bound(model, None, 50, never)[0] <= best[0]
    nothing = model_of([], [], [[]])
    assert choice_bound(nothing, None, 5, never) == (0.0, 0)
    assert model_lower_bound(nothing, steps=5).value == 0.0


def test_each_sense_of_rows_pulls_its_way() -> None:
    """At most, at least and exactly: multipliers find the linear relaxation's bound."""
    cost = [5.0, 4.0, 3.0]
    rows = {LE: -8.0, GE: 7.0, EQ: 7.0}
    for sense, expected in rows.items():
        model = model_of(cost if sense != LE else [-c for c in cost], [], [], [(dict.fromkeys(range(3), 1), sense, 2)])
        value, _ = choice_bound(model, None, 400, never)
        assert expected - 1 <= value <= expected + 1e-9 or sense == LE
        best = optimum(model)
        assert best is not None
        assert value == pytest.approx(best[0], abs=1.0)
        assert value <= best[0]


def test_rows_that_nothing_keeps_leave_a_bound() -> None:
    """An infeasible model has any bound; a row that no penalty can hold is not an error here."""
    model = model_of([1.0, 1.0], [], [[0, 1]], [({0: 1, 1: 1}, GE, 3)])
    assert np.isfinite(model_lower_bound(model, steps=10).value)


def test_large_penalty_qubos_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the size the choices alone bound the model, or the objective without its rows."""
    monkeypatch.setattr(constrained, "MAX_VARIABLES", 3)
    model = assignment(4, 3, 1, capacity=True)
    found = model_lower_bound(model, steps=40)
    assert found.method == "choices"
    assert found.sample is None
    assert found.value <= brute(model, 4, 3)
    free = model_of([-2.0, -3.0, 1.0, 1.0], [(0, 1, 4.0)], [], [({0: 1, 1: 1, 2: 2}, LE, 2)])
    best = optimum(free)
    assert best is not None
    assert model_lower_bound(free, steps=40).value <= best[0]


def test_models_without_constraints_are_bounded_as_they_are() -> None:
    """No group and no row: the optimum of a small model comes with its state."""
    model = model_of([1.0, -2.0, 0.5], [(0, 1, -3.0)], offset=0.25)
    found = model_lower_bound(model)
    assert found.value == -3.75
    assert found.sample is not None
    assert found.sample.tolist() == [1, 1, 0]


def test_the_bound_stops_at_a_known_objective_and_when_asked() -> None:
    """Nothing more is done once the bound meets the upper value, or somebody stops it."""
    model = assignment(4, 3, 2, capacity=False)
    best = brute(model, 4, 3)
    found = model_lower_bound(model, steps=400, upper=best)
    assert found.value <= best
    stopped = model_lower_bound(model, seconds=5.0, stop=lambda: True)
    assert stopped.value <= best
    assert stopped.method == "choices"
    assert model_lower_bound(model, seconds=0.3).value <= best
