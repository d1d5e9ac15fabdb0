"""Which format an output looks like, where the job does not say.

Names of members are looked at first; a register may bear one of them, but whoever names the format is not guessed at.
"""

from __future__ import annotations

import re
from typing import Any, Final

from qamctl.azure.results import honeywell, ionq, microsoft_v1, microsoft_v2, pasqal, rigetti
from qamctl.azure.results.document import Row

_BITS: Final = re.compile(r"[01]+").fullmatch

#: A member that only one format has -> the format.
_MARKS: Final = {
    "DataFormat": microsoft_v2.FORMAT,
    "Results": microsoft_v2.FORMAT,
    "Histogram": microsoft_v1.FORMAT,
    "histogram": ionq.FORMAT,
    "counter": pasqal.FORMAT,
}


def format_of(document: Any) -> str | None:
    """The output format that a document has the shape of; None: of none."""
    if not isinstance(document, dict) or not document:
        return None
    marked = next((format for mark, format in _MARKS.items() if mark in document), None)
    if marked is not None:
        return marked
    if all(_BITS(key) and isinstance(value, int) for key, value in document.items()):
        return pasqal.FORMAT
    registers = [value for value in document.values() if isinstance(value, list) and value]
    if registers and all(type(rows[0]) is str for rows in registers):
        return honeywell.FORMAT
    if registers and all(type(rows[0]) is Row for rows in registers):
        return rigetti.FORMAT
    return None
