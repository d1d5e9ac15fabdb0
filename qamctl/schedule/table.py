"""Assignments as a table: what stands beside a result of very many rows, and what `--export csv` writes.

Ids stand in it as they are, whatever they begin with: it is read by programs, and a cell that was altered for the sake
of a spreadsheet would name another task.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

#: Rows up to which they stand in the result itself; beyond, in a table beside it.
MOST_ROWS: Final = 50_000

#: The files of the tables.
TABLE: Final = "assignments.csv"
UNSCHEDULED: Final = "unscheduled.csv"

#: Columns that every table of assignments has, and those that it has where the spec has an origin.
COLUMNS: Final = ("task", "agents", "mode", "start", "end", "segments")
DATES: Final = ("start_time", "end_time")


def set_aside(block: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The block `solution` with its very long lists in tables, and these tables by the name of their file.

    Parameters
    ----------
    block
        With every row in it, as `solution.to_block` gives it.
    """
    found, tables = dict(block), {}
    for part, name, write in (("assignments", TABLE, assignments_csv), ("unscheduled", UNSCHEDULED, unscheduled_csv)):
        if len(block[part]) > MOST_ROWS:
            tables[name] = write(block[part])
            found[part] = {"table": name, "sha256": hashlib.sha256(tables[name]).hexdigest()}
    return found, tables


def assignments_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows of a result as CSV: `task,agents,mode,start,end,segments`, and the moments where the rows have them.

    Agents stand as `a|b`, segments as `0..3|5..9`, null is an empty cell. An id with `|` in it has a backslash before
    that, and before every backslash of its own.
    """
    dated = bool(rows) and DATES[0] in rows[0]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *DATES) if dated else COLUMNS)
    moments = [[row[key] for key in DATES] for row in rows] if dated else [()] * len(rows)
    writer.writerows(
        (
            row["task"], _agents(row["agents"]), row["mode"], row["start"], row["end"], _segments(row["segments"]),
            *moment,
        )
        for row, moment in zip(rows, moments, strict=True)
    )  # fmt: skip
    return text.getvalue().encode()


def unscheduled_csv(tasks: Iterable[str]) -> bytes:
    """The tasks that were left out as CSV, one a row."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("task",))
    writer.writerows((task,) for task in tasks)
    return text.getvalue().encode()


def _agents(names: Sequence[str]) -> str:
    return "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in names)


def _segments(segments: Sequence[Sequence[float]] | None) -> str:
    return "" if segments is None else "|".join(f"{start}..{end}" for start, end in segments)
