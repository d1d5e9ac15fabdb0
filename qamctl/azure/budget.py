"""May a job cost what it is estimated at? Pure checks, asked in the transaction that reserves the credits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Final

from qamctl.azure.prices import UNITS, Estimate
from qamctl.azure.targets import Target
from qamctl.errors import GateError, UsageError
from qamctl.runs.ledger import MICROS

#: Share of the monthly budget from which on a warning is given.
WARNING: Final = 0.8


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the month stands with a job that was let through.

    Attributes
    ----------
    budget_share
        Share of the monthly budget that counts as used, the job included; None without a budget.
    warning
        A sentence from `WARNING` on, else None.
    """

    budget_share: float | None
    warning: str | None


def check_cost(
    estimate: Estimate,
    *,
    target: Target,
    allow_qpu: bool = False,
    allow_unknown: bool = False,
    max_cost: float | None = None,
    monthly_budget: float | None = None,
    counted_micros: int = 0,
    run_micros: int = 0,
    currency: str = "USD",
) -> Standing:
    """Refuse a job that may cost more than the user allows.

    A job without a known price is refused on a quantum computer, and wherever a cap or a budget is set: no cap could be
    held. One that is estimated in another currency than the cap is refused, unless it is free.

    Parameters
    ----------
    allow_qpu
        --allow-qpu; quantum computers are refused without.
    allow_unknown
        The price of a simulator need not be known.
    max_cost
        --max-cost, for all jobs of a run together; None: no cap.
    monthly_budget
        --monthly-budget, of the profile; None: none.
    counted_micros
        `ledger.counted` of the workspace, the month and the currency, without this job.
    run_micros
        What the run's other jobs count for.
    currency
        Of `max_cost` and `monthly_budget`.

    Raises
    ------
    GateError
        With the figures, and what would let the job through.
    UsageError
        A cap or a budget is no amount.
    """
    for flag, amount in (("--max-cost", max_cost), ("--monthly-budget", monthly_budget)):
        if amount is not None and not (isfinite(amount) and amount >= 0):
            raise UsageError(f"{flag} {amount} is no amount: give a number from 0 on")
    if target.qpu and not allow_qpu:
        cost = f"may cost {shown(estimate.micros, estimate.currency)}" if estimate.known else "has no known price"
        raise GateError(f"{target.id} is a quantum computer, and the job {cost}: allow it with --allow-qpu")
    capped = max_cost is not None or monthly_budget is not None
    if not estimate.known:
        _refuse_unknown(estimate, target, capped, allow_unknown)
    elif estimate.micros and capped and estimate.currency != currency:
        wanted = "price_per_hqc" if estimate.currency in UNITS else f"its price in {currency}"
        raise GateError(
            f"the job may cost {shown(estimate.micros, estimate.currency)} on {target.id}, and the limit is in "
            f"{currency}: give {wanted} in a file (--prices FILE), or take the limit away"
        )
    if max_cost is not None and estimate.micros and run_micros + estimate.micros > _micros(max_cost):
        cap = shown(int(_micros(max_cost)), currency)
        others = f", and the run's other jobs {shown(run_micros, currency)}" if run_micros else ""
        total = shown(run_micros + estimate.micros, currency)
        raise GateError(
            f"the job may cost {shown(estimate.micros, currency)} on {target.id}{others}, above the --max-cost of "
            f"{cap}: raise it to {total}, or use fewer --shots"
        )
    if monthly_budget is None:
        return Standing(None, None)
    return _standing(estimate, target, monthly_budget, counted_micros, currency)


def _refuse_unknown(estimate: Estimate, target: Target, capped: bool, allow_unknown: bool) -> None:
    why = f" ({estimate.note})" if estimate.note else ""
    what = f"what a job on {target.id} may cost is not known{why}"
    if target.qpu or capped:
        reason = "it is a quantum computer" if target.qpu else "a limit is set that could not be held"
        raise GateError(f"{what}, and {reason}: give its price in a file: --prices FILE (docs/prices.md)")
    if not allow_unknown:
        raise GateError(f"{what}: give its price in a file: --prices FILE (docs/prices.md)")


def _standing(estimate: Estimate, target: Target, budget: float, counted: int, currency: str) -> Standing:
    after = counted + estimate.micros
    if estimate.micros and after > _micros(budget):
        left = max(0, int(_micros(budget)) - counted)
        raise GateError(
            f"the job may cost {shown(estimate.micros, currency)} on {target.id}, and of the monthly budget of "
            f"{shown(int(_micros(budget)), currency)} there is {shown(left, currency)} left: raise --monthly-budget, "
            "use fewer --shots, or wait for the next month"
        )
    return Standing(share := budget_share(after, budget), budget_warning(share))


def budget_share(counted_micros: int, monthly_budget: float) -> float:
    """Share of a monthly budget that counts as used; a budget of nothing is used up."""
    return 1.0 if _micros(monthly_budget) == 0 else float(counted_micros / _micros(monthly_budget))


def budget_warning(share: float | None) -> str | None:
    """A sentence where a share of the monthly budget is at `WARNING` or above."""
    if share is None or share < WARNING:
        return None
    return f"{100 * share:.0f} % of the monthly budget counts as used"


def shown(micros: int, currency: str) -> str:
    """An amount as people read it, exact: USD 12.50, USD 0.000165, 41.4 HQC."""
    amount = Decimal(micros) / MICROS
    if currency in UNITS:
        return f"{amount.normalize():f} {currency}"
    cents = f"{amount:.2f}"
    return f"{currency} {cents if Decimal(cents) == amount else f'{amount.normalize():f}'}"


def _micros(amount: float) -> Decimal:
    return Decimal(repr(float(amount))) * MICROS
