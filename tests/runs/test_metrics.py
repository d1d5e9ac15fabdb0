"""The figures of a run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.runs import NOW

from qamctl.runs import metrics
from qamctl.runs.canonical import dumps
from qamctl.runs.metrics import PHASES, Stopwatch, build, compare_quantum, utilisation


class Clock:
    """Nanoseconds that go on when told."""

    def __init__(self) -> None:
        self.now = 10**15

    def __call__(self) -> int:
        return self.now


@given(st.lists(st.tuples(st.sampled_from(PHASES), st.integers(0, 10**12))))
def test_phases_add_up(steps: list[tuple[str, int]]) -> None:
    """Whatever the order of phases, each gets its time and the total is their sum."""
    clock = Clock()
    watch, spent = Stopwatch(clock), dict.fromkeys(PHASES, 0)
    for name, nanoseconds in steps:
        watch.phase(name)
        clock.now += nanoseconds
        spent[name] += nanoseconds
    seconds = watch.seconds()
    assert list(seconds) == [*PHASES, "total"]
    for name in PHASES:
        assert seconds[name] == pytest.approx(spent[name] / 1e9, abs=1e-6)
    assert seconds["total"] == pytest.approx(sum(seconds[name] for name in PHASES), abs=1e-9)
    assert watch.elapsed() == pytest.approx(sum(spent.values()) / 1e9, abs=1e-9)


def test_time_before_the_first_phase_is_reading() -> None:
    """The clock starts with the watch, in the phase `read`; an unknown phase is refused."""
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 5_000_000
    assert watch.seconds()["read"] == 0.005
    with pytest.raises(ValueError, match="no phase named think"):
        watch.phase("think")


@pytest.mark.parametrize(("reused", "cache"), [(None, (0, 2)), (True, (1, 2)), (False, (0, 3))])
def test_an_answer_that_is_reused_is_a_hit(reused: bool | None, cache: tuple[int, int]) -> None:
    """Whether an answer was kept counts beside the jobs; where nobody asked for one, nothing is said of it."""
    jobs = [{"id": "a", "state": "succeeded"}, {"id": "b", "state": "succeeded"}]
    made = build(
        run="r", kind="schedule", name="n", result={}, stopwatch=Stopwatch(), now=NOW, jobs=jobs, reused=reused
    )  # fmt: skip
    assert (made["cache"]["hits"], made["cache"]["misses"]) == cache
    assert made.get("reused") == reused


def test_build_has_every_block_of_the_contract() -> None:
    """metrics.json has the fields of qamctl/metrics/1, zeros for credits, and is plain JSON."""
    attempts = [{"backend": "cpsat", "objective": 55}, {"backend": "qaoa", "objective": 57}]
    result = {"status": "optimal", "objective": 55, "bound": 55, "gap": 0.0, "solved_by": "cpsat", "attempts": attempts}
    made = build(
        run="r", kind="schedule", name="n", result=result, stopwatch=Stopwatch(), now=NOW, model={"variables": 3},
        search={"steps": np.int64(5)}, curve=[(0.1234567, 60, "list-search"), (1, 55, "cpsat")], quantum={"qaoa"},
        cache=(2, 1),
    )  # fmt: skip
    data = json.loads(dumps(made))
    assert data["schema"] == "qamctl/metrics/1"
    assert set(data) >= {
        "seconds", "cpu_seconds", "memory_peak_bytes", "model", "search", "curve", "utilisation", "communication",
        "credits", "quantum_vs_classical", "cache",
    }  # fmt: skip
    assert data["curve"] == [[0.123457, 60, "list-search"], [1.0, 55, "cpsat"]]
    assert data["credits"] == {"estimated": 0, "reserved": 0, "billed": 0, "currency": None}
    assert data["cache"] == {"hits": 2, "misses": 1}
    assert data["search"] == {"steps": 5}
    assert data["quantum_vs_classical"] == {
        "classical": {"backend": "cpsat", "objective": 55},
        "quantum": {"backend": "qaoa", "objective": 57},
        "gain": -2,
    }
    nothing = {"classical": None, "quantum": None, "gain": None}
    alone = build(
        run="r", kind="circuit", name="n", result=result, stopwatch=Stopwatch(), now=NOW, quantum=None
    )  # fmt: skip
    assert alone["quantum_vs_classical"] == nothing
    assert data["finished_timestamp"] == NOW.timestamp()
    assert data["cpu_seconds"] > 0
    assert 10_000_000 < data["memory_peak_bytes"] < 100_000_000_000


def test_no_gain_is_claimed_from_one_side() -> None:
    """Where one side gave no objective there is no gain; the best of each side counts."""
    classical = [{"backend": "a", "objective": 9}, {"backend": "b", "objective": 7}, {"backend": "c", "objective": 8}]
    assert compare_quantum([*classical, {"backend": "q", "objective": None}], {"q"}) == {
        "classical": {"backend": "b", "objective": 7}, "quantum": None, "gain": None,
    }  # fmt: skip
    assert compare_quantum([], {"q"}) == {"classical": None, "quantum": None, "gain": None}
    assert compare_quantum([{"backend": "q", "objective": 5}], {"q"})["gain"] is None
    assert compare_quantum([*classical, {"backend": "q", "objective": 5}], {"q"})["gain"] == 2


def test_utilisation_by_hand() -> None:
    """Shares of agents and resources are those counted by hand on a schedule of three tasks."""
    made = utilisation(
        agent_ids=["a", "b", "idle"], slots=[1, 2, 1], agent=[0, 1, -1], start=[0, 2, 5], end=[4, 10, 10],
        resource_ids=["cpu", "fuel", "none", "own"], consumable=[False, True, False, False],
        capacity=[4, 20, -1, -1], agent_capacity=[[-1, -1, -1, 2], [4, -1, -1, -1], [-1, -1, -1, -1]],
        demand=[[2, 5, 0, 1], [1, 0, 0, 0], [4, 5, 0, 0]],
    )  # fmt: skip
    assert made["agents"] == {"a": 0.4, "b": 0.4, "idle": 0.0}
    assert made["resources"] == {
        "cpu": pytest.approx((2 * 4 + 1 * 8 + 4 * 5) / (8 * 10)), "fuel": 0.5, "none": None, "own": pytest.approx(0.2),
    }  # fmt: skip
    assert (made["agents_used"], made["agents_max"]) == (2, 0.4)
    assert made["agents_mean"] == pytest.approx(0.8 / 3, abs=1e-6)


def test_utilisation_of_an_empty_schedule() -> None:
    """Without tasks, or with all of them at tick 0, shares are 0 and nothing fails."""
    empty = utilisation(
        agent_ids=["a"], slots=[1], agent=[], start=[], end=[], resource_ids=["r"], consumable=[0], capacity=[5]
    )
    assert empty["agents"] == {"a": 0.0}
    assert empty["resources"] == {"r": 0.0}
    instant = utilisation(agent_ids=[], slots=[], agent=[-1], start=[0], end=[0])
    assert (instant["agents"], instant["resources"], instant["agents_mean"]) == ({}, {}, None)


def test_memory_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where /proc is missing the portable figure is used, in bytes."""
    proper = metrics.memory_peak_bytes()

    def no_proc(*args: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", no_proc)
    portable = metrics.memory_peak_bytes()
    monkeypatch.undo()
    assert portable >= proper * 0.5
    monkeypatch.setattr(metrics.sys, "platform", "darwin")
    monkeypatch.setattr("builtins.open", no_proc)
    assert metrics.memory_peak_bytes() == pytest.approx(portable / 1024, rel=0.5)


def test_finite() -> None:
    """NaN and infinities become None, other values stay."""
    assert [metrics.finite(value) for value in (1.5, float("nan"), float("inf"), None)] == [1.5, None, None, None]
