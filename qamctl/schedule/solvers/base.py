"""What every native solver of schedules is given and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from qamctl.schedule.instance import Instance
from qamctl.schedule.solution import Solution


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
        The best feasible schedule, None where there is none.
    bounds
        A lower bound for each objective level, None where unknown. The bound of level k holds under the
        condition that all earlier levels have the values of `solution`.
    variables
        Size of the model that was solved, 0 where there is none.
    info
        Figures for metrics.json: steps, restarts, conflicts...
    """

    status: str
    solution: Solution | None
    bounds: tuple[float | None, ...]
    variables: int = 0
    info: dict[str, Any] = field(default_factory=dict)


class Solver(Protocol):
    """The one verb of a native solver."""

    def __call__(
        self,
        instance: Instance,
        incumbent: Solution | None,
        budget: Budget,
        seed: int,
        stop: Callable[[], bool],
        report: Callable[[Solution], None],
    ) -> Outcome:
        """Search for a better schedule than `incumbent`.

        Parameters
        ----------
        incumbent
            A feasible schedule to start from, or None.
        stop
            Asked at least every 0.1 s; True ends the search and keeps the best so far.
        report
            Called with each improved feasible schedule, at most about 20 times a second.
        """
        ...
