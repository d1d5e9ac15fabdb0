"""The C++ search over blocks takes the reference's decisions, one by one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support.assignment import assignment
from support.group_kernels import drive, make, needs_native, problem_of, state

from qamctl.qubo.search.blocks import blocks_of


@needs_native
@pytest.mark.parametrize("seed", range(100))
def test_both_kernels_agree_on_random_models(seed: int) -> None:
    """States, weights, visits and best states are equal after every few sweeps, whatever a model contains."""
    problem = problem_of(seed)
    native, reference = make("native", problem, seed), make("reference", problem, seed)
    assert drive(native, problem, seed) == drive(reference, problem, seed)


@needs_native
def test_both_kernels_agree_on_an_assignment() -> None:
    """Weights that rise and fall, swaps and ejections agree on 20 items in 4 bins over whole coolings."""
    problem = blocks_of(assignment(20, 4, 3).model()).problem
    searches = [make(which, problem, 5) for which in ("native", "reference")]
    for search in searches:
        search.set_weights(np.full(4, 3.0))
        search.plan(np.geomspace(60.0, 0.5, 60).round(9))
        search.run(60, 1e9)
    assert state(searches[0]) == state(searches[1])
    assert searches[0].best_violation == 0
    assert searches[0].climbs > 0


@pytest.mark.parametrize("which", [pytest.param("native", marks=needs_native), "reference"])
def test_slices_do_not_change_the_path(which: str) -> None:
    """Runs that are cut by time end where one long run ends, and keep the same best state."""
    problem = problem_of(4)
    whole, cut = make(which, problem, 1), make(which, problem, 1)
    for search in (whole, cut):
        search.plan(np.geomspace(30.0, 0.5, 40).round(9))
    whole.run(40, 1e9)
    while cut.sweeps < 40:
        cut.run(40 - cut.sweeps, 0.0)
    assert state(whole) == state(cut)


@pytest.mark.parametrize("which", [pytest.param("native", marks=needs_native), "reference"])
def test_the_objective_of_the_state_is_that_of_the_problem(which: str) -> None:
    """After a thousand sweeps the running sums equal a recomputation of objective and violation."""
    for seed in (3, 4, 9, 12):
        problem = problem_of(seed)
        search = make(which, problem, seed)
        search.plan(np.array([5.0]))
        search.run(100, 1e9)
        for choice, objective, violation in (
            (search.choice, search.objective, search.violation),
            (search.best_choice, search.best_objective, search.best_violation),
        ):
            x = np.zeros(len(problem.linear))
            x[choice] = 1
            owner = np.repeat(np.arange(len(x)), np.diff(problem.first))
            assert objective == pytest.approx(x @ problem.linear + (x[owner] * x[problem.other]) @ problem.weight / 2)
            row = np.repeat(np.arange(len(problem.low)), np.diff(problem.row_first))
            activity = np.bincount(row, problem.row_coef * x[problem.row_variable], len(problem.low))
            outside = np.maximum(activity - problem.high, 0) + np.maximum(problem.low - activity, 0)
            assert violation == outside.sum()


@pytest.mark.parametrize("which", [pytest.param("native", marks=needs_native), "reference"])
def test_wrong_arguments_are_refused(which: str) -> None:
    """Choices, candidates, weights and plans that don't fit the problem are refused, and nothing has changed."""
    problem = problem_of(4)
    search = make(which, problem, 1)
    before = state(search)
    blocks, n = len(search.choice), len(problem.linear)
    for choice in ([], [0] * blocks, [n] * blocks, [-1] * blocks):
        with pytest.raises(ValueError, match="choice"):
            search.start(np.array(choice, np.int32))
    first = problem.block_first
    everything = np.arange(n, dtype=np.int32)
    for bounds, member in (
        (first[:-1], everything), (first, everything[:-1]), (first, everything[::-1].copy()),
        (np.concatenate([first[:1], first[:1], first[2:]]), everything),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="candidates"):
            search.set_candidates(bounds.astype(np.int64), member)
    with pytest.raises(ValueError, match="weight"):
        search.set_weights(np.zeros(len(problem.low) + 1))
    with pytest.raises(ValueError, match="temperature"):
        search.plan(np.zeros(0))
    assert state(search) == before


@needs_native
def test_one_caller_at_a_time() -> None:
    """A second thread is refused while the first one runs, and the search goes on afterwards."""
    search = make("native", problem_of(4), 1)
    search.plan(np.array([5.0]))
    thread = threading.Thread(target=search.run, args=(10**9, 0.5))
    thread.start()
    refused = 0
    while thread.is_alive():
        try:
            search.run(1, 0.0)
        except RuntimeError:
            refused += 1
    thread.join()
    assert refused > 0
    assert search.run(1, 1e9) == 1


def test_the_reference_takes_one_caller_at_a_time() -> None:
    """The reference refuses a call from within a call."""
    from qamctl.kernels.groups.reference import GroupSearch

    search = GroupSearch(problem_of(4), 1)
    search.running = True
    with pytest.raises(RuntimeError, match="another thread"):
        search.run(1, 1e9)


def test_blocks_of_one_member_leave_nothing_to_do() -> None:
    """A problem without a choice is searched without a move."""
    from support.qubo_models import model_of

    problem = blocks_of(model_of([3.0, 4.0], [(0, 1, 2.0)], groups=[[0], [1]])).problem
    for which in ["reference"] + ["native"] * (needs_native.args[0] is False):
        search = make(which, problem, 1)
        assert search.run(5, 1e9) == 5
        assert search.best_objective == 9.0


@needs_native
@pytest.mark.parametrize("level", ["1", "3", "4"])
def test_every_instruction_set_gives_the_same_answer(level: str) -> None:
    """The search is the same whatever the processor offers."""
    root = Path(__file__).resolve().parents[1]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from support.group_kernels import drive, make, problem_of\n"
        "p = problem_of(9); print(drive(make('native', p, 1), p, 1)[-1])"
    )
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"QAMCTL_ISA": level},
        capture_output=True,
        text=True,
        check=True,
    )
    problem = problem_of(9)
    assert told.stdout.strip() == str(drive(make("reference", problem, 1), problem, 1)[-1])
