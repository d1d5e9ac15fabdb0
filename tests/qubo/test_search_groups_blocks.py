"""Blocks, rows and first states: what a constrained model becomes before it is searched."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.assignment import assignment
from support.mixed_models import mixed_model
from support.qubo_models import model_of, models

from qamctl.qubo import check
from qamctl.qubo.model import EQ, GE, LE, Model
from qamctl.qubo.search.blocks import Blocks, blocks_of
from qamctl.qubo.search.pool import violations
from qamctl.qubo.search.restore import construct


def value_of(blocks: Blocks, choice: np.ndarray) -> tuple[float, int]:
    """Objective in the model's units and violation of a choice, in plain loops over the kernel's problem."""
    p = blocks.problem
    on = set(choice.tolist())
    total = sum(float(p.linear[v]) for v in on)
    for v in on:
        for e in range(int(p.first[v]), int(p.first[v + 1])):
            total += float(p.weight[e]) / 2 if int(p.other[e]) in on else 0.0
    outside = 0
    for r in range(len(p.low)):
        entries = range(int(p.row_first[r]), int(p.row_first[r + 1]))
        activity = sum(int(p.row_coef[e]) for e in entries if int(p.row_variable[e]) in on)
        outside += max(0, activity - int(p.high[r]), int(p.low[r]) - activity)
    return total / blocks.scale, outside


def holds(model: Model) -> None:
    """Every feasible state is a choice that breaks no row, with the same objective; no other choice breaks none."""
    blocks = blocks_of(model)
    p = blocks.problem
    feasible = {s for s in product((0, 1), repeat=model.n) if not check.violations(model, s)}
    if not blocks.possible:
        assert not feasible
        return
    for state in feasible:
        choice = blocks.choice(np.array(state, np.uint8))
        assert tuple(blocks.sample(choice).tolist()) == state
        objective, outside = value_of(blocks, choice)
        assert outside == 0
        assert objective + model.offset == pytest.approx(check.objective(model, state), abs=1e-9)
    members = [range(int(a), int(b)) for a, b in zip(p.block_first[:-1], p.block_first[1:], strict=True)]
    kept = [c for c in product(*members) if value_of(blocks, np.array(c, np.int32))[1] == 0]
    assert {tuple(blocks.sample(np.array(c, np.int32)).tolist()) for c in kept} == feasible
    assert len(kept) == len(feasible)
    for b, block in enumerate(members):
        assert (np.diff(p.place[block.start : block.stop]) >= 0).all(), b
    assert p.place.max(initial=-1) < p.places


@settings(max_examples=120, deadline=None)
@given(models())
def test_blocks_hold_the_feasible_states_and_no_others(model: Model) -> None:
    """The kernel's problem is the model, on hypothesis' models."""
    holds(model)


@pytest.mark.parametrize("seed", range(40))
def test_blocks_hold_the_feasible_states_of_mixed_models(seed: int) -> None:
    """The kernel's problem is the model, where groups overlap and rows have negative coefficients."""
    holds(mixed_model(seed, 8, feasible=seed % 2 == 0))


def test_rows_that_say_one_become_blocks() -> None:
    """A group, an equation that says exactly one, and a row of at most one: three blocks and no rows."""
    model = model_of(
        [1.0] * 9, groups=[[0, 1]], rows=[({2: 2, 3: 2, 4: 2}, EQ, 2), ({5: 3, 6: 3}, LE, 3), ({7: 1, 8: 1}, LE, 2)]
    )
    blocks = blocks_of(model)
    assert blocks.count == 5
    assert np.diff(blocks.problem.block_first).tolist() == [2, 3, 3, 2, 2]
    assert len(blocks.problem.low) == 0
    assert (blocks.variable == -1).sum() == 3


def test_what_cannot_be_on_is_left_out() -> None:
    """An item that does not fit a bin, and what follows from that, are no choices any more."""
    model = model_of(
        [1.0] * 4, groups=[[0, 1], [2, 3]], rows=[({0: 9, 2: 3}, LE, 5), ({1: 4, 3: 4}, LE, 5), ({2: 1, 3: 1}, GE, 1)]
    )
    blocks = blocks_of(model)
    assert sorted(blocks.variable.tolist()) == [1, 2]
    assert blocks.possible
    assert blocks.sample(blocks.choice(np.zeros(4))).tolist() == [0, 1, 1, 0]


def test_members_without_an_entry_go_where_a_row_needs_one() -> None:
    """A covering row with one variable left forces it on."""
    model = model_of([5.0, 1.0, 1.0], groups=[[1, 2]], rows=[({0: 1}, GE, 1), ({0: 2, 1: 1}, GE, 3)])
    blocks = blocks_of(model)
    assert blocks.sample(blocks.choice(np.zeros(3))).tolist() == [1, 1, 0]
    assert blocks.count == 2
    assert len(blocks.variable) == 2


def test_bins_are_places() -> None:
    """Items at one bin stand at one place, over all the rows of that bin; rows across bins make no difference."""
    at = np.arange(12).reshape(4, 3)
    rows = [({int(v): 2 + i for i, v in enumerate(at[:, k])}, LE, 9) for k in range(3)]
    rows += [({int(v): 1 for v in at[:2, k]}, LE, 1) for k in range(3)]
    rows += [({int(at[0, 0]): 1, int(at[0, 1]): 1, int(at[2, 0]): 1, int(at[3, 1]): 1}, LE, 3)]
    problem = blocks_of(model_of([1.0] * 12, groups=at.tolist(), rows=rows)).problem
    assert problem.places == 3
    assert problem.place.reshape(4, 3).tolist() == [[0, 1, 2]] * 4


def test_a_knapsack_has_two_places() -> None:
    """Of variables in one row some are in, some are out: they swap."""
    problem = blocks_of(model_of([1.0] * 5, rows=[(dict.fromkeys(range(5), 3), LE, 6)])).problem
    assert problem.places == 2
    assert problem.high.tolist() == [2]
    assert problem.place.reshape(5, 2).tolist() == [[0, 1]] * 5


@settings(max_examples=60, deadline=None)
@given(models(), st.data())
def test_violations_are_those_of_the_plain_checker(model: Model, data: st.DataObject) -> None:
    """The vectorised sum of violations is that of plain loops, for any sample."""
    sample = data.draw(st.lists(st.integers(0, 1), min_size=model.n, max_size=model.n))
    expected = sum(amount for _, _, amount in check.violations(model, sample))
    assert violations(model, np.array([sample, sample], np.uint8)).tolist() == [expected] * 2


def test_the_first_state_packs_what_fits() -> None:
    """First fit, the hardest first, with a look ahead: bins and covering rows are kept from the start."""
    problem = assignment(30, 5, 1, "tight")
    blocks = blocks_of(problem.model())
    choice = construct(blocks.problem, lambda: False)
    assert value_of(blocks, choice)[1] <= problem.demand.max()
    cover = model_of([4.0, 3.0, 2.0, 1.0], rows=[({0: 1, 1: 1, 2: 1}, GE, 2), ({1: -1, 2: -2, 3: 1}, GE, -2)])
    blocks = blocks_of(cover)
    assert value_of(blocks, construct(blocks.problem, lambda: False))[1] == 0


def test_no_time_gives_the_cheapest_members() -> None:
    """When there is no time to look at the rows, every block takes its cheapest member."""
    blocks = blocks_of(assignment(10, 4, 1).model())
    p = blocks.problem
    choice = construct(p, lambda: True)
    assert (p.linear[choice] == np.minimum.reduceat(p.linear, p.block_first[:-1])).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=24))
def test_places_are_connected_components(entries: list[tuple[int, int]]) -> None:
    """Single-entry-per-block rows that share variables, along chains of any length, are one place."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    entries = sorted(set(entries))
    rows: dict[int, dict[int, int]] = {}
    for r, v in entries:
        rows.setdefault(r, {})[v] = 2 + v % 2 if rows.get(r) else 5
    wide = [row for row in rows.values() if len(row) > 1]
    model = model_of([1.0] * 12, rows=[(row, LE, sum(row.values()) - 1) for row in wide])
    problem = blocks_of(model).problem
    pairs = np.array([(r, 12 + v) for r, v in entries if len(rows[r]) > 1]).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(24, 24))
    expected = len({connected_components(graph, directed=False)[1][v] for v in pairs[:, 1].tolist()})
    assert len(set(problem.place[np.diff(problem.entry_first) > 0].tolist())) == expected
