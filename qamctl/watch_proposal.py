"""A re-balance that a watch proposes: when one is searched for, what it saves, and whether that is worth the moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.cluster.monitor import State
from qamctl.cluster.monitor_block import present_state
from qamctl.story import RunReport


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a search for a re-balance came to.

    Attributes
    ----------
    worth
        Whether it is proposed: it mends broken rules, or saves as much as was asked for.
    before, after
        The value of each objective level, as agents are now and as the answer has them; None where there is no answer.
    gain
        By which share of the objective it is better, at the level that decides (from 1); negative where mending costs.
    moves
        Agents that move, that are placed, that are left out; steps that it takes, and agents without one.
    """

    run: str
    directory: str
    status: str
    worth: bool
    before: tuple[float, ...]
    after: tuple[float, ...] | None
    gain: float | None
    level: int
    moves: dict[str, int]
    reasons: tuple[str, ...]
    seconds: float
    clusters: dict[str, Any]

    def data(self) -> dict[str, Any]:
        """As a program reads it."""
        return {
            "worth": self.worth, "run": self.run, "directory": self.directory, "status": self.status,
            "objective": {"before": list(self.before), "after": None if self.after is None else list(self.after)},
            "gain": self.gain, "level": self.level, "moves": self.moves, "reasons": list(self.reasons),
            "seconds": self.seconds,
        }  # fmt: skip


def proposal_of(report: RunReport, threshold: float) -> Proposal:
    """What a run proposes to those who watch.

    Parameters
    ----------
    report
        Of a run of `qamctl cluster`.
    threshold
        The share of the objective that must be saved where no rule is broken.
    """
    result, clusters = report.result, report.metrics["clusters"]
    now = present_state(report.spec)
    before = () if now is None else now.report.levels
    found = result["solution"] is not None
    after = tuple(level["value"] for level in result["levels"]) if found else None
    gain, level = (None, 1) if after is None or not before else saving(before, after, threshold)
    moves = dict(clusters["moves"] or {})
    if found:
        moves |= {"steps": len(result["solution"]["moves"]), "blocked": len(result["solution"]["blocked"])}
    changes = sum(moves.get(key, 0) for key in ("moved", "placed", "left_out")) > 0
    mends = now is None or not now.report.feasible
    saves = gain is not None and gain >= threshold and gain > 0
    return Proposal(
        result["run"], str(report.directory), result["status"], found and changes and (mends or saves), before, after,
        gain, level, moves, tuple(str(row["text"]) for row in result["reasons"]), report.metrics["seconds"]["total"],
        clusters,
    )  # fmt: skip


def saving(before: Sequence[float], after: Sequence[float], threshold: float) -> tuple[float, int]:
    """The share of the objective that is saved, and at which level (from 1).

    Levels are looked at in their order: the first one at which as much is saved as asked for decides, or at which
    something is lost; where none is, the first that is better at all, else the last.
    """
    gains = [relative(old, new) for old, new in zip(before, after, strict=True)]
    first: tuple[float, int] | None = None
    for level, gain in enumerate(gains, 1):
        if gain >= threshold and gain > 0:
            return gain, level
        if gain < 0:
            return first or (gain, level)
        if gain > 0 and first is None:
            first = gain, level
    return first or (gains[-1], len(gains))


def relative(old: float, new: float) -> float:
    """By which share of a value another one is less; negative where it is more."""
    return round((old - new) / max(1.0, abs(old)), 9)


def room_for(state: State, bounds: Sequence[float | None], threshold: float) -> bool:
    """Whether as much as asked for could be saved at any level, as far as bounds tell."""
    for value, bound in zip(state.report.levels, bounds, strict=True):
        most = 1.0 if bound is None else relative(value, bound)
        if most >= threshold and most > 0:
            return True
    return False


def changed_by(before: Sequence[float], now: Sequence[float], threshold: float) -> bool:
    """Whether the objective has gone up or down, at any level, by the share."""
    if len(before) != len(now):
        return True
    changes = [abs(relative(old, new)) for old, new in zip(before, now, strict=True)]
    return any(change >= threshold and change > 0 for change in changes)
