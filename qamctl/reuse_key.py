"""What an answer follows from: everything that, changed, might have made it another one; its hash names the answer.

An option that nobody thought of here is part of the question, so that no answer is ever given to another one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from qamctl import __version__
from qamctl.backends import registry
from qamctl.errors import QamError
from qamctl.kernels import describe
from qamctl.runs.canonical import canonical
from qamctl.story import Problem

#: Options that no answer follows from: what is written, where and how it is told, what happens around a run, and who
#: pays for it. The workspace counts by its name, wherever that was said; the seed by its value, wherever it came from.
ASIDE: Final = frozenset({
    "out", "result", "metrics", "output", "dry_run", "if_locked", "quiet", "verbose", "log_file", "no_copy", "reuse",
    "check", "baseline",
    "reuse_limit", "seed", "samples", "picture", "from_result", "job_name", "tag", "priority", "session", "run_key",
    "no_wait", "target", "input_format", "subscription", "resource_group", "workspace", "location", "resource_id",
    "endpoint", "credential", "key_file",
})  # fmt: skip

#: Options that name a further file to write: whether one was asked for, and in which format, decides what is kept.
FILES: Final = ("samples", "picture")

#: Kinds whose searches use all cores within a time limit; with a step budget their answers do not depend on them.
SEARCHED: Final = ("schedule", "cluster", "model")


def key_of(kind: str, problem: Problem) -> str:
    """The hash of the question, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(question(kind, problem)).encode()).hexdigest()


def question(kind: str, problem: Problem) -> dict[str, Any]:
    """What the answer to a problem follows from, as JSON can hold it: files by their hashes, never by their names."""
    options = problem.options
    earlier = problem.earlier
    return {
        "qamctl": __version__,
        "kernels": describe(),
        "kind": kind,
        "spec": problem.source.sha256,
        "tables": {ref: sha256 for ref, (_, sha256) in problem.source.tables.items()},
        "taken": dict(problem.taken),
        "from": options.from_result if earlier is None else hashlib.sha256(earlier.content).hexdigest(),
        "seed": problem.seed,
        "options": _options(kind, problem),
        "files": {name: path.suffix for name in FILES if (path := getattr(options, name)) is not None},
        "workspace": _workspace(problem),
    }


def _options(kind: str, problem: Problem) -> dict[str, Any]:
    """The options that count, without those that are as if they had not been named."""
    left_out = ASIDE if kind in SEARCHED and problem.options.max_steps is None else ASIDE | {"threads"}
    values = {name: value for name, value in problem.resolved.values().items() if name not in left_out}
    for name in values:
        path = getattr(problem.options, name)
        if isinstance(path, Path):  # a file that the run reads: prices, angles
            values[name] = _content(path)
    return values


def _content(path: Path) -> str:
    """The hash of a file; empty where there is none: angles are kept in one that the first run makes."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _workspace(problem: Problem) -> str | None:
    """Where jobs would be sent; None where none would be, or where nobody has said."""
    if problem.account is None or not any(registry.is_remote(name) for name in problem.options.backend):
        return None
    try:
        return problem.account.place().workspace_key
    except QamError:  # the run will say so
        return None
