"""The rules `spread` as linear rows: of any two values of a label, no more agents of the one than `max_skew` above."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.qubo.row_blocks import Rows
from qamctl.schedule.choices import Choices
from qamctl.schedule.crews import Crews
from qamctl.schedule.eligible import eligibility
from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import ranges
from qamctl.schedule.solvers.crew_tables import label_domain
from qamctl.schedule.spec import Ints, Rule


def spread_rows(instance: Instance, crews: Crews, choices: Choices) -> list[Rows]:
    """A row for every rule and ordered pair of values that some choices could bring too far apart.

    Raises
    ------
    InfeasibleError
        The tasks that have one start left are too far apart, whatever the others do.
    """
    rules = [rule for rule in instance.spec.rules if rule.kind == "spread"]
    masks = eligibility(instance.spec) if rules else ([], np.zeros(0, np.int32))
    out: list[Rows] = []
    for rule in rules:
        values = label_domain(instance, rule, *masks)
        concerned = np.zeros(instance.n, bool)
        concerned[list(rule.tasks)] = True
        fixed = choices.fixed[concerned[choices.fixed]]
        settled = _numbers(instance, crews, rule, values, choices.fixed_option[fixed]).sum(axis=0)
        mine = np.flatnonzero(concerned[choices.task])
        numbers = _numbers(instance, crews, rule, values, choices.option[mine])
        for v, w in permutations(range(len(values)), 2):
            coef = numbers[:, v] - numbers[:, w]
            row = _row(choices.task[mine], mine, coef, rule.max_skew - int(settled[v] - settled[w]))
            if row is not None:
                out.append(row)
    return out


def _numbers(instance: Instance, crews: Crews, rule: Rule, values: tuple[str, ...], options: Ints) -> Ints:
    """[o, v] agents with each value of the label in some options."""
    code, labels = {value: k for k, value in enumerate(values)}, instance.spec.agents.labels
    of_holder = np.full(len(instance.members), -1, np.int64)
    for h, members in enumerate(instance.members):
        if len(members):
            of_holder[h] = code.get(labels[members[0]].get(str(rule.label), ""), -1)
    out = np.zeros((len(options), len(values)), np.int64)
    count = crews.first[options + 1] - crews.first[options]
    who, entry = np.repeat(np.arange(len(options)), count), ranges(crews.first[options], count)
    value = of_holder[crews.holder[entry]]
    some = value >= 0
    np.add.at(out, (who[some], value[some]), crews.number[entry][some])
    return out


def _row(task: Ints, choice: Ints, coef: Ints, room: int) -> Rows | None:
    """coef . choices <= room; None where no choices are beyond it."""
    first = np.flatnonzero(np.diff(task, prepend=-1))
    most = int(np.maximum.reduceat(coef, first).sum()) if len(first) else 0
    least = int(np.minimum.reduceat(coef, first).sum()) if len(first) else 0
    if least > room:
        raise InfeasibleError("the tasks of a `spread` that have one start left are too far apart: no schedule exists")
    if most <= room:
        return None
    some = coef != 0
    size = int(some.sum())
    return Rows("spread", np.array([0, size]), choice[some], coef[some], np.array([room]))
