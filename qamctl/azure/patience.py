"""What is asked of a service within a time, though an answer may never come: the wait ends, the call is left alone.

The SDK waits half a minute for the next byte, whatever the caller's deadline. So each call of a run that has one is
made in a thread of its own, which nobody waits for beyond it; when the process ends, it ends as by a kill, which
everything here is made for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import Final, TypeVar

from qamctl.azure.clock import Clock, SystemClock

T = TypeVar("T")

#: Seconds that a call has beyond its deadline to say itself why it is late.
GRACE: Final = 0.5

#: Seconds that a call has once the run is told to end.
FAREWELL: Final = 1.0

#: Seconds between two looks at whether the run is told to end, and calls that are made at once.
_NAP, _LANES = 0.1, 8


class Abandoned(Exception):
    """The time was over, or the run told to end, before a call came back; it is left to itself."""


def within(call: Callable[[], T], deadline: float | None, clock: Clock, stop: Callable[[], bool] = lambda: False) -> T:
    """What a call gives, if it comes back by the deadline, or soon after `stop`.

    Parameters
    ----------
    deadline
        Moment of the clock; None: as long as it takes.
    clock
        Another than the machine's moves by itself: then the call is simply made.

    Raises
    ------
    Abandoned
        It did not.
    """
    if not isinstance(clock, SystemClock):
        return call()
    done: Future[T] = Future()
    # A daemon: the process may end while it waits for an answer. It asks the network and writes rows, nothing else.
    threading.Thread(target=_settle, args=(done, call), name="azure", daemon=True).start()
    asked = float("inf")
    while True:
        left = min(
            _NAP, asked + FAREWELL - time.monotonic(),
            float("inf") if deadline is None else deadline + GRACE - clock.now(),
        )  # fmt: skip
        if left <= 0:
            raise Abandoned
        try:
            return done.result(left)
        except Late as late:  # the call itself may say so, too
            if done.done() and done.exception() is late:
                raise
        if stop():
            asked = min(asked, time.monotonic())


def together(calls: Sequence[Callable[[], object]], deadline: float, clock: Clock) -> None:
    """Make calls side by side, none after the deadline, and wait for none beyond it; their faults are their own."""
    if not isinstance(clock, SystemClock):
        for call in calls:
            if clock.now() <= deadline:
                call()
        return
    waiting, lock, done = iter(calls), threading.Lock(), threading.Semaphore(0)

    def work() -> None:
        while True:
            with lock:
                call = next(waiting, None)
            if call is None or clock.now() > deadline:
                break
            with suppress(Exception):
                call()
        done.release()

    lanes = min(_LANES, len(calls))
    for _ in range(lanes):
        threading.Thread(target=work, name="azure", daemon=True).start()
    for _ in range(lanes):
        done.acquire(timeout=max(0.0, deadline - clock.now()))


def _settle(done: Future[T], call: Callable[[], T]) -> None:
    try:
        done.set_result(call())
    except BaseException as error:  # raised again by who waits
        done.set_exception(error)
