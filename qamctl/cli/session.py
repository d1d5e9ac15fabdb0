"""What every command does first and last: the options in force, and the delivery of a text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qamctl.config import resolve
from qamctl.console import Console


def open_console(context: Any, flags: Mapping[str, object], *, profile: str | None, config: str | None) -> Console:
    """The console of this invocation, speaking as flags, environment and configuration files ask."""
    options = resolve(
        flags,
        {},
        profile=profile,
        config_file=Path(config) if config else None,
        cwd=Path.cwd(),
        environ=os.environ,
    ).options
    console: Console = context.obj
    console.output, console.quiet, console.verbose = options.output, options.quiet, options.verbose > 0
    return console


def protect(inputs: Iterable[str | Path], targets: Iterable[tuple[str, str | None]]) -> None:
    """Refuse targets, each behind its flag, that would overwrite what is read, or each other; `-` is no file."""
    from qamctl.runs.atomic import refuse_overwriting

    files = [(flag, None if name in (None, "-") else Path(name)) for flag, name in targets]
    refuse_overwriting([Path(path) for path in inputs if path != "-"], files)


def deliver(context: Any, content: str | bytes, file: str | None) -> None:
    """Put an artefact into `file`, whole or not at all, or on standard output where there is none."""
    console: Console = context.obj
    if file is None or file == "-":
        console.artefact(content)
        return
    from qamctl.runs.atomic import write_atomic

    write_atomic(Path(file), content)
    console.note(f"wrote {file}")
