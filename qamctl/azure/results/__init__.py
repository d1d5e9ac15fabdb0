"""What jobs gave, as counts and shots: one reader per output format, and never a raw string in silence.

In every answer the leftmost bit is the highest classical bit, as qiskit has it; each format's module says how its own
order was found out, and from what source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from qamctl.azure.results import honeywell, ionq, microsoft_v1, microsoft_v2, pasqal, rigetti
from qamctl.azure.results.document import load
from qamctl.azure.results.fault import Unreadable, beginning, clean
from qamctl.azure.results.result import Result
from qamctl.azure.results.sniff import format_of
from qamctl.errors import BackendError, UsageError

__all__ = ["FORMATS", "Result", "parse"]

#: (document, shots, bits) -> results; raises `Unreadable`.
_Reader = Callable[[Any, int | None, int | None], tuple[Result, ...]]

_READERS: Final[dict[str, _Reader]] = {
    module.FORMAT: module.read for module in (microsoft_v2, microsoft_v1, ionq, rigetti, honeywell, pasqal)
}

#: Output formats that are read, as the service names them.
FORMATS: Final = tuple(_READERS)

_NEXT: Final = (
    "the job keeps its output, so nothing is lost: look at it as it is stored, or submit again with "
    f"output format {microsoft_v2.FORMAT}"
)


def parse(data: bytes, *, format: str, shots: int | None, bits: int | None = None) -> tuple[Result, ...]:
    """Read the output of a job that succeeded.

    Parameters
    ----------
    data
        The output as it is stored: JSON.
    format
        The job's `outputDataFormat`. Where it is empty or unknown, the format is told from the content, and the
        results' `format` says so.
    shots
        How many were asked for; formats that give probabilities only are turned into so many counts. Formats that
        count say themselves how many there were. None: not known, and probabilities stay probabilities.
    bits
        Classical bits of each outcome; None: as many as the output shows. Only IonQ's format needs it: it has numbers,
        and a highest qubit that is never 1 leaves no trace in them.

    Returns
    -------
    tuple[Result, ...]
        One for each item of the job, at least one.

    Raises
    ------
    BackendError
        The output can't be read: which format was expected, what was found, and what to do.
    UsageError
        `shots` or `bits` is negative.
    """
    if min(shots or 0, bits or 0) < 0:
        raise UsageError(f"shots and bits can't be negative, and they are {shots} and {bits}; give 0 or more, or none")
    name = format.strip().lower()
    expected = name if name in _READERS else f"one of {', '.join(FORMATS)} (the job names {_named(name)})"
    seen: str | None = None
    try:
        document = load(data)
        seen = format_of(document)
        known = name if name in _READERS else seen
        if known is None:
            raise Unreadable("it has the shape of none of them")
        results = _READERS[known](document, shots, bits)
    except Unreadable as fault:
        reason = str(fault)
    else:
        return (
            results if known == name else tuple(replace(r, format=f"{known} (told from the content)") for r in results)
        )
    other = f" (it looks like {seen})" if seen not in (None, name) else ""
    # Out here it does not hold on to the other error, nor to the document in its frames.
    raise BackendError(
        f"the job's output can't be read as {expected}: {reason}{other}; found {beginning(data)}; {_NEXT}"
    )


def _named(name: str) -> str:
    return clean(name, 60) if name else "no format"
