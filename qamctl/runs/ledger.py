"""The credit ledger: what was reserved before a job was sent, and what it came to; one entry of each sort a job.

Amounts are whole millionths of a currency unit, so that sums are exact. A job counts with what was billed; while that
is not known with what was reserved, unless the reservation was released.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal

#: Millionths in a unit.
MICROS = 1_000_000


def to_micros(amount: float) -> int:
    """An amount in millionths, rounded up: what is promised is never less than what was meant."""
    return int((Decimal(repr(float(amount))) * MICROS).to_integral_value(ROUND_CEILING))


def month_of(at: float) -> str:
    """The month of a moment (seconds since 1970), as 2026-11, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger; `source` says where the figure comes from."""

    job: str
    entry: str
    micros: int
    currency: str
    workspace: str
    target: str
    run: str | None
    month: str
    at: float
    source: str


def write(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Add an entry unless the job has one of the sort; whether it was added. Call it within a transaction."""
    done = connection.execute(
        "INSERT OR IGNORE INTO ledger (job, entry, micros, currency, workspace, target, run, month, at, source) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.job, entry.entry, entry.micros, entry.currency, entry.workspace, entry.target, entry.run,
            entry.month, entry.at, entry.source,
        ),
    )  # fmt: skip
    return done.rowcount == 1


def forget(connection: sqlite3.Connection, job: str, entry: str) -> None:
    """Take an entry back: a job that was released is tried again."""
    connection.execute("DELETE FROM ledger WHERE job = ? AND entry = ?", (job, entry))


@dataclass(frozen=True, slots=True)
class Line:
    """A job in the ledger: millionths reserved, billed (None: not known), and whether the reservation was released."""

    job: str
    target: str
    run: str | None
    month: str
    currency: str
    reserved: int
    billed: int | None
    released: bool

    @property
    def counted(self) -> int:
        """What the job counts for."""
        return self.billed if self.billed is not None else 0 if self.released else self.reserved


def lines(connection: sqlite3.Connection, workspace: str | None = None, month: str | None = None) -> Sequence[Line]:
    """The jobs of a workspace and a month, those of all where None, by the time of their reservation."""
    rows = connection.execute(
        """
        SELECT r.job, r.target, r.run, r.month, r.currency, r.micros,
            (SELECT b.micros FROM ledger b WHERE b.job = r.job AND b.entry = 'billed'),
            EXISTS (SELECT 1 FROM ledger f WHERE f.job = r.job AND f.entry = 'released')
        FROM ledger r
        WHERE r.entry = 'reserved' AND (?1 IS NULL OR r.workspace = ?1) AND (?2 IS NULL OR r.month = ?2)
        ORDER BY r.number
        """,
        (workspace, month),
    )
    return [Line(*row[:7], bool(row[7])) for row in rows]


def counted(connection: sqlite3.Connection, workspace: str, month: str, currency: str) -> int:
    """Millionths that the jobs of a workspace count for in a month, in a currency."""
    found = lines(connection, workspace, month)
    return sum(line.counted for line in found if line.currency == currency)
