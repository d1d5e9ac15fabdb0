"""Every command and option is documented, and the page of commands is up to date."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from qamctl.cli.app import COMMANDS, EXIT_CODES
from qamctl.cli.main import main
from qamctl.cli.reference import commands, commands_page
from qamctl.errors import ExitCode

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "commands.md"
ALL = dict(commands())


def test_the_page_of_commands_is_up_to_date() -> None:
    """docs/commands.md is what the commands' help makes (see the page's first lines for how)."""
    assert PAGE.read_text() == commands_page()


@pytest.mark.parametrize("path", ALL)
def test_every_command_is_on_the_page(path: str) -> None:
    """Each command has its section, with examples that call it."""
    section = PAGE.read_text().split(f"\n## {path}\n")[1].split("\n## ")[0]
    assert "Examples:" in section
    assert path in section.split("```sh")[1].split("```")[0]


@pytest.mark.parametrize("path", ALL)
def test_every_option_has_help(path: str) -> None:
    """No option or argument is left without a sentence of help, nor its sentence without an end."""
    command: Any = ALL[path]
    assert [param.name for param in command.params if not (param.help or "").endswith(".")] == []


def test_the_table_of_commands_is_whole() -> None:
    """Each command of the table can be called, and its line of help is a sentence."""
    assert {path.split()[1] for path in ALL} == set(COMMANDS)
    assert all(line.endswith(".") for _, line in COMMANDS.values())


def test_every_exit_code_is_documented() -> None:
    """The enum and the documentation agree."""
    assert set(EXIT_CODES) == set(ExitCode)


@pytest.mark.parametrize("name", ["schedule-modes", "schedule-ft06"])
def test_the_pipeline_of_compile_and_decode_works(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of docs/compile.md, one after the other, on shipped plans: each ends with exit code 0."""
    block = (ROOT / "docs" / "compile.md").read_text().split("```sh\n")[1].split("```")[0]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert [words[1] for words in lines] == ["compile", "solve", "decode", "check"]
    for variable, value in (("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")):
        monkeypatch.setenv(variable, str(tmp_path / value))
    monkeypatch.setenv("QAMCTL_MAX_STEPS", "1")  # a sample comes back, on a busy machine too
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "problems" / f"{name}.yaml", "plan.yaml")
    assert [main(words[1:]) for words in lines] == [0, 0, 0, 0]
