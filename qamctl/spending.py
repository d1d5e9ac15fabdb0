"""What `qamctl credits` tells: the ledger, the month's budget, a share of it; and bills and quotas, if it asks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qamctl.errors import AuthError, GateError, UsageError
from qamctl.remote import Office, database
from qamctl.runs.canonical import dumps
from qamctl.runs.prometheus import spending_text


@dataclass(frozen=True)
class Spending:
    """What was spent.

    Attributes
    ----------
    report
        As `azure.credits.report` makes it.
    gate
        The budget is used above the threshold; None: it is not, or nobody asked.
    targets
        The rows of the report by target, whatever it was asked by.
    """

    report: dict[str, Any]
    gate: GateError | None = None
    targets: Sequence[Mapping[str, Any]] = ()


def check_flags(
    office: Office, *, by: str, month: str | None = None, threshold: str | None = None, metrics: Path | None = None
) -> float | None:
    """The threshold as a share, once everything that was asked for makes sense; nobody needs to be asked before.

    Raises
    ------
    UsageError
        Something does not make sense, or there is no budget to take a share of.
    """
    from qamctl.runs.ledger import GROUPS

    share = None if threshold is None else _share(threshold)
    if by not in GROUPS:
        raise UsageError(f"--by {by}: choose {', '.join(GROUPS)}")
    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"--month {month}: give a month as 2026-11")
    if share is not None and office.options.monthly_budget is None:
        raise UsageError("--threshold is a share of the monthly budget, and there is none: set `monthly_budget`")
    if metrics is not None and metrics.suffix not in (".json", ".prom"):
        raise UsageError(f"--metrics {metrics}: name a file that ends in .json or .prom")
    return share


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
        As `check_flags`.
    SpecError, TemporaryError
        The state database or the prices can't be used.
    """
    from qamctl.azure import credits, prices
    from qamctl.runs.ledger import month_of

    share = check_flags(office, by=by, month=month, threshold=threshold)
    budget = office.options.monthly_budget
    try:
        workspace = office.account.place().workspace_key
    except AuthError:  # the ledger is ours, whoever may log in
        workspace = None
    with database(office.state) as opened:
        connection = opened or _empty()
        report = credits.report(
            connection, workspace=workspace, month=month, by=by, budget=budget,
            budget_month=month or month_of(now), prices=prices.load_prices(office.options.prices),
        )  # fmt: skip
        targets = credits.report(connection, workspace=workspace, month=month)["rows"]
    told = report["budget"]
    if share is None or told is None or told["share"] < share:
        return Spending(report, None, targets)
    gate = GateError(
        f"{100 * told['share']:.0f} % of the monthly budget of {told['currency']} {told['amount']:g} counts as used in "
        f"{told['month']}, and {100 * share:.0f} % is the threshold: raise the budget, or wait for the next month"
    )
    return Spending(report, gate, targets)


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


def metrics_file(path: Path, found: Spending) -> str:
    """The report as a metrics file: Prometheus where its name ends in `.prom`, else JSON."""
    return dumps(found.report) if path.suffix == ".json" else spending_text(found.report, found.targets)


def refresh(office: Office) -> dict[str, Any]:
    """Ask the service, once each, for jobs of the workspace that lack a bill (`azure.bills.ask_late`).

    Returns
    -------
    dict
        How many were `asked` for, how many are `billed` now, and the ids that the service no longer knows (`gone`).

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service does not answer well; what was learned until then is kept.
    """
    from qamctl.azure.bills import ask_late

    with office.desk() as desk:
        found = ask_late(desk)
    if found.fault is not None:
        raise found.fault
    return found.as_dict()


def quotas(office: Office) -> list[dict[str, Any]]:
    """What the providers allow and what is used of it, as the service tells it now.

    Raises
    ------
    AuthError, BackendError, TemporaryError
        The service does not answer well.
    """
    from qamctl.azure.client import error_of
    from qamctl.azure.service import ServiceFault

    what = "asking for the quotas"
    try:
        with office.desk() as desk:
            return [asdict(quota) for quota in desk.client.call(what, desk.client.service.quotas)]
    except ServiceFault as fault:
        raise error_of(fault, what) from fault
