"""Which variables go together: groups stay whole, windows have the size asked for, each strategy its own idea."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.qubo_models import model_of, models

from qamctl.errors import UsageError
from qamctl.qubo import check
from qamctl.qubo.decompose import STRATEGIES, Picker, impact, neighbours, units_of
from qamctl.qubo.incumbent import incumbent_of, problem_of
from qamctl.qubo.model import LE, Model


def chain(n: int) -> Model:
    """Couplings between neighbours, stronger and stronger."""
    return model_of([0.0] * n, [(i, i + 1, float(i + 1)) for i in range(n - 1)])


def test_groups_and_those_that_overlap_are_one_unit() -> None:
    """Variables of a group are free together, and so are groups that share one; others are alone."""
    units = units_of(model_of([0.0] * 8, groups=[[5, 6], [1, 2], [2, 4], [4, 7]]))
    members = [units.index[a:b].tolist() for a, b in zip(units.start[:-1], units.start[1:], strict=True)]
    assert members == [[0], [1, 2, 4, 7], [3], [5, 6]]
    assert units.of.tolist() == [0, 1, 1, 2, 1, 3, 3, 1]
    assert len(units_of(model_of([])).size) == 0


@given(models(), st.sampled_from((*STRATEGIES, "auto")), st.integers(0, 99), st.integers(1, 8))
def test_picks_are_new_distinct_and_fit(model: Model, strategy: str, seed: int, size: int) -> None:
    """A pick has units that were not used, each once, of the size asked for at most unless it is a single one."""
    rng = np.random.default_rng(seed)
    problem = problem_of(model)
    units = units_of(model)
    picker = Picker(problem, units, strategy)
    incumbent = incumbent_of(problem, rng.integers(0, 2, model.n))
    for _ in range(5):
        used = rng.random(len(units.size)) < 0.3
        if used.all():
            continue
        chosen, by = picker.pick(incumbent, used, size, rng)
        assert by == strategy or (strategy == "auto" and by in STRATEGIES)
        assert not used[chosen].any()
        assert len(set(chosen.tolist())) == len(chosen) >= 1
        assert units.size[chosen].sum() <= size or len(chosen) == 1
        free = units.size[~used]
        if free.max() == 1:
            assert len(chosen) == min(size, len(free))
        picker.learn(by, improved=bool(seed % 2))


def test_windows_roll_over_all_variables() -> None:
    """Contiguous windows cover every variable in one lap, and the next lap begins elsewhere."""
    problem = problem_of(chain(20))
    picker, none = Picker(problem, units_of(problem.model), "windows"), np.zeros(20, bool)
    incumbent, rng = incumbent_of(problem, np.zeros(20)), np.random.default_rng(4)
    lap = [picker.pick(incumbent, none, 5, rng)[0].tolist() for _ in range(4)]
    assert lap == [list(range(k, k + 5)) for k in (0, 5, 10, 15)]
    later = [picker.pick(incumbent, none, 5, rng)[0] for _ in range(4)]
    assert later[0][0] != 0
    assert all(((np.diff(window) % 20) == 1).all() for window in later)


def test_graph_windows_are_connected() -> None:
    """On a chain a cluster is an interval; where a component ends, the window goes on in another one."""
    problem = problem_of(chain(30))
    picker, rng = Picker(problem, units_of(problem.model), "graph"), np.random.default_rng(1)
    incumbent = incumbent_of(problem, np.zeros(30))
    for _ in range(20):
        window = np.sort(picker.pick(incumbent, np.zeros(30, bool), 7, rng)[0])
        assert (np.diff(window) == 1).all()
    apart = problem_of(model_of([0.0] * 6, [(0, 1, 1.0), (2, 3, 1.0)]))
    picker = Picker(apart, units_of(apart.model), "graph")
    assert len(picker.pick(incumbent_of(apart, np.zeros(6)), np.zeros(6, bool), 5, rng)[0]) == 5


def test_impact_is_the_least_change_of_a_flip_or_a_shift() -> None:
    """For a variable the change of its flip, for a group the best other member, for a broken row before all."""
    model = model_of([3.0, 5.0, -1.0, 2.0, 7.0], [(0, 3, -4.0)], [[0, 1, 2]], [({3: 1, 4: 1}, LE, 1)])
    problem = problem_of(model)
    units = units_of(model)
    sample = [1, 0, 0, 1, 0]
    before = check.objective(model, sample)
    worth = impact(problem, units, incumbent_of(problem, np.array(sample)))
    shifts = [check.objective(model, [0, 1, 0, 1, 0]) - before, check.objective(model, [0, 0, 1, 1, 0]) - before]
    assert worth.tolist() == [min(shifts), check.objective(model, [1, 0, 0, 0, 0]) - before, 7.0]
    broken = impact(problem, units, incumbent_of(problem, np.array([1, 0, 0, 1, 1])))
    assert np.isneginf(broken).tolist() == [False, True, True]


def test_impact_windows_hold_what_costs_least() -> None:
    """The cheapest flip is in most windows, the dearest in few."""
    problem = problem_of(model_of([float(k) for k in range(100)]))
    picker, rng = Picker(problem, units_of(problem.model), "impact"), np.random.default_rng(2)
    incumbent, count = incumbent_of(problem, np.zeros(100)), np.zeros(100)
    for _ in range(200):
        count[picker.pick(incumbent, np.zeros(100, bool), 20, rng)[0]] += 1
    assert count[:5].mean() > 150
    assert 0 < count[-10:].mean() < 60


def test_neighbours_are_coupled_or_share_a_row() -> None:
    """Couplings count by their strength; rows join those that have nothing else in common, weakly."""
    model = model_of([0.0] * 5, [(0, 1, -6.0), (0, 2, 2.0)], rows=[({0: 1, 3: 1}, LE, 1)])
    near, strength = neighbours(problem_of(model), units_of(model), np.array([0]))
    found = dict(zip(near.tolist(), strength.tolist(), strict=True))
    assert {k: found[k] for k in (1, 2, 3)} == {1: 6.0, 2: 2.0, 3: 0.5}
    assert 4 not in found


def test_auto_prefers_what_improves() -> None:
    """A strategy whose windows improve is picked more often; none is given up."""
    problem = problem_of(chain(12))
    picker, rng = Picker(problem, units_of(problem.model)), np.random.default_rng(3)
    incumbent, none = incumbent_of(problem, np.zeros(12)), np.zeros(12, bool)
    for _ in range(60):
        for strategy in STRATEGIES:
            picker.learn(strategy, strategy == "graph")
    taken = [picker.pick(incumbent, none, 3, rng)[1] for _ in range(400)]
    assert taken.count("graph") > 250
    assert min(map(taken.count, STRATEGIES)) > 0


def test_an_unknown_strategy_is_refused() -> None:
    """The error names those that there are."""
    problem = problem_of(chain(3))
    with pytest.raises(UsageError, match="known are auto, impact, graph, windows"):
        Picker(problem, units_of(problem.model), "luck")
