"""Rows as a Parquet file, through pyarrow where it is installed."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qamctl.errors import UnsupportedError

#: Columns by name, and what they hold: text, texts, integer, number, spans (pairs of numbers), moment, numbers_by_name.
Columns = Mapping[str, str]


def require_pyarrow() -> None:
    """Raise an UnsupportedError where pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        message = "parquet tables need pyarrow, which is not installed: pip install 'qamctl[arrow]'"
        raise UnsupportedError(message) from None


def write_parquet(rows: Sequence[Mapping[str, Any]], columns: Columns) -> bytes:
    """The rows as a Parquet file; equal rows give equal bytes, for one version of pyarrow.

    Parameters
    ----------
    rows
        With a value for each column, which may be None.
    columns
        Their names and kinds. Moments are ISO-8601 texts: with a zone they are kept in UTC, to the microsecond.

    Raises
    ------
    UnsupportedError
        pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, fields = [], []
    for name, kind in columns.items():
        values = [None if row[name] is None else _plain(kind, row[name]) for row in rows]
        type_ = _type(kind, values)
        arrays.append(pa.array(values, type_))
        fields.append(pa.field(name, type_))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), out)
    return out.getvalue()


def _plain(kind: str, value: Any) -> Any:
    """A value as pyarrow takes it."""
    if kind == "moment":
        return datetime.fromisoformat(value)
    return [{"from": start, "to": end} for start, end in value] if kind == "spans" else value


def _type(kind: str, values: Sequence[Any]) -> Any:
    """The Arrow type of a column."""
    import pyarrow as pa

    if kind == "moment":
        zoned = any(value is not None and value.tzinfo is not None for value in values)
        return pa.timestamp("us", "UTC" if zoned else None)
    span = pa.struct([pa.field("from", pa.float64()), pa.field("to", pa.float64())])
    return {
        "text": pa.string(), "texts": pa.list_(pa.string()), "integer": pa.int64(), "number": pa.float64(),
        "spans": pa.list_(span), "numbers_by_name": pa.map_(pa.string(), pa.list_(pa.int64())),
    }[kind]  # fmt: skip
