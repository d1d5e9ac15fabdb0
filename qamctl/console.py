"""The only module that prints: the result on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from qamctl.annotations import wanted, workflow_command
from qamctl.errors import Diagnostic, QamError, TemporaryError, UsageError

#: What `-o` takes.
OUTPUTS = ("table", "json", "yaml")

#: Columns of a page where the stream is no terminal.
WIDTH = 80
#: A narrower terminal wraps: tables have no sense below it.
LEAST_WIDTH = 40

_COLOURS = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1"}

#: Control characters in a problem's texts could move a terminal's cursor: each is shown as a question
#: mark. Colours, which `paint` makes, pass.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[\d*m)")

Paint = Callable[[str, str], str]


@dataclass
class Console:
    """The two streams of one invocation, and how much is said on them.

    Attributes
    ----------
    output
        table, json or yaml.
    quiet
        Only faults are told, and the result where json or yaml was asked for.
    verbose
        Every event of the run's log is told.
    argv
        The arguments of the command line, for the record of a run.
    shown
        Whether the result, or part of it, is out: it is the one object that a program reads.
    gone
        Whether the reader of standard output went away: what goes on for ever may end.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    output: str = "table"
    quiet: bool = False
    verbose: bool = False
    argv: Sequence[str] = ()
    shown: bool = False
    gone: bool = False

    @property
    def width(self) -> int:
        """Columns of standard output: `COLUMNS`, else the terminal's, else 80."""
        asked = self.environ.get("COLUMNS", "")
        if asked.isdecimal() and int(asked) > 0:
            return max(LEAST_WIDTH, int(asked))
        if not self.out.isatty():
            return WIDTH
        return max(LEAST_WIDTH, os.get_terminal_size(self.out.fileno()).columns or WIDTH)

    @property
    def live(self) -> bool:
        """Whether progress may be drawn over itself: only where both streams are terminals."""
        dumb = self.environ.get("TERM") == "dumb"
        return self.out.isatty() and self.err.isatty() and not dumb

    def paint(self, text: str, style: str) -> str:
        """`text` in a colour of standard output, or as it is where the stream takes none."""
        return self._coloured(self.out, text, style)

    def show(self, value: Mapping[str, Any], text: Callable[[], str]) -> None:
        """The result: `value` as one object, or as the text that `text` makes of it."""
        self.shown = True
        if self.output == "json":
            import json

            # Lines for a reader at a terminal, one line (and ten times the speed) for a program.
            indent = 2 if self.out.isatty() else None
            line = json.dumps(value, ensure_ascii=not _takes_unicode(self.out), allow_nan=False, indent=indent)
            self._write(self.out, line + "\n")
        elif self.output == "yaml":
            import yaml

            dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
            unicode = _takes_unicode(self.out)
            self._write(self.out, yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=unicode))
        elif not self.quiet:
            self.text(text())

    def stream(self, value: Mapping[str, Any], text: Callable[[], str]) -> None:
        """One result of many, as soon as it is there: a line of JSON, a document of YAML, or the text."""
        if self.output == "json":
            import json

            self.shown = True
            self._write(self.out, json.dumps(value, ensure_ascii=not _takes_unicode(self.out), allow_nan=False) + "\n")
            return
        if self.output == "yaml":
            self._write(self.out, "---\n")
        self.show(value, text)

    def text(self, text: str) -> None:
        """A page for people on standard output."""
        self._write(self.out, _harmless(text if text.endswith("\n") else text + "\n"))

    def artefact(self, content: str | bytes) -> None:
        """A file's content on standard output, byte for byte.

        Raises
        ------
        UsageError
            The content is no text, and standard output is a terminal.
        """
        if isinstance(content, str):
            self._write(self.out, content)
            return
        if self.out.isatty() and not _is_text(content):
            raise UsageError("the output is binary, and would garble this terminal: name a file with --file")
        with self._writing(self.out):
            self.out.flush()
            self.out.buffer.write(content)
            self.out.flush()

    def note(self, line: str) -> None:
        """A line beside the result, on standard error."""
        if not self.quiet:
            self._write(self.err, _harmless(line + "\n"))

    def warn(self, line: str) -> None:
        """Something that the user should know, on standard error."""
        self.note(self._coloured(self.err, "warning: ", "warn") + line)

    def fault(self, error: QamError) -> None:
        """What went wrong: one object on standard output with `-o json` or yaml, else lines on standard error."""
        faults = error.diagnostics
        if self.output != "table":
            self.show(as_object(error), lambda: "")
            self.annotate(faults or [Diagnostic(error.message)])
            return
        told = len(faults) == 1 and faults[0].message in error.message  # once is enough
        if not told or faults[0].location is None:
            self._write(self.err, self._coloured(self.err, "error: ", "bad") + _harmless(error.message) + "\n")
        if not faults:
            self.annotate([Diagnostic(error.message)])
        elif told and faults[0].location is None:
            self._write(self.err, _harmless(self._hint(faults[0])))
            self.annotate(faults)
        else:
            self.diagnostics(faults)

    def diagnostics(self, faults: Sequence[Diagnostic]) -> None:
        """Each fault as `file:line:column: message` and its hint, on standard error, and as an annotation."""
        lines = []
        for fault in faults:
            where = f"{fault.location}: " if fault.location else ""
            lines.append(f"{self._coloured(self.err, where, 'bold')}{fault.message}\n{self._hint(fault)}")
        self._write(self.err, _harmless("".join(lines)))
        self.annotate(faults)

    def annotate(self, faults: Sequence[Diagnostic]) -> None:
        """Each fault as a workflow command on standard error, where a step of a GitHub workflow reads it."""
        if faults and wanted(self.environ):
            lines = "".join(f"{workflow_command(fault, self.environ)}\n" for fault in faults)
            self._write(self.err, _harmless(lines))

    def _hint(self, fault: Diagnostic) -> str:
        return f"  {self._coloured(self.err, 'hint:', 'dim')} {fault.hint}\n" if fault.hint else ""

    def overwrite(self, line: str) -> None:
        """Draw progress over the last line of a terminal; an empty line wipes it."""
        self._write(self.err, "\r\x1b[K" + _harmless(line)[: self.width - 1])

    def close(self) -> None:
        """Say no more on standard output: its reader went away."""
        _silence(self.out)

    def _coloured(self, stream: TextIO, text: str, style: str) -> str:
        if not text or not takes_colour(stream, self.environ):
            return text
        return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"

    def _write(self, stream: TextIO, text: str) -> None:
        """Write and flush; a reader that went away (`| head -1`) is no fault, a full disk is."""
        encoding = stream.encoding or "utf-8"
        with self._writing(stream):
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()

    @contextmanager
    def _writing(self, stream: TextIO) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self.gone = self.gone or stream is self.out
            _silence(stream)
        except OSError as fault:
            _silence(stream)
            raise TemporaryError(f"the output can't be written: {fault.strerror}") from fault


def takes_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """NO_COLOR beats FORCE_COLOR beats TERM=dumb beats whether the stream is a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def as_object(error: QamError) -> dict[str, Any]:
    """A fault as `-o json` tells it."""
    return {
        "error": {
            "code": int(error.code),
            "message": error.message,
            "diagnostics": [diagnostic_object(fault) for fault in error.diagnostics],
        }
    }


def diagnostic_object(fault: Diagnostic) -> dict[str, Any]:
    """One diagnostic as `-o json` tells it."""
    place = fault.location
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "message": fault.message,
        "hint": fault.hint,
    }


def _harmless(text: str) -> str:
    return _CONTROL.sub("?", text)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _takes_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def _silence(stream: TextIO) -> None:
    """Send what is still to come nowhere, so that the flush at exit can't fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
