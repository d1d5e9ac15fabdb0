"""Optimising clusters for Python callers: the race of the engines, the checker's verdict, and what it gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, cast

import numpy as np

from qamctl import result
from qamctl.cluster.check import Report
from qamctl.cluster.contest import contest_of
from qamctl.cluster.division import TOLERANCES, division
from qamctl.cluster.instance import build_instance
from qamctl.cluster.moves import order_moves
from qamctl.cluster.present import present_report, present_solution
from qamctl.cluster.reasons import reasons
from qamctl.cluster.result import to_block
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec
from qamctl.errors import InfeasibleError
from qamctl.levels import Number, better
from qamctl.measuring import NOTHING, Settings
from qamctl.solve import Answer, find_answer

#: Steps of the search for parts, and more of them for each agent.
STEPS, STEPS_PER_AGENT = 20_000, 200

#: The engine that looks for parts.
DIVIDER: Final = "assignment"


@dataclass(frozen=True, slots=True)
class OptimisationState:
    """What became of one optimisation.

    Attributes
    ----------
    tried
        The engines that were asked for.
    accepted
        Whether its answer was taken over.
    when
        In ISO-8601, when it began.
    before, after
        The value of each objective level, of the structure before and of the answer; None where it breaks a rule, or
        where there is no answer.
    engine
        Who found the answer.
    seed
        Of the search.
    """

    tried: tuple[str, ...]
    accepted: bool
    when: str
    before: tuple[Number, ...] | None
    after: tuple[Number, ...] | None
    engine: str | None
    seed: int

    def data(self) -> dict[str, Any]:
        """As a line of a log holds it."""
        return asdict(self)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> OptimisationState:
        """From a line of a log."""
        before, after = (None if row[name] is None else tuple(row[name]) for name in ("before", "after"))
        return cls(tuple(row["tried"]), row["accepted"], row["when"], before, after, row["engine"], row["seed"])


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """What an optimisation found.

    Attributes
    ----------
    state
        The short of it.
    status
        optimal, feasible, infeasible, unknown or interrupted.
    bounds
        A lower bound of each objective level, None where unknown; empty where there is no answer.
    terms
        Every objective term before weights.
    solution
        As in a result file: `assignments`, `clusters`, `moves` in an order that breaks no limit, `blocked`. None where
        there is no answer.
    attempts
        One for each engine, as in a result file.
    reasons
        Why nothing can be found, as far as that shows without a search.
    fallback
        What failed, where other engines stood in for it.
    answer
        The assignment as columns.
    """

    state: OptimisationState
    status: str
    bounds: tuple[Number | None, ...]
    terms: Mapping[str, Number]
    solution: Mapping[str, Any] | None
    attempts: tuple[Mapping[str, Any], ...]
    reasons: tuple[str, ...]
    fallback: Mapping[str, Any] | None
    answer: Solution | None

    @property
    def accepted(self) -> bool:
        """Whether its answer was taken over."""
        return self.state.accepted


def optimise(
    spec: ClusterSpec,
    *,
    backends: Sequence[str],
    seconds: float | None,
    steps: int | None,
    seed: int,
    when: datetime,
    threads: int = 1,
    strict: bool = False,
    settings: Settings = NOTHING,
) -> ClusterReport:
    """Let engines race for a better assignment than the current one.

    An answer is worth accepting where the current one breaks a rule, or is worse.

    Parameters
    ----------
    seconds, steps
        The budget; exactly one is set.
    when
        Now.
    settings
        Of engines that measure circuits.

    Raises
    ------
    UsageError, UnsupportedError, BackendError
        As `solve.find_answer`.
    """
    why = tuple(reason.text for reason in reasons(spec))
    answer = Answer("infeasible")
    if not why:
        answer = find_answer(
            contest_of(build_instance(spec)), backends=backends, seconds=seconds, steps=steps, seed=seed,
            threads=threads, strict=strict, settings=settings,
        )  # fmt: skip
    now = present_solution(spec)
    standing = None if now is None else present_report(spec, now)
    before = standing.levels if standing is not None and standing.feasible else None
    after = None if answer.report is None else answer.report.levels
    accepted = after is not None and (before is None or better(after, before))
    finder = None if after is None else answer.solved_by
    state = OptimisationState(tuple(backends), accepted, when.isoformat(), before, after, finder, seed)
    level = answer.proof.level if answer.proof is not None else 0
    block = None
    if answer.solution is not None:
        steps_, blocked = order_moves(spec, answer.solution)
        block, _ = to_block(spec, answer.solution, cast("Report", answer.report), steps_, blocked, most_rows=None)
    return ClusterReport(
        state, answer.status, () if answer.proof is None else answer.proof.bounds,
        {} if answer.report is None else answer.report.terms, block,
        tuple(result.attempt_row(attempt, level) for attempt in answer.attempts), why, answer.fallback, answer.solution,
    )  # fmt: skip


def find_parts(spec: ClusterSpec, agents: Sequence[int], parts: int, seed: int) -> list[list[int]]:
    """Agents in so many parts that cut few links, and are about even; the largest part comes first.

    Parameters
    ----------
    agents
        Rows, ascending.

    Raises
    ------
    InfeasibleError
        Agents that must be together are in fewer lots than that.
    """
    steps = STEPS + STEPS_PER_AGENT * len(agents)
    for tolerance in TOLERANCES:
        instance = build_instance(division(spec, agents, parts, tolerance))
        answer = find_answer(contest_of(instance), backends=(DIVIDER,), steps=steps, seed=seed)
        if answer.solution is not None:
            rows, place = np.array(agents, np.int64), answer.solution.cluster
            found = [rows[place == part].tolist() for part in range(parts)]
            return sorted(found, key=lambda part: (-len(part), part))
    raise InfeasibleError(f"{len(agents)} agents can't be divided into {parts} parts: some of them must be together")
