"""A book of trained angles: what was learnt on one problem is where the training of a similar one begins.

One JSON file, in the units of `landscape`, so that entries fit problems of other sizes and weights. Where it lies is
the caller's choice.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.errors import Diagnostic, Location, SpecError, TemporaryError, UsageError
from qamctl.quantum.ansatz import MIXERS, Ansatz
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import deepened
from qamctl.qubo.model import Floats

#: What its `schema` says.
SCHEMA: Final = "qamctl/angle-book/1"


@dataclass(frozen=True, slots=True)
class Features:
    """What makes problems similar.

    Attributes
    ----------
    n
        Variables.
    density
        Couplings over pairs of variables.
    weights
        "equal" where all couplings have one absolute value, "whole" where they are whole numbers, else "real".
    linear_share
        `Landscape.shape.linear_share`.
    """

    n: int
    density: float
    weights: str
    linear_share: float


@dataclass(frozen=True, slots=True)
class Entry:
    """Trained angles.

    Attributes
    ----------
    name
        Of the problem, or whatever the caller calls them; a second entry of this name, mixer and depth replaces the
        first if it reached more.
    mixer, depth, features
        Of the circuit and the problem.
    angles
        [2 p] scaled.
    ratio
        The approximation ratio that they reached there.
    """

    name: str
    mixer: str
    depth: int
    features: Features
    angles: tuple[float, ...]
    ratio: float


def features_of(polynomial: Polynomial, linear_share: float) -> Features:
    """The features of a problem."""
    pairs = {pair for key in polynomial.terms for k, a in enumerate(key) for pair in ((a, b) for b in key[k + 1 :])}
    weights = [abs(weight) for key, weight in polynomial.terms.items() if len(key) > 1]
    low, high = min(weights, default=0.0), max(weights, default=0.0)
    if high - low <= 1e-9 * high:
        kind = "equal"
    else:
        kind = "whole" if all(float(weight).is_integer() for weight in weights) else "real"
    possible = polynomial.n * (polynomial.n - 1) // 2
    return Features(polynomial.n, len(pairs) / possible if possible else 0.0, kind, linear_share)


class AngleBook:
    """Entries of a file, read once; `add` writes it whole or not at all.

    Parameters
    ----------
    path
        Need not exist yet.

    Raises
    ------
    SpecError
        The file is no book of angles, or an entry is broken.
    UsageError
        It can't be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = _read(path)

    def nearest(self, ansatz: Ansatz, features: Features) -> tuple[Entry, Floats] | None:
        """The entry of the most similar problem under the same mixer, and its angles at the circuit's depth.

        Shallower entries are stretched (`angles.deepened`), deeper ones are not used: cutting layers off keeps nothing
        of what they do. None: there is no entry.
        """
        usable = [e for e in self.entries if e.mixer == ansatz.mixer and e.depth <= ansatz.depth]
        if not usable:
            return None
        found = min(usable, key=lambda e: (_distance(e, ansatz.depth, features), e.name))
        return found, deepened(np.array(found.angles), ansatz.depth)

    def add(self, entry: Entry) -> None:
        """Keep an entry; entries that others wrote meanwhile are kept too.

        Raises
        ------
        SpecError, UsageError
            As for reading; or the file can't be written.
        TemporaryError
            The disk is full.
        """
        with _locked(self.path):
            same = (entry.name, entry.mixer, entry.depth)
            entries = _read(self.path)
            old = [e for e in entries if (e.name, e.mixer, e.depth) == same]
            if not old or max(e.ratio for e in old) < entry.ratio:
                entries = (*(e for e in entries if e not in old), entry)
                _write(self.path, {"schema": SCHEMA, "entries": [asdict(e) for e in entries]})
            self.entries = entries


def _distance(entry: Entry, depth: int, features: Features) -> float:
    """How unlike a problem an entry is: sizes by their ratio, shares by their difference, layers that are missing."""
    other = entry.features
    return (
        0.5 * abs(math.log(max(1, other.n) / max(1, features.n)))
        + abs(other.density - features.density)
        + abs(other.linear_share - features.linear_share)
        + 0.2 * (other.weights != features.weights)
        + 0.3 * (depth - entry.depth)
    )


def _read(path: Path) -> tuple[Entry, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise _fault(path, None, "it is not text") from error
    except OSError as error:
        raise UsageError(f"can't read {path}: {(error.strerror or str(error)).lower()}; name another file") from error
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _fault(path, (error.lineno, error.colno), error.msg.lower()) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("entries"), list):
        raise _fault(path, (1, 1), f"its schema is not {SCHEMA}")
    return tuple(_entry(path, k, row) for k, row in enumerate(data["entries"]))


def _entry(path: Path, number: int, row: Any) -> Entry:
    try:
        own = row["features"]
        features = Features(
            int(own["n"]), float(own["density"]), str(own["weights"]), float(own["linear_share"])
        )  # fmt: skip
        entry = Entry(
            str(row["name"]), str(row["mixer"]), int(row["depth"]), features,
            tuple(float(x) for x in row["angles"]), float(row["ratio"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise _fault(path, None, f"entries[{number}] is broken: {error!r}") from error
    figures = (*entry.angles, entry.ratio, features.density, features.linear_share)
    whole = entry.mixer in MIXERS and entry.depth > 0 and features.n > 0 and all(map(math.isfinite, figures))
    if not whole or len(entry.angles) != 2 * entry.depth:
        raise _fault(path, None, f"entries[{number}] is broken: its mixer, depth and angles do not fit")
    return entry


def _fault(path: Path, place: tuple[int, int] | None, what: str) -> SpecError:
    where = Location(str(path), *place) if place else Location(str(path))
    hint = "remove the file to begin a new book, or name another one"
    return SpecError(f"{path} is no book of angles: {what}", [Diagnostic(what, where, hint)])


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time: the lock is on a file beside the book, because the book itself is replaced."""
    try:
        file = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    """Replace the file in one step, also through a power cut."""
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(new, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> TemporaryError | UsageError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TemporaryError(f"can't write {path}: {reason}; free some space, then run again")
    return UsageError(f"can't write {path}: {reason}; choose another place or fix its permissions")
