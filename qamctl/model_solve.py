"""From a model to a verified sample: engines take turns, the checker decides, the proofs are joined."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qamctl import model_engines
from qamctl.errors import BackendError, QamError, UnsupportedError
from qamctl.measuring import CLASSICAL, NOTHING, CutShort, Settings
from qamctl.model_judge import Answer, Attempt, settle
from qamctl.model_parts import STEPS_PER_PART
from qamctl.model_samples import SampleTable
from qamctl.model_task import Engine, Outcome, Question, Task
from qamctl.qubo.feasible import feasible
from qamctl.qubo.search.base import Budget

#: Seconds between two looks at the clock and the signals.
POLL = 0.01

#: Engines that are still at work when the time is up are given so long, and this share of the time, to end.
GRACE, GRACE_SHARE = 0.03, 0.01

#: So much earlier than the time limit, and by this share of it, engines are told to end.
MARGIN, MARGIN_SHARE = 0.02, 0.005

#: Seconds that tables and the verdict take for each coupling, four times that for each variable, and the share of the
#: time that they may be given at most.
PER_COUPLING, SETTLING = 2.5e-7, 0.25

#: Work of the annealer before remote engines begin, where no other engine is named: so many flips of variables. It is
#: not a time, so that a run that is repeated begins with the same sample, and meets its own jobs.
FLIPS, LEAST_STEPS, MOST_STEPS = 20_000_000, 200, 20_000

#: What is told of remote engines that had nothing to do, and of a start that was not whole.
_PROVED = "there was nothing left to gain: the answer is proved"
_CUT = "the time limit ended it before {:,} steps: a run that is repeated may begin elsewhere, and send other jobs"

Progress = Callable[[float, float | None], None]


def solve_model(
    question: Question,
    *,
    backends: Sequence[str] = ("auto",),
    seconds: float | None = None,
    steps: int | None = None,
    seed: int,
    threads: int = 1,
    target: float | None = None,
    reads: int | None = None,
    max_variables: int | None = None,
    settings: Settings = NOTHING,
    strict: bool = False,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda seconds, best: None,
    phase: Callable[[str], None] = lambda name: None,
) -> Answer:
    """Let engines search a model one after the other, each from the best sample so far.

    Parameters
    ----------
    backends
        Names of engines, which share the time.
    seconds, steps
        The budget; exactly one is set. With steps every engine has all of them. Remote engines follow when it is over,
        with a budget of their own: so many parts, shots, credits, and seconds of waiting as `settings` say.
    target
        A sample of this energy or less ends the search.
    reads
        Samples to take from each engine.
    max_variables
        Engines of QUBOs are given parts of the model of at most so many variables.
    settings
        Of engines that measure circuits.
    strict
        A search of `auto` that fails ends the run; else the others stand in for it, as long as one of them answers.
    progress
        Called about a hundred times a second with the seconds gone and the best energy.
    phase
        Told "solve" and "check" as they begin.

    Raises
    ------
    UsageError
        An engine's name is not known.
    UnsupportedError, BackendError
        An engine that was named can't run or failed.
    """
    names = model_engines.expand(backends)
    remote = [name for name in names if model_engines.remote(name)]
    near = [name for name in names if name not in remote]
    start = None if near or not remote else steps or max(LEAST_STEPS, min(MOST_STEPS, FLIPS // max(1, question.n)))
    first = near or [CLASSICAL]
    engines = {name: model_engines.engine(name, settings) for name in [*first, *remote]} if question.n else {}
    turns = _Turns(question, seconds, steps, seed, threads, target, reads, max_variables, stop, settings, start)
    if question.n:
        phase("solve")
        turns.run({name: engines[name] for name in first}, progress)
        if remote:
            turns.follow({name: engines[name] for name in remote}, progress)
    phase("check")
    answer = turns.settle()
    failed = [attempt for attempt in answer.attempts if attempt.error is not None]
    stood_in_for = "auto" in backends or all(model_engines.remote(attempt.backend) for attempt in failed)
    alone = not stood_in_for or strict
    if failed and (alone or answer.status == "unknown" or answer.solved_by is None):
        raise failed[0].error or BackendError(f"{failed[0].backend} failed")
    fallback = {"backend": failed[0].backend, "reason": failed[0].note} if failed else None
    return replace(answer, fallback=fallback)


@dataclass
class _Turns:
    """The engines at work; what they share is safe to use from several threads."""

    question: Question
    seconds: float | None
    steps: int | None
    seed: int
    threads: int
    target: float | None
    reads: int | None
    max_variables: int | None
    stop: Callable[[], bool]
    settings: Settings = NOTHING
    start: int | None = None  # steps of the classical engine before remote ones, where no other is named
    far: bool = False  # it is the turn of remote engines
    late: bool = False  # the time was up while engines were at work
    best: tuple[float, np.ndarray] | None = None  # feasible, as far as engines say the truth
    curve: list[tuple[float, float, str]] = field(default_factory=list)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    told: dict[str, tuple[float, np.ndarray]] = field(default_factory=dict)  # each engine's best by its own account
    tables: list[SampleTable] = field(default_factory=list)
    working: str | None = None  # the engine whose turn it is
    kept: dict[str, Callable[[], Outcome]] = field(default_factory=dict)  # of searches that ended within that turn

    def __post_init__(self) -> None:
        self.over = threading.Event()  # a proof, the target, or the time is up
        self.lock = threading.Lock()
        self.begin = time.monotonic()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begin

    def halted(self) -> bool:
        """Whether engines have to end."""
        return self.over.is_set() or self.stop()

    def run(self, engines: dict[str, Engine], progress: Progress) -> None:
        """Work in another thread while this one looks at the clock and takes the signals.

        An engine that does not end in time is left to itself: what it told so far counts.
        """
        # No daemon: a process that ends while C++ still works would end in the middle of it.
        worker = threading.Thread(target=self._work, args=(engines,), name="engines")
        worker.start()
        timed = self.seconds is not None and not self.far
        limit = (self.seconds or 0.0) + GRACE + GRACE_SHARE * (self.seconds or 0.0) if timed else float("inf")
        asked = float("inf")  # when a signal came: nobody waits longer for an engine than after a deadline
        try:
            while worker.is_alive() and self.clock() < min(limit, asked + 1.0):
                worker.join(POLL)
                progress(self.clock(), self.best[0] if self.best else None)
                if timed and self.clock() > (self.seconds or 0.0):
                    self.late = True
                    self.over.set()
                if self.stop():
                    asked = min(asked, self.clock())
        finally:
            self.over.set()

    def follow(self, engines: dict[str, Engine], progress: Progress) -> None:
        """Let remote engines improve what there is, without a limit of time; unless it is proved, or good enough."""
        ended = any(attempt.status in ("optimal", "infeasible") for attempt in self.attempts.values())
        reached = self.target is not None and self.best is not None and self.best[0] <= self.target
        if ended or reached or self.stop() or self.working is not None:
            why = "the run ended before its turn came" if self.stop() or not ended else _PROVED
            for name in engines:
                self._enter(Outcome(name, "unknown", note=why), 0.0)
            return
        first = self.attempts.get(CLASSICAL)
        if self.start is not None and self.late and first is not None:
            first.note = "; ".join(text for text in (first.note, _CUT.format(self.start)) if text)
        self.over.clear()
        self.far = True
        self.run(engines, progress)

    def _work(self, engines: dict[str, Engine]) -> None:
        for k, (name, engine) in enumerate(engines.items()):
            if self.halted():
                self._enter(Outcome(name, "unknown", note="the run ended before its turn came"), 0.0)
                continue
            budget = self._budget((k + 1) / len(engines))
            since, self.working = time.monotonic(), name
            try:
                task = Task(
                    self.question, budget, self.seed + k, self.halted, self.offer,
                    None if self.best is None else self.best[1], self.reads, self.max_variables, self._keep,
                    self.settings,
                )  # fmt: skip
                outcomes = engine(task)
            except CutShort as cut:
                for outcome in cut.outcome:
                    self._enter(outcome, time.monotonic() - since if outcome.seconds is None else outcome.seconds)
                    if outcome.backend == name:
                        self._cut(name, cut)
            except QamError as error:
                self._fail(name, error, time.monotonic() - since)
            except Exception as error:  # an engine's bug must not cost the user the answers of the others
                wrapped = BackendError(f"{name} failed: {type(error).__name__}: {error}")
                wrapped.__cause__ = error
                self._fail(name, wrapped, time.monotonic() - since)
            else:
                spent = time.monotonic() - since
                for outcome in outcomes:
                    self._enter(outcome, spent if outcome.seconds is None else outcome.seconds)
            self.working = None
            self.kept.clear()

    def _cut(self, name: str, cut: CutShort) -> None:
        """Note that an engine could not go on; what it had counts."""
        with self.lock:
            attempt = self.attempts[name]
            attempt.outcome = replace(attempt.outcome, status="failed")
            attempt.note, attempt.error = cut.note, cut.error

    def _budget(self, until: float) -> Budget:
        if self.far:
            steps = STEPS_PER_PART * self.settings.parts
            return Budget(steps=steps, threads=self.threads, target=self.target)
        if self.start is not None:
            return Budget(steps=self.start, threads=self.threads, target=self.target)
        if self.steps is not None:
            return Budget(steps=self.steps, threads=self.threads, target=self.target)
        left = ((self.seconds or 0.0) - self._margin()) * until - self.clock()
        return Budget(seconds=max(left, 0.001), threads=self.threads, target=self.target)

    def _margin(self) -> float:
        """What engines need to put together what they found, once their time is up."""
        seconds = self.seconds or 0.0
        settling = PER_COUPLING * (self.question.objective.pairs + 4 * self.question.n)
        return MARGIN_SHARE * seconds + min(MARGIN, 0.1 * seconds) + min(settling, SETTLING * seconds)

    def offer(self, name: str, sample: np.ndarray, energy: float) -> None:
        """Take a sample that is better than what the engine had; one that breaks constraints is no improvement."""
        if self.question.constrained and not feasible(self.question.model, np.asarray(sample)[None, :])[0]:
            return
        with self.lock:
            if name not in self.told or energy < self.told[name][0]:
                self.told[name] = energy, np.array(sample, np.uint8)
            if self.best is None or energy < self.best[0]:
                self.best = energy, np.array(sample, np.uint8)
                self.curve.append((self.clock(), energy, name))
            if self.target is not None and energy <= self.target:
                self.over.set()

    def _keep(self, name: str, outcome: Callable[[], Outcome]) -> None:
        with self.lock:
            self.kept[name] = outcome

    def _enter(self, outcome: Outcome, seconds: float) -> None:
        """Note what an engine achieved, and offer its best sample."""
        name = outcome.backend
        if outcome.table is not None and len(outcome.table):
            if outcome.table.feasible[0]:
                self.offer(name, outcome.table.samples[0], float(outcome.table.energies[0]))
            self.tables.append(outcome.table)
        with self.lock:
            earlier = self.attempts.get(name)
            if earlier is not None:  # it gave the start of another engine, say
                seconds += earlier.seconds
                if outcome.info.get("stood_in_for"):  # and worked for it: its own search stays what it was
                    note = "; ".join(text for text in (earlier.note, outcome.note) if text)
                    outcome = replace(earlier.outcome, table=outcome.table, note=note)
            self.attempts[name] = Attempt(name, outcome, seconds=seconds, note=outcome.note)
            if outcome.status == "failed":
                self.attempts[name].error = BackendError(f"{name} failed: {outcome.note}")
        if outcome.status in ("optimal", "infeasible"):
            self.over.set()

    def _fail(self, name: str, error: QamError, seconds: float) -> None:
        status = "skipped" if isinstance(error, UnsupportedError) else "failed"
        with self.lock:
            self.attempts[name] = Attempt(name, Outcome(name, status), seconds=seconds, note=error.message, error=error)

    def settle(self) -> Answer:
        """The verdict on what there is now; an engine that was left behind may still tell something."""
        with self.lock:
            told, attempts, tables = dict(self.told), dict(self.attempts), list(self.tables)
            curve, working, kept = tuple(self.curve), self.working, dict(self.kept)
        for name, make in kept.items():
            outcome = make()
            attempts[name] = Attempt(name, outcome, seconds=outcome.seconds or 0.0, note=outcome.note)
            tables += [] if outcome.table is None else [outcome.table]
        late_ones = [name for name in told if name not in attempts]
        # The searches of `auto` speak for it.
        spoken_for = working == "auto" and bool(kept or late_ones)
        if working is not None and working not in (*attempts, *late_ones) and not spoken_for:
            late_ones.append(working)
        for name in late_ones:
            late = "was still at work when the time was up: what it had told until then counts"
            status = "feasible" if name in told else "unknown"
            attempts[name] = Attempt(name, Outcome(name, status), seconds=self.clock(), note=late)
        return settle(self.question, attempts, told, tables, curve, interrupted=self.stop())
