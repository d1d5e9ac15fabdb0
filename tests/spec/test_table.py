"""Rows from CSV, Parquet and Arrow tables, and the paths that tables may have."""

from __future__ import annotations

import builtins
import datetime
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qamctl.errors import UnsupportedError
from qamctl.spec import arrow, csv_text
from qamctl.spec.faults import Faults
from qamctl.spec.rows import Rows
from qamctl.spec.source import Source
from qamctl.spec.table import read_rows


def rows_and_faults(value: Any, base: Path = Path()) -> tuple[Rows, list[str]]:
    faults = Faults(Source("x", None, b"", ""))
    rows = read_rows(value, ("tasks",), base, {}, faults)
    return rows, [f"{path}: {message}" for path, message, _ in faults._kept]


def csv(text: str) -> tuple[dict[str, list[str]], list[str]]:
    rows, faults = rows_and_faults({"csv": text})
    return {name: list(column.cells) for name, column in rows.columns.items()}, faults


def test_csv_is_read_with_quotes_blank_lines_and_either_line_end() -> None:
    """RFC 4180: quotes double, lines may end in CRLF; blank lines do not count."""
    expected = {"id": ["a", 'b,"c"', "d"], "due": ["1", "", "2\n3"]}
    assert csv('id, due\na,1\n\n"b,""c""",\nd,"2\n3"\n') == (expected, [])
    assert csv('id,due\r\na,1\r\n"b,""c""",\r\nd,"2\n3"') == (expected, [])


def test_a_table_of_wrong_rows_does_not_fill_memory() -> None:
    """Reading stops after hundreds of rows of a wrong width, and where unquoted rows turn ragged the rest is read."""
    columns, faults = csv("id,a,b,c\n" + "x\n" * 10_000)
    assert len(faults) == 500
    assert len(columns["id"]) < 5_000
    good = "".join(f"t{i},1\n" for i in range(20_000))
    columns, faults = csv(f"id,n\n{good}\n{good}z,1,2\nlast,1\n")
    assert (len(columns["id"]), columns["id"][-2:], len(faults)) == (40_002, ["z", "last"], 1)
    assert csv("id\na\n\nb") == ({"id": ["a", "b"]}, [])


def test_csv_in_pieces_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of the pieces that a table is read in does not show, whether texts repeat or not."""
    text = "id,kind,n\n" + "".join(f"t{i},{'ab'[i % 2]},{i % 7}\n" for i in range(50))
    whole = csv(text)
    monkeypatch.setattr(csv_text, "PIECE", 4)
    monkeypatch.setattr(csv_text, "DISTINCT", 3)
    assert csv(text) == whole
    assert len(whole[0]["id"]) == 50


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the table is empty"),
        ("id,id\na,b\n", "`id` stands in the header twice"),
        ("id,\na,b\n", "a column has no name"),
        ('id\n"a\n', "line 2 of the table cannot be read"),
        ('"id\n', "line 1 of the table cannot be read"),
        ('id,due\n"a"b,3\n', "cannot be read"),
        ("id,due\na,1\nb\n", "('tasks', 1): the row has 1 cells, the header 2"),
        ("id,due\na,1,2\n", "('tasks', 0): the row has 3 cells, the header 2"),
    ],
)
def test_tables_of_a_wrong_shape_are_faults(text: str, fault: str) -> None:
    """Empty tables, bad headers, broken quotes and rows of another width say so."""
    _, faults = csv(text)
    assert len(faults) == 1
    assert fault in faults[0]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("x", "must be a list of rows"),
        ({"table": "a.csv", "csv": "x"}, "must be a list of rows"),
        ({"rows": []}, "must be a list of rows"),
        ({"table": 3}, "must be text"),
        ({"table": "none.csv"}, "no such file"),
        ({"table": "../up.csv"}, "outside the spec's folder"),
        ({"table": "/etc/hosts"}, "outside the spec's folder"),
        ({"table": "link.csv"}, "outside the spec's folder"),
        ({"table": "loop.csv"}, "cannot be read"),
        ({"table": "folder.csv"}, "not a regular file"),
        ({"table": "pipe.csv"}, "not a regular file"),
        ({"table": "a\0.csv"}, "cannot be read"),
        ({"table": "x.xlsx"}, "unknown format"),
        ({"table": "latin.csv"}, "byte 0xe9 is not UTF-8 at latin.csv:2:2"),
        ([{"id": 1}, 3, "x"], "must be a mapping of fields"),
    ],
)
def test_rows_from_nowhere_are_faults(value: Any, fault: str, tmp_path: Path) -> None:
    """Tables must be readable regular files of a known format inside the tree of the spec."""
    (tmp_path / "up.csv").write_text("id\n")
    base = tmp_path / "base"
    (base / "folder.csv").mkdir(parents=True)
    (base / "x.xlsx").write_text("x")
    (base / "latin.csv").write_bytes(b"id\nt\xe9\n")
    (base / "link.csv").symlink_to(tmp_path / "up.csv")
    (base / "loop.csv").symlink_to(base / "loop.csv")
    os.mkfifo(base / "pipe.csv")
    _, faults = rows_and_faults(value, base)
    assert fault in faults[0]


def test_links_within_the_tree_may_be_followed(tmp_path: Path) -> None:
    """A symbolic link to a table inside the tree is a table."""
    (tmp_path / "a.csv").write_text("id\nx\n")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    rows, faults = rows_and_faults({"table": "b.csv"}, tmp_path)
    assert (rows.n, faults) == (1, [])


def test_parquet_and_arrow_give_the_cells_of_their_types(tmp_path: Path) -> None:
    """Numbers stay numbers, text columns are read as CSV cells, nested and time values become plain."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "id": ["a", None],
            "duration": [1, None],
            "due": pa.array([datetime.datetime(2026, 11, 20), None]),
            "lag": pa.array([datetime.timedelta(minutes=1.5), None]),
            "cost": pa.array([Decimal("1.50"), Decimal("2.00")]),
            "demand": pa.array([{"cpu": 1, "mem": None}, None]),
            "skills": pa.array([["x"], None]),
            "capacity": pa.array([[("cpu", 2)], None], pa.map_(pa.string(), pa.int64())),
            "raw": pa.array([b"x", None]),
            "day": pa.array([datetime.date(2026, 11, 20), None]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pa.OSFile(str(tmp_path / "s.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    expected = {
        "id": ["a", ""],
        "duration": [1, None],
        "due": ["2026-11-20T00:00:00", None],
        "lag": ["PT90S", None],
        "cost": [1.5, 2],
        "demand": [{"cpu": 1}, None],
        "skills": [["x"], None],
        "capacity": [{"cpu": 2}, None],
        "raw": ["b'x'", None],
        "day": ["2026-11-20", None],
    }
    for name in ("t.parquet", "t.arrow", "s.arrow"):
        rows, faults = rows_and_faults({"table": name}, tmp_path)
        assert ({key: list(column.cells) for key, column in rows.columns.items()}, faults) == (expected, [])
        assert rows.columns["id"].text


def test_damaged_huge_and_ambiguous_arrow_tables_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A binary table that is damaged, claims too many rows or has a name twice is a fault, not a crash."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"id": ["a"] * 50}), tmp_path / "t.parquet")
    good = (tmp_path / "t.parquet").read_bytes()
    for cut in range(0, len(good), 7):
        (tmp_path / "bad.parquet").write_bytes(good[:cut] + b"\xff\xff" + good[cut + 2 :])
        rows_and_faults({"table": "bad.parquet"}, tmp_path)
    (tmp_path / "bad.arrow").write_bytes(b"ARROW1 and no more")
    assert "cannot be read" in rows_and_faults({"table": "bad.arrow"}, tmp_path)[1][0]
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    with pa.OSFile(str(tmp_path / "twice.arrow"), "wb") as sink, pa.ipc.new_file(sink, twice.schema) as writer:
        writer.write_table(twice)
    assert "two columns" in rows_and_faults({"table": "twice.arrow"}, tmp_path)[1][0]
    monkeypatch.setattr(arrow, "ROWS", 10)
    assert "more than 10 rows" in rows_and_faults({"table": "t.parquet"}, tmp_path)[1][0]


def test_arrow_tables_without_pyarrow_say_which_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is not installed the message says how to get it."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnsupportedError, match=r"qamctl\[arrow\]"):
        rows_and_faults({"table": "t.parquet"}, tmp_path)
