"""The folder of a state: who may have it and read it, and what is said of one that makes no sense."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from emulator.asking import within
from support.emulator_kept_worker import OFFERED, memory, opened

from qamctl.emulator.kept import NAME, NotKept, open_kept
from qamctl.errors import AuthError, ExitCode, QamError, SpecError, TemporaryError, UsageError


def fault(folder: Path) -> QamError:
    """What is wrong with a folder."""
    with pytest.raises(QamError) as caught, open_kept(folder, OFFERED):
        pass
    return caught.value


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def full(size: int) -> Iterator[None]:
    """Files can't grow beyond so many bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def change(folder: Path, *statements: str) -> None:
    """Change the database behind the service's back."""
    connection = sqlite3.connect(folder / NAME, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state with a job."""
    place = tmp_path / "in" / "state"
    with opened(place) as asker:
        asker.make("one")
    return place


def test_the_folder_is_its_owners(folder: Path) -> None:
    """The folder, the key, the database and all beside it: whatever the umask says."""
    before = os.umask(0)
    try:
        with opened(folder.with_name("other")) as asker:
            asker.make("one")
            assert mode(folder.with_name("other")) == 0o700
            found = {path.name: mode(path) for path in folder.with_name("other").iterdir()}
    finally:
        os.umask(before)
    assert found == dict.fromkeys(("key", "lock", NAME, f"{NAME}-wal", f"{NAME}-shm"), 0o600)


def test_the_key_is_drawn_once(folder: Path) -> None:
    """Another folder has another; one that was deleted is drawn anew, and a draft that was left is no hindrance."""
    key = (folder / "key").read_text()
    with open_kept(folder, OFFERED) as kept, open_kept(folder.with_name("other"), OFFERED) as other:
        assert kept.key == key
        assert len({kept.key, other.key}) == 2
        assert len(key) == 32
        assert key not in repr(kept)
    (folder / "key").unlink()
    (folder / ".key.tmp").write_text("half a k")
    with open_kept(folder, OFFERED) as kept:
        assert kept.key != key
        assert kept.key == (folder / "key").read_text()
    assert {path.name for path in folder.iterdir()} == {"key", "lock", NAME}


def test_a_key_of_the_users_own_is_taken(folder: Path) -> None:
    """A line in the file."""
    (folder / "key").write_text("a-key-of-my-own\n")
    with open_kept(folder, OFFERED) as kept:
        assert kept.key == "a-key-of-my-own"


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o777])
def test_a_key_that_others_may_read_is_refused(folder: Path, bits: int) -> None:
    """The message says what to do; the folder stays as it is."""
    (folder / "key").chmod(bits)
    found = fault(folder)
    assert isinstance(found, AuthError)
    assert "others may read the key" in found.message
    assert "delete it" in found.message
    assert mode(folder / "key") == bits


@pytest.mark.parametrize("text", ["", "short", "two words in it", "with;semicolon", "x" * 201, "kéykéykéy"])
def test_what_is_no_key_is_refused(folder: Path, text: str) -> None:
    """As the key goes into a header and a connection string."""
    (folder / "key").write_text(text)
    found = fault(folder)
    assert isinstance(found, SpecError)
    assert found.message.endswith("key holds no key: delete it, and a new one is drawn")


def test_what_is_no_file_is_refused(folder: Path) -> None:
    """A folder, and links, which are not followed."""
    key = folder / "key"
    key.rename(folder.with_name("key"))
    key.symlink_to(folder.with_name("key"))
    assert isinstance(fault(folder), UsageError)
    key.unlink()
    key.mkdir()
    assert isinstance(fault(folder), AuthError)
    key.rmdir()
    (folder / NAME).rename(folder.with_name(NAME))
    (folder / NAME).symlink_to(folder.with_name(NAME))
    assert isinstance(fault(folder), UsageError)
    found = fault(folder.with_name("key"))
    assert isinstance(found, UsageError)
    assert "key: file exists" in found.message


def test_a_folder_is_held_by_one_service(folder: Path) -> None:
    """A second one is told who has it, and to try again (75); afterwards it is free."""
    with opened(folder) as asker:
        found = fault(folder)
        assert isinstance(found, TemporaryError)
        assert found.code == ExitCode.TEMPFAIL == 75
        assert f"in use by another emulator (process {os.getpid()})" in found.message
        asker.make("two")
    with opened(folder) as asker:
        assert list(asker.service.jobs) == ["one", "two"]


def spoil_head(file: Path) -> None:
    file.write_bytes(b"What is this?" * 1000)


def spoil_middle(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:12_288] = b"\xaa" * 8192
    file.write_bytes(data)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [spoil_head, spoil_middle, cut])
def test_a_damaged_file_is_refused(folder: Path, spoil: Callable[[Path], None]) -> None:
    """By its name, with what to do, and as a broken file (3)."""
    spoil(folder / NAME)
    found = fault(folder)
    assert isinstance(found, SpecError)
    assert found.code == ExitCode.SPEC == 3
    assert found.message.startswith(f"{folder / NAME} is damaged (")
    assert found.message.endswith(f"delete the folder {folder}, or choose another one")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET content = '{'",
        "UPDATE jobs SET content = '[]'",
        "UPDATE jobs SET content = json_remove(content, '$.begins')",
        "UPDATE jobs SET content = json_insert(content, '$.other', 1)",
        "UPDATE jobs SET content = json_set(content, '$.doom', json('[1, 2, 3]'))",
        "UPDATE jobs SET target = '{}'",
        "UPDATE jobs SET id = x'ff'",
        "UPDATE blobs SET properties = '{}'",
        "DELETE FROM containers",
        "DELETE FROM counters",
        "DROP TABLE blocks",
    ],
)
def test_rows_that_make_no_sense_are_a_damaged_file(folder: Path, statement: str) -> None:
    """Whatever they hold, and whatever is missing."""
    change(folder, statement)
    found = fault(folder)
    assert isinstance(found, SpecError)
    assert "emulator.db is damaged" in found.message


def test_a_later_version_is_refused(folder: Path) -> None:
    """The message says which there are; nothing is changed."""
    change(folder, "PRAGMA user_version = 2")
    before = (folder / NAME).read_bytes()
    found = fault(folder)
    assert isinstance(found, SpecError)
    assert "made by a later qamctl (version 2 of its tables; 1 is known here)" in found.message
    assert (folder / NAME).read_bytes() == before


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Also where it says that it has the same version."""
    change(tmp_path, "CREATE TABLE jobs (id)", "PRAGMA user_version = 1")
    before = (tmp_path / NAME).read_bytes()
    found = fault(tmp_path)
    assert isinstance(found, SpecError)
    assert "is a database of something else: choose another folder" in found.message
    assert (tmp_path / NAME).read_bytes() == before


def test_an_empty_file_is_a_new_state(tmp_path: Path) -> None:
    """As a process leaves it that is killed between making the file and making the tables."""
    (tmp_path / NAME).touch()
    with opened(tmp_path) as asker:
        asker.make("one")
    with opened(tmp_path) as asker:
        assert list(asker.service.jobs) == ["one"]


def test_a_database_that_somebody_else_writes_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may work later."""
    change(folder, "PRAGMA journal_mode = DELETE")
    other = sqlite3.connect(folder / NAME, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("qamctl.emulator.kept.PATIENCE", 0.01)
    found = fault(folder)
    assert isinstance(found, TemporaryError)
    assert "another process uses" in found.message
    other.close()
    with opened(folder) as asker:
        assert list(asker.service.jobs) == ["one"]


@pytest.mark.parametrize("size", [0, 1, 20, 100, 5000])
def test_where_no_space_is_left_no_state_begins(tmp_path: Path, size: int) -> None:
    """It may work later, and then it does: nothing that was begun is in the way."""
    with full(size):
        found = fault(tmp_path / "state")
    assert isinstance(found, TemporaryError)
    assert str(tmp_path / "state") in found.message
    with opened(tmp_path / "state") as asker:
        asker.make("one")


def test_when_space_runs_out_the_service_goes_on(tmp_path: Path) -> None:
    """What can't be kept is not answered as done; once there is space, all of it is kept with the next change."""
    with opened(tmp_path) as asker:
        asker.make("one")
        old, new = (within(asker.container("job-one"), name) for name in ("inputData", "new"))
        with full(1):
            for ask in (
                lambda: asker.ask("DELETE", "jobs/one"),
                lambda: asker.container("job-one"),
                lambda: asker.store("PUT", new, b"new", x_ms_blob_type="BlockBlob"),
                lambda: asker.json("GET", "jobs"),
            ):
                with pytest.raises(NotKept, match=r"can't keep a change in .*emulator\.db: (disk I/O error|.*full)"):
                    ask()
        assert asker.store("GET", old).status == 404
        state = memory(asker.service._core.state)
    with opened(tmp_path) as asker:
        assert memory(asker.service._core.state) == state
        assert (asker.store("GET", new).body, asker.store("GET", old).status) == (b"new", 404)
