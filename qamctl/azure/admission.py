"""Whether a job may be sent, for what it may cost: asked when it is reserved, and when another month has to pay."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qamctl.azure.budget import check_cost
from qamctl.runs import ledger

if TYPE_CHECKING:
    import sqlite3

    from qamctl.azure import store
    from qamctl.azure.account import Account
    from qamctl.azure.clock import Clock
    from qamctl.azure.prices import Estimate
    from qamctl.azure.targets import Target


def admission(
    account: Account,
    target: Target,
    found: Estimate,
    workspace: str,
    clock: Clock,
    *,
    id: str,
    others: Callable[[str], int] = lambda currency: 0,
) -> store.Admit:
    """What asks, within the transaction that reserves, whether the run's cap and the month's budget allow a job.

    Parameters
    ----------
    id
        The job's: where it is reserved already, it does not count a second time.
    others
        What jobs count for, in millionths of a currency, that the run waits for and another one asked for.

    Raises
    ------
    GateError
        From what it gives: the run's cap or the month's budget does not allow the job.
    """

    def admit(connection: sqlite3.Connection) -> None:
        month, currency, run = ledger.month_of(clock.now()), found.currency, account.run
        whose, when, reserved = _reserved(connection, id, currency)
        mine = 0 if run is None else ledger.counted_of_run(connection, workspace, run, currency)
        check_cost(
            found, target=target, allow_qpu=account.allow_qpu, max_cost=account.max_cost,
            monthly_budget=account.monthly_budget,
            counted_micros=ledger.counted(connection, workspace, month, currency) - reserved * (when == month),
            run_micros=mine - reserved * (run is not None and whose == run) + others(currency),
        )  # fmt: skip

    return admit


def _reserved(connection: sqlite3.Connection, id: str, currency: str) -> tuple[str | None, str, int]:
    """Run, month and millionths of what a job has reserved, and nobody has billed or released."""
    row = connection.execute(
        "SELECT run, month, micros FROM ledger r WHERE job = ? AND entry = 'reserved' AND currency = ? AND NOT EXISTS "
        "(SELECT 1 FROM ledger s WHERE s.job = r.job AND s.entry IN ('billed', 'released'))",
        (id, currency),
    ).fetchone()
    return (None, "", 0) if row is None else (row[0], str(row[1]), int(row[2]))
