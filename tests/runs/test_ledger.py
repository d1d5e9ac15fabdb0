"""The credit ledger's sums, against a slow model in plain Python over random histories."""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.runs import ledger
from qamctl.runs.database import MIGRATIONS, connect, transaction
from qamctl.runs.ledger import Entry

WORKSPACES, TARGETS, MONTHS, CURRENCIES = (
    ("w/1", "w/2"),
    ("a.sim", "b.qpu", "c.qpu"),
    ("2026-10", "2026-11"),
    ("USD", "HQC"),
)


@contextmanager
def memory() -> Iterator[sqlite3.Connection]:
    """The real schema in memory, for many short histories."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for step in MIGRATIONS:
        connection.executescript(step)
    try:
        yield connection
    finally:
        connection.close()


def entry(job: str, sort: str, micros: int = 0, **other: object) -> Entry:
    """An entry with something everywhere."""
    fields: dict[str, object] = {
        "currency": "USD", "workspace": "w/1", "target": "a.sim", "run": None, "month": "2026-11", "at": 1.0,
        "source": "test",
    }  # fmt: skip
    return Entry(job, sort, micros, **{**fields, **other})  # type: ignore[arg-type]


@dataclass
class Model:
    """One job, as the words say: at most one entry of each sort, the first one stays."""

    entries: dict[str, Entry]

    @property
    def base(self) -> Entry | None:
        return self.entries.get("reserved") or self.entries.get("billed")

    @property
    def counted(self) -> tuple[int, str]:
        if (billed := self.entries.get("billed")) is not None:
            return billed.micros, billed.currency
        reserved = self.entries["reserved"]
        return (0 if "released" in self.entries else reserved.micros), reserved.currency

    def in_budget(self, currency: str) -> int:
        """What a budget in a currency has to hold: the bill; the reservation, too, where the bill is in another."""
        billed, reserved = self.entries.get("billed"), self.entries.get("reserved")
        if billed is not None and billed.currency == currency:
            return billed.micros
        if reserved is None or reserved.currency != currency:
            return 0
        if billed is not None:
            return reserved.micros if billed.micros > 0 else 0
        return 0 if "released" in self.entries else reserved.micros


def history(rng: random.Random, connection: sqlite3.Connection) -> dict[str, Model]:
    """Reservations, bills, releases, and releases taken back, in any order, written to both."""
    jobs: defaultdict[str, Model] = defaultdict(lambda: Model({}))
    homes: dict[str, dict[str, object]] = {}
    for at in range(rng.randrange(60)):
        job = f"job-{rng.randrange(12)}"
        home = homes.setdefault(
            job,
            {"workspace": rng.choice(WORKSPACES), "target": rng.choice(TARGETS), "run": rng.choice(["r1", "r2", None])},
        )
        sort = rng.choice(["reserved", "reserved", "billed", "released"])
        if rng.random() < 0.2:  # the job is tried again
            for gone in ("released", "reserved"):
                ledger.forget(connection, job, gone)
                jobs[job].entries.pop(gone, None)
            sort = "reserved"
        new = entry(
            job, sort, 0 if sort == "released" else rng.randrange(10**12), at=float(at), month=rng.choice(MONTHS),
            currency=rng.choice(CURRENCIES), **home,
        )  # fmt: skip
        assert ledger.write(connection, new) == (sort not in jobs[job].entries)
        jobs[job].entries.setdefault(sort, new)
    return jobs


def wanted(jobs: dict[str, Model], workspace: str | None, month: str | None) -> list[Model]:
    """The jobs that a question is about."""
    return [
        job
        for job in jobs.values()
        if (base := job.base) is not None
        and (workspace is None or base.workspace == workspace)
        and (month is None or base.month == month)
    ]


@given(st.integers(0, 2**32 - 1))
def test_sums_are_those_of_a_slow_model(seed: int) -> None:
    """Over any history counted, lines and totals are what a job-by-job sum in Python gives, to the millionth."""
    with memory() as connection:
        jobs = history(random.Random(seed), connection)
        for workspace in (None, *WORKSPACES):
            for month in (None, *MONTHS):
                chosen = wanted(jobs, workspace, month)
                found = ledger.lines(connection, workspace, month)
                assert sorted((line.job, line.counted, line.counted_currency) for line in found) == sorted(
                    (job.base.job, *job.counted) for job in chosen if job.base
                )
                if month is not None:
                    for currency in CURRENCIES:
                        total = sum(job.in_budget(currency) for job in chosen)
                        assert ledger.counted(connection, workspace, month, currency) == total
                else:
                    for run in ("r1", "r2"):
                        mine = [job for job in chosen if job.base and job.base.run == run]
                        for currency in CURRENCIES:
                            total = sum(job.in_budget(currency) for job in mine)
                            assert ledger.counted_of_run(connection, workspace, run, currency) == total
                for by in ledger.GROUPS:
                    assert {(t.key, t.currency): t for t in ledger.totals(connection, by, workspace, month)} == slow(
                        chosen, by
                    )


def slow(jobs: list[Model], by: str) -> dict[tuple[str | None, str], ledger.Total]:
    """Totals, one job after the other."""
    sums: defaultdict[tuple[str | None, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for job in jobs:
        assert job.base is not None
        key = getattr(job.base, by)
        reserved, billed = job.entries.get("reserved"), job.entries.get("billed")
        for currency in {found.currency for found in (reserved, billed) if found}:
            sums[key, currency]["jobs"] += 1
        if reserved:
            sums[key, reserved.currency]["reserved"] += reserved.micros
            if "released" in job.entries and not billed:
                sums[key, reserved.currency]["released"] += reserved.micros
        if billed:
            sums[key, billed.currency]["billed"] += billed.micros
        micros, currency = job.counted
        sums[key, currency]["counted"] += micros
        if reserved and billed and reserved.currency == billed.currency:
            sums[key, currency]["compared"] += 1
            sums[key, currency]["estimated"] += reserved.micros
            sums[key, currency]["paid"] += billed.micros
    names = ("jobs", "reserved", "billed", "released", "counted", "compared", "estimated", "paid")
    return {key: ledger.Total(*key, *(row[name] for name in names)) for key, row in sums.items()}


def test_a_job_counts_as_reserved_then_as_billed(tmp_path: Path) -> None:
    """A reservation counts until it is released or billed; a bill after a release counts again."""
    with connect(tmp_path / "state.db") as connection:
        sums = []
        for new in (entry("j", "reserved", 7), entry("j", "released"), entry("j", "billed", 5, month="2026-12")):
            with transaction(connection):
                assert ledger.write(connection, new)
            sums.append(ledger.counted(connection, "w/1", "2026-11", "USD"))
        assert sums == [7, 0, 5]
        assert not ledger.write(connection, entry("j", "billed", 99))  # the first bill stays
        assert ledger.counted(connection, "w/1", "2026-12", "USD") == 0  # the month is that of the reservation


def test_a_bill_counts_in_its_own_currency(tmp_path: Path) -> None:
    """Credits and dollars are never added to each other, and no budget grows since a bill is in another currency."""
    with connect(tmp_path / "state.db") as connection:
        ledger.write(connection, entry("j", "reserved", 41_400_000, currency="HQC"))
        assert ledger.counted(connection, "w/1", "2026-11", "HQC") == 41_400_000
        ledger.write(connection, entry("j", "billed", 3_000_000, currency="USD"))
        assert ledger.counted(connection, "w/1", "2026-11", "HQC") == 41_400_000
        assert ledger.counted(connection, "w/1", "2026-11", "USD") == 3_000_000
        (line,) = ledger.lines(connection)
        assert (line.currency, line.counted_currency, line.counted) == ("HQC", "USD", 3_000_000)


def test_a_bill_without_a_reservation_counts(tmp_path: Path) -> None:
    """A job that was reserved elsewhere, and billed here, counts in the month of its bill."""
    with connect(tmp_path / "state.db") as connection:
        ledger.write(connection, entry("j", "billed", 5))
        assert ledger.counted(connection, "w/1", "2026-11", "USD") == 5
        (line,) = ledger.lines(connection)
        assert (line.reserved, line.billed, line.released) == (0, 5, False)


def test_totals_by_anything_else_are_refused(tmp_path: Path) -> None:
    """Only the columns that are meant to be grouped by reach the query."""
    with connect(tmp_path / "state.db") as connection, pytest.raises(ValueError, match="target, month, run"):
        ledger.totals(connection, "workspace; DROP TABLE ledger")


@given(st.floats(0, 1e9))
def test_amounts_are_rounded_up(amount: float) -> None:
    """Millionths are the least whole number that is not below the amount as it is written."""
    micros = ledger.to_micros(amount)
    assert micros - 1 < Decimal(repr(amount)) * 1_000_000 <= micros


def test_the_month_is_that_of_utc() -> None:
    """A moment belongs to its month in UTC, whatever the machine's zone."""
    turn = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    assert [ledger.month_of(turn - 0.5), ledger.month_of(turn)] == ["2026-11", "2026-12"]
