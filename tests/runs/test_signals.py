"""Signals ask a run to stop; the second one insists."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from qamctl.errors import ExitCode
from qamctl.runs.signals import Interrupted, Stop, catch_signals


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_the_first_signal_asks_the_second_raises(number: signal.Signals, code: ExitCode) -> None:
    """The first signal only raises the flag and sets the exit code; the second raises; handlers come back."""
    before = signal.getsignal(number)

    def insist() -> None:
        with catch_signals() as stop:
            assert not stop()
            os.kill(os.getpid(), number)
            assert stop()
            assert stop.exit_code == code
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted) as caught:
        insist()
    assert caught.value.code == code
    assert isinstance(caught.value, KeyboardInterrupt)
    assert signal.getsignal(number) is before


def test_the_first_signal_decides_the_exit_code() -> None:
    """SIGTERM after SIGINT raises at once as terminated, the flag keeps what came first."""
    kept: list[Stop] = []

    def both() -> None:
        with catch_signals() as stop:
            kept.append(stop)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        both()
    assert caught.value.code == ExitCode.TERMINATED
    assert kept[0].exit_code == ExitCode.INTERRUPTED


def test_a_block_tells_the_one_around_it_what_came() -> None:
    """What came in a run ends the watch that began it, too; the first signal counts."""
    with catch_signals() as around:
        with catch_signals() as quiet:
            pass
        assert (quiet(), around()) == (False, False)
        with catch_signals() as inner:
            os.kill(os.getpid(), signal.SIGTERM)
            assert (inner(), around()) == (True, False)
        assert around.exit_code == ExitCode.TERMINATED
        with catch_signals():
            os.kill(os.getpid(), signal.SIGINT)
        assert around.exit_code == ExitCode.TERMINATED


def test_outside_the_main_thread_nothing_is_installed() -> None:
    """In another thread the flag stays down and no handler changes."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with catch_signals() as stop:
            seen.append((stop(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
