"""Assignments that are linear or nearly so: a relaxation for the bound, exact search of parts for the answer.

The relaxation of the whole problem (GLOP) proves a bound, prices capacities, and guides a local search. Then parts of
the incumbent are decided anew, each a small mixed-integer program in which CP-SAT finds something better, or shows that
there is nothing: large neighbourhood search (P. Shaw, "Using constraint programming and local search methods to solve
vehicle routing problems", CP 1998). Which parts pay, and how large they may be, is learnt on the way. Where they gain
no more, HiGHS decides the whole problem, without what reduced costs exclude, in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers.programs.search import Search
from qamctl.cluster.solvers.programs.tasks import Tasks
from qamctl.cluster.spec import NO_LIMIT, TERMS
from qamctl.solver import Budget, Outcome

#: A budget in steps always has so many jobs under way, so that the answer does not depend on the threads.
WIDTH: Final = 2


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Search for a better assignment than `incumbent` and prove how good one can be; see `qamctl.solver.Solver`.

    With `budget.steps`, a part decided anew counts as `programs.search.STEPS_PER_PART` steps, and every limit is a
    deterministic one: the answer depends on nothing but the instance, the incumbent, the steps and the seed.
    """
    begun = time.monotonic()
    cheap = level_bounds(instance)
    if (why := declined(instance)) is not None:
        return Outcome("unknown" if incumbent is None else "feasible", incumbent, cheap, info={"skipped": why})
    timed = budget.steps is None
    width = max(1, budget.threads) if timed else WIDTH
    search = Search(instance, incumbent, budget, begun, cheap, seed, report)

    def halted() -> bool:
        return stop() or search.clock() >= 1

    with Tasks(max(1, budget.threads), width, ordered=not timed) as tasks:
        for level in range(len(instance.levels)):
            search.begin(level)
            while not search.over and not halted():
                while not tasks.full and (job := search.propose()) is not None:
                    tasks.put(job)
                if not tasks.some:
                    break
                search.learn(*tasks.take(halted))
            tasks.clear()
            if search.infeasible or stop() or search.value is None:
                break
    return search.outcome()


def declined(instance: Instance) -> str | None:
    """Why this engine has nothing to say of a problem; None where it has."""
    problem = instance.problem
    if problem.n == 0 or problem.k == 0:
        return "there is nothing to place, or nowhere to place it"
    some = {
        "cut": len(problem.link_to) > 0,
        "load": bool(((problem.safe < NO_LIMIT) & (problem.load != 0)).any()),
        "balance": len(problem.ratio_one) > 0 or problem.target > 0,
        "move": len(problem.home_leaf) > 0,
        "cost": len(problem.cost_leaf) > 0 or bool(problem.open_cost.any()),
        "spread": bool((problem.rule_weight > 0).any()),
        "unplaced": bool(problem.optional.any()),
    }
    counted = [term for term, used in zip(TERMS, (instance.levels != 0).any(axis=0).tolist(), strict=True) if used]
    if [term for term in counted if some[term]] == ["cut"]:
        return "links that are cut are all that counts, and a linear relaxation knows nothing of them"
    return None
