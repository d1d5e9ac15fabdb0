"""What engines of models are given, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from qamctl.kernels.couplings import Couplings, couplings
from qamctl.measuring import NOTHING, Settings
from qamctl.model_samples import SampleTable
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Budget

if TYPE_CHECKING:
    from qamctl.quantum.polynomial import Polynomial


@dataclass(frozen=True)
class Question:
    """A model as the engines see it.

    Attributes
    ----------
    objective
        The objective alone, as the kernels hold it.
    polynomial, pairs
        Where the model stands for a polynomial of more than two variables a term: that one, over the model's first
        variables, and the two variables of each product behind them.
    """

    model: Model
    objective: Couplings
    polynomial: Polynomial | None = None
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def n(self) -> int:
        """Variables."""
        return self.model.n

    @property
    def constrained(self) -> bool:
        """Whether there are one-hot groups or rows."""
        return len(self.model.group_start) > 1 or len(self.model.con_rhs) > 0


@dataclass(frozen=True)
class Task:
    """What an engine is given for its turn.

    Attributes
    ----------
    initial
        [n] the best feasible sample so far, None before there is one.
    stop
        Whether to end now.
    report
        Takes the engine's name, a better sample and its energy; from any thread.
    settings
        Of engines that measure circuits.
    finished
        Takes the name of a search that ended within the turn, and what makes its outcome: a turn of several searches
        may itself not end in time.
    reads
        Samples to take, each found independently; None: the engine decides.
    max_variables
        The largest part of a model that may be handed to an engine of QUBOs at once.
    """

    question: Question
    budget: Budget
    seed: int
    stop: Callable[[], bool]
    report: Callable[[str, np.ndarray, float], None]
    initial: np.ndarray | None = None
    reads: int | None = None
    max_variables: int | None = None
    finished: Callable[[str, Callable[[], Outcome]], None] = lambda name, outcome: None
    settings: Settings = NOTHING


@dataclass(frozen=True)
class Outcome:
    """What an engine achieved in its turn.

    Attributes
    ----------
    status
        optimal and infeasible are proofs; feasible, unknown; bounded: nothing was looked for but a bound.
    bound
        No feasible sample has less energy; None where nothing is known.
    table
        Its samples, the best first.
    variables
        Of what was sampled, slack bits included.
    shots
        Samples that were taken.
    seconds
        Where it had a part of the turn only.
    info
        Figures for the metrics file.
    """

    backend: str
    status: str
    table: SampleTable | None = None
    bound: float | None = None
    variables: int = 0
    shots: int = 0
    feasible_fraction: float | None = None
    gain_over_random: float | None = None
    gain_over_classical: float | None = None
    seconds: float | None = None
    note: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """The one verb of an engine of models."""

    def __call__(self, task: Task) -> Sequence[Outcome]:
        """Search; several outcomes where several searches shared the turn."""
        ...


def make_question(
    model: Model, polynomial: Polynomial | None = None, pairs: Sequence[tuple[int, int]] = ()
) -> Question:
    """A model with its objective as the kernels hold it; a polynomial is kept where products had to be replaced."""
    objective = couplings(model.linear, model.row, model.col, model.weight, model.offset)
    return Question(model, objective, polynomial if pairs else None, tuple(pairs))
