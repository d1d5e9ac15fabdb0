"""Rows as Parquet, read back by pyarrow."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qamctl.errors import ExitCode, UnsupportedError
from qamctl.formats.parquet import require_pyarrow, write_parquet

COLUMNS = {
    "task": "text", "agents": "texts", "start": "integer", "end": "number", "segments": "spans",
    "start_time": "moment", "devices": "numbers_by_name",
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"task": "=t1", "agents": ["a|b", "c"], "start": 0, "end": 2.5, "segments": None,
     "start_time": "2026-11-20T22:00:00.5+02:00", "devices": {"gpu": [0, 1]}},
    {"task": "t2", "agents": [], "start": 2**40, "end": 3.0, "segments": [[0, 1], [2.5, 3]],
     "start_time": None, "devices": {}},
]  # fmt: skip


def read(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def test_rows_come_back() -> None:
    """Every value of every kind, moments in UTC, null as null."""
    table = read(write_parquet(ROWS, COLUMNS))
    assert table.column_names == list(COLUMNS)
    first, second = table.to_pylist(maps_as_pydicts="strict")
    assert first | {"start_time": None} == ROWS[0] | {"start_time": None}
    assert first["start_time"] == datetime(2026, 11, 20, 20, 0, 0, 500_000, tzinfo=UTC)
    assert second.pop("segments") == [{"from": 0.0, "to": 1.0}, {"from": 2.5, "to": 3.0}]
    assert second == {name: value for name, value in ROWS[1].items() if name != "segments"}


def test_types_do_not_follow_from_the_rows() -> None:
    """No rows at all have the same columns, of the same types; only a zone is told by the moments."""
    empty = read(write_parquet([], COLUMNS))
    assert empty.num_rows == 0
    full = read(write_parquet(ROWS, COLUMNS))
    told = [field for field in full.schema if field.name != "start_time"]
    assert [field for field in empty.schema if field.name != "start_time"] == told
    assert full.schema.field("start_time").type == pa.timestamp("us", "UTC")
    local = read(write_parquet([{"at": "2026-11-20T20:00:00"}], {"at": "moment"}))
    assert local.schema.field("at").type == pa.timestamp("us")


def test_the_same_bytes_each_time() -> None:
    """Equal rows give equal files."""
    assert write_parquet(ROWS, COLUMNS) == write_parquet(ROWS, COLUMNS)


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install; the exit code is that of a missing package."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (require_pyarrow, lambda: write_parquet([], {})):
        with pytest.raises(UnsupportedError, match=r"pip install 'qamctl\[arrow\]'") as caught:
            call()
        assert caught.value.code == ExitCode.UNSUPPORTED
