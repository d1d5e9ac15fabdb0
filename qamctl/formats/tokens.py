"""A cursor over the numbers of a text file that always knows its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qamctl.errors import SpecError
from qamctl.formats.faults import LARGEST, fault, shown

_TOKEN = re.compile(r"\S+")
_INTEGER = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


class Tokens:
    """Whitespace-separated integers, and words between them, taken one after the other; line breaks mean nothing.

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

    def word(self, expected: str) -> None:
        """The next token, which must be this word.

        Raises
        ------
        SpecError
            It is another one, or the file is at its end.
        """
        token = next(self._tokens, None)
        if token is None:
            self.line, self.column = self._after_last, 1
            raise self.fault(f"the text ends where `{expected}` should stand", hint="the file may be cut off")
        text, self.line, self.column = token
        if text != expected:
            raise self.fault(f"{shown(text)} stands where `{expected}` should")

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


def content_lines(text: str) -> list[tuple[int, str]]:
    """The lines that hold something, each with its number; those that start with `#` are comments."""
    return [
        (number, line)
        for number, line in enumerate(lines_of(text), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def on_line(line: tuple[int, str], *, file: str, what: str) -> Tokens:
    """The numbers of one line alone."""
    return Tokens([line[1]], file=file, what=what, first_line=line[0])


def check_count(
    lines: Sequence[tuple[int, str]], head: int, wanted: int, announced: str, *, hint: str, file: str, what: str
) -> None:
    """Refuse another number of lines below the first `head` than is announced, at the first one too many or the last.

    Raises
    ------
    SpecError
        There are more or fewer.
    """
    found = len(lines) - head
    if found != wanted:
        place = lines[min(head + wanted, len(lines) - 1)][0]
        raise fault(file, place, 1, f"{announced} and {found} lines follow", hint=hint, what=what)
