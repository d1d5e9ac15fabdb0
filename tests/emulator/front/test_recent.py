"""What the status page remembers of requests."""

from __future__ import annotations

from dataclasses import replace

from emulator.asking import START

from qamctl.emulator.front.recent import LATEST, WINDOW, Recent
from qamctl.emulator.front.watch import Seen

ONE = Seen(START, 0.25, "127.0.0.1:1", "GET", "/a", "GET job", 200)


def test_requests_are_counted() -> None:
    """By kind, status and fault, those without a kind or an answer among them."""
    recent = Recent()
    for one in (
        ONE,
        replace(ONE, kind="", status=400),
        replace(ONE, status=None, faults=("lost-after", "slow")),
        replace(ONE, status=429, faults=("throttle",)),
        replace(ONE, status=200, faults=("slow",)),
    ):
        recent.watch(one)
    found = recent.traffic(START, START)
    assert found.total == 5
    assert found.kinds == {"GET job": 4, "no HTTP": 1}
    assert found.statuses == {"200": 2, "400": 1, "cut": 1, "429": 1}
    assert found.faults == {"slow": 2, "lost-after": 1, "throttle": 1}


def test_views_of_the_status_page_are_not_counted() -> None:
    """Whatever their method."""
    recent = Recent()
    for kind in ("GET page", "POST page"):
        recent.watch(replace(ONE, kind=kind))
    found = recent.traffic(START, START)
    assert (found.total, found.rate, found.latest) == (0, 0.0, ())


def test_the_latest_are_kept() -> None:
    """The latest first, and not more than there is room for."""
    recent = Recent()
    for n in range(LATEST + 10):
        recent.watch(replace(ONE, path=f"/{n}"))
    found = recent.traffic(START, START)
    assert [one.path for one in found.latest] == [f"/{n}" for n in range(LATEST + 9, 9, -1)]
    assert found.total == LATEST + 10


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """However long the service is up; at its beginning, of the time since then."""
    recent = Recent()
    for n in range(100):
        for _ in range(1 if n < 95 else 20):
            recent.watch(replace(ONE, at=START + n))
    now = START + 99.5
    assert recent.traffic(now, START).rate == (5 + 5 * 20) / WINDOW
    assert recent.traffic(now, now - 5).rate == (5 + 5 * 20) / 5
    assert recent.traffic(now + 100, START).rate == 0.0
