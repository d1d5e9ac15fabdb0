"""What `qamctl credits` tells: the ledger, the month's budget, and whether it is used above a share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qamctl.errors import AuthError, GateError, UsageError
from qamctl.remote import Office, database
from qamctl.runs.canonical import dumps


@dataclass(frozen=True)
class Spending:
    """What was spent.

    Attributes
    ----------
    report
        As `azure.credits.report` makes it.
    gate
        The budget is used above the threshold; None: it is not, or nobody asked.
    """

    report: dict[str, Any]
    gate: GateError | None = None


def spending(
    office: Office,
    *,
    by: str = "target",
    month: str | None = None,
    threshold: str | None = None,
    now: float,
) -> Spending:
    """The credits of the workspace in force, of all workspaces where none is said.

    Parameters
    ----------
    by
        target, month or run.
    month
        As 2026-11; None: all of them, and the budget of the month of `now`.
    threshold
        A share of the monthly budget, as 0.8 or 80%.

    Raises
    ------
    UsageError
        One of them makes no sense, or there is no budget to take a share of.
    SpecError, TemporaryError
        The state database or the prices can't be used.
    """
    from qamctl.azure import credits, prices
    from qamctl.runs.ledger import GROUPS, month_of

    share = None if threshold is None else _share(threshold)
    if by not in GROUPS:
        raise UsageError(f"--by {by}: choose {', '.join(GROUPS)}")
    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"--month {month}: give a month as 2026-11")
    budget = office.options.monthly_budget
    if share is not None and budget is None:
        raise UsageError("--threshold is a share of the monthly budget, and there is none: set `monthly_budget`")
    try:
        workspace = office.account.place().workspace_key
    except AuthError:  # the ledger is ours, whoever may log in
        workspace = None
    with database(office.state) as connection:
        report = credits.report(
            connection or _empty(), workspace=workspace, month=month, by=by, budget=budget,
            budget_month=month or month_of(now), prices=prices.load_prices(office.options.prices),
        )  # fmt: skip
    told = report["budget"]
    if share is None or told is None or told["share"] < share:
        return Spending(report)
    return Spending(report, GateError(
        f"{100 * told['share']:.0f} % of the monthly budget of {told['currency']} {told['amount']:g} counts as used in "
        f"{told['month']}, and {100 * share:.0f} % is the threshold: raise the budget, or wait for the next month"
    ))  # fmt: skip


def _empty() -> Any:
    """A database without any job, in memory."""
    import sqlite3

    from qamctl.runs.database import MIGRATIONS

    connection = sqlite3.connect(":memory:")
    connection.executescript(";".join(MIGRATIONS))
    return connection


def _share(text: str) -> float:
    percent = text.strip().endswith("%")
    try:
        value = float(text.strip().removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"--threshold {text}: give a share above 0, as 0.8 or 80%")
    return value


def metrics_file(path: Path, report: Mapping[str, Any]) -> str:
    """The report as a metrics file: Prometheus where its name ends in `.prom`, else JSON.

    Raises
    ------
    UsageError
        The name has another ending.
    """
    if path.suffix not in (".json", ".prom"):
        raise UsageError(f"--metrics {path}: name a file that ends in .json or .prom")
    if path.suffix == ".json":
        return dumps(report)
    label = "currency"
    lines: list[str] = []
    for name, what in _TOTALS.items():
        lines += _gauge(f"credits_{name}", what, [(total[label], total[name]) for total in report["totals"]])
    if budget := report["budget"]:
        for name, (key, what) in _BUDGET.items():
            lines += _gauge(f"budget_{name}", what, [(budget[label], budget[key])])
    return "\n".join(lines) + "\n"


_TOTALS: Final = {
    "reserved": "Credits reserved for jobs.",
    "billed": "Credits that the service billed.",
    "counted": "What jobs count for: billed, else reserved.",
}
_BUDGET: Final = {
    "amount": ("amount", "The monthly budget."),
    "left": ("left", "What is left of the monthly budget."),
    "used_ratio": ("share", "Share of the monthly budget that counts as used."),
}


def _gauge(name: str, what: str, rows: Sequence[tuple[str, float]]) -> list[str]:
    """A family of the text exposition format, a line for each currency."""
    if not rows:
        return []
    lines = [f"# HELP qamctl_{name} {what}", f"# TYPE qamctl_{name} gauge"]
    return lines + [f'qamctl_{name}{{currency="{currency}"}} {float(amount)!r}' for currency, amount in rows]
