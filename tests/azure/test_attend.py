"""When a command ends: nothing that it asks outlasts its deadline or a signal."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from qamctl.azure.account import Account
from qamctl.azure.attend import Attended, End, attended_desk, end_of, now
from qamctl.azure.client import NoTurn
from qamctl.azure.clock import StoppableClock, Stopped
from qamctl.errors import ExitCode
from qamctl.runs.signals import Stop


def told_to() -> Stop:
    stop = Stop()
    stop.exit_code = ExitCode.INTERRUPTED
    return stop


class Slow:
    """A service that answers when it is let."""

    workspace, endpoint = "w", "e"

    def __init__(self) -> None:
        self.let, self.asked = threading.Event(), threading.Event()

    def get_job(self, id: str) -> str:
        self.asked.set()
        self.let.wait(60.0)
        return id


def test_an_end_is_counted_from_the_beginning() -> None:
    """Seconds make a moment; without them there is none, and only a signal ends the command."""
    assert end_of(Stop(), 100.0, 5.0).deadline == 105.0
    assert end_of(Stop(), 100.0, 5.0).is_over
    assert end_of(Stop(), 100.0, None).deadline is None
    assert not end_of(Stop(), 100.0, None).is_over
    assert not end_of(Stop(), now(), 60.0).is_over
    assert End(told_to()).is_over


def test_an_answer_in_time_is_given(tmp_path: Path) -> None:
    """And a fault of the verb is raised as it is; workspace and address need no asking."""
    service = Slow()
    service.let.set()
    attended = Attended(service, end_of(Stop(), now(), 60.0))  # type: ignore[arg-type]
    assert (attended.get_job("x"), attended.workspace, attended.endpoint) == ("x", "w", "e")

    def fails() -> Any:
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        End(Stop()).within(fails)


def test_a_service_that_hangs_is_left_at_the_deadline() -> None:
    """NoTurn, and it may go on behind our back."""
    service = Slow()
    attended = Attended(service, end_of(Stop(), now(), 0.1))  # type: ignore[arg-type]
    with pytest.raises(NoTurn, match="within the --timeout"):
        attended.get_job("x")
    service.let.set()


def test_a_service_that_hangs_is_left_at_a_signal() -> None:
    """Stopped, a moment later."""
    service, stop = Slow(), Stop()

    def press() -> None:
        service.asked.wait(60.0)
        stop.exit_code = ExitCode.TERMINATED

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(Stopped, match="while it waited"):
        Attended(service, End(stop)).get_job("x")  # type: ignore[arg-type]
    presser.join()
    service.let.set()


def test_nothing_is_asked_after_the_end() -> None:
    """Neither after a signal nor after the deadline."""
    service = Slow()
    with pytest.raises(Stopped):
        Attended(service, End(told_to())).get_job("x")  # type: ignore[arg-type]
    with pytest.raises(NoTurn, match="was over before"):
        Attended(service, end_of(Stop(), now() - 2.0, 1.0)).get_job("x")  # type: ignore[arg-type]
    assert not service.asked.is_set()


def test_a_desk_pauses_by_the_same_end(tmp_path: Path) -> None:
    """Its clock ends pauses at a signal, and its service is attended; the throttle stays the one that all share."""
    environ = {
        "AZURE_QUANTUM_CONNECTION_STRING": "SubscriptionId=11111111-2222-3333-4444-555555555555;ResourceGroupName=rg;"
        "WorkspaceName=ws;ApiKey=a-key;QuantumEndpoint=http://127.0.0.1:9/"
    }
    stop = Stop()
    desk = attended_desk(Account(tmp_path, environ), End(stop))
    assert isinstance(desk.client.service, Attended)
    assert isinstance(desk.clock, StoppableClock)
    stop.exit_code = ExitCode.INTERRUPTED
    with pytest.raises(Stopped):
        desk.clock.sleep(60.0)
    with pytest.raises(Stopped):
        desk.client.find("x")
