"""Searches of one problem that go on in slices, in turn or side by side in threads, and how they are watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from qamctl.solver import Budget

#: A budget in steps is always divided among this many walks, so that the answer does not depend on the threads.
WALKS = 2

#: Seconds of the first and of the longest slice between two looks at `stop`.
FIRST_SLICE, SLICE = 0.001, 0.05

#: Times that telling takes, between two of them.
PAUSE = 10

ENDLESS = 2**62
_SEED_STEP = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: seeds of neighbouring walks share no stream


class Walk(Protocol):
    """One search with its own seed; the thread that runs it and the one that watches share what it found."""

    @property
    def done(self) -> bool:
        """Whether nothing better can be found."""
        ...

    @property
    def value(self) -> tuple[float, ...] | None:
        """Violation (0 where feasible) and levels of the best that it found; None where there is nothing yet."""
        ...

    def advance(self, seconds: float, spent: float) -> bool:
        """Run one slice, given the share (0 .. 1) of the time that is spent; whether there is more to do."""
        ...


def shares(budget: Budget, seed: int) -> list[tuple[int, int]]:
    """(seed, steps) of each walk; with a budget in seconds every thread has one, without an end."""
    count = WALKS if budget.steps is not None else max(1, budget.threads)
    return [
        (
            seed + k * _SEED_STEP,
            ENDLESS if budget.steps is None else (budget.steps + count - 1 - k) // count,
        )
        for k in range(count)
    ]


def winner(walks: Sequence[Any]) -> Any:
    """The walk with the best value; the first of them wins a tie. None where nobody found anything."""
    found = [walk for walk in walks if walk.value is not None]
    return min(found, key=lambda walk: walk.value, default=None)


class Teller:
    """Tells what walks find: feasible, better than what was told before, and not too often."""

    def __init__(self, walks: Sequence[Any], known: tuple[float, ...] | None, report: Callable[[Any], None]) -> None:
        self.walks, self.report = walks, report
        self.told = None if known is None else (0.0, *known)
        self.next = float("-inf")  # not before then

    def __call__(self, last: bool = False) -> None:
        """Look at the walks."""
        best = winner(self.walks)
        if best is None or best.value[0] > 0 or (self.told is not None and best.value >= self.told):
            return
        begun = time.monotonic()
        if last or begun >= self.next:
            self.told = best.value
            self.report(best)
            now = time.monotonic()
            self.next = now + max(SLICE, PAUSE * (now - begun))  # who listens checks what is told


def drive(walks: Sequence[Walk], budget: Budget, begun: float, stop: Callable[[], bool], tell: Teller) -> None:
    """Run walks to their end, to that of the budget, or until `stop`.

    Parameters
    ----------
    begun
        When the time of the budget began, by `time.monotonic`.
    """
    (_side_by_side if budget.threads > 1 else _in_turn)(walks, budget, begun, stop, tell)
    tell(last=True)


def _slices(walk: Walk, budget: Budget, begun: float, halted: Callable[[], bool]) -> Iterator[None]:
    """Runs a walk to its end; yields after every slice. The first slices are short: small problems need no more.

    One slice is run even where what came before took all the time: a walk that has begun has an answer.
    """
    length, begins = FIRST_SLICE, True
    while not halted():
        spent = 0.0
        if budget.seconds is not None:
            gone = time.monotonic() - begun
            if gone >= budget.seconds and not begins:
                return
            spent = min(1.0, gone / budget.seconds) if budget.seconds else 1.0
            length = FIRST_SLICE if begins else min(length, budget.seconds - gone)
        begins = False
        more = walk.advance(length, spent)
        yield
        if not more:
            return
        length = min(SLICE, 2 * length)


def _in_turn(
    walks: Sequence[Walk], budget: Budget, begun: float, stop: Callable[[], bool], tell: Callable[[], None]
) -> None:
    for walk in walks:
        for _ in _slices(walk, budget, begun, stop):
            tell()
        if walk.done:  # the others could only tie
            return


def _side_by_side(
    walks: Sequence[Walk], budget: Budget, begun: float, stop: Callable[[], bool], tell: Callable[[], None]
) -> None:
    """Each walk in a thread of its own; this one watches.

    With a budget in steps a walk is only cut short by one before it, as in `_in_turn`: the answer is the same.
    """
    ended = threading.Event()
    errors: list[BaseException] = []

    def halted(k: int) -> bool:
        rivals = walks[:k] if budget.steps is not None else walks
        return ended.is_set() or any(walk.done for walk in rivals)

    def work(k: int) -> None:
        try:
            for _ in _slices(walks[k], budget, begun, lambda: halted(k)):
                pass
        except BaseException as error:  # raised again by the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(len(walks))]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads) and not stop():
            tell()
            next((t for t in threads if t.is_alive()), threads[0]).join(FIRST_SLICE)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
