"""Making room: the cheapest tasks give way, none that is pinned, and only as far as that is enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solvers.eject import Room, Supplies


def instance_of(tasks: list[dict[str, Any]], agents: list[dict[str, Any]], **root: Any) -> Instance:
    """Tasks on agents."""
    return build_instance(
        schedule_from_data({"kind": "schedule", "version": 1, "agents": agents, "tasks": tasks, **root})
    )


def room_of(instance: Instance, placed: dict[int, tuple[int, int]]) -> Room:
    """The room of a schedule: (option of the task, start) by task; who is not in it is far away."""
    option, start = instance.first_option[:-1].copy(), np.full(instance.n, 10**6)
    for task, (way, begin) in placed.items():
        option[task] += way
        start[task] = begin
    return Room(Supplies(instance), start, instance.ends(start, option), option)


def gone(room: Room) -> list[int]:
    """Who has given way."""
    return np.flatnonzero(room.gone).tolist()


ALONE = [{"id": "a"}]


def test_who_is_in_the_way_gives_way() -> None:
    """Tasks that overlap, and no others; the task has its place then."""
    instance = instance_of([{"id": name, "duration": 3} for name in "tuvw"], ALONE)
    room = room_of(instance, {1: (0, 0), 2: (0, 3), 3: (0, 6)})
    assert room.make(0, 4, 7) == instance.first_option[0]
    assert gone(room) == [2, 3]
    assert (room.start[0], room.end[0]) == (4, 7)


def test_free_time_costs_nobody_anything() -> None:
    """The option that nobody is in the way of comes first, though it ends later."""
    agents = [{"id": "quick", "speed": 2}, {"id": "slow"}]
    instance = instance_of([{"id": name, "duration": 4} for name in "tu"], agents)
    quick = [int(instance.option_duration[o]) for o in range(2)].index(2)
    room = room_of(instance, {1: (quick, 0)})
    option = room.make(0, 0, 4)
    assert option is not None
    assert instance.option_duration[option] == 4
    assert gone(room) == []


def test_the_end_comes_before_the_order_of_options() -> None:
    """Of two that cost the same the one that ends first."""
    instance = instance_of([{"id": "t", "duration": 4}], [{"id": "slow"}, {"id": "quick", "speed": 2}])
    room = room_of(instance, {})
    option = room.make(0, 0, 9)
    assert option is not None
    assert room.end[0] == 2


@pytest.mark.parametrize("pinned", [{"pinned": {"start": 0}}, {}])
def test_none_that_is_pinned_gives_way(pinned: dict[str, Any]) -> None:
    """Where only that one is in the way there is no room."""
    instance = instance_of([{"id": "t", "duration": 2}, {"id": "u", "duration": 2} | pinned], ALONE)
    room = room_of(instance, {1: (0, 0)})
    assert (room.make(0, 0, 2) is None) == bool(pinned)
    assert gone(room) == ([] if pinned else [1])


def test_there_is_no_room_where_time_is_too_short() -> None:
    """An option that ends too late is none; nothing has changed."""
    instance = instance_of([{"id": "t", "duration": 2}, {"id": "u", "duration": 2}], ALONE)
    room = room_of(instance, {1: (0, 0)})
    assert room.make(0, 0, 1) is None
    assert gone(room) == []


def test_tasks_that_others_wait_for_cost_more() -> None:
    """Of two agents, the one whose task nothing follows loses it; what is in a hurry is worth a hundred others."""
    tasks = [
        {"id": "t", "duration": 2}, {"id": "u", "duration": 2}, {"id": "v", "duration": 2},
        {"id": "w", "duration": 2, "after": ["u"]},
    ]  # fmt: skip
    agents = [{"id": "a", "labels": {"x": "1"}}, {"id": "b"}]
    instance = instance_of(tasks, agents, objective={"balance": 1})
    room = room_of(instance, {1: (0, 0), 2: (1, 0)})
    assert Supplies(instance).prices.tolist() == [1, 2, 1, 1]
    room.make(0, 0, 2)
    assert gone(room) == [2]
    hurried = instance_of([*tasks[:2], tasks[2] | {"deadline": 9}, tasks[3]], agents, objective={"balance": 1})
    room = room_of(hurried, {1: (0, 0), 2: (1, 0)})
    assert Supplies(hurried).prices.tolist() == [1, 2, 100, 1]
    room.make(0, 0, 2)
    assert gone(room) == [1]


def test_hurry_and_number_reach_whatever_comes_before() -> None:
    """Prices of a net that counts every path stay finite: nobody is worth more than all tasks."""
    layers = 60
    tasks: list[dict[str, Any]] = [
        {"id": f"t{k}{side}", "duration": 1, "after": [f"t{k - 1}{one}" for one in "lr"] if k else []}
        for k in range(layers)
        for side in "lr"
    ]
    tasks[-1]["deadline"] = 500
    prices = Supplies(instance_of(tasks, ALONE)).prices
    assert np.isfinite(prices).all()
    assert prices.max() == 100 * 2 * layers
    assert prices[-1] == 100
    assert prices[-2] == 1


def test_only_as_many_give_way_as_are_needed() -> None:
    """Of an agent with slots and a capacity, the cheapest until both suffice."""
    agents = [{"id": "a", "slots": 3, "capacity": {"cpu": 4}}]
    tasks = [{"id": f"t{k}", "duration": 2, "demand": {"cpu": need}} for k, need in enumerate((2, 2, 1, 1))]
    instance = instance_of(tasks, agents, resources=[{"id": "cpu"}])
    room = room_of(instance, {1: (0, 0), 2: (0, 0), 3: (0, 0)})
    room.make(0, 0, 2)
    assert gone(room) == [1]


def test_the_shared_pool_is_a_supply_too() -> None:
    """A task on another agent gives way for what both take from the pool."""
    agents = [{"id": "a"}, {"id": "b"}]
    tasks = [
        {"id": name, "duration": 2, "demand": {"gpu": 1}, "agents": [one]} for name, one in (("t", "a"), ("u", "b"))
    ]
    instance = instance_of(tasks, agents, resources=[{"id": "gpu", "capacity": 1}])
    room = room_of(instance, {1: (0, 1)})
    room.make(0, 0, 2)
    assert gone(room) == [1]


def test_who_has_given_way_is_in_nobodys_way() -> None:
    """A second task finds the place free; what was moved is where it is now."""
    instance = instance_of([{"id": name, "duration": 2} for name in "tuv"], ALONE)
    room = room_of(instance, {1: (0, 0)})
    room.make(0, 0, 2)
    room.make(2, 2, 4)
    assert gone(room) == [1]
    room.make(1, 4, 6)
    assert gone(room) == []


def test_who_was_moved_is_in_the_way_where_it_is_now() -> None:
    """Not where it was."""
    agents = [{"id": "a"}, {"id": "b", "cost": {"fixed": 1}}]
    instance = instance_of([{"id": name, "duration": 2} for name in "tuv"], agents)
    room = room_of(instance, {1: (1, 0)})
    for task in (0, 2):
        assert room.make(task, 4, 6) is not None
    assert len(set(instance.option_holder[room.option[[0, 2]]].tolist())) == 2
    assert gone(room) == []


def test_a_task_changes_to_an_option_that_is_free() -> None:
    """At its own start, to the one that ends first, unless it is barred; where none is free it stays."""
    agents = [{"id": "a"}, {"id": "b"}, {"id": "quick", "speed": 2}]
    instance = instance_of([{"id": name, "duration": 4} for name in "tu"], agents)
    quick = int(np.argmin(instance.option_duration[:3]))
    slow = next(o for o in range(3) if o != quick)
    room, nobody = room_of(instance, {0: (slow, 2), 1: (quick, 3)}), np.zeros(6, bool)
    busy = room.change(0, 9, nobody)
    assert (busy, int(instance.option_duration[room.option[0]]), int(room.start[0])) == (True, 4, 2)
    room.make(1, 20, 30)
    assert not room.change(0, 3, nobody)
    assert not room.change(0, 9, np.ones(6, bool))
    assert room.change(0, 9, nobody)
    assert (int(room.option[0]), int(room.start[0]), int(room.end[0])) == (quick, 2, 4)
    assert gone(room) == []


def test_a_task_that_takes_nothing_of_anybody_makes_no_room() -> None:
    """Leaving it out is not what was asked for."""
    instance = instance_of([{"id": "t", "duration": 2, "optional": True}, {"id": "u", "duration": 2}], ALONE)
    room = room_of(instance, {1: (0, 0)})
    option = room.make(0, 0, 2)
    assert option is not None
    assert instance.crews is not None
    assert not instance.crews.out[option]
