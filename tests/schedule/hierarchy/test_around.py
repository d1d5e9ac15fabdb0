"""Some tasks scheduled anew among others that stay: whatever their part allows, the whole allows."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
from support.fleets import fleet_data
from support.random_specs import random_feasible, random_spec
from support.replanning import solved, spec_of

from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.hierarchy.around import held_around
from qamctl.schedule.hierarchy.draft import Draft
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers import cpsat
from qamctl.schedule.spec import NEVER, ScheduleSpec
from qamctl.schedule.subspec import SubSpec
from qamctl.solver import Budget

Ints = np.ndarray


@dataclass(frozen=True)
class Case:
    """A problem, a schedule of it, and what of it is to be made anew by whom."""

    spec: ScheduleSpec
    now: Solution
    free: Ints
    agents: Ints
    until: int

    def part(self) -> SubSpec:
        """With the tasks held that use these agents, or what all share."""
        demand, held = self.spec.modes.demand[self.now.mode], np.ones(len(self.now.start), bool)
        held[self.free] = False
        away = ~np.isin(self.now.agent, self.agents)
        held &= ~away | ((demand > 0) & (self.spec.resources.capacity >= 0)).any(axis=1)
        return held_around(self.spec, self.now, self.free, self.agents, np.flatnonzero(held), until=self.until)

    def with_part(self, sub: SubSpec, found: Solution) -> Solution:
        """The schedule with the free tasks as in one of the part."""
        draft = Draft.of(self.now)
        draft.take(sub, found, self.free)
        return draft.solution()

    @property
    def ends_cross(self) -> bool:
        """Whether an end is tied to something across: times are on the safe side then."""
        inside = np.isin(np.arange(len(self.now.start)), self.free)
        after = self.spec.after
        return bool((inside[after.pred] != inside[after.succ])[after.kind >= 2].any())


def drawn(seed: int) -> Case | None:
    """A random problem with every kind of precedence, supply and window; None where no schedule was found."""
    rng = Random(f"around {seed}")
    data = fleet_data(seed, agents=6, tasks=14, project=7) if seed % 4 == 0 else random_spec(rng, tasks=9, agents=4)
    spec = schedule_from_data(data)
    if not len(spec.agents.ids):
        return None
    now = random_feasible(spec, rng, tries=4)
    if now is None:
        return None
    n, m = len(spec.tasks.ids), len(spec.agents.ids)
    free = np.array(sorted(rng.sample(range(n), rng.randint(1, n - 1))), np.int64)
    mine = set(now.agent[free].tolist()) - {-1}
    agents = np.array(sorted(mine | set(rng.sample(range(m), rng.randint(0 if mine else 1, m)))), np.int64)
    until = int(now.end[free].max()) + rng.choice((0, 2, 5, 100))
    return Case(spec, now, free, agents, rng.choice((NEVER, until)))


@pytest.mark.parametrize("block", range(6))
def test_what_a_part_allows_the_whole_allows(block: int) -> None:
    """A schedule of the part that list search finds, put among the others, is accepted by the checker."""
    tried = 0
    for seed in range(12 * block, 12 * block + 12):
        case = drawn(seed)
        if case is None:
            continue
        sub = case.part()
        found = solved(sub.spec, 30)
        if found is None:
            continue
        assert not check_solution(sub.spec, found).violations, seed
        assert not check_solution(case.spec, case.with_part(sub, found)).violations, seed
        tried += 1
    assert tried > 2


def test_what_an_exact_engine_makes_of_a_part_the_whole_allows() -> None:
    """An optimal schedule of the part goes to its limits."""
    tried = 0
    for seed in range(8):
        case = drawn(seed)
        if case is None:
            continue
        sub = case.part()
        instance = build_instance(sub.spec)
        outcome = cpsat.solve(instance, None, Budget(steps=300), 1, lambda: False, lambda solution: None)
        if outcome.solution is not None:
            assert not check_solution(case.spec, case.with_part(sub, outcome.solution)).violations, seed
            tried += 1
    assert tried > 1


@pytest.mark.parametrize("block", range(4))
def test_the_present_schedule_is_one_of_the_part(block: int) -> None:
    """Wherever only starts of later ones are tied across, and put back it changes nothing."""
    tried = 0
    for seed in range(18 * block, 18 * block + 18):
        case = drawn(seed)
        if case is None:
            continue
        sub = case.part()
        here = sub.part(case.now)
        assert np.array_equal(case.with_part(sub, here).agent, case.now.agent)
        broken = {one.constraint for one in check_solution(sub.spec, here).violations}
        assert broken <= ({"release", "deadline"} if case.ends_cross else set()), seed
        tried += not case.ends_cross
    assert tried > 3


def whole(
    data_tasks: list[dict[str, Any]], now: list[tuple[int, int, int, int]], **root: Any
) -> tuple[ScheduleSpec, Solution]:
    """A problem, and its schedule as rows of start, end, mode and agent."""
    spec = spec_of(data_tasks, **root)
    start, end, mode, agent = zip(*now, strict=True)
    return spec, Solution(np.array(start), np.array(end), np.array(mode, np.int32), np.array(agent, np.int32))


@pytest.mark.parametrize(
    ("kind", "lag", "release", "deadline"),
    [("FS", 1, 5, NEVER), ("SS", 3, 5, NEVER), ("FF", 3, 5, NEVER), ("SF", 4, 4, NEVER), ("FS", -2, 2, NEVER)],
)
def test_waiting_for_what_stays_is_a_release(kind: str, lag: int, release: int, deadline: int) -> None:
    """Of the end or the start that is tied, less the least duration where it is the end."""
    tasks = [{"id": "t", "duration": 2}, {"id": "u", "duration": 2, "after": [{"task": "t", "type": kind, "lag": lag}]}]
    spec, now = whole(tasks, [(2, 4, 0, 0), (7, 9, 1, 1)])
    one = np.array([1])
    sub = held_around(spec, now, one, one, one[:0])
    assert sub.spec.tasks.ids == ("u",)
    assert (sub.spec.tasks.release[0], sub.spec.tasks.deadline[0]) == (release, deadline)


@pytest.mark.parametrize(("kind", "lag", "deadline"), [("FS", 1, 6), ("SS", 3, 6), ("FF", 3, 6), ("SF", 4, 7)])
def test_what_stays_and_waits_is_a_deadline(kind: str, lag: int, deadline: int) -> None:
    """Of the end, or of the start and the least duration."""
    tasks = [{"id": "t", "duration": 2}, {"id": "u", "duration": 2, "after": [{"task": "t", "type": kind, "lag": lag}]}]
    spec, now = whole(tasks, [(0, 2, 0, 0), (7, 9, 1, 1)])
    zero = np.array([0])
    sub = held_around(spec, now, zero, zero, zero[:0])
    assert sub.spec.tasks.deadline.tolist() == [deadline]


def test_own_windows_stay() -> None:
    """A release or a deadline of the task itself counts where it is tighter, and `since` and `until` where they are."""
    tasks = [{"id": "t", "duration": 1}, {"id": "u", "duration": 1, "after": ["t"], "release": 5, "deadline": 9}]
    spec, now = whole(tasks, [(0, 1, 0, 0), (6, 7, 1, 1)])
    one = np.array([1])
    assert held_around(spec, now, one, one, one[:0]).spec.tasks.release.tolist() == [5]
    assert held_around(spec, now, one, one, one[:0]).spec.tasks.deadline.tolist() == [9]
    assert held_around(spec, now, one, one, one[:0], until=8).spec.tasks.deadline.tolist() == [8]
    assert held_around(spec, now, one, one, one[:0], since=6).spec.tasks.release.tolist() == [6]


def test_what_is_in_nobodys_way_is_left_out() -> None:
    """What ends before the free tasks may begin, or begins when they have ended, is no part; what is between is."""
    tasks = [{"id": "early"}, {"id": "between"}, {"id": "late"}, {"id": "free", "release": 2}]
    spec, now = whole(tasks, [(0, 1, 0, 0), (3, 4, 1, 0), (9, 10, 2, 0), (5, 6, 3, 0)])
    sub = held_around(spec, now, np.array([3]), np.array([0]), np.arange(3), until=9)
    assert sub.spec.tasks.ids == ("between", "free")
    assert sub.spec.tasks.pinned_start.tolist() == [3, -1]
    assert sub.spec.tasks.pinned_agent.tolist() == [0, -1]


def test_who_is_not_here_takes_only_what_all_share() -> None:
    """A held task of another agent has its time and its part of the pool, and needs nobody of the part."""
    resources = [{"id": "r", "capacity": 3}, {"id": "own"}]
    agents = [{"id": "a", "capacity": {"own": 1}}, {"id": "b", "capacity": {"own": 1}, "speed": 0.5}]
    tasks = [{"id": "t", "duration": 2, "demand": {"r": 2, "own": 1}}, {"id": "u", "demand": {"r": 2, "own": 1}}]
    spec, now = whole(tasks, [(0, 4, 0, 1), (4, 5, 1, 0)], agents=agents, resources=resources)
    sub = held_around(spec, now, np.array([1]), np.array([0]), np.array([0]))
    assert sub.spec.modes.agents[0] == ()
    assert sub.spec.modes.duration.tolist() == [4, 1]
    assert sub.spec.modes.demand.tolist() == [[2, 0], [2, 1]]
    found = solved(sub.spec)
    assert found is not None
    assert found.start.tolist() == [0, 4]


def test_what_was_consumed_is_gone() -> None:
    """Of the pool, and of an agent's own; what is reserved for later stays untouched."""
    resources = [{"id": "fuel", "kind": "consumable", "capacity": 10}]
    agents = [{"id": "a", "capacity": {"fuel": 7}}, {"id": "b"}]
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "demand": {"fuel": 2}} for k in range(4)]
    spec, now = whole(
        tasks, [(0, 1, 0, 0), (0, 1, 1, 1), (1, 2, 2, 1), (5, 6, 3, 0)], agents=agents, resources=resources
    )
    free, held = np.array([3]), np.array([0, 1])
    sub = held_around(spec, now, free, np.array([0, 1]), held, reserved=np.array([2]), until=50)
    # Tasks 0 and 1 are in the way, and consume as tasks of the part do.
    assert sub.spec.resources.capacity.tolist() == [8]
    late = spec_of([*tasks[:3], tasks[3] | {"release": 4}], agents, resources=resources)
    sub = held_around(late, now, free, np.array([0, 1]), held, reserved=np.array([2]), until=50)
    assert sub.spec.tasks.ids == ("t3",)
    assert sub.spec.resources.capacity.tolist() == [6]
    assert sub.spec.agents.capacity.ravel().tolist() == [5, -1]
