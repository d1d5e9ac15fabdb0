"""Calibrations as files: JSON, written whole or not at all, and read with the place of what is wrong."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

from qamctl.errors import Diagnostic, Location, SpecError, UsageError
from qamctl.quantum.mitigation.calibration import Calibration, Matrix, complaint

_FORMAT: Final = "qamctl-calibration"
_VERSION: Final = 1
_HINT: Final = "restore the file, or measure the calibration again"


def calibration_text(calibration: Calibration) -> str:
    """A calibration as JSON; equal calibrations give equal texts."""
    data = {"format": _FORMAT, "version": _VERSION, "target": calibration.target, "time": calibration.time}
    data |= {"shots": calibration.shots, "qubits": calibration.qubits, "confusion": calibration.confusion}
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in data.items()) + "\n}\n"


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration, whole or not at all.

    Raises
    ------
    UsageError
        The place can't be written to.
    """
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".calibration-", delete=False) as file:
            temporary = Path(file.name)
            file.write(calibration_text(calibration))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"can't write {path}: {reason}; choose another place or fix its permissions") from error


def load_calibration(path: Path) -> Calibration:
    """Read a calibration that `save_calibration` wrote.

    Raises
    ------
    UsageError
        The file can't be read.
    SpecError
        It holds no calibration: with line, column and what to do next.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"can't read {path}: {reason}; name a calibration file") from error
    return read_calibration(raw, str(path))


def read_calibration(raw: bytes, label: str) -> Calibration:
    """The calibration in a file's bytes; `label` names the file in faults.

    Raises
    ------
    SpecError
        With line, column and what to do next.
    """
    try:
        text = raw.decode()
        data = json.loads(text)
    except UnicodeDecodeError as error:
        raise _fault(label, raw[: error.start].decode(), error.start, "it is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        raise _fault(label, error.doc, error.pos, f"it is not JSON: {error.msg.lower()}") from error
    except RecursionError as error:
        raise _fault(label, "", 0, "its brackets stand too deep") from error
    wrong = _wrong_type(data)
    if wrong is None:
        confusion = tuple(_matrix(matrix) for matrix in data["confusion"])
        fields = data["target"], data["time"], data["shots"], tuple(data["qubits"]), confusion
        wrong = complaint(*fields)
        if wrong is None:
            return Calibration(*fields)
    key, message = wrong
    found = re.search(rf'"{key}"\s*:\s*', text)
    raise _fault(label, text, found.end() if found else 0, message)


def _wrong_type(data: Any) -> tuple[str, str] | None:
    """The first field that is not what its name says, and what it should be."""
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        return "format", f"`format` is not {_FORMAT}"
    if data.get("version") != _VERSION:
        return "version", f"`version` is not {_VERSION}, which is the one that this program reads"
    for key in ("target", "time"):
        if not isinstance(data.get(key), str):
            return key, f"`{key}` is no text"
    if not _is_number(data.get("shots"), int):
        return "shots", "`shots` is no whole number"
    qubits = data.get("qubits")
    if not isinstance(qubits, list) or not all(_is_number(q, int) for q in qubits):
        return "qubits", "`qubits` is no list of whole numbers"
    matrices = data.get("confusion")
    if not isinstance(matrices, list) or not all(_is_pair(m) and all(map(_is_row, m)) for m in matrices):
        return "confusion", "`confusion` is no list of matrices of 2 by 2 numbers"
    return None


def _is_number(value: Any, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_row(value: Any) -> bool:
    return _is_pair(value) and all(_is_number(x, int, float) for x in value)


def _matrix(rows: Any) -> Matrix:
    (a, b), (c, d) = rows
    return (float(a), float(b)), (float(c), float(d))


def _fault(label: str, text: str, offset: int, message: str) -> SpecError:
    """The error for a fault at a character of a file."""
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    found = Diagnostic(message, Location(label, line, column), _HINT)
    return SpecError(f"{label} can't be read as a calibration: {message}.", [found])
