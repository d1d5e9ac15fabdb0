"""The block `reasoning` of a schedule's result: what was preferred, what of it is met, and how much it counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.errors import SpecError
from qamctl.levels import Number, tidy
from qamctl.schedule.preferences import read_preferences
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec
from qamctl.schedule.weighing import with_actions


def counts(spec: ScheduleSpec) -> bool:
    """Whether a result has something to tell of reasoning: with weight 0 it is as if there were none."""
    asked = spec.reasoning
    return asked is not None and (asked.weight > 0 or any("reasoning" in level for level in spec.objective))


def taken(spec: ScheduleSpec) -> dict[str, Any]:
    """What a schedule takes from elsewhere for its preferences, and where that was; {} where it has none."""
    asked = spec.reasoning
    return {} if asked is None else {"reasoning": {"actions": dict(asked.actions or {}), **asked.told}}


def block(
    spec: ScheduleSpec, solution: Solution | None, terms: Mapping[str, Number] | None, levels: tuple[Number, ...]
) -> dict[str, Any] | None:
    """What the result tells; None where it tells nothing.

    Parameters
    ----------
    terms, levels
        The checker's figures of the schedule; None where there is none.

    Returns
    -------
    dict or None
        `from`, what is known of it (`run`, `sha256`), `weight`, `scale` (what one unit of the term counts in its
        level), `actions` with their probabilities, and of a schedule: `term`, `met` (the actions that it agrees with),
        `missed`, and `changed`: `bias` (scale * term), `most` (the largest bias that there could have been), `without`
        (the levels less the bias).
    """
    asked = spec.reasoning
    if asked is None or not counts(spec):
        return None
    actions = dict(asked.actions or {})
    told = {"from": asked.origin, **asked.told, "weight": tidy(asked.weight), "scale": tidy(asked.scale),
            "actions": actions}  # fmt: skip
    if solution is None or terms is None:
        return told
    value = terms.get("reasoning", 0)
    agrees = {text: met for text in actions if (met := _agrees(text, spec, solution)) is not None}
    without = [
        tidy(round(level - weights.get("reasoning", 0.0) * value, 9))
        for level, weights in zip(levels, spec.objective, strict=True)
    ]
    return told | {
        "term": value,
        "met": [text for text, met in agrees.items() if met],
        "missed": [text for text, met in agrees.items() if not met],
        "changed": {
            "bias": tidy(round(asked.scale * value, 9)),
            "most": tidy(round(asked.scale * asked.most, 9)),
            "without": without,
        },
    }


def as_told(result: Mapping[str, Any], spec: ScheduleSpec) -> ScheduleSpec:
    """The spec with the actions that a result was computed from, to check that result by.

    Where the spec names a run, that may be gone or may have learned since: the result tells what it said. Actions that
    stand in the spec are the spec's, whatever a result says.

    Raises
    ------
    SpecError
        The result tells no actions, or some that this spec cannot take.
    """
    asked = spec.reasoning
    if asked is None or asked.actions is not None:
        return spec
    if not counts(spec):
        return with_actions(spec, {})
    told = result.get("reasoning")
    actions = told.get("actions") if isinstance(told, Mapping) else None
    if not isinstance(actions, Mapping):
        raise SpecError("the result tells no `reasoning.actions`: what reasoning recommended can't be known without")
    for text, chance in actions.items():
        if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise SpecError(f"the result has no probability for its action {text!r}: it is damaged")
    return with_actions(spec, {str(text): float(chance) for text, chance in actions.items()})


def _agrees(text: str, spec: ScheduleSpec, solution: Solution) -> bool | None:
    """Whether the schedule does what an action recommends; None where that is not about a schedule."""
    found = read_preferences({text: 1.0}, spec)
    if not found:
        return None
    said = found[0]
    if said.agent >= 0:
        return int(solution.agent[said.task]) == said.agent
    return said.low <= int(solution.start[said.task]) <= said.high
