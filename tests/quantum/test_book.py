"""Angles are written down by name, and the most similar problem's are where a new training begins."""

from __future__ import annotations

import json
import resource
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qamctl.errors import SpecError, TemporaryError, UsageError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa import book as module
from qamctl.quantum.qaoa.book import AngleBook, Entry, Features, features_of
from qamctl.quantum.register import Register

FEATURES = Features(10, 0.5, "real", 0.2)
ENTRY = Entry("night batch", "x", 2, FEATURES, (0.1, 1 / 3, -0.5, -0.2), 0.9)


def ansatz(depth: int = 2, mixer: str = "x") -> Ansatz:
    """Of two qubits."""
    return Ansatz(Register(2), mixer, depth)


def test_entries_come_back_exactly(tmp_path: Path) -> None:
    """A second book on the file has the same entries, bit for bit, and nothing else lies beside it but the lock."""
    path = tmp_path / "book.json"
    AngleBook(path).add(ENTRY)
    assert AngleBook(path).entries == (ENTRY,)
    assert {p.name for p in tmp_path.iterdir()} == {"book.json", ".book.json.lock"}


def test_a_name_keeps_what_reached_more(tmp_path: Path) -> None:
    """A second entry of a name, mixer and depth stands only where its ratio is better; other depths stand beside it."""
    book = AngleBook(tmp_path / "book.json")
    worse, better = replace(ENTRY, ratio=0.8), replace(ENTRY, ratio=0.95, angles=(0.2, 0.3, -0.4, -0.1))
    for entry in (ENTRY, worse, better, replace(ENTRY, depth=1, angles=(0.3, -0.4))):
        book.add(entry)
    assert book.entries == (better, replace(ENTRY, depth=1, angles=(0.3, -0.4)))


def test_the_nearest_problem_is_found(tmp_path: Path) -> None:
    """Size, density, fields and the kind of weights say what is similar; the mixer must be the same."""
    book = AngleBook(tmp_path / "book.json")
    assert book.nearest(ansatz(), FEATURES) is None
    others = {
        "large": replace(FEATURES, n=40),
        "dense": replace(FEATURES, density=1.0),
        "fields": replace(FEATURES, linear_share=0.9),
        "whole": replace(FEATURES, weights="whole"),
    }
    book.add(ENTRY)
    for name, features in others.items():
        book.add(replace(ENTRY, name=name, features=features))
    for name, features in {"night batch": FEATURES, **others}.items():
        found = book.nearest(ansatz(), features)
        assert found is not None
        assert found[0].name == name
    assert book.nearest(ansatz(mixer="grover"), FEATURES) is None


def test_shallow_entries_are_stretched_and_deep_ones_passed_over(tmp_path: Path) -> None:
    """Three layers from an entry of two; none from an entry of two for a circuit of one."""
    book = AngleBook(tmp_path / "book.json")
    book.add(ENTRY)
    found = book.nearest(ansatz(3), FEATURES)
    assert found is not None
    assert found[1] == pytest.approx([0.1, (0.1 + 1 / 3) / 2, 1 / 3, -0.5, -0.35, -0.2])
    assert book.nearest(ansatz(1), FEATURES) is None


def test_features_of_polynomials() -> None:
    """Density counts pairs of variables in a term, the kind looks at couplings alone."""
    equal = Polynomial(4, 0.0, {(0,): 0.3, (0, 1): 2.0, (1, 2): -2.0, (0, 1, 2): 2.0})
    assert features_of(equal, 0.1) == Features(4, 0.5, "equal", 0.1)
    assert features_of(Polynomial(2, 0.0, {(0, 1): 2.0}), 0.0).density == 1.0
    assert features_of(Polynomial(3, 0.0, {(0, 1): 2.0, (1, 2): 3.0}), 0.0).weights == "whole"
    assert features_of(Polynomial(3, 0.0, {(0, 1): 2.0, (1, 2): 3.5}), 0.0).weights == "real"
    assert features_of(Polynomial(1, 0.0, {(0,): 1.0}), 1.0) == Features(1, 0.0, "equal", 1.0)


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    """Books of their own on one file, from several threads: every entry stands in it at the end."""
    path = tmp_path / "book.json"

    def write(name: str) -> None:
        for depth in (1, 2, 3):
            AngleBook(path).add(replace(ENTRY, name=name, depth=depth, angles=(0.1,) * (2 * depth)))

    workers = [threading.Thread(target=write, args=(f"w{k}",)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(AngleBook(path).entries) == 12


def broken(**change: object) -> str:
    """A book whose only entry has other fields."""
    features = {"n": 10, "density": 0.5, "weights": "real", "linear_share": 0.2}
    row = {"name": "a", "mixer": "x", "depth": 1, "features": features, "angles": [0.1, -0.2], "ratio": 0.9}
    return json.dumps({"schema": module.SCHEMA, "entries": [row | change]})


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("{", (1, 2), "no book of angles"),
        ('{\n "a": 1,,\n}', (2, 9), "no book of angles"),
        ('{"schema": "other"}', (1, 1), "its schema is not"),
        ("[]", (1, 1), "its schema is not"),
        (broken(angles=[0.1]), (None, None), r"entries\[0\]"),
        (broken(angles="ab"), (None, None), r"entries\[0\]"),
        (broken(mixer="y"), (None, None), r"entries\[0\]"),
        (broken(ratio=float("nan")), (None, None), r"entries\[0\]"),
        (broken(features=3), (None, None), r"entries\[0\]"),
    ],
)
def test_a_corrupt_book_is_refused_with_its_place(
    tmp_path: Path, text: str, place: tuple[int | None, int | None], words: str
) -> None:
    """The fault has a place and a next step, and the file is left as it is, also when something is added."""
    path = tmp_path / "book.json"
    AngleBook(path).add(ENTRY)
    book = AngleBook(path)
    path.write_text(text)
    for call in (lambda: AngleBook(path), lambda: book.add(replace(ENTRY, name="b"))):
        with pytest.raises(SpecError, match=words) as caught:
            call()
        location = caught.value.diagnostics[0].location
        assert location is not None
        assert (location.line, location.column) == place
        assert "begin a new book" in str(caught.value.diagnostics[0].hint)
    assert path.read_text() == text


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A binary file is no book; a folder cannot be read."""
    path = tmp_path / "book.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="not text"):
        AngleBook(path)
    with pytest.raises(UsageError, match="can't read"):
        AngleBook(tmp_path)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A missing folder, and a name that is taken by a folder, are refused and leave nothing behind."""
    with pytest.raises(UsageError, match="can't write"):
        AngleBook(tmp_path / "missing" / "book.json").add(ENTRY)


def test_a_full_disk_leaves_the_old_book(tmp_path: Path) -> None:
    """Where the new version cannot be written whole, the old one stands and nothing lies beside it."""
    path = tmp_path / "book.json"
    AngleBook(path).add(ENTRY)
    before = path.read_bytes()
    long = replace(ENTRY, name="b" * 100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(TemporaryError, match="free some space"):
            AngleBook(path).add(long)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"book.json", ".book.json.lock"}
    assert np.array(AngleBook(path).entries[0].angles) == pytest.approx(ENTRY.angles)
