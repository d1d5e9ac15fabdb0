"""The entry point: usage, help, completion, and the one error handler."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import Run

import qamctl
from qamctl.cli import app, main
from qamctl.console import Console
from qamctl.errors import ExitCode, TemporaryError
from qamctl.runs.signals import Interrupted


def test_version(run: Run) -> None:
    """`--version` prints the program's name and version."""
    assert run("--version") == type(run("--version"))(0, f"qamctl {qamctl.__version__}\n", "")


def test_without_arguments_the_first_steps_are_told(run: Run) -> None:
    """`qamctl` alone says what to do first, and that it was not enough (2)."""
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert [word for word in ("init", "validate", "schedule") if f"qamctl {word}" in ran.err] == [
        "init",
        "validate",
        "schedule",
    ]


def test_help_lists_commands_and_exit_codes(run: Run) -> None:
    """`--help` has every command, every exit code, and no line that wraps."""
    ran = run("--help")
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in app.COMMANDS)
    codes = [int(code) for code in re.findall(r"^    ([0-9]+) +\S", ran.out, re.MULTILINE)]
    assert codes == sorted(int(code) for code in ExitCode)
    assert max(map(len, ran.out.splitlines())) <= 80
    assert run("-h").out == ran.out


def test_help_of_the_app_imports_no_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing the commands does not pay for any of them."""
    monkeypatch.setattr(app, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    assert run("--help").code == 0


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    """Each command's help exits with 0 and gives examples before the options."""
    ran = run(name, "--help")
    assert ran.code == 0
    if name not in ("runs", "config"):
        assert ran.out.index("Examples:") < ran.out.index("Options:")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["schedul"], "Did you mean 'schedule'?"),
        (["xyzzy"], "there is no command 'xyzzy'"),
        (["schedule"], "Missing argument 'SPEC'"),
        (["schedule", "two.yaml", "--time-limt", "3"], "--time-limit"),
        (["schedule", "two.yaml", "more"], "unexpected extra argument"),
        (["schedule", "two.yaml", "--seed"], "--seed"),
        (["--nonsense"], "--nonsense"),
        (["runs"], "qamctl runs --help"),
        (["config", "shw"], "Did you mean 'show'?"),
    ],
)
def test_usage_errors(run: Run, argv: list[str], told: str) -> None:
    """A call that makes no sense exits with 2, and says where the help is."""
    ran = run(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "--help" in ran.err
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize("asked", [["-o", "json"], ["-ojson"], ["-o=json"], ["--output", "json"], ["--output=json"]])
def test_usage_errors_as_json(run: Run, asked: list[str]) -> None:
    """With -o json, however it is written, also a usage error is one object on standard output."""
    ran = run("schedule", *asked)
    assert (ran.code, ran.err) == (2, "")
    assert ran.json["error"]["code"] == 2


def test_the_environment_asks_for_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """QAMCTL_OUTPUT holds for errors that come before any option is read; a flag is stronger."""
    monkeypatch.setenv("QAMCTL_OUTPUT", "json")
    assert run("nonsense").json["error"]["code"] == 2
    assert run("nonsense", "-o", "table").out == ""


@pytest.mark.parametrize(
    ("args", "environ", "expected"),
    [
        ([], {}, "table"),
        (["-o"], {}, "table"),
        (["-o", "xml"], {}, "table"),
        (["--", "-o", "json"], {}, "table"),
        (["-o", "json", "-o", "yaml"], {}, "yaml"),
        ([], {"QAMCTL_OUTPUT": "yaml"}, "yaml"),
    ],
)
def test_asked_output(args: list[str], environ: dict[str, str], expected: str) -> None:
    """The last flag counts, then the environment; what is no format is a table."""
    assert main.asked_output(args, environ) == expected


def test_a_bug_is_kept_in_a_file(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unexpected exception exits with 1, one line on the terminal, and its trace in a private file."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose\nwith a second line")

    monkeypatch.setattr(main, "_run", broken)
    ran = run("schedule", "two.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "ZeroDivisionError: on purpose;" in ran.err
    (file,) = (tmp_path / "state" / "qamctl" / "crashes").iterdir()
    assert str(file) in ran.err
    text = file.read_text()
    assert "Traceback" in text
    assert "'schedule', 'two.yaml'" in text
    assert file.stat().st_mode & 0o077 == 0
    assert "bug" in run("validate", "-o", "json").json["error"]["message"]


def test_a_bug_without_a_state_folder_is_still_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the trace can't be kept, the line says so."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(main, "_run", broken)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    ran = run("x")
    assert ran.code == 1
    assert "could not be kept" in ran.err
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    assert "could not be kept" in run("x").err


@pytest.mark.parametrize(
    ("interrupt", "code", "word"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (Interrupted(ExitCode.INTERRUPTED), 130, "interrupted"),
        (Interrupted(ExitCode.TERMINATED), 143, "terminated"),
    ],
)
def test_interrupts(run: Run, monkeypatch: pytest.MonkeyPatch, interrupt: BaseException, code: int, word: str) -> None:
    """An interrupt exits with 130, a termination with 143, both in one word."""

    def stopped(*_: object) -> None:
        raise interrupt

    monkeypatch.setattr(main, "_run", stopped)
    ran = run("x")
    assert (ran.code, ran.out, ran.err) == (code, "", f"{word}\n")
    ran = run("x", "-o", "json")
    message = f"{word} before there was a result"
    assert (ran.code, ran.json) == (code, {"error": {"code": code, "message": message, "diagnostics": []}})


def test_an_interrupt_behind_the_result_adds_no_second_object(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that reads one object gets one."""

    def stopped(args: list[str], console: Console) -> int:
        console.show({"status": "feasible"}, str)
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_run", stopped)
    ran = run("x", "-o", "json")
    assert (ran.code, ran.json, ran.err) == (130, {"status": "feasible"}, "interrupted\n")


def test_every_error_has_its_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault's own code is the exit code."""

    def locked(*_: object) -> None:
        raise TemporaryError("run 42 holds the lock")

    monkeypatch.setattr(main, "_run", locked)
    assert (run("x").code, run("x").err) == (75, "error: run 42 holds the lock\n")


def test_completion_lists_commands(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shell's completion protocol gives the commands that begin so."""
    monkeypatch.setenv("_QAMCTL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "qamctl sch")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit) as done:
        main.main([])
    assert done.value.code == 0
    assert capsys.readouterr().out.split() == ["schedule", "schema"]


def test_the_package_gives_its_public_names() -> None:
    """Every name in `__all__` is there, an unknown one is not, and dir() lists them."""
    assert [name for name in qamctl.__all__ if getattr(qamctl, name, None) is None] == []
    assert set(qamctl.__all__) <= set(dir(qamctl))
    with pytest.raises(AttributeError, match="nonsense"):
        qamctl.nonsense  # noqa: B018


def test_python_dash_m() -> None:
    """`python -m qamctl` is the command line."""
    ran = subprocess.run([sys.executable, "-m", "qamctl", "--version"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, f"qamctl {qamctl.__version__}\n")
