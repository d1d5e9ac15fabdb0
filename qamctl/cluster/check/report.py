"""What the checker says: violations by a fixed list of kinds, and the figures it recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from qamctl.checks import findings
from qamctl.cluster.spec import ClusterSpec, Ints

#: Every kind of violation; part of the public contract.
CONSTRAINTS: Final = (
    "malformed", "unknown-agent", "duplicate-agent", "missing-agent", "unknown-cluster", "inner-cluster", "unplaced",
    "agent-not-allowed", "requires", "taint", "capacity", "shared-capacity", "devices", "device-capacity", "min-size",
    "max-size", "balance", "together", "apart", "group-apart", "group-spread", "group-skew", "group-near", "max-moves",
    "max-move-cost",
)  # fmt: skip

#: Rows that a violation holds, at most.
HELD: Final = 100

#: Ids that a sentence names, at most.
NAMED: Final = 5

#: Integers of whatever size: int64 where every sum fits, else Python's.
Exact: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that an assignment breaks.

    Attributes
    ----------
    constraint
        One of `CONSTRAINTS`, or of `moves.STEPS`.
    agent, cluster, resource
        Ids of what is concerned, None where it is none in particular.
    text
        What is wrong, where, and by how much in the spec's units.
    rows
        The agents that have a part in it, as rows of the spec: the first `HELD`.
    """

    constraint: str
    agent: str | None
    cluster: str | None
    resource: str | None
    text: str
    rows: tuple[int, ...] = ()

    def data(self) -> dict[str, str | None]:
        """The violation as a result file holds it."""
        keys = ("constraint", "agent", "cluster", "resource", "text")
        return {key: getattr(self, key) for key in keys}

    def __str__(self) -> str:
        return f"{self.constraint}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on an assignment.

    Attributes
    ----------
    violations
        At most `checks.findings.KEPT` of each kind, in the order of `CONSTRAINTS`; none means feasible.
    terms
        Every objective term before weights, in the order of `cluster.spec.TERMS`: an int where it is integral. Agents
        without a valid row add nothing.
    levels
        The value of each objective level.
    counts
        How many violations of each kind there are; kinds without any are left out.
    size
        [K] agents inside each cluster, inner ones too.
    use
        [K, R] what they need, scaled.
    """

    violations: tuple[Violation, ...]
    terms: dict[str, float | int]
    levels: tuple[float | int, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    size: Ints = field(default_factory=lambda: np.zeros(0, np.int64), compare=False)
    use: Exact = field(default_factory=lambda: np.zeros((0, 0), np.int64), compare=False)

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


#: Violations as they are found.
Findings: TypeAlias = findings.Findings[Violation]


def new_findings(kinds: tuple[str, ...] = CONSTRAINTS) -> Findings:
    """No violation yet."""
    return Findings(kinds, _violation)


def _violation(
    *,
    constraint: str,
    text: str,
    agent: str | None = None,
    cluster: str | None = None,
    resource: str | None = None,
    rows: npt.ArrayLike = (),
) -> Violation:
    held = np.asarray(rows, np.int64)[:HELD].tolist()
    return Violation(constraint, agent, cluster, resource, text, tuple(held))


def names(spec: ClusterSpec, rows: Ints) -> str:
    """Agents in a sentence: the first few by id, the others by number."""
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(spec.agents.ids[i] for i in rows[:NAMED].tolist()) + more
