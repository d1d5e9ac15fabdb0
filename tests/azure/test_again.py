"""Jobs that are sent later, or by others: the budget of the day holds, the hardware was allowed before."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.azure_desks import make_order, make_world

from qamctl.azure.account import Account
from qamctl.azure.again import admission_of, estimate_of
from qamctl.azure.prices import Estimate
from qamctl.azure.submit import write_down
from qamctl.errors import GateError


def test_the_budget_of_the_day_holds(tmp_path: Path) -> None:
    """Hardware passes, a month that is used up does not; the estimate is the one of before."""
    world = make_world(tmp_path)
    known = Estimate("ionq.qpu.aria-1", 5.0, "USD", 5_000_000, "per-shot", {}, False, "s", "d", True, "p")
    order = make_order(target="ionq.qpu.aria-1", estimate=known.as_dict())
    job = write_down(world.desk, order, "queued", lambda connection: None)
    with world.desk.connect() as connection:
        admission_of(Account(tmp_path, {}, monthly_budget=6.0), job, world.desk.clock)(connection)
        with pytest.raises(GateError, match="monthly budget"):
            admission_of(Account(tmp_path, {}, monthly_budget=4.0), job, world.desk.clock)(connection)
    assert estimate_of(job).as_dict() == known.as_dict()
