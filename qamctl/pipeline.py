"""The whole story of a run on one page: read, build, solve, check, write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qamctl import __version__, engines
from qamctl.config import Resolved, resolve
from qamctl.errors import ExitCode, UnsupportedError, UsageError
from qamctl.kernels import native
from qamctl.options import Options
from qamctl.runs.lock import Lock, acquire, lock_target
from qamctl.runs.metrics import Stopwatch, build, utilisation
from qamctl.runs.record import Run, loaded_versions, open_run, run_id, state_folder, utc_now
from qamctl.runs.signals import Interrupted, Stop, catch_signals
from qamctl.schedule.instance import Instance, build_instance
from qamctl.schedule.read import build_schedule
from qamctl.schedule.reasons import reasons as find_reasons
from qamctl.schedule.result import build_result, relative_gap
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solve import Answer, solve_schedule
from qamctl.spec.reader import read_source
from qamctl.spec.source import Source


class Events(Protocol):
    """What listens to a run."""

    def tick(self, best: Mapping[str, Any]) -> None:
        """The search goes on; `best` holds figures of the best answer so far, and may be empty."""
        ...

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """A line of the run's log."""
        ...


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run came to.

    Attributes
    ----------
    result, metrics
        The contents of result.json and metrics.json; empty when `skipped`.
    directory
        The run directory, None when `skipped`.
    skipped
        Another run held the lock and `--if-locked skip` was asked for.
    """

    result: dict[str, Any]
    metrics: dict[str, Any]
    directory: Path | None
    exit_code: ExitCode
    warnings: tuple[str, ...] = ()
    skipped: bool = False
    spec: ScheduleSpec | None = None
    solution: Solution | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A spec that was read, with the options that hold for it."""

    spec: ScheduleSpec
    resolved: Resolved
    seed: int


def read(path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
    """Read a schedule spec and resolve the options that hold for it.

    Raises
    ------
    SpecError
        With every fault of the file, or the first one of the options.
    """
    data, source = read_source(path)
    spec = build_schedule(data, source)
    resolved = resolve(
        flags, spec.solver, profile=profile, config_file=config_file,
        cwd=Path.cwd(), environ=os.environ, locate=spec.source.locate,
    )  # fmt: skip
    seed = resolved.options.seed
    return Problem(spec, resolved, _default_seed(spec.source) if seed is None else seed)


def _default_seed(source: Source) -> int:
    """From the hash of the spec and its tables: the same problem starts the same way."""
    digest = int(source.sha256[:8], 16)
    for _, sha256 in source.tables.values():
        digest ^= int(sha256[:8], 16)
    return digest & 0x7FFFFFFF


def run_schedule(
    path: str,
    flags: Mapping[str, object],
    *,
    profile: str | None = None,
    config_file: Path | None = None,
    command: Sequence[str] = (),
    events: Events | None = None,
) -> RunReport:
    """`qamctl schedule`: one run from the file to its result.

    Parameters
    ----------
    path
        The spec; `-` is standard input.
    flags
        Options as they were given, by name (see `qamctl.options.Options`).
    command
        The command line, for the record.

    Raises
    ------
    QamError
        Whatever ends the run without a result file.
    """
    watch, started = Stopwatch(), utc_now()
    problem = read(path, flags, profile=profile, config_file=config_file)
    options = problem.resolved.options
    _check_copies(problem)
    state = state_folder(os.environ)
    id = run_id(problem.spec.name, started, os.urandom(4).hex())
    with catch_signals() as stop:
        lock = _lock(state, problem, id, started, stop, events)
        if lock is None:
            return RunReport({}, {}, None, ExitCode.OK, skipped=True)
        with (
            lock,
            open_run(
                id=id, state=state, kind="schedule", name=problem.spec.name, source=problem.spec.source,
                options=problem.resolved.values(), origins=problem.resolved.origins, seed=problem.seed,
                versions=loaded_versions(__version__), command=command, started=started,
                out=options.out, result=options.result, metrics=options.metrics,
                log_file=options.log_file, no_copy=options.no_copy,
            ) as run,
        ):  # fmt: skip
            return _solve_and_write(problem, run, watch, stop, events)


def _check_copies(problem: Problem) -> None:
    """Refuse extra copies that would overwrite what the run reads, or each other."""
    options, source = problem.resolved.options, problem.spec.source
    if options.metrics is not None and options.metrics.suffix not in (".json", ".prom"):
        raise UsageError(f"--metrics {options.metrics}: name a file that ends in .json or .prom")
    inputs = [source.path, *(path for path, _ in source.tables.values())]
    taken = {os.path.realpath(path): "the run reads it" for path in inputs if path is not None}
    for flag, path in (("--result", options.result), ("--metrics", options.metrics)):
        if path is None:
            continue
        if reason := taken.get(os.path.realpath(path)):
            raise UsageError(f"{flag} {path} would overwrite a file: {reason}; name another one")
        taken[os.path.realpath(path)] = f"{flag} writes it"


def _lock(state: Path, problem: Problem, id: str, started: datetime, stop: Stop, events: Events | None) -> Lock | None:
    options = problem.resolved.options
    target = lock_target(options.out, problem.spec.source.path)
    if target is None:  # standard input into a folder of its own: nothing to share
        target = state / "runs" / id
    waiting = None if events is None else lambda text: events.event("waiting", {"message": text})
    return acquire(state, target, run=id, now=started, mode=options.if_locked, waiting=waiting, stop=stop)


def _solve_and_write(problem: Problem, run: Run, watch: Stopwatch, stop: Stop, events: Events | None) -> RunReport:
    spec = problem.spec
    warnings = [] if native() else ["the C++ kernels are not installed: the slower numpy reference takes their place"]

    def tell(name: str, **fields: Any) -> None:
        run.log("schedule", name, **fields)
        if events is not None:
            events.event(name, fields)

    watch.phase("build")
    instance = build_instance(spec)
    why = _reasons(instance)
    tell("built", tasks=instance.n, options=len(instance.option_mode))
    answer = Answer("infeasible") if why else solve(problem, instance, stop, events, watch)
    for attempt in answer.attempts:
        tell("attempt", backend=attempt.backend, status=attempt.status, objective=attempt.value, note=attempt.note)
    tell("answer", status=answer.status, solved_by=answer.solved_by)
    watch.phase("compile")
    compiled = _compile(problem, instance, answer)
    watch.phase("write")
    exit_code = stop.exit_code or (ExitCode.OK if answer.solution is not None else ExitCode.INFEASIBLE)
    result = build_result(
        spec, run=run.id, status=answer.status, solution=answer.solution, report=answer.report, proof=answer.proof,
        solved_by=answer.solved_by, fallback=answer.fallback, attempts=answer.attempts, reasons=why,
        compiled=compiled, provenance=run.provenance(loaded_versions(__version__)),
    )  # fmt: skip
    metrics: dict[str, Any] = {}

    def figures() -> dict[str, Any]:
        metrics.update(_metrics(problem, instance, answer, result, watch))
        return metrics

    run.finish(result, figures, exit_code=exit_code)
    return RunReport(result, metrics, run.directory, exit_code, tuple(warnings), False, spec, answer.solution)


def _compile(problem: Problem, instance: Instance, answer: Answer) -> dict[str, Any] | None:
    """What the answer is as a QUBO; nothing where there is no answer, or no task.

    A model that can't be built (weights without a common decimal, say) does not cost the user the schedule.
    """
    from qamctl.schedule.answer import compile_answer

    if answer.solution is None or answer.proof is None or instance.n == 0:
        return None
    options = problem.resolved.options
    try:
        return compile_answer(
            instance, answer.solution, answer.proof.level, slot=options.slot or 1,
            max_variables=options.max_variables, max_couplings=_couplings(options.time_limit),
        )  # fmt: skip
    except UnsupportedError as error:
        return {"kind": "qubo", "scope": "refused", "reason": error.message}


def _couplings(time_limit: float | None) -> int:
    """Couplings that are compiled in about a tenth of the time limit, or what a small problem needs anyway."""
    from qamctl.schedule.answer import WHOLE_COUPLINGS

    if time_limit is None:
        return WHOLE_COUPLINGS
    return int(min(WHOLE_COUPLINGS, max(250_000, 300_000 * time_limit)))


def _reasons(instance: Instance) -> list[dict[str, Any]]:
    rows = []
    for reason in find_reasons(instance):
        place = instance.spec.source.locate(reason.path)
        rows.append({"file": place.file, "line": place.line, "constraint": reason.constraint, "text": reason.text})
    return rows


def solve(problem: Problem, instance: Instance, stop: Stop, events: Events | None, watch: Stopwatch,
    *, backends: Sequence[str] | None = None,
) -> Answer:  # fmt: skip
    """Search with the options of the run; `backends` in place of the ones it names."""
    options = problem.resolved.options

    def progress(seconds: float, value: tuple[float, ...] | None) -> None:
        if events is not None:
            events.tick({} if value is None else {"objective": value[0] if len(value) == 1 else list(value)})

    return solve_schedule(
        instance, backends=backends or options.backend, seconds=None if options.max_steps else options.time_limit,
        steps=options.max_steps, seed=problem.seed, threads=options.threads, strict=options.strict,
        slot=options.slot, max_variables=options.max_variables, stop=stop, progress=progress, phase=watch.phase,
        meanwhile=lambda: import_module("qamctl.schedule.answer"),
    )  # fmt: skip


def _metrics(
    problem: Problem, instance: Instance, answer: Answer, result: Mapping[str, Any], watch: Stopwatch
) -> dict[str, Any]:
    spec, solution = problem.spec, answer.solution
    used = {} if solution is None else utilisation(
        agent_ids=spec.agents.ids, slots=spec.agents.slots, agent=solution.agent, start=solution.start,
        end=solution.end, resource_ids=spec.resources.ids, consumable=spec.resources.consumable,
        capacity=spec.resources.capacity, agent_capacity=spec.agents.capacity,
        demand=spec.modes.demand[solution.mode],
    )  # fmt: skip
    level = answer.proof.level if answer.proof else 0
    curve = [] if answer.race is None else [(at, value[level], who) for at, value, who in answer.race.curve]
    compiled = result["compiled"] or {}
    return build(
        run=result["run"], kind="schedule", name=spec.name, result=result, stopwatch=watch, now=utc_now(),
        model={
            "tasks": instance.n, "agents": len(spec.agents.ids), "resources": len(spec.resources.ids),
            "precedence": len(spec.after.pred), "options": len(instance.option_mode),
            "holders": len(instance.members) - 1, "variables": compiled.get("variables", 0),
            "quadratic": compiled.get("quadratic", 0),
        },
        search={attempt.backend: {"seconds": attempt.seconds, **attempt.info} for attempt in answer.attempts},
        curve=curve, utilisation=used,
    )  # fmt: skip


def dry_run(
    path: str, flags: Mapping[str, object], *, profile: str | None = None, config_file: Path | None = None
) -> dict[str, Any]:
    """Read, validate and compile, and tell the sizes; nothing is searched or written."""
    problem = read(path, flags, profile=profile, config_file=config_file)
    options, spec = problem.resolved.options, problem.spec
    engines.expand(options.backend)
    instance = build_instance(spec)
    return {
        "name": spec.name,
        "tasks": instance.n,
        "agents": len(spec.agents.ids),
        "resources": len(spec.resources.ids),
        "precedence": len(spec.after.pred),
        "options": len(instance.option_mode),
        "reasons": _reasons(instance),
        "compiled": _sizes(instance, options),
        "backend": list(options.backend),
        "seed": problem.seed,
    }


def _sizes(instance: Instance, options: Options) -> dict[str, Any] | None:
    """The size of the QUBO around a first schedule, as built without a search; an estimate where there is none."""
    from qamctl.schedule.answer import compile_answer
    from qamctl.schedule.sizes import estimate
    from qamctl.schedule.solvers.qubo_windows import first_schedule

    if instance.n == 0 or (np.diff(instance.first_option) == 0).any():
        return None
    first = first_schedule(instance)
    slot, most = options.slot or 1, options.max_variables
    if first is None:
        variables, couplings = estimate(instance, None, slot=slot)
        return {"kind": "qubo", "scope": "estimate", "variables": variables, "quadratic": couplings}
    block = compile_answer(instance, first, 0, slot=slot, max_variables=most)
    return {key: block[key] for key in block if key not in ("energy", "penalty")}


def bench(
    path: str,
    backends: Sequence[str],
    flags: Mapping[str, object],
    *,
    profile: str | None = None,
    config_file: Path | None = None,
) -> list[dict[str, Any]]:
    """Run engines one after the other on one problem, each with the whole budget; every answer is checked.

    Raises
    ------
    Interrupted
        By SIGINT or SIGTERM.
    """
    problem = read(path, flags, profile=profile, config_file=config_file)
    instance = build_instance(problem.spec)
    rows = []
    with catch_signals() as stop:
        for name in dict.fromkeys(backends):
            watch = Stopwatch()
            answer = solve(problem, instance, stop, None, watch, backends=(name,))
            if stop.exit_code is not None:  # a comparison that was cut short is none
                raise Interrupted(stop.exit_code)
            objective = bound = None
            if answer.report is not None and answer.proof is not None:
                objective, bound = answer.report.levels[answer.proof.level], answer.proof.bounds[answer.proof.level]
            gap = None if objective is None or bound is None else relative_gap(objective, bound)
            rows.append({
                "backend": name, "status": answer.status, "objective": objective, "bound": bound, "gap": gap,
                "seconds": watch.elapsed(), "solved_by": answer.solved_by,
            })  # fmt: skip
    return rows
