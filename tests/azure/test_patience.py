"""Calls that nobody waits for beyond their time: what comes back, what is left alone, what is not begun."""

from __future__ import annotations

import threading

import pytest

from qamctl.azure.clock import SystemClock
from qamctl.azure.patience import Abandoned, together, within


class Fake:
    """A clock that only moves by what is slept."""

    at = 100.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_what_comes_back_in_time_is_given_and_a_fault_is_raised() -> None:
    """As if the call had been made in this thread."""
    assert within(lambda: 7, None, SystemClock()) == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, SystemClock().now() + 60, SystemClock())
    assert within(threading.current_thread, None, Fake()) is threading.current_thread()


def test_a_call_that_hangs_is_left_alone_at_the_deadline() -> None:
    """The wait ends; the call goes on by itself."""
    hung, ended = threading.Event(), threading.Event()

    def call() -> None:
        hung.wait(60)
        ended.set()

    with pytest.raises(Abandoned):
        within(call, SystemClock().now() - 0.4, SystemClock())
    assert not ended.is_set()
    hung.set()
    assert ended.wait(60)


def test_a_call_that_hangs_is_left_alone_when_the_run_is_told_to_end() -> None:
    """Soon after `stop`, without any deadline."""
    hung = threading.Event()
    with pytest.raises(Abandoned):
        within(lambda: hung.wait(60), None, SystemClock(), lambda: True)
    hung.set()


def test_calls_are_made_together_and_none_after_the_deadline() -> None:
    """All of them in time, none of them late; the fault of one, or its hanging, is not the others'."""
    done, hung, clock = list[int](), threading.Event(), SystemClock()
    together([lambda: 1 // 0, *(lambda k=k: done.append(k) for k in range(20))], clock.now() + 60, clock)
    assert sorted(done) == list(range(20))
    together([lambda: done.append(20)], clock.now() - 1, clock)
    together([], clock.now() + 60, clock)
    together([lambda: hung.wait(60)], clock.now() + 0.05, clock)
    hung.set()
    assert len(done) == 20
    fake = Fake()
    together([lambda: fake.sleep(5.0), lambda: done.append(20), lambda: done.append(21)], 104.0, fake)
    assert len(done) == 20


def test_a_call_that_itself_timed_out_is_told_as_it_is() -> None:
    """Its own TimeoutError is a fault like any other, not a reason to wait on."""

    def late() -> None:
        raise TimeoutError("the storage said so")

    with pytest.raises(TimeoutError, match="the storage said so"):
        within(late, None, SystemClock())
