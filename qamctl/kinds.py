"""Which kind of problem a file holds: told from its first bytes, before anything is read in earnest."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from qamctl.formats.models.detect import looks_like

#: Formats of circuits.
CIRCUITS: Final = ("openqasm", "qir", "circuit")

#: Bytes that are looked at.
HEAD: Final = 65_536

_KIND = re.compile(rb"(?m)^kind[ \t]*:.*").search


def kind_of(path: str, otherwise: str = "schedule") -> str:
    """`schedule`, `cluster`, `reason`, `model` or `circuit`: whose reader takes the file, and says what is wrong.

    Standard input (`-`) is looked at without taking anything from it.

    Parameters
    ----------
    otherwise
        The kind of a file that looks like nothing, and has no name of a spec.
    """
    told = looks_like(_head(path))
    if told in (None, "table") and Path(path).suffix.lower() in (".qasm", ".ll", ".bc"):
        return "circuit"  # its reader says what such a file is not
    if told in (None, "json-other"):
        return "schedule" if Path(path).suffix in (".yaml", ".yml", ".json") else otherwise
    if told in CIRCUITS:
        return "circuit"
    if told in ("cluster", "reason"):
        return told
    return "schedule" if told == "spec" else "model"


def kind_of_format(format: str) -> str:
    """The kind that a value of `--format` belongs to."""
    return "circuit" if format in CIRCUITS else "model"


def _head(path: str) -> bytes:
    if path == "-":
        stream = sys.stdin.buffer
        peek = getattr(stream, "peek", None)
        return b"" if peek is None else bytes(peek(HEAD))
    try:
        with Path(path).open("rb") as file:
            head = file.read(HEAD)
            # The kind of a spec may stand behind its rows.
            if head.lstrip().startswith(b"{"):
                return head + file.read()
            if Path(path).suffix in (".yaml", ".yml") and not _KIND(head):
                kind = _KIND(file.read())
                return kind[0] + b"\n" + head if kind else head
            return head
    except (OSError, ValueError):
        return b""  # whoever reads it in earnest says why it can't be read
