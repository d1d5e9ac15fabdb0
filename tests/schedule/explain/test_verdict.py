"""Whether a spec has a schedule: told only of what is checked or proved, and the same each time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.clashing_specs import clashing_spec

from qamctl.errors import BackendError
from qamctl.schedule.explain import explain_schedule
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.spec import ScheduleSpec

TWO: dict[str, Any] = {
    "kind": "schedule", "version": 1, "agents": [{"id": "a"}], "tasks": [{"id": i, "duration": 2} for i in "xy"]
}  # fmt: skip


def spec_with(**more: Any) -> ScheduleSpec:
    """Two tasks on one agent, and more."""
    return schedule_from_data(TWO | more)


def judge(seconds: float = 60) -> Judge:
    """A judge with some time."""
    return Judge(time.monotonic() + seconds)


def test_both_ways() -> None:
    """Feasible with a schedule of the spec, infeasible with reasons or by CP-SAT."""
    found = judge().of(spec_with(horizon=4))
    assert (found.status, found.solution is None) == ("feasible", False)
    assert judge().of(spec_with(horizon=3)).status == "infeasible"
    assert judge().why(spec_with(horizon=3)) == (
        "agents and resources can't finish the tasks before 4 s, but the horizon is 3 s",
    )


def test_nothing_to_do_is_feasible() -> None:
    """A spec whose tasks may all be left out has a schedule without any."""
    tasks = [task | {"optional": True, "deadline": 1} for task in TWO["tasks"]]
    found = judge().of(spec_with(tasks=tasks))
    assert found.status == "feasible"
    assert found.solution is not None
    assert found.solution.mode.tolist() == [-1, -1]


def test_without_time_nothing_is_known() -> None:
    """After its time a judge answers nothing, and makes no spec to ask about."""
    late = judge(-1)
    assert late.over
    assert late.of(spec_with(horizon=3)).status == "unknown"
    assert not late.refutes(lambda: pytest.fail("a spec was made"))
    assert not late.shows(lambda: pytest.fail("a spec was made"))


def test_a_proof_that_is_refuted_is_a_bug() -> None:
    """Where CP-SAT finds a schedule of what was called infeasible, that is said, and nothing else."""
    assert judge().proves(spec_with(horizon=3))
    with pytest.raises(BackendError, match="please report this as a bug"):
        judge().proves(spec_with(horizon=4))


def test_the_same_each_time() -> None:
    """While there is time, the same spec has the same explanation, word by word."""
    for seed in (5, 7, 9):
        data = clashing_spec(seed)
        assert data is not None
        pages = [explain_schedule(schedule_from_data(data), seconds=300, most=9) for _ in range(2)]
        assert pages[0] == pages[1]
        assert pages[0]["complete"]
