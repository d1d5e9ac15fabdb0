"""The only module that prints: streams, colours, formats."""

from __future__ import annotations

import fcntl
import io
import json
import os
import struct
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qamctl.console import Console, takes_colour
from qamctl.errors import Diagnostic, Location, SpecError, TemporaryError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def pipe(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")


def text_of(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode(stream.encoding)  # type: ignore[attr-defined]


def console(output: str = "table", *, quiet: bool = False, environ: Mapping[str, str] | None = None) -> Console:
    return Console(pipe(), pipe(), environ or {}, output, quiet)


@pytest.mark.parametrize(
    ("environ", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_colour_policy(environ: dict[str, str], terminal: bool, expected: bool) -> None:
    """NO_COLOR beats FORCE_COLOR beats TERM=dumb beats whether the stream is a terminal."""
    assert takes_colour(Terminal() if terminal else io.StringIO(), environ) is expected


def test_colour_is_decided_for_each_stream() -> None:
    """A redirected standard output stays plain while errors on the terminal are coloured."""
    both = Console(pipe(), Terminal(), {})
    assert both.paint("x", "good") == "x"
    both.fault(SpecError("bad"))
    assert "\x1b[31m" in both.err.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_a_result_is_one_object(output: str) -> None:
    """json and yaml carry the value exactly and nothing else."""
    value = {"b": 1, "a": [1.5, None, "日本\x7f\u0085 no"], "deep": {"x": True}}
    page = console(output)
    page.show(value, lambda: "not this")
    text = text_of(page.out)
    assert (json.loads(text) if output == "json" else yaml.safe_load(text)) == value
    assert text_of(page.err) == ""


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_objects_survive_a_stream_without_unicode(output: str) -> None:
    """An ascii stream gets escapes that read back as the same value."""
    page = Console(pipe("ascii"), pipe(), {}, output)
    page.show({"name": "日本"}, str)
    text = text_of(page.out)
    assert (json.loads(text) if output == "json" else yaml.safe_load(text)) == {"name": "日本"}


def test_json_at_a_terminal_is_indented() -> None:
    """A person gets lines, a program one line."""
    seen = Console(Terminal(), Terminal(), {}, "json")
    seen.show({"a": 1}, str)
    assert seen.out.getvalue() == '{\n  "a": 1\n}\n'  # type: ignore[attr-defined]


def test_nan_never_reaches_json() -> None:
    """JSON has no NaN: better a fault than a file that nobody can read."""
    with pytest.raises(ValueError, match="JSON"):
        console("json").show({"a": float("nan")}, str)


def test_quiet_says_nothing_but_faults() -> None:
    """With -q tables, notes and warnings are left out; faults and asked-for objects are not."""
    page = console(quiet=True)
    page.show({"a": 1}, lambda: "table")
    page.note("note")
    page.warn("careful")
    assert text_of(page.out) + text_of(page.err) == ""
    page.fault(SpecError("bad"))
    assert text_of(page.err) == "error: bad\n"
    page = console("json", quiet=True)
    page.show({"a": 1}, str)
    assert json.loads(text_of(page.out)) == {"a": 1}


def test_faults_have_place_and_hint() -> None:
    """Each diagnostic is `file:line:column: message`, its hint below it."""
    page = console()
    faults = [Diagnostic("unknown field", Location("p.yaml", 3, 5), "did you mean duration?"), Diagnostic("other")]
    page.fault(SpecError("p.yaml: 2 faults", faults))
    assert text_of(page.err) == (
        "error: p.yaml: 2 faults\np.yaml:3:5: unknown field\n  hint: did you mean duration?\nother\n"
    )


def test_a_single_fault_is_told_once() -> None:
    """A message that only repeats its one diagnostic is left out."""
    page = console()
    page.fault(SpecError("p.yaml:3: unknown field", [Diagnostic("unknown field", Location("p.yaml", 3))]))
    assert text_of(page.err) == "p.yaml:3: unknown field\n"
    page = console()
    page.fault(SpecError("no such profile", [Diagnostic("no such profile", None, "there is ci")]))
    assert text_of(page.err) == "error: no such profile\n  hint: there is ci\n"


def test_a_fault_as_an_object() -> None:
    """With -o json a fault is one object on standard output."""
    page = console("json")
    page.fault(SpecError("bad", [Diagnostic("unknown", Location("p.yaml", 3, 5), "hint")]))
    assert json.loads(text_of(page.out)) == {
        "error": {
            "code": 3,
            "message": "bad",
            "diagnostics": [{"file": "p.yaml", "line": 3, "column": 5, "message": "unknown", "hint": "hint"}],
        }
    }
    assert text_of(page.err) == ""


@given(text=st.text())
def test_texts_of_a_problem_can_not_drive_the_terminal(text: str) -> None:
    """No control character but line breaks, tabs and colours gets through to a page."""
    page = Console(pipe(), pipe(), {"FORCE_COLOR": "1"})
    page.text(text)
    page.note(text)
    shown = text_of(page.out) + text_of(page.err)
    bad = [c for c in shown.replace("\x1b[", "") if (ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160]
    assert bad == []


def test_an_escape_sequence_is_broken() -> None:
    """A title-setting or cursor sequence in an id loses its escape."""
    page = console(environ={"FORCE_COLOR": "1"})
    page.text("a\x1b]0;title\x07b\x1b[2Jc")
    assert text_of(page.out) == "a?]0;title?b?[2Jc\n"


def test_an_artefact_is_byte_for_byte() -> None:
    """What is written for a file is not touched."""
    page = console(quiet=True)
    page.artefact("a\x07\nb")
    assert text_of(page.out) == "a\x07\nb"


def test_a_full_disk_is_a_clean_fault() -> None:
    """A standard output that can't be written ends in a temporary fault that says so."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        page = Console(full, pipe(), {})
        with pytest.raises(TemporaryError, match="No space left"):
            page.text("x" * 10_000)


@pytest.mark.parametrize(
    ("environ", "width"), [({}, 80), ({"COLUMNS": "120"}, 120), ({"COLUMNS": "7"}, 40), ({"COLUMNS": "x"}, 80)]
)
def test_width_of_a_page(environ: dict[str, str], width: int) -> None:
    """A page has 80 columns where no terminal says otherwise, and never less than a table needs."""
    assert console(environ=environ).width == width


def test_progress_is_live_only_between_two_terminals() -> None:
    """Drawing over a line needs both streams to be terminals, and no dumb one."""
    assert Console(Terminal(), Terminal(), {}).live
    assert not Console(pipe(), Terminal(), {}).live
    assert not Console(Terminal(), pipe(), {}).live
    assert not Console(Terminal(), Terminal(), {"TERM": "dumb"}).live


def test_width_of_a_terminal() -> None:
    """A terminal says itself how wide it is."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with open(theirs, "w") as terminal:
        assert Console(terminal, pipe(), {}).width == 100
    os.close(ours)


def test_a_pipe_without_a_reader_is_silent() -> None:
    """After the reader has gone, pages and closing are no fault."""
    read, write = os.pipe()
    os.close(read)
    err = pipe()
    with open(write, "w") as stream:
        page = Console(stream, err, {})
        page.text("x")
        page.text("y")
        page.close()
    assert text_of(err) == ""


def test_results_one_after_the_other() -> None:
    """Lines of JSON, at a terminal too; documents of YAML; texts."""
    terminal = Console(Terminal(), Terminal(), {}, "json")
    for number in (1, 2):
        terminal.stream({"n": number}, lambda: "")
    assert terminal.out.getvalue() == '{"n": 1}\n{"n": 2}\n'  # type: ignore[attr-defined]
    assert terminal.shown
    documents = console("yaml")
    for number in (1, 2):
        documents.stream({"n": number}, lambda: "")
    assert list(yaml.safe_load_all(text_of(documents.out))) == [{"n": 1}, {"n": 2}]  # type: ignore[arg-type]
    page = console()
    page.stream({"n": 1}, lambda: "one")
    assert text_of(page.out) == "one\n"  # type: ignore[arg-type]


def test_a_reader_that_went_away_is_known() -> None:
    """What goes on for ever may end then; a full disk, and a reader of standard error, are something else."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w") as other:
        both = Console(closed, other, {})
        both.note("a word")
        assert not both.gone
        both.text("a page")
        assert both.gone
