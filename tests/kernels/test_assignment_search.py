"""What the assignment search does, with either kernel."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from support.assignment_problems import (
    FEATURES,
    KERNELS,
    Make,
    native_search,
    needs_native,
    random_problem,
    random_start,
    state,
)
from support.assignment_scores import score, seats_fit

from qamctl import kernels
from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.reference import AssignmentSearch as Reference

SHOWN = ("best", "best_mask", "best_violation", "best_term", "leaf", "violation", "term")

each_kernel = pytest.mark.parametrize("make", KERNELS)


def small(seed: int) -> AssignmentProblem:
    """Five units in three leaves; pieces of devices apart, which units take in an order that matters."""
    has = {*FEATURES} - {"devices", "kinds", "levels", "least", "bounds"}
    return random_problem(seed, n=5, k=3, has={name for i, name in enumerate(sorted(has)) if (seed + i) % 3})


def optimum(problem: AssignmentProblem) -> tuple[int, float]:
    """The least violation, and the least objective with it, of all assignments that are allowed."""
    places = [
        [*np.flatnonzero(problem.allowed[kind]).tolist(), *([problem.k] if optional else [])]
        for kind, optional in zip(problem.kind, problem.optional, strict=True)
    ]
    scores = (score(problem, leaf, ()) for leaf in product(*places))
    return min((violation, float(problem.levels[0] @ term)) for violation, term, _ in scores)


@each_kernel
@pytest.mark.parametrize("seed", range(12))
def test_small_problems_are_solved(make: Make, seed: int) -> None:
    """The best assignment is as good as the best of all, where one keeps every rule."""
    problem = small(seed)
    violation, value = optimum(problem)
    search = make(problem, random_start(problem, seed), seed)
    search.plan(3000)
    search.run(3000, 1e9)
    if violation == 0:
        assert search.best_violation == 0
        assert problem.levels[0] @ search.best_term == pytest.approx(value, rel=1e-9, abs=1e-9)
    else:
        assert search.best_violation >= violation


@each_kernel
@pytest.mark.parametrize("seed", range(20))
def test_what_is_shown_is_what_the_definitions_say(make: Make, seed: int) -> None:
    """After some steps the best assignment and its devices have the violation and terms that are shown with it."""
    problem = random_problem(seed)
    search = make(problem, random_start(problem, seed), seed)
    search.plan(500)
    for _ in range(4):
        search.run(150, 1e9)
        violation, term, _ = score(problem, search.best.tolist(), search.best_mask.tolist())
        assert search.best_violation == violation
        np.testing.assert_allclose(search.best_term, term, rtol=1e-9, atol=1e-7)
        assert seats_fit(problem, search.best.tolist(), search.best_mask.tolist())
        np.testing.assert_allclose(search.term, score(problem, search.leaf.tolist(), search.best_mask)[1], atol=1e-7)


@each_kernel
@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_stays_kept(make: Make, seed: int) -> None:
    """From step to step the violation never rises, so that a feasible assignment is never left."""
    problem = random_problem(seed, n=12, k=4)
    search = make(problem, random_start(problem, seed), seed)
    for _ in range(400):
        before, best = search.violation, (search.best_violation, problem.levels[0] @ search.best_term)
        search.run(1, 1e9)
        assert search.violation <= before
        assert search.best_violation <= best[0]
        if search.best_violation == best[0]:
            assert problem.levels[0] @ search.best_term <= best[1] + 1e-9


@each_kernel
def test_units_go_only_where_they_may(make: Make) -> None:
    """From an allowed start, every assignment seen is an allowed one."""
    for seed in range(10):
        problem = random_problem(seed, n=15, k=5)
        at = [np.flatnonzero(problem.allowed[kind]) for kind in problem.kind]
        start = np.array([leaves[0] if len(leaves) else problem.k for leaves in at], np.int32)
        search = make(problem, start, seed)
        for _ in range(60):
            search.run(5, 1e9)
            for u, leaf in enumerate(search.leaf.tolist()):
                out = problem.optional[u] or start[u] == problem.k
                assert out if leaf == problem.k else leaf in at[u]


@each_kernel
def test_slices_do_not_change_the_path(make: Make) -> None:
    """Runs that are cut by time end where one long run ends."""
    problem = random_problem(3, n=20, k=4)
    whole, cut = (make(problem, random_start(problem, 1), 1) for _ in range(2))
    for search in (whole, cut):
        search.plan(1000)
    whole.run(1500, 1e9)
    slices = 0
    while cut.steps < 1500:
        cut.run(1500 - cut.steps, 0.0)
        slices += 1
    assert slices > 1
    assert state(whole) == state(cut)


@each_kernel
def test_a_plan_lays_out_the_cooling(make: Make) -> None:
    """A cycle is as long as the plan says and the next one begins at the best assignment; a short one is shorter."""
    problem = random_problem(5, n=20, k=4)
    search = make(problem, random_start(problem, 1), 1)
    assert (search.run(300, 1e9), search.cycles) == (300, 0)
    search.plan(100)
    search.run(1, 1e9)
    assert search.cycles == 1
    search.run(250, 1e9)
    assert (search.cycles, search.steps) == (3, 551)
    cold, hot = (make(problem, random_start(problem, 1), 1) for _ in range(2))
    cold.plan(300)
    for other in (cold, hot):
        other.run(300, 1e9)
    assert state(cold) != state(hot)


@each_kernel
def test_seeds_make_the_difference(make: Make) -> None:
    """One seed gives one path, another seed another one."""
    problem = random_problem(4, n=30, k=5)
    one, same, other = (make(problem, random_start(problem, 1), seed) for seed in (1, 1, 2))
    for search in (one, same, other):
        search.run(100, 1e9)
    assert state(one) == state(same)
    assert state(one) != state(other)


@each_kernel
def test_levels_keep_the_bounds_of_those_before(make: Make) -> None:
    """With the second level in focus, the first one stays as good as it was, and the second gets no worse."""
    for seed in range(10):
        problem = dataclasses.replace(
            random_problem(seed, n=12, k=3, has={"links", "safe", "open", "optional", "homes"}),
            levels=np.array([[1.0, 0, 0, 0, 0, 0, 2], [0, 1.0, 0, 1, 1, 0, 0]]),
        )
        search = make(problem, random_start(problem, seed), seed)
        search.run(500, 1e9)
        if search.best_violation:
            continue
        first, second = problem.levels @ search.best_term
        search.focus(1, np.array([first]))
        search.plan(500)
        search.run(500, 1e9)
        assert search.best_violation == 0
        now, then = problem.levels @ search.best_term
        assert now <= first + 1e-8 * max(1.0, abs(first))
        assert then <= second + 1e-9


@each_kernel
@pytest.mark.parametrize(("n", "k"), [(0, 3), (4, 0), (0, 0)])
def test_nothing_to_place_or_nowhere_to_go_leaves_nothing_to_do(make: Make, n: int, k: int) -> None:
    """No step is done, and everybody is in no cluster."""
    problem = _empty(n, k)
    search = make(problem, np.full(n, k, np.int32), 1)
    assert search.run(10, 1e9) == 0
    assert search.best.tolist() == [k] * n
    assert search.best_term[-1] == n


def _empty(n: int, k: int) -> AssignmentProblem:
    """Units that may be anywhere and nowhere, which costs 1 each."""
    problem = random_problem(1, n=max(1, n), k=max(1, k), has={"optional"})
    rows: dict[str, Any] = {
        name: np.zeros(n + 1, np.int64) for name in ("link", "apart", "home", "cost", "member", "piece")
    }
    return dataclasses.replace(
        problem, n=n, k=k, demand=problem.demand[:n], kind=problem.kind[:n], optional=np.ones(n, np.uint8),
        reward=np.ones(n), parent=problem.parent[:k], capacity=problem.capacity[:k], safe=problem.safe[:k],
        least=problem.least[:k], open_cost=problem.open_cost[:k], place=problem.place[:k], value=problem.value[:, :k],
        allowed=np.ones((1, k), np.uint8), allowed_first=np.array([0, k]), allowed_leaf=np.arange(k, dtype=np.int32),
        device_count=problem.device_count[:k], **{f"{name}_first": row for name, row in rows.items()},
    )  # fmt: skip


@each_kernel
def test_one_caller_at_a_time(make: Make) -> None:
    """Whoever comes while another thread runs the search is refused, and it goes on afterwards."""
    problem = random_problem(4, n=30, k=5)
    search = make(problem, random_start(problem, 1), 1)
    calls: dict[str, Callable[[], object]] = {
        "run": lambda: search.run(1, 0.0), "plan": lambda: search.plan(5),
        "focus": lambda: search.focus(0, np.zeros(0)),
        **{name: partial(getattr, search, name) for name in (*SHOWN, "steps", "cycles")},
    }  # fmt: skip

    def drive() -> None:
        with suppress(RuntimeError):  # the other one may be first
            search.run(10**9, 0.4)

    refused: set[str] = set()
    while len(refused) < len(calls):
        thread = threading.Thread(target=drive)
        thread.start()
        while thread.is_alive():
            for name, call in calls.items():
                try:
                    call()
                except RuntimeError as error:
                    refused |= {name} if "another thread" in str(error) else set()
        thread.join()
    assert search.run(1, 1e9) == 1


def broken(name: str, change: Any) -> Any:
    """A problem of which one array is changed; a function of the array, or what takes its place."""
    problem = random_problem(2, n=12, k=4, has={*FEATURES})
    value = getattr(problem, name)
    return dataclasses.replace(problem, **{name: change(value.copy()) if callable(change) else change})


def with_entry(at: int, entry: float) -> Any:
    """Changes one entry of an array."""

    def change(array: np.ndarray) -> np.ndarray:
        array.flat[at] = entry
        return array

    return change


#: Arrays, what is done to them, and what is said of it.
FAULTS: list[tuple[str, Any, str]] = [
    ("demand", lambda a: a.astype(np.int32), "demand is no C-contiguous array of int64 with 2 dimensions"),
    ("demand", lambda a: a.ravel(), "demand is no C-contiguous array of int64 with 2 dimensions"),
    ("demand", np.asfortranarray, "demand is no C-contiguous array"),
    ("load", lambda a: a.tolist(), "load is no C-contiguous array of float64 with 1 dimension"),
    ("demand", lambda a: a[:-1], "demand has 11 entries where 12 are needed"),
    ("demand", lambda a: np.ascontiguousarray(a[:, 1:]), "demand has . columns where . are needed"),
    ("levels", lambda a: a[:0], "levels has 0 entries where 1 are needed"),
    ("surprise", lambda a: a[:0], "surprise has 0 entries where 1 are needed"),
    ("pair_cost", lambda a: a[:-1], "pair_cost has 15 entries where 16 are needed"),
    ("cooling", lambda a: a[:100], "cooling has 100 entries where 256 are needed"),
    ("mix", lambda a: a[:3], "mix has 3 entries where 5 are needed"),
    ("kind", lambda a: a[:-1], "kind has 11 entries where 12 are needed"),
    ("n", 11, "kind has 12 entries where 11 are needed"),
    ("n", -1, "has a size that can't be"),
    ("k", 3, "(place|allowed|value) has "),
    ("link_first", lambda a: a[:-1], "link_first does not divide .* entries among 12 rows"),
    ("link_first", with_entry(3, -1), "link_first does not divide"),
    ("cost_first", with_entry(-1, 0), "cost_first does not divide"),
    ("allowed_first", lambda a: a[:0], "(allowed|allowed_first) (has|does)"),
    ("link_to", with_entry(0, 12), "link_to has an entry outside 0 .. 11"),
    ("apart_to", with_entry(0, -1), "apart_to has an entry outside 0 .. 11"),
    ("allowed_leaf", with_entry(0, 4), "allowed_leaf has an entry outside 0 .. 3"),
    ("home_leaf", with_entry(0, 4), "home_leaf has an entry outside 0 .. 3"),
    ("home_group", with_entry(0, -2), "home_group has an entry outside -1"),
    ("home_count", with_entry(0, -1), "home_count has an entry outside 0"),
    ("kind", with_entry(0, 99), "kind has an entry outside 0"),
    ("place", with_entry(0, 99), "place has an entry outside 0"),
    ("ratio_one", with_entry(0, 9), "ratio_one has an entry outside 0"),
    ("cost_own", with_entry(0, 999), "cost_own has an entry outside -1"),
    ("cost_leaf", lambda a: a[::-1].copy(), "cost_leaf does not ascend in every row"),
    ("member_rule", with_entry(0, 99), "member_rule has an entry outside 0"),
    ("rule_value", with_entry(0, 99), "rule_value has an entry outside -1"),
    ("near_rule", with_entry(0, 99), "near_rule has an entry outside 0"),
    ("value", with_entry(0, 99), "value has an entry outside 0"),
    ("values", with_entry(0, 0), "values has an entry outside 1"),
    ("piece_device", with_entry(0, 9), "piece_device has an entry outside 0"),
    ("piece_size", with_entry(0, 0), "piece_size has an entry outside 1"),
    ("device_count", with_entry(0, 64), "device_count has an entry outside 0 .. 63"),
    ("parent", with_entry(0, 0), "parent has a cluster before one that it contains"),
    ("parent", with_entry(0, 99), "parent has an entry outside -1"),
    ("link_weight", with_entry(0, np.nan), "link_weight has an entry that is not finite"),
    ("levels", with_entry(0, np.inf), "levels has an entry that is not finite"),
]


@each_kernel
@pytest.mark.parametrize(("name", "change", "message"), FAULTS, ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)])
def test_arrays_that_do_not_fit_are_refused(make: Make, name: str, change: Any, message: str) -> None:
    """What would be read where nothing is, is named."""
    with pytest.raises(ValueError, match=message):
        make(broken(name, change), np.zeros(12, np.int32), 1)


@each_kernel
def test_a_wrong_start_is_refused(make: Make) -> None:
    """Leaves are int32, one a unit, and `k` is the last that means something."""
    problem = random_problem(2, n=12, k=4)
    for wrong in (np.zeros(12), np.zeros(12, np.int64), np.zeros((12, 1), np.int32), [0] * 12):
        with pytest.raises(TypeError, match="start is no C-contiguous array of int32"):
            make(problem, wrong, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="start has 11 entries where 12 are needed"):
        make(problem, np.zeros(11, np.int32), 1)
    for leaf in (-1, 5):
        with pytest.raises(ValueError, match=r"start has an entry outside 0 \.\. 4"):
            make(problem, np.full(12, leaf, np.int32), 1)


@each_kernel
def test_a_wrong_focus_is_refused_and_changes_nothing(make: Make) -> None:
    """There is such a level, and one bound for each before it."""
    problem = dataclasses.replace(random_problem(2, n=12, k=4), levels=np.ones((2, 7)))
    search = make(problem, random_start(problem, 1), 1)
    search.run(20, 1e9)
    before = state(search)
    for level in (-1, 2):
        with pytest.raises(ValueError, match=f"no level {level}, only 0 .. 1"):
            search.focus(level, np.zeros(max(0, level)))
    for size in (0, 2):
        with pytest.raises(ValueError, match=f"bounds has {size} entries where 1 are needed"):
            search.focus(1, np.zeros(size))
    with pytest.raises(TypeError, match="bounds is no C-contiguous array of float64"):
        search.focus(1, np.zeros(1, np.float32))  # type: ignore[arg-type]
    assert state(search) == before


def test_the_environment_chooses_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_KERNELS=reference gives the reference, with any integer as a seed."""
    monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    problem = random_problem(2)
    assert isinstance(kernels.assignment_search(problem, random_start(problem, 1), -1), Reference)


@needs_native
def test_the_built_extension_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extension was built it is used; seeds are taken modulo 2**64."""
    monkeypatch.delenv("QAMCTL_KERNELS", raising=False)
    problem = random_problem(2)
    start = random_start(problem, 1)
    search, native = kernels.assignment_search(problem, start, -1), native_search(problem, start, 2**64 - 1)
    assert type(search) is type(native)
    for each in (search, native):
        each.run(50, 1e9)
    assert state(search) == state(native)
