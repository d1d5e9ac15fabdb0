"""The hybrid loop: open a window around the incumbent, let an engine sample it, keep what is better.

What a problem is, how windows are picked and how samples become answers is handed in; so is the engine.
The loop walks over answers of equal value too, but what it gives back is only ever a better one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from qamctl.qubo.compile import Compiled
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model

if TYPE_CHECKING:
    import dimod

Answer = TypeVar("Answer")


class Sampler(Protocol):
    """An engine as the loop sees it; options as in `backends.base.Backend.submit`."""

    def __call__(self, compiled: Compiled, **options: Any) -> dimod.SampleSet:
        """Samples of a compiled model."""
        ...


@dataclass(frozen=True)
class Window(Generic[Answer]):
    """A part of a problem, compiled.

    Attributes
    ----------
    model, compiled
        What is sampled.
    initial
        [n] the incumbent in it, slack bits included.
    read
        The answer of a sample of the model, repaired; None where it cannot be.
    settles
        Called with the energy that an exact engine proved to be least.
    """

    model: Model
    compiled: Compiled
    initial: np.ndarray
    read: Callable[[np.ndarray], Answer | None]
    settles: Callable[[float], None] = lambda energy: None


class Windows(Protocol[Answer]):
    """A problem as the loop sees it."""

    def value(self, answer: Answer) -> tuple[float, ...]:
        """What is minimised, lexicographically."""
        ...

    def open(self, incumbent: Answer, attempt: int, rng: np.random.Generator) -> Window[Answer] | None:
        """The next window; None where nothing is left to gain."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one window gave: its size, its samples, and whether the incumbent got better."""

    variables: int
    couplings: int
    reads: int
    feasible_fraction: float
    energy: float
    improved: bool


@dataclass(frozen=True)
class Improvement(Generic[Answer]):
    """The best answer, and every window on the way to it."""

    answer: Answer
    attempts: tuple[Attempt, ...]

    def summary(self) -> dict[str, Any]:
        """Figures for the metrics file: windows, samples (shots), the share of feasible ones, the largest window."""
        reads = sum(attempt.reads for attempt in self.attempts)
        good = sum(attempt.reads * attempt.feasible_fraction for attempt in self.attempts)
        return {
            "windows": len(self.attempts),
            "improved": sum(attempt.improved for attempt in self.attempts),
            "shots": reads,
            "feasible_fraction": good / reads if reads else None,
            "variables": max((attempt.variables for attempt in self.attempts), default=0),
            "couplings": max((attempt.couplings for attempt in self.attempts), default=0),
            "energy": self.attempts[-1].energy if self.attempts else None,
        }


#: Wall seconds of one window where the budget is time; the loop looks up in between.
SLICE = 0.1

#: Samples of a window that are decoded, best energies first.
DECODED = 3

#: Options of a window where the answer must be reproducible.
FIXED: Mapping[str, int] = {"reads": 4, "sweeps": 500}


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
) -> Improvement[Answer]:
    """Improve an answer window by window.

    Parameters
    ----------
    steps
        Windows to sample, each with a fixed number of reads and sweeps: reproducible.
    seconds
        Time to work by `clock`, in place of steps.
    stop
        Asked before each window; True ends the loop.
    report
        Called with every better answer.
    """
    if (steps is None) == (seconds is None):
        raise ValueError("exactly one of steps and seconds is needed")
    rng = np.random.default_rng(seed)
    began = clock()
    attempts: list[Attempt] = []
    at = incumbent  # as good as the incumbent, but not always the same
    while not stop() and (steps is None or len(attempts) < steps):
        left = float("inf") if seconds is None else seconds - (clock() - began)
        if left <= 0:
            break
        window = problem.open(at, len(attempts), rng)
        if window is None:
            break
        budget: Mapping[str, Any] = FIXED if seconds is None else {"seconds": min(SLICE, left)}
        found = sample(window.compiled, seed=int(rng.integers(2**31)), initial=window.initial, **budget)
        at = _best(problem, at, window, found)
        better = problem.value(at) < problem.value(incumbent)
        attempts.append(_attempt(window, found, better))
        if found.info.get("exact"):
            window.settles(float(found.record.energy.min()))
        if better:
            incumbent = at
            report(incumbent)
    return Improvement(incumbent, tuple(attempts))


def _best(problem: Windows[Answer], best: Answer, window: Window[Answer], found: dimod.SampleSet) -> Answer:
    """The best answer among the samples of least energy; `best` itself where all are worse."""
    samples = window.compiled.restore(_in_order(found))
    value = problem.value(best)
    for s in np.argsort(found.record.energy, kind="stable")[:DECODED]:
        answer = window.read(samples[s])
        if answer is not None and problem.value(answer) <= value:
            best, value = answer, problem.value(answer)
    return best


def _attempt(window: Window[Answer], found: dimod.SampleSet, improved: bool) -> Attempt:
    samples = window.compiled.restore(_in_order(found))
    weights = found.record.num_occurrences
    reads = int(weights.sum())
    good = float(weights[feasible(window.model, samples)].sum()) / reads
    compiled = window.compiled
    return Attempt(compiled.n, len(compiled.row), reads, good, float(found.record.energy.min()), improved)


def _in_order(found: dimod.SampleSet) -> np.ndarray:
    """The samples with their columns in the order of the variables 0 .. n - 1."""
    columns = np.argsort(np.fromiter(found.variables, np.int64, len(found.variables)))
    samples: np.ndarray = found.record.sample[:, columns]
    return samples
