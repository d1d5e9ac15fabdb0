"""A command line in this process, in a room of its own: state, configuration and working folder are fresh."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.command_line import Ran, Run

from qamctl.cli.main import main

TWO_TASKS = """\
kind: schedule
version: 1
name: two
agents: [{id: a1}, {id: a2}]
tasks:
  - {id: t1, duration: 3}
  - {id: t2, duration: 4, after: [t1]}
"""

IMPOSSIBLE = """\
kind: schedule
version: 1
name: impossible
agents: [{id: a1}]
tasks:
  - {id: t1, duration: 3, deadline: 2}
"""

BROKEN = """\
kind: schedule
version: 1
tasks:
  - {id: t1, duraton: 3}
"""


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with three problem files; nothing of the user's is read or written."""
    for name in [
        name for name in os.environ if name.startswith("QAMCTL_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    ]:
        if name != "QAMCTL_SHARED":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    work = tmp_path / "work"
    work.mkdir()
    for name, text in (("two", TWO_TASKS), ("impossible", IMPOSSIBLE), ("broken", BROKEN)):
        (work / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command line in this process."""

    def call(*argv: str) -> Ran:
        capsys.readouterr()
        code = main(argv)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return call
