"""The whole story of a run on one page, whatever the kind of problem: read, build, solve, check, compile, write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from qamctl import __version__, reuse
from qamctl.azure.account import account_of
from qamctl.errors import ExitCode, UsageError
from qamctl.gates.figures import left_out
from qamctl.gates.verdicts import judged, read_gates, unmet
from qamctl.idle_flags import CONTESTS, refuse_idle_flags
from qamctl.kernels import native
from qamctl.runs.atomic import check_target, make_folder, refuse_overwriting, write_atomic
from qamctl.runs.beside import TABLES, beside
from qamctl.runs.lock import Lock, acquire, lock_target
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.metrics import build as build_metrics
from qamctl.runs.record import Run, loaded_versions, open_run, run_id, state_folder, utc_now
from qamctl.runs.signals import Interrupted, Stop, catch_signals
from qamctl.story import Events, Part, Problem, RunReport

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
    refuse_idle_flags(problem, kind)
    state = state_folder(os.environ)
    problem = replace(problem, gates=read_gates(problem, kind, part.aims(problem), state))
    _check_copies(problem)
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
        ("--angles", options.angles), ("--picture", options.picture), *_tables(options.result),
    )  # fmt: skip
    refuse_overwriting([*source.files, *problem.gates.files], outputs)
    for path in (options.samples, options.picture):  # a solve is not wasted on a place that can't be written
        if path is not None:
            make_folder(path.parent)
            check_target(path)


def _tables(copy: Path | None) -> list[tuple[str, Path | None]]:
    """The tables that may come to stand beside the extra copy of a result."""
    return [] if copy is None else [("--result", copy.parent / beside(copy, name)) for name in TABLES]


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
    warnings += problem.gates.notes

    def tell(name: str, **fields: Any) -> None:
        record.log(kind, name, **fields)
        if events is not None:
            events.event(name, fields)

    asked = reuse.recall(problem, record, watch, tell) if problem.options.reuse else None
    if asked is not None:
        warnings += [] if asked.note is None else [asked.note]
        if asked.again is not None:
            return _give_again(problem, record, asked.again, watch, warnings)
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
    measures = part.measures(problem, built, answer, compiled or {})
    report = _finish(problem, record, result, tables, measures, watch, exit_code, None if asked is None else False)
    copies = part.copies(problem, answer)
    for path, data in copies.items():
        write_atomic(path, data)
    if kind in LEARNING:
        import_module(PARTS[kind]).keep(problem, answer, record.id)
    if asked is not None and exit_code in (ExitCode.OK, ExitCode.INFEASIBLE):
        note = reuse.keep(problem, asked.key, result, tables, measures, copies)
        warnings += [] if note is None else [note]
    return replace(report, warnings=tuple(warnings), solution=answer.solution)


def _give_again(
    problem: Problem, record: Run, again: reuse.Again, watch: Stopwatch, warnings: Sequence[str]
) -> RunReport:
    """End a run with the answer that an earlier one found."""
    watch.phase("write")
    kind, result = record.manifest["kind"], again.result
    exit_code = ExitCode.INFEASIBLE if result["solution"] is None else ExitCode.OK
    report = _finish(problem, record, result, again.tables, again.measures, watch, exit_code, True)
    for path, data in again.copies.items():
        write_atomic(path, data)
    if kind in LEARNING:
        import_module(PARTS[kind]).keep_again(problem, result, again.tables, record.id)
    return replace(report, warnings=tuple(warnings))


def _finish(
    problem: Problem,
    record: Run,
    result: Mapping[str, Any],
    tables: Mapping[str, bytes],
    measures: Mapping[str, Any],
    watch: Stopwatch,
    exit_code: ExitCode,
    reused: bool | None,
) -> RunReport:
    """Write the files of a run, the result last with the verdict on each gate; in the metrics is the time of writing.

    A gate that is not met decides the exit code where nothing worse has.
    """
    metrics: dict[str, Any] = {}
    held = judged(problem.gates, result, watch.elapsed(), tables)
    for row in held.get("gates", ()):
        record.log("run", "gate", **row)
    code = ExitCode.GATE if exit_code == ExitCode.OK and unmet(held) else exit_code

    def figures() -> dict[str, Any]:
        metrics.update(build_metrics(run=record.id, kind=record.manifest["kind"], name=problem.name, result=held,
                                     stopwatch=watch, now=utc_now(), reused=reused,
                                     left_out=left_out(held, tables), **measures))  # fmt: skip
        return metrics

    record.finish(held, figures, exit_code=code, tables=tables)
    return RunReport(held, metrics, record.directory, code, spec=problem.spec, baseline=problem.gates.earlier)


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
    refuse_idle_flags(problem, kind)
    read_gates(problem, kind, part.aims(problem), state_folder(os.environ))
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
