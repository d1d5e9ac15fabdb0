"""Moves come in an order in which every step holds: replayed by the checker, and held against all orders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from cluster.specs import make_spec, solution_of

from qamctl.cluster.check import check_moves
from qamctl.cluster.moves import Step, order_moves
from qamctl.cluster.moves_exact import FEW
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec


def ordered(spec: ClusterSpec, solution: Solution) -> tuple[list[Step], list[int]]:
    """The order of the moves, after the checker has replayed it."""
    steps, blocked = order_moves(spec, solution)
    names = (*spec.clusters.ids, None)
    rows = [{"agent": name, "cluster": names[k]} for name, k in zip(spec.agents.ids, solution.cluster, strict=True)]
    moves = [
        {"step": number, "agent": spec.agents.ids[i], "from": names[old], "to": names[new]}
        for number, (i, old, new) in enumerate(steps, 1)
    ]
    verdict = check_moves(spec, rows, moves)
    assert verdict.violations == ()
    assert verdict.blocked == tuple(spec.agents.ids[i] for i in blocked)
    return steps, blocked


def told(spec: ClusterSpec, answer: dict[str, str | None]) -> tuple[list[str], list[str]]:
    """Steps as `agent: from > to` and the blocked agents; who is not named stays where it is."""
    names = (*spec.clusters.ids, None)
    now = [names[k] for k in spec.agents.current.tolist()]
    wanted = [answer.get(name, place) for name, place in zip(spec.agents.ids, now, strict=True)]
    steps, blocked = ordered(spec, solution_of(spec, wanted))
    ids = spec.agents.ids
    return [f"{ids[i]}: {names[old]} > {names[new]}" for i, old, new in steps], [ids[i] for i in blocked]


def agents(places: dict[str, tuple[str | None, float]], **more: Any) -> list[dict[str, Any]]:
    """Agents by id, each with its cluster and what it needs of cpu."""
    return [{"id": name, "cluster": k, "demand": {"cpu": need}, **more} for name, (k, need) in places.items()]


def clusters(capacity: dict[str, float], **more: Any) -> list[dict[str, Any]]:
    return [{"id": name, "capacity": {"cpu": most}, **more} for name, most in capacity.items()]


def test_who_makes_room_goes_first() -> None:
    """A chain of full clusters is emptied from its end."""
    spec = make_spec(
        agents=agents({"a": ("x", 2), "b": ("y", 2), "c": ("z", 2)}),
        clusters=clusters({"x": 2, "y": 2, "z": 2, "u": 2}),
    )
    steps, blocked = told(spec, {"a": "y", "b": "z", "c": "u"})
    assert steps == ["c: z > u", "b: y > z", "a: x > y"]
    assert blocked == []


def test_one_agent_of_a_circle_is_parked() -> None:
    """Two that change places need a third cluster, and one step more."""
    spec = make_spec(agents=agents({"a": ("x", 3), "b": ("y", 2)}), clusters=clusters({"x": 3, "y": 3, "z": 2}))
    assert told(spec, {"a": "y", "b": "x"}) == (["b: y > z", "a: x > y", "b: z > x"], [])


def test_without_room_to_park_the_circle_is_blocked() -> None:
    """What is not in the circle moves all the same."""
    spec = make_spec(
        agents=agents({"a": ("x", 3), "b": ("y", 3), "c": ("u", 1)}),
        clusters=clusters({"x": 3, "y": 3, "z": 2, "u": 1}),
    )
    assert told(spec, {"a": "y", "b": "x", "c": "z"}) == (["c: u > z"], ["a", "b"])


def test_a_circle_is_parked_only_where_the_agent_may_be() -> None:
    """Clusters that it does not name, labels that it requires and taints that it does not tolerate keep it out."""
    places = {"a": ("x", 1), "b": ("y", 1)}
    for own, other in (
        ({"clusters": ["x", "y"]}, {}),
        ({"requires": {"zone": "n"}}, {}),
        ({}, {"taints": ["spot"]}),
    ):
        rows = clusters({"x": 1, "y": 1}, labels={"zone": "n"})
        spec = make_spec(agents=agents(places, **own), clusters=[*rows, {"id": "z", "capacity": {"cpu": 9}, **other}])
        assert told(spec, {"a": "y", "b": "x"}) == ([], ["a", "b"])


def test_room_to_park_is_kept_until_it_is_no_longer_needed() -> None:
    """Who comes from nowhere, or leaves a cluster that nobody waits for, does not take the one place that is free."""
    spec = make_spec(
        agents=agents({"a": ("x", 5), "b": ("y", 5), "new": (None, 5)}), clusters=clusters({"x": 5, "y": 5, "z": 5})
    )
    steps, blocked = told(spec, {"a": "y", "b": "x", "new": "z"})
    assert (steps[-1], len(steps), blocked) == ("new: None > z", 4, [])


def test_who_is_left_out_makes_room() -> None:
    """It goes to nowhere before another one takes its place."""
    spec = make_spec(agents=agents({"a": ("x", 2), "b": ("y", 2)}, optional=True), clusters=clusters({"x": 2, "y": 2}))
    assert told(spec, {"a": "y", "b": None}) == (["b: y > None", "a: x > y"], [])


def test_where_nobody_is_anywhere_nothing_moves() -> None:
    """Then there are no steps at all; with one agent somewhere, the others come from nowhere."""
    spec = make_spec(agents=["a", "b"], clusters=2)
    assert order_moves(spec, solution_of(spec, ["c0", "c1"])) == ([], [])
    spec = make_spec(agents=["a", {"id": "b", "cluster": "c0"}], clusters=2)
    assert sorted(told(spec, {"a": "c0", "b": "c1"})[0]) == ["a: None > c0", "b: c0 > c1"]


def test_inner_clusters_sizes_and_what_all_share_hold_too() -> None:
    """Each of them alone makes one of two moves wait for the other."""
    inner = [{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, "z"]
    for limits in ({"max_size": 1}, {"capacity": {"cpu": 2}}):
        spec = make_spec(
            agents=agents({"a": ("z", 2), "b": ("x", 2)}), clusters=[*inner, "u", {"id": "eu", **limits}],
        )  # fmt: skip
        assert told(spec, {"a": "y", "b": "u"}) == (["b: x > u", "a: z > y"], [])
    spec = make_spec(
        resources=[{"id": "cpu", "capacity": 4}], agents=agents({"a": (None, 2), "b": ("x", 3)}, optional=True),
        clusters=["x", "y"],
    )  # fmt: skip
    assert told(spec, {"a": "y", "b": None}) == (["b: x > None", "a: None > y"], [])


def test_own_demands_count_where_they_hold() -> None:
    """What an agent needs in one cluster alone decides there, also where it is parked."""
    spec = make_spec(
        agents=agents({"a": ("x", 1), "b": ("y", 1)}),
        clusters=clusters({"x": 3, "y": 3, "z": 1, "u": 1}),
        costs=[
            ("a", "x", 0, {"cpu": 3}),
            ("a", "y", 0, {"cpu": 3}),
            ("a", "z", 0, {"cpu": 2}),
            ("b", "z", 0, {"cpu": 2}),
            ("a", "u", 0, {"cpu": 2}),
        ],
    )
    assert told(spec, {"a": "y", "b": "x"}) == (["b: y > u", "a: x > y", "b: u > x"], [])


def test_quantities_beyond_64_bits_are_followed() -> None:
    """Uses that no int64 holds are still right."""
    big = 4 * 10**18
    spec = make_spec(
        agents=agents({f"a{i}": ("x", big) for i in range(4)} | {"b": ("y", big)}),
        clusters=[{"id": "x", "parent": "eu"}, "y", {"id": "eu", "capacity": {"cpu": big}}],
    )
    answer: dict[str, str | None] = {"a0": "y", "a1": "y", "a2": "y", "a3": "y", "b": "x"}
    steps, blocked = told(spec, answer)
    assert (steps[-1], len(steps), blocked) == ("b: y > x", 5, [])


def circles(count: int, length: int, room: int) -> tuple[ClusterSpec, Solution]:
    """Circles of agents that each take the place of the next one in full clusters, and a cluster with some room."""
    names = [f"m{c}-{k}" for c in range(count) for k in range(length)]
    spec = make_spec(
        agents=agents({f"a{name}": (name, 2) for name in names}),
        clusters=clusters(dict.fromkeys(names, 2) | {"z": room}),
    )
    following = [f"m{c}-{(k + 1) % length}" for c in range(count) for k in range(length)]
    return spec, solution_of(spec, following)


@pytest.mark.parametrize(("count", "length"), [(1, 2), (3, 3), (60, 2), (8, 20)])
def test_each_circle_costs_one_step_more(count: int, length: int) -> None:
    """One agent of each is parked, and all of them in the one place that there is."""
    spec, solution = circles(count, length, 2)
    steps, blocked = ordered(spec, solution)
    assert (len(steps), blocked) == (count * (length + 1), [])
    assert ordered(*circles(count, length, 1)) == ([], list(range(count * length)))


@pytest.mark.parametrize("copies", [1, 4])
def test_two_agents_are_parked_where_one_is_not_enough(copies: int) -> None:
    """Two small agents change places with a large one: both of them have to wait elsewhere."""
    places: dict[str, tuple[str | None, float]] = {}
    rooms: dict[str, float] = {"z": 2, "u": 2}
    answer: dict[str, str | None] = {}
    for c in range(copies):
        places |= {f"a{c}": (f"x{c}", 4), f"b{c}": (f"y{c}", 2), f"c{c}": (f"y{c}", 2)}
        rooms |= {f"x{c}": 4, f"y{c}": 4}
        answer |= {f"a{c}": f"y{c}", f"b{c}": f"x{c}", f"c{c}": f"x{c}"}
    steps, blocked = told(make_spec(agents=agents(places), clusters=clusters(rooms)), answer)
    assert (len(steps), blocked) == (5 * copies, [])
    assert (3 * copies > FEW) == (copies == 4)


def test_a_tight_fleet_moves_in_one_pass() -> None:
    """With 2 % of room, 600 of 2,000 agents move without any parking."""
    rng = np.random.default_rng(3)
    n, k = 2000, 40
    home = rng.permutation(np.arange(n) % k)
    need = rng.integers(1, 9, n)
    now, movers = home.copy(), rng.permutation(n)[:600]
    now[movers] = home[rng.permutation(movers)]
    most = np.maximum(np.bincount(home, need, k), np.bincount(now, need, k))
    spec = make_spec(
        agents=agents({f"a{i}": (f"c{now[i]}", int(need[i])) for i in range(n)}),
        clusters=clusters({f"c{c}": int(np.ceil(1.02 * most[c])) for c in range(k)}),
    )
    steps, blocked = ordered(spec, Solution(home.astype(np.int32), np.zeros((n, 0), np.int64)))
    assert blocked == []
    assert len(steps) == np.count_nonzero(home != now)


def draw(rng: Random, n: int, most: int) -> tuple[ClusterSpec, Solution]:
    """A spec and an answer with hardly any room: hierarchies, sizes, transient and shared resources."""
    leaves = [f"l{k}" for k in range(rng.randint(2, most))]
    inner = [f"i{k}" for k in range(rng.choice((0, 0, 1, 2)))]
    parent = {name: rng.choice([None, *inner]) for name in leaves}
    for k, name in enumerate(inner):
        parent[name] = rng.choice([None, *inner[k + 1 :]])
    for name in inner[::-1] * 2:  # those that hold nothing would be leaves
        if name not in parent.values():
            parent.pop(name, None)
    inner = [name for name in inner if name in parent]
    transient = rng.random() < 0.3
    rows: list[dict[str, Any]] = [
        {"id": f"a{i}", "demand": {"cpu": rng.randint(0, 4), "ram": rng.randint(0, 3)}, "optional": True,
         "cluster": None if rng.random() < 0.1 else rng.choice(leaves)}
        for i in range(n)
    ]  # fmt: skip
    now = [row["cluster"] for row in rows]
    new = [
        None if rng.random() < 0.08 else rng.choice(leaves) if rng.random() < 0.8 else place for place in now
    ]  # fmt: skip

    def around(name: str | None) -> list[str]:
        return [] if name is None else [name, *around(parent[name])]

    def within(name: str, place: str | None) -> bool:
        return place is not None and (name == "all" or name in around(place))

    def needed(name: str, resource: str) -> int:
        """What an answer needs there, and perhaps what there is now."""
        before = after = 0
        for row, old, place in zip(rows, now, new, strict=True):
            need = row["demand"][resource]
            before += need * within(name, old)
            stays_on = resource == "ram" and transient and old != place
            after += need * (within(name, place) or (stays_on and within(name, old)))
        return (max(before, after) if rng.random() < 0.85 else after) + rng.choice((0, 0, 1))

    def sized(name: str) -> int:
        return max(sum(within(name, place) for place in places) for places in (now, new))

    for row, old, place in zip(rows, now, new, strict=True):
        if rng.random() < 0.15:
            row["clusters"] = sorted({old, place, rng.choice(leaves)} - {None})
    places = [
        {"id": name, "parent": parent[name]}
        | ({"capacity": {r: needed(name, r) for r in ("cpu", "ram")}} if name in leaves or rng.random() < 0.6 else {})
        | ({"max_size": sized(name)} if rng.random() < 0.3 else {})
        for name in [*leaves, *inner]
    ]
    shared = {r: {"capacity": needed("all", r)} if rng.random() < 0.4 else {} for r in ("cpu", "ram")}
    spec = make_spec(
        resources=[{"id": "cpu", **shared["cpu"]}, {"id": "ram", "transient": transient, **shared["ram"]}],
        agents=rows,
        clusters=places,
    )
    return spec, solution_of(spec, new)


def reachable(spec: ClusterSpec, target: tuple[int, ...], parked: int) -> bool:
    """Whether any order leads to an answer with at most so many agents parked; every use is summed up anew."""
    parent, leaf = spec.clusters.parent.tolist(), np.flatnonzero(spec.clusters.leaf).tolist()
    k, width = len(parent), len(spec.resources.ids) + 1
    most = [
        [*row, size] for row, size in zip(spec.clusters.capacity.tolist(), spec.clusters.max_size.tolist(), strict=True)
    ]
    most.append([*spec.resources.capacity.tolist(), NO_LIMIT])
    demand = [[*row, 1] for row in spec.agents.demand.tolist()]
    start = tuple(spec.agents.current.tolist())

    def uses(state: tuple[int, ...]) -> list[list[int]]:
        out = [[0] * width for _ in range(k + 1)]
        for need, place in zip(demand, state, strict=True):
            at, ways = place, [k] if place >= 0 else []
            while at >= 0:
                ways.append(at)
                at = parent[at]
            for way in ways:
                out[way] = [a + b for a, b in zip(out[way], need, strict=True)]
        return out

    def steps(state: tuple[int, ...], i: int, places: list[int]) -> list[tuple[int, ...]]:
        before, found = uses(state), []
        for place in places:
            after = uses(there := (*state[:i], place, *state[i + 1 :]))
            cells = [(p, r) for p in range(k + 1) for r in range(width)]
            if all(after[p][r] <= max(most[p][r], before[p][r]) for p, r in cells):
                found.append(there)
        return found

    seen = set()

    def walk(state: tuple[int, ...], left: int) -> bool:
        if state == target or (state, left) in seen:
            return state == target
        seen.add((state, left))
        moving = [i for i, place in enumerate(state) if place != target[i]]
        if any(walk(there, left) for i in moving for there in steps(state, i, [target[i]])):
            return True
        for i in moving if left else ():
            may = spec.agents.allowed[i] or leaf
            aside = [place for place in may if place not in (state[i], target[i])]
            if 0 <= state[i] == start[i] and any(walk(there, left - 1) for there in steps(state, i, aside)):
                return True
        return False

    return walk(start, parked)


SEEDS = 1000


@pytest.mark.parametrize("part", range(10))
def test_random_tight_moves_hold_and_are_blocked_for_a_reason(part: int) -> None:
    """In 1,000 drawn cases no step breaks a limit; none is blocked, or parks an agent, where that can be avoided."""
    outcomes = {"ordered": 0, "parked": 0, "blocked": 0}
    for seed in range(part * SEEDS // 10, (part + 1) * SEEDS // 10):
        rng = Random(seed)
        spec, solution = draw(rng, rng.randint(1, 8), 5)
        steps, blocked = ordered(spec, solution)
        reach: Callable[[int], bool] = partial(reachable, spec, tuple(solution.cluster.tolist()))
        extra = len(steps) - len({i for i, _, _ in steps})
        if not (spec.agents.current >= 0).any():
            assert (steps, blocked) == ([], [])
        elif blocked:
            assert not reach(1), seed
        elif extra:
            assert not reach(extra - 1), seed
        outcomes["blocked" if blocked else "parked" if extra else "ordered"] += 1
    assert outcomes["ordered"]
    assert outcomes["parked"] + outcomes["blocked"]


@pytest.mark.parametrize("seed", range(60))
def test_more_moves_than_are_searched_hold_too(seed: int) -> None:
    """Beyond `FEW` moves agents are parked one after the other; the checker finds every step sound."""
    rng = Random(seed)
    spec, solution = draw(rng, rng.randint(20, 60), 9)
    steps, blocked = ordered(spec, solution)
    moving = np.flatnonzero(spec.agents.current != solution.cluster)
    assert {i for i, _, _ in steps} | set(blocked) == set(moving.tolist())
    assert len(blocked) <= 12
