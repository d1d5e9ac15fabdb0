"""Reasons for infeasibility that need no search: sound, in words, and with the way to the field."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.brute_force import optimum
from support.random_specs import tiny_spec

from qamctl.schedule.build import build_instance
from qamctl.schedule.check import CONSTRAINTS
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.reasons import MOST, Reason, reasons


def found(**data: Any) -> list[Reason]:
    return reasons(build_instance(schedule_from_data({"kind": "schedule", "version": 1, **data})))


@pytest.mark.parametrize("block", range(5))
def test_a_reason_is_a_proof(block: int) -> None:
    """On random tiny problems only infeasible ones have reasons, and most of these have one."""
    infeasible = told = 0
    for seed in range(200 * block, 200 * block + 200):
        spec = schedule_from_data(tiny_spec(Random(seed)))
        why = reasons(build_instance(spec))
        assert {reason.constraint for reason in why} <= set(CONSTRAINTS)
        feasible = optimum(spec, limit=1) is not None
        assert not (feasible and why), (seed, why)
        infeasible += not feasible
        told += bool(why)
    assert told >= 0.7 * infeasible > 0


def test_nothing_to_say() -> None:
    """Feasible problems and empty ones have no reasons."""
    assert found(tasks=[]) == []
    assert found(agents=[{"id": "a"}], tasks=[{"id": "x", "duration": 3, "deadline": 3}], horizon=3) == []


GPU = {"id": "a", "skills": {"gpu": 2}, "labels": {"zone": "north"}}
CODE = {"id": "b", "skills": {"code": 1}, "labels": {"zone": "south"}}

CASES: list[tuple[str, dict[str, Any], tuple[Any, ...], str, str]] = [
    (
        "nobody has the skill",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "skills": ["law"]}]},
        ("tasks", 0, "skills"),
        "skill",
        "task 'x' needs skill 'law', which no agent has",
    ),
    (
        "nobody has the level",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "skills": {"gpu": 3}}]},
        ("tasks", 0, "skills"),
        "skill",
        "task 'x' needs skill 'gpu' at level 3; the highest that an agent has is 2",
    ),
    (
        "nobody carries the label",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "labels": {"zone": "west"}}]},
        ("tasks", 0, "labels"),
        "label",
        "task 'x' needs label zone=west, which no agent carries",
    ),
    (
        "nobody has both",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "skills": ["gpu"], "labels": {"zone": "south"}}]},
        ("tasks", 0, "skills"),
        "skill",
        "task 'x' needs skills and labels that no agent has together",
    ),
    (
        "the list holds nobody able",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "skills": ["gpu"], "agents": ["b"]}]},
        ("tasks", 0, "skills"),
        "skill",
        "task 'x' needs skill 'gpu', which no agent in its list has",
    ),
    (
        "pinned to one who lacks the skill",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "skills": ["gpu"], "pinned": {"agent": "b"}}]},
        ("tasks", 0, "pinned", "agent"),
        "pinned-agent",
        "task 'x' is pinned to agent 'b', which has no skill 'gpu'",
    ),
    (
        "pinned to one who has too low a level",
        {
            "agents": [GPU, {"id": "b", "skills": {"gpu": 1}}],
            "tasks": [{"id": "x", "duration": 1, "skills": {"gpu": 2}, "pinned": {"agent": "b"}}],
        },
        ("tasks", 0, "pinned", "agent"),
        "pinned-agent",
        "task 'x' is pinned to agent 'b', which has level 1 in skill 'gpu'",
    ),
    (
        "pinned to one without the label",
        {
            "agents": [GPU, CODE],
            "tasks": [{"id": "x", "duration": 1, "labels": {"zone": "north"}, "pinned": {"agent": "b"}}],
        },
        ("tasks", 0, "pinned", "agent"),
        "pinned-agent",
        "task 'x' is pinned to agent 'b', which does not carry label zone=north",
    ),
    (
        "pinned to one outside the list",
        {"agents": [GPU, CODE], "tasks": [{"id": "x", "duration": 1, "agents": ["a"], "pinned": {"agent": "b"}}]},
        ("tasks", 0, "pinned", "agent"),
        "pinned-agent",
        "task 'x' is pinned to agent 'b', which is not among the agents that may do it",
    ),
    (
        "pinned to an agent but takes none",
        {
            "agents": [GPU],
            "tasks": [
                {
                    "id": "x",
                    "modes": [
                        {"id": "m", "duration": 1, "agents": "none"},
                        {"id": "n", "duration": 1, "skills": ["law"]},
                    ],
                    "pinned": {"agent": "a"},
                }
            ],
        },
        ("tasks", 0, "pinned", "agent"),
        "pinned-agent",
        "task 'x' in mode 'm' is pinned to agent 'a', but takes no agent",
    ),
    (
        "demand above the shared capacity",
        {
            "resources": [{"id": "r", "capacity": 2.5}],
            "tasks": [{"id": "x", "duration": 1, "demand": {"r": 3}}],
        },
        ("tasks", 0, "demand"),
        "shared-capacity",
        "task 'x' demands 3 of 'r', of which there is 2.5",
    ),
    (
        "demand that nobody offers",
        {
            "resources": [{"id": "r"}],
            "agents": [{"id": "a"}],
            "tasks": [{"id": "x", "duration": 1, "demand": {"r": 3}}],
        },
        ("tasks", 0, "demand"),
        "shared-capacity",
        "task 'x' demands 3 of 'r', which nobody offers",
    ),
    (
        "demand above every agent's capacity",
        {
            "resources": [{"id": "r"}],
            "agents": [{"id": "a", "capacity": {"r": 2}}, {"id": "b", "capacity": {"r": 4}}],
            "tasks": [{"id": "x", "duration": 1, "demand": {"r": 5}}],
        },
        ("tasks", 0, "demand"),
        "agent-capacity",
        "task 'x' demands 5 of 'r'; the most that an agent who may do it has is 4 ('b')",
    ),
    (
        "consumable demand above the pinned agent's, even without duration",
        {
            "resources": [{"id": "q", "capacity": 0}, {"id": "r", "kind": "consumable"}],
            "agents": [{"id": "a", "capacity": {"r": 2}}, {"id": "b", "capacity": {"r": 9}}],
            "tasks": [{"id": "x", "duration": 0, "demand": {"r": 5, "q": 1}, "pinned": {"agent": "a"}}],
        },
        ("tasks", 0, "demand"),
        "agent-consumable",
        "task 'x' demands 5 of 'r'; the most that an agent who may do it has is 2 ('a')",
    ),
    (
        "no agent has room for all demands together",
        {
            "resources": [{"id": "r"}, {"id": "s"}],
            "agents": [{"id": "a", "capacity": {"r": 2, "s": 9}}, {"id": "b", "capacity": {"r": 9, "s": 2}}],
            "tasks": [{"id": "x", "duration": 1, "demand": {"r": 5, "s": 5}}],
        },
        ("tasks", 0, "demand"),
        "agent-capacity",
        "task 'x' demands more than any agent who may do it has at once",
    ),
    (
        "no mode can be done",
        {
            "agents": [GPU],
            "tasks": [{"id": "x", "modes": [{"id": "m", "duration": 1, "skills": ["law"]}]}],
        },
        ("tasks", 0, "modes", 0, "skills"),
        "skill",
        "task 'x' in mode 'm' needs skill 'law', which no agent has",
    ),
    (
        "an agent is needed and there is none",
        {"tasks": [{"id": "x", "duration": 1, "agents": "any"}]},
        ("tasks", 0, "agents"),
        "agent-missing",
        "task 'x' needs an agent, but there is none",
    ),
    (
        "deadline before the earliest finish",
        {
            "tasks": [
                {"id": "w", "duration": 2, "release": 3},
                {"id": "x", "duration": 4, "after": ["w"], "deadline": 8},
            ]
        },
        ("tasks", 1, "deadline"),
        "deadline",
        "task 'x' can't end before 9 s (after 'w', 'w' released at 3 s), but its deadline is 8 s",
    ),
    (
        "deadline before the duration",
        {"time": {"unit": "h"}, "tasks": [{"id": "x", "duration": 4, "deadline": 3}]},
        ("tasks", 0, "deadline"),
        "deadline",
        "task 'x' can't end before 4 h, but its deadline is 3 h",
    ),
    (
        "deadline behind a pinned start",
        {"tasks": [{"id": "x", "duration": 4, "pinned": {"start": 2}, "deadline": 5}]},
        ("tasks", 0, "deadline"),
        "deadline",
        "task 'x' can't end before 6 s (pinned to 2 s), but its deadline is 5 s",
    ),
    (
        "horizon before a long chain ends",
        {
            "tasks": [{"id": f"t{i}", "duration": 1, "after": [f"t{i - 1}"] if i else []} for i in range(8)],
            "horizon": 7,
        },
        ("horizon",),
        "horizon",
        "task 't7' can't end before 8 s (after 't0' -> 't1' -> 't2' -> 't3' -> ... -> 't6'), but the horizon is 7 s",
    ),
    (
        "horizon before the machine is done",
        {"agents": [{"id": "a"}], "tasks": [{"id": i, "duration": 3} for i in "xyz"], "horizon": 8},
        ("horizon",),
        "horizon",
        "agents and resources can't finish the tasks before 9 s, but the horizon is 8 s",
    ),
    (
        "last deadline before the machine is done",
        {
            "agents": [{"id": "a"}],
            "tasks": [{"id": i, "duration": 3, "deadline": d} for i, d in zip("xyz", (7, 8, 6), strict=True)],
        },
        ("tasks", 1, "deadline"),
        "deadline",
        "agents and resources can't finish the tasks before 9 s, but the last deadline is 8 s",
    ),
    (
        "pinned before the release",
        {"tasks": [{"id": "x", "duration": 4, "release": 5, "pinned": {"start": 2}}]},
        ("tasks", 0, "pinned", "start"),
        "release",
        "task 'x' is pinned to 2 s, before its release at 5 s",
    ),
    (
        "pinned before what must precede it ends",
        {
            "tasks": [
                {"id": "w", "duration": 4},
                {"id": "x", "duration": 1, "after": [{"task": "w", "lag": 2}], "pinned": {"start": 5}},
            ]
        },
        ("tasks", 1, "pinned", "start"),
        "precedence-FS",
        "task 'x' is pinned to 5 s, but after task 'w' it can't start before 6 s",
    ),
    (
        "pinned so that it ends too early",
        {
            "tasks": [
                {"id": "w", "duration": 4},
                {"id": "x", "duration": 1, "after": [{"task": "w", "type": "FF"}], "pinned": {"start": 2}},
            ]
        },
        ("tasks", 1, "pinned", "start"),
        "precedence-FF",
        "task 'x' is pinned to 2 s, but after task 'w' it can't end before 4 s",
    ),
    (
        "shared stock too small",
        {
            "resources": [{"id": "r", "kind": "consumable", "capacity": 3.5}],
            "tasks": [{"id": i, "duration": 1, "demand": {"r": 2}} for i in "xy"],
        },
        ("resources", 0, "capacity"),
        "shared-consumable",
        "the tasks need at least 4 of the shared 'r', of which there is 3.5",
    ),
    (
        "an agent's stock too small",
        {
            "resources": [{"id": "r", "kind": "consumable"}],
            "agents": [{"id": "a", "capacity": {"r": 3}}, {"id": "b", "capacity": {"r": 9}}],
            "tasks": [{"id": i, "duration": 1, "demand": {"r": 2}, "agents": ["a"]} for i in "xy"],
        },
        ("agents", 0, "capacity", "r"),
        "agent-consumable",
        "the tasks that only agent 'a' can do need at least 4 of 'r', it has 3",
    ),
    (
        "all stocks together too small",
        {
            "resources": [{"id": "r", "kind": "consumable"}],
            "agents": [{"id": "a", "capacity": {"r": 3}}, {"id": "b", "capacity": {"r": 2}}],
            "tasks": [{"id": i, "duration": 1, "demand": {"r": 2}} for i in "xyz"],
        },
        ("resources", 0),
        "shared-consumable",
        "the tasks need at least 6 of 'r', of which there is 5 in all",
    ),
    (
        "pinned tasks on one agent",
        {
            "agents": [{"id": "a"}, {"id": "b"}],
            "tasks": [
                {"id": "x", "duration": 3, "pinned": {"start": 0, "agent": "a"}},
                {"id": "y", "duration": 3, "pinned": {"start": 2, "agent": "a"}},
                {"id": "z", "duration": 0, "pinned": {"start": 2, "agent": "a"}},
            ],
        },
        ("tasks", 1, "pinned"),
        "slots",
        "tasks 'x', 'y' are pinned to run at 2 s and need 2 slots of agent 'a', which has 1",
    ),
    (
        "pinned tasks on a group of agents",
        {
            "agents": [{"id": "a"}, {"id": "b"}],
            "tasks": [{"id": f"t{i}", "duration": 3, "pinned": {"start": i}} for i in range(3)],
        },
        ("tasks", 2, "pinned"),
        "slots",
        "tasks 't0', 't1', 't2' are pinned to run at 2 s and need 3 slots of the group of 2 agents like 'a', "
        "which has 2",
    ),
    (
        "pinned tasks on the shared pool",
        {
            "resources": [{"id": "r", "capacity": 3}],
            "tasks": [{"id": i, "duration": 3, "demand": {"r": 2}, "pinned": {"start": 1}} for i in "xy"],
        },
        ("tasks", 1, "pinned"),
        "shared-capacity",
        "tasks 'x', 'y' are pinned to run at 1 s and need 4 of 'r' of the shared pool, which has 3",
    ),
    (
        "pinned tasks beyond an agent's capacity",
        {
            "resources": [{"id": "r"}],
            "agents": [{"id": "a", "slots": 5, "capacity": {"r": 3}}],
            "tasks": [{"id": i, "duration": 3, "demand": {"r": 2}, "pinned": {"start": 1}} for i in "xy"],
        },
        ("tasks", 1, "pinned"),
        "agent-capacity",
        "tasks 'x', 'y' are pinned to run at 1 s and need 4 of 'r' of agent 'a', which has 3",
    ),
]


@pytest.mark.parametrize(
    ("data", "path", "constraint", "text"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_reason(data: dict[str, Any], path: tuple[Any, ...], constraint: str, text: str) -> None:
    """The fault is told once, with its field, its constraint and its figures; brute force agrees."""
    assert Reason(path, constraint, text) in found(**data)
    assert constraint == "pinned-agent" or {reason.constraint for reason in found(**data)} == {constraint}
    assert optimum(schedule_from_data({"kind": "schedule", "version": 1, **data}), limit=1) is None


def test_every_fault_is_told_up_to_a_limit() -> None:
    """Several faults are told together; of one sort no more than the limit."""
    tasks: list[dict[str, Any]] = [{"id": f"t{i}", "duration": 2, "deadline": 1} for i in range(MOST + 50)]
    why = found(tasks=[*tasks, {"id": "x", "duration": 1, "release": 3, "pinned": {"start": 0}}])
    assert sum(reason.constraint == "deadline" for reason in why) == MOST
    assert sum(reason.constraint == "release" for reason in why) == 1


def test_path_leads_to_the_line(tmp_path: Any) -> None:
    """The path finds the line of the field in the file."""
    from qamctl.schedule.read import load_schedule

    file = tmp_path / "plan.yaml"
    file.write_text("kind: schedule\nversion: 1\ntasks:\n- id: x\n  duration: 4\n  deadline: 3\n")
    spec = load_schedule(file)
    (reason,) = reasons(build_instance(spec))
    assert spec.source.locate(reason.path).line == 6


def test_a_gang_can_t_be_pinned_to_two_starts() -> None:
    """Tasks of one gang start together, so two pins that differ are a reason, with the later task's place."""
    pins = {"t1": 2, "t2": 2, "t3": 5}
    tasks = [{"id": name, "duration": 1, "gang": "g", "pinned": {"start": start}} for name, start in pins.items()]
    data = {"kind": "schedule", "version": 1, "tasks": tasks}
    (reason,) = reasons(build_instance(schedule_from_data(data)))
    assert (reason.constraint, reason.path) == ("gang", ("tasks", 2, "pinned", "start"))
    assert reason.text == "task 't3' is pinned to 5 s, and task 't1' of its gang to 2 s"
