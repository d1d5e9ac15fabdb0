"""The verdict on what engines gave: the best sample that the checker accepts, and what all of them prove together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamctl.errors import BackendError, QamError
from qamctl.model_samples import SampleTable, join
from qamctl.model_task import Outcome, Question
from qamctl.qubo.verdict import Verdict, judge

#: Couplings up to which the simple bound costs less than a second.
SIMPLE = 1_000_000

#: Couplings up to which it costs some hundredths, and is worked out beside the engines' bounds.
QUICK = 50_000


@dataclass(slots=True)
class Attempt:
    """What one engine achieved; energies are of the minimised objective.

    Attributes
    ----------
    outcome
        Status, bound, sizes and figures.
    sample, energy
        Its best feasible sample that the checker accepts.
    error
        What it failed by.
    """

    backend: str
    outcome: Outcome
    sample: np.ndarray | None = None
    energy: float | None = None
    seconds: float = 0.0
    note: str | None = None
    error: QamError | None = None

    @property
    def status(self) -> str:
        """As in the result file."""
        return self.outcome.status


@dataclass(frozen=True)
class Answer:
    """A verified sample, or the lack of one, with what is known about it.

    Attributes
    ----------
    status
        optimal, feasible, infeasible, unknown or interrupted.
    solution
        [n] the best feasible sample, None where there is none.
    energy, bound
        Of the minimised objective.
    table
        Every sample that the engines gave, the best first.
    nearest
        Where no feasible sample was found, the verdict on the one that breaks least.
    curve
        Improvements: seconds since the start, energy, engine.
    fallback
        What failed, where other engines stood in for it.
    """

    status: str
    solution: np.ndarray | None
    energy: float | None
    bound: float | None
    solved_by: str | None
    attempts: tuple[Attempt, ...]
    table: SampleTable
    nearest: Verdict | None = None
    curve: tuple[tuple[float, float, str], ...] = ()
    fallback: dict[str, Any] | None = None


def settle(
    question: Question,
    attempts: dict[str, Attempt],
    told: Mapping[str, tuple[float, np.ndarray]],
    tables: Sequence[SampleTable],
    curve: tuple[tuple[float, float, str], ...],
    *,
    interrupted: bool,
) -> Answer:
    """The best sample that the checker accepts; one that it rejects is its engine's failure.

    Parameters
    ----------
    attempts
        By engine; what the checker finds is entered.
    told
        Each engine's best sample, and its energy by the engine's own account.
    """
    # Without constraints every state counts, also if no engine had the time to tell one.
    if not question.n or not (told or question.constrained):
        nothing = np.zeros(question.n, np.uint8)
        told = {"": (question.objective.energy(nothing), nothing)}
    best: tuple[float, np.ndarray, str] | None = None
    for name, (energy, sample) in told.items():
        fault = _fault(question, sample, energy)
        if fault is not None and name:
            attempt = attempts[name]
            attempt.outcome = replace(attempt.outcome, status="rejected", bound=None)
            attempt.note = f"the checker found: {fault}"
            attempt.error = BackendError(f"{name} gave a sample that does not hold: {fault}")
        elif fault is None:
            if name:
                attempts[name].sample, attempts[name].energy = sample, energy
            if best is None or energy < best[0]:
                best = energy, sample, name
    _hold_bounds(question, attempts, best)
    bound = _bound(question, list(attempts.values()))
    table = join(question.model, tables)
    rows = tuple(attempts.values())
    if best is None:
        proved = any(attempt.status == "infeasible" for attempt in rows) or not question.n
        status = "infeasible" if proved else "interrupted" if interrupted else "unknown"
        nearest = judge(question.model, table.samples[0]) if len(table) else None
        return Answer(status, None, None, None if proved else bound, None, rows, table, nearest, curve)
    energy, sample, name = best
    first = next((who for _, value, who in curve if value == energy and attempts[who].error is None), name)
    bound = energy if _meets(question, bound, energy) else bound
    status = "optimal" if bound == energy else "interrupted" if interrupted else "feasible"
    return Answer(status, sample, energy, bound, first or None, rows, table, None, curve)


def _fault(question: Question, sample: np.ndarray, energy: float) -> str | None:
    """What the checker has against a sample and the energy that stands for it."""
    verdict = judge(question.model, sample)
    if verdict.broken:
        first = verdict.broken[0]
        return f"{first.kind} {first.number} is broken by {first.amount}"
    if not verdict.agrees(energy):
        return f"the energy is {verdict.energy}, not {energy}"
    return None


def _hold_bounds(question: Question, attempts: dict[str, Attempt], best: tuple[float, np.ndarray, str] | None) -> None:
    """An engine whose bound or proof a checked sample contradicts has failed."""
    if best is None:
        return
    for attempt in attempts.values():
        bound, wrong = attempt.outcome.bound, None
        if attempt.status == "infeasible":
            wrong = f"it calls the model infeasible, but {best[2]} has a feasible sample"
        elif bound is not None and bound > best[0] and not _meets(question, bound, best[0]):
            wrong = f"its bound {bound:.12g} is above the energy {best[0]:.12g} that {best[2]} reached"
        if wrong is not None:
            attempt.outcome = replace(attempt.outcome, status="rejected", bound=None)
            attempt.note = wrong
            attempt.error = BackendError(f"{attempt.backend} is wrong: {wrong}; please report this as a bug")


def _bound(question: Question, attempts: Sequence[Attempt]) -> float:
    """The best bound known; without any engine's there are two that cost a pass over the model."""
    from qamctl.qubo.bounds.simple import simple_bound

    objective = question.objective
    known = [attempt.outcome.bound for attempt in attempts if attempt.outcome.bound is not None]
    if question.polynomial is not None:
        from qamctl.model_polynomial import spin_bound

        known.append(spin_bound(question.polynomial))
    if known and objective.pairs > QUICK:
        return max(known)
    if objective.pairs <= SIMPLE:
        known.append(objective.offset + simple_bound(objective) / objective.scale)
    return max([*known, _cheapest(question)])


def _cheapest(question: Question) -> float:
    """Every group at its cheapest member, other variables and couplings where they cost least."""
    model = question.model
    linear, found = model.linear.copy(), [model.offset, float(np.minimum(model.weight, 0).sum())]
    for g in range(len(model.group_start) - 1):
        members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
        if len(members):
            found.append(float(linear[members].min()))
            linear[members] = 0  # of groups that overlap, each variable counts in the first one
    bound = math.fsum([*found, float(np.minimum(linear, 0).sum())])
    return bound if bound.is_integer() and question.objective.exact else bound - question.objective.rounding


def _meets(question: Question, bound: float, energy: float) -> bool:
    """Whether a bound is the energy, up to the rounding of sums."""
    return Verdict(energy, (), question.objective.rounding).agrees(bound)
