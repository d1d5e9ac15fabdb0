"""`spread`: the agents at work on some tasks are shared out evenly among the values of a label."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns
from qamctl.schedule.check.eligibility import alike, eligible
from qamctl.schedule.check.report import Findings
from qamctl.schedule.check.rules import carrying, done_by_rule, values_of
from qamctl.schedule.spec import Ints, Rule, ScheduleSpec


def check_spread(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    """Note every rule whose numbers of agents differ by too much, and agents without its label."""
    rules = [rule for rule in spec.rules if rule.kind == "spread"]
    if not rules:
        return
    same = alike(spec.modes)
    able: dict[int, list[int]] = {}
    labels = {rule.label: values_of(spec, rule.label) for rule in rules if rule.label is not None}
    for rule in rules:
        assert rule.label is not None  # the reader asks for it
        names, code = labels[rule.label]
        _, task = done_by_rule(columns, [rule])
        which, entry = columns.crews.entries(task)
        agent = columns.crews.agent[entry]
        carried = carrying(spec, "spread", rule.label, task[which], agent, code, findings)
        at_work = np.bincount(code[agent[carried]], minlength=len(names))
        values = _values(spec, rule, same, code, able)
        if len(values) < 2:
            continue
        most, least = values[np.argmax(at_work[values])], values[np.argmin(at_work[values])]
        skew = int(at_work[most] - at_work[least])
        if skew > rule.max_skew:
            tasks = ", ".join(spec.tasks.ids[t] for t in rule.tasks[:5]) + (", ..." if rule.tasks[5:] else "")
            text = f"{at_work[most]} agents with {rule.label}={names[most]} and {at_work[least]} with "
            text += f"{rule.label}={names[least]} do tasks {tasks}: the numbers differ by {skew}, "
            text += f"{skew - rule.max_skew} more than max_skew, {rule.max_skew}"
            findings.add("spread", text, task=spec.tasks.ids[rule.tasks[0]])


def _values(spec: ScheduleSpec, rule: Rule, same: Ints, code: Ints, able: dict[int, list[int]]) -> Ints:
    """The values of the label among agents that may do some mode of some task of a rule, pins apart.

    Parameters
    ----------
    same
        [M] of each mode the first one that asks the same of agents.
    able
        The agents that may do such a first mode, as far as they are known; more are written into it.
    """
    first = spec.tasks.first_mode
    modes = np.concatenate([same[first[t] : first[t + 1]] for t in rule.tasks])
    found: set[int] = set()
    for mode in np.unique(modes).tolist():
        if mode not in able:
            able[mode] = eligible(spec, mode)
        found.update(code[able[mode]].tolist())
    return np.array(sorted(found - {-1}), np.int64)
