"""Files are written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qamctl.errors import TemporaryError, UsageError
from qamctl.runs.atomic import Pending, make_folder, sweep, write_atomic, write_error


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_replaces_the_content_and_leaves_nothing_else(tmp_path: Path) -> None:
    """A second write replaces the first, and no temporary file stays."""
    write_atomic(tmp_path / "a.json", "one")
    write_atomic(tmp_path / "a.json", b"two", durable=False)
    assert (tmp_path / "a.json").read_text() == "two"
    assert names(tmp_path) == {"a.json"}


def test_private_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """Private files get mode 0600 in folders of mode 0700, others follow the umask."""
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "s" / "t" / "a", "x", private=True)
        write_atomic(tmp_path / "open" / "b", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "s" / "t").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "s" / "t" / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "open" / "b").stat().st_mode) == 0o644


def test_a_planted_link_is_refused(tmp_path: Path) -> None:
    """A symbolic link in place of the file is neither followed nor replaced, and the error names it."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    (out / "result.json").symlink_to(victim)
    with pytest.raises(UsageError, match=r"result\.json: it is a symbolic link to .*victim"):
        write_atomic(out / "result.json", "evil")
    assert victim.read_text() == "precious"
    assert names(out) == {"result.json"}
    assert (out / "result.json").is_symlink()


def test_a_link_planted_while_writing_is_refused(tmp_path: Path) -> None:
    """A link that appears after the check at the start is caught at the commit."""
    with Pending(tmp_path / "a") as pending:
        pending.write("new")
        (tmp_path / "a").symlink_to("/etc/hostname")
        with pytest.raises(UsageError, match="symbolic link"):
            pending.commit()
    assert names(tmp_path) == {"a"}


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_plain_files_are_replaced(tmp_path: Path, kind: str) -> None:
    """A folder, a pipe or a device of that name is refused."""
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    with pytest.raises(UsageError, match="can't write"):
        write_atomic(path, "x")
    assert kind != "device" or stat.S_ISCHR(path.stat().st_mode)


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    """A parent that is a file, or a name that is too long, gives an error with the path and no trace."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"can't write .*file"):
        write_atomic(tmp_path / "file" / "sub" / "a", "x")
    with pytest.raises(UsageError, match="name too long"):
        write_atomic(tmp_path / ("n" * 300), "x")
    with pytest.raises(UsageError, match="can't write"):
        write_atomic(tmp_path / "file" / "a", "x")


def test_the_longest_legal_name_works(tmp_path: Path) -> None:
    """A name of 255 bytes can be written although temporary names are longer than the file's."""
    for name in ("n" * 255, "ü" * 127):
        write_atomic(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"


def test_a_folder_that_vanishes_is_named(tmp_path: Path) -> None:
    """When the folder goes while the file is written the commit fails by name, and so does the next write."""
    with Pending(tmp_path / "out" / "a") as pending:
        (temp,) = (tmp_path / "out").iterdir()
        temp.unlink()
        (tmp_path / "out").rmdir()
        with pytest.raises(UsageError, match=r"can't write .*out/a: no such file"):
            pending.commit()
    write_atomic(tmp_path / "out" / "a", "again")


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """At the file-size limit the error names the path, the old content stays, the temporary file goes."""
    path = tmp_path / "result.json"
    write_atomic(path, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(TemporaryError, match=r"can't write .*result\.json: file too large; free some space"):
            write_atomic(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_text() == "old"
    assert names(tmp_path) == {"result.json"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_no_space_left_is_temporary() -> None:
    """ENOSPC from the kernel becomes a fault that says to free space and retry."""
    with pytest.raises(OSError, match="No space") as caught:
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    assert isinstance(write_error(Path("/x"), caught.value), TemporaryError)


def test_an_exception_leaves_no_temporary_file(tmp_path: Path) -> None:
    """Leaving the block by an exception removes the new version."""

    def fail() -> None:
        with Pending(tmp_path / "a") as pending:
            pending.write("half")
            assert len(names(tmp_path)) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == set()


def test_sweep_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    """A temporary file of a killed process goes; those of living writers and other files stay."""
    code = (
        "import os, signal, sys; from pathlib import Path; from qamctl.runs.atomic import Pending\n"
        f"p = Pending(Path({str(tmp_path / 'result.json')!r})); p.write('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    child = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    assert child.returncode == -signal.SIGKILL
    (stale,) = names(tmp_path)
    assert stale.startswith(".result.json.")
    (tmp_path / ".notes.tmp").write_text("not ours")
    with Pending(tmp_path / "b") as alive:
        assert sweep(tmp_path) == 1
        alive.write("kept")
        alive.commit()
    assert names(tmp_path) == {".notes.tmp", "b"}


def test_sweep_spares_a_file_that_may_not_be_locked_yet(tmp_path: Path) -> None:
    """A young file of another living process stays although it is not locked; once old, it goes."""
    young = tmp_path / f".a.{os.getppid()}-0123abcd.tmp"
    young.write_text("")
    assert sweep(tmp_path) == 0
    os.utime(young, (time.time() - 60,) * 2)
    assert sweep(tmp_path) == 1


def test_sweep_leaves_locked_and_linked_files(tmp_path: Path) -> None:
    """A locked file is in use, a link is not ours; a missing folder has nothing to sweep."""
    locked = tmp_path / ".a.99999999-0123abcd.tmp"
    locked.write_text("")
    (tmp_path / ".b.99999999-0123abcd.tmp").symlink_to(locked)
    with locked.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert sweep(tmp_path) == 0
    assert sweep(tmp_path) == 1
    assert sweep(tmp_path / "none") == 0


def test_sweep_of_strange_places(tmp_path: Path) -> None:
    """A file has nothing to sweep, a process id that can't be is dead, a name that is too long is told."""
    (tmp_path / "file").write_text("")
    assert sweep(tmp_path / "file") == 0
    (tmp_path / ".a.9999999999-0123abcd.tmp").write_text("")
    assert sweep(tmp_path) == 1
    with pytest.raises(UsageError, match="can't write"):
        sweep(tmp_path / ("n" * 300))


def test_make_folder_takes_what_is_there(tmp_path: Path) -> None:
    """An existing folder is kept as it is, with its mode."""
    tmp_path.chmod(0o755)
    make_folder(tmp_path, private=True)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
