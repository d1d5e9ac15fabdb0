"""Faults as GitHub's workflow commands, escaped as its runner unescapes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.annotations import wanted, workflow_command
from qamctl.errors import Diagnostic, Location

#: As the runner takes a command apart (github.com/actions/runner, ActionCommand.cs, TryParseV2).
COMMAND = re.compile(r"::(?P<name>\S+?)(?: (?P<properties>.+?))?::(?P<data>.*)")

#: What the runner turns back, in its order.
DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


def unescape(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for escaped, plain in pairs:
        text = text.replace(escaped, plain)
    return text


def parse(line: str) -> tuple[dict[str, str], str]:
    """Properties and message, as the runner reads them."""
    assert "\n" not in line
    assert "\r" not in line
    found = COMMAND.fullmatch(line)
    assert found is not None
    assert found["name"] == "error"
    pairs = (pair.split("=", 1) for pair in (found["properties"] or "").split(",") if pair)
    return {name: unescape(value, PROPERTY) for name, value in pairs}, unescape(found["data"], DATA)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in a folder of a workspace."""
    (tmp_path / "plans").mkdir()
    monkeypatch.chdir(tmp_path / "plans")
    (tmp_path / "plans" / "a,b:%.yaml").write_text("")
    return tmp_path


def test_a_fault_stands_at_its_line(spec: Path) -> None:
    """With the file from the workspace, wherever the step runs, and the hint in a line of its own."""
    fault = Diagnostic("unknown field\r\n100 %", Location("a,b:%.yaml", 3, 5), "did you mean `id`?")
    told = parse(workflow_command(fault, {"GITHUB_WORKSPACE": str(spec)}))
    assert told == (
        {"file": "plans/a,b:%.yaml", "line": "3", "col": "5"}, "unknown field\r\n100 %\nhint: did you mean `id`?",
    )  # fmt: skip
    assert parse(workflow_command(fault, {}))[0]["file"] == "a,b:%.yaml"
    assert parse(workflow_command(fault, {"GITHUB_WORKSPACE": "/elsewhere"}))[0]["file"] == "a,b:%.yaml"


def test_what_is_no_file_is_told_in_the_message(spec: Path) -> None:
    """A variable of the environment, standard input, a file that is not there; a fault may have no place at all."""
    for name in ("$QAMCTL_SEED", "<stdin>", "none.yaml"):
        assert parse(workflow_command(Diagnostic("bad", Location(name, 7)), {})) == ({}, f"{name}:7: bad")
    assert workflow_command(Diagnostic("bad"), {}) == "::error::bad"


def test_a_place_without_a_line(spec: Path) -> None:
    """Has the file alone."""
    told = parse(workflow_command(Diagnostic("bad", Location("a,b:%.yaml", None, 4)), {}))
    assert told == ({"file": "a,b:%.yaml"}, "bad")


@given(st.text())
def test_any_message_is_read_back(message: str) -> None:
    """On one line, whatever is in it."""
    assert parse(workflow_command(Diagnostic(message), {})) == ({}, message)


@pytest.mark.parametrize(
    ("environ", "expected"), [({"GITHUB_ACTIONS": "true"}, True), ({"GITHUB_ACTIONS": "false"}, False), ({}, False)]
)
def test_only_a_workflow_is_told(environ: dict[str, str], expected: bool) -> None:
    """Where GITHUB_ACTIONS is true, as its runner sets it."""
    assert wanted(environ) is expected
