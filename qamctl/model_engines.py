"""Every engine under its name, as something that solves models: our searches, CP-SAT, and engines of QUBOs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends import registry
from qamctl.backends.local import LocalBackend
from qamctl.engines import parts_of
from qamctl.engines import sample as submit
from qamctl.errors import UnsupportedError, UsageError
from qamctl.measuring import BESIDE, CLASSICAL, NOTHING, CutShort, Settings, qubits_of, shots_of
from qamctl.model_samples import SampleTable, join, make_table
from qamctl.model_task import Engine, Outcome, Question, Task, make_question
from qamctl.quantum.loading import load
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Budget, Search

if TYPE_CHECKING:
    import dimod

    from qamctl.azure.parts import Parts
    from qamctl.backends.base import Backend
    from qamctl.qubo.payload import Payload

#: Searches of models that are no backends: they do more than give samples.
NATIVE = ("auto", "cpsat")

#: Our own searches of models without constraints: the backends of these names are built on them.
SEARCHES = {"anneal": "qamctl.qubo.search.anneal", "tabu": "qamctl.qubo.search.tabu"}

#: Sweeps of a repair, and the share of the time that is left for it.
REPAIR, REPAIR_SHARE = 20, 0.04

#: The share of its time that an engine of circuits has, so that a classical one can have as much to be compared with.
CIRCUIT_SHARE = 0.45

#: Below this many seconds `auto` leaves CP-SAT out: it is imported and has built its model after about this long.
CPSAT_LEAST_SECONDS = 1.0


def expand(backends: Sequence[str]) -> tuple[str, ...]:
    """The engines that are meant, each once.

    Raises
    ------
    UsageError
        No engine of models has one of the names.
    UnsupportedError
        One needs a package that is not installed.
    """
    names = registry.join_remote(backends)
    for name in names:
        if name in NATIVE:
            continue
        if (searches := registry.native_kind(name)) is not None:
            known = ", ".join([*NATIVE, *registry.names()])
            raise UsageError(f"backend {name} searches {searches}s, not models: take one of {known}")
        registry.get(name)
    return names


def quantum(name: str) -> bool:
    """Whether an engine measures circuits."""
    ours = name in registry.names() or registry.is_remote(name)
    return name not in NATIVE and ours and registry.get(name).capabilities.quantum


def remote(name: str) -> bool:
    """Whether an engine is a service far away: a run is given so many parts by it, not so much time."""
    return registry.is_remote(name)


def engine(name: str, settings: Settings = NOTHING) -> Engine:
    """The engine called `name`, as `expand` accepts it; what it needs is imported now, not when the clock runs.

    Parameters
    ----------
    settings
        Of engines that measure circuits.

    Raises
    ------
    UnsupportedError
        It needs a package that is not installed.
    """
    if name == "auto":
        import_module("qamctl.qubo.search.auto").load()
        return lambda task: _enumerated(task) or _auto(task)
    if name == "cpsat":
        import_module("qamctl.backends.cpsat_model").load()
        return _cpsat
    backend = registry.get(name, settings.account)
    if "circuit" in backend.capabilities.kinds:
        load(qir=backend.capabilities.remote or name == "qir")
    if isinstance(backend, LocalBackend):
        submit(backend, compile_question(make_question(_one_variable()), None), seed=0, reads=1, sweeps=1)
    if name in SEARCHES:
        search: Search = import_module(SEARCHES[name]).search
        return lambda task: _searched(search, backend, task)
    if name == "exact":
        return lambda task: _enumerated(task) or _sampled(backend, task)
    return lambda task: _sampled(backend, task)


def _enumerated(task: Task) -> Sequence[Outcome]:
    """The proof for a small polynomial whose quadratic model would be larger than it; nothing for other models."""
    if task.question.polynomial is None or task.reads is not None:
        return []
    from qamctl.model_polynomial import enumerable, enumerate_states

    return enumerate_states(task) if enumerable(task.question) else []


def _one_variable() -> Model:
    """The smallest model: sampling it imports whatever a local engine needs."""
    none, start = np.zeros(0, np.int32), np.zeros(1, np.int64)
    return Model(
        n=1, linear=np.ones(1), row=none, col=none, weight=np.zeros(0), offset=0.0, group_start=start,
        group_index=none, con_start=start, con_index=none, con_coef=np.zeros(0, np.int64),
        con_sense=np.zeros(0, np.int8), con_rhs=np.zeros(0, np.int64), con_kind=np.zeros(0, np.int8),
        con_kinds=(), labels=("0",),
    )  # fmt: skip


def _auto(task: Task) -> Sequence[Outcome]:
    """Presolve, exact methods, searches by the model's features, bounds; CP-SAT where it may prove something."""
    from qamctl.qubo.search import auto
    from qamctl.qubo.search.shared import Member

    question = task.question
    seconds = task.budget.seconds
    prover = None if seconds is not None and seconds < CPSAT_LEAST_SECONDS else _prover

    def outcome(member: Member) -> Outcome:
        table = None
        if member.samples is not None:
            table = make_table(question.model, question.objective, member.samples, member.occurrences)
        return Outcome(
            member.name, member.status, table, member.bound, variables=member.variables, shots=member.shots,
            feasible_fraction=None if table is None else table.fraction, seconds=member.seconds, note=member.note,
            info=member.info,
        )  # fmt: skip

    found = auto.run(
        question.model, question.objective, budget=task.budget, seed=task.seed, stop=task.stop, report=task.report,
        initial=task.initial, reads=task.reads, prover=prover,
        finished=lambda member: task.finished(member.name, lambda: outcome(member)),
    )  # fmt: skip
    return [outcome(member) for member in found]


def _prover(model: Model, **options: Any) -> Any:
    from qamctl.backends import cpsat_model

    return cpsat_model.solve(model, **options)


def _cpsat(task: Task) -> Sequence[Outcome]:
    from qamctl.backends import cpsat_model

    question, budget = task.question, task.budget

    def report(sample: np.ndarray, energy: float) -> None:  # the engine's costs may have been rounded
        task.report("cpsat", sample, question.objective.energy(sample))

    found = cpsat_model.solve(
        question.model, seconds=budget.seconds, steps=budget.steps, seed=task.seed, threads=budget.threads,
        target=budget.target, stop=task.stop, report=report, initial=task.initial, clock=budget.clock,
    )  # fmt: skip
    samples = np.zeros((0, question.n), np.uint8) if found.sample is None else found.sample[None, :]
    table = make_table(question.model, question.objective, samples)
    size = question.n + int(found.info.get("products", 0))
    return [
        Outcome("cpsat", found.status, table, found.bound, variables=size, feasible_fraction=table.fraction,
                info=found.info)
    ]  # fmt: skip


def _searched(search: Search, backend: Backend, task: Task) -> Sequence[Outcome]:
    """One of our own searches: without constraints and reads it takes the objective as it stands."""
    question, name = task.question, backend.name
    if question.constrained or task.reads is not None or task.max_variables is not None:
        return _sampled(backend, task)
    found = search(
        question.objective, budget=task.budget, seed=task.seed, stop=task.stop,
        report=lambda sample, energy: task.report(name, sample, energy), initial=task.initial,
    )  # fmt: skip
    table = make_table(question.model, question.objective, found.samples, found.occurrences)
    info = {"steps": found.steps, "attempts": found.attempts, **found.info}
    return [Outcome(name, "feasible", table, variables=question.n, feasible_fraction=table.fraction, info=info)]


def _sampled(backend: Backend, task: Task) -> Sequence[Outcome]:
    """An engine of QUBOs: the model is compiled for it, and what comes back is decoded."""
    question, name, began = task.question, backend.name, task.budget.clock()
    payload = payload_for(backend, question, task.initial)
    quantum = backend.capabilities.quantum
    most = min((limit for limit in (_own_limit(backend, task, payload), task.max_variables) if limit), default=None)
    if most is not None and payload.n > most:
        from qamctl.model_parts import by_parts

        if task.max_variables is None and not quantum:
            raise UnsupportedError(
                f"backend {name} takes at most {most} variables, the model has {payload.n}: set --max-variables "
                f"{most} to improve it part by part, or choose another backend"
            )
        return by_parts(backend, task, most)

    def report(sample: np.ndarray, energy: float) -> None:
        kept = payload.restore(sample)
        task.report(name, kept, question.objective.energy(kept))

    options = _options(task, payload, task.budget.clock() - began)
    if quantum:
        circuit = {**task.settings.circuit(), "angles": task.settings.angles, "name": task.settings.name}
        options |= {"reads": shots_of(backend, task.settings), **circuit}
        if options.get("seconds") is not None:
            options["seconds"] *= CIRCUIT_SHARE
    since = task.budget.clock()
    parts = parts_of(backend, task.settings, task.seed) if backend.capabilities.remote else None
    if parts is None:
        found = submit(backend, payload, stop=task.stop, report=report, **options)
    else:
        found = parts(payload, stop=task.stop, **{**options, **parts.assign([payload])[0]})
        if found.info.get("stand_in"):
            return _stood_in(task, payload, parts, found)
    spent = task.budget.clock() - since
    samples, met = _in_order(found), found.record.num_occurrences
    table = make_table(question.model, question.objective, payload.restore(samples), met)
    exact = bool(found.info.get("exact")) and len(table) > 0 and _tells(question, payload)
    good = len(table) > 0 and bool(table.feasible[0])
    # The least state of a sufficient penalty QUBO is feasible, unless nothing is.
    status = ("optimal" if good else "infeasible") if exact else "feasible" if good else "unknown"
    info = {key: value for key, value in found.info.items() if key not in ("exact", "reads")}
    told = _fewer(int(met.sum()), options) if quantum else None
    chance, rival = (
        _gains(task, payload, table, int(met.sum()), BESIDE if parts is not None else spent, timed=parts is not None)
        if quantum
        else (None, None)
    )
    if parts is not None:
        info |= parts.finish(excused=task.stop() or payload.n == 0)
        told = "; ".join(text for text in (told, parts.note()) if text) or None
    outcome = Outcome(
        name, status, table, float(table.energies[0]) if exact and good else None, variables=payload.n,
        shots=int(met.sum()), feasible_fraction=table.fraction, info=info,
        gain_over_random=chance, gain_over_classical=rival, note=told,
    )  # fmt: skip
    if parts is not None and parts.error is not None:
        raise CutShort(parts.error, [outcome], parts.left())
    return [_repaired(task, outcome) if status == "unknown" and len(table) else outcome]


def _stood_in(task: Task, payload: Payload, parts: Parts, found: dimod.SampleSet) -> Sequence[Outcome]:
    """The outcomes where no job measured the model: what the classical engine found in place of it is its own."""
    from qamctl.model_parts import stood_in

    question, by = task.question, found.info.get("by")
    figures = parts.finish(excused=task.stop())
    outcomes = [Outcome(parts.engine.name, "unknown", note=parts.note(), info=figures)]
    if by is not None:
        samples = payload.restore(_in_order(found))
        table = make_table(question.model, question.objective, samples, found.record.num_occurrences)
        outcomes.append(stood_in(parts, str(by), table))
    if parts.error is not None:
        raise CutShort(parts.error, outcomes, parts.left())
    return outcomes


def _fewer(shots: int, options: dict[str, Any]) -> str | None:
    """What is told where the time was up before all shots were taken."""
    asked = int(options["reads"])
    return None if shots >= asked else f"{shots:,} of {asked:,} shots: the time was up before the others"


def _own_limit(backend: Backend, task: Task, payload: Payload) -> int | None:
    """Variables that an engine takes at once; one of circuits also takes a whole model that it can simulate."""
    able, settings = backend.capabilities, task.settings
    if able.quantum and settings.max_qubits is None and payload.n <= (able.any_variables or 0):
        return None
    return qubits_of(backend, settings)


def _gains(
    task: Task, payload: Payload, table: SampleTable, shots: int, spent: float, *, timed: bool = False
) -> tuple[float | None, float | None]:
    """How much better the best sample is than those of as many random choices, and of a classical engine in that time.

    None where one of the two has no feasible sample. With a step budget there is no time that could be reproduced: the
    classical engine then has a fixed number of sweeps, unless the time is said to count (`timed`).
    """
    from qamctl.qubo.control import uniform

    question = task.question
    best = float(table.energies[0]) if len(table) and table.feasible[0] else None
    rng = np.random.default_rng(task.seed)
    if question.polynomial is None:
        chance = uniform(question.model, rng, draws=max(1, shots), stop=task.stop).energies
    else:  # products follow from the qubits: by chance they would hardly ever be true
        chance = np.sort(question.polynomial.energy(rng.integers(0, 2, (max(1, shots), question.polynomial.n))))
    options: dict[str, Any] = {"seed": task.seed, "threads": 1}
    fixed = task.budget.seconds is None and not timed
    options |= {"reads": 4, "sweeps": 500} if fixed else {"seconds": spent}
    engine = registry.get(CLASSICAL)
    if payload.kind not in engine.capabilities.kinds:
        payload = payload_for(engine, question, None)
    rival = submit(engine, payload, stop=task.stop, **options)
    classical = make_table(question.model, question.objective, payload.restore(_in_order(rival)))
    other = float(classical.energies[0]) if len(classical) and classical.feasible[0] else None
    return (
        None if best is None or not len(chance) else float(chance[0]) - best,
        None if best is None or other is None else other - best,
    )


def _tells(question: Question, payload: Payload) -> bool:
    """Whether the least state of a penalty QUBO proves anything: its sums tell a broken constraint from rounding."""
    from qamctl.backends.searching import couplings_of
    from qamctl.qubo.compile import Compiled
    from qamctl.qubo.penalties import margin

    if not question.constrained or not isinstance(payload, Compiled):
        return True
    compiled = couplings_of(payload)
    return compiled.exact or compiled.rounding < 0.5 * margin(question.model)


def _repaired(task: Task, outcome: Outcome) -> Outcome:
    """Where no sample keeps every constraint: the one that costs least, changed until it does, if that goes quickly."""
    from qamctl.qubo.search import groups

    question, table = task.question, outcome.table
    assert table is not None  # the caller has looked
    found = groups.search(
        question.model, budget=Budget(steps=REPAIR), seed=task.seed, stop=task.stop, initial=table.samples[0]
    )
    mended = join(question.model, [table, make_table(question.model, question.objective, found.samples[:1])])
    if not mended.feasible[0]:
        return outcome
    note = "no sample kept every constraint: the one that costs least was repaired"
    return replace(outcome, status="feasible", table=mended, note=note)


def payload_for(backend: Backend, question: Question, initial: np.ndarray | None) -> Payload:
    """What the engine is given: the penalty QUBO, unless it knows polynomials or searches constraints natively."""
    from qamctl.qubo.payload import Uncompiled

    if question.polynomial is not None and "polynomial" in backend.capabilities.kinds:
        from qamctl.quantum.native import Native

        return Native(question.polynomial, question.pairs)
    if question.constrained and "model" in backend.capabilities.kinds:
        return Uncompiled(question.model)
    return compile_question(question, initial)


def compile_question(question: Question, initial: np.ndarray | None) -> Payload:
    """The penalty QUBO of a model; its weights are sufficient, and smaller where a feasible sample is known.

    Raises
    ------
    InfeasibleError
        A row cannot be kept by any state.
    """
    from qamctl.qubo.compile import compile_qubo
    from qamctl.qubo.penalties import sufficient_weights

    upper = None if initial is None else question.objective.energy(initial)
    return compile_qubo(question.model, sufficient_weights(question.model, upper))


def _options(task: Task, payload: Payload, spent: float) -> dict[str, Any]:
    """What a backend is told, `spent` seconds into its turn; see `backends.base.Backend.submit`."""
    budget = task.budget
    options: dict[str, Any] = {"seed": task.seed, "threads": budget.threads}
    if task.reads is not None:
        options["reads"] = task.reads
    if budget.seconds is not None:
        share = 1.0 - REPAIR_SHARE * task.question.constrained
        options["seconds"] = max(share * budget.seconds - spent, 0.001)
    else:
        options["steps"] = budget.steps
    if budget.target is not None:
        options["target"] = budget.target
    if task.initial is not None and task.reads is None:  # reads are independent, of other engines too
        options["initial"] = payload.extend(task.initial)
    return options


def _in_order(found: dimod.SampleSet) -> np.ndarray:
    """The samples with their columns in the order of the variables 0 .. n - 1."""
    columns = np.argsort(np.fromiter(found.variables, np.int64, len(found.variables)))
    samples: np.ndarray = found.record.sample[:, columns]
    return samples
