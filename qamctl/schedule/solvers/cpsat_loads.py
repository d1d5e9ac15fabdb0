"""Rows that follow from the rest of a model, and let CP-SAT see a makespan through its linear relaxation.

All that is done with a supply is done before the makespan, so the work that it bears, amount times duration, is at most
capacity times makespan. Where tasks choose between supplies, intervals say this only once they have chosen: without
these rows, bounds on flexible shops and parallel machines hardly move.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.schedule.instance import Instance
from qamctl.schedule.loads import best_capacity, option_loads
from qamctl.schedule.solvers.cpsat_variables import Point, Variables

#: Sums beyond this are not safe in CP-SAT's 64 bits.
LARGEST: Final = 2**60


def add_loads(variables: Variables, instance: Instance, chosen: list[Point], makespan: Point) -> bool:
    """Adds a row for each supply whose work depends on choices; whether there is any.

    Parameters
    ----------
    chosen
        For each option, 1 where its task is done by it.
    makespan
        No scheduled task ends after it.
    """
    from ortools.sat.python import cp_model

    loads = option_loads(instance, consumable=False)
    option = np.repeat(np.arange(len(chosen)), np.diff(loads.first))
    work = loads.amount * instance.option_duration[option]
    order = np.argsort(loads.supply, kind="stable")
    cuts = np.flatnonzero(np.diff(loads.supply[order], prepend=-1, append=-1))
    added = False
    for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        mine = order[a:b]
        points = [(chosen[o], amount) for o, amount in zip(option[mine].tolist(), work[mine].tolist(), strict=True)]
        free = [(point.variable, amount) for point, amount in points if point.variable is not None]
        done = sum(point.offset * amount for point, amount in points)
        most = sum(variables.highest(point) * amount for point, amount in points)
        capacity = best_capacity(instance, int(loads.supply[mine[0]]))
        held = most <= capacity * variables.lowest(makespan)
        if not free or held or max(most, capacity * variables.highest(makespan)) > LARGEST:
            continue
        total = cp_model.LinearExpr.weighted_sum([variable for variable, _ in free], [amount for _, amount in free])
        variables.cp.add(total + done <= capacity * makespan.expression)
        added = True
    return added
