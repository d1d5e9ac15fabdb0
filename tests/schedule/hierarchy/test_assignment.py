"""The model that deals bundles of tasks to groups: its energies, its repairs, and the ground state of its QUBO."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.qubo_specs import all_energies, state

from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import Model
from qamctl.qubo.partition import imbalance
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.hierarchy.assignment import SCALE, Bundles, assignment_model, bundled, chosen

calm = settings(deadline=None, max_examples=40)


@st.composite
def loads(draw: st.DrawFn, components: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Work of each kind in components, what groups have to do it with, and where each may be, somewhere at least."""
    c, p, d = draw(st.integers(1, components)), draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def table(rows: int, columns: int, least: int, most: int) -> np.ndarray:
        size = rows * columns
        cells = draw(st.lists(st.integers(least, most), min_size=size, max_size=size))
        return np.array(cells).reshape(rows, columns)

    allowed = table(c, p, 0, 2) > 0
    allowed[np.arange(c), table(c, 1, 0, p - 1)[:, 0]] = True
    return table(c, d, 0, 9).astype(float), table(p, d, 1, 5).astype(float), allowed


@st.composite
def bundles(draw: st.DrawFn, most: int = 5) -> Bundles:
    """A few bundles whose use of groups is small."""
    b, p, d = draw(st.integers(1, most)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    cells = draw(st.lists(st.integers(0, 9), min_size=b * p * d, max_size=b * p * d))
    allowed = np.array(draw(st.lists(st.booleans(), min_size=b * p, max_size=b * p))).reshape(b, p)
    allowed[:, draw(st.integers(0, p - 1))] = True
    return Bundles(np.arange(b), np.array(cells, np.int64).reshape(b, p, d), allowed)


def one_hot(some: Bundles, group: tuple[int, ...]) -> np.ndarray:
    """The sample in which every bundle is on its group."""
    bundle, where = np.nonzero(some.allowed)
    return (where == np.array(group)[bundle]).astype(np.int8)


def energy(model: Model, sample: np.ndarray) -> float:
    x = sample.astype(float)
    return float(model.offset + model.linear @ x + (model.weight * x[model.row] * x[model.col]).sum())


def assignments(some: Bundles) -> list[tuple[int, ...]]:
    """Every way to put each bundle on one group that may have it."""
    return list(product(*(np.flatnonzero(row).tolist() for row in some.allowed)))


@calm
@given(bundles())
def test_energies_are_the_imbalance(some: Bundles) -> None:
    """Of every assignment, by brute force; each bundle is one group of variables."""
    model = assignment_model(some)
    assert model.n == some.allowed.sum()
    assert np.diff(model.group_start).tolist() == some.allowed.sum(axis=1).tolist()
    for group in assignments(some):
        total = np.zeros(some.use.shape[1:])
        for b, g in enumerate(group):
            total[g] += some.use[b, g]
        assert energy(model, one_hot(some, group)) == (total**2).sum() == some.imbalance(np.array(group))


@calm
@given(bundles(most=4))
def test_the_ground_state_is_the_most_even_dealing(some: Bundles) -> None:
    """Every state of least energy of the compiled QUBO is an assignment, and one of the best."""
    model = assignment_model(some)
    best = min(some.imbalance(np.array(group)) for group in assignments(some))
    first = chosen(some, np.zeros(model.n, np.int8))
    compiled = compile_qubo(model, sufficient_weights(model, float(some.imbalance(first))))
    energies = all_energies(compiled)
    assert energies.min() == pytest.approx(best)
    for number in np.flatnonzero(energies <= energies.min() + 1e-9)[:20].tolist():
        sample = compiled.restore(state(number, compiled.n))
        found = chosen(some, sample)
        assert np.array_equal(one_hot(some, tuple(found.tolist())), sample[: model.n])
        assert some.imbalance(found) == best


@calm
@given(bundles(), st.data())
def test_any_sample_is_made_an_assignment(some: Bundles, data: st.DataObject) -> None:
    """A bundle on one group stays there, one on several is on one of these, one on none where it may be."""
    n = int(some.allowed.sum())
    sample = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    found = chosen(some, sample)
    bundle, group = np.nonzero(some.allowed)
    for b, g in enumerate(found.tolist()):
        on = set(group[(bundle == b) & (sample > 0)].tolist())
        assert g in (on or set(np.flatnonzero(some.allowed[b]).tolist()))


def test_what_has_no_group_goes_where_least_is_used() -> None:
    """After those that are sure of theirs."""
    use = np.array([[[9]] * 2, [[4]] * 2, [[3]] * 2])
    some = Bundles(np.arange(3), use, np.ones((3, 2), bool))
    assert chosen(some, np.array([1, 0, 0, 0, 0, 0])).tolist() == [0, 1, 1]
    assert chosen(some, np.array([0, 1, 1, 1, 0, 0])).tolist() == [1, 0, 0]


@calm
@given(loads())
def test_bundles_may_be_where_their_components_may(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Only components that may be on the same groups are together, every bundle has some, none is on two."""
    load, supply, allowed = case
    some = bundled(load, supply, allowed)
    assert sorted(set(some.of.tolist())) == list(range(len(some.use)))
    assert np.array_equal(some.allowed[some.of], allowed)


@calm
@given(loads(), st.data())
def test_the_imbalance_of_bundles_is_that_of_their_components(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    """But for the rounding to whole units of use."""
    load, supply, allowed = case
    some = bundled(load, supply, allowed)
    group = np.array([data.draw(st.sampled_from(np.flatnonzero(row).tolist())) for row in some.allowed])
    exact = SCALE**2 * imbalance(load, supply, group[some.of])
    cells = supply.size
    slack = len(group) * (2 * np.sqrt(exact * cells) + len(group) * cells)
    assert abs(some.imbalance(group) - exact) <= slack
