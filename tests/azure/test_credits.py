"""What was spent: the report's sums, what is unconfirmed, what is left, and prices that bills confirm or contradict."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.credits import TOLERANCE, confirmations, report, verdict, verified
from qamctl.azure.prices import CircuitFigures, Price, estimate, load_prices
from qamctl.errors import UsageError
from qamctl.runs import ledger
from qamctl.runs.database import connect

OURS = load_prices()
ARIA, FORTE, H2, FREE = "ionq.qpu.aria-1", "ionq.qpu.forte-1", "quantinuum.qpu.h2-1", "ionq.simulator"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A state database."""
    with connect(tmp_path / "state.db") as opened:
        yield opened


def job(
    connection: sqlite3.Connection, id: str, target: str, *, billed: int | None = None, in_: str | None = None,
    released: bool = False, state: str = "succeeded", month: str = "2026-11", run: str | None = "r1",
    workspace: str = "w", shots: int = 100, prices: Any = OURS,
) -> int:  # fmt: skip
    """A job that was estimated and reserved, and what became of it; the millionths that were reserved."""
    made = estimate(target, CircuitFigures(4, 10, 10, 4, 9), shots, prices)
    connection.execute(
        "INSERT INTO jobs (id, workspace, target, provider, name, state, priority, payload, content, request, created, "
        "next_poll, polls, estimate) VALUES (?, ?, ?, 'p', 'n', ?, 0, '', '', '{}', 0, 0, 0, ?)",
        (id, workspace, target, state, json.dumps(made.as_dict())),
    )
    for sort, micros, currency in (
        ("reserved", made.micros, made.currency),
        *([("billed", billed, in_ or made.currency)] if billed is not None else []),
        *([("released", 0, made.currency)] if released else []),
    ):
        entry = ledger.Entry(id, sort, micros, currency, workspace, target, run, month, 0.0, "test")
        assert ledger.write(connection, entry)
    return made.micros


def test_the_report_adds_up(connection: sqlite3.Connection) -> None:
    """Reserved, billed, released and counted by target, in millionths and in units, with estimate against bill."""
    one = job(connection, "a", ARIA, billed=90_000_000)
    two = job(connection, "b", ARIA)
    three = job(connection, "c", ARIA, released=True, state="failed")
    job(connection, "d", FREE, billed=0)
    found = report(connection, prices=OURS)
    assert json.loads(json.dumps(found)) == found
    aria, free = found["rows"]
    assert (aria["target"], aria["currency"], aria["jobs"]) == (ARIA, "USD", 3)
    assert aria["micros"] == {
        "reserved": one + two + three, "billed": 90_000_000, "released": three, "counted": 90_000_000 + two,
    }  # fmt: skip
    assert aria["billed"] == 90.0
    assert aria["estimates"]["micros"] == {"estimated": one, "billed": 90_000_000}
    assert (aria["estimates"]["jobs"], aria["estimates"]["ratio"]) == (1, 90_000_000 / one)
    assert (free["jobs"], free["estimates"]["jobs"], free["estimates"]["ratio"]) == (1, 1, None)
    (total,) = found["totals"]
    assert total["micros"] == {name: aria["micros"][name] + free["micros"][name] for name in aria["micros"]}
    assert (total["jobs"], total["estimates"]["jobs"]) == (4, 2)
    assert found["budget"] is None


@pytest.mark.parametrize(
    ("by", "keys"), [("target", [ARIA, FREE]), ("month", ["2026-10", "2026-11"]), ("run", [None, "r1"])]
)
def test_groups(connection: sqlite3.Connection, by: str, keys: list[str | None]) -> None:
    """The same jobs by target, month or run; jobs of no run stand together."""
    job(connection, "a", ARIA, month="2026-10", run=None)
    job(connection, "b", FREE)
    assert [row[by] for row in report(connection, by=by)["rows"]] == keys
    assert report(connection, by=by)["totals"] == report(connection)["totals"]


def test_other_groups_are_refused(connection: sqlite3.Connection) -> None:
    """--by anything else is a usage error that names the words."""
    with pytest.raises(UsageError, match="--by week: choose target, month, run"):
        report(connection, by="week")


def test_currencies_stay_apart(connection: sqlite3.Connection) -> None:
    """A job reserved in HQC and billed in dollars stands in both rows, is counted in dollars, and compares nothing."""
    job(connection, "a", H2, billed=3_000_000, in_="USD")
    hqc, usd = report(connection)["rows"]
    assert (hqc["currency"], hqc["jobs"], hqc["micros"]["billed"], hqc["micros"]["counted"]) == ("HQC", 1, 0, 0)
    assert (usd["currency"], usd["jobs"], usd["micros"]["reserved"], usd["micros"]["counted"]) == (
        "USD",
        1,
        0,
        3_000_000,
    )
    assert hqc["estimates"]["jobs"] == usd["estimates"]["jobs"] == 0
    assert [total["currency"] for total in report(connection)["totals"]] == ["HQC", "USD"]
    assert confirmations(connection, OURS) == {}


def test_what_has_no_bill_yet(connection: sqlite3.Connection) -> None:
    """Unconfirmed are jobs that succeeded and have no bill, by currency, of the workspace and month asked for."""
    one = job(connection, "a", ARIA)
    two = job(connection, "b", ARIA, month="2026-10")
    job(connection, "c", ARIA, billed=1)
    job(connection, "d", ARIA, state="submitted")
    three = job(connection, "e", H2, workspace="v")
    assert report(connection)["unconfirmed"] == [
        {"currency": "HQC", "jobs": 1, "reserved": three / 1e6, "micros": {"reserved": three}},
        {"currency": "USD", "jobs": 2, "reserved": (one + two) / 1e6, "micros": {"reserved": one + two}},
    ]
    (found,) = report(connection, workspace="w", month="2026-11")["unconfirmed"]
    assert found["micros"] == {"reserved": one}


def test_what_is_left_of_the_budget(connection: sqlite3.Connection) -> None:
    """The budget's month, what counts in its currency, what is left, the share, and the warning from 80 % on."""
    used = job(connection, "a", ARIA) + job(connection, "b", ARIA)
    job(connection, "c", H2)  # HQC: no dollars
    job(connection, "d", ARIA, month="2026-10")
    found = report(connection, workspace="w", month="2026-11", budget=1000.0)["budget"]
    assert found == {
        "month": "2026-11", "currency": "USD", "amount": 1000.0, "counted": used / 1e6,
        "left": (1_000_000_000 - used) / 1e6, "share": used / 1e9, "warning": None,
        "micros": {"amount": 1_000_000_000, "counted": used, "left": 1_000_000_000 - used},
    }  # fmt: skip
    tight = report(connection, budget=100.0, budget_month="2026-11")["budget"]
    assert (tight["micros"]["left"], tight["warning"]) == (
        0,
        f"{100 * used / 1e8:.0f} % of the monthly budget counts as used",
    )
    assert report(connection, budget=100.0)["budget"] is None  # of which month?


@given(estimated=st.integers(0, 10**12), billed=st.integers(0, 10**12))
def test_the_verdict_is_that_of_fractions(estimated: int, billed: int) -> None:
    """A bill agrees where it is not above the estimate and at most 1 % below."""
    if billed > estimated:
        wanted = "above"
    else:
        off = Fraction(estimated - billed, estimated) if estimated else Fraction(0)
        wanted = "agreeing" if off <= Fraction(TOLERANCE, 100) else "below"
    assert verdict(estimated, billed) == wanted


@pytest.mark.parametrize(
    ("estimated", "billed", "word"),
    [(100, 100, "agreeing"), (100, 99, "agreeing"), (1000, 989, "below"), (100, 101, "above"), (0, 0, "agreeing")],
)
def test_verdicts(estimated: int, billed: int, word: str) -> None:
    """The edges: exact, 1 % below, a little more below, above, and free."""
    assert verdict(estimated, billed) == word


def test_bills_confirm_and_contradict_prices(connection: sqlite3.Connection) -> None:
    """A price is verified by a bill within 1 % and none above; contradictions are listed with their job."""
    exact = job(connection, "a", FORTE)
    ledger.write(connection, ledger.Entry("a", "billed", exact, "USD", "w", FORTE, None, "2026-11", 0.0, "service"))
    job(connection, "b", ARIA, billed=97_000_000)
    high = job(connection, "c", ARIA, billed=10**9)
    job(connection, "d", ARIA, billed=1_000_000)
    job(connection, "e", H2)  # no bill
    found = confirmations(connection, OURS)
    assert set(found) == {ARIA, FORTE}
    assert (found[FORTE].verified, found[FORTE].agreeing, found[FORTE].above) == (True, 1, ())
    assert (found[ARIA].verified, found[ARIA].agreeing, found[ARIA].below) == (False, 0, 2)
    assert found[ARIA].above == (("c", high, 10**9),)
    marked = verified(OURS, found)
    assert [id for id, price in marked.items() if price.verified] == [FORTE]
    assert estimate(FORTE, CircuitFigures(1, 1, 1, 1, 1), 1, marked).verified
    told = {one["target"]: one for one in report(connection, prices=OURS)["prices"]}
    assert told[FORTE] == {"target": FORTE, "verified": True, "agreeing": 1, "below": 0, "contradictions": []}
    assert told[ARIA]["contradictions"] == [
        {
            "job": "c", "currency": "USD", "estimated": high / 1e6, "billed": 1000.0,
            "micros": {"estimated": high, "billed": 10**9},
        }
    ]  # fmt: skip


def test_a_contradiction_outweighs_an_agreement(connection: sqlite3.Connection) -> None:
    """A price that one bill agrees with and another one is above is not verified."""
    job(connection, "a", FREE, billed=0)
    assert confirmations(connection, OURS)[FREE].verified
    job(connection, "b", FREE, billed=1)
    found = confirmations(connection, OURS)[FREE]
    assert (found.verified, found.agreeing, len(found.above)) == (False, 1, 1)


def test_bills_speak_of_the_price_that_they_were_estimated_by(connection: sqlite3.Connection) -> None:
    """Bills say nothing of a price that has changed since, that was not known, or of another workspace."""
    exact = job(connection, "a", ARIA)
    ledger.write(connection, ledger.Entry("a", "billed", exact, "USD", "w", ARIA, None, "2026-11", 0.0, "service"))
    job(connection, "b", "pasqal.qpu.fresnel", billed=5)
    changed: dict[str, Price] = dict(OURS) | {ARIA: replace(OURS[ARIA], currency="EUR")}
    assert set(confirmations(connection, OURS)) == {ARIA}
    assert confirmations(connection, changed) == {}
    assert confirmations(connection, {}) == {}
    assert confirmations(connection, OURS, workspace="v") == {}
    assert set(confirmations(connection, OURS, workspace="w")) == {ARIA}
