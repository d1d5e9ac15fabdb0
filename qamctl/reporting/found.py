"""A result, with what else is at hand of its run: metrics, the options that were chosen, the problem file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamctl.errors import QamError
from qamctl.runs.earlier import read_result
from qamctl.runs.record import MANIFEST, METRICS


@dataclass(frozen=True, slots=True)
class Found:
    """A result that was found.

    Attributes
    ----------
    file
        Where it is.
    result
        The object of the file.
    metrics, manifest
        The objects of the other files of its run; empty where they are not at hand.
    """

    file: Path
    result: dict[str, Any]
    metrics: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the problem, or of the file where that is not known."""
        name = self.manifest.get("name") or self.metrics.get("name")
        return name if isinstance(name, str) else self.file.stem

    def chosen(self) -> dict[str, tuple[str, str]]:
        """Options that are not the defaults, by name: the value as text, and where it came from."""
        options = self.manifest.get("options")
        found = {}
        for name, option in (options if isinstance(options, dict) else {}).items():
            origin = option.get("origin", "default") if isinstance(option, dict) else "default"
            if origin != "default":
                value = option.get("value")
                text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                found[name] = (text, origin)
        return found

    def problem_files(self) -> Iterator[Path]:
        """Where the problem file may be: its copy in the run directory, and where it was read; each has its hash."""
        told = self.manifest.get("spec")
        spec = told if isinstance(told, dict) else {}
        wanted = (self.result.get("provenance") or {}).get("spec_sha256")
        copy, path = spec.get("file"), spec.get("path")
        places = [self.file.parent / copy] if isinstance(copy, str) else []
        places += [Path(path)] if isinstance(path, str) else []
        for place in places:
            try:
                same = hashlib.sha256(place.read_bytes()).hexdigest() == wanted
            except OSError:
                continue
            if same:
                yield place


def find(state: Path, ref: str) -> Found:
    """The result of a run, or of a file, with the other files of its run.

    Raises
    ------
    UsageError
        There is no such run, or several begin like this.
    SpecError
        The result can't be read, or is none.
    """
    read = read_result(state, ref)
    run = read.data.get("run")
    folder = read.file.parent
    return Found(read.file, read.data, _of(run, folder / METRICS), _of(run, folder / MANIFEST))


def problem(found: Found) -> tuple[Any, str | None]:
    """The problem as the run had it, None where it is not at hand; then also why not.

    Returns
    -------
    tuple
        A spec of the kind of the result, and a sentence.
    """
    from qamctl.validation import as_run

    why = "the problem file of this run is not at hand"
    kind = str(found.result.get("kind"))
    for file in found.problem_files():
        try:
            return as_run(kind, found.result, found.file, str(file), None, None), None
        except QamError as error:
            why = f"the problem file {file} can't be read as this run did: {error.message}"
    return None, f"{why}: what only it tells is left out"


def _of(run: object, file: Path) -> dict[str, Any]:
    """A file of the same run; {} where there is none that can be read."""
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and data.get("run") == run else {}
