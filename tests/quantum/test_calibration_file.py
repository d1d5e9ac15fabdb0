"""Files of calibrations: what is written is read, and what is broken is told with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.errors import SpecError, UsageError
from qamctl.quantum.mitigation.calibration import Calibration
from qamctl.quantum.mitigation.calibration_file import (
    calibration_text,
    load_calibration,
    read_calibration,
    save_calibration,
)

FLIPS = st.floats(0, 1)


@given(st.lists(st.tuples(FLIPS, FLIPS), min_size=1, max_size=6), st.text(min_size=1), st.integers(0, 10**9))
def test_what_is_written_is_read(flips: list[tuple[float, float]], target: str, shots: int) -> None:
    """To the last bit of every number."""
    confusion = tuple(((1 - a, 1 - b), (a, b)) for a, b in flips)
    calibration = Calibration(
        target.encode(errors="ignore").decode() or "lab",
        "2026-11-20T08:00:00Z",
        shots,
        tuple(range(len(flips))),
        confusion,
    )
    assert read_calibration(calibration_text(calibration).encode(), "file") == calibration


def sample() -> Calibration:
    """One qubit."""
    return Calibration("lab", "2026-11-20", 100, (3,), (((0.9, 0.2), (0.1, 0.8)),))


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """A second calibration takes the place of the first, and nothing else is left in the folder."""
    path = tmp_path / "lab.json"
    path.write_text("what was there before")
    save_calibration(sample(), path)
    assert load_calibration(path) == sample()
    assert [each.name for each in tmp_path.iterdir()] == ["lab.json"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """Neither where the folder is missing nor where a folder has the file's name."""
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "lab.json", tmp_path / "folder"):
        with pytest.raises(UsageError, match="can't write"):
            save_calibration(sample(), path)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path and the reason are told."""
    with pytest.raises(UsageError, match=r"can't read .*none.json: no such file"):
        load_calibration(tmp_path / "none.json")


GOOD = calibration_text(sample())


@pytest.mark.parametrize(
    ("raw", "line", "column", "message"),
    [
        (GOOD[:40].encode(), 3, 2, "not JSON"),
        (b"", 1, 1, "not JSON"),
        (b'{"format":\n "qamctl-\xff"}', 2, 10, "UTF-8"),
        (b"[" * 100_000, 1, 1, "too deep"),
        (b"[]", 1, 1, "`format`"),
        (GOOD.replace("qamctl-", "other-").encode(), 2, 12, "`format`"),
        (GOOD.replace('"version": 1', '"version": 2').encode(), 3, 13, "`version`"),
        (GOOD.replace('"lab"', "7").encode(), 4, 12, "`target` is no text"),
        (GOOD.replace('"2026-11-20"', '"noon"').encode(), 5, 10, "ISO 8601"),
        (GOOD.replace("100", "1e2").encode(), 6, 11, "`shots` is no whole number"),
        (GOOD.replace("100", "true").encode(), 6, 11, "`shots` is no whole number"),
        (GOOD.replace("100", "-4").encode(), 6, 11, "less than 0"),
        (GOOD.replace("3", '"q3"').encode(), 7, 12, "`qubits` is no list"),
        (GOOD.replace("confusion", "matrices").encode(), 1, 1, "`confusion` is no list"),
        (GOOD.replace("0.9,", "").encode(), 8, 15, "`confusion` is no list"),
        (GOOD.replace("0.9", "0.95").encode(), 8, 15, "qubit 3"),
        (GOOD.replace("0.9", "NaN").encode(), 8, 15, "qubit 3"),
    ],
)
def test_a_broken_file_is_told_with_its_place(raw: bytes, line: int, column: int, message: str) -> None:
    """One sentence, the line and column, and what to do next."""
    with pytest.raises(SpecError, match=message) as caught:
        read_calibration(raw, "lab.json")
    (found,) = caught.value.diagnostics
    assert found.location is not None
    assert (found.location.file, found.location.line, found.location.column) == ("lab.json", line, column)
    assert found.hint is not None
    assert np.all([word in found.hint for word in ("restore", "again")])
