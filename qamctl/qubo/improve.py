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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from qamctl.qubo.control import uniform
from qamctl.qubo.feasible import feasible
from qamctl.qubo.window import DECODED, Answer, Sampler, Window, Windows, in_order, ranked, reads_of

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, slots=True)
class Controls:
    """What is run beside the engine, on the same windows from the same incumbent; it changes no answer.

    Attributes
    ----------
    classical
        Another engine, for the time that the engine took; None: chance alone. With a step budget there is no
        time that could be reproduced: it then has the same reads and sweeps.
    every
        One window in so many has its controls.
    """

    classical: Sampler | None = None
    every: int = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one window gave.

    Attributes
    ----------
    improved
        The incumbent got better.
    gain, random_gain, classical_gain
        How much better the engine, uniformly feasible samples, and the other engine made the answer that the
        window was opened around; None where there was no control.
    """

    variables: int
    couplings: int
    reads: int
    feasible_fraction: float
    energy: float
    improved: bool
    gain: float | None = None
    random_gain: float | None = None
    classical_gain: float | None = None


@dataclass(frozen=True)
class Improvement(Generic[Answer]):
    """The best answer, and every window on the way to it."""

    answer: Answer
    attempts: tuple[Attempt, ...]

    def summary(self) -> dict[str, Any]:
        """Figures for the metrics file: windows, samples (shots), the share of feasible ones, the largest window.

        Where controls ran, also what the engine gained in their windows beyond what they gained.
        """
        reads = sum(attempt.reads for attempt in self.attempts)
        good = sum(attempt.reads * attempt.feasible_fraction for attempt in self.attempts)
        figures = {
            "windows": len(self.attempts),
            "improved": sum(attempt.improved for attempt in self.attempts),
            "shots": reads,
            "feasible_fraction": good / reads if reads else None,
            "variables": max((attempt.variables for attempt in self.attempts), default=0),
            "couplings": max((attempt.couplings for attempt in self.attempts), default=0),
            "energy": self.attempts[-1].energy if self.attempts else None,
        }
        return figures | self._controls()

    def _controls(self) -> dict[str, Any]:
        chance = [(a.gain, a.random_gain) for a in self.attempts if a.gain is not None and a.random_gain is not None]
        rival = [
            (a.gain, a.classical_gain) for a in self.attempts if a.gain is not None and a.classical_gain is not None
        ]
        figures: dict[str, Any] = {}
        if chance:
            figures["controlled"] = len(chance)
            figures["gain"] = sum(gain for gain, _ in chance)
            figures["gain_over_random"] = sum(gain - other for gain, other in chance)
        if rival:
            figures["gain_over_classical_same_time"] = sum(gain - other for gain, other in rival)
        return figures


#: Wall seconds of one window where the budget is time; the loop looks up in between.
SLICE = 0.1

#: Work on a window where the budget is time (its seconds are a limit besides), and where the answer must be
#: reproducible: then the plain numpy kernels, which are a hundred times slower, may have to do it.
EFFORT: Mapping[str, int] = {"reads": 8, "sweeps": 1000}
FIXED: Mapping[str, int] = {"reads": 4, "sweeps": 500}

#: Windows opened together under a step budget, however many threads there are.
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
    """
    if (steps is None) == (seconds is None):
        raise ValueError("exactly one of steps and seconds is needed")
    if effort is None:
        effort = EFFORT if steps is None else FIXED
    loop = _Loop(problem, sample, incumbent, seed, stop, report, steps, seconds, clock, effort, controls)
    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        run_all = map if pool is None else pool.map
        while loop.round(threads, run_all):
            pass
    return Improvement(loop.best, tuple(loop.attempts))


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
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.began = self.clock()
        self.at = self.best  # as good as the best answer, but not always the same

    def round(self, threads: int, run_all: Callable[..., Any]) -> bool:
        """Open windows, sample them side by side, take what is better; False where the loop is over."""
        if self.stop() or (self.steps is not None and len(self.attempts) >= self.steps):
            return False
        left = float("inf") if self.seconds is None else self.seconds - (self.clock() - self.began)
        if left <= 0:
            return False
        count = threads if self.steps is None else min(TOGETHER, self.steps - len(self.attempts))
        windows = self.problem.open(self.at, len(self.attempts), self.rng, count)
        if not windows:
            return False
        opened, first = self.at, len(self.attempts)
        seeds = [int(self.rng.integers(2**31)) for _ in windows]
        lefts = [left] * len(windows)
        found: list[_Samples] = list(run_all(self._sample, windows, range(first, first + len(windows)), seeds, lefts))
        for number, (window, samples) in enumerate(zip(windows, found, strict=True), first):
            self._take(window, samples, opened, self._controlled(number))
        return True

    def _controlled(self, number: int) -> bool:
        return self.controls is not None and number % self.controls.every == 0

    def _sample(self, window: Window[Answer], number: int, seed: int, left: float) -> _Samples:
        """The samples of a window; runs in any thread."""
        options = {**self.effort, "seed": seed, "initial": window.initial, "stop": self.stop}
        controlled = self.controls is not None and self._controlled(number)
        if self.seconds is not None:
            turns = 1 + (1 + (self.controls is not None and self.controls.classical is not None)) * controlled
            options["seconds"] = min(SLICE, left / turns)
        since = self.clock()
        engine = self.sample(window.compiled, **options)
        spent = self.clock() - since
        if not controlled or self.controls is None:
            return _Samples(engine)
        rng = np.random.default_rng(seed)
        if self.seconds is None:
            chance = uniform(window.model, rng, draws=max(1, reads_of(engine)), stop=self.stop)
        else:
            # All of the time, however much work that is.
            options = {"initial": window.initial, "stop": self.stop, "seconds": spent}
            chance = uniform(window.model, rng, seconds=spent, clock=self.clock, stop=self.stop)
        classical = None
        if self.controls.classical is not None:
            classical = self.controls.classical(window.compiled, **options | {"seed": seed + 1})
        return _Samples(engine, chance.samples, classical)

    def _take(self, window: Window[Answer], found: _Samples, opened: Answer, controlled: bool) -> None:
        """Take over what is no worse, and note what the window gave."""
        samples = ranked(window, found.engine)
        self.at = self._better(self.at, window, samples)
        improved = self.problem.value(self.at) < self.problem.value(self.best)
        gains: dict[str, float] = {}
        if controlled:
            gains["gain"] = self._gain(opened, window, samples)
            if found.chance is not None:
                gains["random_gain"] = self._gain(opened, window, found.chance)
            if found.classical is not None:
                gains["classical_gain"] = self._gain(opened, window, ranked(window, found.classical))
        self.attempts.append(_attempt(window, found.engine, improved, gains))
        if found.engine.info.get("exact"):
            window.settles(float(found.engine.record.energy.min()))
        self.problem.closed(window, improved)
        if improved:
            self.best = self.at
            self.report(self.best)

    def _better(self, answer: Answer, window: Window[Answer], samples: np.ndarray) -> Answer:
        """The best answer among the first samples; `answer` itself where all are worse."""
        value = self.problem.value(answer)
        for sample in samples[:DECODED]:
            read = window.read(sample, answer)
            if read is not None and (reached := self.problem.value(read)) <= value:
                answer, value = read, reached
        return answer

    def _gain(self, opened: Answer, window: Window[Answer], samples: np.ndarray) -> float:
        """How much better some samples make an answer, in the first figure of its value that they change."""
        before = self.problem.value(opened)
        after = self.problem.value(self._better(opened, window, samples))
        return next((b - a for b, a in zip(before, after, strict=True) if a != b), 0.0)


def _attempt(window: Window[Any], found: dimod.SampleSet, improved: bool, gains: Mapping[str, float]) -> Attempt:
    compiled, reads = window.compiled, reads_of(found)
    good = 0.0
    if reads:
        kept = feasible(window.model, window.compiled.restore(in_order(found)))
        good = float(found.record.num_occurrences[kept].sum()) / reads
    energy = float(found.record.energy.min(initial=np.inf))
    return Attempt(compiled.n, len(compiled.row), reads, good, energy, improved, **gains)
