"""What a job may cost: every refusal with its figures and what would let it through."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.azure.budget import WARNING, Standing, budget_share, budget_warning, check_cost, shown
from qamctl.azure.prices import CircuitFigures, Estimate, estimate, load_prices
from qamctl.azure.targets import find
from qamctl.errors import ExitCode, GateError, UsageError

OURS = load_prices()
FIGURES = CircuitFigures(6, 24, 28, 6, 30)
QPU, SIMULATOR, ANALOG = find("ionq.qpu.forte-1"), find("ionq.simulator"), find("pasqal.sim.emu-sv")


def of(id: str, micros: int | None = None) -> Estimate:
    """An estimate of 500 shots on a target, of so much."""
    made = estimate(id, FIGURES, 500, OURS)
    return made if micros is None else replace(made, micros=micros, amount=micros / 1e6)


def refused(made: Estimate, **options: Any) -> str:
    """The message of the refusal, which is a gate."""
    with pytest.raises(GateError) as caught:
        check_cost(made, target=find(made.target), **options)
    assert caught.value.code == ExitCode.GATE
    return caught.value.message


def test_quantum_computers_need_leave() -> None:
    """Without --allow-qpu a quantum computer is refused, with what the job may cost; with it, it is not."""
    assert refused(of(QPU.id)) == (
        "ionq.qpu.forte-1 is a quantum computer, and the job may cost USD 185.863: allow it with --allow-qpu"
    )
    assert "the job has no known price: allow it" in refused(of("pasqal.qpu.fresnel"))
    assert check_cost(of(QPU.id), target=QPU, allow_qpu=True) == Standing(None, None)


def test_simulators_need_no_leave() -> None:
    """A free simulator passes, under any cap, in any currency, also when everything is used up."""
    options: dict[str, Any] = {"max_cost": 0.0, "monthly_budget": 0.0, "run_micros": 5, "counted_micros": 9}
    assert check_cost(of(SIMULATOR.id), target=SIMULATOR) == Standing(None, None)
    standing = check_cost(of(SIMULATOR.id), target=SIMULATOR, currency="EUR", **options)
    assert standing.budget_share == 1.0
    assert standing.warning is not None


@given(cost=st.integers(1, 10**12), run=st.integers(0, 10**12), cap=st.integers(0, 10**12))
def test_the_cap_is_for_all_jobs_of_a_run(cost: int, run: int, cap: int) -> None:
    """A job is refused exactly where it and the run's other jobs are above --max-cost, to the millionth."""
    options: dict[str, Any] = {"allow_qpu": True, "max_cost": float(Decimal(cap) / 1_000_000), "run_micros": run}
    if run + cost <= cap:
        check_cost(of(QPU.id, cost), target=QPU, **options)
    else:
        assert shown(run + cost, "USD") in refused(of(QPU.id, cost), **options)


def test_the_cap_says_what_to_do() -> None:
    """The refusal has the figures, the flag, and what to raise it to."""
    assert refused(of(QPU.id), allow_qpu=True, max_cost=100) == (
        "the job may cost USD 185.863 on ionq.qpu.forte-1, above the --max-cost of USD 100.00: raise it to "
        "USD 185.863, or use fewer --shots"
    )
    message = refused(of(QPU.id), allow_qpu=True, max_cost=200, run_micros=20_000_000)
    assert "and the run's other jobs USD 20.00, above the --max-cost of USD 200.00: raise it to USD 205.863" in message


@given(cost=st.integers(1, 10**12), used=st.integers(0, 10**12), budget=st.integers(0, 10**12))
def test_the_budget_is_for_the_month(cost: int, used: int, budget: int) -> None:
    """A job passes exactly where it and what counts already are within the budget; the share is of both."""
    amount = float(Decimal(budget) / 1_000_000)
    options: dict[str, Any] = {"allow_qpu": True, "monthly_budget": amount, "counted_micros": used}
    if used + cost <= budget:
        standing = check_cost(of(QPU.id, cost), target=QPU, **options)
        assert standing.budget_share == pytest.approx((used + cost) / budget)
        assert (standing.warning is None) == (standing.budget_share < WARNING)
    else:
        left = shown(max(0, budget - used), "USD")
        assert f"there is {left} left: raise --monthly-budget" in refused(of(QPU.id, cost), **options)


def test_a_price_that_is_not_known() -> None:
    """A price that is not known is refused on quantum computers and under a limit, elsewhere unless that is allowed."""
    made = of(ANALOG.id)
    assert refused(made).endswith("): give its price in a file: --prices FILE (docs/prices.md)")
    assert check_cost(made, target=ANALOG, allow_unknown=True) == Standing(None, None)
    for limit in ({"max_cost": 1e6}, {"monthly_budget": 1e6}):
        message = refused(made, allow_unknown=True, currency="EUR", **limit)
        assert "a limit is set that could not be held: give its price in a file: --prices" in message
    message = refused(of("pasqal.qpu.fresnel"), allow_qpu=True, allow_unknown=True)
    assert message.startswith("what a job on pasqal.qpu.fresnel may cost is not known (no bound: how long a job runs ")
    assert "it is a quantum computer: give its price in a file: --prices FILE (docs/prices.md)" in message
    assert "is not known: give" in refused(replace(made, note=""))


def test_a_limit_in_another_currency_can_not_be_held() -> None:
    """An estimate in HQC or euros is refused under a limit in dollars, and passes without one."""
    made = of("quantinuum.qpu.h2-1")
    target = find(made.target)
    check_cost(made, target=target, allow_qpu=True)
    check_cost(made, target=target, allow_qpu=True, max_cost=42, monthly_budget=100, currency="HQC")
    assert refused(made, allow_qpu=True, max_cost=1e6) == (
        "the job may cost 41.4 HQC on quantinuum.qpu.h2-1, and the limit is in USD: give price_per_hqc in a file "
        "(--prices FILE), or take the limit away"
    )
    euros = replace(of(QPU.id), currency="EUR")
    assert "give its price in USD in a file (--prices FILE)" in refused(euros, allow_qpu=True, monthly_budget=1e6)


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_a_limit_is_an_amount(amount: float) -> None:
    """A cap or a budget below 0, or no number, is a usage error that names it."""
    with pytest.raises(UsageError, match=r"--max-cost .* is no amount"):
        check_cost(of(SIMULATOR.id), target=SIMULATOR, max_cost=amount)
    with pytest.raises(UsageError, match=r"--monthly-budget .* is no amount"):
        check_cost(of(SIMULATOR.id), target=SIMULATOR, monthly_budget=amount)


def test_the_share_and_its_warning() -> None:
    """The share is what counts over the budget, 1 of a budget of nothing; the warning begins at 80 %."""
    assert [budget_share(used, 10.0) for used in (0, 5_000_000, 20_000_000)] == [0.0, 0.5, 2.0]
    assert budget_share(0, 0.0) == 1.0
    assert budget_warning(None) is None
    assert budget_warning(0.7999) is None
    assert budget_warning(0.8) == "80 % of the monthly budget counts as used"


@given(st.integers(0, 10**18))
def test_amounts_are_shown_as_they_are(micros: int) -> None:
    """What is shown is the exact amount, with cents for money."""
    assert Decimal(shown(micros, "USD").removeprefix("USD ")) * 1_000_000 == micros
    assert Decimal(shown(micros, "HQC").removesuffix(" HQC")) * 1_000_000 == micros


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (12_500_000, "USD", "USD 12.50"), (165, "USD", "USD 0.000165"), (0, "EUR", "EUR 0.00"),
        (100_000_000, "HQC", "100 HQC"), (41_400_000, "eHQC", "41.4 eHQC"), (185_863_000, "USD", "USD 185.863"),
    ],
)  # fmt: skip
def test_amounts_read_well(micros: int, currency: str, text: str) -> None:
    """Two decimals where they are enough, more where they are needed."""
    assert shown(micros, currency) == text
