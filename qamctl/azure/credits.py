"""What was spent: the ledger by target, month or run, estimates against bills, and what is left of the budget."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from qamctl.azure.budget import budget_share, budget_warning
from qamctl.azure.prices import Price
from qamctl.errors import UsageError
from qamctl.runs import ledger
from qamctl.runs.ledger import MICROS, Total

#: An estimate is confirmed by a bill of at most so many parts of a hundred less.
TOLERANCE: Final = 1


def report(
    connection: sqlite3.Connection,
    *,
    workspace: str | None = None,
    month: str | None = None,
    by: str = "target",
    budget: float | None = None,
    budget_month: str | None = None,
    currency: str = "USD",
    prices: Mapping[str, Price] | None = None,
) -> dict[str, Any]:
    """The report of `qamctl credits`; sums are exact integers (`micros`), amounts beside them are for reading.

    Parameters
    ----------
    workspace, month
        None: all.
    by
        target, month or run.
    budget
        The profile's, a month, in `currency`; None: none.
    budget_month
        The month that the budget is shown of; None: `month`, and none where that is None, too.
    prices
        With them, `prices` tells which were confirmed or contradicted by bills.

    Raises
    ------
    UsageError
        `by` is none of these words.
    """
    if by not in ledger.GROUPS:
        raise UsageError(f"--by {by}: choose {', '.join(ledger.GROUPS)}")
    groups = ledger.totals(connection, by, workspace, month)
    found: dict[str, Any] = {
        "workspace": workspace, "month": month, "by": by,
        "rows": [{by: total.key, **_row(total)} for total in groups],
        "totals": [_row(total) for total in _over_all(groups)],
        "unconfirmed": _unconfirmed(connection, workspace, month),
        "budget": None,
    }  # fmt: skip
    of = budget_month or month
    if budget is not None and of is not None:
        found["budget"] = _budget(connection, workspace, of, budget, currency)
    if prices is not None:
        found["prices"] = [_told(one) for one in confirmations(connection, prices, workspace).values()]
    return found


def _row(total: Total) -> dict[str, Any]:
    amounts = {name: getattr(total, name) for name in ("reserved", "billed", "released", "counted")}
    return {
        "currency": total.currency,
        "jobs": total.jobs,
        **{name: micros / MICROS for name, micros in amounts.items()},
        "micros": amounts,
        "estimates": {
            "jobs": total.compared,
            "estimated": total.estimated / MICROS,
            "billed": total.paid / MICROS,
            "ratio": total.paid / total.estimated if total.estimated else None,
            "micros": {"estimated": total.estimated, "billed": total.paid},
        },
    }


def _over_all(groups: Sequence[Total]) -> list[Total]:
    """The groups of each currency as one. A job billed in another currency than reserved counts in both."""
    sums: dict[str, Total] = {}
    for total in groups:
        one = sums.get(total.currency)
        names = ("jobs", "reserved", "billed", "released", "counted", "compared", "estimated", "paid")
        sums[total.currency] = (
            replace(total, key=None)
            if one is None
            else replace(one, **{name: getattr(one, name) + getattr(total, name) for name in names})
        )
    return [sums[currency] for currency in sorted(sums)]


def _unconfirmed(connection: sqlite3.Connection, workspace: str | None, month: str | None) -> list[dict[str, Any]]:
    """Jobs that succeeded and of which the service has not said what they cost: they count as reserved."""
    rows = connection.execute(
        """
        SELECT r.currency, count(*), sum(r.micros) FROM jobs j
        JOIN ledger r ON r.job = j.id AND r.entry = 'reserved'
        WHERE j.state = 'succeeded' AND (:workspace IS NULL OR r.workspace = :workspace)
            AND (:month IS NULL OR r.month = :month)
            AND NOT EXISTS (SELECT 1 FROM ledger b WHERE b.job = j.id AND b.entry = 'billed')
        GROUP BY r.currency ORDER BY r.currency
        """,
        {"workspace": workspace, "month": month},
    )
    return [
        {"currency": currency, "jobs": jobs, "reserved": micros / MICROS, "micros": {"reserved": micros}}
        for currency, jobs, micros in rows
    ]


def _budget(
    connection: sqlite3.Connection, workspace: str | None, month: str, budget: float, currency: str
) -> dict[str, Any]:
    total, used = ledger.to_micros(budget), ledger.counted(connection, workspace, month, currency)
    share = budget_share(used, budget)
    return {
        "month": month, "currency": currency, "amount": budget, "counted": used / MICROS,
        "left": max(0, total - used) / MICROS, "share": share, "warning": budget_warning(share),
        "micros": {"amount": total, "counted": used, "left": max(0, total - used)},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What bills say of a price.

    Attributes
    ----------
    agreeing
        Jobs that were billed as estimated, or less by at most `TOLERANCE` percent.
    below
        Jobs that were billed less than that: the bound holds, and is not confirmed.
    above
        Jobs that were billed more than the upper bound: (job, estimated, billed) in millionths.
    """

    target: str
    currency: str
    agreeing: int
    below: int
    above: tuple[tuple[str, int, int], ...]

    @property
    def verified(self) -> bool:
        """Whether a bill agreed, and none contradicts."""
        return self.agreeing > 0 and not self.above


def verdict(estimated: int, billed: int) -> str:
    """What a bill says of an estimate, both in millionths: agreeing, below or above."""
    if billed > estimated:
        return "above"
    return "agreeing" if 100 * (estimated - billed) <= TOLERANCE * estimated else "below"


def confirmations(
    connection: sqlite3.Connection, prices: Mapping[str, Price], workspace: str | None = None
) -> Mapping[str, Confirmation]:
    """What the bills in the ledger say of prices, by target; only jobs that were estimated by the very price count.

    A bill in another currency than the estimate says nothing of it.
    """
    rows = connection.execute(
        """
        SELECT r.target, r.currency, r.job, r.micros, b.micros, json_extract(j.estimate, '$.price')
        FROM ledger b
        JOIN ledger r ON r.job = b.job AND r.entry = 'reserved' AND r.currency = b.currency
        JOIN jobs j ON j.id = b.job
        WHERE b.entry = 'billed' AND (:workspace IS NULL OR b.workspace = :workspace)
            AND json_extract(j.estimate, '$.known') = 1
        ORDER BY b.number
        """,
        {"workspace": workspace},
    )
    bills: defaultdict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for target, _, job, estimated, billed, mark in rows:
        price = prices.get(target)
        if price is not None and price.mark == mark:
            bills[target].append((job, estimated, billed))
    return {target: _confirmation(prices[target], bills[target]) for target in sorted(bills)}


def _confirmation(price: Price, bills: Sequence[tuple[str, int, int]]) -> Confirmation:
    said = [verdict(estimated, billed) for _, estimated, billed in bills]
    above = tuple(bill for bill, word in zip(bills, said, strict=True) if word == "above")
    return Confirmation(price.target, price.currency, said.count("agreeing"), said.count("below"), above)


def verified(prices: Mapping[str, Price], found: Mapping[str, Confirmation]) -> Mapping[str, Price]:
    """Prices that know whether bills agree with them."""
    return {
        target: replace(price, verified=target in found and found[target].verified) for target, price in prices.items()
    }


def _told(found: Confirmation) -> dict[str, Any]:
    return {
        "target": found.target, "verified": found.verified, "agreeing": found.agreeing, "below": found.below,
        "contradictions": [
            {
                "job": job, "currency": found.currency, "estimated": estimated / MICROS, "billed": billed / MICROS,
                "micros": {"estimated": estimated, "billed": billed},
            }
            for job, estimated, billed in found.above
        ],
    }  # fmt: skip
