"""Several engines on one schedule problem: who runs when, on how many cores, and what each one achieved.

Engines share one board of incumbents, so that each starts from the best answer so far; a proof by one ends
all. With a time budget they run side by side in *lanes*; with a step budget one after another, so that the
answer depends on nothing but the seed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamctl.errors import BackendError, QamError, UnsupportedError
from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution, better
from qamctl.schedule.solvers.base import Budget, Outcome, Solver
from qamctl.schedule.solvers.random_lists import best_of_random

#: A window of a sampled engine counts as so many steps of a step budget: they take about the same time.
STEPS_PER_WINDOW = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """One engine's turn on a lane.

    Attributes
    ----------
    until
        When it ends, as a fraction of the whole time.
    control_of
        A sampled engine that had its turn just before: this turn starts where that one started and takes as
        long, so that the two can be compared. What it finds counts like anything else.
    """

    engine: str
    until: float
    threads: int = 1
    control_of: str | None = None


@dataclass(slots=True)
class Attempt:
    """What one engine did; the fields of `attempts` in a result file."""

    backend: str
    status: str = "unknown"
    value: tuple[float, ...] | None = None
    solution: Solution | None = None
    bounds: tuple[float | None, ...] | None = None
    seconds: float = 0.0
    variables: int = 0
    note: str | None = None
    error: QamError | None = None
    info: dict[str, Any] = field(default_factory=dict)


class Board:
    """The best schedule so far and the history of how it was found; safe to use from several threads."""

    def __init__(self, instance: Instance, clock: Callable[[], float]) -> None:
        self._instance, self._clock, self._lock = instance, clock, threading.Lock()
        self.best: tuple[tuple[float, ...], Solution, str] | None = None
        self.curve: list[tuple[float, tuple[float, ...], str]] = []

    def offer(self, attempt: Attempt, solution: Solution) -> None:
        """Take `solution` if it beats what its engine, or anybody, had."""
        value = self._instance.value(solution)
        with self._lock:
            if attempt.value is None or better(value, attempt.value):
                attempt.value, attempt.solution = value, solution
            if self.best is None or better(value, self.best[0]):
                self.best = (value, solution, attempt.backend)
                self.curve.append((self._clock(), value, attempt.backend))

    def incumbent(self) -> Solution | None:
        """The best schedule so far."""
        with self._lock:
            return self.best[1] if self.best else None


@dataclass(frozen=True, slots=True)
class Race:
    """How a portfolio run went: its attempts, and the incumbents over time (seconds, value by level, engine)."""

    attempts: tuple[Attempt, ...]
    curve: tuple[tuple[float, tuple[float, ...], str], ...]
    seconds: float
    interrupted: bool


def plan(engines: Sequence[str], threads: int, *, sampled: Sequence[str]) -> list[list[Turn]]:
    """Lanes of turns for `engines` on `threads` cores.

    A sampled engine only improves what another one found, so it is never first: where no other engine is
    named, list search gives it a start. With two cores or more CP-SAT has its own lane, and the sampled
    engines take their turn early on the lane of list search, while there is still something to find.
    """
    native = [name for name in engines if name not in sampled]
    samplers = [name for name in engines if name in sampled]
    if not native:
        return [[Turn("list-search", 0.2, threads), *_sampled(samplers, 0.2, 1.0, threads)]]
    if threads == 1 or len(engines) == 1:
        share = 1.0 / (len(native) + 0.5 * len(samplers))
        turns = [Turn(native[0], share, threads)]
        turns += _sampled(samplers, share, share * (1 + 0.5 * len(samplers)), threads)
        begin = share * (1 + 0.5 * len(samplers))
        turns += [Turn(name, min(1.0, begin + share * (k + 1)), threads) for k, name in enumerate(native[1:])]
        return [turns]
    if len(native) == 1:
        return [[Turn(native[0], 1.0, threads - 1)], _sampled(samplers, 0.0, 1.0, 1)]
    opening = [Turn(native[0], 0.06), *_sampled(samplers, 0.06, 0.3, 1)] if samplers else []
    workers = max(1, (threads - 1) // (len(native) - 1))
    return [[*opening, Turn(native[0], 1.0)], *([Turn(name, 1.0, workers)] for name in native[1:])]


def _sampled(samplers: Sequence[str], begin: float, end: float, threads: int) -> list[Turn]:
    """Turns of sampled engines between two fractions of the time, each followed by its control."""
    turns, step = [], (end - begin) / max(1, 2 * len(samplers))
    for k, name in enumerate(samplers):
        half = begin + step * (2 * k + 1)
        turns += [Turn(name, half, threads), Turn("list-search", half + step, threads, control_of=name)]
    return turns


def race(
    instance: Instance,
    solvers: Mapping[str, Solver],
    lanes: Sequence[Sequence[Turn]],
    *,
    seconds: float | None,
    steps: int | None,
    seed: int,
    stop: Callable[[], bool],
    sampled: Sequence[str] = (),
    incumbent: Solution | None = None,
    progress: Callable[[float, tuple[float, ...] | None], None] | None = None,
) -> Race:
    """Run the lanes to their end, to a proof, or until `stop`.

    Parameters
    ----------
    solvers
        The engine of each name that stands in `lanes`.
    seconds, steps
        The budget; exactly one is set. With steps every turn has that many steps, in lane order.
    sampled
        The engines that work on QUBO windows; a window counts as `STEPS_PER_WINDOW` steps.
    incumbent
        A feasible schedule to start from.
    progress
        Called about ten times a second with the seconds gone and the best value.
    """
    begin = time.monotonic()
    board = Board(instance, lambda: time.monotonic() - begin)
    proved = threading.Event()
    attempts: dict[str, Attempt] = {}
    for lane in lanes:
        for turn in lane:
            attempts.setdefault(turn.engine, Attempt(turn.engine))
    starts: dict[str, tuple[Solution | None, float]] = {}  # where each sampled engine began, and how long it took
    started = threading.Event()  # the first turn of the first lane has an answer: others may start from it

    def halted() -> bool:
        return proved.is_set() or stop()

    def take(turn: Turn, number: int) -> None:
        attempt = attempts[turn.engine]
        budget, start = Budget(steps=steps, threads=turn.threads), board.incumbent() or incumbent
        if steps is not None and turn.engine in sampled:
            budget = Budget(steps=-(-steps // STEPS_PER_WINDOW), threads=turn.threads)
        if seconds is not None:
            left = seconds * turn.until - (time.monotonic() - begin)
            if left <= 0:
                if attempt.seconds == 0:
                    attempt.note = "no time was left"
                return
            if turn.control_of is not None:
                start, spent = starts.get(turn.control_of, (None, 0.0))
                left = min(left, spent)
                if start is None:
                    return
            budget = Budget(seconds=left, threads=turn.threads)

        def report(solution: Solution) -> None:
            board.offer(attempt, solution)
            started.set()

        since = time.monotonic()
        try:
            outcome = solvers[turn.engine](instance, start, budget, seed + number, halted, report)
        except QamError as error:
            attempt.status, attempt.note, attempt.error = "failed", error.message, error
            if isinstance(error, UnsupportedError):
                attempt.status = "skipped"
            return
        except Exception as error:  # an engine's bug must not cost the user the answers of the others
            attempt.status, attempt.note = "failed", f"{type(error).__name__}: {error}"
            attempt.error = BackendError(f"{turn.engine} failed: {attempt.note}")
            attempt.error.__cause__ = error
            return
        finally:
            spent = time.monotonic() - since
            attempt.seconds += spent
            starts[turn.engine] = (start, spent)
            started.set()
        _note(attempt, outcome)
        if turn.control_of is not None and not halted():
            _compare(instance, attempts[turn.control_of], start, outcome, seed + number, spent)
        if outcome.solution is not None:
            board.offer(attempt, outcome.solution)
        if outcome.status in ("optimal", "infeasible"):
            proved.set()

    def drive(lane: Sequence[Turn], first: bool) -> None:
        if not first:
            started.wait(timeout=0.25 * (seconds or 0.0))
        for k, turn in enumerate(lane):
            if halted():
                break
            if turn.control_of is not None and steps is not None:
                continue  # "the same time" can't be reproduced
            searching = any(later.control_of is None and later.engine not in sampled for later in lane[k + 1 :])
            if turn.engine in sampled and searching and board.incumbent() is None and incumbent is None:
                attempts[turn.engine].note = "there was no schedule yet to start from when its turn came"
                continue
            take(turn, numbers[id(turn)])

    numbers = {id(turn): k for k, turn in enumerate(turn for lane in lanes for turn in lane)}
    if steps is not None:
        for lane in lanes:
            drive(lane, True)
    else:
        threads = [
            threading.Thread(target=drive, args=(lane, k == 0), name=f"lane-{k}", daemon=True)
            for k, lane in enumerate(lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.02)
                if progress is not None:
                    progress(time.monotonic() - begin, board.best[0] if board.best else None)
    return Race(tuple(attempts.values()), tuple(board.curve), time.monotonic() - begin, stop())


def _compare(
    instance: Instance, attempt: Attempt, start: Solution | None, control: Outcome, seed: int, seconds: float
) -> None:
    """Note what the control and chance achieved from the same start in the same time as a sampled engine."""
    if start is None or attempt.value is None:
        return
    begin = instance.value(start)
    rivals = {
        "classical_value": None if control.solution is None else instance.value(control.solution),
        "random_value": best_of_random(instance, int(attempt.info.get("shots", 0)), seed, seconds),
    }
    for name, value in rivals.items():
        attempt.info[name] = begin if value is None or better(begin, value) else value


def _note(attempt: Attempt, outcome: Outcome) -> None:
    """Add what a turn achieved to its engine's attempt; a proof stays, later turns add to it."""
    if attempt.status not in ("optimal", "infeasible"):
        attempt.status = outcome.status
    if attempt.bounds is None or outcome.status == "optimal":
        attempt.bounds = outcome.bounds
    attempt.variables = max(attempt.variables, outcome.variables)
    attempt.note = outcome.info.get("skipped", attempt.note)
    for key, value in outcome.info.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and key in attempt.info:
            attempt.info[key] += value
        else:
            attempt.info[key] = value
