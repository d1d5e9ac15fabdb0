"""Engines at work on one problem: shared incumbents, a proof that ends all, and what each one achieved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qamctl.contest import Contest, Value
from qamctl.errors import BackendError, QamError, UnsupportedError
from qamctl.levels import better
from qamctl.measuring import CutShort
from qamctl.portfolio import Turn
from qamctl.solver import Budget, Outcome, Solver

#: An engine searches so many times as long as its last answer was checked before another one is.
REST = 10

#: What an engine's attempt comes to when it had several turns: the first of these that one of them ended with.
RANK = ("failed", "rejected", "optimal", "infeasible", "feasible", "skipped", "unknown")

Progress = Callable[[float, Value | None], None]


@dataclass(slots=True)
class Attempt:
    """What one engine did, in one turn or in all of them; the fields of `attempts` in a result file.

    Attributes
    ----------
    value, solution
        Its best answer, which may be the one it started from.
    bounds
        As in `Outcome`.
    note
        Why it did less than one would expect.
    error
        What it failed by.
    others
        By name what engines found that stood in for it, or worked beside it, on parts of the problem.
    """

    backend: str
    status: str = "unknown"
    value: Value | None = None
    solution: Any = None
    bounds: tuple[float | None, ...] | None = None
    seconds: float = 0.0
    variables: int = 0
    note: str | None = None
    error: QamError | None = None
    info: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Attempt] = field(default_factory=dict)


@dataclass
class Found:
    """Takes what an engine finds; `by` what it got from another one, which is that one's.

    Every answer is checked in the engine's own time. So that this never takes more than about a tenth of it, an answer
    is passed over that comes too soon after one whose check took long: the engine's outcome holds its best once more.
    """

    offer: Callable[[Attempt, Any], None]
    attempt: Attempt
    timed: bool
    rest_until: float = 0.0

    def __call__(self, solution: Any) -> None:
        """An answer of the engine's own."""
        since = time.monotonic()
        if self.timed and since < self.rest_until:
            return
        self.offer(self.attempt, solution)
        now = time.monotonic()
        self.rest_until = now + REST * (now - since)

    def by(self, name: str, solution: Any) -> None:
        """An answer of the engine `name`."""
        self.offer(self.attempt.others.setdefault(name, Attempt(name)), solution)


@dataclass(frozen=True, slots=True)
class Race:
    """How it went: an attempt for each engine, and the incumbents over time (seconds, value by level, engine)."""

    attempts: tuple[Attempt, ...]
    curve: tuple[tuple[float, Value, str], ...]
    seconds: float
    interrupted: bool


def race(
    contest: Contest,
    solvers: Mapping[str, Solver],
    lanes: Sequence[Sequence[Turn]],
    *,
    seconds: float | None,
    steps: int | None,
    seed: int,
    stop: Callable[[], bool],
    sampled: Sequence[str] = (),
    progress: Progress = lambda seconds, best: None,
    meanwhile: Callable[[], object] = lambda: None,
    incumbent: Any = None,
) -> Race:
    """Run the lanes to their end, to a proof, or until `stop`.

    An answer that the checker finds at fault is its engine's failure, and no one starts from it.

    Parameters
    ----------
    solvers
        The engine of each name that stands in `lanes`.
    seconds, steps
        The budget; exactly one is set. With seconds the lanes run side by side; with steps the turns follow
        one another, so that the answer depends on nothing but the seed.
    sampled
        The engines that work on QUBO windows; a window counts as `contest.window` steps.
    progress
        Called about fifty times a second with the seconds gone and the best value.
    meanwhile
        Called once while the engines work: this thread would only wait.
    incumbent
        An answer to start from, which an earlier race found.
    """
    shared = _Shared(contest, solvers, seconds, steps, seed, stop, frozenset(sampled))
    if incumbent is not None:
        shared.begin_from(incumbent)
    turns = [turn for lane in lanes for turn in lane]
    numbered = iter(range(len(turns)))
    tracks = [[(next(numbered), turn) for turn in lane] for lane in lanes]
    shared.taken = {number: Attempt(turn.engine) for track in tracks for number, turn in track}
    if steps is not None:
        tracks = [[pair for track in tracks for pair in track]]
    threads = [
        threading.Thread(target=shared.drive, args=(track, k > 0), name=f"lane-{k}", daemon=True)
        for k, track in enumerate(tracks)
    ]
    for thread in threads:
        thread.start()
    try:
        meanwhile()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.02)
                progress(shared.clock(), shared.best[0] if shared.best else None)
    finally:  # an exception here must not leave engines at work
        shared.over.set()
        for thread in threads:
            thread.join()
    engines = dict.fromkeys(turn.engine for turn in turns)
    attempts = [_together(name, [shared.taken[k] for k in sorted(shared.taken)]) for name in engines]
    others = [one for k in sorted(shared.taken) for one in _others(shared.taken[k])]
    return Race((*attempts, *others), tuple(shared.curve), shared.clock(), stop())


class _Shared:
    """What the lanes share; safe to use from several threads."""

    def __init__(
        self,
        contest: Contest,
        solvers: Mapping[str, Solver],
        seconds: float | None,
        steps: int | None,
        seed: int,
        stop: Callable[[], bool],
        sampled: frozenset[str],
    ) -> None:
        self.contest, self.solvers, self.sampled = contest, solvers, sampled
        self.seconds, self.steps, self.seed, self.stop = seconds, steps, seed, stop
        self.best: tuple[Value, Any] | None = None
        self.curve: list[tuple[float, Value, str]] = []
        self.taken: dict[int, Attempt] = {}
        self._starts: dict[str, tuple[Any, float]] = {}  # where a sampled engine began, how long it took
        self.over = threading.Event()  # a proof, or the caller has gone
        self._started = threading.Event()  # the first lane has an answer, or had its turn without one
        self._lock = threading.Lock()
        self._begin = time.monotonic()

    def begin_from(self, answer: Any) -> None:
        """Take an answer that was there before; nobody has to wait for a first one then."""
        self.best = (self.contest.value(answer), answer)
        self._started.set()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._begin

    def halted(self) -> bool:
        """Whether the engines have to end."""
        return self.over.is_set() or self.stop()

    def offer(self, attempt: Attempt, solution: Any) -> None:
        """Take an answer that beats what the turn, or anybody, had."""
        value = self.contest.value(solution)
        leads = self.best is None or better(value, self.best[0])
        if leads and (fault := self.contest.fault(solution)) is not None:
            attempt.note = f"the checker found: {fault}"
            attempt.error = BackendError(f"{attempt.backend} gave an answer that does not hold: {fault}")
            return
        with self._lock:
            if attempt.value is None or better(value, attempt.value):
                attempt.value, attempt.solution = value, solution
            if self.best is None or better(value, self.best[0]):
                self.best = (value, solution)
                self.curve.append((self.clock(), value, attempt.backend))
        self._started.set()

    def drive(self, track: Sequence[tuple[int, Turn]], late: bool = False) -> None:
        """Run the turns of a lane; a `late` one waits a little for the first lane's answer to start from."""
        if late:
            self._started.wait(timeout=0.25 * (self.seconds or 0.0))
        for k, (number, turn) in enumerate(track):
            attempt = self.taken[number]
            if self.halted():
                attempt.note = "the run ended before its turn came"
                continue
            try:
                self._turn(number, turn, track[k + 1 :])
            except QamError as error:
                attempt.status = "skipped" if isinstance(error, UnsupportedError) else "failed"
                attempt.note, attempt.error = error.message, error
            except Exception as error:  # an engine's bug must not cost the user the answers of the others
                attempt.status, attempt.note = "failed", f"{type(error).__name__}: {error}"
                attempt.error = BackendError(f"{turn.engine} failed: {attempt.note}")
                attempt.error.__cause__ = error
            finally:
                self._started.set()

    def _turn(self, number: int, turn: Turn, behind: Sequence[tuple[int, Turn]]) -> None:
        """One turn, given those behind it on the lane."""
        attempt = self.taken[number]
        start = self.best[1] if self.best else None
        searched = any(later.engine not in self.sampled for _, later in behind if not later.control_of)
        if turn.control_of is not None:
            self._control(turn, attempt, number)
        elif start is None and turn.engine in self.sampled and searched:
            attempt.note = "there was no answer yet to start from when its turn came"
        elif (budget := self._budget(turn)) is None:
            attempt.note = "no time was left"
        else:
            self._take(turn, attempt, start, budget, number)

    def _budget(self, turn: Turn) -> Budget | None:
        if self.steps is not None:
            share = self.contest.window if turn.engine in self.sampled else 1
            return Budget(steps=-(-self.steps // share), threads=turn.threads)
        left = (self.seconds or 0.0) * turn.until - self.clock()
        return Budget(seconds=left, threads=turn.threads) if left > 0 else None

    def _control(self, turn: Turn, attempt: Attempt, number: int) -> None:
        """Search from where the sampled engine started, for as long as it took, and compare."""
        rival = next(self.taken[k] for k in range(number)[::-1] if self.taken[k].backend == turn.control_of)
        budget = self._budget(turn)
        # With a step budget there is no "same time" that could be reproduced.
        if self.steps is not None or turn.control_of not in self._starts or budget is None or rival.value is None:
            return
        start, spent = self._starts[turn.control_of]
        budget = Budget(seconds=min(spent, budget.seconds or 0.0), threads=turn.threads)
        self._take(turn, attempt, start, budget, number)
        if self.halted() or attempt.error is not None or rival.value is None:
            return
        begin = self.contest.value(start)
        shots = int(rival.info.get("shots", 0))
        left = max(0.0, (self.seconds or 0.0) - self.clock())
        chance = self.contest.random(shots, self.seed + number, min(spent, left), self.halted)
        for name, value in (("classical_value", attempt.value), ("random_value", chance)):
            rival.info[name] = begin if value is None or better(begin, value) else value

    def _take(self, turn: Turn, attempt: Attempt, start: Any, budget: Budget, number: int) -> None:
        since = time.monotonic()
        try:
            outcome = self.solvers[turn.engine](
                self.contest.instance, start, budget, self.seed + number, self.halted, self._found(attempt)
            )
        except CutShort as cut:
            self._note(attempt, cut.outcome)
            attempt.status, attempt.note, attempt.error = "failed", cut.note, cut.error
            return
        finally:
            attempt.seconds = time.monotonic() - since
        self._note(attempt, outcome)
        if start is not None and turn.engine in self.sampled:
            self._starts[turn.engine] = (start, attempt.seconds)

    def _found(self, attempt: Attempt) -> Found:
        return Found(self.offer, attempt, self.seconds is not None)

    def _note(self, attempt: Attempt, outcome: Outcome) -> None:
        attempt.status, attempt.bounds, attempt.variables = outcome.status, outcome.bounds, outcome.variables
        attempt.info = dict(outcome.info)
        if outcome.solution is not None:
            self.offer(attempt, outcome.solution)
        if attempt.error is not None:  # whoever gives answers that do not hold has proved nothing
            attempt.status, attempt.bounds = "rejected", None
            return
        told = [str(outcome.info[name]) for name in ("skipped", "ended", "note") if outcome.info.get(name)]
        attempt.note = "; ".join(told) or None
        attempt.info.pop("note", None)
        if outcome.status in ("optimal", "infeasible"):
            self.over.set()


def _others(attempt: Attempt) -> list[Attempt]:
    """The attempts of engines that worked for another one, as far as they found something."""
    told = attempt.info.get("stood_in", {})
    for name, other in attempt.others.items():
        share = told.get(name, {})
        parts = int(share.get("parts", 0))
        other.status = "feasible" if other.error is None else "rejected"
        other.seconds, other.variables = float(share.get("seconds", 0.0)), int(share.get("variables", 0))
        other.note = other.note or f"sampled {parts} part{'s' * (parts != 1)} that no job of {attempt.backend} measured"
    return list(attempt.others.values())


def _together(engine: str, turns: Sequence[Attempt]) -> Attempt:
    """One attempt of all the turns that an engine had: best answer, bounds of the best status, sums."""
    mine = [turn for turn in turns if turn.backend == engine]
    best = min(mine, key=lambda turn: RANK.index(turn.status))
    whole = Attempt(engine, best.status, bounds=best.bounds, error=best.error)
    whole.note = next((turn.note for turn in mine if turn.note is not None), None) if best.value is None else best.note
    for turn in mine:
        if turn.value is not None and (whole.value is None or better(turn.value, whole.value)):
            whole.value, whole.solution = turn.value, turn.solution
        whole.seconds += turn.seconds
        whole.variables = max(whole.variables, turn.variables)
        for key, figure in turn.info.items():
            add = isinstance(figure, int | float | list) and not isinstance(figure, bool)
            whole.info[key] = whole.info[key] + figure if add and whole.info.get(key) is not None else figure
    return whole
