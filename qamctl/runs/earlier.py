"""An earlier result that a run begins from: found like any run, read once, and known by its hash."""

from __future__ import annotations

import hashlib
import json
import math
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
        What it holds; as `read_earlier` gives it, of the kind that was asked for, with an answer.
    """

    file: Path
    sha256: str
    data: dict[str, Any]


def read_earlier(
    state: Path, ref: str, *, kind: str, flag: str = "--from", name: str | None = None
) -> EarlierResult:  # fmt: skip
    """The result that `ref` names.

    Parameters
    ----------
    state
        The state folder, which knows the runs.
    ref
        A result file, or a run: an id, a unique beginning of one, a directory, or `latest`, which is the latest run of
        this kind that has an answer.
    flag
        The option that names it, for messages.
    name
        Of the runs that `latest` may be, which then must have ended with exit code 0, too; None: any.

    Raises
    ------
    UsageError
        There is no such run, or several begin like this.
    SpecError
        The file can't be read, is no result of this kind, or holds no answer.
    """
    found = _read(_file(state, ref, kind, flag, name), f"name one that a run of `qamctl {kind}` wrote")
    file, data = found.file, found.data
    if data.get("kind") != kind:
        raise SpecError(f"{file} is the result of a {data.get('kind')}: name one of a {kind}")
    if not isinstance(data.get("solution"), dict):
        raise SpecError(f"{file} holds no answer, its status is {data.get('status')}: name an earlier one that does")
    return found


def read_result(state: Path, ref: str) -> EarlierResult:
    """The result that `ref` names, of whatever kind, with an answer or without.

    Parameters
    ----------
    state
        The state folder, which knows the runs.
    ref
        A result file, or a run: an id, a unique beginning of one, a directory, or `latest`.

    Raises
    ------
    UsageError
        There is no such run, several begin like this, or it has no result: its folder may hold that of an earlier one.
    SpecError
        The file can't be read, or is no result.
    """
    advice = "name one that a run of qamctl wrote"
    if ref != "latest" and Path(ref).is_file():
        return _read(Path(ref), advice)
    run = find_run(state, ref)
    file = run.directory / "result.json"
    found = _read(file, advice) if file.exists() else None
    if found is None or found.data.get("run") != run.id:
        raise UsageError(f"run {run.id} has no result, its status is {run.status}: name another run, or a result file")
    return found


def _read(path: Path, advice: str) -> EarlierResult:
    file = path.absolute()
    try:
        content = file.read_bytes()
        data = json.loads(content, parse_float=_finite, parse_constant=_finite)
    except OSError as error:
        raise SpecError(f"can't read the earlier result {file}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        place = Location(str(file), error.lineno, error.colno)
        raise SpecError(f"{place}: {error.msg}", [Diagnostic(error.msg, place, "a result file is JSON")]) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or a number of thousands of digits
        raise SpecError(f"{file} is no result file: {error}") from error
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("qamctl/result/"):
        raise SpecError(f"{file} is no result file: {advice}")
    return EarlierResult(file, hashlib.sha256(content).hexdigest(), data)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.20} is no number that JSON can hold")
    return value


def _file(state: Path, ref: str, kind: str, flag: str, name: str | None) -> Path:
    if ref == "latest":
        for run in list_runs(state, kind=kind).runs:
            if run.objective is not None and (name is None or (run.name == name and run.exit_code == 0)):
                return run.directory / "result.json"
        which = "has an answer" if name is None else f"named {name} has ended with exit code 0"
        raise UsageError(f"no run of `qamctl {kind}` {which} yet: name a result file, or leave {flag} out")
    if Path(ref).is_file():
        return Path(ref)
    return find_run(state, ref).directory / "result.json"
