"""`qamctl watch`: look at a fleet at every interval, until a signal comes or the looks are used up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from qamctl import engines
from qamctl.config import resolve
from qamctl.errors import ExitCode, SpecError, TemporaryError, UsageError
from qamctl.kinds import kind_of
from qamctl.options import Options
from qamctl.runs.atomic import refuse_overwriting, write_atomic
from qamctl.runs.prometheus_watch import watch_text
from qamctl.runs.record import dumps, utc_now
from qamctl.runs.signals import Stop, catch_signals
from qamctl.story import Events
from qamctl.watch_look import Look, Watcher
from qamctl.watch_plan import Plan

#: Seconds of a slice of waiting: a signal is noticed at once.
SLICE: Final = 0.2


def watch(
    path: str,
    flags: Mapping[str, object],
    plan: Plan,
    *,
    tell: Callable[[Look, Watcher], bool],
    profile: str | None = None,
    config_file: Path | None = None,
    command: tuple[str, ...] = (),
    events: Events | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ExitCode:
    """Look again and again.

    Parameters
    ----------
    path
        A cluster problem; not standard input, which can be read only once.
    flags
        Options of the runs that search for a re-balance; `metrics` is the file that is written after every look.
    tell
        Called with every look; whether there is still somebody who listens.

    Returns
    -------
    ExitCode
        130 or 143 by the signal that ended the watch, else what the last look says.

    Raises
    ------
    UsageError, SpecError
        There is nothing to watch, or an option makes no sense.
    """
    options = _begin(path, flags, profile, config_file)
    runs = {name: value for name, value in flags.items() if name != "metrics"}
    watcher = Watcher(path, runs, plan, profile, config_file, command, events)
    code, last_read = ExitCode.OK, None
    with catch_signals() as stop:
        due = time.monotonic()
        while not stop():
            look = watcher.look(clock())
            code = look.code
            last_read = last_read if look.status == "unreadable" else look.time.timestamp()
            if options.metrics is not None:
                try:
                    write_figures(options.metrics, look, last_read)
                except TemporaryError as full:  # a full disk ends no watch
                    watcher.warn(full.message)
            if not tell(look, watcher) or look.number == plan.count:
                break
            due = max(
                due + plan.every, time.monotonic()
            )  # a look that took longer than the interval is not made up for
            wait_until(due, stop)
    return stop.exit_code or code


def write_figures(path: Path, look: Look, last_read: float | None) -> None:
    """Replace the metrics file by the figures of a look: Prometheus where its name ends in `.prom`, else JSON.

    Parameters
    ----------
    last_read
        When the files could be read last, in seconds since 1970; None where they never could.
    """
    if look.spec is not None:
        refuse_overwriting(look.spec.source.files, [("--metrics", path)])
    data, block = look.data(), look.block()
    text = watch_text(data, block, last_read) if path.suffix == ".prom" else dumps({**data, "clusters": block})
    write_atomic(path, text, durable=False)


def wait_until(due: float, stop: Stop) -> None:
    """Wait until a moment of the monotonic clock, or a signal."""
    while not stop() and (left := due - time.monotonic()) > 0:
        time.sleep(min(left, SLICE))


def _begin(path: str, flags: Mapping[str, object], profile: str | None, config_file: Path | None) -> Options:
    """The options, once it is clear that there is something to watch."""
    options = resolve(
        flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    if path == "-":
        raise UsageError("watch reads its file again and again, and standard input only once: name a file")
    if options.from_result == "latest":
        raise UsageError(
            "--from latest would take the watch's own proposals for what is there: name a result file, or a run"
        )
    engines.expand(options.backend, "cluster")
    if options.metrics is not None:
        if options.metrics.suffix not in (".json", ".prom"):
            raise UsageError(f"--metrics {options.metrics}: name a file that ends in .json or .prom")
        refuse_overwriting([Path(path)], [("--metrics", options.metrics)])
    try:
        os.stat(path)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if kind_of(path) != "cluster":
        raise SpecError(f"{path} holds no clusters: watch takes problem files of `kind: cluster`")
    return options
