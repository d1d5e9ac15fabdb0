"""Files under names that are hashes: written whole, read back, counted, and cleared by use."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from qamctl.runs import shelf as module
from qamctl.runs.shelf import Item, Shelf

NAMES = [sha256(bytes([k])).hexdigest() for k in range(5)]


def filled(folder: Path) -> Shelf:
    """Five files of 1 to 5 bytes, the first of which was used longest ago."""
    shelf = Shelf(folder / "shelf")
    for k, name in enumerate(NAMES):
        shelf.write(name, b"x" * (k + 1), durable=False)
        os.utime(shelf.path(name), (1000 + k, 1000 + k))
    return shelf


def names(items: list[Item]) -> list[int]:
    return [NAMES.index(item.name) for item in items]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Content, size and time of use; files and folders are the owner's only."""
    shelf = filled(tmp_path)
    assert [shelf.read(name) for name in NAMES] == [b"x" * (k + 1) for k in range(5)]
    assert sorted((item.size, item.used) for item in shelf.items()) == [(k + 1, 1000.0 + k) for k in range(5)]
    assert shelf.size() == 15
    assert shelf.path(NAMES[0]).stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileNotFoundError):
        shelf.read("0" * 64)


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        ({"most": 15}, []),
        ({"most": 14}, [0]),
        ({"most": 9}, [0, 1, 2]),
        ({"most": 0}, [0, 1, 2, 3, 4]),
        ({"keep": 2}, [0, 1, 2]),
        ({"keep": 9}, []),
        ({"before": 1002.0}, [0, 1]),
        ({"before": 2000.0}, [0, 1, 2, 3, 4]),
        ({"keep": 4, "before": 2000.0}, [0]),
        ({"keep": 1, "before": 1001.0}, [0]),
        ({"most": 9, "keep": 4}, [0, 1, 2]),
        ({}, []),
    ],
)
def test_what_would_have_to_go(tmp_path: Path, rules: dict[str, float], gone: list[int]) -> None:
    """The least recently used first, until size, number and age are within the rules."""
    shelf = filled(tmp_path)
    surplus = shelf.surplus(**rules)  # type: ignore[arg-type]
    assert names(surplus) == gone
    shelf.clear(surplus)
    assert {item.name for item in shelf.items()} == {name for k, name in enumerate(NAMES) if k not in gone}


def test_the_size_is_estimated_by_one_folder(tmp_path: Path) -> None:
    """Of a thousand files the estimate is near the truth; an empty folder speaks of nothing."""
    shelf = Shelf(tmp_path / "shelf")
    name = "ab" + "0" * 62
    assert shelf.estimate(name) == 0
    for k in range(1000):
        shelf.write(sha256(str(k).encode()).hexdigest(), b"x" * 10, durable=False)
    found = [shelf.estimate(f"{k:02x}" + "0" * 62) for k in range(256)]
    assert sum(found) / 256 == shelf.size() == 10_000


def test_a_file_that_is_marked_goes_last(tmp_path: Path) -> None:
    """Use counts, not age; marking what is not there is harmless."""
    shelf = filled(tmp_path)
    shelf.mark(NAMES[0])
    shelf.mark("0" * 64)
    assert names(shelf.surplus(keep=1)) == [1, 2, 3, 4]


@pytest.mark.parametrize("obstacle", ["folder", "full folder", "link", "dangling link", "pipe", "shard"])
def test_whatever_lies_in_the_place_of_a_file_makes_room(tmp_path: Path, obstacle: str) -> None:
    """What is no file is not read, waited for or followed; it can be dropped, and a file takes its place."""
    shelf = Shelf(tmp_path / "shelf")
    path, other = shelf.path(NAMES[0]), tmp_path / "other"
    other.write_bytes(b"somebody's")
    (path.parent.parent if obstacle == "shard" else path.parent).mkdir(parents=True)
    match obstacle:
        case "folder":
            path.mkdir()
        case "full folder":
            path.mkdir()
            (path / "inside").write_text("x")
        case "link":
            path.symlink_to(other)
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(path)
        case "shard":
            path.parent.write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"."):
        shelf.read(NAMES[0])
    shelf.write(NAMES[0], b"content", durable=True)
    assert shelf.read(NAMES[0]) == b"content"
    assert other.read_bytes() == b"somebody's"
    shelf.drop(NAMES[0])
    shelf.drop(NAMES[0])
    assert shelf.items() == []


def test_what_killed_writers_left_is_cleared(tmp_path: Path) -> None:
    """Half-written files count for nothing, and go when the shelf is cleared."""
    shelf = filled(tmp_path)
    left = shelf.path(NAMES[0]).with_name(f".{NAMES[0][:50]}.999999999-0123abcd.tmp")
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    assert shelf.size() == 15
    shelf.clear([])
    assert not left.exists()


def test_files_that_go_while_they_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process drops meanwhile is not counted."""
    shelf = filled(tmp_path)
    listed = module._entries

    def then_dropped(folder: Path) -> list[os.DirEntry[str]]:
        found = listed(folder)
        if folder.parent == shelf.folder:
            shelf.drop(NAMES[2])
        return found

    monkeypatch.setattr(module, "_entries", then_dropped)
    assert shelf.size() == 12
