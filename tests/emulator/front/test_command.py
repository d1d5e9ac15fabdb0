"""A command beside the service: its exit code, its signals, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from qamctl.emulator.front.command import run_command
from qamctl.errors import UsageError

#: Runs a command as ours does, and tells its exit code.
RUNNER = """
import os, sys
from qamctl.emulator.front.command import run_command
print("code", run_command(sys.argv[1:], os.environ), flush=True)
"""


def python(code: str) -> list[str]:
    """A command that runs this."""
    return [sys.executable, "-c", textwrap.dedent(code)]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(test: object, seconds: float = 30.0) -> bool:
    """Look again until it is so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if test():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("code", [0, 1, 7, 75])
def test_the_exit_code_is_the_command_s(code: int) -> None:
    """Whatever it is."""
    assert run_command(python(f"raise SystemExit({code})"), os.environ) == code


def test_a_command_that_a_signal_ends_is_told_as_shells_tell_it() -> None:
    """128 and the signal's number."""
    assert run_command(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), os.environ) == 137


def test_the_command_has_its_words_and_its_environment(tmp_path: Path) -> None:
    """No shell reads them on the way."""
    file = tmp_path / "told"
    code = "import os, sys; open(sys.argv[1], 'w').write(repr((sys.argv[2:], os.environ['A'])))"
    assert run_command([*python(code), str(file), "$A; x", "*"], {**os.environ, "A": "b c"}) == 0
    assert file.read_text() == "(['$A; x', '*'], 'b c')"


def test_a_command_that_is_not_there_is_a_usage_error() -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match="no command 'no-such-command'"):
        run_command(["no-such-command", "x"], os.environ)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 5), (signal.SIGINT, 6)])
def test_signals_are_the_command_s_to_answer(number: int, code: int, tmp_path: Path) -> None:
    """It ends as it likes, and that is its exit code."""
    ready = tmp_path / "ready"
    body = f"""
    import signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(6))
    open({str(ready)!r}, "w").close()
    time.sleep(60)
    """
    runner = subprocess.Popen([*python(RUNNER), *python(body)], stdout=subprocess.PIPE, text=True)
    assert wait_until(ready.exists)
    runner.send_signal(number)
    assert runner.communicate(timeout=60)[0] == f"code {code}\n"


@pytest.mark.parametrize("stubborn", [False, True])
def test_what_a_command_leaves_behind_is_ended(stubborn: bool, tmp_path: Path) -> None:
    """Also what does not heed SIGTERM."""
    file = tmp_path / "pid"
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" if stubborn else ""
    child = f"{ignore}\nimport os, time\nopen({str(file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    body = f"""
    import os, subprocess, sys, time
    subprocess.Popen([sys.executable, "-c", {child!r}])
    while not os.path.exists({str(file)!r}) or not open({str(file)!r}).read():
        time.sleep(0.02)
    """
    assert run_command(python(body), os.environ) == 0
    assert wait_until(lambda: not is_alive(int(file.read_text())))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a child that its parent died")
def test_a_command_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """Even where that is killed."""
    file = tmp_path / "pid"
    body = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    runner = subprocess.Popen([*python(RUNNER), *python(body)])
    assert wait_until(lambda: file.exists() and file.read_text() != "")
    runner.kill()
    runner.wait()
    assert wait_until(lambda: not is_alive(int(file.read_text())))
