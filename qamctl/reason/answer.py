"""What engines made of a spec, the first one's posterior being the answer, and what it is worth by exact arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan
from qamctl.reason.solution import Solution, choose, rounded, total_variation, worth
from qamctl.reason.spec import ReasonSpec


@dataclass(frozen=True)
class Attempt:
    """What one engine achieved.

    Attributes
    ----------
    solution
        Over all paths; None where it found none.
    seconds
        Wall time.
    qubits, shots
        Of its circuit; 0 where nothing was measured.
    info
        Figures for the metrics file.
    note
        Why it found nothing, or what the user should know.
    plan
        The circuit that it measured.
    extra
        Further entries of the solution: `mitigation`, `reconstructed`.
    """

    backend: str
    solution: Solution | None
    seconds: float
    qubits: int = 0
    shots: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    plan: Plan | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """The posteriors that were found.

    Attributes
    ----------
    status
        optimal (computed), feasible (measured), infeasible (the evidence is impossible), unknown, interrupted.
    attempts
        In the order of the engines; the first one with a posterior is the answer.
    exact
        What holds of all paths exactly, up to what was pruned.
    fallback
        What failed, and what stands in; None where nothing did.
    """

    status: str
    attempts: tuple[Attempt, ...] = ()
    exact: Exact | None = None
    fallback: Mapping[str, Any] | None = None

    @property
    def solution(self) -> Solution | None:
        """The answer."""
        best = self.best
        return None if best is None else best.solution

    @property
    def best(self) -> Attempt | None:
        """The attempt that it is from."""
        return next((attempt for attempt in self.attempts if attempt.solution is not None), None)

    @property
    def solved_by(self) -> str | None:
        """The engine that it is from."""
        best = self.best
        return None if best is None else best.backend


@dataclass(frozen=True)
class Worth:
    """What a decision is worth by the exact posterior, and the most that one can be."""

    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Relative, as in every result."""
        return abs(self.value - self.bound) / max(1.0, abs(self.value))


def worth_of(spec: ReasonSpec, answer: Answer) -> Worth | None:
    """What the answer's decision is worth: whatever engine chose it, exact arithmetic judges it."""
    if answer.solution is None or answer.exact is None:
        return None
    name = choose(spec, answer.solution.posterior).name
    return Worth(worth(spec, answer.exact.posterior, name), choose(spec, answer.exact.posterior).value)


def attempt_row(spec: ReasonSpec, attempt: Attempt, exact: Exact) -> dict[str, Any]:
    """One engine's line of `attempts`, with how far its posterior is from the exact one."""
    row: dict[str, Any] = {
        "backend": attempt.backend, "status": "unknown", "objective": None, "bound": None,
        "seconds": round(attempt.seconds, 4), "variables": attempt.qubits, "shots": attempt.shots,
        "feasible_fraction": None, "gain_over_random": None, "gain_over_classical_same_time": None, "distance": None,
    }  # fmt: skip
    solution = attempt.solution
    if solution is not None:
        best = choose(spec, exact.posterior)
        value = worth(spec, exact.posterior, choose(spec, solution.posterior).name)
        mean = float(np.mean(list((best.expected or best.decisions).values())))
        row |= {
            "status": "feasible" if attempt.shots else "optimal", "objective": rounded(value),
            "bound": rounded(best.value),
            "feasible_fraction": rounded(solution.accepted / solution.shots) if solution.shots else 1.0,
            "distance": rounded(total_variation(solution.posterior, exact.posterior), 6),
        }  # fmt: skip
        if attempt.shots:  # a decision at random is worth the mean; arithmetic took no longer than the circuit
            row["gain_over_random"] = rounded(value - mean, 12)
            row["gain_over_classical_same_time"] = rounded(value - best.value, 12)
    return row if attempt.note is None else {**row, "note": attempt.note}
