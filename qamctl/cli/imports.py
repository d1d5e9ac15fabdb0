"""`qamctl import FORMAT FILE...`: turn a foreign file into a problem file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.session import deliver, protect
from qamctl.errors import ExitCode, SpecError, UsageError

app = new_app()


@app.command(cls=PlainCommand)
def import_(
    context: typer.Context,
    format: Annotated[str, typer.Argument(metavar="FORMAT", help="jobshop, rcpsp (.rcp, .sm, .mm) or wfcommons.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files of that format; - is standard input.")],
    agents: Annotated[
        str | None,
        typer.Option("--agents", metavar="N", help="Identical agents for wfcommons. Default: the file's machines."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="PATH", help="Write here; a folder where several files come in. Default: standard output."
        ),
    ] = None,
) -> int:
    """Turn a benchmark or workflow file into a problem file.

    \b
    Examples:
      qamctl import jobshop ft06.txt --file ft06.yaml
      qamctl import rcpsp J1201_1.RCP | qamctl schedule -
      qamctl import wfcommons montage.json --agents 16 --file montage.yaml
      qamctl import rcpsp *.sm --file specs/

    Ids are those of the benchmark: J<job>.<operation> on M<machine> from 0; T<k>, R<k> as in the file;
    workflow tasks keep theirs.
    """
    if len(files) > 1 and (file is None or not Path(file).is_dir()):
        raise UsageError("several files make several problem files: name a folder that is there with --file")
    from qamctl.formats import read
    from qamctl.formats.spec_yaml import write_spec

    count = _count(agents)
    folder = Path(file) if file is not None and Path(file).is_dir() else None
    targets = [file if folder is None else str(folder / f"{Path(name).stem}.yaml") for name in files]
    protect(files, [("--file", target) for target in targets])
    for name, target in zip(files, targets, strict=True):
        spec = write_spec(read(format, _text(name), name="stdin" if name == "-" else name, agents=count))
        deliver(context, spec, target)
    return ExitCode.OK


def _count(agents: str | None) -> int | None:
    if agents is None:
        return None
    if not (agents.isascii() and agents.isdecimal()) or int(agents) < 1:
        raise UsageError(f"--agents must be a whole number of at least 1, not {agents!r}")
    return int(agents)


def _text(name: str) -> str:
    """The text of a foreign file; bytes that are no UTF-8 can only stand in its comments, and are kept out."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        raise SpecError(f"can't read {name}: {fault.strerror}") from fault
    return data.decode("utf-8", "replace")
