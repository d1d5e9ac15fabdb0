"""What the searches that `auto` runs have in common: the clock, the best sample, the bound, and the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.errors import QamError, UnsupportedError
from qamctl.kernels.couplings import Couplings, Ints, Samples
from qamctl.qubo.search.base import Budget, Found

#: Figures of searches that are about each of their samples, and stand in tables of samples.
PER_SAMPLE = ("feasible", "violations")

#: By how much an action may exceed its share of the time before the next one begins beside it.
PATIENCE = 1.25

#: Who is told of better samples: the search that found it, the sample, its energy.
Report = Callable[[str, np.ndarray, float], None]


@dataclass(frozen=True)
class Member:
    """What one of the searches achieved.

    Attributes
    ----------
    status
        optimal and infeasible are proofs; feasible, unknown, skipped, failed; bounded: it looked for a bound alone.
    samples, occurrences
        [k, n] of the whole model, and how often each was met; None where it gave none.
    bound
        No feasible sample has less energy; None where nothing is known.
    shots
        Samples that were taken, each found independently.
    """

    name: str
    status: str
    samples: Samples | None = None
    occurrences: Ints | None = None
    bound: float | None = None
    variables: int = 0
    shots: int = 0
    seconds: float = 0.0
    note: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


def at_most(action: Callable[[float], None], seconds: float) -> None:
    """Give an action so many seconds; one that takes longer is left to end beside what comes next."""
    # No daemon: a process that ends while C++ still works would end in the middle of it.
    thread = threading.Thread(target=action, args=(seconds,), name="auto-beside")
    thread.start()
    thread.join(PATIENCE * seconds)


def guarded(name: str, action: Callable[[], None]) -> Member | None:
    """Run one of several searches; where it fails, what to say of it: a bug must not cost the others' answers."""
    try:
        action()
    except UnsupportedError as fault:
        return Member(name, "skipped", note=fault.message)
    except QamError as fault:
        return Member(name, "failed", note=fault.message)
    except Exception as fault:
        return Member(name, "failed", note=f"{type(fault).__name__}: {fault}")
    return None


class Shared:
    """The state of a run of `auto`; safe to use from several threads.

    Parameters
    ----------
    objective
        Of the whole model, constraints apart.
    finished
        Told what a search achieved as soon as it ends: later ones may not end in time.
    """

    def __init__(
        self,
        objective: Couplings,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool],
        report: Report,
        finished: Callable[[Member], None] = lambda member: None,
    ) -> None:
        self.objective, self.budget, self.seed = objective, budget, seed
        self._stop, self._report, self.finished = stop, report, finished
        self._begin = budget.clock()
        self._lock = threading.Lock()
        self.best: tuple[float, np.ndarray] | None = None
        self.bound = -np.inf
        self.infeasible = False
        self._rounding = objective.rounding
        self.told = False  # a search has offered something better than the start

    @property
    def timed(self) -> bool:
        """Whether the budget is time; with steps everything runs in turn."""
        return self.budget.seconds is not None

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.budget.clock() - self._begin

    def left(self, share: float = 1.0) -> float:
        """Seconds until this share of the time is used."""
        return max(0.0, share * (self.budget.seconds or 0.0) - self.elapsed())

    def interrupted(self) -> bool:
        """Whether the caller says so, or the time is over."""
        return self._stop() or (self.timed and self.left() <= 0.0)

    def ended(self) -> bool:
        """Whether nothing is left to do: interrupted, proved, or the target is reached."""
        return self.interrupted() or self.proved() or self.met()

    def proved(self) -> bool:
        """Whether the best sample meets the bound, or there can be none."""
        best = self.best
        if best is None:
            return self.infeasible
        return best[0] <= self.bound + self._rounding

    def met(self) -> bool:
        """Whether the target is reached."""
        target = self.budget.target
        return target is not None and self.best is not None and self.best[0] <= target

    def start(self, sample: np.ndarray, energy: float) -> None:
        """Begin with a feasible sample that the caller has: it is not told again."""
        self.best = energy, np.array(sample, np.uint8)

    def offer(self, name: str, sample: np.ndarray, energy: float) -> None:
        """Take a feasible sample of the whole model, and pass it on where it is the best so far."""
        with self._lock:
            if self.best is not None and energy >= self.best[0]:
                return
            self.best, self.told = (energy, np.array(sample, np.uint8)), True
        self._report(name, sample, energy)

    def raise_bound(self, bound: float | None) -> None:
        """Take a lower bound that holds for every feasible sample."""
        with self._lock:
            self.bound = max(self.bound, -np.inf if bound is None else bound)

    def target(self) -> float | None:
        """The energy at which a search may end: the one asked for, or the one that would be proved."""
        known = [value for value in (self.budget.target, self.bound) if value is not None and np.isfinite(value)]
        return max(known, default=None)


def together(name: str, parts: list[Found], seconds: float, restore: Callable[[np.ndarray], Samples]) -> Member:
    """One member of several runs of one search; `restore` turns its samples into samples of the whole model."""
    samples = np.concatenate([restore(part.samples) for part in parts])
    met = np.concatenate([part.occurrences for part in parts])
    info: dict[str, Any] = {}
    for part in parts:
        info.update({key: figure for key, figure in part.info.items() if key not in PER_SAMPLE})
    info |= {"steps": sum(part.steps for part in parts), "attempts": sum(part.attempts for part in parts)}
    size = max(part.samples.shape[1] for part in parts)
    return Member(name, "feasible", samples, met, variables=size, seconds=seconds, info=info)
