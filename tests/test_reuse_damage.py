"""Kept answers that are damaged in every way a disk or a hand can: found out, told, found anew, and kept whole again.

    QAMCTL_DAMAGES=10000 pytest tests/test_reuse_damage.py

is the campaign; CI damages fewer.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.warned import warnings_of

from qamctl import pipeline
from qamctl.runs.answers import answers_of, unseal
from qamctl.runs.record import state_folder
from qamctl.story import RunReport

DAMAGES = int(os.environ.get("QAMCTL_DAMAGES", "300"))

PLAN = """\
kind: schedule
version: 1
agents: [{id: a1}, {id: a2}]
tasks: [{id: t1, duration: 3}, {id: t2, duration: 2, after: [t1]}, {id: t3, duration: 4, due: 4}]
objective: [{tardiness: 1}, {makespan: 1}]
"""
FLEET = """\
kind: cluster
version: 1
agents: [{id: a}, {id: b}, {id: c}]
clusters: {count: 2, max_size: 2}
links: [{a: a, b: b}, {a: b, b: c}, {a: a, b: c}]
"""
MODEL = "p qubo 0 4 4 3\n0 0 -1\n1 1 -2\n2 2 1\n3 3 1\n0 1 3\n1 2 -2\n2 3 1\n"

#: The kinds of small problems, what they are written as, and their options; a model's answer has a table beside it.
QUESTIONS: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("schedule", "plan.yaml", PLAN, {"backend": ["list-search"], "max_steps": 5}),
    ("cluster", "fleet.yaml", FLEET, {"backend": ["assignment"], "max_steps": 5}),
    ("model", "model.qubo", MODEL, {"backend": ["anneal"], "max_steps": 5, "reads": 3}),
)

Damage = Callable[[Path, bytes, random.Random, Path], None]


def flip(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    at = rng.randrange(len(data))
    path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])


def cut(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.write_bytes(data[: rng.randrange(len(data))])


def behead(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.write_bytes(data[1 + rng.randrange(len(data) - 1) :])


def zero(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    at, length = rng.randrange(len(data)), 1 + rng.randrange(4096)
    path.write_bytes(data[:at] + b"\0" * min(length, len(data) - at) + data[at + length :])


def append(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.write_bytes(data + rng.choice((b"\n", b"\0" * 512, data, rng.randbytes(1 + rng.randrange(99)))))


def exchange(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    shutil.copyfile(other, path)


def splice(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    at, foreign = rng.randrange(len(data)), other.read_bytes()
    path.write_bytes(data[:at] + foreign[at:])


def scramble(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.write_bytes(rng.randbytes(len(data)))


def empty(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.unlink()
    path.mkdir()
    if rng.random() < 0.5:
        (path / "inside").write_bytes(data)


def shard(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(data)


def link(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.unlink()
    path.symlink_to(rng.choice((other, path.with_name("nowhere"), Path("/dev/zero"))))


def pipe(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def forbid(path: Path, data: bytes, rng: random.Random, other: Path) -> None:
    path.chmod(0)


DAMAGE: tuple[Damage, ...] = (
    flip, flip, flip, cut, cut, behead, zero, zero, append, exchange, splice, scramble, empty, folder, shard, link,
    pipe,
)  # fmt: skip


def ask(folder: Path, which: int) -> RunReport:
    kind, name, text, options = QUESTIONS[which]
    (folder / name).write_text(text)
    return pipeline.run(kind, str(folder / name), {**options, "threads": 1, "reuse": True})


def test_every_damage_is_found_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry after the other is damaged, and its question asked: the answer is right, and the entry whole again."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    state = state_folder(os.environ)
    kept = answers_of(state, 1000)
    keys, right = [], []
    for which in range(len(QUESTIONS)):
        report = ask(tmp_path, which)
        right.append((report.result["status"], report.result["objective"], report.result["solution"]))
        keys += [item.name for item in kept.shelf.items() if item.name not in keys]
    rng = random.Random(1)
    for k in range(DAMAGES):
        which = rng.randrange(len(QUESTIONS))
        damage = rng.choice(DAMAGE if os.geteuid() == 0 else (*DAMAGE, forbid))  # root reads what it is forbidden
        path = kept.shelf.path(keys[which])
        whole = path.read_bytes()
        damage(path, whole, rng, kept.shelf.path(keys[(which + 1) % len(keys)]))
        changed = not path.is_file() or path.is_symlink() or damage is forbid or path.read_bytes() != whole
        report = ask(tmp_path, which)
        what = f"damage {k}, {damage.__name__}"
        assert (report.result["status"], report.result["objective"], report.result["solution"]) == right[which], what
        assert report.exit_code == 0, what
        assert report.metrics["cache"] == {"hits": int(not changed), "misses": int(changed)}, what
        assert len(warnings_of(report)) == int(changed), what
        assert ("reused" in report.result) == (not changed), what
        unseal(keys[which], kept.shelf.read(keys[which]))
        if report.directory is not None:
            shutil.rmtree(report.directory)
    assert {item.name for item in kept.shelf.items()} == set(keys)
