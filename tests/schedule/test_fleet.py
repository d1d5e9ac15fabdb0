"""Large fleets keep some of the options of a task: the agents that it is pinned to, or had, are always among them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from qamctl.schedule import build
from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import Planned, carried
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data

AGENTS = 40


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a fleet of some agents were too large."""
    monkeypatch.setattr(build, "MOST_CREW_OPTIONS", 50)


def instance_of(tasks: list[dict[str, Any]], plan: dict[str, str] | None = None, **root: Any) -> Instance:
    """Agents that are not alike, and tasks, one of which may be left out, after a plan of agents by task."""
    agents = [
        {"id": f"a{k}", "cost": {"fixed": k + 1}, "skills": ["even"] if k % 2 == 0 else []} for k in range(AGENTS)
    ]
    rows = [{"duration": 2} | task for task in tasks] + [{"id": "extra", "duration": 1, "optional": True}]
    spec = schedule_from_data({"kind": "schedule", "version": 1, "agents": agents, "tasks": rows} | root)
    if plan is not None:
        spec = carried(spec, {task: Planned((agent,), None, Fraction(0)) for task, agent in plan.items()}, {})
    return build_instance(spec)


def agents_of(instance: Instance, task: int) -> list[int]:
    """Who may do a task."""
    options = np.arange(instance.first_option[task], instance.first_option[task + 1])
    assert instance.crews is not None
    return [int(instance.members[h][0]) for h in instance.option_holder[options[~instance.crews.out[options]]]]


def test_every_task_has_some_agents_and_not_all_the_same() -> None:
    """Spread over the fleet, as many for each; proofs of such a problem don't count."""
    instance = instance_of([{"id": f"t{k}"} for k in range(8)])
    found = [agents_of(instance, t) for t in range(8)]
    assert all(8 <= len(agents) < AGENTS for agents in found)
    assert len({tuple(agents) for agents in found}) > 1
    assert all(max(agents) - min(agents) > AGENTS // 2 for agents in found)
    assert instance.crews is not None
    assert not instance.complete


def test_who_is_not_able_is_no_option() -> None:
    """Skills, and a demand that only some agents can meet."""
    instance = instance_of([{"id": "t", "skills": ["even"]}, {"id": "u"}])
    assert all(agent % 2 == 0 for agent in agents_of(instance, 0))
    assert len(agents_of(instance, 0)) >= 8


@pytest.mark.parametrize("agent", range(0, AGENTS, 7))
def test_a_pinned_agent_is_never_left_out(agent: int) -> None:
    """It is the only option of its task, wherever it stands in the fleet."""
    instance = instance_of([{"id": "t", "pinned": {"agent": f"a{agent}"}}, *({"id": f"u{k}"} for k in range(6))])
    assert agents_of(instance, 0) == [agent]


@pytest.mark.parametrize("agent", range(0, AGENTS, 7))
def test_the_agent_of_an_earlier_schedule_is_never_left_out(agent: int) -> None:
    """Nor that of a task that has begun."""
    tasks = [{"id": "t"}, *({"id": f"u{k}"} for k in range(6))]
    assert agent in agents_of(instance_of(tasks, {"t": f"a{agent}"}), 0)
    assert agents_of(instance_of(tasks, {"t": f"a{agent}"}, freeze_until=1), 0) == [agent]


def test_who_has_lost_its_agent_may_look_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that has to find another one has more of them to choose from, never fewer than others."""
    tasks = [{"id": f"t{k}"} for k in range(200)]
    plan = {f"t{k}": "gone" if k == 0 else "a3" for k in range(200)}
    for most in (50, 4000):
        monkeypatch.setattr(build, "MOST_CREW_OPTIONS", most)
        found = [len(agents_of(instance_of(tasks, plan), task)) for task in (0, 1)]
        assert found[0] == AGENTS if most == 4000 else found[0] >= found[1] - 1
        assert found[1] < AGENTS


def test_tasks_without_agents_have_their_option() -> None:
    """The shared pool is no agent."""
    instance = instance_of([{"id": "t", "agents": "none"}, {"id": "u"}, {"id": "v"}])
    assert instance.first_option[1] - instance.first_option[0] == 1
