"""The hybrid loop: open windows around the incumbent, let an engine sample them, keep what is better.

What a problem is, how windows are picked and how samples become answers is handed in; so is the engine.
The loop walks over answers of equal value too, but what it gives back is only ever a better one. Beside the engine
two controls may be given the same windows: chance, and another engine for the same time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from qamctl.qubo.control import choices, uniform
from qamctl.qubo.feasible import feasible
from qamctl.qubo.rounds import TOLD, Attempt, Controls, Improvement, Limits, Router
from qamctl.qubo.window import (
    DECODED,
    Answer,
    Sampler,
    Window,
    Windows,
    best_first,
    in_order,
    ranked,
    reads_of,
)

if TYPE_CHECKING:
    import dimod


#: Wall seconds of one window where the budget is time; the loop looks up in between.
SLICE = 0.1

#: Work on a window where the budget is time (its seconds are a limit besides), and where the answer must be
#: reproducible: then the plain numpy kernels, which are a hundred times slower, may have to do it.
EFFORT: Mapping[str, int] = {"reads": 8, "sweeps": 1000}
FIXED: Mapping[str, int] = {"reads": 4, "sweeps": 500}

#: Openings in a row without anything to choose, after which a loop over circuits ends.
BLANKS = 50

#: Windows opened together under a step budget at least, however many threads there are.
TOGETHER = 4


def improve(
    problem: Windows[Answer],
    incumbent: Answer,
    sample: Sampler,
    *,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Answer], None],
    steps: int | None = None,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    threads: int = 1,
    effort: Mapping[str, Any] | None = None,
    controls: Controls | None = None,
    limits: Limits | None = None,
    log: list[Attempt] | None = None,
    together: int = TOGETHER,
    router: Router | None = None,
) -> Improvement[Answer]:
    """Improve an answer window by window.

    Parameters
    ----------
    steps
        Windows to sample, each with a fixed number of reads and sweeps: reproducible, whatever `threads`.
    seconds
        Time to work by `clock`, in place of steps.
    stop
        Asked before each round of windows, and handed to the engine; True ends the loop.
    report
        Called with every better answer.
    threads
        Windows sampled side by side, where the problem opens several at once.
    effort
        Options of the engine for every window; None: `EFFORT` or `FIXED`.
    controls, limits
        What is run beside the engine, and what all windows together may use up.
    log
        Gets every window's attempt as it ends, for callers who may not wait for the end of the loop.
    together
        Windows opened together under a step budget, where the problem can: as many as the engine works on side by side.
    router
        Says which of the engine's targets samples each window, and learns what that gave; None: there is one.
    """
    if (steps is None) == (seconds is None):
        raise ValueError("exactly one of steps and seconds is needed")
    if effort is None:
        effort = EFFORT if steps is None else FIXED
    loop = _Loop(
        problem, sample, incumbent, seed, stop, report, steps, seconds, clock, effort, controls, limits or Limits(),
        [] if log is None else log, together, router,
    )  # fmt: skip
    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        run_all = map if pool is None else pool.map
        while loop.round(threads, run_all):
            pass
    return Improvement(loop.best, tuple(loop.attempts), loop.ended)


@dataclass(frozen=True, slots=True)
class _Samples:
    """Of one window: the engine's, and those of its controls."""

    engine: dimod.SampleSet
    chance: np.ndarray | None = None
    classical: dimod.SampleSet | None = None


@dataclass
class _Loop(Generic[Answer]):
    """The state of a loop between its rounds."""

    problem: Windows[Answer]
    sample: Sampler
    best: Answer
    seed: int
    stop: Callable[[], bool]
    report: Callable[[Answer], None]
    steps: int | None
    seconds: float | None
    clock: Callable[[], float]
    effort: Mapping[str, Any]
    controls: Controls | None
    limits: Limits
    attempts: list[Attempt]
    together: int = TOGETHER
    router: Router | None = None
    shots: int = 0
    cost: float = 0.0
    dearest: float = 0.0
    ended: str | None = None
    longest: float = 0.0  # seconds of a round
    blanks: int = 0  # rounds in a row whose windows had nothing to choose

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.began = self.clock()
        self.at = self.best  # as good as the best answer, but not always the same

    def round(self, threads: int, run_all: Callable[..., Any]) -> bool:
        """Open windows, sample them side by side, take what is better; False where the loop is over."""
        if self.stop() or (self.steps is not None and len(self.attempts) >= self.steps):
            return False
        left = float("inf") if self.seconds is None else self.seconds - (self.clock() - self.began)
        if left <= 0 or (self._measured and left < self.longest):  # a circuit can't be cut short
            return False
        if self.router is not None and (ended := self.router.ended()) is not None:
            self.ended = ended
            return False
        count = threads if self.steps is None else min(self.together, self.steps - len(self.attempts))
        count = min(count, self._allowed())
        if count == 0:
            return False
        windows = self.problem.open(self.at, len(self.attempts), self.rng, count)
        if not windows:
            return False
        if self._measured and not any(window.compiled.n for window in windows):
            self.blanks += 1
            if self.blanks >= BLANKS:
                self.ended = "no window had anything to choose"
            return self.blanks < BLANKS
        self.blanks, since = 0, self.clock() if self._measured else 0.0
        opened, first = self.at, len(self.attempts)
        seeds = [int(self.rng.integers(2**31)) for _ in windows]
        lefts = [left] * len(windows)
        more = [{}] * len(windows) if self.router is None else self.router.assign([w.compiled for w in windows])
        numbers = range(first, first + len(windows))
        found: list[_Samples] = list(run_all(self._sample, windows, numbers, seeds, lefts, more))
        for number, (window, samples) in enumerate(zip(windows, found, strict=True), first):
            self._take(window, samples, opened, self._controlled(number))
        if self._measured:
            self.longest = max(self.longest, self.clock() - since)
        return True

    def _allowed(self) -> int:
        """Windows that may be opened before a limit is reached; each is taken to cost what the dearest one did."""
        done, limits = len(self.attempts), self.limits
        left = {"rounds": np.inf if limits.rounds is None else limits.rounds - done}
        need = max(1, int(self.effort.get("reads") or 1))
        left["shots"] = np.inf if limits.shots is None else (limits.shots - self.shots) // need
        if limits.cost is not None and not done:  # the first window tells what one costs
            left["cost"] = float(limits.cost > 0)
        elif limits.cost is not None:
            left["cost"] = np.inf if self.dearest == 0 else (limits.cost - self.cost) // self.dearest
        least = min(left, key=lambda name: left[name])
        if left[least] <= 0:
            self.ended = f"the limit of {least} was reached"
            return 0
        return int(min(left[least], 2**31))

    @property
    def _measured(self) -> bool:
        """Whether the engine measures circuits."""
        return self.controls is not None and self.controls.shots

    def _controlled(self, number: int) -> bool:
        return self.controls is not None and number % self.controls.every == 0

    def _sample(self, window: Window[Answer], number: int, seed: int, left: float, more: Mapping[str, Any]) -> _Samples:
        """The samples of a window; runs in any thread."""
        options = {**self.effort, "seed": seed, "initial": window.initial, "stop": self.stop, **more}
        controlled = self.controls is not None and self._controlled(number)
        if self.seconds is not None:
            turns = 1 + (1 + (self.controls is not None and self.controls.classical is not None)) * controlled
            options["seconds"] = min(SLICE, left / turns)
        since = self.clock()
        engine = self.sample(window.compiled, **options)
        spent = self.clock() - since
        if not controlled or self.controls is None or not _judged(engine):
            return _Samples(engine)
        rng = np.random.default_rng(seed)
        if self.controls.shots:
            chance = choices(window.model, max(1, reads_of(engine)), rng)
        elif self.seconds is None:
            chance = uniform(window.model, rng, draws=max(1, reads_of(engine)), stop=self.stop).samples
        else:
            chance = uniform(window.model, rng, seconds=spent, clock=self.clock, stop=self.stop).samples
        classical = None
        if self.controls.classical is not None:
            # All of the time, however much work that is; without time the work that classical engines get.
            own = self.controls.seconds
            same = {"seconds": spent} if self.seconds is not None else FIXED if own is None else {"seconds": own}
            options = {"initial": window.initial, "stop": self.stop, "seed": seed + 1, **same}
            classical = self.controls.classical(window.compiled, **options)
        return _Samples(engine, chance, classical)

    def _take(self, window: Window[Answer], found: _Samples, opened: Answer, controlled: bool) -> None:
        """Take over what is no worse, and note what the window gave."""
        controlled = controlled and _judged(found.engine)
        energy = float(found.engine.record.energy.min(initial=np.inf))
        if self._measured:  # slack bits of shots are as random as the rest
            samples, energy = best_first(window, window.compiled.restore(in_order(found.engine)))
        else:
            samples = ranked(window, found.engine)
        self.at = self._better(self.at, window, samples)
        improved = self.problem.value(self.at) < self.problem.value(self.best)
        gains: dict[str, float] = {}
        if controlled and self._measured:
            gains["opened"] = float(window.compiled.energy(window.initial)[0])
        if controlled:
            gains["gain"] = self._gain(opened, window, samples)
            if found.chance is not None:
                best, gains["random_energy"] = best_first(window, found.chance)
                gains["random_gain"] = self._gain(opened, window, best if self._measured else best[:DECODED])
            if found.classical is not None:
                gains["classical_gain"] = self._gain(opened, window, ranked(window, found.classical))
                gains["classical_energy"] = float(found.classical.record.energy.min(initial=np.inf))
        self.attempts.append(_attempt(window, found.engine, energy, improved, gains))
        if self.router is not None:
            gain = gains["gain"] if "gain" in gains else self._gain(opened, window, samples)
            self.router.learn(window.compiled, found.engine.info, gain)
        self.shots += reads_of(found.engine)
        cost = float(found.engine.info.get("cost") or 0.0)
        self.cost, self.dearest = self.cost + cost, max(self.dearest, cost)
        if found.engine.info.get("exact"):
            window.settles(float(found.engine.record.energy.min()))
        self.problem.closed(window, improved)
        if improved:
            self.best = self.at
            self.report(self.best)

    def _better(self, answer: Answer, window: Window[Answer], samples: np.ndarray) -> Answer:
        """The best answer among some samples; `answer` itself where all are worse."""
        value = self.problem.value(answer)
        for sample in samples:
            read = window.read(sample, answer)
            if read is not None and (reached := self.problem.value(read)) <= value:
                answer, value = read, reached
        return answer

    def _gain(self, opened: Answer, window: Window[Answer], samples: np.ndarray) -> float:
        """How much better some samples make an answer, in the first figure of its value that they change."""
        before = self.problem.value(opened)
        after = self.problem.value(self._better(opened, window, samples))
        return next((b - a for b, a in zip(before, after, strict=True) if a != b), 0.0)


def _judged(found: dimod.SampleSet) -> bool:
    """Whether samples are the engine's own, to be compared with those of controls: not those of a stand-in."""
    return not found.info.get("stand_in")


def _attempt(
    window: Window[Any], found: dimod.SampleSet, energy: float, improved: bool, gains: Mapping[str, float]
) -> Attempt:
    compiled, reads = window.compiled, reads_of(found)
    good = 0.0
    if reads:
        kept = feasible(window.model, window.compiled.restore(in_order(found)))
        good = float(found.record.num_occurrences[kept].sum()) / reads
    told = {key: value for key, value in found.info.items() if key in TOLD}
    return Attempt(compiled.n, len(compiled.row), reads, good, energy, improved, **gains, info=told)
