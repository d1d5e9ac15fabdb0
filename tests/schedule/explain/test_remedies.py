"""What gives a spec a schedule: the least of each change, several where one is not enough, and only what is checked."""

from __future__ import annotations

from typing import Any

import pytest
from support.clashes import A, B, task
from support.clashing_specs import solved
from support.edited_specs import edited, path_of

from qamctl.schedule.explain import explain_schedule
from qamctl.schedule.explain.families import changes, named
from qamctl.schedule.read import schedule_from_data


def explained(data: dict[str, Any], most: int = 50) -> dict[str, Any]:
    """The explanation of a spec without its kind and version."""
    return explain_schedule(schedule_from_data({"kind": "schedule", "version": 1, **data}), seconds=60, most=most)


def edits_of(remedy: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The edits of all changes of a remedy."""
    rows = [edit for change in remedy["changes"] for edit in change["edits"]]
    return [(edit["field"], edit["from"], edit["to"]) for edit in rows]


def after(data: dict[str, Any], edits: list[tuple[str, Any, Any]]) -> str:
    """What CP-SAT says of a spec after edits."""
    whole = {"kind": "schedule", "version": 1, **data}
    changed = edited(whole, [(path_of(name), before, value) for name, before, value in edits])
    return solved(schedule_from_data(changed))[0]


LATE = {"agents": [A], "horizon": 9, "tasks": [task(i, 4) for i in "xyz"]}
SHARED = {
    "resources": [{"id": "r", "capacity": 4}],
    "horizon": 9,
    "tasks": [task("x", 4, demand={"r": 4}), task("y", 4, demand={"r": 3}), task("z", 4, demand={"r": 2})],
}


@pytest.mark.parametrize(
    ("data", "field", "less"),
    [
        (LATE, "horizon", 11),
        (SHARED, "horizon", 11),
        ({**SHARED, "horizon": 8}, "resources[0].capacity", 4),
        (LATE | {"agents": [A | {"calendar": [[4, 8]]}]}, "horizon", 15),
    ],
)
def test_the_least_of_a_change(data: dict[str, Any], field: str, less: int) -> None:
    """The new value helps, the one before it does not."""
    found = explained(data)
    offered = [edit for remedy in found["remedies"] for edit in edits_of(remedy)]
    values = [value for name, _, value in offered if name == field]
    if field == "resources[0].capacity":  # briefly is enough
        (period,) = [value for name, _, value in offered if name == "resources[0].calendar"]
        values = [period[2]]
    assert values == [less + 1]
    assert after(data, [(field, None, less + 1)]) == "feasible"
    assert after(data, [(field, None, less)]) == "infeasible"


def test_more_of_a_resource_only_while_it_is_short() -> None:
    """A capacity is raised for the time in which the schedule takes more, by an entry of its calendar, and in words."""
    data = {
        "time": {"unit": "h"},
        "resources": [{"id": "gpu", "capacity": 4}],
        "tasks": [task(i, demand={"gpu": need}, pinned={"start": start}) for i, need, start in
                  (("x", 3, 13), ("y", 2, 14), ("z", 4, 20))],
    }  # fmt: skip
    found = explained(data)
    assert ("resources[0].calendar", None, [14, 15, 5]) in [edits_of(remedy)[0] for remedy in found["remedies"]]
    assert "raise the capacity of 'gpu' by 1 from 14 h to 15 h, from 4 to 5" in [
        remedy["changes"][0]["text"] for remedy in found["remedies"]
    ]


def test_periods_that_are_there_stay() -> None:
    """Time that has its own entry in the calendar is not part of the new one."""
    data = {
        "resources": [{"id": "r", "capacity": 1, "calendar": [[2, 4, 9]]}],
        "tasks": [task("x", 6, demand={"r": 2}, pinned={"start": 0})],
    }
    edits = [edits_of(remedy) for remedy in explained(data)["remedies"]]
    assert [("resources[0].calendar", None, [0, 2, 2]), ("resources[0].calendar", None, [4, 6, 2])] in edits


def test_an_absence_is_cut_at_the_cheaper_end() -> None:
    """Of leaving later and coming back sooner, the one that takes less; or the task may pause."""
    data = {"agents": [A | {"calendar": [[3, 9]]}], "tasks": [task("x", 4, release=4, deadline=12)]}
    found = explained(data)
    assert ("agents[0].calendar", [3, 9], [3, 8]) in [edits_of(remedy)[0] for remedy in found["remedies"]]
    assert "let agent 'a' be back at 8 s instead of 9 s" in [r["changes"][0]["text"] for r in found["remedies"]]
    pausing = {"agents": [A | {"calendar": [[3, 9]]}], "tasks": [task("x", 4, deadline=12)]}
    assert after(pausing, [("tasks[0].preemptible", False, True)]) == "feasible"


def test_a_task_that_may_pause() -> None:
    """Where no shorter absence costs less, the task pauses meanwhile."""
    data = {"agents": [A | {"calendar": [[3, 4]]}], "tasks": [task("x", 4, deadline=6)]}
    edits = [edits_of(remedy)[0] for remedy in explained(data)["remedies"]]
    assert ("tasks[0].preemptible", False, True) in edits or ("agents[0].calendar", [3, 4], None) in edits


def test_one_of_several_alike() -> None:
    """Of agents that are alike one changes; all of them only where one is not enough."""
    away = [{"id": name, "calendar": [[0, 9]]} for name in "abc"]
    one = explained({"agents": away, "horizon": 9, "tasks": [task("x", 9)]})
    assert ("agents[0].calendar", [0, 9], None) in [edits_of(remedy)[0] for remedy in one["remedies"]]
    both = explained({"agents": away[:2], "horizon": 9, "tasks": [task("x", 9, count=2)]})
    assert [("agents[0].calendar", [0, 9], None), ("agents[1].calendar", [0, 9], None)] in [
        edits_of(remedy) for remedy in both["remedies"]
    ]


THREE_FAULTS = {
    "resources": [{"id": "r", "capacity": 1}],
    "agents": [A, B],
    "tasks": [task("x", demand={"r": 2}), task("y", skills=["weld"]), task("z", 4, deadline=3)],
}


def test_conflicts_without_a_common_constraint() -> None:
    """Each is told; every remedy has a change for each, the cheapest ones first, and none that could be spared."""
    found = explained(THREE_FAULTS, most=4)
    assert [sorted(row["constraint"] for row in conflict["constraints"]) for conflict in found["conflicts"]] == [
        ["demand", "not-optional", "shared-capacity"], ["not-optional", "skill"], ["deadline", "not-optional"]
    ]  # fmt: skip
    assert found["more_conflicts"] is False
    assert len(found["remedies"]) == 4
    costs = [remedy["cost"] for remedy in found["remedies"]]
    assert costs == sorted(costs)
    for remedy in found["remedies"]:
        edits = edits_of(remedy)
        assert len(remedy["changes"]) == 3
        assert after(THREE_FAULTS, edits) == "feasible"
        assert all(after(THREE_FAULTS, edits[:k] + edits[k + 1 :]) == "infeasible" for k in range(len(edits)))


def test_a_conflict_behind_another() -> None:
    """Where one change only brings up the next conflict, changes are put together until there is a schedule."""
    data = {"agents": [A], "tasks": [task(i, spread={"label": "zone"}) for i in "xy"]}
    found = explained(data)
    assert [edits_of(remedy) for remedy in found["remedies"]] == [
        [("tasks[0].spread", {"label": "zone"}, None), ("tasks[1].spread", {"label": "zone"}, None)]
    ]
    assert after(data, edits_of(found["remedies"][0])) == "feasible"


def test_several_where_one_is_not_enough() -> None:
    """Three tasks that only one agent may do, each apart from each other: two of them have to give way somehow."""
    data = {"agents": [A, B, {"id": "c"}], "tasks": [
        task("x", agents=["a"]), task("y", agents=["a"], apart=["x"]), task("z", agents=["a"], apart=["x", "y"]),
    ]}  # fmt: skip
    found = explained(data, most=6)
    assert len(found["conflicts"]) == 1
    assert len(found["remedies"]) > 1
    for remedy in found["remedies"]:
        edits = edits_of(remedy)
        assert len(remedy["changes"]) == 2
        assert after(data, edits) == "feasible"
        assert {after(data, edits[:k] + edits[k + 1 :]) for k in range(2)} == {"infeasible"}


def test_more_conflicts_than_are_told() -> None:
    """Ten conflicts are told, and that there may be more; a remedy mends those which are not told, too."""
    data = {"agents": [A], "tasks": [task(f"t{k}", skills=[f"s{k}"]) for k in range(12)]}
    found = explained(data, most=1)
    assert len(found["conflicts"]) == 10
    assert found["more_conflicts"] is True
    (remedy,) = found["remedies"]
    assert len(remedy["changes"]) == 12
    assert after(data, edits_of(remedy)) == "feasible"


def test_agents_alike_are_told_together() -> None:
    """Of many agents that are alike a few are named."""
    found = explained({"agents": [{"id": f"a{k}"} for k in range(9)], "horizon": 2, "tasks": [
        task(f"t{k}") for k in range(10)
    ]})  # fmt: skip
    texts = [row["text"] for row in found["conflicts"][0]["constraints"]]
    assert "agents 'a0', 'a1', 'a2' and 6 more each do one task at a time" in texts


def test_what_no_schedule_settles_is_left_out() -> None:
    """Where nothing less can be read off a schedule, a change lets go of all that was asked for."""
    data = {"agents": [A, B], "tasks": [
        {"id": "x", "pinned": {"agent": "a", "start": 1, "mode": "m"}, "modes": [{"id": "m", "duration": 1}]},
        task("y", count=2, pinned={"agents": ["a", "b"]}),
    ]}  # fmt: skip
    spec = schedule_from_data({"kind": "schedule", "version": 1, **data})
    told = {
        one.told(1).text: [(edit.path[-1], edit.before, edit.after) for edit in one.told(1).edits]
        for constraint in named(spec, [0, 1])
        if constraint.kind.startswith("pinned")
        for one in changes(spec, constraint, [0, 1])
    }
    assert told == {
        "let task 'x' start at another time": [("start", 1, None)],
        "let others than agent 'a' do task 'x'": [("agent", "a", None)],
        "let others than agents 'a' and 'b' do task 'y'": [("agents", ["a", "b"], None)],
        "let task 'x' be done in another mode than 'm'": [("mode", "m", None)],
    }


def test_a_pinned_task_that_is_left_out() -> None:
    """It loses its pin, too: no spec may have both."""
    data = {"agents": [A], "tasks": [task(i, pinned={"start": 0}) for i in "xy"]}
    edits = [edits_of(remedy) for remedy in explained(data)["remedies"]]
    assert [("tasks[0].optional", False, True), ("tasks[0].pinned.start", 0, None)] in edits
    assert after(data, edits[-1]) == "feasible"


def test_a_pair_that_is_a_group_too() -> None:
    """The entries of a list that name the other task are one rule, a group of the two is another one."""
    data = {"agents": [A], "tasks": [
        task("x", apart=["y", {"group": "g"}, "y"]), task("y", apart=[{"group": "g"}]),
    ]}  # fmt: skip
    spec = schedule_from_data({"kind": "schedule", "version": 1, **data})
    rules = [one for one in named(spec, [0, 1]) if one.kind == "apart"]
    edits = [next(changes(spec, rule, [0, 1])).told(1).edits for rule in rules]
    assert [[edit.path for edit in some] for some in edits] == [
        [("tasks", 0, "apart", 0), ("tasks", 0, "apart", 2)], [("tasks", 0, "apart", 1)]
    ]  # fmt: skip


def test_at_most_so_many() -> None:
    """No more remedies are told than are asked for: the cheapest."""
    some, every = explained(LATE, most=2)["remedies"], explained(LATE)["remedies"]
    assert some == every[:2]
    assert len(every) > 2


def test_moments_are_told_as_dates() -> None:
    """With an origin, words have date-times; the values of edits stay numbers, which the file may hold, too."""
    data = {"time": {"unit": "h", "origin": "2026-11-20T08:00:00+00:00"}, "tasks": [task("x", 4, deadline=3)]}
    found = explained(data)
    texts = [row["text"] for row in found["conflicts"][0]["constraints"]]
    assert "task 'x' ends by 2026-11-20T11:00:00+00:00" in texts
    assert edits_of(found["remedies"][0]) == [("tasks[0].deadline", 3, 4)]
    assert "2026-11-20T12:00:00+00:00" in found["remedies"][0]["changes"][0]["text"]
