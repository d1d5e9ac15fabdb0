"""The desk of a workspace, and the machine's clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.azure_desks import make_order

from qamctl.azure import poll
from qamctl.azure.clean import Secret
from qamctl.azure.client import LOOPBACK, Policy
from qamctl.azure.clock import SystemClock
from qamctl.azure.open import LOOPBACK_LIMITS, make_desk, open_desk
from qamctl.azure.submit import submit_once
from qamctl.azure.throttle import Limits
from qamctl.azure.workspace import Place
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService, Outcome
from qamctl.errors import AuthError

WHOSE = ("11111111-2222-3333-4444-555555555555", "Group", "Work")


def test_a_service_on_this_machine_is_asked_quickly(tmp_path: Path) -> None:
    """Plain http is a test service: it is looked at often, and a job goes there and back through the real SDK."""
    emulator = AzureService(key="a-key", queue_seconds=0.0, run_seconds=0.0, runner=lambda work: Outcome(b"{}"))
    with serve(emulator) as address:
        desk = open_desk(tmp_path, Place(*WHOSE, None, address, "key", Secret("a-key")), {})
        assert desk.client.policy == LOOPBACK
        assert desk.client.throttle.limits == LOOPBACK_LIMITS
        assert isinstance(desk.clock, SystemClock)
        (job,) = poll.wait(desk, [submit_once(desk, make_order()).id])
        assert poll.output_of(desk, job) == b"{}"
        desk.client.service.close()  # type: ignore[attr-defined]
    assert emulator.created == {job.id: 1}
    assert job.workspace == "11111111-2222-3333-4444-555555555555/group/work"
    assert (tmp_path / "state.db").exists()


def test_azure_itself_is_asked_calmly(tmp_path: Path) -> None:
    """An address of Azure has the patient policy, and opening a desk asks nothing of it."""
    place = Place(*WHOSE, "eastus", "https://eastus.quantum.azure.com/", "key", Secret("a-key"))
    clock = SystemClock()
    desk = open_desk(tmp_path, place, {}, clock=clock)
    assert (desk.client.policy, desk.client.throttle.limits) == (Policy(), Limits())
    assert desk.clock is clock
    assert list(tmp_path.iterdir()) == []


def test_no_credentials(tmp_path: Path) -> None:
    """Without a key there is no desk."""
    with pytest.raises(AuthError):
        open_desk(tmp_path, Place(*WHOSE, None, "https://eastus.quantum.azure.com/", "key"), {})


def test_pauses_differ_unless_a_seed_is_given(tmp_path: Path) -> None:
    """Processes that fail together must not come back together."""

    class Nobody:
        workspace = endpoint = ""

    def drawn(seed: int | None) -> list[float]:
        desk = make_desk(tmp_path, Nobody(), SystemClock(), seed=seed)  # type: ignore[arg-type]
        return [desk.client.rng.random() for _ in range(3)]

    assert drawn(None) != drawn(None)
    assert drawn(7) == drawn(7)


def test_the_machine_s_clock() -> None:
    """It tells seconds since 1970 and sleeps; less than nothing is nothing."""
    clock, begun = SystemClock(), time.time()
    clock.sleep(0.01)
    clock.sleep(-5.0)
    assert begun + 0.009 <= clock.now()
