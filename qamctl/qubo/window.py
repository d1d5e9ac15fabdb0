"""A part of a problem that an engine may search anew, and how a problem opens such parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from qamctl.qubo.model import Model
from qamctl.qubo.payload import Payload

if TYPE_CHECKING:
    import dimod

Answer = TypeVar("Answer")


class Sampler(Protocol):
    """An engine as the loop sees it; options as in `backends.base.Backend.submit`."""

    def __call__(self, compiled: Payload, **options: Any) -> dimod.SampleSet:
        """Samples of a compiled model; none where it was told to stop."""
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
        Called with a sample of the model and an answer that differs from the incumbent outside the window at
        most: that answer with the sample in the window, repaired; None where it cannot be.
    settles
        Called with the energy that an exact engine proved to be least.
    """

    model: Model
    compiled: Payload
    initial: np.ndarray
    read: Callable[[np.ndarray, Answer], Answer | None]
    settles: Callable[[float], None] = lambda energy: None


class Windows(Protocol[Answer]):
    """A problem as the loop sees it."""

    def value(self, answer: Answer) -> tuple[float, ...]:
        """What is minimised, lexicographically."""
        ...

    def open(self, incumbent: Answer, attempt: int, rng: np.random.Generator, count: int) -> Sequence[Window[Answer]]:
        """At most `count` windows that have nothing in common; none where nothing is left to gain."""
        ...

    def closed(self, window: Window[Answer], improved: bool) -> None:
        """A window was sampled: what it gave may guide the choice of the next ones."""
        ...


#: Samples of a window that are decoded, best energies first: of a search's reads, and of shots, which differ more.
DECODED, SHOTS_DECODED = 3, 16


def reads_of(found: dimod.SampleSet) -> int:
    """How many samples were taken, those of equal states too."""
    return int(found.record.num_occurrences.sum())


def ranked(window: Window[Any], found: dimod.SampleSet) -> np.ndarray:
    """The first distinct samples of the model, least energy first; the state that the window was opened in is none."""
    samples = window.compiled.restore(in_order(found))
    seen = {np.asarray(window.compiled.restore(window.initial), np.int8).tobytes()}
    chosen: list[int] = []
    for k in np.argsort(found.record.energy, kind="stable").tolist():
        key = np.asarray(samples[k], np.int8).tobytes()
        if key not in seen:
            seen.add(key)
            chosen.append(k)
        if len(chosen) == DECODED:
            break
    ranked: np.ndarray = samples[chosen]
    return ranked


def best_first(window: Window[Any], samples: np.ndarray) -> tuple[np.ndarray, float]:
    """The first distinct samples [s, n] of the model, as `ranked`, and the least energy; inf where there is no sample.

    Each counts with the slack bits that cost it least, whatever the engine's were. The state that the window was
    opened in is no new sample, but its energy counts where it was met.
    """
    distinct = np.unique(samples, axis=0)
    energies = window.compiled.energy(window.compiled.extend(distinct))
    opened = np.asarray(window.compiled.restore(window.initial))
    order = [k for k in np.argsort(energies, kind="stable").tolist() if not np.array_equal(distinct[k], opened)]
    best: np.ndarray = distinct[order[:SHOTS_DECODED]]
    return best, float(energies.min(initial=np.inf))


def in_order(found: dimod.SampleSet) -> np.ndarray:
    """The samples with their columns in the order of the variables 0 .. n - 1."""
    columns = np.argsort(np.fromiter(found.variables, np.int64, len(found.variables)))
    samples: np.ndarray = found.record.sample[:, columns]
    return samples
