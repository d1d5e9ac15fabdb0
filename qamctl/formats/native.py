"""Programs in a provider's own language, as Azure Quantum takes them: kept as they are, whatever is in them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from qamctl.errors import SpecError
from qamctl.formats.faults import problem_name
from qamctl.spec.reader import read_bytes
from qamctl.spec.source import Source

#: Bytes of the largest program.
SIZE: Final = 256 * 1024 * 1024


@dataclass(frozen=True)
class NativeFile:
    """A program that its provider alone reads.

    Attributes
    ----------
    format
        In the service's words, as `rigetti.quil.v1`.
    name
        Used in run names: the stem of the file.
    bits
        Of a bitstring; None where that is not told by the program.
    """

    format: str
    name: str
    source: Source = field(repr=False)
    bits: int | None = None


def read_native(path: str, format: str) -> NativeFile:
    """The program in a file.

    Parameters
    ----------
    path
        `-` is standard input.
    format
        In the service's words; any.

    Raises
    ------
    SpecError
        It can't be read, or is empty.
    """
    file = None if path == "-" else Path(path)
    label = "<stdin>" if file is None else path
    raw = read_bytes(file, label, SIZE)
    if not raw.strip():
        raise SpecError(f"{label} is empty, and a program in {format} was expected")
    source = Source(label, file, raw, hashlib.sha256(raw).hexdigest())
    return NativeFile(format, "program" if file is None else problem_name(label), source, _bits(format, raw))


def _bits(format: str, raw: bytes) -> int | None:
    """Bits of the results; only those of IonQ do not show them all, and IonQ's programs say them: all qubits."""
    if format != "ionq.circuit.v1":
        return None
    try:
        qubits = json.loads(raw)["qubits"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # whoever reads its gates says what is wrong with it
    return qubits if type(qubits) is int and qubits > 0 else None
