"""Small schedule specs without a schedule, each for a reason of one kind: what is told of it, and what helps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

A: dict[str, Any] = {"id": "a"}
B: dict[str, Any] = {"id": "b"}


def task(name: str, duration: int = 2, **more: Any) -> dict[str, Any]:
    """A task."""
    return {"id": name, "duration": duration, **more}


@dataclass(frozen=True)
class Clash:
    """A spec without a schedule.

    Attributes
    ----------
    name
        Of the case.
    data
        The spec, without its kind and version.
    told
        The kinds, fields and words of the constraints that clash, but for that tasks must be done.
    tasks
        The tasks that must be done.
    helps
        Fields with their old and new values: edits that are offered.
    """

    name: str
    data: dict[str, Any]
    told: tuple[tuple[str, str, str], ...]
    tasks: tuple[str, ...]
    helps: tuple[tuple[str, Any, Any], ...] = field(default=())


CLASHES = (
    Clash(
        "deadline",
        {"agents": [A], "tasks": [task("x"), task("y", after=["x"], deadline=3)]},
        (
            ("deadline", "tasks[1].deadline", "task 'y' ends by 3 s"),
            ("precedence-FS", "tasks[1].after[0]", "task 'y' starts after task 'x' ends"),
        ),
        ("x", "y"),
        (("tasks[1].deadline", 3, 4), ("tasks[1].after[0]", "x", None), ("tasks[0].optional", False, True)),
    ),
    Clash(
        "horizon",
        {"agents": [A], "horizon": 5, "tasks": [task("x"), task("y"), task("z")]},
        (
            ("horizon", "horizon", "all tasks end by 5 s"),
            ("slots", "agents[0].slots", "agent 'a' does one task at a time"),
        ),
        ("x", "y", "z"),
        (("horizon", 5, 6), ("agents[0].slots", 1, 2)),
    ),
    Clash(
        "release",
        {"tasks": [task("x", release=4, deadline=5)]},
        (
            ("deadline", "tasks[0].deadline", "task 'x' ends by 5 s"),
            ("release", "tasks[0].release", "task 'x' starts at 4 s at the earliest"),
        ),
        ("x",),
        (("tasks[0].release", 4, 3), ("tasks[0].deadline", 5, 6)),
    ),
    Clash(
        "pinned start too early",
        {"tasks": [task("x"), task("y", after=["x"], pinned={"start": 1})]},
        (
            ("pinned-start", "tasks[1].pinned.start", "task 'y' is pinned to start at 1 s"),
            ("precedence-FS", "tasks[1].after[0]", "task 'y' starts after task 'x' ends"),
        ),
        ("x", "y"),
        (("tasks[1].pinned.start", 1, 2),),
    ),
    Clash(
        "pinned start too late",
        {"tasks": [task("x", pinned={"start": 5}, deadline=6)]},
        (
            ("deadline", "tasks[0].deadline", "task 'x' ends by 6 s"),
            ("pinned-start", "tasks[0].pinned.start", "task 'x' is pinned to start at 5 s"),
        ),
        ("x",),
        (("tasks[0].pinned.start", 5, 4), ("tasks[0].deadline", 6, 7)),
    ),
    Clash(
        "pinned agent",
        {"agents": [A, B], "tasks": [task(i, pinned={"agent": "a", "start": 0}) for i in "xy"]},
        (
            ("pinned-start", "tasks[0].pinned.start", "task 'x' is pinned to start at 0 s"),
            ("pinned-start", "tasks[1].pinned.start", "task 'y' is pinned to start at 0 s"),
            ("pinned-agent", "tasks[0].pinned.agent", "task 'x' is pinned to agent 'a'"),
            ("pinned-agent", "tasks[1].pinned.agent", "task 'y' is pinned to agent 'a'"),
            ("slots", "agents[0].slots", "agent 'a' does one task at a time"),
        ),
        ("x", "y"),
        (("tasks[0].pinned.agent", "a", "b"), ("tasks[0].pinned.start", 0, 2)),
    ),
    Clash(
        "pinned crew",
        {
            "agents": [A, B, {"id": "c"}],
            "horizon": 3,
            "tasks": [
                task("x", count=2, pinned={"agents": ["a", "b"]}),
                task("y", pinned={"agent": "a"}),
            ],
        },
        (
            ("horizon", "horizon", "all tasks end by 3 s"),
            ("pinned-agent", "tasks[0].pinned.agents", "task 'x' is pinned to agents 'a' and 'b'"),
            ("pinned-agent", "tasks[1].pinned.agent", "task 'y' is pinned to agent 'a'"),
            ("slots", "agents[0].slots", "agent 'a' does one task at a time"),
        ),
        ("x", "y"),
        (("tasks[0].pinned.agents", ["a", "b"], ["b", "c"]), ("horizon", 3, 4)),
    ),
    Clash(
        "pinned mode",
        {
            "tasks": [
                {
                    "id": "x",
                    "deadline": 3,
                    "pinned": {"mode": "slow"},
                    "modes": [{"id": "slow", "duration": 4}, {"id": "fast", "duration": 2}],
                }
            ]
        },
        (
            ("deadline", "tasks[0].deadline", "task 'x' ends by 3 s"),
            ("pinned-mode", "tasks[0].pinned.mode", "task 'x' is pinned to mode 'slow'"),
        ),
        ("x",),
        (("tasks[0].pinned.mode", "slow", "fast"), ("tasks[0].deadline", 3, 4)),
    ),
    Clash(
        "lag",
        {"horizon": 6, "tasks": [task("x"), task("y", after=[{"task": "x", "type": "SS", "lag": 5}])]},
        (
            ("horizon", "horizon", "all tasks end by 6 s"),
            ("precedence-SS", "tasks[1].after[0]", "task 'y' starts at least 5 s after task 'x' starts"),
        ),
        ("x", "y"),
        (("tasks[1].after[0].lag", 5, 4), ("horizon", 6, 7)),
    ),
    Clash(
        "end to end",
        {"horizon": 2, "tasks": [task("x"), task("y", after=[{"task": "x", "type": "FF", "lag": 1}])]},
        (
            ("horizon", "horizon", "all tasks end by 2 s"),
            ("precedence-FF", "tasks[1].after[0]", "task 'y' ends at least 1 s after task 'x' ends"),
        ),
        ("x", "y"),
        (("tasks[1].after[0].lag", 1, 0),),
    ),
    Clash(
        "start to end",
        {"tasks": [task("x", release=5), task("y", deadline=3, after=[{"task": "x", "type": "SF", "lag": -1}])]},
        (
            ("deadline", "tasks[1].deadline", "task 'y' ends by 3 s"),
            ("release", "tasks[0].release", "task 'x' starts at 5 s at the earliest"),
            ("precedence-SF", "tasks[1].after[0]", "task 'y' ends at most 1 s before task 'x' starts"),
        ),
        ("x", "y"),
        (("tasks[1].deadline", 3, 4), ("tasks[0].release", 5, 4)),
    ),
    Clash(
        "data",
        {
            "agents": [A, B],
            "communication": {"bandwidth": 1},
            "horizon": 6,
            "tasks": [
                task("x", agents=["a"]),
                task("y", agents=["b"], after=[{"task": "x", "data": 4.5}]),
            ],
        },
        (
            ("horizon", "horizon", "all tasks end by 6 s"),
            ("precedence-FS", "tasks[1].after[0]", "task 'y' starts after task 'x' ends"),
            (
                "transfer",
                "tasks[1].after[0].data",
                "task 'x' sends 4.5 to task 'y', which takes time between agents",
            ),
            ("agent-not-allowed", "tasks[0].agents", "task 'x' is done by agent 'a', nobody else"),
            ("agent-not-allowed", "tasks[1].agents", "task 'y' is done by agent 'b', nobody else"),
        ),
        ("x", "y"),
        (
            ("tasks[1].after[0].data", 4.5, 2),
            ("tasks[0].agents", ["a"], ["a", "b"]),
            ("horizon", 6, 9),
        ),
    ),
    Clash(
        "shared capacity",
        {
            "resources": [{"id": "r", "capacity": 3}],
            "horizon": 3,
            "tasks": [task("x", demand={"r": 2}), task("y", demand={"r": 2})],
        },
        (
            ("horizon", "horizon", "all tasks end by 3 s"),
            ("shared-capacity", "resources[0].capacity", "there is 3 of 'r' to share"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 2 of 'r'"),
            ("demand", "tasks[1].demand.r", "task 'y' takes 2 of 'r'"),
        ),
        ("x", "y"),
        (("tasks[0].demand.r", 2, 1), ("horizon", 3, 4)),
    ),
    Clash(
        "nothing shared",
        {"resources": [{"id": "r"}], "tasks": [task("x", demand={"r": 2})]},
        (
            ("shared-capacity", "resources[0].capacity", "nobody shares 'r'"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 2 of 'r'"),
        ),
        ("x",),
        (("resources[0].capacity", None, 2),),
    ),
    Clash(
        "shared stock",
        {
            "resources": [{"id": "r", "kind": "consumable", "capacity": 3.5}],
            "tasks": [task("x", demand={"r": 2}), task("y", demand={"r": 2})],
        },
        (
            ("shared-consumable", "resources[0].capacity", "there is 3.5 of 'r' to share"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 2 of 'r'"),
            ("demand", "tasks[1].demand.r", "task 'y' takes 2 of 'r'"),
        ),
        ("x", "y"),
        (("resources[0].capacity", 3.5, 4), ("tasks[0].demand.r", 2, 1.5)),
    ),
    Clash(
        "period",
        {
            "resources": [{"id": "r", "capacity": 3, "calendar": [[2, 9, 1]]}],
            "horizon": 9,
            "tasks": [task("x", 4, demand={"r": 2})],
        },
        (
            ("horizon", "horizon", "all tasks end by 9 s"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 2 of 'r'"),
            ("period", "resources[0].calendar", "there is 1 of 'r' from 2 s to 9 s"),
        ),
        ("x",),
        (("resources[0].calendar", [2, 9, 1], [2, 9, 2]), ("horizon", 9, 13), ("tasks[0].demand.r", 2, 1)),
    ),
    Clash(
        "own capacity",
        {
            "resources": [{"id": "r"}],
            "agents": [A | {"capacity": {"r": 2}}, B | {"capacity": {"r": 1}}],
            "tasks": [task("x", demand={"r": 4})],
        },
        (
            ("agent-capacity", "agents[0].capacity.r", "agent 'a' has 2 of 'r'"),
            ("agent-capacity", "agents[1].capacity.r", "agent 'b' has 1 of 'r'"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 4 of 'r'"),
        ),
        ("x",),
        (("agents[0].capacity.r", 2, 4), ("agents[1].capacity.r", 1, 4), ("tasks[0].demand.r", 4, 2)),
    ),
    Clash(
        "own stock of agents alike",
        {
            "resources": [{"id": "r", "kind": "consumable"}],
            "agents": [A | {"capacity": {"r": 1}}, B | {"capacity": {"r": 1}}],
            "tasks": [task(i, demand={"r": 1}) for i in "xyz"],
        },
        (
            ("agent-consumable", "agents[0].capacity.r", "agents 'a' and 'b' each have 1 of 'r'"),
            ("demand", "tasks[0].demand.r", "task 'x' takes 1 of 'r'"),
            ("demand", "tasks[1].demand.r", "task 'y' takes 1 of 'r'"),
            ("demand", "tasks[2].demand.r", "task 'z' takes 1 of 'r'"),
        ),
        ("x", "y", "z"),
        (("agents[0].capacity.r", 1, 2), ("tasks[0].demand.r", 1, 0)),
    ),
    Clash(
        "absence",
        {"agents": [A | {"calendar": [[3, 9]]}], "horizon": 9, "tasks": [task("x", 5)]},
        (
            ("horizon", "horizon", "all tasks end by 9 s"),
            ("away", "agents[0].calendar", "agent 'a' is away from 3 s to 9 s"),
        ),
        ("x",),
        (("agents[0].calendar", [3, 9], [5, 9]), ("horizon", 9, 14)),
    ),
    Clash(
        "absence across a pause",
        {"agents": [A | {"calendar": [[3, 9]]}], "horizon": 11, "tasks": [task("x", 5)]},
        (
            ("horizon", "horizon", "all tasks end by 11 s"),
            ("away", "agents[0].calendar", "agent 'a' is away from 3 s to 9 s"),
        ),
        ("x",),
        (("agents[0].calendar", [3, 9], [5, 9]), ("horizon", 11, 14)),
    ),
    Clash(
        "list of agents",
        {"agents": [A, B], "horizon": 3, "tasks": [task("x", agents=["a"]), task("y", agents=["a"])]},
        (
            ("horizon", "horizon", "all tasks end by 3 s"),
            ("slots", "agents[0].slots", "agent 'a' does one task at a time"),
            ("agent-not-allowed", "tasks[0].agents", "task 'x' is done by agent 'a', nobody else"),
            ("agent-not-allowed", "tasks[1].agents", "task 'y' is done by agent 'a', nobody else"),
        ),
        ("x", "y"),
        (("tasks[0].agents", ["a"], ["a", "b"]), ("agents[0].slots", 1, 2)),
    ),
    Clash(
        "skill of a mode",
        {
            "agents": [A | {"skills": {"weld": 1}}],
            "tasks": [
                {
                    "id": "x",
                    "skills": {"weld": 2},
                    "modes": [{"id": "m", "duration": 1}, {"id": "n", "duration": 1, "skills": {"weld": 3}}],
                }
            ],
        },
        (
            ("skill", "tasks[0].skills.weld", "task 'x' in mode 'm' needs skill 'weld' at level 2"),
            ("skill", "tasks[0].modes[1].skills.weld", "task 'x' in mode 'n' needs skill 'weld' at level 3"),
        ),
        ("x",),
        (("agents[0].skills.weld", 1, 2), ("agents[0].skills.weld", 1, 3)),
    ),
    Clash(
        "label",
        {"agents": [A | {"labels": {"zone": "south"}}], "tasks": [task("x", labels={"zone": "north"})]},
        (("label", "tasks[0].labels.zone", "task 'x' needs label zone=north"),),
        ("x",),
        (("tasks[0].labels.zone", "north", None),),
    ),
    Clash(
        "taint",
        {"agents": [A | {"taints": ["hot"]}], "tasks": [task("x")]},
        (("taint", "tasks[0].tolerates", "task 'x' does not tolerate 'hot'"),),
        ("x",),
        (("tasks[0].tolerates", None, "hot"),),
    ),
    Clash(
        "count",
        {"agents": [A, B], "tasks": [task("x", count=3)]},
        (("count", "tasks[0].count", "task 'x' needs 3 agents together"),),
        ("x",),
        (("tasks[0].count", 3, 2),),
    ),
    Clash(
        "near",
        {"agents": [A, B], "horizon": 3, "tasks": [task("x"), task("y", near=["x"])]},
        (
            ("horizon", "horizon", "all tasks end by 3 s"),
            ("slots", "agents[0].slots", "agents 'a' and 'b' each do one task at a time"),
            ("near", "tasks[1].near", "tasks 'y' and 'x' are done by the same agents"),
        ),
        ("x", "y"),
        (("tasks[1].near[0]", "x", None), ("agents[0].slots", 1, 2)),
    ),
    Clash(
        "apart in a group",
        {"agents": [A, B], "tasks": [task(i, apart=[{"group": "g"}]) for i in "xyz"]},
        (("apart", "tasks[0].apart", "tasks 'x', 'y' and 'z' are done by different agents"),),
        ("x", "y", "z"),
        (("tasks[0].apart[0]", {"group": "g"}, None),),
    ),
    Clash(
        "apart by label",
        {
            "agents": [A | {"labels": {"zone": "n"}}, B | {"labels": {"zone": "n"}}],
            "tasks": [task(i, apart=[{"label": "zone"}]) for i in "xy"],
        },
        (("apart", "tasks[0].apart", "tasks 'x' and 'y' are done by agents with different values of 'zone'"),),
        ("x", "y"),
        (("tasks[0].apart[0]", {"label": "zone"}, None),),
    ),
    Clash(
        "near by a label that nobody has",
        {"agents": [A], "tasks": [task("x", near=[{"label": "zone"}])]},
        (("near", "tasks[0].near", "task 'x' is done by agents with one value of 'zone'"),),
        ("x",),
        (("tasks[0].near[0]", {"label": "zone"}, None),),
    ),
    Clash(
        "spread",
        {
            "agents": [A | {"labels": {"zone": "n"}}, B | {"labels": {"zone": "s"}}],
            "tasks": [
                *(task(i, agents=["a"], spread={"label": "zone", "max_skew": 1}) for i in "xyz"),
                task("w", agents=["b"], optional=True, spread={"label": "zone", "max_skew": 1}),
            ],
        },
        (
            ("agent-not-allowed", "tasks[0].agents", "task 'x' is done by agent 'a', nobody else"),
            ("agent-not-allowed", "tasks[1].agents", "task 'y' is done by agent 'a', nobody else"),
            ("agent-not-allowed", "tasks[2].agents", "task 'z' is done by agent 'a', nobody else"),
            (
                "spread",
                "tasks[0].spread",
                "tasks 'x', 'y', 'z' and 'w' spread over the values of 'zone', in numbers that differ by 1 at most",
            ),
        ),
        ("x", "y", "z"),
        (("tasks[0].agents", ["a"], ["a", "b"]), ("tasks[3].spread.max_skew", 1, 2)),
    ),
    Clash(
        "gang",
        {"agents": [A], "tasks": [task("x", gang="g"), task("y", gang="g")]},
        (
            ("slots", "agents[0].slots", "agent 'a' does one task at a time"),
            ("gang", "tasks[0].gang", "tasks 'x' and 'y' start together"),
        ),
        ("x", "y"),
        (("tasks[0].gang", "g", None), ("agents[0].slots", 1, 2)),
    ),
    Clash(
        "setup",
        {
            "agents": [A],
            "horizon": 5,
            "setup": [{"from": "p", "to": "q", "time": 3}, {"from": "q", "to": "p", "time": 2}],
            "tasks": [task("x", setup="p"), task("y", setup="q")],
        },
        (
            ("horizon", "horizon", "all tasks end by 5 s"),
            ("setup", "setup[0]", "an agent needs 3 s from family 'p' to 'q'"),
            ("setup", "setup[1]", "an agent needs 2 s from family 'q' to 'p'"),
        ),
        ("x", "y"),
        (("setup[0].time", 3, 1), ("setup[1].time", 2, 1), ("horizon", 5, 6)),
    ),
)
