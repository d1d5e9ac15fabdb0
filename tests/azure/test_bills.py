"""Asking for bills that come late: whom, how many, how often, and what ends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.azure_desks import World, make_order, make_world

from qamctl.azure import poll
from qamctl.azure.bills import MOST, REST, ask_late
from qamctl.azure.submit import submit_once
from qamctl.errors import TemporaryError


def ended(world: World, count: int) -> list[str]:
    """Ids of jobs that have ended, one after the other, and have no bill."""
    ids = []
    for number in range(count):
        world.stage.sleep(60.0)
        id = submit_once(world.desk, make_order(number)).id
        poll.wait(world.desk, [id])
        ids.append(id)
    with world.desk.connect() as connection:
        connection.execute("DELETE FROM ledger WHERE entry = 'billed'")
    return ids


def test_those_come_first_that_nobody_looked_at_for_the_longest_time(tmp_path: Path) -> None:
    """`most` bounds them; each look counts, so that the next call asks for the others."""
    world = make_world(tmp_path)
    ids = ended(world, 3)
    seen: list[str] = []

    def find(id: str, deadline: float | None = None) -> None:
        seen.append(id)

    world.desk.client.find = find  # type: ignore[method-assign]
    with world.desk.connect() as connection:
        connection.execute("UPDATE jobs SET next_poll = next_poll - 100000")
    assert [ask_late(world.desk, most=2, rest=REST).asked for _ in range(3)] == [2, 1, 0]
    assert seen == ids
    assert MOST == 100


def test_what_was_looked_at_lately_is_left_alone(tmp_path: Path) -> None:
    """Within `rest` nobody is asked; without one everybody is."""
    world = make_world(tmp_path)
    ended(world, 2)
    assert ask_late(world.desk, rest=REST).asked == 0
    assert ask_late(world.desk).asked == 2


def test_a_signal_or_a_service_that_fails_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended it is told, not raised."""
    world = make_world(tmp_path)
    ended(world, 2)
    assert ask_late(world.desk, stop=lambda: True).asked == 0

    def away(id: str, deadline: float | None = None) -> None:
        raise TemporaryError("away")

    monkeypatch.setattr(world.desk.client, "find", away)
    found = ask_late(world.desk)
    assert (found.asked, found.warnings) == (0, ["late bills were not asked for: away"])
    assert found.as_dict() == {"asked": 0, "billed": 0, "gone": []}
