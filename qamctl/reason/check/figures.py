"""Objective, bound, gap, terms and levels: what a decision is worth, and the most that one can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.reason.check.told import near
from qamctl.reason.check.worth import CLOSE, Worth


def compare_figures(told: Comparison, decision: Any, judged: Worth, slack: float) -> None:
    """Every figure is of the decision that was made.

    Parameters
    ----------
    judged
        What each choice is really worth.
    slack
        What that may be off by.
    """
    value, bound, result = judged.of(decision), judged.best, told.result
    if value is None:
        return  # the decision was said to be none
    near(told, "objective", "objective", result.get("objective"), value, slack)
    near(told, "bound", "bound", result.get("bound"), bound, slack)
    size = max(1.0, abs(value))
    gap = abs(value - bound) / size
    near(told, "gap", "gap", result.get("gap"), gap, 2 * slack * (1 + gap) / size)
    if told.status == "optimal" and bound - value > 2 * slack:
        told.say("status", "status", f"is optimal, and {bound:.12g} can be reached, not only {value:.12g}")
    _repeated(told, value, bound, slack)


def compare_each_other(told: Comparison) -> None:
    """Where nothing says what a decision is really worth, figures still repeat each other, and a bound is one."""
    result = told.result
    value, bound = result.get("objective"), result.get("bound")
    for key in ("objective", "bound"):
        if not is_number(result.get(key)):
            told.say(key, key, f"must be a number, not {shown(result.get(key))}")
    if not is_number(value) or not is_number(bound):
        return
    slack = CLOSE * max(1.0, abs(value), abs(bound))
    if value > bound + slack:
        told.say("bound", "bound", f"is {bound}, below the value {value} that was reached")
    size = max(1.0, abs(value))
    near(told, "gap", "gap", result.get("gap"), abs(value - bound) / size, 2 * slack / size)
    _repeated(told, float(value), float(bound), slack)


def _repeated(told: Comparison, value: float, bound: float, slack: float) -> None:
    """The one term and the one level have the same figures."""
    result = told.result
    _terms(told, "terms", "terms", result.get("terms"), value, slack)
    levels = result.get("levels")
    if not isinstance(levels, list) or len(levels) != 1:
        told.say("levels", "levels", f"must be a list of one level, not {shown(levels)}")
        return
    level = told.mapping("levels", "levels[0]", levels[0])
    _terms(told, "levels", "levels[0].terms", level.get("terms"), value, slack)
    near(told, "levels", "levels[0].value", level.get("value"), value, slack)
    near(told, "levels", "levels[0].bound", level.get("bound"), bound, slack)


def _terms(told: Comparison, kind: str, field: str, given: Any, value: float, slack: float) -> None:
    (term,) = told.objective[0]
    row: Mapping[str, Any] = told.mapping(kind, field, given)
    near(told, kind, f"{field}.{term}", row.get(term), value, slack)
    for name in row:
        if name != term:
            told.say(kind, f"{field}.{shown(name)}", "is no term of a reason")
