"""What is told while a run is under way."""

from __future__ import annotations

import io

from qamctl.cli.progress import Progress
from qamctl.console import Console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_one_line_every_half_minute() -> None:
    """Where the streams are no terminals, 90 seconds of ticks make three lines."""
    clock, err = Clock(), io.StringIO()
    with Progress(Console(io.StringIO(), err, {}), clock) as progress:
        for tenth in range(901):
            clock.now = tenth / 10
            progress.tick({"objective": 55} if tenth > 500 else {})
    assert err.getvalue() == "30 s: no answer yet\n60 s: objective 55\n90 s: objective 55\n"


def test_a_terminal_is_drawn_over_and_wiped() -> None:
    """Between two terminals one line is redrawn, and gone at the end."""
    clock, err = Clock(), Terminal()
    with Progress(Console(Terminal(), err, {"COLUMNS": "80"}), clock) as progress:
        clock.now = 1.0
        progress.tick({"objective": 55})
        clock.now = 1.01
        progress.tick({"objective": 54})
    assert err.getvalue() == "\r\x1b[K1 s: objective 55\r\x1b[K"


def test_quiet_draws_nothing() -> None:
    """With -q there is no progress."""
    clock, err = Clock(), io.StringIO()
    with Progress(Console(io.StringIO(), err, {}, quiet=True), clock) as progress:
        clock.now = 100.0
        progress.tick({})
        progress.event("waiting", {"message": "waiting for run x"})
    assert err.getvalue() == ""


def test_events_are_told_with_verbose() -> None:
    """-v tells every event with its fields; without it only that the run waits."""
    clock, err = Clock(), io.StringIO()
    Progress(Console(io.StringIO(), err, {}, verbose=True), clock).event("built", {"tasks": 3})
    assert err.getvalue() == "[   0.000 s] built tasks=3\n"
    err = io.StringIO()
    quiet = Progress(Console(io.StringIO(), err, {}), clock)
    quiet.event("built", {"tasks": 3})
    quiet.event("waiting", {"message": "waiting for run x"})
    assert err.getvalue() == "waiting for run x\n"
