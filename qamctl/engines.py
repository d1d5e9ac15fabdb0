"""Every engine under its name, as something that solves problems of a kind: native solvers, and engines of models."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from qamctl.backends import registry
from qamctl.backends.qaoa import DEPTH
from qamctl.errors import BackendError, UsageError
from qamctl.measuring import CLASSICAL, NOTHING, CutShort, Settings, loop_options, qubits_of, shots_of
from qamctl.quantum.loading import load
from qamctl.solver import Budget, Outcome, Solver

if TYPE_CHECKING:
    import dimod

    from qamctl.azure.backend import AzureBackend
    from qamctl.azure.parts import Parts
    from qamctl.backends.base import Backend
    from qamctl.qubo.payload import Payload

#: The engine that enumerates small parts.
EXACT = "exact"

#: The engine of models that is in every portfolio: it works on QUBO windows around the incumbent.
QUBO = "anneal"


def auto(kind: str) -> tuple[str, ...]:
    """What `auto` runs on problems of a kind, in the order of its lanes."""
    return (*registry.NATIVE_SOLVERS[kind], QUBO)


def heuristic(kind: str) -> str:
    """The native solver that gives the others a start, and that sampled engines are compared with."""
    return registry.NATIVE_SOLVERS[kind][0]


def expand(backends: Sequence[str], kind: str) -> tuple[str, ...]:
    """The engines that are meant, each once; `auto` stands for its members.

    Raises
    ------
    UsageError
        No engine of such problems has one of the names.
    """
    names = registry.join_remote([name for given in backends for name in (auto(kind) if given == "auto" else (given,))])
    for name in names:
        if not sampled(name, kind):
            continue
        if (other := registry.native_kind(name)) is not None:
            known = ", ".join(["auto", *registry.NATIVE_SOLVERS[kind], *registry.names()])
            raise UsageError(f"backend {name} searches {other}s, and this is a {kind}: take one of {known}")
        registry.get(name)
    return names


def sampled(name: str, kind: str) -> bool:
    """Whether an engine takes compiled models instead of the spec itself."""
    return not registry.is_native(name, kind)


def quantum(name: str) -> bool:
    """Whether an engine measures circuits; what classical engines found then stands in where it fails."""
    return registry.native_kind(name) is None and registry.get(name).capabilities.quantum


def remote(name: str) -> bool:
    """Whether an engine is a service far away: a run is given so many parts by it, not so much time."""
    return registry.is_remote(name)


def solver(name: str, kind: str, options: Mapping[str, Any]) -> Solver:
    """The engine `name` as a solver of problems of a kind.

    Parameters
    ----------
    options
        For engines that take a model: `max_variables`, `settings` of those that measure circuits, and `windows`, more
        options of the QUBO windows of this kind.

    Raises
    ------
    UsageError
        No engine has that name.
    UnsupportedError
        It needs a package that is not installed.
    """
    if not sampled(name, kind):
        found: Solver = import_module(f"qamctl.{kind}.solvers.{name.replace('-', '_')}").solve
        return found
    settings = options.get("settings") or NOTHING
    engine = registry.get(name, settings.account)
    able = engine.capabilities
    if "circuit" in able.kinds:
        load(qir=able.remote or name == "qir")
    loop = loop_options(engine, settings, partial(sample, registry.get(CLASSICAL)))

    def solve(
        instance: Any,
        incumbent: Any,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool],
        report: Callable[[Any], None],
    ) -> Outcome:
        qubo_windows = import_module(f"qamctl.{kind}.solvers.qubo_windows")
        parts = None if not able.remote else parts_of(engine, settings, seed)
        credit = report if parts is None else Credit(parts, report)
        found: Outcome = qubo_windows.solve(
            instance, incumbent, budget, seed, stop, credit,
            sample=partial(sample, engine) if parts is None else parts,
            router=parts,
            max_variables=_smaller(_own_limit(engine, settings), options.get("max_variables")),
            exact=able.exact,
            batch=able.batch,
            **loop,
            **options.get("windows", {}),
        )  # fmt: skip
        if parts is None:
            return found
        found.info.update(parts.finish(found.info.get("ended"), excused=stop() or found.status == "optimal"))
        found = credited(found, parts, cast("Credit", credit), incumbent)
        if parts.error is not None:
            raise CutShort(parts.error, found, parts.left())
        return found

    return solve


@dataclass
class Credit:
    """Takes what the loop over parts finds, and says whose it is: a job's, or a classical engine's.

    Attributes
    ----------
    report
        The run's; where it has `by(name, solution)`, what another engine found is told under that one's name.
    own
        The best that a job found.
    """

    parts: Parts
    report: Callable[[Any], None]
    own: Any = None

    def __call__(self, solution: Any) -> None:
        """Take a better answer."""
        by = getattr(self.report, "by", None)
        if self.parts.finder is None:
            self.own = solution
            self.report(solution)
        elif by is not None:
            by(self.parts.finder, solution)


def credited(found: Outcome, parts: Parts, credit: Credit, incumbent: Any) -> Outcome:
    """What the targets achieved, without what classical engines found beside them.

    Their answer is the best one that a job found, else the one that they began with; none where no part was measured
    by a job. Shots are those of jobs.
    """
    best = credit.own if credit.own is not None else incumbent if parts.done else None
    whole = best is found.solution
    info = {**found.info, **measured(found.info.get("rounds", ()))}
    if parts.shares:
        info["stood_in"] = {name: asdict(share) for name, share in parts.shares.items()}
    if (note := parts.note()) is not None:
        info["note"] = note
    status = found.status if whole or found.status != "optimal" else "feasible"
    return replace(found, status=status, solution=best, variables=info["variables"], info=info)


def measured(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Figures of the parts that jobs measured: shots, the share of feasible ones, variables of the largest."""
    rows = [row for row in rounds if "job" in row and "fallback" not in row and "unfinished" not in row]
    shots = sum(int(row["reads"]) for row in rows)
    good = sum(float(row["feasible_fraction"]) * int(row["reads"]) for row in rows)
    most = max((int(row["variables"]) for row in rows), default=0)
    return {"shots": shots, "feasible_fraction": good / shots if shots else None, "variables": most}


def jobs_of(engine: Backend) -> dict[str, Any]:
    """Figures of the jobs of a remote engine, once it is done: what they cost is asked for once more."""
    remote = cast("AzureBackend", engine)
    remote.settle()
    return {"jobs": remote.book.told()}


def parts_of(engine: Backend, settings: Settings, seed: int) -> Parts:
    """A remote engine as the sampler of parts, which goes on where a job fails."""
    from qamctl.azure.parts import Parts

    return Parts(
        cast("AzureBackend", engine), sample, partial(sample, registry.get(CLASSICAL)), _no_samples,
        partial(sample, registry.get(EXACT)), (CLASSICAL, EXACT),
        strict=settings.strict, seed=seed, shots=shots_of(engine, settings), depth=settings.depth or DEPTH,
    )  # fmt: skip


def _own_limit(engine: Backend, settings: Settings) -> int | None:
    able = engine.capabilities
    return qubits_of(engine, settings) if able.quantum else _smaller(able.max_variables, able.any_variables)


#: Seconds between two looks at a job, at first and at most, unless the engine says how long to wait; and between two
#: looks at the signals meanwhile.
FIRST_POLL, LAST_POLL, NAP = 0.02, 2.0, 0.5


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
        left = float(job.info.get("poll_seconds", wait))
        while left > 0 and not stop():
            sleep(min(left, NAP))
            left -= NAP
        if stop():
            continue
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
