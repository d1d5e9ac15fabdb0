"""CP-SAT on every kind of constraint that is about crews, calendars or tasks left out: known optima of small specs."""

from __future__ import annotations

from typing import Any

import pytest
from support.cpsat_cases import instance_of, solve

from qamctl.schedule.solution import segments_of


def agents(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": name, **more} for name in names]


def task(name: str, duration: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "duration": duration, **more}


def optimum(**data: Any) -> tuple[float | None, ...]:
    """The proved value of every level."""
    instance = instance_of(**data)
    assert instance.crews is not None
    outcome, _ = solve(instance)
    assert outcome.status == "optimal"
    assert instance.value(outcome.solution) == pytest.approx(outcome.bounds)
    return outcome.bounds


GPU = {"id": "gpu", "capacity": 2}
EARLY = {"id": "gpu", "capacity": 2, "calendar": [[1, 4, 1]]}
AWAY = {"calendar": [[2, 5]]}
ZONES = [{"id": name, "labels": {"zone": zone}} for name, zone in (("a", "n"), ("b", "n"), ("c", "s"), ("d", "s"))]


@pytest.mark.parametrize(
    ("best", "data"),
    [
        pytest.param(8, {"agents": agents("a", **AWAY), "tasks": [task("x", 3)]}, id="waits-for-the-agent"),
        pytest.param(
            6, {"agents": agents("a", **AWAY), "tasks": [task("x", 3, preemptible=True)]}, id="pauses-while-away"
        ),
        pytest.param(
            3, {"agents": agents("a", **AWAY), "tasks": [task("x", 0, release=3), task("y", 2)]}, id="instant-in-a-gap"
        ),
        pytest.param(
            6, {"resources": [EARLY], "tasks": [task("x", 2, demand={"gpu": 2})]}, id="waits-for-the-pool"
        ),
        pytest.param(
            5,
            {"resources": [EARLY], "tasks": [task("x", 2, demand={"gpu": 2}, preemptible=True)]},
            id="pauses-while-the-pool-lacks",
        ),
        pytest.param(
            5,
            {
                "resources": [{"id": "gpu", "capacity": 1, "calendar": [[3, 6, 2]]}],
                "tasks": [task("x", 2, demand={"gpu": 2})],
            },
            id="pool-has-more-at-times",
        ),
        pytest.param(
            5,
            {
                "resources": [{"id": "gpu", "capacity": 1}],
                "agents": agents("a", calendar=[[1, 4]]),
                "tasks": [
                    task("x", 2, demand={"gpu": 1}, preemptible=True),
                    task("y", 3, demand={"gpu": 1}, agents="none"),
                ],
            },
            id="pauses-give-back-the-pool",
        ),
        pytest.param(
            6,
            {
                "resources": [{"id": "gpu", "capacity": 0}],
                "agents": [{"id": "a", "slots": 2, "capacity": {"gpu": 1}}, {"id": "b", "calendar": [[1, 4]]}],
                "tasks": [
                    task("x", 2, count=2, preemptible=True),
                    task("y", 3, demand={"gpu": 1}, agents=["a"]),
                    task("z", 3, agents=["a"]),
                ],
            },
            id="pauses-keep-the-slot",
        ),
        pytest.param(6, {"agents": agents("a", "b", "c"), "tasks": [task(i, 2, count=2) for i in "xyz"]}, id="crews"),
        pytest.param(
            4, {"agents": [{"id": "a"}, {"id": "b", "speed": 0.5}], "tasks": [task("x", 2, count=2)]}, id="slowest"
        ),
        pytest.param(
            2,
            {"resources": [{"id": "gpu", "capacity": 1}], "agents": agents("a", "b"), "tasks": [
                task("x", 2, count=2, demand={"gpu": 1})]},
            id="pool-gives-once",
        ),
        pytest.param(
            4,
            {
                "resources": [{"id": "gpu", "capacity": 1}],
                "agents": [{"id": "a", "capacity": {"gpu": 1}}, {"id": "b"}],
                "tasks": [task("x", 2, count=2, demand={"gpu": 1}), task("y", 2, demand={"gpu": 1}, agents="none")],
            },
            id="pool-gives-for-who-lacks",
        ),
        pytest.param(
            5,
            {
                "resources": [{"id": "fuel", "kind": "consumable", "capacity": 1}],
                "agents": [{"id": "a", "capacity": {"fuel": 2}}, {"id": "b", "capacity": {"fuel": 3}}],
                "tasks": [{"id": i, "modes": [
                    {"id": "pair", "duration": 1, "count": 2, "demand": {"fuel": 2}},
                    {"id": "slow", "duration": 4, "agents": "none"},
                ], "after": after} for i, after in (("x", []), ("y", ["x"]))],
            },
            id="consumables-of-each-agent",
        ),
        pytest.param(
            3,
            {"agents": agents("a", "b", "c"), "tasks": [
                task("x", 1, count=2, pinned={"agents": ["b", "c"]}),
                task("y", 2, count=2, pinned={"agent": "a"}, agents=["a", "b"]),
            ]},
            id="pinned-crews",
        ),
        pytest.param(
            4,
            {"agents": agents("a"), "tasks": [
                {"id": "x", "modes": [{"id": "m", "duration": 1}, {"id": "n", "duration": 3}], "pinned": {"mode": "n"},
                 "optional": True, "reward": 9}, task("y", 1)], "objective": {"makespan": 1, "unscheduled": 1}},
            id="pinned-mode",
        ),
        pytest.param(
            7,
            {"agents": agents("a", taints=["hot"]) + agents("b", speed=0.5), "tasks": [
                task("x", 3, count=2, tolerates=["hot"]), task("y", 0.5)]},
            id="taints",
        ),
    ],
)  # fmt: skip
def test_crews_and_calendars(best: float, data: dict[str, Any]) -> None:
    """The shortest schedule is found, and proved, where crews, calendars and pauses decide how short it is."""
    assert optimum(**data) == (best,)


def test_pauses_are_told() -> None:
    """A task that pauses has its pieces of work around the gap."""
    instance = instance_of(agents=agents("a", **AWAY), tasks=[task("x", 3, preemptible=True)])
    solution = solve(instance)[0].solution
    assert solution is not None
    assert segments_of(instance.spec, solution, 0) == [(0, 2), (5, 6)]


def test_tasks_that_may_be_left_out() -> None:
    """What is left out costs its reward and nothing else, holds nobody up, and breaks no rule."""
    tasks = [
        task("x", 5, optional=True, reward=2, due=1, weight=9),
        task("y", 1, after=["x"], gang="g"),
        task("z", 1, apart=["x"], gang="g", release=1),
    ]
    both = {"makespan": 1, "unscheduled": 1, "tardiness": 1, "tardy": 1, "flow": 1}
    # y and z end at 2, the one released at 0, the other at 1; both start at 1
    assert optimum(agents=agents("a", "b"), tasks=tasks, objective=both) == (2 + 2 + 2 + 1,)
    assert optimum(agents=agents("a", "b"), tasks=tasks, objective=[{"unscheduled": 1}, {"makespan": 1}]) == (0, 6)
    nothing = [task("x", 5, optional=True, reward=2, deadline=3)]
    assert optimum(tasks=nothing, objective=[{"unscheduled": 1}, {"makespan": 1}, {"flow": 1}]) == (2, 0, 0)


@pytest.mark.parametrize(
    ("more", "best"),
    [
        ({}, (2, 0)),
        ({"apart": ["x"]}, (1 + 4 + 1, 4)),
        ({"count": 2, "agents": ["a", "b"]}, (6, 4)),
        ({"count": 2, "agents": ["b", "c"]}, (6, 4)),
    ],
)
def test_data_take_time_between_agents(more: dict[str, Any], best: tuple[float, ...]) -> None:
    """The last agent waits for the quickest one that has the data: 6 / 2 + 1 between any two, less by a link."""
    fleet = agents("a", "b", "c")
    data: dict[str, Any] = {
        "communication": {"bandwidth": 2, "latency": 1},
        "tasks": [task("x", 1, agents=["a"]), task("y", 1, **{"after": [{"task": "x", "data": 6}], **more})],
        "objective": [{"makespan": 1}, {"communication": 1}],
    }
    assert optimum(agents=fleet, **data) == best
    if more:
        linked = optimum(agents=fleet, links=[{"a": "a", "b": "b", "bandwidth": 6}], **data)
        assert linked == (best if more.get("agents") == ["b", "c"] else (3, 1))


def families(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [task(f"t{k}", 2, setup=name, **more) for k, name in enumerate(names)]


def setups(*rows: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [{"from": one, "to": other, "time": time} for one, other, time in rows]


def test_setups() -> None:
    """Time passes between tasks of two families, in the order that costs least; both with and without a term."""
    rows = setups(("red", "blue", 3), ("blue", "red", 1))
    data: dict[str, Any] = {"agents": agents("a"), "setup": rows}
    assert optimum(tasks=families("red", "blue", "red"), **data) == (7,)
    both = [{"setup": 1}, {"makespan": 1}]
    assert optimum(tasks=families("red", "blue", "red"), objective=both, **data) == (1, 7)
    assert optimum(tasks=families("red", "blue", "blue"), **data) == (7,)
    apart = [{"setup": 1, "makespan": 1}]
    assert optimum(agents=agents("a", "b"), setup=rows, tasks=families("red", "blue"), objective=apart) == (2,)
    own = [*rows, {"from": "blue", "to": "red", "time": 0, "agents": ["a"]}]
    assert optimum(agents=agents("a"), setup=own, tasks=families("red", "blue", "red")) == (6,)


def test_setups_by_a_detour() -> None:
    """A short task between two others shortens the setup between them; both are on every agent of their crews."""
    rows = setups(("red", "blue", 9), ("blue", "red", 9), ("red", "dye", 1), ("dye", "blue", 1), ("blue", "dye", 9))
    tasks = [*families("red", "blue"), task("d", 1, setup="dye")]
    assert optimum(agents=agents("a"), setup=rows, tasks=tasks) == (2 + 1 + 1 + 1 + 2,)
    crews = [{**one, "count": 2} for one in tasks]
    assert optimum(agents=agents("a", "b"), setup=rows, tasks=crews, objective=[{"makespan": 1}, {"setup": 1}]) == (
        7,
        4,
    )


def test_setups_of_tasks_that_take_no_time() -> None:
    """At one moment tasks stand in their order in the spec, whatever other order would need no setup."""
    rows = setups(("red", "blue", 2), ("blue", "red", 0))
    tasks = [task("x", 0, setup="red"), task("y", 0, setup="blue")]
    for objective in ({"makespan": 1}, {"makespan": 1, "setup": 0.5}):
        assert optimum(agents=agents("a"), setup=rows, tasks=tasks, objective=objective) == (1,)
        assert optimum(agents=agents("a"), setup=rows, tasks=tasks[::-1], objective=objective) == (0,)
    inside = [task("x", 4, setup="red"), task("y", 0, setup="red", pinned={"start": 2})]
    assert optimum(agents=agents("a"), setup=rows, tasks=inside) == (6,)


@pytest.mark.parametrize(
    ("best", "first", "second"),
    [
        (2, {}, {"near": ["x"]}),
        (2, {"agents": ["a"]}, {"near": [{"label": "zone", "group": "g"}], "agents": ["a", "c"]}),
        (1, {"count": 2}, {"count": 2}),
        (2, {"count": 2}, {"count": 2, "near": ["x"]}),
        (2, {"count": 2}, {"near": ["x"]}),
        (2, {"count": 2}, {"count": 2, "near": [{"label": "zone", "group": "g"}]}),
        (1, {"agents": ["a"]}, {"apart": ["x"], "agents": ["a", "b"]}),
        (5, {"agents": ["a"]}, {"apart": [{"label": "zone", "group": "g"}], "agents": ["b", "slow"]}),
        (1, {"count": 2}, {"apart": [{"label": "zone", "group": "g"}], "count": 2, "agents": ["c", "d"]}),
    ],
)  # fmt: skip
def test_rules(best: float, first: dict[str, Any], second: dict[str, Any]) -> None:
    """`near` and `apart` decide which agents do two tasks, and so when they can end."""
    fleet = [*ZONES, {"id": "slow", "labels": {"zone": "w"}, "speed": 0.2}]
    tasks = [{**task("x", 1), **first}, {**task("y", 1), **second}]
    group = [member for member in second.get("near", second.get("apart", [])) if isinstance(member, dict)]
    if group:
        tasks[0]["near" if "near" in second else "apart"] = group
    assert optimum(agents=fleet, tasks=tasks) == (best,)


def test_spread_counts_every_agent() -> None:
    """Of a spread over two zones the numbers of agents differ by the skew at most, crews of several included."""
    fleet = [{"id": "a", "labels": {"zone": "n"}, "cost": {"per_time": 1}}, {"id": "b", "labels": {"zone": "n"}},
             {"id": "c", "labels": {"zone": "s"}, "cost": {"per_time": 5}}]  # fmt: skip
    tasks = [task("x", 1, count=2, spread={"label": "zone"}), task("y", 1, spread={"label": "zone"})]
    assert optimum(agents=fleet, tasks=tasks, objective={"cost": 1}) == (5,)
    relaxed = [{**one, "spread": {"label": "zone", "max_skew": 3}} for one in tasks]
    assert optimum(agents=fleet, tasks=relaxed, objective={"cost": 1}) == (1,)


def test_gangs_start_together() -> None:
    """All scheduled tasks of a gang start when the last of them can, pinned ones where they are pinned."""
    tasks = [task("x", 1, gang="g"), task("y", 2, gang="g", release=3), task("z", 2)]
    assert optimum(agents=agents("a", "b"), tasks=tasks) == (5,)
    assert optimum(agents=agents("a", "b"), tasks=tasks, objective=[{"makespan": 1}, {"flow": 1}]) == (5, 8)
    pinned = [*tasks[:1], {**tasks[1], "pinned": {"start": 4}}]
    assert optimum(agents=agents("a", "b"), tasks=pinned) == (6,)
    late = [{**tasks[0], "optional": True, "deadline": 4}, *pinned[1:]]
    assert optimum(agents=agents("a", "b"), tasks=late) == (6,)
    free = [{**tasks[0], "optional": True, "reward": 1}, *tasks[1:]]
    assert optimum(agents=agents("a"), tasks=free, objective=[{"makespan": 1}, {"unscheduled": 1}]) == (5, 1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"agents": agents("a", "b"), "tasks": [task("x", 1, apart=["y"]), task("y", 1, near=["x"])]}, "near, apart"),
        ({"agents": agents("a", calendar=[[0, 9]]), "tasks": [task("x", 1)], "horizon": 9}, "always away"),
        ({"agents": agents("a"), "tasks": [task("x", 1, count=2)]}, "too few for a crew"),
        ({"agents": agents("a"), "tasks": [task("x", 1, gang="g"), task("y", 1, gang="g")]}, "a gang on one agent"),
        ({"resources": [EARLY], "tasks": [task("x", 2, demand={"gpu": 2}, deadline=5)]}, "the pool comes too late"),
    ],
)  # fmt: skip
def test_infeasible_is_proved(data: dict[str, Any], why: str) -> None:
    """Problems with crews that have no schedule are told to be so."""
    outcome, reported = solve(instance_of(**data))
    assert (outcome.status, outcome.solution, reported) == ("infeasible", None, []), why
