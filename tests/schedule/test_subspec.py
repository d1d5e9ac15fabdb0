"""A part of a spec means what the file would mean without the other rows, and its schedules find the way back."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from support.leaving_out import earlier_of, without
from support.replanning import solved, spec_of
from support.rich_schedules import features_of, rich_spec, with_earlier

from qamctl.schedule.build import build_instance
from qamctl.schedule.check import Report
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec
from qamctl.schedule.subspec import SubSpec, some_of, with_shares


def chosen(spec: ScheduleSpec, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Some tasks and some agents, at least one of each."""

    def some(n: int) -> np.ndarray:
        return np.array(sorted(rng.sample(range(n), rng.randint(max(1, n // 2), n))), np.int64)

    return some(len(spec.tasks.ids)), some(len(spec.agents.ids))


@cache
def both(seed: int) -> tuple[ScheduleSpec, SubSpec, ScheduleSpec]:
    """A random spec, a part of it, and what the file is without the other rows."""
    spec = with_earlier(schedule_from_data(rich_spec(seed, "small")), seed)
    expected = schedule_from_data(without_some(seed))
    return spec, some_of(spec, *chosen(spec, Random(seed))), replace(expected, earlier=earlier_of(expected, spec))


@cache
def without_some(seed: int) -> dict[str, Any]:
    """The data of the part."""
    data = rich_spec(seed, "small")
    spec = schedule_from_data(data)
    tasks, agents = chosen(spec, Random(seed))
    return without(data, {spec.tasks.ids[t] for t in tasks}, {spec.agents.ids[a] for a in agents})


def broken(report: Report) -> set[tuple[str, str | None, str | None, str | None]]:
    return {(one.constraint, one.task, one.agent, one.resource) for one in report.violations}


def changed(spec: ScheduleSpec, solution: Solution, rng: Random) -> Solution:
    """The schedule with one task elsewhere: later, earlier, or by others."""
    start, end, agent, others = solution.start.copy(), solution.end.copy(), solution.agent.copy(), dict(solution.others)
    t = rng.randrange(len(start))
    if rng.random() < 0.5 or solution.agent[t] < 0:
        move = rng.choice((-2, -1, 1, 2, 5))
        start[t], end[t] = start[t] + move, end[t] + move
    else:
        agent[t] = rng.randrange(len(spec.agents.ids))
        others.pop(t, None)
    return Solution(start, end, solution.mode, agent, others)


@pytest.mark.parametrize("block", range(4))
def test_a_part_means_what_is_left_of_the_file(block: int) -> None:
    """Schedules of the one are judged alike by the other, good and broken ones, with the same figures."""
    for seed in range(6 * block, 6 * block + 6):
        _, sub, expected = both(seed)
        assert sub.spec.tasks.ids == expected.tasks.ids
        assert sub.spec.agents.ids == expected.agents.ids
        rng = Random(f"changes {seed}")
        for solution in (solved(sub.spec, 40), solved(expected, 40)):
            if solution is None:
                continue
            for tried in (solution, *(changed(sub.spec, solution, rng) for _ in range(5))):
                got, want = check_solution(sub.spec, tried), check_solution(expected, tried)
                assert broken(got) == broken(want), seed
                known = {name: got.terms.get(name, 0) for name in want.terms}  # no setups, no such term
                assert known == pytest.approx(want.terms), seed
                assert not any(got.terms[name] for name in got.terms if name not in want.terms), seed


def test_the_random_parts_have_everything() -> None:
    """What stands in the tests above is said of every feature that rows can have together."""
    seen = set[str]().union(*(features_of(without_some(seed)) for seed in range(24)))
    assert {"setups", "gang", "data", "near", "apart", "spread", "crews", "absences", "optional", "pinned-mode"} <= seen


def test_what_a_part_can_do_the_file_can() -> None:
    """The options of a part's tasks are those of the file without the other rows."""
    for seed in range(24):
        _, sub, expected = both(seed)
        got, want = build_instance(sub.spec), build_instance(expected)
        assert options(got) == options(want), seed


def options(instance: Instance) -> list[tuple[Any, ...]]:
    """What may be done: task, mode, agents, duration and cost of every option."""
    task = np.repeat(np.arange(instance.n), np.diff(instance.first_option))
    crews = instance.crews
    rows = []
    for o in range(len(task)):
        pairs = ((int(instance.option_holder[o]), 1),) if crews is None else crews.of(o)
        who = tuple((tuple(instance.members[h].tolist()), number) for h, number in pairs)
        left = crews is not None and bool(crews.out[o])
        rows.append((
            int(task[o]), int(instance.option_mode[o]), who, int(instance.option_duration[o]),
            round(float(instance.option_cost[o]), 9), left,
        ))  # fmt: skip
    return sorted(rows)


@pytest.mark.parametrize("seed", range(12))
def test_all_of_a_spec_is_the_spec(seed: int) -> None:
    """With all tasks and agents every column is as it was."""
    spec = with_earlier(schedule_from_data(rich_spec(seed, "small")), seed)
    everything = some_of(spec, np.arange(len(spec.tasks.ids)), np.arange(len(spec.agents.ids)))
    for part in (everything, some_of(spec, np.arange(len(spec.tasks.ids)))):
        assert same(part.spec.tasks, spec.tasks, {"gang"})
        assert same_groups(part.spec.tasks.gang, spec.tasks.gang)
        for name in ("resources", "agents", "modes", "after"):
            assert same(getattr(part.spec, name), getattr(spec, name)), name
        assert part.spec.rules == spec.rules
        assert part.spec.earlier is not None
        assert same(part.spec.earlier, spec.earlier)


def same(a: Any, b: Any, apart: set[str] = frozenset()) -> bool:  # type: ignore[assignment]
    """Whether two tables have the same columns."""
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__ if name not in apart)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def same_groups(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return len(pairs) == len(set(a.tolist())) == len(set(b.tolist())) and all((x < 0) == (y < 0) for x, y in pairs)


def test_a_schedule_goes_there_and_back() -> None:
    """What `whole` says of a part's schedule `part` makes the same schedule again."""
    tried = 0
    for seed in range(24):
        spec, sub, _ = both(seed)
        found = solved(sub.spec, 20)
        if found is None:
            continue
        tried += 1
        mode, agent, others = sub.whole(found)
        n = len(spec.tasks.ids)
        nothing = np.zeros(n, np.int64), np.full(n, -1, np.int32)
        start, end, modes, agents = nothing[0].copy(), nothing[0].copy(), nothing[1].copy(), nothing[1].copy()
        start[sub.tasks], end[sub.tasks], modes[sub.tasks], agents[sub.tasks] = found.start, found.end, mode, agent
        for t, crew in others.items():
            assert t in sub.tasks
            assert set(crew) <= set(sub.agents.tolist())
        back = sub.part(Solution(start, end, modes, agents, others))
        assert same(back, found), seed
        ids = [spec.modes.ids[m] for m in mode[mode >= 0]]
        assert ids == [sub.spec.modes.ids[m] for m in found.mode[found.mode >= 0]]
        assert [spec.agents.ids[a] for a in agent[agent >= 0]] == [
            sub.spec.agents.ids[a] for a in found.agent[found.agent >= 0]
        ]  # fmt: skip
    assert tried > 12


def test_whoever_is_not_in_a_part_is_nobody() -> None:
    """A schedule of the whole as one of a part has -1 for agents that the part does not have."""
    spec = spec_of([{"id": "t"}, {"id": "u"}, {"id": "v", "agents": "none"}], ("a", "b"))
    sub = some_of(spec, np.array([0, 2]), np.array([1]))
    zero = np.zeros(3, np.int64)
    part = sub.part(Solution(zero, zero + 1, np.arange(3, dtype=np.int32), np.array([0, 1, -1], np.int32)))
    assert part.agent.tolist() == [-1, -1]
    assert part.mode.tolist() == [0, 1]


@pytest.mark.parametrize("others", [0, 1])
def test_what_only_absent_agents_may_do_nobody_can(others: int) -> None:
    """A list of agents of whom none is there does not mean that no agent is needed, beside another mode or alone."""
    modes = [{"id": "m", "duration": 2}, {"id": "n", "duration": 1, "agents": ["a"]}]
    task = {"id": "t", "modes": modes[1 - others :]}
    sub = some_of(spec_of([task], ("a", "b")), np.array([0]), np.array([1]))
    instance = build_instance(sub.spec)
    assert (instance.option_holder > 0).all()
    assert len(instance.option_holder) == others
    alone = Solution(*(np.array([k], dtype) for k, dtype in ((0, int), (1, int), (others, np.int32), (-1, np.int32))))
    assert any(one.constraint == "agent-missing" for one in check_solution(sub.spec, alone).violations)


@pytest.mark.parametrize("pinned", [{"agent": "a"}, {"agents": ["a", "b"]}])
def test_a_task_that_is_pinned_elsewhere_has_no_way_to_be_done(pinned: dict[str, Any]) -> None:
    """Without one of its agents it has no option, rather than any agent at all."""
    count = len(pinned.get("agents", ("",)))
    spec = spec_of([{"id": "t", "count": count, "pinned": pinned}, {"id": "u"}], ("a", "b", "c"))
    instance = build_instance(some_of(spec, np.arange(2), np.array([1, 2])).spec)
    assert np.diff(instance.first_option).tolist()[0] == 0
    assert np.diff(instance.first_option).tolist()[1] > 0


def test_shares_take_the_place_of_capacities() -> None:
    """Of the resources named, usually and meanwhile; the others stay."""
    resources = [{"id": "r", "capacity": 5, "calendar": [[2, 4, 1], [6, 8, 9]]}, {"id": "s", "capacity": 3}]
    spec = spec_of([{"id": "t"}], ("a",), resources=resources)
    found = with_shares(spec, {0: (2, [0, 7])}).resources
    assert found.capacity.tolist() == [2, 3]
    assert found.calendar.capacity.tolist() == [0, 7]
    assert spec.resources.capacity.tolist() == [5, 3]
