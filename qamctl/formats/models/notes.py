"""What a format has no place for, in its comments: names, the sense, and, where it has none, the offset.

A line reads `qamctl: offset -3.5`, `qamctl: sense max` or `qamctl: name 17 "a name"` behind the format's comment
sign; the name is JSON text. Only whoever wrote such a line means it, so a damaged one is a fault.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from qamctl.errors import SpecError
from qamctl.spec.cells import read_name
from qamctl.spec.faults import Refusal

_NOTE = re.compile(rb"(?m)^[ \t]*(?:c|\\)[ \t]*qamctl:(.*)$").finditer


@dataclass(slots=True)
class Notes:
    """What the comments of a file say.

    Attributes
    ----------
    names
        Written name (an index, or a stand-in) -> the name that is meant.
    """

    offset: float = 0.0
    sense: str | None = None
    names: dict[str, str] = field(default_factory=dict)


def read_notes(text: bytes, fault: Callable[[int, str], SpecError]) -> Notes:
    """The notes in the comments of a text.

    Parameters
    ----------
    fault
        Makes the error for a fault in a line, numbered from 1.

    Raises
    ------
    SpecError
        A note cannot be read.
    """
    notes = Notes()
    if b"qamctl:" not in text:
        return notes
    line = at = 0
    for match in _NOTE(text):
        line, at = line + text.count(b"\n", at, match.start()), match.start()
        words = match[1].decode("utf-8", "replace").split(None, 2)
        try:
            _take(notes, words)
        except (ValueError, RecursionError) as error:
            raise fault(line + 1, f"the note cannot be read: {error}") from None
        except Refusal as refusal:
            raise fault(line + 1, f"the name in the note {refusal.message}") from None
    return notes


def _take(notes: Notes, words: Sequence[str]) -> None:
    match words:
        case ["offset", number]:
            notes.offset = float(number)
            if not math.isfinite(notes.offset):
                raise ValueError("the offset is not finite")
        case ["sense", "min" | "max" as sense]:
            notes.sense = sense
        case ["name", written, quoted]:
            name = json.loads(quoted)
            if not isinstance(name, str):
                raise ValueError("a name is a text in quotes")
            notes.names[written] = read_name(name, True)
        case _:
            raise ValueError('there are `offset NUMBER`, `sense min|max` and `name WRITTEN "NAME"`')


def note_lines(
    mark: str, *, offset: float = 0.0, sense: str | None = None, names: Iterable[tuple[str, str]] = ()
) -> Iterator[str]:
    """The lines that say it, behind a comment sign."""
    if offset:
        yield f"{mark} qamctl: offset {offset!r}"
    if sense is not None:
        yield f"{mark} qamctl: sense {sense}"
    for written, name in names:
        yield f"{mark} qamctl: name {written} {json.dumps(name)}"


def renamed(names: Mapping[str, str], written: Sequence[str]) -> list[str] | None:
    """The names that are meant, in order; None where two would be the same."""
    meant = [names.get(name, name) for name in written]
    return meant if len(set(meant)) == len(meant) else None
