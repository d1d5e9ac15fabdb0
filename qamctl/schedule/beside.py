"""Which starts are possible beside tasks that are settled, capacities apart."""

from __future__ import annotations

import numpy as np

from qamctl.errors import InfeasibleError
from qamctl.schedule.conflicts import Sides, conflicts
from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.picks import Picks
from qamctl.schedule.spec import NEVER, Index, Ints


def edges(instance: Instance) -> tuple[Index, Index, np.ndarray, Ints]:
    """[E] predecessor, successor, kind and lag of every precedence."""
    graph = instance.graph
    pred = np.repeat(np.arange(instance.n, dtype=np.int32), np.diff(graph.succ_start))
    return pred, graph.succ_task, graph.succ_kind, graph.succ_lag


def beside_fixed(
    instance: Instance, fixed_start: Ints, fixed_option: Ints, task: Ints, option: Ints, start: Ints
) -> np.ndarray:
    """[c] whether a choice keeps every lag to the fixed tasks, and with crews whatever else is between two tasks.

    Raises
    ------
    InfeasibleError
        Two fixed tasks break a lag.
    """
    if instance.crews is not None:
        return _beside_crews(instance, instance.crews, fixed_start, fixed_option, task, option, start)
    pred, succ, kind, lag = edges(instance)
    is_fixed = fixed_option >= 0
    fixed_end = fixed_start + np.where(is_fixed, instance.option_duration[fixed_option], 0)
    from_end, to_end = (kind == 0) | (kind == 2), kind >= 2
    leaves = np.where(from_end, fixed_end[pred], fixed_start[pred]) + lag
    arrives = np.where(to_end, fixed_end[succ], fixed_start[succ])
    both = is_fixed[pred] & is_fixed[succ]
    if (both & (arrives < leaves)).any():
        e = int(np.flatnonzero(both & (arrives < leaves))[0])
        ids = instance.spec.tasks.ids
        raise InfeasibleError(f"tasks {ids[pred[e]]} and {ids[succ[e]]} cannot keep their lag: no such schedule exists")
    low = np.full((2, instance.n), -NEVER)
    high = np.full((2, instance.n), NEVER)
    into = is_fixed[pred] & ~is_fixed[succ]
    np.maximum.at(low, (to_end[into].astype(np.int64), succ[into]), leaves[into])
    out = ~is_fixed[pred] & is_fixed[succ]
    np.minimum.at(high, (from_end[out].astype(np.int64), pred[out]), (arrives - lag)[out])
    end = start + instance.option_duration[option]
    kept: np.ndarray = (
        (start >= low[0, task]) & (end >= low[1, task]) & (start <= high[0, task]) & (end <= high[1, task])
    )
    return kept


def _beside_crews(
    instance: Instance, crews: Crews, fixed_start: Ints, fixed_option: Ints, task: Ints, option: Ints, start: Ints
) -> np.ndarray:
    kept = np.ones(len(task), bool)
    is_fixed = fixed_option >= 0
    fixed = np.flatnonzero(is_fixed)
    if not len(fixed):
        return kept
    picks = Picks.of(
        instance, crews, np.append(task, fixed), np.append(option, fixed_option[fixed]),
        np.append(start, fixed_start[fixed]),
    )  # fmt: skip
    for runs in conflicts(instance, crews, picks, Sides(~is_fixed, is_fixed)):
        one, other = runs.pairs()
        kept[picks.at[np.where(is_fixed[picks.task[one]], other, one)]] = False
    return kept


def refuse_contradictions(instance: Instance, crews: Crews, fixed_start: Ints, fixed_option: Ints) -> None:
    """Raise InfeasibleError where two fixed tasks exclude each other."""
    is_fixed = fixed_option >= 0
    fixed = np.flatnonzero(is_fixed)
    picks = Picks.of(instance, crews, fixed, fixed_option[fixed], fixed_start[fixed])
    for runs in conflicts(instance, crews, picks, Sides(is_fixed, is_fixed)):
        for one, other in zip(*runs.pairs(), strict=True):
            first, second = (instance.spec.tasks.ids[picks.task[p]] for p in (one, other))
            raise InfeasibleError(
                f"tasks {first} and {second} have one start left each, and these break `{runs.kind}`: "
                "no such schedule exists"
            )
