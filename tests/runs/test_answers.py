"""Whole answers under the hash of their question: sealed, verified, bounded."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import UsageError
from qamctl.runs.answers import Answers, DamagedError, answers_of, prune_answers, seal, unseal
from qamctl.runs.shelf import Shelf

ROOT = Path(__file__).parents[2]
KEY, OTHER = "a" * 64, "b" * 64
PARTS = {"answer": b'{"result": {}}', "table/rows.csv": b"a,b\n1,2\n", "copy/empty": b""}


def resealed(body: bytes) -> bytes:
    """An entry whose hash is right, whatever it holds."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """Every part, byte for byte; another key has nothing; what is dropped is gone."""
    answers = answers_of(tmp_path, 1)
    assert answers.get(KEY) is None
    assert not (tmp_path / "answers").exists()
    assert answers.put(KEY, PARTS)
    assert answers.get(KEY) == PARTS
    assert answers.get(OTHER) is None
    answers.drop(KEY)
    assert answers.get(KEY) is None


@given(st.dictionaries(st.text(max_size=9), st.binary(max_size=40), max_size=4))
def test_sealing_is_undone_by_unsealing(parts: dict[str, bytes]) -> None:
    """Whatever the parts are called and hold, in their order."""
    assert list(unseal(KEY, seal(KEY, parts)).items()) == list(parts.items())


@given(st.data())
def test_no_change_of_an_entry_goes_unseen(data: st.DataObject) -> None:
    """A bit, a cut, a piece more or less anywhere: each is damage."""
    whole = seal(KEY, PARTS)
    at = data.draw(st.integers(0, len(whole) - 1))
    to = data.draw(st.integers(at, len(whole)))
    piece = data.draw(st.binary(max_size=9))
    changed = whole[:at] + piece + whole[to:]
    if changed != whole:
        with pytest.raises(DamagedError):
            unseal(KEY, changed)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (b"", "cut off"),
        (seal(KEY, PARTS)[:64], "cut off"),
        (seal(KEY, PARTS) + b"x", "hash differs"),
        (seal(OTHER, PARTS), "another question"),
        (resealed(b"no json\n"), "no head"),
        (resealed(b"[]\n"), "no head"),
        (resealed(b'{"schema": "qamctl/answer/1"}\n'), "no head"),
        (resealed(b'{"schema": "qamctl/answer/2", "key": "k", "parts": {}}\n'), "qamctl/answer/2"),
        (resealed(b'{"schema": "qamctl/answer/1", "key": "' + KEY.encode() + b'", "parts": {"a": 3}}\nab'), "as long"),
        (resealed(b'{"schema": "qamctl/answer/1", "key": "' + KEY.encode() + b'", "parts": {"a": -1}}\n'), "as long"),
    ],
)
def test_damage_is_told_and_removed(tmp_path: Path, entry: bytes, why: str) -> None:
    """An entry that can't be trusted is not given out: the fault says why, and the next look finds nothing."""
    answers = answers_of(tmp_path, 1)
    answers.put(KEY, PARTS)
    answers.shelf.path(KEY).write_bytes(entry)
    with pytest.raises(DamagedError, match=why):
        answers.get(KEY)
    assert answers.get(KEY) is None
    assert not answers.shelf.path(KEY).exists()


def test_a_folder_in_the_place_of_an_entry_is_damage(tmp_path: Path) -> None:
    """It can't be read, it goes, and the answer can be kept again."""
    answers = answers_of(tmp_path, 1)
    answers.shelf.path(KEY).mkdir(parents=True)
    with pytest.raises(DamagedError, match="can't be read"):
        answers.get(KEY)
    assert answers.put(KEY, PARTS)
    assert answers.get(KEY) == PARTS


def test_the_size_is_bounded(tmp_path: Path) -> None:
    """The answers used least recently make room; one that is too large is not kept, and drives none out."""
    answers = Answers(Shelf(tmp_path / "answers"), 1000)
    keys = [f"{k}{k}" + "c" * 62 for k in range(4)]
    for k, key in enumerate(keys[:3]):
        assert answers.put(key, {"answer": b"x" * 60})
        os.utime(answers.shelf.path(key), (1000 + k, 1000 + k))
    assert answers.get(keys[0]) is not None  # used just now
    assert answers.put(keys[3], {"answer": b"x" * 60})
    assert answers.shelf.size() <= 1000
    assert [answers.get(key) is not None for key in keys] == [True, False, True, True]
    assert not answers.put(OTHER, {"answer": b"x" * 2000})
    assert answers.get(OTHER) is None
    assert answers.get(keys[0]) is not None


def test_answers_are_pruned_by_number_and_age(tmp_path: Path) -> None:
    """As runs are; a dry run only tells."""
    answers = answers_of(tmp_path, 1)
    keys = [f"{k}{k}" + "d" * 62 for k in range(4)]
    for k, key in enumerate(keys):
        answers.put(key, PARTS)
        os.utime(answers.shelf.path(key), (1000 + k, 1000 + k))
    assert [item.name for item in prune_answers(tmp_path, keep=3, dry_run=True)] == keys[:1]
    assert len(answers.shelf.items()) == 4
    assert [item.name for item in prune_answers(tmp_path, before=1002.0)] == keys[:2]
    assert [item.name for item in prune_answers(tmp_path, keep=1)] == keys[2:3]
    assert prune_answers(tmp_path / "none", keep=0) == []


def test_a_place_that_can_t_be_written(tmp_path: Path) -> None:
    """Where the folder is a file, looking finds damage that it can't mend, and keeping says so."""
    (tmp_path / "answers").write_text("a file")
    answers = answers_of(tmp_path, 1)
    with pytest.raises(DamagedError, match="can't be read"):
        answers.get(KEY)
    with pytest.raises(UsageError, match="answers"):
        answers.put(KEY, PARTS)


def test_writers_readers_and_clearers_at_once(tmp_path: Path) -> None:
    """Four processes that keep, read and drive out the same answers never meet half of one."""
    code = (
        "import random, sys; from pathlib import Path; from qamctl.runs.answers import Answers; "
        "from qamctl.runs.shelf import Shelf\n"
        "answers, rng = Answers(Shelf(Path(sys.argv[1])), 30_000), random.Random(int(sys.argv[2]))\n"
        "for _ in range(400):\n"
        "    k = rng.randrange(12)\n"
        "    parts = {'answer': b'%d' % k * 2000}\n"
        "    key = ('%02d' % k) + 'e' * 62\n"
        "    found = answers.get(key) if rng.random() < 0.6 else answers.put(key, parts) and parts\n"
        "    assert found in (None, parts), k\n"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "answers")]
    children = [subprocess.Popen([*command, str(seed)], cwd=ROOT) for seed in range(4)]
    assert [child.wait(120) for child in children] == [0] * 4
    answers = Answers(Shelf(tmp_path / "answers"), 30_000)
    assert 0 < answers.shelf.size() <= 30_000 + 4 * 5000
    assert not list((tmp_path / "answers").rglob("*.tmp"))
