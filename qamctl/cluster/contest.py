"""A cluster problem as the engines race for it."""

from __future__ import annotations

from functools import partial
from typing import Final

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.check import Report, check_columns
from qamctl.cluster.instance import Instance
from qamctl.cluster.random_answers import best_of_random
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import TERMS, ClusterSpec
from qamctl.contest import Contest

#: Proposals of a move that take about as long as a window.
WINDOW: Final = 20_000

#: Terms that are sums over agents, whatever others do.
LINEAR: Final = ("move", "cost", "unplaced")
#: Size of programs (see `_left_out`) up to which they find and prove something about other terms, too.
MOST_PROVED: Final = 20_000

#: Proposals for each unit before remote engines begin, and within which limits: some seconds at most.
STEPS_PER_UNIT, LEAST_STEPS, MOST_STEPS = 500, 50_000, 2_000_000


def contest_of(instance: Instance) -> Contest:
    """What the engines race for."""
    return Contest(
        "cluster", instance, instance.value, partial(check_solution, instance.spec), partial(level_bounds, instance),
        partial(best_of_random, instance), WINDOW, max(LEAST_STEPS, min(MOST_STEPS, STEPS_PER_UNIT * instance.n)),
        lead=None if _others(instance) else "linear", left_out=partial(_left_out, instance),
    )  # fmt: skip


def _others(instance: Instance) -> list[str]:
    """Terms that count and are not linear."""
    counted = (instance.levels != 0).any(axis=0)
    return [term for term, used in zip(TERMS, counted, strict=True) if used and term not in LINEAR]


def _left_out(instance: Instance, seconds: float | None) -> dict[str, str]:
    """Programs prove what is small and decide what is linear; elsewhere moves find more in the same time.

    A program has a choice for each unit in each leaf, and for each link and leaf another one with three rows.
    """
    named = _others(instance)
    size = (instance.n + 4 * (len(instance.problem.link_to) // 2)) * instance.k
    if not named or size <= MOST_PROVED:
        return {}
    why = f"the objective counts {', '.join(named)}, and a program of {size:,} choices proves little"
    return {"linear": why}


def check_solution(spec: ClusterSpec, solution: Solution) -> Report:
    """The checker's verdict on an assignment."""
    return check_columns(spec, solution.cluster, solution.devices)
