"""What every native solver is given and gives back, whatever kind of problem it solves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a solver may work: wall seconds, or steps where the answer must be reproducible.

    Exactly one of `seconds` and `steps` is set.
    """

    seconds: float | None = None
    steps: int | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a solver achieved.

    Attributes
    ----------
    status
        optimal (proved), feasible, infeasible (proved), unknown (none found in the budget).
    solution
        The best feasible answer, None where there is none.
    bounds
        A lower bound for each objective level, None where unknown. The bound of level k holds under the
        condition that all earlier levels have the values of `solution`.
    variables
        Size of the model that was solved, 0 where there is none.
    nearly
        Where no feasible answer was found: the one that breaks least, where the solver knows one.
    info
        Figures for metrics.json: steps, restarts, conflicts... `skipped` says why a problem was declined.
    """

    status: str
    solution: Any
    bounds: tuple[float | None, ...]
    variables: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    nearly: Any = None


class Solver(Protocol):
    """The one verb of a native solver; `Any` stands for the instance and the answers of its kind of problem."""

    def __call__(
        self,
        instance: Any,
        incumbent: Any,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool],
        report: Callable[[Any], None],
    ) -> Outcome:
        """Search for a better answer than `incumbent`.

        Parameters
        ----------
        incumbent
            A feasible answer to start from, or None.
        stop
            Asked at least every 0.1 s; True ends the search and keeps the best so far.
        report
            Called with each improved feasible answer, at most about 20 times a second.
        """
        ...
