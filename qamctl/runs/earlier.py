"""An earlier result that a run begins from: found like any run, read once, and known by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, Location, SpecError, UsageError
from qamctl.runs.store import find_run, list_runs


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """A result file as it was read.

    Attributes
    ----------
    file
        Where it is, absolute.
    sha256
        Of its bytes.
    data
        What it holds: of the kind that was asked for, with an answer.
    """

    file: Path
    sha256: str
    data: dict[str, Any]


def read_earlier(state: Path, ref: str, *, kind: str) -> EarlierResult:
    """The result that `ref` names.

    Parameters
    ----------
    state
        The state folder, which knows the runs.
    ref
        A result file, or a run: an id, a unique beginning of one, a directory, or `latest`, which is the latest run of
        this kind that has an answer.

    Raises
    ------
    UsageError
        There is no such run, or several begin like this.
    SpecError
        The file can't be read, is no result of this kind, or holds no answer.
    """
    file = _file(state, ref, kind).absolute()
    try:
        content = file.read_bytes()
        data = json.loads(content)
    except OSError as error:
        raise SpecError(f"can't read the earlier result {file}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        place = Location(str(file), error.lineno, error.colno)
        raise SpecError(f"{place}: {error.msg}", [Diagnostic(error.msg, place, "a result file is JSON")]) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or a number of thousands of digits
        raise SpecError(f"{file} is no result file: {error}") from error
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("qamctl/result/"):
        raise SpecError(f"{file} is no result file: name one that a run of `qamctl {kind}` wrote")
    if data.get("kind") != kind:
        raise SpecError(f"{file} is the result of a {data.get('kind')}: name one of a {kind}")
    if not isinstance(data.get("solution"), dict):
        raise SpecError(f"{file} holds no answer, its status is {data.get('status')}: name an earlier one that does")
    return EarlierResult(file, hashlib.sha256(content).hexdigest(), data)


def _file(state: Path, ref: str, kind: str) -> Path:
    if ref == "latest":
        for run in list_runs(state, kind=kind).runs:
            if run.objective is not None:
                return run.directory / "result.json"
        raise UsageError(f"no run of `qamctl {kind}` has an answer yet: name a result file, or leave --from out")
    if Path(ref).is_file():
        return Path(ref)
    return find_run(state, ref).directory / "result.json"
