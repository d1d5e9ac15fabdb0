"""The whole story of a run on one page, whatever the kind of problem: read, build, solve, check, compile, write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from qamctl import __version__
from qamctl.azure.account import account_of
from qamctl.backends import registry
from qamctl.errors import ExitCode, UsageError
from qamctl.kernels import native
from qamctl.runs.atomic import check_target, make_folder, refuse_overwriting, write_atomic
from qamctl.runs.lock import Lock, acquire, lock_target
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.metrics import build as build_metrics
from qamctl.runs.record import Run, loaded_versions, open_run, run_id, state_folder, utc_now
from qamctl.runs.signals import Interrupted, Stop, catch_signals
from qamctl.story import Events, Part, Problem, RunReport, by_flag

__all__ = ["Events", "RunReport", "bench", "dry_run", "load", "run", "run_model", "run_schedule"]

#: The module that tells each kind's part of the story.
PARTS = {
    "schedule": "qamctl.schedule_run",
    "cluster": "qamctl.cluster_run",
    "reason": "qamctl.reason_run",
    "model": "qamctl.model_run",
    "circuit": "qamctl.circuit_run",
}

#: Kinds that learn: what was decided is kept once the result is written.
LEARNING = ("reason",)

#: Kinds whose problems are solved by a contest of engines.
CONTESTS = ("schedule", "cluster")


def run(
    kind: str,
    path: str,
    flags: Mapping[str, object],
    *,
    profile: str | None = None,
    config_file: Path | None = None,
    command: Sequence[str] = (),
    events: Events | None = None,
) -> RunReport:
    """One run from the file to its result.

    Parameters
    ----------
    kind
        Of the problem: schedule or model.
    path
        The problem file; `-` is standard input.
    flags
        Options as they were given, by name (see `qamctl.options.Options`).
    command
        The command line, for the record.

    Raises
    ------
    QamError
        Whatever ends the run without a result file.
    """
    part = load(kind)
    watch, started = Stopwatch(), utc_now()
    problem = part.read(path, flags, profile=profile, config_file=config_file)
    options = problem.options
    _check_circuit_flags(problem, kind)
    _check_copies(problem)
    state = state_folder(os.environ)
    id = run_id(problem.name, started, os.urandom(4).hex())
    with catch_signals() as stop:
        lock = _lock(state, problem, id, started, stop, events)
        if lock is None:
            return RunReport({}, {}, None, ExitCode.OK, skipped=True)
        with (
            lock,
            open_run(
                id=id, state=state, kind=kind, name=problem.name, source=problem.source,
                options=problem.told(), origins=problem.resolved.origins, seed=problem.seed,
                versions=loaded_versions(__version__), command=command, started=started,
                out=options.out, result=options.result, metrics=options.metrics,
                log_file=options.log_file, no_copy=options.no_copy,
            ) as record,
        ):  # fmt: skip
            account = account_of(options, state, os.environ, run=id, directory=record.directory)
            return _solve_and_write(part, replace(problem, account=account), record, watch, stop, events)


def run_schedule(path: str, flags: Mapping[str, object], **more: Any) -> RunReport:
    """`qamctl schedule`; as `run`."""
    return run("schedule", path, flags, **more)


def run_model(path: str, flags: Mapping[str, object], **more: Any) -> RunReport:
    """`qamctl solve` of a model file; as `run`."""
    return run("model", path, flags, **more)


def load(kind: str) -> Part:
    """A kind's part of the story, imported; whoever shows the seconds calls it before they begin."""
    part: Part = import_module(PARTS[kind])
    return part


def _check_copies(problem: Problem) -> None:
    """Refuse files to write that would overwrite what the run reads, or each other."""
    options, source = problem.options, problem.source
    if options.metrics is not None and options.metrics.suffix not in (".json", ".prom"):
        raise UsageError(f"--metrics {options.metrics}: name a file that ends in .json or .prom")
    outputs = (
        ("--result", options.result), ("--metrics", options.metrics), ("--samples", options.samples),
        ("--angles", options.angles), ("--picture", options.picture),
    )  # fmt: skip
    refuse_overwriting(source.files, outputs)
    for path in (options.samples, options.picture):  # a solve is not wasted on a place that can't be written
        if path is not None:
            make_folder(path.parent)
            check_target(path)


#: Flags that mean something to targets of a service alone.
REMOTE_FLAGS = ("max_cost", "allow_qpu", "timeout")

#: Flags that mean something to engines of circuits alone.
CIRCUIT_FLAGS = ("shots", "depth", "mixer", "max_qubits", "max_shots", "max_rounds")


def _check_circuit_flags(problem: Problem, kind: str) -> None:
    """Refuse flags of circuits that nothing would look at: no engine runs one, or none of them has noise.

    Angles are kept of the circuit of a whole model; a schedule is improved window by window, each with a circuit of
    its own.
    """
    names = ", ".join(problem.options.backend)
    far = [f"--{flag.replace('_', '-')}" for flag in REMOTE_FLAGS if by_flag(problem, flag)]
    if far and not any(registry.is_remote(name) for name in problem.options.backend):
        are = "is" if len(far) == 1 else "are"
        raise UsageError(
            f"{', '.join(far)} {are} for targets of Azure Quantum, not for {names}: take --backend azure:TARGET, or "
            f"leave {'it' if len(far) == 1 else 'them'} out"
        )
    if kind not in ("circuit", "reason"):
        idle = [f"--{flag.replace('_', '-')}" for flag in CIRCUIT_FLAGS if by_flag(problem, flag)]
        if idle and not any(_measures(name) for name in problem.options.backend):
            are = "is" if len(idle) == 1 else "are"
            raise UsageError(
                f"{', '.join(idle)} {are} for engines that run circuits, not for {names}: "
                "take --backend qaoa, statevector, noisy or qir"
            )
        if by_flag(problem, "noise") and "noisy" not in problem.options.backend:
            raise UsageError(f"--noise is for the engine noisy, not for {names}: take --backend noisy")
    if not by_flag(problem, "angles"):
        return
    if kind in CONTESTS:
        raise UsageError(
            f"--angles is for models, and {problem.source.label} is a {kind}, whose circuits change from window to "
            "window: leave it out, or write a model by `qamctl compile --to bqm` and solve that"
        )
    if kind == "model" and not any(_measures(name) for name in problem.options.backend):
        raise UsageError(f"--angles is for engines that run circuits, not for {names}: take --backend qaoa")


def _measures(name: str) -> bool:
    native = name == "auto" or registry.native_kind(name) is not None
    return not native and registry.get(name).capabilities.quantum


def _lock(state: Path, problem: Problem, id: str, started: datetime, stop: Stop, events: Events | None) -> Lock | None:
    options = problem.options
    target = lock_target(options.out, problem.source.path)
    if target is None:  # standard input into a folder of its own: nothing to share
        target = state / "runs" / id
    waiting = None if events is None else lambda text: events.event("waiting", {"message": text})
    return acquire(state, target, run=id, now=started, mode=options.if_locked, waiting=waiting, stop=stop)


def _solve_and_write(
    part: Part, problem: Problem, record: Run, watch: Stopwatch, stop: Stop, events: Events | None
) -> RunReport:
    kind = record.manifest["kind"]
    warnings = [] if native() else ["the C++ kernels are not installed: the slower numpy reference takes their place"]
    warnings += [] if problem.earlier is None else problem.earlier.notes

    def tell(name: str, **fields: Any) -> None:
        record.log(kind, name, **fields)
        if events is not None:
            events.event(name, fields)

    watch.phase("build")
    built = part.build(problem)
    tell("built", **part.sizes(problem, built))
    tick = (lambda best: None) if events is None else events.tick
    answer = part.solve(problem, built, backends=problem.options.backend, stop=stop, tick=tick, watch=watch)
    watch.phase("compile")
    compiled = part.compile(problem, built, answer)
    watch.phase("write")
    proved = answer.status in ("optimal", "infeasible")  # then a signal came too late to take anything away
    found = ExitCode.OK if answer.solution is not None else ExitCode.INFEASIBLE
    exit_code = found if proved else stop.exit_code or found
    provenance = record.provenance(loaded_versions(__version__))
    result, tables = part.result(problem, built, answer, run=record.id, compiled=compiled, provenance=provenance)
    for row in result["attempts"]:
        tell("attempt", **{key: row.get(key) for key in ("backend", "status", "objective", "note")})
    tell("answer", status=answer.status, solved_by=answer.solved_by)
    metrics: dict[str, Any] = {}

    def figures() -> dict[str, Any]:
        more = part.measures(problem, built, answer, compiled or {})
        metrics.update(build_metrics(run=record.id, kind=kind, name=problem.name, result=result, stopwatch=watch,
                                     now=utc_now(), **more))  # fmt: skip
        return metrics

    record.finish(result, figures, exit_code=exit_code, tables=tables)
    for path, data in part.copies(problem, answer).items():
        write_atomic(path, data)
    if kind in LEARNING:
        import_module(PARTS[kind]).keep(problem, answer, record.id)
    return RunReport(
        result, metrics, record.directory, exit_code, tuple(warnings), False, problem.spec, answer.solution
    )


def dry_run(
    path: str,
    flags: Mapping[str, object],
    *,
    kind: str = "schedule",
    profile: str | None = None,
    config_file: Path | None = None,
) -> dict[str, Any]:
    """Read, validate and compile, and tell the sizes; nothing is searched or written."""
    part = load(kind)
    problem = part.read(path, flags, profile=profile, config_file=config_file)
    _check_circuit_flags(problem, kind)
    return {
        "name": problem.name,
        **part.preview(problem, part.build(problem)),
        "backend": list(problem.options.backend),
        "seed": problem.seed,
    }


def bench(
    path: str,
    backends: Sequence[str],
    flags: Mapping[str, object],
    *,
    kind: str = "schedule",
    profile: str | None = None,
    config_file: Path | None = None,
) -> list[dict[str, Any]]:
    """Run engines one after the other on one problem, each with the whole budget; every answer is checked.

    The seconds of an engine are those of its search: what is loaded first, for it or for the check, is nobody's time.
    Noise is not mitigated, whatever the file says: engines are compared by what they measure.

    Raises
    ------
    Interrupted
        By SIGINT or SIGTERM.
    """
    part = load(kind)
    plain = {**flags, "mitigate": "none", "backend": list(backends)}
    problem = part.read(path, plain, profile=profile, config_file=config_file)
    account = account_of(problem.options, state_folder(os.environ), os.environ)
    problem = replace(problem, account=account)
    built = part.build(problem)
    if kind in CONTESTS:  # the searches of models load what they need before their clock runs
        import_module(PARTS[kind]).load_engines(backends)
    rows = []
    with catch_signals() as stop:
        for name in dict.fromkeys(backends):
            watch = Stopwatch()
            answer = part.solve(problem, built, backends=(name,), stop=stop, tick=lambda best: None, watch=watch)
            if stop.exit_code is not None:  # a comparison that was cut short is none
                raise Interrupted(stop.exit_code)
            found = part.figures(problem, answer)
            rows.append({
                "backend": name, "status": answer.status, "objective": found.objective, "bound": found.bound,
                "gap": found.gap, "seconds": watch.seconds()["solve"], "solved_by": answer.solved_by,
                **part.measured(problem, answer),
            })  # fmt: skip
    return rows
