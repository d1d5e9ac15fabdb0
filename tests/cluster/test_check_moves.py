"""Lists of moves are replayed step by step: by hand, and against a slow replay written apart."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from cluster.specs import make_spec

from qamctl.cluster.check import STEPS, Replay, check_moves
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec

Move = tuple[str, str | None, str | None]


def steps_of(*moves: Move) -> list[dict[str, Any]]:
    """The steps of a result file."""
    return [{"step": k, "agent": a, "from": old, "to": new} for k, (a, old, new) in enumerate(moves, 1)]


def replay(spec: ClusterSpec, answer: dict[str, str | None], *moves: Move) -> Replay:
    """The verdict on moves that should lead to an answer."""
    rows = [{"agent": name, "cluster": answer[name]} for name in spec.agents.ids]
    verdict = check_moves(spec, rows, steps_of(*moves))
    assert [v.constraint for v in verdict.violations] == [s for s in STEPS for _ in range(verdict.counts.get(s, 0))]
    return verdict


def two(**limits: Any) -> ClusterSpec:
    """Two agents that are to change places, and a third cluster."""
    return make_spec(
        agents=[
            {"id": "a", "demand": {"cpu": 3}, "cluster": "x"},
            {"id": "b", "demand": {"cpu": 2}, "cluster": "y"},
        ],
        clusters=[
            {"id": "x", "capacity": {"cpu": 4}, "parent": "eu"},
            {"id": "y", "capacity": {"cpu": 4}, "parent": "eu"},
            {"id": "z", "capacity": {"cpu": 4}},
            {"id": "eu", **limits},
        ],
    )


SWAP: dict[str, str | None] = {"a": "y", "b": "x"}
PARKED: tuple[Move, ...] = (("b", "y", "z"), ("a", "x", "y"), ("b", "z", "x"))


def test_a_swap_needs_a_place_to_park() -> None:
    """Neither can go first; with a third cluster in between every step holds."""
    assert replay(two(), SWAP, *PARKED) == Replay((), {}, ())
    verdict = replay(two(), SWAP, ("a", "x", "y"), ("b", "y", "x"))
    assert verdict.counts == {"step-capacity": 1}
    assert verdict.violations[0].text == (
        "step 1: agent a makes cluster y too full: 5 of cpu used, 1 more than its capacity, 4"
    )
    assert (verdict.violations[0].agent, verdict.violations[0].cluster, verdict.violations[0].rows) == ("a", "y", (0,))
    assert verdict.blocked == ()


def test_what_has_no_order_is_blocked() -> None:
    """Without steps both agents remain where they are."""
    verdict = replay(two(), SWAP)
    assert (verdict.counts, verdict.blocked) == ({}, ("a", "b"))
    assert replay(two(), {"a": "x", "b": "y"}).blocked == ()


def test_a_blocked_agent_has_no_steps() -> None:
    """One that is left in between has steps, and they do not end where the answer has it."""
    verdict = replay(two(), SWAP, PARKED[0])
    assert verdict.blocked == ("a", "b")
    assert verdict.counts == {"step-blocked": 1}
    assert verdict.violations[0].text == "agent b: its steps do not end where the answer has it"
    assert replay(two(), SWAP, *PARKED[:2]).blocked == ("b",)


def test_inner_clusters_hold_at_every_step() -> None:
    """Within an inner cluster its use does not change; into it, it must have room."""
    assert replay(two(capacity={"cpu": 5}), SWAP, *PARKED).counts == {}
    spec = make_spec(
        agents=[
            {"id": "a", "demand": {"cpu": 3}, "cluster": "z"},
            {"id": "b", "demand": {"cpu": 2}, "cluster": "y"},
        ],
        clusters=[{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, "z", {"id": "eu", "capacity": {"cpu": 4}}],
    )
    answer: dict[str, str | None] = {"a": "x", "b": "z"}
    assert replay(spec, answer, ("b", "y", "z"), ("a", "z", "x")).counts == {}
    verdict = replay(spec, answer, ("a", "z", "x"), ("b", "y", "z"))
    assert verdict.counts == {"step-capacity": 1}
    assert "step 1: agent a makes cluster eu too full: 5 of cpu used, 1 more than its capacity, 4" in str(
        verdict.violations[0]
    )
    # From one leaf of it to another nothing changes for it.
    assert replay(spec, {"a": "z", "b": "x"}, ("b", "y", "x")).counts == {}


def test_largest_sizes_hold_at_every_step() -> None:
    """Of leaves and of inner clusters."""
    spec = make_spec(
        agents=[{"id": "a", "cluster": "x"}, {"id": "b", "cluster": "z"}],
        clusters=[{"id": "x", "max_size": 1}, "y", "z"],
    )
    answer: dict[str, str | None] = {"a": "z", "b": "x"}
    assert replay(spec, answer, ("a", "x", "z"), ("b", "z", "x")).counts == {}
    verdict = replay(spec, answer, ("b", "z", "x"), ("a", "x", "z"))
    assert verdict.counts == {"step-size": 1}
    assert verdict.violations[0].text == (
        "step 1: agent b makes cluster x too full: 2 agents, 1 more than its largest size, 1"
    )
    spec = make_spec(
        agents=[{"id": "a", "cluster": "x"}, {"id": "b", "cluster": "z"}],
        clusters=[{"id": "x", "parent": "eu"}, {"id": "y", "parent": "eu"}, "z", {"id": "eu", "max_size": 1}],
    )
    assert replay(spec, {"a": "y", "b": "z"}, ("a", "x", "y")).counts == {}
    assert replay(spec, {"a": "z", "b": "y"}, ("b", "z", "y"), ("a", "x", "z")).counts == {"step-size": 1}


def test_what_is_too_full_may_get_emptier_and_not_fuller() -> None:
    """A cluster that is over its capacity now is let alone, until a step puts something into it."""
    spec = make_spec(
        agents=[{"id": name, "demand": {"cpu": 2}, "cluster": "x"} for name in "abc"] + [{"id": "d", "cluster": "y"}],
        clusters=[{"id": "x", "capacity": {"cpu": 3}, "max_size": 2}, "y"],
        resources=[{"id": "cpu"}],
    )
    spec.clusters.capacity[1] = NO_LIMIT
    answer: dict[str, str | None] = {"a": "x", "b": "y", "c": "y", "d": "x"}
    assert replay(spec, answer, ("b", "x", "y"), ("c", "x", "y"), ("d", "y", "x")).counts == {}
    verdict = replay(spec, answer, ("d", "y", "x"), ("b", "x", "y"), ("c", "x", "y"))
    assert verdict.counts == {"step-size": 1}  # d needs nothing of cpu
    verdict = replay(spec, answer, ("b", "x", "y"), ("b", "y", "x"), ("b", "x", "y"), ("c", "x", "y"), ("d", "y", "x"))
    assert verdict.counts == {"step-capacity": 1, "step-size": 1}
    assert verdict.violations[0].text.startswith("step 2: agent b makes cluster x too full: 6 of cpu used")


def test_all_clusters_together_hold_at_every_step() -> None:
    """Who comes from nowhere needs room; who is left out makes some."""
    spec = make_spec(
        resources=[{"id": "cpu", "capacity": 5}],
        agents=[
            {"id": "a", "demand": {"cpu": 3}, "cluster": "x", "optional": True},
            {"id": "b", "demand": {"cpu": 3}},
            {"id": "c", "demand": {"cpu": 2}, "cluster": "x"},
        ],
        clusters=["x", "y"],
    )
    answer: dict[str, str | None] = {"a": None, "b": "y", "c": "y"}
    fine: tuple[Move, ...] = (("c", "x", "y"), ("a", "x", None), ("b", None, "y"))
    assert replay(spec, answer, *fine).counts == {}
    verdict = replay(spec, answer, fine[2], fine[0], fine[1])
    assert verdict.counts == {"step-shared-capacity": 1}
    assert verdict.violations[0].text == (
        "step 1: agent b makes all clusters together too full: 8 of cpu used, 3 more than there is, 5"
    )
    assert verdict.violations[0].cluster is None


def test_own_demands_count_where_they_hold() -> None:
    """What an agent needs may change with its cluster, inside an inner cluster too."""
    spec = make_spec(
        agents=[{"id": "a", "demand": {"cpu": 1}, "cluster": "x"}],
        clusters=[
            {"id": "x", "capacity": {"cpu": 9}, "parent": "eu"},
            {"id": "y", "capacity": {"cpu": 9}, "parent": "eu"},
            {"id": "z", "capacity": {"cpu": 9}, "parent": "eu"},
            {"id": "eu", "capacity": {"cpu": 4}},
        ],
        costs=[("a", "y", 0, {"cpu": 5}), ("a", "x", 0, {"cpu": 6})],
    )
    assert replay(spec, {"a": "z"}, ("a", "x", "z")).counts == {}
    assert replay(spec, {"a": "y"}, ("a", "x", "y")).counts == {}  # 6 before, 5 now: emptier
    assert replay(spec, {"a": "y"}, ("a", "x", "z"), ("a", "z", "y")).counts == {"step-capacity": 1}


def test_quantities_beyond_64_bits_are_followed() -> None:
    """Uses that no int64 holds are still right."""
    big = 4 * 10**18
    spec = make_spec(
        agents=[{"id": f"a{i}", "demand": {"cpu": big}, "cluster": "x"} for i in range(4)],
        clusters=[{"id": "x"}, {"id": "y", "parent": "eu"}, {"id": "eu", "capacity": {"cpu": 1}}],
    )
    moves: list[Move] = [(f"a{i}", "x", "y") for i in range(4)]
    verdict = replay(spec, dict.fromkeys(spec.agents.ids, "y"), *moves)
    assert verdict.counts == {"step-capacity": 4}
    assert f"{4 * big} of cpu used, {4 * big - 1} more" in verdict.violations[3].text


def test_where_nobody_is_anywhere_nothing_moves() -> None:
    """Then an empty list is right, and so is one that places everybody."""
    spec = make_spec(agents=["a", "b"], clusters=2)
    answer: dict[str, str | None] = {"a": "c0", "b": "c1"}
    assert replay(spec, answer) == Replay((), {}, ())
    assert replay(spec, answer, ("a", None, "c0"), ("b", None, "c1")) == Replay((), {}, ())
    assert replay(spec, answer, ("a", None, "c0")).blocked == ("b",)
    some = make_spec(agents=["a", {"id": "b", "cluster": "c1"}], clusters=2)
    assert replay(some, answer).blocked == ("a",)
    assert check_moves(make_spec(agents=0, clusters=1), [], []).blocked == ()


def test_an_agent_whose_row_says_nothing_is_not_blocked() -> None:
    """Where it should be is not known."""
    assert check_moves(two(), [{"agent": "a", "cluster": "y"}], []).blocked == ("a",)


GOOD = {"step": 1, "agent": "a", "from": "x", "to": "z"}


@pytest.mark.parametrize(
    ("kind", "says", "moves"),
    [
        ("step", "must be a list of steps, not dict", {}),
        ("step", "must be a list of steps, not int", 3),
        ("step", "step 1: must be a mapping, not str", ["a"]),
        ("step", "must have step, agent, from and to, and nothing else: 'from', 'to'", [{"step": 1, "agent": "a"}]),
        ("step", "nothing else: 'wave'", [GOOD | {"wave": 2}]),
        ("step", "its number is 0; steps count from 1 in the order of the list", [GOOD | {"step": 0}]),
        ("step", "its number is True", [GOOD | {"step": True}]),
        ("step", "its number is '1'", [GOOD | {"step": "1"}]),
        ("step", "its number is 1.0", [GOOD | {"step": 1.0}]),
        ("step", "agent must be the id of an agent, not None", [GOOD | {"agent": None}]),
        ("step", "the spec has no agent 'c'", [GOOD | {"agent": "c"}]),
        ("step", "from must be the id of a cluster or null, not 7", [GOOD | {"from": 7}]),
        ("step", "to must be the id of a cluster or null, not ['z']", [GOOD | {"to": ["z"]}]),
        ("step-from", "agent a is moved from cluster 'y', it is in cluster x by then", [GOOD | {"from": "y"}]),
        ("step-from", "agent a is moved from nowhere, it is in cluster x by then", [GOOD | {"from": None}]),
        ("step-from", "agent a is moved from cluster 'us'", [GOOD | {"from": "us"}]),
        ("step-to", "step 1: agent a: the spec has no cluster 'us'", [GOOD | {"to": "us"}]),
        ("step-to", "agent a: cluster eu has clusters inside", [GOOD | {"to": "eu"}]),
        ("step-to", "agent a: it is in cluster x already", [GOOD | {"to": "x"}]),
        ("step-to", "agent a: it is put nowhere, and the answer has it in a cluster", [GOOD | {"to": None}]),
    ],
)
def test_steps_that_are_none_are_named(kind: str, says: str, moves: Any) -> None:
    """Whatever a list of moves holds is a violation of its kind, never an exception."""
    rows = [{"agent": "a", "cluster": "z"}, {"agent": "b", "cluster": "y"}]
    verdict = check_moves(two(), rows, moves)
    assert verdict.counts == {kind: 1}
    assert says in verdict.violations[0].text
    assert verdict.blocked == (() if kind == "step-from" else ("a",))
    assert check_moves(two(), rows, [GOOD]).counts == {}


def test_an_agent_in_no_cluster_comes_from_nowhere() -> None:
    """Its first step is from null; and a step from null of one that is left out by then is sound."""
    spec = make_spec(agents=[{"id": "a", "optional": True}, {"id": "b", "cluster": "c0"}], clusters=2)
    verdict = replay(spec, {"a": "c0", "b": "c0"}, ("a", "c1", "c0"))
    assert verdict.violations[0].text == "step 1: agent a is moved from cluster 'c1', it is in no cluster by then"
    out: tuple[Move, ...] = (("a", None, "c1"), ("a", "c1", None), ("a", None, "c1"), ("a", "c1", None))
    assert replay(spec, {"a": None, "b": "c0"}, *out).counts == {}
    assert replay(spec, {"a": None, "b": "c0"}, ("a", None, None)).violations[0].text == (
        "step 1: agent a: it is in no cluster already"
    )


def test_a_parking_place_is_one_where_the_agent_may_be() -> None:
    """On its way it goes to no cluster that it may not be in; the answer's own place is judged with the answer."""
    spec = make_spec(
        agents=[{"id": "a", "cluster": "x", "clusters": ["x", "y"]}],
        clusters=["x", "y", "z", "u"],
    )
    verdict = replay(spec, {"a": "y"}, ("a", "x", "z"), ("a", "z", "y"))
    assert verdict.counts == {"step-to": 1}
    assert verdict.violations[0].text == "step 1: agent a: it may not be in cluster z, only in x, y"
    assert replay(spec, {"a": "z"}, ("a", "x", "z")).counts == {}


def slow(
    spec: ClusterSpec, answer: Sequence[int], moves: Sequence[tuple[int, int]]
) -> tuple[set[tuple[str, int]], set[int]]:
    """Kind and number of every broken step, and the blocked agents, one step after the other."""
    parent = spec.clusters.parent.tolist()
    columns = (spec.costs.agent, spec.costs.cluster, spec.costs.own_demand, spec.costs.demand)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    own = {(i, k): demand for i, k, its_own, demand in rows if its_own}

    def around(k: int) -> set[int]:
        out = set()
        while k >= 0:
            out.add(k)
            k = parent[k]
        return out

    def uses(state: Sequence[int]) -> dict[tuple[int, int], int]:
        out: dict[tuple[int, int], int] = {}
        for i, k in enumerate(state):
            if k < 0:
                continue
            demand = own.get((i, k), spec.agents.demand[i].tolist())
            for place in around(k) | {-1}:
                for r, need in enumerate([*demand, 1]):
                    out[place, r] = out.get((place, r), 0) + need
        return out

    state = spec.agents.current.tolist()
    broken = set()
    for number, (i, k) in enumerate(moves, 1):
        before = uses(state)
        state[i] = k
        for (place, r), used in uses(state).items():
            size = r == len(spec.resources.ids)
            if place < 0:
                limit = NO_LIMIT if size else int(spec.resources.capacity[r])
            else:
                limit = int(spec.clusters.max_size[place] if size else spec.clusters.capacity[place, r])
            if used > limit and used > before.get((place, r), 0):
                broken.add(("step-shared-capacity" if place < 0 else "step-size" if size else "step-capacity", number))
    return broken, {i for i, k in enumerate(state) if k != answer[i]}


@pytest.mark.parametrize("seed", range(60))
def test_random_replays_agree_with_slow_ones(seed: int) -> None:
    """Random moves in random hierarchies break the same steps, and leave the same agents behind."""
    rng = Random(seed)
    leaves = [f"l{k}" for k in range(rng.randint(1, 5))]
    inner = [f"i{k}" for k in range(rng.randint(0, 3))]

    def limits() -> dict[str, Any]:
        out: dict[str, Any] = {"capacity": {"cpu": rng.randint(1, 9), "ram": rng.randint(1, 9)}}
        if rng.random() < 0.4:
            out["max_size"] = rng.randint(0, 4)
        return out

    clusters = [{"id": name, **limits(), "parent": rng.choice([None, *inner])} for name in leaves]
    clusters += [
        {"id": name, **(limits() if rng.random() < 0.7 else {}), "parent": rng.choice([None, *inner[k + 1 :]])}
        for k, name in enumerate(inner)
    ]
    agents: list[dict[str, Any]] = [
        {"id": f"a{i}", "demand": {"cpu": rng.randint(0, 4), "ram": rng.randint(0, 4)}, "optional": True,
         "cluster": rng.choice([None, *leaves])}
        for i in range(rng.randint(1, 7))
    ]  # fmt: skip
    pairs = [(a["id"], k) for a in agents for k in leaves if rng.random() < 0.2]
    spec = make_spec(
        resources=[{"id": "cpu", "capacity": rng.randint(3, 20)}, {"id": "ram", "transient": True}],
        agents=agents,
        clusters=clusters,
        costs=[(a, k, 1, {"cpu": rng.randint(0, 5)} if rng.random() < 0.5 else None) for a, k in pairs],
    )
    state: list[str | None] = [row["cluster"] for row in agents]
    moves: list[Move] = []
    steps = []
    leaf_rows = {name: spec.clusters.ids.index(name) for name in leaves}
    for _ in range(rng.randint(0, 12)):
        i, to = rng.randrange(len(agents)), rng.choice(leaves)
        if to != state[i]:
            moves.append((f"a{i}", state[i], to))
            steps.append((i, leaf_rows[to]))
            state[i] = to
    answer = [place if rng.random() < 0.8 or place is None else rng.choice(leaves) for place in state]
    for i, place in enumerate(state):
        if place is not None and rng.random() < 0.2:
            moves.append((f"a{i}", place, None))
            steps.append((i, -1))
            answer[i] = None
    broken, blocked = slow(spec, [leaf_rows.get(str(place), -1) for place in answer], steps)
    if not moves and all(row["cluster"] is None for row in agents):
        blocked = set()
    verdict = replay(spec, dict(zip(spec.agents.ids, answer, strict=True)), *moves)
    on_the_way = [v for v in verdict.violations if v.constraint != "step-blocked"]
    assert {(v.constraint, int(v.text.split(":")[0].removeprefix("step "))) for v in on_the_way} == broken
    assert {spec.agents.ids.index(name) for name in verdict.blocked} == blocked
    halfway = {v.rows[0] for v in verdict.violations if v.constraint == "step-blocked"}
    assert halfway == blocked & {i for i, _ in steps}
