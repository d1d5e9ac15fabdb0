"""Plans of faults."""

from __future__ import annotations

import pytest

from qamctl.emulator.faults import FAULTS, Event, Faults, UnknownFault, asked
from qamctl.errors import UsageError

KINDS = ["PUT job", "GET job", "POST sas", "PUT blob"]


def drawn(plan: Faults, count: int = 2000) -> list[frozenset[str]]:
    """What befalls so many requests of all kinds in turn."""
    return [frozenset(plan.drawn(KINDS[k % 4], k // 4 + 1, k + 1)) for k in range(count)]


def test_equal_plans_befall_equal_requests_alike() -> None:
    """And another seed's other ones."""
    rates = {"throttle": 0.1, "lost-after": 0.1, "failed": 0.5}
    assert drawn(Faults(3, rates)) == drawn(Faults(3, rates))
    assert drawn(Faults(3, rates)) != drawn(Faults(4, rates))


def test_faults_come_as_often_as_they_should() -> None:
    """Within sampling error: 2,000 requests, five standard deviations."""
    found = drawn(Faults(1, {"throttle": 0.1}))
    assert abs(sum("throttle" in one for one in found) - 200) < 5 * 13.5


def test_certain_faults_befall_only_what_they_can() -> None:
    """Jobs fail when they are made, and only addresses expire."""
    plan = Faults(1, {"failed": 1.0, "expired": 1.0, "slow": 0.0})
    assert plan.drawn("PUT job", 1, 1).keys() == {"failed", "expired"}
    assert plan.drawn("POST sas", 1, 2).keys() == {"expired"}
    assert plan.drawn("PUT blob", 1, 3) == {}


def test_a_script_names_the_nth_request() -> None:
    """Of a kind or of all, and as many as it says."""
    plan = Faults(script=[Event("PUT job", 3, "error-after"), Event("*", 5, "slow", times=2)])
    assert plan.drawn("PUT job", 3, 9).keys() == {"error-after"}
    assert plan.drawn("PUT job", 4, 10) == {}
    assert plan.drawn("GET job", 3, 4) == {}
    assert [plan.drawn("GET job", 1, k) for k in (5, 6, 7)] == [{"slow": None}, {"slow": None}, {}]


def test_a_plan_without_faults_is_none() -> None:
    """Nothing is drawn."""
    assert Faults().drawn("PUT job", 1, 1) == {}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"rates": {"storm": 0.1}}, "there is no fault 'storm': choose throttle"),
        ({"script": [Event("*", 1, "storm")]}, "there is no fault 'storm'"),
        ({"rates": {"slow": 1.5}}, "the rate of the fault 'slow' is 1.5: give a probability"),
        ({"rates": {"slow": float("nan")}}, "the rate of the fault 'slow' is nan"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(settings: dict[str, object], text: str) -> None:
    """With what there is."""
    with pytest.raises(UsageError, match=text):
        Faults(**settings)  # type: ignore[arg-type]


def test_every_fault_says_what_it_does() -> None:
    """For whoever has to choose."""
    assert all(FAULTS.values())


def test_rates_may_hold_for_one_kind_of_request() -> None:
    """`NAME@KIND` befalls no other."""
    plan = Faults(rates={"slow@GET job": 1.0})
    assert plan.drawn("GET job", 1, 1) == {"slow": None}
    assert plan.drawn("PUT job", 1, 2) == {}
    with pytest.raises(UsageError, match="can't befall 'GET quotas'"):
        Faults(rates={"failed@GET quotas": 0.5})


def test_a_header_asks_for_faults_with_seconds() -> None:
    """Words with commas between them."""
    assert asked("lost-after, slow=0.5,throttle = 3", "PUT job") == {"lost-after": None, "slow": 0.5, "throttle": 3.0}
    assert asked("", "PUT job") == {}


@pytest.mark.parametrize("header", ["no", "failed", "slow=-1", "slow=x", "slow=nan", "slow=1e9", "twice=1"])
def test_a_header_that_makes_no_sense_is_told(header: str) -> None:
    """Faults that there are not, that can't befall the request, and seconds that are none."""
    with pytest.raises(UnknownFault):
        asked(header, "GET job")
