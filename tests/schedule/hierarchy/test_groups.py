"""Groups of agents are fair samples of the fleet, and keep those together whom pinned tasks need together."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.replanning import spec_of

from qamctl.schedule.eligible import eligibility
from qamctl.schedule.hierarchy.groups import grouped_agents, links_of
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec


def groups_of(spec: ScheduleSpec, parts: int) -> list[int] | None:
    found = grouped_agents(spec, eligibility(spec)[0], parts)
    return None if found is None else found.tolist()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("parts", [2, 3, 5])
def test_agents_of_each_sort_are_dealt_out(seed: int, parts: int) -> None:
    """Of agents that can do the same as quickly with as many slots no group has two more than another."""
    spec = schedule_from_data(fleet_data(seed, agents=30, tasks=20))
    group = groups_of(spec, parts)
    assert group is not None
    able = np.array(eligibility(spec)[0], bool)
    for sort in ("same masks", "all"):
        count: dict[Any, Counter[int]] = {}
        for a, g in enumerate(group):
            rest = (int(spec.agents.slots[a]), float(spec.agents.speed_num[a] / spec.agents.speed_den[a]))
            key = (able[:, a].tobytes(), *(rest if sort == "all" else ()))
            count.setdefault(key, Counter(dict.fromkeys(range(parts), 0)))[g] += 1
        assert all(max(one.values()) - min(one.values()) <= 1 for one in count.values())
    assert max(Counter(group).values()) - min(Counter(group).values()) <= 1


def test_pinned_agents_of_tasks_that_hang_together_stay_together() -> None:
    """By precedence, by rules, by gangs, and of one crew."""
    tasks: list[dict[str, Any]] = [
        {"id": "p", "pinned": {"agent": "a0"}}, {"id": "q", "after": ["p"]},
        {"id": "r", "after": ["q"], "pinned": {"agent": "a3"}},
        {"id": "s", "count": 2, "pinned": {"agents": ["a1", "a6"]}},
        {"id": "t", "pinned": {"agent": "a2"}, "apart": ["u"]}, {"id": "u", "pinned": {"agent": "a7"}},
        {"id": "v", "pinned": {"agent": "a4"}, "gang": "g"}, {"id": "w", "pinned": {"agent": "a5"}, "gang": "g"},
    ]  # fmt: skip
    group = groups_of(spec_of(tasks, [f"a{k}" for k in range(8)]), 4)
    assert group is not None
    assert group[0] == group[3]
    assert group[1] == group[6]
    assert group[2] == group[7]
    assert group[4] == group[5]
    assert sorted(group) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_fewer_bundles_than_parts_make_no_groups() -> None:
    """Four agents of whom three stay together are two groups at most."""
    tasks = [{"id": f"t{k}", "pinned": {"agent": f"a{k}"}, "after": [f"t{k - 1}"] if k else []} for k in range(3)]
    spec = spec_of(tasks, [f"a{k}" for k in range(4)])
    assert groups_of(spec, 3) is None
    assert groups_of(spec, 2) == [0, 0, 0, 1]


def test_values_of_labels_that_rules_compare_are_dealt_out() -> None:
    """Each group has agents of both zones."""
    agents = [{"id": f"a{k}", "labels": {"zone": "east" if k < 4 else "west"}} for k in range(8)]
    tasks = [{"id": f"t{k}", "apart": [{"group": "g", "label": "zone"}]} for k in range(2)]
    group = groups_of(spec_of(tasks, agents), 4)
    assert group is not None
    assert sorted(group[:4]) == sorted(group[4:]) == [0, 1, 2, 3]


def test_links_are_precedence_rules_and_gangs() -> None:
    """Tasks that nothing ties have none."""
    tasks: list[dict[str, Any]] = [
        {"id": "a"}, {"id": "b", "after": [{"task": "a", "type": "SS"}]}, {"id": "c", "near": ["d"]}, {"id": "d"},
        {"id": "e", "gang": "g"}, {"id": "f"}, {"id": "h", "gang": "g"},
    ]  # fmt: skip
    pairs = {tuple(sorted(pair)) for pair in zip(*(side.tolist() for side in links_of(spec_of(tasks))), strict=True)}
    assert {pair for pair in pairs if pair[0] != pair[1]} == {(0, 1), (2, 3), (4, 6)}
