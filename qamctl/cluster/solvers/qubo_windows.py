"""Assignments by a QUBO engine: windows around the incumbent, compiled, sampled, decoded, mended, compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.first import first_assignment
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.windows import ClusterWindows
from qamctl.qubo.window import Sampler
from qamctl.solver import Budget, Outcome
from qamctl.windowed import OpenLevels, improve_windows


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
    *,
    sample: Sampler,
    max_variables: int | None = None,
    exact: bool = False,
    batch: int = 1,
    **loop: Any,
) -> Outcome:
    """Improve an assignment window by window; follows `qamctl.solver.Solver`, and besides:

    Parameters
    ----------
    sample
        The engine: `sample(compiled, seed=, initial=, seconds= | reads=, sweeps=)`.
    max_variables
        Bits that it takes, None without a limit.
    exact
        Its answers are proved least. The whole problem, where it fits, then proves its levels.
    batch
        Windows that the engine samples side by side.
    loop
        As in `windowed.improve_windows`.

    Raises
    ------
    UnsupportedError
        The objective, or a rule, cannot be held by a QUBO.
    """
    bounds = list(level_bounds(instance))
    if incumbent is None:
        incumbent = first_assignment(instance)
        if incumbent is None:
            return Outcome("unknown", None, tuple(bounds), info={"reason": "no feasible assignment to start from"})
        report(incumbent)
    levels = OpenLevels(bounds)
    windows = ClusterWindows(instance, max_variables, levels, exact, together=batch > 1)
    return improve_windows(
        windows, levels, incumbent, budget, seed, stop, report, sample=sample, batch=batch, **loop
    )  # fmt: skip
