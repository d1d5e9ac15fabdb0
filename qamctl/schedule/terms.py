"""Objective terms as variables: the makespan chain, the used bits, and what every variable costs."""

from __future__ import annotations

import numpy as np

from qamctl.qubo.row_blocks import Rows, pairs
from qamctl.schedule.beside import edges
from qamctl.schedule.choices import Choices
from qamctl.schedule.instance import Instance
from qamctl.schedule.limits import task_terms
from qamctl.schedule.loads import holders_of
from qamctl.schedule.spec import Floats, Ints


def _last_ones(instance: Instance) -> np.ndarray:
    """[T] tasks that no successor is sure to outlast: only these can end last alone."""
    pred, succ, kind, lag = edges(instance)
    outlasts = np.where(
        (kind == 0) | (kind == 2),
        lag + np.where(kind == 0, instance.shortest[succ], 0) >= 0,
        lag + np.where(kind == 1, instance.shortest[succ], 0) >= instance.longest[pred],
    )
    last = np.ones(instance.n, bool)
    last[pred[outlasts & instance.sure[succ]]] = False
    return last


def makespan_ends(instance: Instance, choices: Choices) -> Ints:
    """The possible makespans above the least, ascending."""
    least = choices.box.first_end
    end = choices.end[_last_ones(instance)[choices.task]]
    ends: Ints = np.unique(end[end > least])
    return ends


def makespan_rows(instance: Instance, choices: Choices, ends: Ints, first: int) -> list[Rows]:
    """x <= z of its end, z[k + 1] <= z[k]."""
    if len(ends) == 0:
        return []
    defines = np.flatnonzero(_last_ones(instance)[choices.task] & (choices.end >= ends[0]))
    top = first + np.searchsorted(ends, choices.end[defines])
    link = first + np.arange(1, len(ends))
    return [pairs("makespan", defines, top, -1, 0), pairs("makespan", link, link - 1, -1, 0)]


def used_holders(instance: Instance, choices: Choices) -> Ints:
    """Holders with a fixed cost that choices use and no fixed task does."""
    _, held = holders_of(instance, choices.fixed_option[choices.fixed])
    used = np.setdiff1d(holders_of(instance, choices.option)[1], held)
    costly: Ints = used[instance.fixed_cost[used] != 0].astype(np.int64)
    return costly


def used_rows(instance: Instance, choices: Choices, holders: Ints, first: int) -> list[Rows]:
    """x <= used bit of each of its holders."""
    who, holder = holders_of(instance, choices.option)
    which = np.flatnonzero(np.isin(holder, holders))
    return [pairs("used", who[which], first + np.searchsorted(holders, holder[which]), -1, 0)] if len(which) else []


def variable_costs(instance: Instance, choices: Choices, ends: Ints, holders: Ints) -> Floats:
    """[11, n] what each variable adds to each term, by itself."""
    n = len(choices.task)
    parts = np.zeros((instance.levels.shape[1], n + len(ends) + len(holders)))
    parts[:, :n] = task_terms(instance, choices.task, choices.option, choices.start, choices.end)
    least = choices.box.first_end
    parts[0, n : n + len(ends)] = np.diff(ends, prepend=least) * instance.unit
    parts[4, n + len(ends) :] = instance.fixed_cost[holders]
    return parts


def constants(instance: Instance, choices: Choices) -> Floats:
    """[11] the part of each term that no choice changes."""
    fixed = choices.fixed
    option, start = choices.fixed_option[fixed], choices.fixed_start[fixed]
    out: Floats = task_terms(instance, fixed, option, start, instance.ends(start, option)).sum(axis=1)
    out[0] = choices.box.first_end * instance.unit
    out[4] += instance.fixed_cost[np.unique(holders_of(instance, option)[1])].sum()
    return out
