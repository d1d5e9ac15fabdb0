"""Windows of assignments: how they are picked, that they fit, and how samples of them are read."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from cluster.specs import make_spec
from support.assignment_specs import random_spec
from support.cluster_models import incumbent_of

from qamctl.cluster import windows
from qamctl.cluster.check import check_columns
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.pick import Picker, pains
from qamctl.cluster.solution import Solution
from qamctl.cluster.standing import stand
from qamctl.cluster.windows import ClusterWindows
from qamctl.qubo.feasible import feasible
from qamctl.qubo.window import Window
from qamctl.windowed import OpenLevels


def opener(instance: Instance, most: int | None = None, **more: bool) -> ClusterWindows:
    return ClusterWindows(instance, most, OpenLevels([None] * len(instance.levels)), **more)


def ring(agents: int, leaves: int) -> tuple[Instance, Solution]:
    """Agents in a ring of links, neighbours in different leaves: everything is cut."""
    links = [(f"a{i}", f"a{(i + 1) % agents}") for i in range(agents)]
    clusters = [{"id": f"m{k}", "capacity": {"cpu": 2 * agents // leaves}} for k in range(leaves)]
    spec = make_spec(
        agents=[{"id": f"a{i}", "demand": {"cpu": 1}} for i in range(agents)], clusters=clusters, links=links
    )
    instance = build_instance(spec)
    return instance, instance.solution((np.arange(agents) % leaves).astype(np.int32))


def random_bits(window: Window[Solution], rng: np.random.Generator) -> np.ndarray:
    return (rng.random(window.model.n) < 0.4).astype(np.uint8)


@pytest.mark.parametrize("most", [8, 12, 20, 30, 300, None])
def test_windows_fit_the_engine_and_begin_with_the_incumbent(most: int | None) -> None:
    """No window has more bits than the engine takes; its start keeps every row at the incumbent's value."""
    instance, incumbent = ring(60, 6)
    problem, rng = opener(instance, most), np.random.default_rng(1)
    sizes = []
    for attempt in range(20):
        opened = problem.open(incumbent, attempt, rng, 1)
        if not opened:
            continue
        (window,) = opened
        assert most is None or window.compiled.n <= most
        sizes.append(window.compiled.n)
        start = window.compiled.restore(window.initial)
        assert feasible(window.model, start[None, :])[0]
        assert window.compiled.energy(window.initial)[0] == pytest.approx(instance.value(incumbent)[0])
        again = window.read(start, incumbent)
        assert again is not None
        assert again.cluster.tolist() == incumbent.cluster.tolist()
    assert len(sizes) >= 15
    assert most is None or max(sizes) > most // 2


def test_any_sample_is_read_as_a_feasible_assignment_or_as_none() -> None:
    """However broken a sample is, what comes back passes the checker, changes the window alone, and is no worse."""
    rng, generator, found, tried = Random(3), np.random.default_rng(3), 0, 0
    while tried < 120:
        spec = random_spec(rng, agents=rng.randint(4, 8), clusters=rng.randint(2, 4), chance=0.2)
        instance = build_instance(spec)
        incumbent = incumbent_of(instance, generator)
        if incumbent is None:
            continue
        problem = opener(instance, generator.choice([None, 24]))
        for window in problem.open(incumbent, 0, generator, 1):
            for _ in range(4):
                answer = window.read(random_bits(window, generator), incumbent)
                tried += 1
                if answer is None:
                    continue
                found += 1
                assert check_columns(spec, answer.cluster, answer.devices).violations == ()
                assert instance.value(answer) <= tuple(v + 1e-9 for v in instance.value(incumbent))
    assert found >= 10


def test_windows_opened_together_share_nothing_and_combine() -> None:
    """Samples of windows with no leaf in common are read one onto the other, and keep the rules that they share."""
    rng, generator, combined = Random(4), np.random.default_rng(4), 0
    for _ in range(150):
        spec = random_spec(rng, agents=8, clusters=6, features={"cut", "current", "moves", "capacity", "spread"})
        instance = build_instance(spec)
        incumbent = incumbent_of(instance, generator)
        if incumbent is None:
            continue
        opened = opener(instance, 12, together=True).open(incumbent, 0, generator, 3)
        assert len({id(window) for window in opened}) == len(opened)
        answer = incumbent
        for window in opened:
            for _ in range(3):
                read = window.read(random_bits(window, generator), answer)
                if read is not None:
                    assert check_columns(spec, read.cluster, read.devices).violations == ()
                    assert instance.value(read) <= tuple(v + 1e-9 for v in instance.value(answer))
                    combined += answer is not incumbent
                    answer = read
    assert combined >= 5


def test_one_window_at_a_time_where_the_engine_works_on_one() -> None:
    """Only engines of many jobs get several."""
    instance, incumbent = ring(40, 8)
    assert len(opener(instance, 16).open(incumbent, 0, np.random.default_rng(1), 4)) == 1
    assert len(opener(instance, 16, together=True).open(incumbent, 0, np.random.default_rng(1), 3)) > 1


def test_two_places_each_are_one_bit_each() -> None:
    """Where every unit has the choice of two leaves, walls take half the bits, and nothing can break."""
    instance, incumbent = ring(8, 2)
    (window,) = opener(instance, 10).open(incumbent, 0, np.random.default_rng(2), 1)
    assert window.compiled.walls is not None
    assert window.compiled.n <= len(window.model.group_start) - 1 + 4


def test_the_whole_is_tried_once_for_each_value() -> None:
    """A small problem is opened whole first, then in parts; an exact engine's energy settles its level."""
    spec = make_spec(agents=3, clusters=2, links=[("a0", "a1"), ("a1", "a2")], objective={"cut": 1.0})
    instance = build_instance(spec)
    incumbent = instance.solution(np.array([0, 1, 0], np.int32))
    problem, rng = opener(instance, 20, exact=True), np.random.default_rng(1)
    (whole,) = problem.open(incumbent, 0, rng, 1)
    assert whole.model.n == 6
    (part,) = problem.open(incumbent, 1, rng, 1)
    part.settles(0.0)
    assert problem.levels.proved == 0
    whole.settles(0.0)
    assert problem.levels.bounds == [0.0]
    same = instance.solution(np.array([1, 1, 1], np.int32))
    assert problem.open(same, 2, rng, 1) == []


def test_too_small_an_engine_gets_nothing() -> None:
    """Where no window fits, none is opened; nor where there is nothing to place or nowhere."""
    instance, incumbent = ring(12, 3)
    assert opener(instance, 0).open(incumbent, 0, np.random.default_rng(1), 1) == []
    nobody = build_instance(make_spec(agents=[], clusters=2, objective={"cut": 1.0}))
    assert opener(nobody).open(nobody.solution(np.zeros(0, np.int32)), 0, np.random.default_rng(1), 1) == []


def test_large_problems_are_opened_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the size of a window the whole is not built."""
    monkeypatch.setattr(windows, "WINDOW_VARIABLES", 24)
    instance, incumbent = ring(24, 4)
    (window,) = opener(instance).open(incumbent, 0, np.random.default_rng(1), 1)
    assert window.model.n < 24 * 4


def test_costly_units_are_picked_more_often() -> None:
    """What is cut, moved, dear, above a limit, out of balance or left out counts; the rest a little."""
    clusters = [
        {"id": "m", "capacity": {"cpu": 9, "disk": 9}, "safe": {"cpu": 1}, "cost": 2, "labels": {"zone": "n"}},
        {"id": "w", "capacity": {"cpu": 9, "disk": 9}, "safe": {"cpu": 9}, "labels": {"zone": "n"}},
        {"id": "v", "capacity": {"cpu": 9, "disk": 9}, "labels": {"zone": "n"}},
    ]
    agents = [
        {"id": "a", "demand": {"cpu": 3}, "cluster": "w", "move_cost": 7, "group": "g"},
        {"id": "b", "group": "g"}, {"id": "c"}, {"id": "d", "optional": True, "reward": 5},
    ]  # fmt: skip
    costs = [(a, k, 3 if k == "m" else 1) for a in "ac" for k in "mwv"]
    spec = make_spec(
        agents=agents, clusters=clusters, links=[("a", "b", 4)], costs=costs,
        ratios=[("disk", "cpu", 1)], groups=[{"id": "g", "spread": {"label": "zone"}}], target=2,
        objective=[{term: 1.0} for term in ("cut", "load", "balance", "move", "cost", "spread", "unplaced")],
    )  # fmt: skip
    instance = build_instance(spec)
    standing = stand(instance, instance.solution(np.array([0, 1, 1, 3], np.int32)))
    expected = {"cut": [4, 4, 0, 0], "load": [2, 0, 0, 0], "balance": [4, 0, 0, 0], "move": [7, 0, 0, 0],
                "cost": [4, 0, 0, 0], "spread": [1, 1, 0, 0], "unplaced": [0, 0, 0, 5]}  # fmt: skip
    for level, wanted in enumerate(expected.values()):
        assert pains(standing, level).tolist() == wanted
    picker, rng = Picker(standing, 0), np.random.default_rng(1)
    used = np.zeros(4, bool)
    seen = [picker.pick(8, 3, rng, used) for _ in range(40)]
    assert all(choice is not None and 2 <= len(choice.leaves) <= 3 for choice in seen)
    counts = np.bincount(np.concatenate([choice.units for choice in seen if choice is not None]), minlength=4)
    assert counts[0] + counts[1] > counts[2] + counts[3]
    assert picker.pick(8, 3, rng, np.ones(4, bool)) is None
