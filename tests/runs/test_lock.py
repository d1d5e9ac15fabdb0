"""One run at a time on one target, by real processes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.runs import NOW

from qamctl.errors import ExitCode, TemporaryError, UsageError
from qamctl.runs.lock import acquire, lock_target, sweep_locks
from qamctl.runs.signals import Interrupted, Stop

ROOT = Path(__file__).parents[2]

HOLD = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from qamctl.runs.lock import acquire
lock = acquire(Path(sys.argv[1]), Path(sys.argv[2]), run="run-of-child", now=datetime.now(UTC))
print("held", flush=True)
sys.stdin.readline()
lock.release()
"""


@contextmanager
def holder(state: Path, target: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is told to end, or killed."""
    command = [sys.executable, "-c", HOLD, str(state), str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child
        finally:
            child.kill()


def test_fail_names_the_holder(tmp_path: Path) -> None:
    """With `fail` a held lock is exit 75, and the message names process and run."""
    target = tmp_path / "out"
    with holder(tmp_path, target) as child, pytest.raises(TemporaryError) as caught:
        acquire(tmp_path, target, run="mine", now=NOW)
    assert caught.value.code == ExitCode.TEMPFAIL
    assert f"locked by run run-of-child (process {child.pid}, since" in caught.value.message
    assert "--if-locked wait" in caught.value.message


def test_skip_gives_none(tmp_path: Path) -> None:
    """With `skip` a held lock gives None, a free one the lock."""
    target = tmp_path / "out"
    with holder(tmp_path, target):
        assert acquire(tmp_path, target, run="mine", now=NOW, mode="skip") is None
    lock = acquire(tmp_path, target, run="mine", now=NOW, mode="skip")
    assert lock is not None
    lock.release()


def test_wait_gets_the_lock_when_the_holder_ends(tmp_path: Path) -> None:
    """With `wait` the call returns once the holder has released, after saying once for whom it waits."""
    target, said = tmp_path / "out", []
    with holder(tmp_path, target) as child:
        assert child.stdin is not None

        def tell(text: str) -> None:
            said.append(text)
            child.stdin.write("\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]

        lock = acquire(tmp_path, target, run="mine", now=NOW, mode="wait", waiting=tell)
        assert lock is not None
        assert child.wait(10) == 0
        lock.release()
    assert len(said) == 1
    assert "waiting for run run-of-child" in said[0]


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    """After kill -9 of the holder the lock is free at once, though its file is still there."""
    target = tmp_path / "out"
    with holder(tmp_path, target) as child:
        child.kill()
        child.wait()
        assert len(list((tmp_path / "locks").iterdir())) == 1
        lock = acquire(tmp_path, target, run="mine", now=NOW)
        assert lock is not None
        lock.release()


def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    """A caught signal ends the wait with the signal's exit code; an uncaught Ctrl-C does so by itself."""
    target, stop = tmp_path / "out", Stop()
    stop.exit_code = ExitCode.TERMINATED
    with holder(tmp_path, target):
        with pytest.raises(Interrupted) as caught:
            acquire(tmp_path, target, run="mine", now=NOW, mode="wait", stop=stop)
        assert caught.value.code == ExitCode.TERMINATED
        # A background job of a shell starts with SIGINT ignored, and Python then leaves it so.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                acquire(tmp_path, target, run="mine", now=NOW, mode="wait")
        finally:
            timer.join()
            signal.signal(signal.SIGINT, before)


def test_locks_of_different_targets_are_independent(tmp_path: Path) -> None:
    """Two targets are locked at once; the files are private and go with the locks."""
    first = acquire(tmp_path, tmp_path / "a", run="a", now=NOW)
    second = acquire(tmp_path, tmp_path / "b", run="b", now=NOW)
    assert first is not None
    assert second is not None
    with first, second:
        files = list((tmp_path / "locks").iterdir())
        assert len(files) == 2
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert list((tmp_path / "locks").iterdir()) == []


def test_no_two_processes_hold_it_at_once(tmp_path: Path) -> None:
    """Six processes that take turns on one lock never overlap, files coming and going under them."""
    code = (
        "import os, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from qamctl.runs.lock import acquire\n"
        "state = Path(sys.argv[1])\n"
        "for _ in range(30):\n"
        "    with acquire(state, state / 'x', run='r', now=datetime.now(UTC), mode='wait'):\n"
        "        os.close(os.open(state / 'inside', os.O_CREAT | os.O_EXCL))\n"
        "        os.unlink(state / 'inside')\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) for _ in range(6)]
    assert [child.wait(60) for child in children] == [0] * 6


def test_target_is_out_else_the_spec_by_its_real_path(tmp_path: Path) -> None:
    """The run directory counts where given, else the spec, links resolved; standard input has no target."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    spec = tmp_path / "link" / "plan.yaml"
    assert lock_target(None, spec) == tmp_path.resolve() / "real" / "plan.yaml"
    assert lock_target(tmp_path / "link", spec) == tmp_path.resolve() / "real"
    assert lock_target(None, None) is None


def test_an_unreadable_signature_is_another_run(tmp_path: Path) -> None:
    """A holder that has not signed yet is still reported, without a name."""
    target = tmp_path / "out"
    with holder(tmp_path, target):
        (path,) = (tmp_path / "locks").iterdir()
        path.write_text("")
        with pytest.raises(TemporaryError, match="locked by another run"):
            acquire(tmp_path, target, run="mine", now=NOW)


def test_an_unusable_lock_file_is_named(tmp_path: Path) -> None:
    """A link in place of the lock file is refused by name."""
    lock = acquire(tmp_path, tmp_path / "out", run="r", now=NOW)
    assert lock is not None
    path = lock.path
    lock.release()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=str(path)):
        acquire(tmp_path, tmp_path / "out", run="r", now=NOW)


def test_sweep_removes_free_locks_only(tmp_path: Path) -> None:
    """Lock files of killed runs go, held ones stay."""
    with holder(tmp_path, tmp_path / "dead") as child:
        child.kill()
        child.wait()
    with holder(tmp_path, tmp_path / "alive"):
        assert len(list((tmp_path / "locks").iterdir())) == 2
        assert sweep_locks(tmp_path) == 1
        assert len(list((tmp_path / "locks").iterdir())) == 1


def test_a_lock_that_can_not_be_signed_is_free_again(tmp_path: Path) -> None:
    """When the disk is full the lock is not held by a run that never was."""
    (tmp_path / "locks").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(TemporaryError, match="free some space"):
            acquire(tmp_path, tmp_path / "out", run="r", now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    lock = acquire(tmp_path, tmp_path / "out", run="r", now=NOW)
    assert lock is not None
    lock.release()
    lock.release()
