"""Where list search begins: the incumbent, an earlier schedule, what reasoning prefers, and priority rules."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.schedule.bounds import makespan_bound
from qamctl.schedule.instance import Instance
from qamctl.schedule.relaxation import relaxation_of, rounded
from qamctl.schedule.solution import Solution
from qamctl.schedule.solvers.list_options import Listed, tasks_of
from qamctl.schedule.spec import NEVER, Floats, Ints

#: Starting points whose options are those of the linear relaxation, rounded.
ROUNDED: Final = 6


def starting_points(instance: Instance, incumbent: Solution | None, listed: Listed) -> tuple[Floats, Ints]:
    """[S, T] priority keys (least first) and options to start from: the incumbent, then priority rules.

    The rules are the classics of Kolisch (1996), the likeliest first, as a large problem has time for few:
    the latest start behind due times where lateness is weighed; latest start, latest finish; weighted
    shortest processing time where lateness or flow is weighed; earliest start. Where reasoning prefers anything, the
    first rule comes twice: with its options, too.
    """
    rules: list[Floats] = []
    choices: list[Ints] = []
    auto = np.full(instance.n, -1, np.int64)
    if incumbent is not None:
        rules.append(incumbent.start.astype(np.float64))
        waits = instance.not_before(incumbent.start)
        choices.append(listed.numbers(instance.options_of(incumbent), waits))
    kept = instance.kept
    if kept is not None:
        rules += [kept.keys, kept.start.astype(np.float64)]
        choices += [listed.numbers(kept.option, instance.not_before(kept.start))] * 2
    early_start, early_end = instance.earliest
    # Where agents are few, what has neither due time nor deadline may be late: longest paths alone would hurry it.
    span = max(int(early_end.max(initial=0)), makespan_bound(instance))
    late_start, late_end = instance.latest(span)
    weighed = (instance.levels != 0).any(axis=0)
    if (instance.due < NEVER).any() and weighed[1:3].any():
        for rest in (span, 2 * span):  # how urgent what has no due time is against what has one
            end = np.minimum(instance.deadline, np.minimum(instance.due, rest))
            wished, _ = instance.graph.latest(end, instance.pinned_start, instance.shortest, instance.longest)
            rules.append(wished.astype(np.float64))
    rules += [late_start.astype(np.float64), late_end.astype(np.float64)]
    if weighed[1:4].any():
        rules.append(instance.shortest / np.maximum(instance.weight, 1e-9))
    rules.append(early_start.astype(np.float64))
    choices += [auto] * (len(rules) - len(choices))
    relaxed = relaxation_of(instance)
    if relaxed is not None:
        for option in rounded(instance, relaxed.share, ROUNDED):
            duration = instance.option_duration[option]
            late, _ = instance.graph.latest(np.full(instance.n, span), instance.pinned_start, duration, duration)
            rules.append(late.astype(np.float64))
            choices.append(listed.numbers(option, None))
    if instance.wishes is not None:
        at = 1 if incumbent is None else 2
        rules.insert(at, rules[at - 1])
        choices.insert(at, _preferred(instance, listed))
    return np.ascontiguousarray(rules), np.ascontiguousarray(choices)


def _preferred(instance: Instance, listed: Listed) -> Ints:
    """[T] the place of the option that reasoning prefers, the earliest among equals; -1 where it prefers none."""
    task = tasks_of(instance)[listed.option]
    cost = instance.reasoning_of(task, listed.option, np.maximum(listed.floor, instance.earliest[0][task]))
    by_cost = np.lexsort((np.arange(len(task)), cost, task))
    first = np.searchsorted(task, np.arange(instance.n + 1))
    out = np.full(instance.n, -1, np.int64)
    for t in np.flatnonzero(np.diff(first)).tolist():
        mine = by_cost[first[t] : first[t + 1]]
        out[t] = mine[0] if cost[mine[0]] < cost[mine[-1]] else -1
    return out
