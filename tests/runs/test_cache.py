"""Bytes under their own hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from qamctl.errors import UsageError
from qamctl.runs.cache import Cache

ROOT = Path(__file__).parents[2]


def place(cache: Cache, name: str) -> Path:
    return cache.folder / name[:2] / name


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    """The name is the SHA-256 of the content; folders and files are the owner's only."""
    cache = Cache(tmp_path / "state" / "cache")
    for data in (b"", b"program", bytes(range(256)) * 1000):
        name = cache.put(data)
        assert name == hashlib.sha256(data).hexdigest()
        assert cache.get(name) == data
        assert place(cache, name).stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (cache.folder, *cache.folder.iterdir())} == {0o700}


def test_nothing_there(tmp_path: Path) -> None:
    """A cache that was never written to has nothing, and is not made by reading."""
    cache = Cache(tmp_path / "cache")
    assert cache.get("0" * 64) is None
    assert cache.size() == 0
    cache.drop("0" * 64)
    assert not cache.folder.exists()


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    """A second put does not write again."""
    cache = Cache(tmp_path)
    name = cache.put(b"program")
    before = place(cache, name).stat()
    assert cache.put(b"program") == name
    assert place(cache, name).stat().st_ino == before.st_ino
    assert cache.size() == 7


@pytest.mark.parametrize("damage", [b"", b"progra", b"progran", b"something else"])
def test_damage_is_noticed_and_mended(tmp_path: Path, damage: bytes) -> None:
    """A file that was cut or changed is not given out; putting the content again puts it right."""
    cache = Cache(tmp_path)
    name = cache.put(b"program")
    place(cache, name).write_bytes(damage)
    assert cache.get(name) is None
    assert cache.put(b"program") == name
    assert cache.get(name) == b"program"


def test_dropped_bytes_are_gone(tmp_path: Path) -> None:
    """What was dropped is forgotten, the rest stays; dropping twice is harmless."""
    cache = Cache(tmp_path)
    first, second = cache.put(b"first"), cache.put(b"second one")
    for _ in range(2):
        cache.drop(first)
    assert cache.get(first) is None
    assert cache.get(second) == b"second one"
    assert cache.size() == 10


@pytest.mark.parametrize("name", ["", "x", "../" * 20 + "etc/passwd", "A" * 64, "0" * 63 + "\n", "0" * 65])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    """Only a SHA-256 in small letters names a file: nothing leads out of the folder."""
    cache = Cache(tmp_path)
    for verb in (cache.get, cache.drop):
        with pytest.raises(ValueError, match="is no SHA-256"):
            verb(name)


def test_only_contents_are_counted(tmp_path: Path) -> None:
    """Files that lie where a folder should be, and those that are no contents, are not part of the size."""
    cache = Cache(tmp_path)
    names = [cache.put(b"one"), cache.put(b"three")]
    (tmp_path / "stray").write_bytes(b"not a folder")
    place(cache, names[0]).with_name("notes").write_bytes(b"not a content")
    assert cache.size() == 8


def test_a_place_that_can_t_be_written(tmp_path: Path) -> None:
    """Where the folder is a file, the fault says so."""
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UsageError, match="cache"):
        Cache(tmp_path / "cache").put(b"program")


def test_processes_that_put_the_same(tmp_path: Path) -> None:
    """Four processes that put the same hundred contents at once leave each whole, and nothing else."""
    code = (
        "import sys; from pathlib import Path; from qamctl.runs.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for k in range(100): cache.put(b'content %d' % k)\n"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "cache")]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    cache = Cache(tmp_path / "cache")
    wanted = {hashlib.sha256(b"content %d" % k).hexdigest() for k in range(100)}
    assert {path.name for path in cache.folder.rglob("*") if path.is_file()} == wanted
    assert all(cache.get(name) is not None for name in wanted)
