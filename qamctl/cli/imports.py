"""`qamctl import FORMAT FILE...`: turn foreign files into problem files."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import whole
from qamctl.cli.session import deliver, protect
from qamctl.console import Console
from qamctl.errors import ExitCode, SpecError, UsageError

app = new_app()

_FORMATS = "jobshop, fjsp, pmp, rcpsp, mmlib, wfcommons; for clusters roadef, gap, metis, alibaba-gpu or kubernetes."


@app.command(cls=PlainCommand)
def import_(
    context: typer.Context,
    format: Annotated[str, typer.Argument(metavar="FORMAT", help=_FORMATS)],
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files of that format; - is standard input.")],
    agents: Annotated[
        str | None,
        typer.Option("--agents", metavar="N", help="Identical agents for wfcommons. Default: the file's machines."),
    ] = None,
    clusters: Annotated[
        str | None, typer.Option("--clusters", metavar="K", help="Clusters to divide a metis graph into. Default 2.")
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option("--tolerance", metavar="T", help="How far above its share a cluster may be, in %. Default 3."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="PATH", help="Write here; a folder where several files come in. Default: standard output."
        ),
    ] = None,
) -> int:
    """Turn a benchmark, a workflow, a graph or the state of a Kubernetes cluster into a problem file.

    \b
    Examples:
      qamctl import jobshop ft06.txt --file ft06.yaml
      qamctl import rcpsp J1201_1.RCP | qamctl schedule -
      qamctl import wfcommons montage.json --agents 16 --file montage.yaml
      qamctl import rcpsp *.sm --file specs/
      qamctl import fjsp mk01.fjs --file mk01.yaml
      qamctl import roadef model_a1_1.txt assignment_a1_1.txt --file a1_1.yaml
      qamctl import metis 3elt.graph --clusters 8 --tolerance 3 --file 3elt.yaml
      kubectl get nodes,pods -A -o json | qamctl import kubernetes - --file now.yaml

    Ids are those of the benchmark: J<job>.<operation> on M<machine> (jobshop, fjsp) and J<job> on M<machine> (pmp), all
    from 0; T<k>, modes m<k>, R<k>, and N<k> for what is used up (rcpsp, mmlib), from 1 as in the file; workflow tasks
    keep theirs. Where machines take unequally long, a task has a mode for each machine, which is called as the machine
    is. Clusters: P<k> on M<k> (roadef) and I<k> in B<k> (gap) from 0, n<k> from 1 (metis); nodes and pods keep theirs.

    roadef takes a model and its assignment, alibaba-gpu a table of nodes and one of pods; all files of kubernetes
    make one problem. What a file says and a problem file can't is told as a warning.
    """
    from qamctl.formats import format_named, read
    from qamctl.formats.remarks import Remarks
    from qamctl.formats.spec_yaml import write_spec

    found = format_named(format)
    one = found.together or len(found.files) > 1
    problems = [files] if one else [[name] for name in files]
    if len(problems) > 1 and (file is None or not Path(file).is_dir()):
        raise UsageError("several files make several problem files: name a folder that is there with --file")
    counts = {
        option: None if text is None else whole(f"--{option}", text)
        for option, text in (("agents", agents), ("clusters", clusters))
    }
    percent = _percent(tolerance)
    folder = Path(file) if file is not None and Path(file).is_dir() else None
    targets = [file if folder is None else str(folder / f"{Path(names[0]).stem}.yaml") for names in problems]
    protect(files, [("--file", target) for target in targets])
    console: Console = context.obj
    for names, target in zip(problems, targets, strict=True):
        (name, text), *more = [("stdin" if name == "-" else name, _text(name)) for name in names]
        remarks = Remarks()
        data = read(format, text, name=name, more=more, remarks=remarks, tolerance=percent, **counts)
        for line in remarks.warnings:
            console.warn(f"{name}: {line}")
        deliver(context, write_spec(data, comment=remarks.comments), target)
    return ExitCode.OK


def _percent(text: str | None) -> float | None:
    """A tolerance as balance takes it: at most six decimals."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise UsageError(f"--tolerance must be a number of at least 0 with at most six decimals, not {text!r}")
    return float(text)


def _text(name: str) -> str:
    """The text of a foreign file; bytes that are no UTF-8 can only stand in its comments, and are kept out."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        raise SpecError(f"can't read {name}: {fault.strerror}") from fault
    return data.decode("utf-8", "replace")
