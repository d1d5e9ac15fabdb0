"""A run and its folder: the manifest first, the log while it lasts, the result last."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from qamctl.errors import QamError, write_error
from qamctl.runs.atomic import Pending, check_target, make_folder, sweep, write_atomic
from qamctl.runs.beside import beside, renamed, stale, tables_of
from qamctl.runs.canonical import canonical, dumps
from qamctl.runs.copies import copy_inputs, drop_stale, plan_copies, sweep_copies
from qamctl.runs.identity import loaded_versions, run_id, state_folder, utc_now
from qamctl.runs.log import Log
from qamctl.runs.prometheus import metrics_text
from qamctl.spec.source import Source

__all__ = [
    "Run",
    "canonical",
    "dumps",
    "loaded_versions",
    "open_run",
    "run_id",
    "state_folder",
    "utc_now",
    "write_atomic",
]

MANIFEST: Final = "manifest.json"
RESULT: Final = "result.json"
METRICS: Final = "metrics.json"
LOG: Final = "log.jsonl"


@dataclass(frozen=True)
class Run:
    """An open run; a `with` block closes it, and logs the fault when it ends by one.

    Attributes
    ----------
    id
        `<utc>-<name>-<8 hex>`.
    directory
        The run directory, absolute.
    manifest
        What manifest.json holds.
    log
        Appends to log.jsonl: `run.log("schedule", "improved", objective=55)`.
    result_copy, metrics_copy
        The extra files of `--result` and `--metrics`.
    """

    id: str
    directory: Path
    manifest: Mapping[str, Any]
    log: Log
    result_copy: Path | None = None
    metrics_copy: Path | None = None
    private: bool = True
    _finished: list[bool] = field(default_factory=list, repr=False, compare=False)

    def provenance(self, versions: Mapping[str, str]) -> dict[str, Any]:
        """The result's `provenance` block; `versions` as `loaded_versions` gives them after the solve."""
        manifest = self.manifest
        return {
            "spec_sha256": manifest["spec"]["sha256"],
            "tables": {ref: table["sha256"] for ref, table in manifest["tables"].items()},
            "seed": manifest["seed"],
            "options": {name: option["value"] for name, option in manifest["options"].items()},
            "versions": dict(versions),
            "command": manifest["command"],
            "started": manifest["started"],
            "host": manifest["host"],
        }

    def finish(
        self,
        result: Mapping[str, Any],
        metrics: Callable[[], Mapping[str, Any]],
        *,
        exit_code: int,
        tables: Mapping[str, bytes] | None = None,
    ) -> None:
        """Write metrics and result, the result last; then the extra copies.

        The result is written out before any file takes its name, so a full disk shows while the old files
        are still there. Only the result is synced (a sync costs milliseconds): after a power cut it is there
        in full, and it holds what the manifest holds; the other files are whole after a crash of the process,
        not necessarily after one of the machine.

        Parameters
        ----------
        result
            The content of result.json; its `run` must be this run's id.
        metrics
            Gives the content of metrics.json; called when the result has been written out, so that the
            time of writing is in it.
        exit_code
            Logged with the end of the run.
        tables
            Further files of the result (`assignments.csv`), by name; the result holds their sha256, so that a
            reader can tell them from those of another run. Those of an earlier run in the directory go. The tables
            among them that the result names stand beside its extra copy, too, under names of their own.

        Raises
        ------
        TemporaryError, UsageError
            A file can't be written. When only an extra copy can't, the run directory is complete.
        """
        if result.get("run") != self.id:
            raise ValueError(f"the result belongs to run {result.get('run')}, not to {self.id}")
        text, tables = dumps(result), tables or {}
        left = stale(self.directory, tables)
        with Pending(self.directory / RESULT, private=self.private) as pending:
            pending.write(text)
            for name, data in tables.items():
                write_atomic(self.directory / name, data, private=self.private)
            figures = metrics()
            write_atomic(self.directory / METRICS, dumps(figures), durable=False, private=self.private)
            outcome = {"status": result.get("status"), "objective": result.get("objective")}
            self.log("run", "ended", **outcome, exit_code=int(exit_code))
            pending.commit()
        self._finished.append(True)
        for path in left:
            with suppress(OSError):  # what can't be removed is told from the result's own by its hash
                path.unlink()
        if self.metrics_copy is not None:
            write_atomic(self.metrics_copy, metrics_text(self.metrics_copy, figures), durable=False)
        if self.result_copy is not None:
            self._copy(self.result_copy, result, text, tables)

    def _copy(self, copy: Path, result: Mapping[str, Any], text: str, tables: Mapping[str, bytes]) -> None:
        """The extra copy of the result, behind the tables that it names."""
        names = {name: beside(copy, name) for name in sorted(tables_of(result)) if name in tables}
        for name, other in names.items():
            write_atomic(copy.parent / other, tables[name])
        write_atomic(copy, dumps(renamed(result, names)) if names else text)

    def fail(self, error: BaseException, exit_code: int) -> None:
        """Log that the run ended without a result; after `finish` there is one, and nothing is logged.

        Only faults that are written for people are told in full: the text of a bug may hold whatever the program had in
        hand, keys among it. It is kept, without them, where bugs are kept.
        """
        if not self._finished:
            told = str(error) if isinstance(error, QamError | KeyboardInterrupt) else "a bug"
            fault = {"error": type(error).__name__, "message": told}
            self.log("run", "ended", status="failed", **fault, exit_code=int(exit_code))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                with suppress(QamError):  # the log can't be written either: the error on its way says more
                    self.fail(error, getattr(error, "code", 130 if isinstance(error, KeyboardInterrupt) else 1))
        finally:
            self.log.close()


def open_run(
    *,
    id: str,
    state: Path,
    kind: str,
    name: str,
    source: Source,
    options: Mapping[str, Any],
    origins: Mapping[str, str],
    seed: int,
    versions: Mapping[str, str],
    command: Sequence[str],
    started: datetime,
    clock: Callable[[], datetime] = utc_now,
    out: Path | None = None,
    result: Path | None = None,
    metrics: Path | None = None,
    log_file: Path | None = None,
    no_copy: bool = False,
) -> Run:
    """Open the run directory and write the manifest; call it with the lock held (see `lock.acquire`).

    In a directory that holds an earlier run, the new manifest comes first, so that from then on the old
    result is told by its run id; each file is replaced in one step. What killed runs left is removed.

    Parameters
    ----------
    id
        As `run_id` made it.
    state
        As `state_folder` gave it.
    source
        The spec's file and side tables.
    options, origins
        As `Resolved.values()` and `Resolved.origins` hold them.
    seed
        The seed that is used, given or derived.
    command
        The command line.
    out
        The run directory, to which `runs/<id>` in the state folder then is a link; None: `runs/<id>` itself.
    result, metrics, log_file
        Extra copies, checked here so that a solve is not wasted on a place that can't be written.
    no_copy
        Keep side tables above 50 MB by their hash only.

    Raises
    ------
    TemporaryError, UsageError
        The directory can't be made or written.
    """
    private = out is None
    directory = Path(os.path.abspath(state / "runs" / id if out is None else out))
    make_folder(directory, private=private)
    for path in (directory / MANIFEST, directory / RESULT, directory / METRICS, directory / LOG, result, metrics):
        if path is not None:
            check_target(path)
    for path in (result, metrics):
        if path is not None:
            make_folder(path.parent)
            sweep(path.parent)
    if not private:
        sweep(directory)
        _register(state / "runs" / id, directory)
    earlier = _read_manifest(directory)
    sweep_copies(directory, earlier)
    plan = plan_copies(source, no_copy=no_copy)
    manifest = {
        "schema": "qamctl/manifest/1",
        "run": id,
        "kind": kind,
        "name": name,
        "started": started.isoformat(),
        "seed": seed,
        "spec": plan.spec,
        "tables": plan.tables,
        "options": {key: {"value": value, "origin": origins.get(key, "default")} for key, value in options.items()},
        "versions": dict(versions),
        "command": list(command),
        "host": os.uname().nodename,
        "pid": os.getpid(),
    }
    write_atomic(directory / MANIFEST, dumps(manifest), durable=False, private=private)
    log = Log(directory / LOG, run=id, clock=clock, copy=log_file, private=private)
    try:
        changed = copy_inputs(directory, source, plan, private=private)
        drop_stale(directory, earlier, plan)
        log("run", "started", kind=kind, name=name, pid=os.getpid(), seed=seed)
        for ref in changed:
            log("run", "table changed", table=ref, message="the file is no longer the one that was read; not copied")
    except BaseException:
        log.close()
        raise
    return Run(id, directory, manifest, log, result, metrics, private)


def _register(link: Path, directory: Path) -> None:
    """Let the state folder know of a run elsewhere: it is found from then on, killed or not."""
    make_folder(link.parent, private=True)
    try:
        link.symlink_to(directory, target_is_directory=True)
    except OSError as error:
        raise write_error(link, error) from error


def _read_manifest(directory: Path) -> Mapping[str, Any]:
    """The manifest of an earlier run in the directory; {} where there is none that can be read."""
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
