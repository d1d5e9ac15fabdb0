"""The linear relaxation where options draw on stocks: a valid bound, and shares that can be rounded."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from support.brute_force import optimum
from support.random_specs import tiny_spec

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.relaxation import relaxation_of, rounded
from qamctl.schedule.solvers.list_options import draws
from qamctl.schedule.solvers.list_problem import list_problem

FAST_OR_SLOW = [
    {"id": "fast", "duration": 2, "demand": {"fuel": 3}},
    {"id": "slow", "duration": 6, "demand": {"fuel": 1}},
]


def instance_of(**data: Any) -> Instance:
    return build_instance(schedule_from_data({"kind": "schedule", "version": 1, **data}))


def chain(fuel: int, modes: list[dict[str, Any]] = FAST_OR_SLOW) -> Instance:
    """Four tasks one after the other; fast needs more fuel."""
    tasks = [{"id": f"t{k}", "modes": modes, "after": [f"t{k - 1}"] if k else []} for k in range(4)]
    return instance_of(tasks=tasks, resources=[{"id": "fuel", "kind": "consumable", "capacity": fuel}])


def drawing(rng: Random) -> dict[str, Any]:
    """A tiny problem in which all tasks can be done faster for more of two stocks."""
    tasks: list[dict[str, Any]] = []
    for k in range(rng.randint(2, 4)):
        modes = [
            {
                "id": f"m{m}", "duration": rng.randint(1, 4),
                "demand": {"fuel": rng.randint(0, 3), "paint": rng.randint(0, 3), "crane": rng.randint(0, 2)},
            }
            for m in range(rng.randint(1, 3))
        ]  # fmt: skip
        before = [{"task": f"t{j}", "type": rng.choice(("FS", "SS", "FF", "SF")), "lag": rng.randint(0, 2)}
                  for j in range(k) if rng.random() < 0.4]  # fmt: skip
        tasks.append({"id": f"t{k}", "modes": modes, "after": before, "release": rng.choice((0, 0, 3))})
    stocks = [{"id": name, "kind": "consumable", "capacity": rng.randint(2, 6)} for name in ("fuel", "paint")]
    return {
        "kind": "schedule", "version": 1, "tasks": tasks, "resources": [*stocks, {"id": "crane", "capacity": 2}],
    }  # fmt: skip


@pytest.mark.parametrize("block", range(6))
def test_never_above_the_optimum(block: int) -> None:
    """On tiny problems whose tasks compete for stocks the bound holds, and often it is the optimum."""
    seen = met = 0
    for seed in range(20 * block, 20 * block + 20):
        spec = schedule_from_data(drawing(Random(seed)))
        relaxed, best = relaxation_of(build_instance(spec)), optimum(spec, limit=1)
        if relaxed is None or best is None:
            continue
        seen += 1
        assert relaxed.bound <= best.value[0] + 1e-9, seed
        met += relaxed.bound >= best.value[0] - 1e-9
    assert seen >= 5
    assert met >= 1


def test_holds_on_problems_with_every_feature() -> None:
    """Whatever else a small spec has, the bound is not above the optimum."""
    for seed in range(200):
        spec = schedule_from_data({**tiny_spec(Random(seed)), "objective": {"makespan": 1}})
        instance = build_instance(spec)
        relaxed = relaxation_of(instance)
        best = None if relaxed is None else optimum(spec, limit=1)
        if relaxed is not None and best is not None:
            assert relaxed.bound * instance.unit <= best.value[0] + 1e-9, seed


def test_counts_what_the_stocks_leave() -> None:
    """With fuel for one fast task among four, three are slow: no bound that looks at options one by one sees that."""
    instance = chain(6)
    relaxed = relaxation_of(instance)
    assert relaxed is not None
    assert relaxed.bound == 2 + 3 * 6
    assert makespan_bound(instance) == relaxed.bound
    assert relaxed.share.reshape(4, 2).sum(axis=0) == pytest.approx([1, 3])


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(chain(3), id="not enough for anyone"),
        pytest.param(chain(12, FAST_OR_SLOW[:1]), id="nothing to choose"),
        pytest.param(chain(12, [{"id": "a", "duration": 1}, {"id": "b", "duration": 2}]), id="no stock"),
        pytest.param(
            instance_of(
                tasks=[{"id": "a", "modes": FAST_OR_SLOW}], objective={"cost": 1},
                resources=[{"id": "fuel", "kind": "consumable", "capacity": 9}],
            ),
            id="no makespan",
        ),
    ],
)  # fmt: skip
def test_is_left_out_where_it_says_nothing(instance: Instance) -> None:
    """Without a choice, a stock, a makespan that counts, or a solution there is no relaxation."""
    assert relaxation_of(instance) is None


def test_a_problem_too_large_is_not_relaxed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above so many options the bound would take longer than it is worth."""
    monkeypatch.setattr("qamctl.schedule.relaxation.MOST_OPTIONS", 7)
    assert relaxation_of(chain(7)) is None


def test_rounding_takes_every_option_about_as_often_as_its_share() -> None:
    """The first row has the largest shares; the rest are spread over all shares, never an option without one."""
    instance = chain(8)
    share = np.array([1.0, 0.0, 0.75, 0.25, 0.5, 0.5, 0.0, 1.0])
    rows = rounded(instance, share, 41)
    assert rows[0].tolist() == [0, 2, 4, 7]
    fast = (rows[1:] == instance.first_option[:-1]).mean(axis=0)
    assert fast == pytest.approx(share[::2], abs=0.03)
    assert rounded(instance, share, 1).tolist() == [[0, 2, 4, 7]]


def test_search_begins_with_rounded_options_and_prefers_them() -> None:
    """The starting points hold options of the relaxation, and moves draw those more often than others."""
    instance = chain(6)
    problem = list_problem(instance, None, np.array([-np.inf])).problem
    fixed = problem.choices[(problem.choices >= 0).all(axis=1)]
    assert len(fixed) > 1
    assert set(np.diff(problem.draw_first).tolist()) == {3 + 10}
    plain = draws(problem.first_option)
    assert plain[1].reshape(4, 3).tolist() == [[0, 1, -1], [2, 3, -1], [4, 5, -1], [6, 7, -1]]
