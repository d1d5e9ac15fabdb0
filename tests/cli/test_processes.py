"""The program as shells, cron and CI see it: exit codes, pipes, signals, locks; every run is a real process."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qamctl.runs.lock import acquire
from qamctl.runs.record import state_folder

SEARCH = ("--backend", "list-search", "--max-steps", "50", "--threads", "1")
LONG = ("--backend", "list-search", "--time-limit", "60")
COMMAND = [sys.executable, "-P", "-m", "qamctl"]  # -P: the installed package, not the one in this folder


def call(*argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *argv], input=text, capture_output=True, text=True, timeout=60, check=False)


def hard_problem(room: Path) -> str:
    """A job shop that no engine proves within seconds."""
    chance = random.Random(7)
    rows = [f"  - {{id: M{m}}}" for m in range(12)]
    tasks = []
    for job in range(20):
        for step, machine in enumerate(chance.sample(range(12), 12)):
            after = f", after: [J{job}.{step - 1}]" if step else ""
            tasks.append(f"  - {{id: J{job}.{step}, duration: {chance.randint(1, 99)}, agents: [M{machine}]{after}}}")
    (room / "hard.yaml").write_text("\n".join(["kind: schedule", "version: 1", "agents:", *rows, "tasks:", *tasks, ""]))
    return "hard.yaml"


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--version"], 0),
        (["schedule", "two.yaml", *SEARCH], 0),
        (["validate", "two.yaml"], 0),
        ([], 2),
        (["schedule"], 2),
        (["schedule", "two.yaml", "--backend", "nonsense"], 2),
        (["schedule", "broken.yaml"], 3),
        (["validate", "nowhere.yaml"], 3),
        (["schedule", "impossible.yaml", *SEARCH], 4),
        (["validate", "impossible.yaml"], 4),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else str(value),
)
def test_exit_codes(argv: list[str], code: int) -> None:
    """What a shell sees follows the table of exit codes, and no traceback ever shows."""
    ran = call(*argv)
    assert (ran.returncode, "Traceback" in ran.stderr + ran.stdout) == (code, False), ran.stderr


def test_exit_code_of_a_bug() -> None:
    """A bug exits with 1 and one line."""
    script = "import qamctl.cli.main as m; m._run = lambda *_: 1 / 0; raise SystemExit(m.main(['x']))"
    ran = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1


def test_exit_code_of_a_missing_package(room: Path) -> None:
    """A table that needs an optional package which is not there exits with 8, and says which."""
    (room / "tasks.parquet").write_bytes(b"PAR1")
    (room / "table.yaml").write_text("kind: schedule\nversion: 1\ntasks: {table: tasks.parquet}\n")
    script = "import sys; sys.modules['pyarrow'] = None; from qamctl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-P", "-c", script, "schedule", "table.yaml"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 8, ran.stderr
    assert "qamctl[arrow]" in ran.stderr


def test_exit_code_of_a_difference(room: Path) -> None:
    """`check` exits with 9 when a figure does not hold."""
    assert call("schedule", "two.yaml", *SEARCH, "--result", "r.json").returncode == 0
    (room / "r.json").write_text((room / "r.json").read_text().replace('"objective": 7', '"objective": 6', 1))
    assert call("check", "r.json", "two.yaml").returncode == 9


def test_standard_input_is_a_spec(room: Path) -> None:
    """`-` reads the problem from standard input, for every command that takes one."""
    text = (room / "two.yaml").read_text()
    ran = call("schedule", "-", *SEARCH, "-o", "json", text=text)
    assert json.loads(ran.stdout)["objective"] == 7
    assert call("validate", "-", text=text).returncode == 0
    assert call("validate", "-", text="kind: schedule\n").returncode == 3
    problem = call("import", "jobshop", "-", text="1 1\n0 3\n")
    assert call("schedule", "-", *SEARCH, text=problem.stdout).returncode == 0


@pytest.mark.parametrize("argv", [["--help"], ["schedule", "two.yaml", *SEARCH], ["init", "schedule"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_fault(argv: list[str]) -> None:
    """`| head -1` never makes a traceback, nor another exit code."""
    read, write = os.pipe()
    process = subprocess.Popen([*COMMAND, *argv], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(read)
    os.close(write)
    _, err = process.communicate(timeout=60)
    told = [line for line in err.splitlines() if "C++ kernels are not installed" not in line]
    assert (process.returncode, told) == (0, [])


def test_a_full_disk_is_told() -> None:
    """A standard output that is full exits with 75 and one line."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [*COMMAND, "init", "schedule"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
        both = subprocess.run(
            [*COMMAND, "nonsense", "-o", "json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr) == (75, "error: the output can't be written: No space left on device\n")
    assert (both.returncode, both.stderr) == (75, ran.stderr)


def test_a_held_lock(room: Path) -> None:
    """While another run holds the lock: fail exits with 75, skip with 0, wait goes on when it is free."""
    state = state_folder(os.environ)
    lock = acquire(state, room / "two.yaml", run="other", now=datetime.now(UTC), mode="fail")
    assert lock is not None
    with lock:
        failed = call("schedule", "two.yaml", *SEARCH)
        skipped = call("schedule", "two.yaml", *SEARCH, "--if-locked", "skip")
        waiting = subprocess.Popen(
            [*COMMAND, "schedule", "two.yaml", *SEARCH, "--if-locked", "wait"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert waiting.stderr is not None
        told = waiting.stderr.readline()
        assert waiting.poll() is None
    out, _ = waiting.communicate(timeout=60)
    assert failed.returncode == 75
    assert "other" in failed.stderr
    assert (skipped.returncode, skipped.stdout) == (0, "")
    assert told != ""
    assert (waiting.returncode, out[:15]) == (0, "Status: optimal")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_keep_the_best_so_far(room: Path, number: signal.Signals, code: int) -> None:
    """A first signal ends the search; the best answer is written, shown, and the exit code says by which signal."""
    process = subprocess.Popen(
        [*COMMAND, "schedule", hard_problem(room), *LONG, "-v", "--result", "r.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert any("built" in line for line in process.stderr)
    time.sleep(0.5)  # into the search
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    result = json.loads((room / "r.json").read_text())
    assert (process.returncode, result["status"]) == (code, "interrupted")
    assert out.startswith("Status: interrupted")
    assert call("check", "r.json", "hard.yaml").returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", [["solve"], ["compile", "--to", "lp"]], ids=["solve", "compile"])
def test_signals_before_the_search_are_told(room: Path, command: list[str], number: signal.Signals, code: int) -> None:
    """While the problem is still read a signal ends the command: with `-o json` one object says so."""
    os.mkfifo(room / "slow.qubo")
    argv = [*COMMAND, command[0], "slow.qubo", *command[1:], "-o", "json"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(room / "slow.qubo", "wb"):  # it is open as soon as the command reads it
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    word = "interrupted" if code == 130 else "terminated"
    fault = {"code": code, "message": f"{word} before there was a result", "diagnostics": []}
    assert (process.returncode, json.loads(out), err) == (code, {"error": fault}, "")


def test_a_terminal_is_drawn_on(room: Path) -> None:
    """Where both streams are a terminal, progress is drawn over itself, wiped at the end, and the status has colour."""
    ours, theirs = os.openpty()
    argv = [*COMMAND, "schedule", hard_problem(room), "--backend", "list-search", "--time-limit", "1"]
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # a terminal whose program has ended says so by EIO on Linux
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    text = seen.decode()
    assert process.wait(timeout=60) == 0
    assert re.search(r"\r\x1b\[K\d s: ", text)
    drawn, page = text.split("Status: ")
    assert page.startswith("\x1b[32mfeasible\x1b[0m")
    assert "\r\x1b[K" in drawn.rpartition("objective")[2]  # the line was wiped before anything else was told
