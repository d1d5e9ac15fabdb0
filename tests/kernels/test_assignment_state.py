"""The reference's state of an assignment says what the definitions say, from move to move."""

from __future__ import annotations

import copy
import dataclasses
from random import Random

import numpy as np
import pytest
from support.assignment_problems import FEATURES, random_problem, random_start
from support.assignment_scores import score, seats_fit

from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.state import Delta, State
from qamctl.kernels.assignment.walk import Walk

SEEDS = range(80)


def sums(state: State) -> tuple[int, np.ndarray, float]:
    """What a state says of itself."""
    return state.violation, np.array(state.term), state.ghost


def assert_same(one: tuple[int, np.ndarray, float], other: tuple[int, np.ndarray, float]) -> None:
    """Violations are equal; terms and ghosts but for rounding."""
    assert one[0] == other[0]
    np.testing.assert_allclose(one[1], other[1], rtol=1e-9, atol=1e-7)
    assert one[2] == pytest.approx(other[2], rel=1e-9, abs=1e-7)


def contents(state: State) -> dict[str, object]:
    """Everything in a state that a move changes, without the order of units in a leaf and the rounding of sums."""
    names = ("x", "use", "both", "load", "balance", "cost", "violation")
    rules = ("in_leaf", "in_value", "in_place")
    return {
        **{name: copy.deepcopy(getattr(state, name)) for name in names},
        **{name: copy.deepcopy(getattr(state.rules, name)) for name in rules},
        "inside": [sorted(units) for units in state.inside],
        "seats": copy.deepcopy((state.devices.mask, state.devices.room)),
        "moved": (state.homes.agents, state.homes.most, state.homes.in_group.copy()),
    }


def placed(problem: AssignmentProblem, seed: int) -> State:
    """A state with some assignment."""
    state = State(problem)
    state.assign(random_start(problem, seed).tolist())
    return state


def random_moves(state: State, rng: Random, count: int) -> list[tuple[int, int]]:
    """Moves of random units to random leaves, allowed or not."""
    return [(rng.randrange(state.n), rng.randrange(state.k + 1)) for _ in range(count)]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_assignment_is_worth_what_the_definitions_say(seed: int) -> None:
    """Violation, terms and what is left behind equal a recomputation, at first and after random moves."""
    problem = random_problem(seed)
    state, rng = placed(problem, seed), Random(seed)
    for u, b in [(0, state.x[0]), *random_moves(state, rng, 60)]:
        state.move(u, b)
        assert_same(sums(state), score(problem, state.x, state.devices.mask))
        assert seats_fit(problem, state.x, state.devices.mask)
    assert all(state.inside[leaf][at] == u for u, (leaf, at) in enumerate(zip(state.x, state.at, strict=True)))
    assert sum(map(len, state.inside)) == problem.n


@pytest.mark.parametrize("seed", SEEDS)
def test_a_peek_says_what_the_move_changes_and_changes_nothing(seed: int) -> None:
    """The state is the same to the last bit after a peek, and differs by what it said after the move."""
    state, rng = placed(random_problem(seed), seed), Random(seed)
    for u, b in random_moves(state, rng, 40):
        before, shown, cost = contents(state), sums(state), state.homes.cost
        d = state.peek(u, b)
        assert contents(state) == before
        assert state.homes.cost == cost
        state.move(u, b, d)
        assert state.violation == shown[0] + d.violation
        scored = score(random_problem(seed), state.x, state.devices.mask)
        assert_same((shown[0] + d.violation, shown[1] + d.term, shown[2] + d.ghost), scored)


def test_a_move_to_where_a_unit_is_changes_nothing() -> None:
    """It costs nothing, and doing it does nothing."""
    state = placed(random_problem(1), 1)
    before = contents(state)
    assert state.peek(0, state.x[0]) == Delta()
    state.move(0, state.x[0])
    assert contents(state) == before


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_taken_back_leaves_no_trace(seed: int) -> None:
    """After `back` all is as it was, devices and sums to the last bit included; a part can be taken back as well."""
    problem = random_problem(seed)
    walk, rng = Walk(problem, random_start(problem, seed).tolist(), seed), Random(seed)
    state = walk.state
    for count in (1, 5, 30):
        before, term, ghost = contents(state), state.term, state.ghost
        walk.begin()
        for u, b in random_moves(state, rng, count):
            walk.go(u, b)
        kept = count // 2
        walk.back(kept)
        assert len(walk.undo) == kept
        assert_same(sums(state), score(problem, state.x, state.devices.mask))
        walk.back()
        assert contents(state) == before
        assert (state.term, state.ghost) == (term, ghost)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restart_goes_back_to_the_best_assignment_with_its_devices(seed: int) -> None:
    """Leaves and devices are those noted, and the sums are those of the definitions."""
    problem = random_problem(seed, has={*FEATURES} - {"bounds", "own"})
    walk, rng = Walk(problem, random_start(problem, seed).tolist(), seed), Random(seed)
    for u, b in random_moves(walk.state, rng, 30):
        walk.state.move(u, b)
        walk.keep()
    known = walk.best_violation
    walk.restart()
    assert (walk.state.x, walk.state.devices.mask) == (walk.best, walk.best_mask)
    assert walk.best_violation == walk.state.violation == known
    assert_same(sums(walk.state), score(problem, walk.best, walk.best_mask))


@pytest.mark.parametrize("seed", SEEDS)
def test_room_is_where_a_move_breaks_no_limit_of_the_leaf(seed: int) -> None:
    """`fits` is true just where the unit, and the one that left, keep the leaf within all limits that it kept."""
    problem = random_problem(seed)
    state, rng = placed(problem, seed), Random(seed)
    for u, b in random_moves(state, rng, 60):
        if state.x[u] == b:
            continue
        others = [w for w in state.inside[b] if w != u] if b < state.k else []
        without = rng.choice([-1, *others])
        trial = copy.deepcopy(state)
        if without >= 0:
            trial.move(without, state.k)
        trial.move(u, b)
        limits = [] if b == state.k else state.forest.hard[b]
        kept = all((trial.both if old else trial.use)[b][r] <= limit for r, limit, _, old in limits)
        assert state.fits(u, b, without) == kept


def test_pieces_take_the_fullest_device_that_has_room_and_whole_ones_empty_devices() -> None:
    """Three devices of 8: 5 and 2 share one, 4 takes another, 8 the last; then 16 finds nothing, and 1 the fullest."""
    problem = dataclasses.replace(
        random_problem(1, n=6, k=1, has=set()),
        piece_first=np.arange(7), piece_device=np.zeros(6, np.int32), piece_size=np.array([5, 4, 2, 8, 16, 1]),
        device_size=np.array([8]), device_count=np.array([[3]]),
    )  # fmt: skip
    state = State(problem)
    state.assign([0] * 6)
    assert state.devices.mask == [1, 2, 1, 4, 0, 1]
    assert state.devices.room == [[[0, 4, 0]]]
    state.move(3, 1)
    assert state.devices.mask == [1, 2, 1, 0, 0, 1]
    assert state.devices.room == [[[0, 4, 8]]]
    assert (state.devices.lacking(4), state.devices.peek(3, 0), state.devices.peek(4, 0)) == (1, 0, 1)
