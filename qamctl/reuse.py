"""Whole answers that are used again (`--reuse`): kept when a run has ended by itself, checked anew when they are given.

Nothing that was kept is trusted: an entry has to be whole and of this very question, and the independent checker has to
accept the answer for the problem as it was read now. What a checker can't recompute, a bound or the proof that there is
no answer, stands under the hash of the entry. Whatever does not hold is removed, told, and found anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from qamctl import __version__
from qamctl.errors import QamError, write_error
from qamctl.rechecking import recheck
from qamctl.reuse_key import FILES, key_of
from qamctl.runs.answers import Answers, DamagedError, answers_of
from qamctl.runs.atomic import write_atomic
from qamctl.runs.canonical import line
from qamctl.runs.metrics import Stopwatch, build
from qamctl.runs.record import Run, loaded_versions, state_folder
from qamctl.spec.source import Source
from qamctl.story import Problem

#: What runs that ended by themselves say; one that found nothing in its time may find something in the next.
ENDED: Final = ("optimal", "feasible", "infeasible")

#: Figures that are each run's own, of all that `runs.metrics.build` takes: jobs are paid for once.
OWN: Final = frozenset({
    "run", "kind", "name", "result", "stopwatch", "now", "cache", "jobs", "reused", "left_out",
})  # fmt: skip

#: Those that are kept with an answer.
MEASURES: Final = frozenset(signature(build).parameters) - OWN


@dataclass(frozen=True, slots=True)
class Again:
    """An answer that was kept, as this run gives it.

    Attributes
    ----------
    result
        The result file of this run.
    tables
        The files that it names, by name.
    measures
        What its metrics say of the search, which was another run's.
    copies
        The further files that the options ask for.
    """

    result: dict[str, Any]
    tables: dict[str, bytes]
    measures: dict[str, Any]
    copies: dict[Path, bytes]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What came of looking for an answer.

    Attributes
    ----------
    key
        The hash of the question.
    again
        None where there is no answer that can be given.
    note
        Why one that was there can't be given.
    """

    key: str
    again: Again | None = None
    note: str | None = None


def recall(problem: Problem, record: Run, watch: Stopwatch, tell: Callable[..., None]) -> Recalled:
    """Look for the answer to a problem among those that were kept, and check it; `tell` logs what came of it."""
    kind, answers = record.manifest["kind"], _answers(problem)
    key, again, fault = key_of(kind, problem), None, None
    try:
        parts = answers.get(key)
        if parts is not None:
            again = _again(problem, record, key, parts)
            watch.phase("check")
            _check(kind, problem, again)
    except DamagedError as error:
        answers.drop(key)
        fault = str(error)
    except QamError as error:  # there is no room for its tables, say: that speaks against no answer
        fault = error.message
    if fault is not None:
        note = f"the answer that was kept for this problem can't be used: {fault}; it is found anew"
        tell("not reused", key=key, message=note)
        return Recalled(key, None, note)
    if again is not None:
        tell("reused", key=key, of=again.result["reused"]["run"], status=again.result["status"])
    return Recalled(key, again)


def keep(
    problem: Problem,
    key: str,
    result: Mapping[str, Any],
    tables: Mapping[str, bytes],
    measures: Mapping[str, Any],
    copies: Mapping[Path, bytes],
) -> str | None:
    """Keep the answer of a run, unless it was interrupted, found nothing, or something failed or stood in for another.

    Returns
    -------
    str or None
        What the user should know, where it could not be kept.
    """
    jobs = measures.get("jobs") or ()
    whole = result.get("fallback") is None and all(job.get("state") == "succeeded" for job in jobs)
    if result["status"] not in ENDED or not whole:
        return None
    labels = {label: ref for ref, label in _labels(problem.source).items()}
    answer = {
        "result": {**result, "reasons": _renamed(result["reasons"], labels)},
        "measures": {name: value for name, value in measures.items() if name in MEASURES},
    }
    parts = {"answer": line(answer).encode(), **{f"table/{name}": data for name, data in tables.items()}}
    parts |= {f"copy/{name}": copies[path] for name, path in _files(problem).items() if path in copies}
    try:
        kept = _answers(problem).put(key, parts)
    except QamError as error:
        return f"the answer could not be kept for --reuse: {error.message}"
    return None if kept else "the answer is not kept for --reuse: it is larger than `reuse_limit` lets all of them be"


def _answers(problem: Problem) -> Answers:
    return answers_of(state_folder(os.environ), problem.options.reuse_limit)


def _again(problem: Problem, record: Run, key: str, parts: Mapping[str, bytes]) -> Again:
    """The answer as this run's: with its id and origin, its files under their names of now.

    Raises
    ------
    DamagedError
        It has not the shape of an answer.
    """
    tables = {name.removeprefix("table/"): data for name, data in parts.items() if name.startswith("table/")}
    try:
        answer = json.loads(parts["answer"])
        result, measures = dict(answer["result"]), dict(answer["measures"])
        reused = {"run": str(result["run"]), "started": str(result.pop("provenance")["started"]), "key": key}
        reasons = _renamed(result["reasons"], _labels(problem.source))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DamagedError("it has not the shape of an answer") from error
    if not measures.keys() <= MEASURES or any(Path(name).name != name for name in tables):
        raise DamagedError("it has not the shape of an answer")
    result |= {"run": record.id, "reasons": reasons, **problem.reading}
    if problem.earlier is not None:
        result["from"] = problem.earlier.block()
        tables[problem.earlier.table] = problem.earlier.content
    result |= {"reused": reused, "provenance": record.provenance(loaded_versions(__version__))}
    copies = {path: parts[f"copy/{name}"] for name, path in _files(problem).items() if f"copy/{name}" in parts}
    return Again(result, tables, measures, copies)


def _check(kind: str, problem: Problem, again: Again) -> None:
    """Let the checker look at an answer.

    Raises
    ------
    DamagedError
        It does not hold.
    TemporaryError, UsageError
        There is no place for its tables.
    """
    with ExitStack() as stack:
        folder = None
        if again.tables:
            try:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="qamctl-")))
            except OSError as error:
                raise write_error(Path(os.environ.get("TMPDIR", "/tmp")), error) from error
            for name, data in again.tables.items():
                write_atomic(folder / name, data, durable=False, private=True)
        found = recheck(kind, again.result, problem.spec, folder).found
    if found:
        raise DamagedError(f"the checker found that it does not hold ({found[0]})")


def _files(problem: Problem) -> dict[str, Path]:
    """The further files that the options ask for."""
    return {name: path for name in FILES if (path := getattr(problem.options, name)) is not None}


def _labels(source: Source) -> dict[str, str]:
    """By what a spec calls a file of its own, itself by nothing: what faults call it, which follows from its path."""
    folder = Path(source.label).parent
    return {ref: str(folder / ref) for ref in source.tables} | {"": source.label}


def _renamed(reasons: Any, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**row, "file": names.get(row["file"], row["file"])} for row in reasons]
