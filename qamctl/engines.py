"""Every engine under its name, as something that solves schedules: native solvers, and engines of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qamctl.backends import registry
from qamctl.errors import BackendError
from qamctl.schedule.solvers.base import Budget, Outcome, Solver

if TYPE_CHECKING:
    import dimod

    from qamctl.backends.base import Backend
    from qamctl.qubo.compile import Compiled
    from qamctl.schedule.instance import Instance
    from qamctl.schedule.solution import Solution

#: What `auto` runs, in the order of its lanes; the sampled one works on QUBO windows around the incumbent.
AUTO = ("list-search", "cpsat", "neal")


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


def solver(name: str, options: Mapping[str, Any]) -> Solver:
    """The engine `name` as a solver of schedules.

    Parameters
    ----------
    options
        `slot` and `max_variables` for engines that take a model.

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
            max_variables=_smaller(engine.capabilities.max_variables, options.get("max_variables")),
            slot=options.get("slot") or 1,
            exact=engine.capabilities.exact,
        )  # fmt: skip

    return solve


def sample(engine: Backend, compiled: Compiled, **options: Any) -> dimod.SampleSet:
    """Submit a compiled model and wait for its samples.

    Raises
    ------
    BackendError
        The job failed.
    """
    job = engine.submit(compiled, options)
    while job.state in ("queued", "running"):
        job = engine.poll(job)
    if job.state != "succeeded":
        raise BackendError(f"{engine.name}: the job {job.id} {job.state}: {job.info.get('error', 'no reason given')}")
    return engine.fetch(job)


def _smaller(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
