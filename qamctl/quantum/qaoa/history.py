"""Every evaluation of a training, kept as it is made: a training that was killed replays what it has and goes on.

JSON lines; floats that must come back bit for bit are written in hexadecimal. The optimiser is deterministic, so a
replay asks for the same angles in the same order and ends where the training would have ended without the kill.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from qamctl.errors import Diagnostic, Location, SpecError, TemporaryError, UsageError
from qamctl.qubo.model import Floats

#: What the first line of a file says.
SCHEMA: Final = "qamctl/qaoa-history/1"
_HEADER: Final = (json.dumps({"schema": SCHEMA}) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run of a circuit.

    Attributes
    ----------
    number
        From 1, in the training that made it.
    alpha
        Share of the distribution whose mean is the value; 1 is the mean of all of it.
    angles
        [2 p] scaled, gammas first.
    value, gradient
        In the units of the energy; derivatives [2 p] by the scaled angles.
    seconds
        Since the training began.
    """

    number: int
    alpha: float
    angles: tuple[float, ...]
    value: float
    gradient: tuple[float, ...]
    seconds: float

    @property
    def depth(self) -> int:
        """Layers."""
        return len(self.angles) // 2


class History:
    """Evaluations by problem; of a file, or of this process alone. Safe to use from several threads.

    Parameters
    ----------
    path
        A file to go on from, and to append to line by line; None: nothing is written.

    Raises
    ------
    SpecError
        The file is no history, or a line before its last is broken; a torn last line is what a kill leaves, and is
        dropped.
    TemporaryError
        Another run is writing to it.
    UsageError
        It can't be opened.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._known: dict[tuple[str, str, tuple[str, ...]], Evaluation] = {}
        self._lock = threading.Lock()
        self._file = -1
        if path is not None:
            self._open(path)

    def find(self, problem: str, alpha: float, angles: Floats) -> Evaluation | None:
        """The evaluation of a problem at exactly these angles, if there is one."""
        return self._known.get((problem, alpha.hex(), _hex(angles)))

    def add(self, problem: str, evaluation: Evaluation) -> None:
        """Keep an evaluation; written through before this returns, so that a kill loses no earlier one.

        Raises
        ------
        TemporaryError
            The disk is full.
        """
        with self._lock:
            self._known[(problem, evaluation.alpha.hex(), _hex(evaluation.angles))] = evaluation
            if self._file >= 0:
                _append(self._file, _line(problem, evaluation), self.path)

    def of(self, problem: str) -> tuple[Evaluation, ...]:
        """What is known of a problem, in the order in which it was found."""
        return tuple(found for key, found in self._known.items() if key[0] == problem)

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Let go of the file; harmless when called again."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, path: Path) -> None:
        if path.exists() and not path.is_file():
            raise UsageError(f"can't open {path}: it is not a regular file; name a file")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise TemporaryError(f"another run is writing to {path}: wait for it, or name another file") from error
        except OSError as error:
            self.close()
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"can't open {path}: {reason}; choose another place or fix its permissions") from error
        try:
            data = path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if not whole and _HEADER.startswith(data):  # new, or killed within the first line
                os.ftruncate(self._file, 0)
                _append(self._file, _HEADER, path)
                return
            for problem, evaluation in _lines(path, whole or data):
                self._known[(problem, evaluation.alpha.hex(), _hex(evaluation.angles))] = evaluation
            os.ftruncate(self._file, len(whole))
        except BaseException:
            self.close()
            raise


def curve(evaluations: Sequence[Evaluation]) -> list[dict[str, float]]:
    """Each evaluation as a row of a metrics file: number, seconds, depth, alpha, value."""
    return [
        {"evaluation": e.number, "seconds": e.seconds, "depth": e.depth, "alpha": e.alpha, "value": e.value}
        for e in evaluations
    ]


def _line(problem: str, evaluation: Evaluation) -> bytes:
    row = {
        "problem": problem,
        "evaluation": evaluation.number,
        "depth": evaluation.depth,
        "alpha": evaluation.alpha,
        "energy": evaluation.value,
        "seconds": round(evaluation.seconds, 6),
        "angles": _hex(evaluation.angles),
        "value": evaluation.value.hex(),
        "gradient": _hex(evaluation.gradient),
    }
    return (json.dumps(row) + "\n").encode()


def _lines(path: Path, data: bytes) -> Iterator[tuple[str, Evaluation]]:
    """Problem and evaluation of each line of a file, the header checked."""
    for number, line in enumerate(data.splitlines(), 1):
        try:
            row = json.loads(line)
            if number == 1:
                if row["schema"] != SCHEMA:
                    raise ValueError(row["schema"])
                continue
            yield str(row["problem"]), _evaluation(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = "this is no history of QAOA angles" if number == 1 else "this line is no evaluation of a circuit"
            hint = "name another file, or remove the line" if number > 1 else "name another file"
            raise SpecError(f"{path}: {what}", [Diagnostic(what, Location(str(path), number, 1), hint)]) from error


def _evaluation(row: dict[str, Any]) -> Evaluation:
    angles, gradient = (tuple(float.fromhex(x) for x in row[name]) for name in ("angles", "gradient"))
    value = float.fromhex(row["value"])
    if len(angles) != len(gradient) or not all(map(math.isfinite, (*angles, *gradient, value))):
        raise ValueError("angles and gradient do not fit")
    return Evaluation(
        int(row["evaluation"]), float(row["alpha"]), angles, value, gradient, float(row["seconds"])
    )  # fmt: skip


def _hex(values: Floats | Sequence[float]) -> tuple[str, ...]:
    return tuple(x.hex() for x in np.asarray(values, float).tolist())


def _append(file: int, data: bytes, path: Path | None) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TemporaryError(f"can't write {path}: {reason}; free some space, then run again") from error
