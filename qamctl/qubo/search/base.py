"""What every search of a binary model is given, and what it gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from qamctl.kernels.couplings import Couplings, Floats, Ints, Samples

#: A kernel works at most so long, in wall seconds, before the search looks up: Ctrl-C and deadlines are kept.
SLICE = 0.02


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search; exactly one of `seconds` and `steps` is set.

    Attributes
    ----------
    seconds
        By `clock`. The search ends within 20 ms of it.
    steps
        A step looks at every variable once: a sweep of an annealer, a flip of a tabu search. With steps the
        result depends on the model, the seed and the steps alone: not on threads, the kernels' build or the load.
    threads
        Cores to use.
    target
        The search ends as soon as a sample has this energy or less; None: never.
    clock
        Seconds that never go back; `time.process_time` measures by CPU time.
    """

    seconds: float | None = None
    steps: int | None = None
    threads: int = 1
    target: float | None = None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.steps is None):
            raise ValueError("exactly one of seconds and steps is needed")


@dataclass(frozen=True)
class Found:
    """The best samples of a search.

    Attributes
    ----------
    samples
        [k, n] binary, distinct, best first; at least one, also after no time at all.
    energies
        [k] recomputed from the model, in its own units, offset included.
    occurrences
        [k] how often each was met.
    steps
        Steps done.
    attempts
        Flips that were looked at: accepted, rejected or compared.
    curve
        Improvements: seconds since the start, energy. Seconds are 0 under a step budget.
    info
        Figures for the metrics file: method, restarts, temperatures ...
    """

    samples: Samples
    energies: Floats
    occurrences: Ints
    steps: int
    attempts: int
    curve: tuple[tuple[float, float], ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)


class Search(Protocol):
    """A way to search a model without constraints."""

    def __call__(
        self,
        model: Couplings,
        *,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool] = ...,
        report: Callable[[np.ndarray, float], None] = ...,
        initial: np.ndarray | None = None,
    ) -> Found:
        """Search until the budget is used, the target is reached, or `stop` says so.

        Parameters
        ----------
        stop
            Asked every `SLICE` seconds or so.
        report
            Called with every better sample and its energy, from any thread.
        initial
            [n] a state to start from; the result is never worse.
        """
        ...
