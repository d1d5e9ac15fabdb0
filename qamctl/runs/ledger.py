"""The credit ledger: what was reserved before a job was sent, and what it came to; one entry of each sort a job.

Amounts are whole millionths of a currency unit, so that sums are exact. A job counts with what was billed; while that
is not known with what was reserved, unless the reservation was released. What is billed may be in another currency
than what was reserved (credits of a provider, and dollars): then the job counts in the currency of the bill.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Final

#: Millionths in a unit.
MICROS = 1_000_000

#: What totals are taken by; names of columns.
GROUPS: Final = ("target", "month", "run")


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
    """A job in the ledger.

    Attributes
    ----------
    month
        Of its reservation; of its bill where nothing was reserved here.
    currency
        Of what was reserved.
    reserved, billed
        Millionths; None: not known.
    released
        Whether the reservation was.
    billed_currency
        None where nothing was billed.
    """

    job: str
    target: str
    run: str | None
    month: str
    currency: str
    reserved: int
    billed: int | None
    released: bool
    billed_currency: str | None = None

    @property
    def counted(self) -> int:
        """What the job counts for, in `counted_currency`."""
        return self.billed if self.billed is not None else 0 if self.released else self.reserved

    @property
    def counted_currency(self) -> str:
        """The currency of what was billed, else of what was reserved."""
        return self.billed_currency or self.currency


def lines(connection: sqlite3.Connection, workspace: str | None = None, month: str | None = None) -> Sequence[Line]:
    """The jobs of a workspace and a month, those of all where None, by the time of their reservation."""
    rows = connection.execute(
        f"""
        SELECT job, target, run, month, currency, reserved, billed, released, billed_currency
        FROM ({_jobs(workspace, month)}) ORDER BY number
        """,
        {"workspace": workspace, "month": month},
    )
    return [
        Line(job, target, run, of, currency, reserved, billed, bool(released), billed_currency)
        for job, target, run, of, currency, reserved, billed, released, billed_currency in rows
    ]


def counted(connection: sqlite3.Connection, workspace: str | None, month: str, currency: str) -> int:
    """Millionths that the jobs of a workspace (of all where None) count for in a month, in a currency.

    A job that was billed in another currency than it was reserved in counts in both: what it is worth in the first is
    not known better than by its reservation, and a budget must not grow by the bill's being in another currency.
    """
    return _sum(connection, currency, workspace, month, None)


def counted_of_run(connection: sqlite3.Connection, workspace: str | None, run: str, currency: str) -> int:
    """Millionths that the jobs of a run count for in a currency, whatever the month."""
    return _sum(connection, currency, workspace, None, run)


def _sum(
    connection: sqlite3.Connection, currency: str, workspace: str | None, month: str | None, run: str | None
) -> int:
    row = connection.execute(
        f"""
        SELECT coalesce(sum(CASE
            WHEN billed_currency = :currency THEN billed
            WHEN currency <> :currency THEN 0
            WHEN billed > 0 THEN reserved
            WHEN billed IS NOT NULL OR released THEN 0
            ELSE reserved END), 0)
        FROM ({_jobs(workspace, month, run)}) WHERE currency = :currency OR billed_currency = :currency
        """,
        {"workspace": workspace, "month": month, "run": run, "currency": currency},
    ).fetchone()
    return int(row[0])


@dataclass(frozen=True, slots=True)
class Total:
    """The jobs of a target, a month or a run in a currency; sums are exact, in millionths.

    Attributes
    ----------
    key
        The target, month or run; None: jobs of no run.
    jobs
        That were reserved or billed in the currency.
    reserved
        All that was, what has been released or billed since among it.
    released
        Of jobs of which nothing was billed.
    counted
        As `Line.counted`.
    compared, estimated, paid
        Jobs with both a reservation and a bill in the currency, and the two sums.
    """

    key: str | None
    currency: str
    jobs: int
    reserved: int
    billed: int
    released: int
    counted: int
    compared: int
    estimated: int
    paid: int


def totals(
    connection: sqlite3.Connection, by: str, workspace: str | None = None, month: str | None = None
) -> Sequence[Total]:
    """Sums over the jobs of a workspace and a month (of all where None), by a word of `GROUPS` and currency.

    Raises
    ------
    ValueError
        `by` is no such word.
    """
    if by not in GROUPS:
        raise ValueError(f"{by!r} is not one of {', '.join(GROUPS)}")
    # A job is one row, and a second one where it was billed in another currency than it was reserved in.
    rows = connection.execute(
        f"""
        WITH jobs_of AS MATERIALIZED ({_jobs(workspace, month)})
        SELECT key, currency, sum(job), sum(reserved), sum(billed), sum(released), sum(counted), sum(compared),
            sum(CASE WHEN compared THEN reserved ELSE 0 END), sum(CASE WHEN compared THEN billed ELSE 0 END)
        FROM (
            SELECT {by} AS key, currency, 1 AS job, reserved,
                CASE WHEN billed_currency = currency THEN billed ELSE 0 END AS billed,
                CASE WHEN released AND billed IS NULL THEN reserved ELSE 0 END AS released,
                CASE WHEN billed_currency = currency THEN billed
                    WHEN released OR billed IS NOT NULL THEN 0 ELSE reserved END AS counted,
                billed IS NOT NULL AND billed_currency = currency AND was_reserved AS compared
            FROM jobs_of
            UNION ALL
            SELECT {by}, billed_currency, 1, 0, billed, 0, billed, 0 FROM jobs_of WHERE billed_currency != currency
        )
        GROUP BY key, currency ORDER BY key, currency
        """,
        {"workspace": workspace, "month": month},
    )
    return [Total(*row) for row in rows]


def _jobs(workspace: str | None, month: str | None, run: str | None = None) -> str:
    """The query that makes one row of every job; only conditions that are asked for stand in it, for the index."""
    asked = {"workspace": workspace, "month": month, "run": run}
    where = "".join(f" AND x.{name} = :{name}" for name, value in asked.items() if value is not None)
    return f"""
        SELECT x.job, x.target, x.run, x.month, x.currency, x.micros AS reserved, b.micros AS billed,
            b.currency AS billed_currency, f.job IS NOT NULL AS released, 1 AS was_reserved, x.number
        FROM ledger x
        LEFT JOIN ledger b ON b.job = x.job AND b.entry = 'billed'
        LEFT JOIN ledger f ON f.job = x.job AND f.entry = 'released'
        WHERE x.entry = 'reserved'{where}
        UNION ALL
        SELECT x.job, x.target, x.run, x.month, x.currency, 0, x.micros, x.currency,
            EXISTS (SELECT 1 FROM ledger f WHERE f.job = x.job AND f.entry = 'released'), 0, x.number
        FROM ledger x
        WHERE x.entry = 'billed'{where}
            AND NOT EXISTS (SELECT 1 FROM ledger r WHERE r.job = x.job AND r.entry = 'reserved')
        """
