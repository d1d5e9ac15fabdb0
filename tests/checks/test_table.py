"""Tables beside a result: read as text, and only where they belong."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from qamctl.checks.table import SURPLUS, read_cells


def test_cells_are_text_by_column(tmp_path: Path) -> None:
    """A byte-order mark, quotes and missing or surplus cells are told apart."""
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfid,name\na,"x,1"\nb\nc,y,z\n')
    assert read_cells(tmp_path, "t.csv") == [
        {"id": "a", "name": "x,1"},
        {"id": "b", "name": None},
        {"id": "c", "name": "y", SURPLUS: ["z"]},
    ]
    right = hashlib.sha256((tmp_path / "t.csv").read_bytes()).hexdigest()
    assert len(read_cells(tmp_path, "t.csv", right)) == 3
    with pytest.raises(ValueError, match="its hash differs"):
        read_cells(tmp_path, "t.csv", "0" * 64)


@pytest.mark.parametrize("name", [None, 7, ["t.csv"], "../t.csv", "/etc/hostname", "\0"])
def test_other_files_are_not_read(tmp_path: Path, name: Any) -> None:
    """The name is one of a file in the folder or below it."""
    (tmp_path / "t.csv").write_text("id\na\n")
    (tmp_path / "run").mkdir()
    with pytest.raises(ValueError, match=r"."):
        read_cells(tmp_path / "run", name)
    with pytest.raises(ValueError, match="not the name of a file beside the result"):
        read_cells(None, "t.csv")
    with pytest.raises(OSError, match="No such file"):
        read_cells(tmp_path / "run", "t.csv")


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    """Quotes that do not end, and bytes that are no text."""
    (tmp_path / "t.csv").write_text('id\n"a"a\n')
    with pytest.raises(ValueError, match=r"t\.csv: "):
        read_cells(tmp_path, "t.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="utf-8"):
        read_cells(tmp_path, "t.csv")
