"""Foreign formats: their text in, the data of a problem file out. One module a format, imported when it is used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from qamctl.errors import UsageError

#: Format name of `qamctl import` -> (module with `read`, what the format is).
FORMATS: Final = MappingProxyType(
    {
        "jobshop": (
            "qamctl.formats.jobshop",
            "job shop in the OR-Library form: `machine duration` pairs, a job a line",
        ),
        "rcpsp": ("qamctl.formats.rcpsp", "project scheduling: Patterson .rcp, PSPLIB .sm and .mm, MMLIB"),
        "wfcommons": ("qamctl.formats.wfcommons", "workflow DAG: WfCommons JSON, schema 1.4 or 1.5"),
    }
)


def read(format: str, text: str, *, name: str, agents: int | None = None) -> dict[str, Any]:
    """The data of a problem file, from the text of a foreign one.

    Parameters
    ----------
    format
        A key of `FORMATS`.
    text
        The foreign file's content.
    name
        The file's name, as the user gave it: it stands in error messages, and its stem names the problem.
    agents
        The number of identical agents, for `wfcommons` only; None takes the number of machines in the file.

    Raises
    ------
    UsageError
        For an unknown format, or `agents` with a format that has its own machines.
    SpecError
        For a file that is not of the format, with file, line and column.
    """
    if format not in FORMATS:
        from difflib import get_close_matches

        near = get_close_matches(format, FORMATS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the formats are {', '.join(FORMATS)}"
        raise UsageError(f"There is no import format `{format}`: {hint}")
    if agents is not None and format != "wfcommons":
        raise UsageError(f"--agents goes with wfcommons only: a {format} file says itself who does the work.")
    more = {"agents": agents} if format == "wfcommons" else {}
    data: dict[str, Any] = import_module(FORMATS[format][0]).read(text, name=name, **more)
    return data
