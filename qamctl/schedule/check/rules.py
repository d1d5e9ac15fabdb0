"""Tasks that are near to or apart from each other: by their agents themselves, or by the value of a label."""

from __future__ import annotations

from itertools import chain

import numpy as np

from qamctl.schedule.check.columns import Columns
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import Ints, Rule, ScheduleSpec


def check_rules(spec: ScheduleSpec, columns: Columns, findings: Findings) -> None:
    """Note every breach of `near` and `apart`; tasks that are left out or need no agent are not seen."""
    kinds: dict[tuple[str, str | None], list[Rule]] = {}
    for rule in spec.rules:
        if rule.kind != "spread":
            kinds.setdefault((rule.kind, rule.label), []).append(rule)
    for (kind, label), rules in kinds.items():
        number, task = done_by_rule(columns, rules)
        if label is not None:
            _by_label(spec, columns, kind, label, number, task, findings)
        elif kind == "near":
            _same_agents(spec, columns, number, task, findings)
        else:
            _other_agents(spec, columns, number, task, findings)


def done_by_rule(columns: Columns, rules: list[Rule]) -> tuple[Ints, Ints]:
    """(rule, task) of every task of some rules that has agents, rule by rule."""
    number = np.repeat(np.arange(len(rules)), [len(rule.tasks) for rule in rules])
    task = np.fromiter(chain.from_iterable(rule.tasks for rule in rules), np.int64, len(number))
    some = columns.crews.size[task] > 0
    return number[some], task[some]


def _same_agents(spec: ScheduleSpec, columns: Columns, number: Ints, task: Ints, findings: Findings) -> None:
    """Of any two tasks of a rule, the agents of the one with fewer do the other one too."""
    crews, agents = columns.crews, len(spec.agents.ids)
    # In the order of their sizes it is enough to compare neighbours: what is within the next is within all later ones.
    order = np.lexsort((task, crews.size[task], number))
    number, task = number[order], task[order]
    pair = np.flatnonzero(number[1:] == number[:-1])
    few, many = task[pair], task[pair + 1]
    which, entry = crews.entries(few)
    wanted = many[which] * agents + crews.agent[entry]
    there = crews.task * agents + crews.agent
    at = np.minimum(np.searchsorted(there, wanted), max(len(there) - 1, 0))
    missing = np.flatnonzero(there[at] != wanted) if len(wanted) else np.zeros(0, np.int64)
    first = missing[np.flatnonzero(np.diff(which[missing], prepend=-1))]

    def note(k: int) -> None:
        a, b = (spec.tasks.ids[ends[which[k]]] for ends in (few, many))
        agent = spec.agents.ids[crews.agent[entry[k]]]
        text = f"tasks {a} and {b}: agent {agent} does {a} and not {b}, and they are near"
        findings.add("near", text, task=a, agent=agent)

    findings.add_each("near", first.tolist(), note)


def _other_agents(spec: ScheduleSpec, columns: Columns, number: Ints, task: Ints, findings: Findings) -> None:
    """No agent does two tasks of a rule."""
    which, entry = columns.crews.entries(task)
    agent = columns.crews.agent[entry]
    a, b, who = _meeting(number[which], agent, task[which])

    def note(k: int) -> None:
        one, other, name = spec.tasks.ids[a[k]], spec.tasks.ids[b[k]], spec.agents.ids[who[k]]
        text = f"tasks {one} and {other}: agent {name} does both, and they are apart"
        findings.add("apart", text, task=other, agent=name)

    findings.add_each("apart", range(len(a)), note)


def _by_label(
    spec: ScheduleSpec, columns: Columns, kind: str, label: str, number: Ints, task: Ints, findings: Findings
) -> None:
    """One value of the label for all tasks of a rule, or none that two of them have in common."""
    names, code = values_of(spec, label)
    which, entry = columns.crews.entries(task)
    rule, doing, agent = number[which], task[which], columns.crews.agent[entry]
    carried = carrying(spec, kind, label, doing, agent, code, findings)
    rule, doing, value = rule[carried], doing[carried], code[agent[carried]]
    told = [f"{label}={name}" for name in names]
    if kind == "near":
        _one_value(spec, label, told, rule, doing, value, findings)
    else:
        _no_common_value(spec, label, told, rule, doing, value, findings)


def _one_value(
    spec: ScheduleSpec, label: str, told: list[str], rule: Ints, task: Ints, value: Ints, findings: Findings
) -> None:
    _, leader, group = np.unique(rule, return_index=True, return_inverse=True)
    other = np.flatnonzero(value != value[leader[group]])
    differs = other[np.flatnonzero(np.diff(rule[other], prepend=-1))]  # one breach of each rule is told
    first = leader[group[differs]]

    def note(k: int) -> None:
        one, two = (spec.tasks.ids[task[ends[k]]] for ends in (first, differs))
        values = f"{told[value[first[k]]]} and {told[value[differs[k]]]}"
        what = f"task {one} has agents" if one == two else f"tasks {one} and {two} are done"
        findings.add("near", f"{what} with {values}, and they are near by {label}", task=two)

    findings.add_each("near", range(len(differs)), note)


def _no_common_value(
    spec: ScheduleSpec, label: str, told: list[str], rule: Ints, task: Ints, value: Ints, findings: Findings
) -> None:
    a, b, common = _meeting(rule, value, task)

    def note(k: int) -> None:
        one, two = spec.tasks.ids[a[k]], spec.tasks.ids[b[k]]
        text = f"tasks {one} and {two}: both are done with {told[common[k]]}, and they are apart by {label}"
        findings.add("apart", text, task=two)

    findings.add_each("apart", range(len(a)), note)


def values_of(spec: ScheduleSpec, label: str) -> tuple[list[str], Ints]:
    """The values of a label, and [A] the one that each agent carries; -1 where it carries none."""
    known: dict[str, int] = {}
    code = [known.setdefault(carries[label], len(known)) if label in carries else -1 for carries in spec.agents.labels]
    return list(known), np.array(code, np.int64)


def carrying(
    spec: ScheduleSpec, kind: str, label: str, task: Ints, agent: Ints, code: Ints, findings: Findings
) -> Ints:
    """The entries whose agents carry a label; the others are noted."""

    def note(k: int) -> None:
        name, who = spec.tasks.ids[task[k]], spec.agents.ids[agent[k]]
        text = f"task {name}: agent {who} has no label {label}, which `{kind}` compares"
        findings.add("label", text, task=name, agent=who)

    findings.add_each("label", np.flatnonzero(code[agent] < 0).tolist(), note)
    return np.flatnonzero(code[agent] >= 0)


def _meeting(rule: Ints, thing: Ints, task: Ints) -> tuple[Ints, Ints, Ints]:
    """(a task, another one, the thing) wherever two tasks of a rule have a thing in common."""
    order = np.lexsort((task, thing, rule))
    rule, thing, task = rule[order], thing[order], task[order]
    same = (rule[1:] == rule[:-1]) & (thing[1:] == thing[:-1]) & (task[1:] != task[:-1])
    at = np.flatnonzero(same)
    return task[at], task[at + 1], thing[at]
