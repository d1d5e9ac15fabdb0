"""A cursor over the numbers of a text file that always knows its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qamctl.errors import SpecError
from qamctl.formats.faults import LARGEST, fault, shown

_TOKEN = re.compile(r"\S+")
_INTEGER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


class Tokens:
    """Whitespace-separated integers, taken one after the other; line breaks mean nothing.

    Parameters
    ----------
    lines
        The lines to read.
    file
        The file's name for messages.
    what
        The format's name for messages.
    first_line
        The number of the first of `lines` in the file, from 1.
    """

    def __init__(self, lines: Sequence[str], *, file: str, what: str, first_line: int = 1) -> None:
        self.file, self.what = file, what
        self.line, self.column = first_line, 1
        self._after_last = first_line + max(len(lines) - 1, 0)
        self._tokens: Iterator[tuple[str, int, int]] = (
            (match.group(), number, match.start() + 1)
            for number, line in enumerate(lines, first_line)
            for match in _TOKEN.finditer(line)
        )

    def integer(self, meaning: str, low: int = 0, high: int = LARGEST) -> int:
        """The next integer; `meaning` says what it should be, in words.

        Raises
        ------
        SpecError
            At the end of the file, for a token that is no integer, and for one outside [low, high].
        """
        token = next(self._tokens, None)
        if token is None:
            self.line, self.column = self._after_last, 1
            raise self.fault(f"the text ends where {meaning} should stand", hint="the file may be cut off")
        text, self.line, self.column = token
        if not _INTEGER.match(text):
            raise self.fault(f"{shown(text)} stands where {meaning} should, a whole number")
        value = int(text)
        if not low <= value <= high:
            raise self.fault(f"{value} can't be {meaning}, which is from {low} to {high}")
        return value

    def end(self) -> None:
        """Refuse anything that is left."""
        token = next(self._tokens, None)
        if token is not None:
            text, self.line, self.column = token
            raise self.fault(f"{shown(text)} stands after the last number that the counts before it announce")

    def fault(self, message: str, *, hint: str | None = None) -> SpecError:
        """The error for a fault at the token that was taken last."""
        return fault(self.file, self.line, self.column, message, hint=hint, what=self.what)


def lines_of(text: str) -> list[str]:
    """The lines of a text, numbered as an editor does; a byte order mark is dropped."""
    return text.removeprefix("\ufeff").split("\n")
