"""Every engine under its name, as something that solves schedules: native solvers, and engines of models."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qamctl.backends import registry
from qamctl.errors import BackendError
from qamctl.measuring import CLASSICAL, NOTHING, Settings, loop_options, qubits_of
from qamctl.schedule.solvers.base import Budget, Outcome, Solver

if TYPE_CHECKING:
    import dimod

    from qamctl.backends.base import Backend
    from qamctl.qubo.payload import Payload
    from qamctl.schedule.instance import Instance
    from qamctl.schedule.solution import Solution

#: What `auto` runs, in the order of its lanes; the sampled one works on QUBO windows around the incumbent.
AUTO = ("list-search", "cpsat", "anneal")


def expand(backends: Sequence[str]) -> tuple[str, ...]:
    """The engines that are meant, each once; `auto` stands for its members.

    Raises
    ------
    UsageError
        No engine has one of the names.
    """
    names = tuple(dict.fromkeys(name for given in backends for name in (AUTO if given == "auto" else (given,))))
    for name in names:
        if sampled(name):
            registry.get(name)
    return names


def sampled(name: str) -> bool:
    """Whether an engine takes compiled models instead of the spec itself."""
    return not registry.is_native(name, "schedule")


def quantum(name: str) -> bool:
    """Whether an engine measures circuits; what classical engines found then stands in where it fails."""
    return sampled(name) and registry.get(name).capabilities.quantum


def solver(name: str, options: Mapping[str, Any]) -> Solver:
    """The engine `name` as a solver of schedules.

    Parameters
    ----------
    options
        For engines that take a model: `slot`, `max_variables`, and `settings` of those that measure circuits.

    Raises
    ------
    UsageError
        No engine has that name.
    UnsupportedError
        It needs a package that is not installed.
    """
    if not sampled(name):
        found: Solver = import_module(f"qamctl.schedule.solvers.{name.replace('-', '_')}").solve
        return found
    engine = registry.get(name)
    able, settings = engine.capabilities, options.get("settings") or NOTHING
    loop = loop_options(engine, settings, partial(sample, registry.get(CLASSICAL)))

    def solve(
        instance: Instance,
        incumbent: Solution | None,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool],
        report: Callable[[Solution], None],
    ) -> Outcome:
        from qamctl.schedule.solvers import qubo_windows

        return qubo_windows.solve(
            instance, incumbent, budget, seed, stop, report,
            sample=partial(sample, engine),
            max_variables=_smaller(_own_limit(engine, settings), options.get("max_variables")),
            slot=options.get("slot") or 1,
            exact=able.exact,
            batch=able.batch,
            **loop,
        )  # fmt: skip

    return solve


def _own_limit(engine: Backend, settings: Settings) -> int | None:
    able = engine.capabilities
    return qubits_of(engine, settings) if able.quantum else _smaller(able.max_variables, able.any_variables)


#: Seconds between two looks at a job, at first and at most, unless the engine says how long to wait.
FIRST_POLL, LAST_POLL = 0.02, 2.0


def sample(
    engine: Backend,
    compiled: Payload,
    *,
    stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
    **options: Any,
) -> dimod.SampleSet:
    """Submit a model and wait for its samples.

    Parameters
    ----------
    stop
        Asked before each look at the job, and by engines that can while they work; True cancels the job, and what
        comes back has no samples.
    sleep
        Waits so many seconds.

    Raises
    ------
    BackendError
        The job failed.
    """
    job = engine.submit(compiled, {**options, "stop": stop})
    wait = FIRST_POLL
    while job.state in ("queued", "running"):
        if stop():
            engine.cancel(job)
            return _no_samples(compiled)
        sleep(min(float(job.info.get("poll_seconds", wait)), LAST_POLL))
        wait = min(1.5 * wait, LAST_POLL)
        job = engine.poll(job)
    if job.state != "succeeded":
        raise BackendError(f"{engine.name}: the job {job.id} {job.state}: {job.info.get('error', 'no reason given')}")
    return engine.fetch(job)


def _no_samples(compiled: Payload) -> dimod.SampleSet:
    import dimod
    import numpy as np

    none: dimod.SampleSet = dimod.SampleSet.from_samples(  # type: ignore[no-untyped-call]
        (np.zeros((0, compiled.n), np.int8), list(range(compiled.n))), "BINARY", energy=np.zeros(0)
    )
    return none


def _smaller(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
