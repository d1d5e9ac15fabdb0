"""Jobs that take their time: polled with growing pauses, cancelled when told, their failures told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from support.qubo_models import model_of
from support.toys import Bits

from qamctl import engines
from qamctl.backends import exact
from qamctl.backends.base import Capabilities, Job
from qamctl.errors import BackendError
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.improve import improve
from qamctl.qubo.penalties import sufficient_weights


def compiled_of() -> Compiled:
    model = model_of([1.0, -2.0], [(0, 1, 3.0)])
    return compile_qubo(model, sufficient_weights(model))


@dataclass
class Slow:
    """An engine whose jobs are done after so many looks, or fail."""

    looks: int
    end: str = "succeeded"
    info: Mapping[str, Any] = field(default_factory=dict)
    name: str = "slow"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(("qubo",)))
    cancelled: list[str] = field(default_factory=list)
    options: Mapping[str, Any] = field(default_factory=dict)

    def submit(self, compiled: Compiled, options: Mapping[str, Any]) -> Job:
        self.compiled, self.options = compiled, options
        return Job("j1", self.name, "queued", self.info)

    def poll(self, job: Job) -> Job:
        self.looks -= 1
        return replace(job, state="running" if self.looks else self.end)

    def fetch(self, job: Job) -> Any:
        return exact.sample(self.compiled, self.options)

    def cancel(self, job: Job) -> Job:
        self.cancelled.append(job.id)
        return replace(job, state="cancelled")


def test_pauses_between_looks_grow_up_to_a_limit() -> None:
    """A job is looked at often at first, then every two seconds; its samples are fetched once it has succeeded."""
    slept: list[float] = []
    looks: list[float] = []
    engine = Slow(20)
    look = engine.poll
    engine.poll = lambda job: looks.append(sum(slept)) or look(job)  # type: ignore[func-returns-value, method-assign]
    found = engines.sample(engine, compiled_of(), sleep=slept.append, seed=1)
    assert found.first.energy == -2.0
    pauses = [after - before for before, after in pairwise([0.0, *looks])]
    assert len(pauses) == 20
    assert pauses[0] == engines.FIRST_POLL
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(pauses))
    assert abs(pauses[-1] - engines.LAST_POLL) < 1e-9


def test_an_engine_may_say_when_to_look_again() -> None:
    """`poll_seconds` takes the place of our own pauses, in naps that are short enough for a signal to be seen."""
    pauses: list[float] = []
    engines.sample(Slow(3, info={"poll_seconds": 0.25}), compiled_of(), sleep=pauses.append)
    assert pauses == [0.25, 0.25, 0.25]
    pauses.clear()
    engines.sample(Slow(2, info={"poll_seconds": 60}), compiled_of(), sleep=pauses.append)
    assert sum(pauses) == 120
    assert max(pauses) <= engines.NAP


def test_a_failed_job_is_an_error_that_says_why() -> None:
    """The engine, the job, its state and its reason are in the message."""
    with pytest.raises(BackendError, match="slow: the job j1 failed: no credits"):
        engines.sample(Slow(1, "failed", {"error": "no credits"}), compiled_of(), sleep=lambda seconds: None)


def test_a_stop_cancels_the_job_and_gives_no_samples() -> None:
    """Nothing is waited for any more; the walk of the hybrid loop ends where it was."""
    engine = Slow(10**9)
    found = engines.sample(engine, compiled_of(), stop=lambda: True, sleep=lambda seconds: None)
    assert len(found) == 0
    assert list(found.variables) == [0, 1]
    assert engine.cancelled == ["j1"]


def test_the_loop_survives_a_window_without_samples() -> None:
    """A window whose job was cancelled changes nothing and counts no read."""
    told = iter((False, True, True))
    found = improve(
        Bits(), (1, 1, 1), lambda compiled, **options: engines.sample(Slow(10**9), compiled, **options),
        seed=1, steps=5, stop=lambda: next(told), report=lambda state: None,
    )  # fmt: skip
    assert found.answer == (1, 1, 1)
    assert [(attempt.reads, attempt.feasible_fraction) for attempt in found.attempts] == [(0, 0.0)]


def test_a_local_engine_is_told_of_a_stop_too() -> None:
    """The function reaches the engine with the other options."""
    engine = Slow(1)
    engines.sample(engine, compiled_of(), sleep=lambda seconds: None, seed=3, reads=2)
    assert engine.options["seed"] == 3
    assert engine.options["stop"]() is False


def test_local_engines_work_for_several_threads_at_once() -> None:
    """Every caller gets the samples of its own job."""
    engine, gate = exact.backend(), threading.Barrier(8)

    def work(k: int) -> bool:
        model = model_of([float(k) - 3.5] * 3)
        compiled = compile_qubo(model, sufficient_weights(model))
        gate.wait()
        return all(
            engines.sample(engine, compiled).first.energy == pytest.approx(min(0.0, 3 * (k - 3.5))) for _ in range(20)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
