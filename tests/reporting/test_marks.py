"""What the problem file tells of a schedule: late, fixed, critical, and the use of what all share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.reporting.marks import known_of
from qamctl.schedule.read import schedule_from_data


def row(task: str, start: float, end: float, *agents: str, mode: str | None = None) -> dict[str, Any]:
    """A row of a result."""
    return {"task": task, "agents": list(agents), "mode": mode, "start": start, "end": end, "segments": None}


def spec_of(tasks: list[dict[str, Any]], **more: Any) -> Any:
    return schedule_from_data({"kind": "schedule", "version": 1, "tasks": tasks, **more})


AGENTS = [{"id": "a"}, {"id": "b"}]


def test_late_and_fixed_tasks() -> None:
    """By how much in the unit; fixed where an agent or a start is given."""
    spec = spec_of(
        [
            {"id": "t1", "duration": 3, "due": 2}, {"id": "t2", "duration": 3, "due": 9, "pinned": {"agent": "b"}},
            {"id": "t3", "duration": 0.5, "due": 3, "pinned": {"start": 3}}, {"id": "t4", "duration": 1},
        ],
        agents=AGENTS,
    )  # fmt: skip
    known = known_of(spec, [row("t1", 0, 3, "a"), row("t2", 0, 3, "b"), row("t3", 3, 3.5, "a"), row("gone", 0, 9)])
    assert known.late == {"t1": 1, "t3": 0.5}
    assert known.pinned == {"t2", "t3"}


def test_the_chain_to_the_last_end() -> None:
    """Back from the last task over precedence without slack and over the agent that it had to wait for."""
    spec = spec_of(
        [
            {"id": "t1", "duration": 3}, {"id": "t2", "duration": 2, "after": [{"task": "t1", "lag": 1}]},
            {"id": "t3", "duration": 4}, {"id": "t4", "duration": 1, "after": ["t3"]}, {"id": "t5", "duration": 2},
        ],
        agents=AGENTS,
    )  # fmt: skip
    rows = [
        row("t1", 0, 3, "a"), row("t2", 4, 6, "a"), row("t3", 0, 4, "b"), row("t4", 6, 7, "a"), row("t5", 4, 6, "b"),
    ]  # fmt: skip
    assert known_of(spec, rows).critical == {"t1", "t2", "t4"}
    rows[3] = row("t4", 6, 7, "b")
    assert known_of(spec, rows).critical == {"t3", "t4", "t5"}


@pytest.mark.parametrize(
    ("kind", "start", "critical"), [("SS", 1, {"t1", "t2"}), ("FF", 3, {"t1", "t2"}), ("SF", 0, {"t1", "t2"}),
                                    ("SS", 2, {"t2"})],
)  # fmt: skip
def test_every_kind_of_precedence_counts(kind: str, start: int, critical: set[str]) -> None:
    """Start or end of the one and the other, with the lag, where there is no slack."""
    lag = {"SS": 1, "FF": 2, "SF": 5}[kind]
    spec = spec_of(
        [{"id": "t1", "duration": 6}, {"id": "t2", "duration": 5, "after": [{"task": "t1", "type": kind, "lag": lag}]}],
        agents=AGENTS,
    )  # fmt: skip
    ends = {"SS": start + 5, "FF": 8, "SF": 5}[kind]
    known = known_of(spec, [row("t1", 0, 6 if kind != "SF" else 4, "a"), row("t2", ends - 5, ends, "b")])
    assert known.critical - {"t1"} == critical - {"t1"}
    assert ("t1" in known.critical) == ("t1" in critical)


def test_shared_resources() -> None:
    """Who uses what, how much at each moment, in the unit of the file; what an agent has itself is not shared."""
    spec = spec_of(
        [
            {"id": "t1", "duration": 4, "demand": {"licence": 1.5, "own": 1}},
            {"id": "t2", "duration": 2, "demand": {"licence": 0.5, "oil": 1}},
            {"id": "t3", "modes": [{"id": "m1", "duration": 2}, {"id": "m2", "duration": 3, "demand": {"licence": 2}}]},
        ],
        agents=[{"id": "a", "capacity": {"own": 4}}, {"id": "b"}],
        resources=[{"id": "licence", "capacity": 2}, {"id": "own"}, {"id": "oil", "capacity": 9, "kind": "consumable"}],
    )  # fmt: skip
    known = known_of(spec, [row("t1", 0, 4, "a"), row("t2", 1, 3, "b"), row("t3", 4, 7, "b", mode="m2")])
    assert known.uses == {"t1": ["licence"], "t2": ["licence"], "t3": ["licence"]}
    (profile,) = known.profiles
    assert (profile.name, profile.limits) == ("licence", [(0, 2)])
    assert profile.steps == [(0, 1.5), (1, 2), (3, 1.5), (4, 2), (7, 0)]
    assert known.critical == {"t1", "t3"}
    assert known_of(spec, [row("t3", 0, 2, "b", mode="m1")]).uses == {}


def test_calendars_and_pauses() -> None:
    """What there is follows the calendar, and a task that pauses takes nothing of what all share meanwhile."""
    spec = spec_of(
        [{"id": "t1", "duration": 5, "demand": {"press": 2}, "preemptible": True}],
        resources=[{"id": "press", "capacity": 3, "calendar": [[0, 1, 4], [2, 4, 0], [4, 5, 1]]}],
    )  # fmt: skip
    paused = row("t1", 0, 9) | {"segments": [[0, 2], [6, 9]]}
    (profile,) = known_of(spec, [paused]).profiles
    assert profile.steps == [(0, 2), (2, 0), (6, 2), (9, 0)]
    assert profile.limits == [(0, 4), (1, 3), (2, 0), (4, 1), (5, 3)]


def test_a_demand_falls_on_the_pool_where_one_of_a_crew_has_nothing() -> None:
    """On the agents alone where all of them hold the resource."""
    spec = spec_of(
        [{"id": "t1", "duration": 2, "count": 2, "demand": {"gpu": 1}}],
        agents=[{"id": "a", "capacity": {"gpu": 1}}, {"id": "b", "capacity": {"gpu": 1}}, {"id": "c"}],
        resources=[{"id": "gpu", "capacity": 4}],
    )  # fmt: skip
    assert known_of(spec, [row("t1", 0, 2, "a", "c")]).uses == {"t1": ["gpu"]}
    assert known_of(spec, [row("t1", 0, 2, "a", "b")]).uses == {}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.sampled_from("ab")), min_size=1, max_size=12))
def test_the_chain_reaches_the_last_end(found: list[tuple[int, int, str]]) -> None:
    """Every task of it is the last one, or ends exactly when another of it begins on its agent."""
    tasks = [{"id": f"t{k}", "duration": long} for k, (_, long, _) in enumerate(found)]
    rows = [row(f"t{k}", start, start + long, agent) for k, (start, long, agent) in enumerate(found)]
    critical = known_of(spec_of(tasks, agents=AGENTS), rows).critical
    last = max(one["end"] for one in rows)
    on = [one for one in rows if one["task"] in critical]
    assert {one["task"] for one in rows if one["end"] == last} <= critical
    for one in on:
        assert one["end"] == last or any(
            other["start"] == one["end"] and other["agents"] == one["agents"] for other in on
        )  # fmt: skip
