"""The time-indexed model feature by feature: calendars, crews, rules, setups, data and tasks that may be left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support.qubo_specs import all_energies, state
from support.rich_models import random_choice, rich_cases
from support.rich_oracle import best

from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.qubo import check
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.schedule.bias import apply_bias, biases
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.preferences import read_preferences
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.sizes import estimate
from qamctl.schedule.solvers.qubo_windows import first_schedule
from qamctl.schedule.spec import Earlier, ScheduleSpec

TEAM = [{"id": "x"}, {"id": "y"}]


def spec_of(tasks: list[dict[str, Any]], **more: Any) -> ScheduleSpec:
    plain = {"kind": "schedule", "version": 1, "name": "t", "agents": TEAM, "tasks": tasks}
    return schedule_from_data(plain | more)


def task(name: str, duration: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": name, "duration": duration, **more}


def model_of(spec: ScheduleSpec) -> ScheduleModel:
    """The model of the first level around the first schedule, which the whole problem and a window of it can hold."""
    instance = build_instance(spec)
    first = first_schedule(instance)
    built = build_model(instance, first)
    if first is not None:
        value = float(check_solution(spec, first).levels[0])
        window = build_model(instance, first, free=np.arange(instance.n) % 2 == 0)
        for model in (built, window):
            sample = model.encode(first).tolist()
            assert check.violations(model.model, sample) == []
            assert check.objective(model.model, sample) == pytest.approx(value, abs=1e-9)
    return built


def labels(spec: ScheduleSpec) -> set[str]:
    return set(model_of(spec).model.labels)


ZONES = [{"id": "x", "labels": {"zone": "n"}}, {"id": "y", "labels": {"zone": "s"}}]
FLEET = [{"id": "x", "cost": {"fixed": 5}}, {"id": "y", "cost": {"per_time": 2}}]
POOL = {"id": "r", "capacity": 2, "calendar": [[1, 2, 1]]}
LINKED = {"communication": {"bandwidth": 1, "latency": 1}, "links": [{"a": "x", "b": "y", "bandwidth": 4}]}
SETUP = [{"from": "red", "to": "blue", "time": 2}, {"from": "blue", "to": "red", "time": 1}]

#: A spec for each feature, small enough for all states of its QUBO.
FEATURES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "absence": ([task("a", 2), task("b")], {"agents": [{"id": "x", "calendar": [[1, 2]]}], "horizon": 5}),
    "pause": ([task("a", 2, preemptible=True), task("b")], {"agents": [{"id": "x", "calendar": [[1, 2]]}]}),
    "period": ([task("a", 1, demand={"r": 2}), task("b", 1, demand={"r": 1})], {"resources": [POOL], "horizon": 4}),
    "pause of the pool": (
        [task("a", 2, demand={"r": 2}, preemptible=True), task("b", 1, demand={"r": 1}, release=1)],
        {"resources": [POOL], "horizon": 5},
    ),
    "crew": ([task("a", 1, count=2), task("b", 1)], {}),
    "crew with own stock": (
        [task("a", 1, count=2, demand={"r": 1}), task("b", 1, demand={"r": 1}, agents=["x"])],
        {
            "resources": [{"id": "r", "kind": "consumable", "capacity": 1}],
            "agents": [{"id": "x", "capacity": {"r": 2}}, {"id": "y"}],
        },
    ),
    "crew or not": (
        [{"id": "a", "modes": [{"id": "m", "duration": 2}, {"id": "n", "duration": 1, "count": 2, "cost": 1}]},
         task("b")],
        {"objective": {"makespan": 2, "cost": 1}},
    ),
    "optional": (
        [task("a", 2, optional=True, reward=1), task("b", 1, optional=True, reward=3, after=["a"])],
        {"agents": TEAM[:1], "objective": {"makespan": 1, "unscheduled": 1}},
    ),
    "optional with a stock": (
        [task("a", 1, optional=True, reward=2, demand={"r": 2}),
         task("b", 1, optional=True, reward=1, demand={"r": 2})],
        {
            "resources": [{"id": "r", "kind": "consumable", "capacity": 3}],
            "objective": {"unscheduled": 1, "flow": 0.25}, "horizon": 3,
        },
    ),
    "gang": ([task("a", 1, gang="g"), task("b", 1, gang="g"), task("c", 1, release=0)], {}),
    "near": ([task("a", 1, near=["b"]), task("b", 1)], {"horizon": 4}),
    "apart": ([task("a", 1, apart=["b"]), task("b", 1, agents=["x"])], {"horizon": 3}),
    "near by label": ([task("a", 1, near=["b", {"label": "zone", "group": "g"}]), task("b", 1)], {"agents": ZONES}),
    "apart by label": (
        [task("a", 1, apart=[{"label": "zone", "group": "g"}]), task("b", 1, apart=[{"label": "zone", "group": "g"}])],
        {"agents": ZONES, "horizon": 3},
    ),
    "spread": (
        [task(name, 1, spread={"label": "zone", "max_skew": 1}) for name in ("a", "b")],
        {"agents": ZONES, "objective": {"flow": 1}, "horizon": 3},
    ),
    "setup": ([task("a", 1, setup="red"), task("b", 1, setup="blue")], {"agents": TEAM[:1], "setup": SETUP}),
    "setup of an instant": (
        [task("a", 2, setup="red"), task("b", 0, setup="blue")], {"agents": TEAM[:1], "setup": SETUP, "horizon": 5},
    ),
    "data": ([task("a", 1, agents=["x"]), task("b", 1, agents=["y"], after=[{"task": "a", "data": 4}])], LINKED),
    "communication": (
        [task("a", 1), task("b", 1, after=[{"task": "a", "data": 4}]), task("c", 1, agents=["x"])],
        LINKED | {"objective": {"makespan": 1, "communication": 2}, "horizon": 4},
    ),
    "cost of a crew": (
        [task("a", 1, count=2), task("b", 2)], {"agents": FLEET, "objective": {"cost": 1, "makespan": 1}, "horizon": 4},
    ),
    "taints": (
        [task("a", 1, tolerates=["hot"], apart=["b"]), task("b", 1)],
        {"agents": [{"id": "x", "taints": ["hot"]}, TEAM[1]]},
    ),
    "pinned crew": ([task("a", 2, count=2, pinned={"agents": ["x", "y"], "start": 1}), task("b", 1)], {}),
}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_the_least_energy_is_the_optimum_with(feature: str) -> None:
    """All minima of the QUBO of one feature are, by the checker, schedules as good as brute force's best."""
    tasks, more = FEATURES[feature]
    spec = spec_of(tasks, **({"horizon": 4} | more))
    model_of(spec)
    built, least = build_model(build_instance(spec), None), best(spec)
    assert least is not None
    compiled = compile_qubo(built.model, sufficient_weights(built.model))
    assert 0 < compiled.n <= 20
    energies, wanted = all_energies(compiled), float(least[0])
    assert energies.min() == pytest.approx(wanted, abs=1e-9)
    minima = np.flatnonzero(energies < energies.min() + 1e-9)
    for number in minima[:: max(1, len(minima) // 20)].tolist():
        found = built.decode(compiled.restore(state(number, compiled.n)))
        assert found is not None
        report = check_solution(spec, found)
        assert report.violations == ()
        assert float(report.levels[0]) == pytest.approx(wanted, abs=1e-9)


def test_disruption_is_linear_and_waits_for_what_was() -> None:
    """Of an earlier schedule that ends late, the model holds that schedule itself, at no cost."""
    spec = spec_of([task("a", 1), task("b", 2, weight=3)], objective=[{"disruption": 1}, {"makespan": 1}])
    earlier = Earlier({}, np.array([4, 2], np.int64), np.array([0, 1], np.int32), ((1,), (0,)))
    spec = replace(spec, earlier=earlier)
    instance = build_instance(spec)
    agents = instance.holder_of_agent
    rushed, wanted = (
        instance.solution(np.array(start), np.array([_option(instance, 0, a), _option(instance, 1, b)]))
        for start, a, b in (((0, 0), agents[0], agents[1]), ((4, 2), agents[1], agents[0]))
    )
    built = build_model(instance, rushed)
    values = [check.objective(built.model, built.encode(one).tolist()) for one in (rushed, wanted)]
    assert values == [float(check_solution(spec, one).levels[0]) for one in (rushed, wanted)] == [4, 0]


def _option(instance: Instance, t: int, holder: int) -> int:
    mine = range(int(instance.first_option[t]), int(instance.first_option[t + 1]))
    return next(o for o in mine if instance.option_holder[o] == holder)


def test_labels_tell_crews_and_what_is_left_out() -> None:
    """A crew is its agents joined, and a task that may be left out has a variable for that."""
    names = labels(spec_of([task("a", 1, count=2), task("b", 1, optional=True, reward=1)], objective={"flow": 1}))
    assert {"a@0", "b:out", "b/x@0"} <= names
    apart = spec_of([task("a", 1, count=2, apart=["c"]), task("b"), task("c", 2)], agents=[*TEAM, {"id": "z"}])
    assert {"a/x+y@0", "a/y+z@0", "c/z@0"} <= labels(apart)


def test_no_start_meets_an_absence_or_a_pause() -> None:
    """Starts whose work would meet an absence have no variable; one that pauses does not start in a gap."""
    away = [{"id": "x", "calendar": [[2, 4]]}]
    names = labels(
        spec_of([task("a", 2), task("b", 2, preemptible=True)], agents=away, objective={"flow": 1}, horizon=9)
    )
    starts = {name: {int(n.split("@")[1]) for n in names if n.startswith(f"{name}@")} for name in "ab"}
    assert starts["a"] <= {0, 4, 5, 6, 7}
    assert 1 in starts["b"]
    assert not starts["b"] & {2, 3}


def refused(tasks: list[dict[str, Any]], level: int = 0, slot: int = 1, **more: Any) -> str:
    """What the refusal of a spec says."""
    instance = build_instance(spec_of(tasks, **more))
    first = first_schedule(instance)
    assert first is not None
    with pytest.raises(UnsupportedError) as caught:
        build_model(instance, first, level=level, fixed_levels=instance.value(first)[:level], slot=slot)
    return caught.value.message


def test_what_no_qubo_holds_is_named() -> None:
    """Each refusal names what is refused, and nothing that is not weighed, or not there, is refused."""
    pair = [task("a", 1, setup="red"), task("b", 1, setup="blue"), task("c", 1, setup="green")]
    detour = [{"from": "red", "to": "blue", "time": 9}]
    sent = [task("a", 1), task("b", 1, after=[{"task": "a", "data": 4}])]
    two: list[dict[str, Any]] = [{"communication": 1}, {"makespan": 1}]
    assert "the term `balance`" in refused(sent[:1], objective={"balance": 1})
    assert "the term `setup`" in refused(pair[:2], setup=SETUP, objective={"makespan": 1, "setup": 1})
    assert "by another family" in refused(pair, setup=detour)
    assert "the term `communication`" in refused(sent, level=1, objective=two, **LINKED)
    assert "solver.slot" in refused([task("a", 2, count=2), task("b", 2)], slot=2)
    model_of(spec_of(pair[:1], setup=SETUP[:1], objective=[{"makespan": 1}, {"balance": 1, "setup": 1}]))


def test_settled_tasks_that_exclude_each_other_are_told() -> None:
    """Pins that break a rule leave nothing to choose, and nothing feasible."""
    both = [
        task("a", 1, pinned={"start": 0, "agent": "x"}, apart=["b"]),
        task("b", 1, pinned={"start": 2, "agent": "x"}),
    ]
    with pytest.raises(InfeasibleError, match="`apart`"):
        build_model(build_instance(spec_of(both)), None)
    spread = [
        task(name, 1, pinned={"start": 0, "agent": who}, spread={"label": "zone", "max_skew": 1})
        for name, who in (("a", "x"), ("b", "z"))
    ]
    team = [*ZONES, {"id": "z", "labels": {"zone": "n"}}]
    with pytest.raises(InfeasibleError, match="spread"):
        build_model(build_instance(spec_of(spread, agents=team)), None)


def test_an_estimate_is_the_size_of_the_model() -> None:
    """Variables are counted exactly, and couplings are never below the model's own, products of starts included."""
    for case in islice(rich_cases(30_000), 60):
        variables, couplings = estimate(case.instance, case.incumbent)
        assert variables == case.built.model.n
        compiled = compile_qubo(case.built.model, sufficient_weights(case.built.model))
        kinds = {case.built.model.con_kinds[k] for k in case.built.model.con_kind.tolist()}
        own = int((compiled.col < compiled.n_model).sum())
        assert kinds & {"stock", "spread"} or couplings >= own
        assert estimate(case.instance, case.incumbent, limit=0)[0] >= len(case.built.choices.task)


def test_a_bias_counts_crews_and_nothing_that_is_left_out() -> None:
    """A decision for an agent favours the crews that it is in; leaving the task out is neither for nor against it."""
    tasks = [task("a", 1, count=2, optional=True, reward=4), task("b", 1, apart=["a"])]
    spec = spec_of(tasks, agents=[*TEAM, {"id": "z"}], objective={"unscheduled": 1, "flow": 1}, horizon=3)
    built = build_model(build_instance(spec), None)
    wanted = read_preferences({"prefer a on x": 0.9}, spec)
    added = biases(built, wanted, 1.0, gap=10.0)
    by_name = dict(zip(built.model.labels, added.tolist(), strict=True))
    assert by_name["a:out"] == 0
    assert by_name["a/x+y@0"] == by_name["a/x+z@0"] == 0
    assert by_name["a/y+z@0"] > 0
    assert apply_bias(built, wanted, 1.0, gap=10.0).model.linear.sum() > built.model.linear.sum()


def test_a_window_changes_only_its_tasks() -> None:
    """Tasks outside a window keep start, crew and whether they are left out, whatever is sampled."""
    rng = np.random.default_rng(5)
    for case in islice(rich_cases(40_000, "small"), 30):
        free = rng.random(case.instance.n) < 0.5
        built = build_model(case.instance, case.incumbent, free=free, near=4)
        found = built.decode(random_choice(built, rng))
        assert found is not None
        still = np.flatnonzero(~free).tolist()
        for column in ("start", "end", "mode"):
            assert np.array_equal(getattr(found, column)[still], getattr(case.incumbent, column)[still])
        alike = case.instance.options_of(case.incumbent)[still]
        assert np.array_equal(case.instance.options_of(found)[still], alike)
