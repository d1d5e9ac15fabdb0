"""A problem as the race of the engines and their judge see it: what a kind of problem hands in to be solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Value = tuple[float, ...]


class Report(Protocol):
    """What a checker says of an answer."""

    @property
    def violations(self) -> Sequence[Any]:
        """Constraints that it breaks, each with a `text`; none means feasible."""
        ...

    @property
    def terms(self) -> Mapping[str, int | float]:
        """Every objective term before weights."""
        ...

    @property
    def levels(self) -> tuple[int | float, ...]:
        """The value of each objective level."""
        ...


@dataclass(frozen=True, slots=True)
class Contest:
    """One problem, to be solved by whichever engines take it. `Any` stands for the answers of its kind.

    Attributes
    ----------
    kind
        Its native solvers are `qamctl.<kind>.solvers.<name>`, the first of `registry.NATIVE_SOLVERS` is the heuristic
        that gives the others a start, and its QUBO windows are `qamctl.<kind>.solvers.qubo_windows`.
    instance
        What its solvers see.
    value
        The objective of each level, as the search has it.
    check
        The checker's verdict.
    bounds
        A lower bound of each level that holds for every answer, None where unknown.
    random
        The best value among so many random answers: (shots, seed, seconds at most, stop); None where none is feasible.
    nothing
        The only answer of a problem where nothing can be chosen; None where there is something to search.
    start
        A feasible answer that all engines begin from; None where none is known.
    window
        Steps of the heuristic that take about as long as one QUBO window.
    opening
        Steps of the heuristic before engines far away begin, where no other engine is named. It is not a time, so that
        a run that is repeated begins with the same answer, and meets its own jobs.
    windows
        Further options of the QUBO windows.
    lead
        The engine that `auto` gives most of the time, on all cores; None: each has a core of its own.
    heuristic
        The native solver that gives others a start, and that sampled engines are compared with; None: the first one.
    left_out
        Engines that `auto` does without, and why, given the seconds that there are (None: steps are counted). One that
        is not meant for such a problem has no reason, and is not told of.
    """

    kind: str
    instance: Any
    value: Callable[[Any], Value]
    check: Callable[[Any], Report]
    bounds: Callable[[], Sequence[float | None]]
    random: Callable[[int, int, float, Callable[[], bool]], Value | None]
    window: int
    opening: int
    nothing: Any = None
    start: Any = None
    windows: Mapping[str, Any] = field(default_factory=dict)
    lead: str | None = None
    heuristic: str | None = None
    left_out: Callable[[float | None], Mapping[str, str | None]] = lambda seconds: {}

    def fault(self, answer: Any) -> str | None:
        """What is wrong with an answer, by the checker; None where nothing is."""
        violations = self.check(answer).violations
        return str(violations[0].text) if violations else None
