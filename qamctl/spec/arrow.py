"""Parquet and Arrow tables as rows, through pyarrow where it is installed."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from qamctl.errors import UnsupportedError
from qamctl.spec.faults import Faults
from qamctl.spec.rows import Column, Rows
from qamctl.spec.source import Path_

#: Rows of one table; compressed formats can claim any number in a few bytes.
ROWS: Final = 20_000_000


def read_arrow(raw: bytes, suffix: str, path: Path_, faults: Faults) -> Rows:
    """Rows from the bytes of a `.parquet` file or of an `.arrow` file or stream.

    Raises
    ------
    UnsupportedError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        message = f"{suffix} tables need pyarrow, which is not installed: pip install 'qamctl[arrow]'"
        raise UnsupportedError(message) from None
    rows = Rows(0, {}, lambda row: (*path, row), header=path)
    try:
        table = _parquet(raw) if suffix == ".parquet" else _ipc(raw)
        table.validate(full=True)
        columns = {name: _column(table.column(k)) for k, name in enumerate(table.column_names)}
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0][:120]
        faults.add((*path, "table"), f"the table cannot be read: {reason}")
        return rows
    if len(columns) < table.num_columns:
        faults.add((*path, "table"), "the table has two columns of one name")
        return rows
    rows.n, rows.columns = table.num_rows, columns
    return rows


def _parquet(raw: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(raw))
    _bounded(file.metadata.num_rows)
    return file.read()


def _ipc(raw: bytes) -> Any:
    import pyarrow as pa

    is_file = raw.startswith(b"ARROW1")
    reader = pa.ipc.open_file(raw) if is_file else pa.ipc.open_stream(raw)
    table = reader.read_all()
    _bounded(table.num_rows)
    return table


def _bounded(count: int) -> None:
    if count > ROWS:
        raise ValueError(f"more than {ROWS:,} rows")


def _column(column: Any) -> Column:
    """Cells as plain data; a column of text is read as CSV cells are."""
    cells = column.to_pylist()
    kinds = set(map(type, cells))
    if kinds <= {str, type(None)} and str in kinds:
        return Column(["" if cell is None else cell for cell in cells], text=True)
    if kinds <= {int, float, bool, type(None)}:
        return Column(cells)
    return Column([_plain(cell) for cell in cells])


def _plain(cell: Any) -> Any:
    if isinstance(cell, dict):
        return {str(key): _plain(value) for key, value in cell.items() if value is not None}
    if isinstance(cell, list):
        if cell and all(isinstance(item, tuple) and len(item) == 2 for item in cell):  # an Arrow map
            return {str(key): _plain(value) for key, value in cell if value is not None}
        return [_plain(item) for item in cell]
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, timedelta):
        return f"PT{Decimal(cell // timedelta(microseconds=1)) / 1_000_000:f}S"
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, float) and math.isnan(cell):
        return cell
    return cell if isinstance(cell, str | int | float | bool | None) else str(cell)
