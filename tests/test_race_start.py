"""A race that begins from an answer: nobody waits for a first one."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from qamctl.portfolio import Turn
from qamctl.race import race
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import contest_of
from qamctl.schedule.read import schedule_from_data
from qamctl.solver import Budget, Outcome


def test_nobody_waits_for_a_first_answer_where_there_is_one() -> None:
    """An engine of the second lane begins at once, from the answer that was there, while the first is at work."""
    begun = threading.Event()
    given: list[Any] = []

    def first(instance: Any, incumbent: Any, budget: Budget, *rest: Any) -> Outcome:
        return Outcome("optimal" if begun.wait(60) else "unknown", incumbent, (None,))

    def second(instance: Any, incumbent: Any, budget: Budget, *rest: Any) -> Outcome:
        given.append(incumbent)
        begun.set()
        return Outcome("feasible", incumbent, (None,))

    tasks = [{"id": f"t{k}", "duration": 2 + k} for k in range(4)]
    spec = schedule_from_data({"kind": "schedule", "version": 1, "agents": [{"id": "a"}], "tasks": tasks})
    contest = contest_of(build_instance(spec))
    start = np.array([0, 2, 5, 9])
    solution = contest.instance.solution(start, contest.instance.first_option[:-1])
    found = race(
        contest, {"one": first, "two": second}, [[Turn("one", 1.0)], [Turn("two", 1.0)]], seconds=400.0, steps=None,
        seed=1, stop=lambda: False, incumbent=solution,
    )  # fmt: skip
    assert given == [solution]
    assert [attempt.status for attempt in found.attempts] == ["optimal", "feasible"]
    assert found.curve == ()
