"""Faults as workflow commands, which GitHub shows as annotations at their line of a pull request.

References
----------
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands (setting an error message). What is
escaped, and how, stands in what GitHub's own actions use: github.com/actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from qamctl.errors import Diagnostic


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether a step of a GitHub workflow reads what is printed."""
    return environ.get("GITHUB_ACTIONS") == "true"


def workflow_command(fault: Diagnostic, environ: Mapping[str, str]) -> str:
    """A fault as `::error file=...,line=...,col=...::message`, with its hint in a line of its own.

    The file is told where it is one: a variable of the environment, or standard input, has no place in a repository.
    Within the workspace it is told from there, which is what GitHub asks for, wherever the step runs.
    """
    properties: dict[str, object] = {}
    place = fault.location
    if place is not None and os.path.isfile(place.file):
        properties["file"] = _from_workspace(place.file, environ.get("GITHUB_WORKSPACE", ""))
        properties |= {"line": place.line} if place.line is not None else {}
        properties |= {"col": place.column} if place.line is not None and place.column is not None else {}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = fault.message if fault.hint is None else f"{fault.message}\nhint: {fault.hint}"
    if place is not None and not properties:
        message = f"{place}: {message}"
    return f"::error {told}::{_data(message)}" if told else f"::error::{_data(message)}"


def _from_workspace(file: str, workspace: str) -> str:
    path = os.path.realpath(file)
    root = os.path.realpath(workspace) if workspace else ""
    return os.path.relpath(path, root) if root and os.path.commonpath([path, root]) == root else file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
