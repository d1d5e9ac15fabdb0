"""The block `reasoning` of a result: the actions that it was computed from, and the figures that it tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import shown
from qamctl.schedule.check.report import Report
from qamctl.schedule.spec import Reasoning, ScheduleSpec


def check_block(comparison: Comparison, spec: ScheduleSpec, report: Report) -> None:
    """Hold every figure of the block against the spec and the schedule."""
    given, asked = comparison.result.get("reasoning"), spec.reasoning
    if given is None and (asked is None or "reasoning" not in report.terms):
        return
    block = comparison.mapping("terms", "reasoning", given)
    if asked is None:
        comparison.say("terms", "reasoning", "is there, and the spec has no reasoning")
        return
    if not block:
        return
    if asked.actions is None:
        comparison.say("provenance", "reasoning.actions", f"can't be compared: {asked.origin!r} was not looked up")
        return
    if block.get("from") != asked.origin:
        comparison.say("provenance", "reasoning.from", f"is {shown(block.get('from'))}, the spec has {asked.origin!r}")
    actions = comparison.mapping("provenance", "reasoning.actions", block.get("actions"))
    for text, chance in asked.actions.items():
        comparison.equal("provenance", f"reasoning.actions[{shown(text)}]", actions.get(text), chance)
    for text in actions:
        if text not in asked.actions:
            comparison.say("provenance", f"reasoning.actions[{shown(text)}]", "is no action of the spec")
    value = report.terms.get("reasoning", 0)
    for name, expected in (("weight", asked.weight), ("scale", asked.scale), ("term", value)):
        comparison.equal("terms", f"reasoning.{name}", block.get(name), expected)
    _check_changed(comparison, spec, asked, block, report)


def _check_changed(
    comparison: Comparison, spec: ScheduleSpec, asked: Reasoning, block: Mapping[str, Any], report: Report
) -> None:
    changed = comparison.mapping("terms", "reasoning.changed", block.get("changed"))
    bias = asked.scale * report.terms.get("reasoning", 0)
    comparison.equal("terms", "reasoning.changed.bias", changed.get("bias"), bias)
    comparison.equal("terms", "reasoning.changed.most", changed.get("most"), asked.scale * asked.most)
    without = changed.get("without")
    if not isinstance(without, list) or len(without) != len(report.levels):
        comparison.say("terms", "reasoning.changed.without", f"must hold {len(report.levels)} levels")
        return
    for k, (level, value) in enumerate(zip(spec.objective, report.levels, strict=True)):
        rest = value - level.get("reasoning", 0.0) * report.terms.get("reasoning", 0)
        comparison.equal("terms", f"reasoning.changed.without[{k}]", without[k], float(rest))
