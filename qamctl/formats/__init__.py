"""Foreign formats: their text in, the data of a problem file out. One module a format, imported when it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from qamctl.errors import UsageError
from qamctl.formats.remarks import Remarks


@dataclass(frozen=True, slots=True)
class Format:
    """A foreign format.

    Attributes
    ----------
    module
        Has `read`.
    what
        The format, in a line.
    files
        The files that make one problem, in order.
    together
        All files that are given make one problem.
    options
        Of `qamctl import`, those that say what files of the format do not.
    remarks
        Its `read` has something to tell beside the data.
    """

    module: str
    what: str
    files: tuple[str, ...] = ("FILE",)
    together: bool = False
    options: tuple[str, ...] = ()
    remarks: bool = False


#: By the name that `qamctl import` calls them.
FORMATS: Final = MappingProxyType(
    {
        "jobshop": Format(
            "qamctl.formats.jobshop", "job shop in the OR-Library form: `machine duration` pairs, a job a line"
        ),
        "fjsp": Format(
            "qamctl.formats.fjsp",
            "flexible job shop: Brandimarte's .fjs, or a table of durations by operation and machine",
        ),
        "pmp": Format("qamctl.formats.pmp", "unrelated parallel machines: a row of durations by machine for each job"),
        "rcpsp": Format("qamctl.formats.rcpsp", "project scheduling: Patterson .rcp, PSPLIB .sm and .mm, MMLIB"),
        "mmlib": Format("qamctl.formats.mmlib", "multi-mode project scheduling: MMLIB, or PSPLIB .mm"),
        "wfcommons": Format(
            "qamctl.formats.wfcommons", "workflow DAG: WfCommons JSON, schema 1.4 or 1.5", options=("agents",)
        ),
        "roadef": Format(
            "qamctl.formats.roadef",
            "machine reassignment of the ROADEF/EURO challenge 2012: a model and the assignment now",
            files=("MODEL", "ASSIGNMENT"),
        ),
        "gap": Format("qamctl.formats.gap", "generalised assignment in the OR-Library form, cost to be minimised"),
        "metis": Format(
            "qamctl.formats.metis",
            "graph to be partitioned: METIS .graph",
            options=("clusters", "tolerance"),
            remarks=True,
        ),
        "alibaba-gpu": Format(
            "qamctl.formats.alibaba_gpu",
            "GPU cluster trace of Alibaba, 2023: CSV tables of nodes and pods",
            files=("NODES", "PODS"),
            remarks=True,
        ),
        "kubernetes": Format(
            "qamctl.formats.kubernetes",
            "nodes and pods as `kubectl get nodes,pods -A -o json` (or yaml) prints them",
            together=True,
            remarks=True,
        ),
    }
)


def format_named(format: str) -> Format:
    """The format of a name.

    Raises
    ------
    UsageError
        There is none.
    """
    if format not in FORMATS:
        from difflib import get_close_matches

        near = get_close_matches(format, FORMATS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the formats are {', '.join(FORMATS)}"
        raise UsageError(f"There is no import format `{format}`: {hint}")
    return FORMATS[format]


def read(
    format: str,
    text: str,
    *,
    name: str,
    more: Sequence[tuple[str, str]] = (),
    remarks: Remarks | None = None,
    agents: int | None = None,
    clusters: int | None = None,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """The data of a problem file, from the text of a foreign one.

    Parameters
    ----------
    format
        A key of `FORMATS`.
    text
        The foreign file's content.
    name
        The file's name, as the user gave it: it stands in error messages, and its stem names the problem.
    more
        Name and content of the further files where the format has several.
    remarks
        Takes what is to be told beside the data.
    agents
        The number of identical agents, for `wfcommons` only; None takes the number of machines in the file.
    clusters, tolerance
        The number of clusters and the tolerance of their balance in %, for `metis` only; None takes 2 and 3.

    Raises
    ------
    UsageError
        For an unknown format, another number of files than the format has, or an option that is not the format's.
    SpecError
        For a file that is not of the format, with file, line and column.
    """
    from qamctl.spec.reader import no_collection

    found = format_named(format)
    if not found.together and len(more) + 1 != len(found.files):
        files = f"takes {len(found.files)} files: {' '.join(found.files)}" if len(found.files) > 1 else "takes one file"
        raise UsageError(f"The format {format} {files}, and {len(more) + 1} came.")
    given = {"agents": agents, "clusters": clusters, "tolerance": tolerance}
    for option, value in given.items():
        if value is not None and option not in found.options:
            whose = next(name for name, other in FORMATS.items() if option in other.options)
            raise UsageError(f"--{option} goes with {whose} only: leave it out for {format}.")
    arguments: dict[str, Any] = {option: given[option] for option in found.options}
    if len(found.files) > 1 or found.together:
        arguments["more"] = more
    if found.remarks:
        arguments["remarks"] = remarks if remarks is not None else Remarks()
    with no_collection():
        data: dict[str, Any] = import_module(found.module).read(text, name=name, **arguments)
    return data
