"""What the checker says: violations by a fixed list of kinds, and the figures it recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

from qamctl.checks import findings
from qamctl.schedule.spec import ScheduleSpec

#: Every kind of violation; part of the public contract.
CONSTRAINTS: Final = (
    "malformed", "unknown-task", "duplicate-task", "missing-task", "not-optional", "done-and-unscheduled",
    "not-on-tick", "unknown-mode", "unknown-agent", "agent-twice", "agent-missing", "agent-not-allowed", "skill",
    "label", "taint", "pinned-agent", "pinned-crew", "pinned-mode", "start-negative", "duration", "away", "pause",
    "segments", "release", "deadline", "horizon", "pinned-start", "precedence-FS", "precedence-SS", "precedence-FF",
    "precedence-SF", "transfer", "gang", "setup", "near", "apart", "spread", "slots", "agent-capacity",
    "shared-capacity", "agent-consumable", "shared-consumable",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that a schedule breaks.

    Attributes
    ----------
    constraint
        One of `CONSTRAINTS`.
    task, agent, resource
        Ids of what is concerned, None where it is none in particular.
    text
        What is wrong, where, at which instant in the spec's unit, and by how much.
    """

    constraint: str
    task: str | None
    agent: str | None
    resource: str | None
    text: str

    def data(self) -> dict[str, str | None]:
        """The violation as a result file holds it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.constraint}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a schedule.

    Attributes
    ----------
    violations
        At most `checks.findings.KEPT` of each kind, in the order of `CONSTRAINTS`; none means feasible.
    terms
        The objective terms before weights, in the spec's unit (see `figures.term_values`): an int where it is
        integral. Tasks without a valid row add nothing.
    levels
        The value of each objective level.
    counts
        How many violations of each kind there are; kinds without any are left out.
    """

    violations: tuple[Violation, ...]
    terms: dict[str, float | int]
    levels: tuple[float | int, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


#: Violations as they are found.
Findings: TypeAlias = findings.Findings[Violation]


def new_findings() -> Findings:
    """No violation yet."""
    return Findings(CONSTRAINTS, _violation)


def _violation(
    *, constraint: str, text: str, task: str | None = None, agent: str | None = None, resource: str | None = None
) -> Violation:
    return Violation(constraint, task, agent, resource, text)


def moment(spec: ScheduleSpec, ticks: int) -> str:
    """Ticks as text in the spec's unit."""
    return f"{spec.time.to_units(ticks)} {spec.time.unit}"
