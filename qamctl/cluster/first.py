"""A first assignment for what is built without a real search: the same each time, since compiled files depend on it."""

from __future__ import annotations

from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers import assignment
from qamctl.solver import Budget

#: Steps of the assignment search, and more of them for each unit: a moment, enough to keep the constraints as a rule.
STEPS, STEPS_PER_UNIT = 20_000, 20


def first_assignment(instance: Instance) -> Solution | None:
    """An assignment that keeps every constraint; None where a short search finds none."""
    budget = Budget(steps=STEPS + STEPS_PER_UNIT * instance.n)
    found: Solution | None = assignment.solve(instance, None, budget, 0, lambda: False, lambda solution: None).solution
    return found
