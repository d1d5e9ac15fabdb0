"""What the hybrid loop is told beside its engine, and what it tells of every window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

import numpy as np

from qamctl.qubo.payload import Payload
from qamctl.qubo.window import Answer, Sampler

#: What engines of circuits say of their samples, and the metrics file of each window.
TOLD = (
    "depth", "mixer", "states", "expectation", "probability_of_optimum", "evaluations", "cost",
    "route", "why", "job", "cached", "fallback", "unfinished",
)  # fmt: skip

#: Windows that are told one by one.
TOLD_ROUNDS = 10_000


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
    shots
        Chance is given as many draws as the engine took shots, decoded as the engine's are; else the engine's time.
    seconds
        What the other engine is given under a step budget, in place of reads and sweeps.
    """

    classical: Sampler | None = None
    every: int = 1
    shots: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the windows may use up in all; the loop opens none that would go beyond. None: no limit.

    Attributes
    ----------
    rounds
        Windows.
    shots
        Samples taken.
    cost
        What the engine says its samples cost, as `cost` in their info.
    """

    rounds: int | None = None
    shots: int | None = None
    cost: float | None = None


class Router(Protocol):
    """Who samples which window, where an engine stands for several, and whether it can go on at all."""

    def assign(self, payloads: Sequence[Payload]) -> Sequence[Mapping[str, Any]]:
        """Options of the engine for each of the windows that are opened together."""
        ...

    def learn(self, payload: Payload, info: Mapping[str, Any], gain: float) -> None:
        """What a window gave: the info of its samples, and by how much they made its answer better."""
        ...

    def ended(self) -> str | None:
        """Why no further window can be sampled; None: it can."""
        ...


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
    opened, energy, random_energy, classical_energy
        The energy that the window was opened with, and the least one among the samples of each. Of shots each counts
        with the slack bits that cost it least. Energies are those of the samples as they are; gains are those of what
        decoding and repair make of them.
    info
        What the engine says of its samples.
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
    opened: float | None = None
    random_energy: float | None = None
    classical_energy: float | None = None
    info: Mapping[str, Any] = field(default_factory=dict)

    def lowered(self, energy: float | None) -> float:
        """By how much an energy is below the one that the window was opened with; 0 where it is not."""
        return 0.0 if energy is None or self.opened is None else max(0.0, self.opened - energy)

    def row(self) -> dict[str, Any]:
        """The window as a line of the metrics file; JSON has no infinity."""
        figures = {slot: getattr(self, slot) for slot in self.__slots__ if slot != "info"}
        figures |= {name: None for name, value in figures.items() if value == np.inf}
        return {**figures, **self.info}


@dataclass(frozen=True)
class Improvement(Generic[Answer]):
    """The best answer, every window on the way to it, and which limit ended the loop, if one did."""

    answer: Answer
    attempts: tuple[Attempt, ...]
    ended: str | None = None

    def summary(self) -> dict[str, Any]:
        """Figures for the metrics file: windows, samples (shots), the share of feasible ones, the largest window.

        Where controls ran, also what the engine gained in their windows beyond what they gained: in the value of the
        answer, repair included, and, where shots were compared, in the energies of the samples themselves.
        """
        reads = sum(attempt.reads for attempt in self.attempts)
        good = sum(attempt.reads * attempt.feasible_fraction for attempt in self.attempts)
        figures: dict[str, Any] = {
            "windows": len(self.attempts),
            "improved": sum(attempt.improved for attempt in self.attempts),
            "shots": reads,
            "feasible_fraction": good / reads if reads else None,
            "variables": max((attempt.variables for attempt in self.attempts), default=0),
            "couplings": max((attempt.couplings for attempt in self.attempts), default=0),
            "energy": next((a.energy for a in reversed(self.attempts) if a.energy != np.inf), None),
        }
        if self.ended is not None:
            figures["ended"] = self.ended
        if any(attempt.info for attempt in self.attempts):
            figures["rounds"] = [attempt.row() for attempt in self.attempts[:TOLD_ROUNDS]]
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
        measured = [attempt for attempt in self.attempts if attempt.opened is not None]
        if measured:
            figures["sampled_gain"] = sum(attempt.lowered(attempt.energy) for attempt in measured)
            for name, energy in (("random", "random_energy"), ("classical_same_time", "classical_energy")):
                other = sum(attempt.lowered(getattr(attempt, energy)) for attempt in measured)
                figures[f"sampled_gain_over_{name}"] = figures["sampled_gain"] - other
        return figures
