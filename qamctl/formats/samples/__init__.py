"""Samples of binary models, whoever drew them: numpy arrays, tables, dimod's sample sets, results, bit strings.

The content tells which of them a file is.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final

from qamctl.errors import Diagnostic, Location, SpecError
from qamctl.formats.samples.archive import from_archive
from qamctl.formats.samples.found import SampleFile, Unreadable
from qamctl.formats.samples.objects import HINT, from_json
from qamctl.formats.samples.text import from_text
from qamctl.spec.reader import decode, read_bytes

__all__ = ["SampleFile", "read_samples"]

#: Bytes of a file of samples.
SIZE: Final = 1 << 30


def read_samples(path: str, variables: Collection[str] = (), *, first_left: bool = False) -> SampleFile:
    """The samples in a file.

    Parameters
    ----------
    path
        `-` is standard input.
    variables
        Names of the model's variables: columns of these names hold values, whatever else they could mean.
    first_left
        In bit strings the leftmost bit is that of the first variable; else, as in qiskit, that of the last.

    Raises
    ------
    SpecError
        The file can't be read, or holds no samples.
    """
    label = "<stdin>" if path == "-" else path
    raw = read_bytes(None if path == "-" else Path(path), label, SIZE)
    try:
        return _read(raw, label, variables, first_left)
    except Unreadable as wrong:
        found = Diagnostic(wrong.message, Location(label, wrong.line), wrong.hint)
        raise SpecError(f"{label} can't be read as samples: {wrong.message}", [found]) from None


def _read(raw: bytes, label: str, variables: Collection[str], first_left: bool) -> SampleFile:
    if raw.startswith((b"PK", b"\x93NUMPY")):
        return from_archive(raw)
    text = decode(raw, label)
    if not text.lstrip().startswith(("{", "[")):
        return from_text(text, variables, first_left=first_left)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is no JSON: {error.msg}", error.lineno, HINT) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}"[:200], hint=HINT) from None
    return from_json(data, len(variables), first_left=first_left)
