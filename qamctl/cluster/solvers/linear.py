"""The native engine of linear and integer programming: a bound of the whole, and parts solved around the incumbent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.cluster.bounds import level_bounds
from qamctl.cluster.construct import construct
from qamctl.cluster.instance import Instance
from qamctl.cluster.solution import Solution
from qamctl.cluster.solvers.linear_model import draw
from qamctl.cluster.solvers.linear_part import Frame, Part, everywhere, frame, part_of
from qamctl.cluster.solvers.linear_program import Program
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.kernels import assignment_search
from qamctl.levels import same
from qamctl.solver import Budget, Outcome

#: Pairs of units and leaves up to which the whole problem is relaxed; beyond, only what needs no program bounds it.
WHOLE_PAIRS: Final = 60_000

#: Pairs of a part, and clusters of it at most.
PART_PAIRS: Final = 600
PART_LEAVES: Final = 6

#: Seconds of a part, and nodes of its search tree where the answer must be reproducible.
PART_SECONDS: Final = 1.0
PART_NODES: Final = 200

#: A step of a budget in steps is a proposal of the assignment search; a part takes about as long as so many.
STEPS_PER_PART: Final = 20_000


@dataclass
class _Search:
    """Where the engine stands."""

    instance: Instance
    frame: Frame
    leaf: Index
    mask: Ints
    value: tuple[float, ...]
    rng: np.random.Generator
    parts: int = 0
    better: int = 0


def solve(
    instance: Instance,
    incumbent: Solution | None,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Solution], None],
) -> Outcome:
    """Bound the objective, then improve `incumbent` part by part (see `qamctl.solver.Solver`).

    The bound is that of the linear relaxation of the first level, without what links between clusters cost. A part is
    all units of two to six clusters, which a mixed-integer program assigns anew (large neighbourhood search: P. Shaw,
    "Using constraint programming and local search methods to solve vehicle routing problems", CP 1998).
    """
    begun = time.monotonic()
    bounds = list(level_bounds(instance))
    leaf = construct(instance) if incumbent is None else instance.leaves_of(incumbent)
    problem = instance.problem
    info: dict[str, Any] = {"parts": 0, "better": 0}

    def left() -> float:
        return np.inf if budget.seconds is None else budget.seconds - (time.monotonic() - begun)

    whole = frame(problem)
    free = np.arange(problem.n)
    unit, to = everywhere(problem, free)
    if len(unit) and len(unit) <= WHOLE_PAIRS and not stop():
        relaxed = _relaxed(draw(part_of(whole, leaf, free, unit, to), instance.levels[0] != 0, cut=False),
                           instance.levels[0], min(left() / 2, 60.0))  # fmt: skip
        if relaxed is not None:
            bounds[0] = max(relaxed, bounds[0] if bounds[0] is not None else relaxed)
            info["relaxation"] = relaxed
    start = assignment_search(problem, leaf, seed)
    if start.best_violation:
        note = "there was no assignment yet to start from"
        return Outcome("unknown", incumbent, tuple(bounds), info=info | {"note": note})
    search = _Search(instance, whole, start.best, _masks(instance, incumbent, start.best_mask),
                     instance.value_of(start.best), np.random.default_rng(seed % 2**64))  # fmt: skip
    many = np.inf if budget.steps is None else max(1, budget.steps // STEPS_PER_PART)
    while search.parts < many and left() > 0 and not stop() and not _met(search.value, bounds):
        if problem.k < 2 or len(instance.levels) > 1:
            break
        if _improve(search, min(PART_SECONDS, left()) if budget.steps is None else None):
            report(instance.solution(search.leaf, search.mask))
    info |= {"parts": search.parts, "better": search.better}
    status = "optimal" if _met(search.value, bounds) else "feasible"
    found = instance.solution(search.leaf, search.mask)
    if incumbent is not None and not search.better:
        found = incumbent
    return Outcome(status, found, tuple(bounds), len(unit), info)


def _masks(instance: Instance, incumbent: Solution | None, own: Ints) -> Ints:
    return own if incumbent is None else instance.masks_of(incumbent)


def _met(value: tuple[float, ...], bounds: list[float | None]) -> bool:
    return all(
        bound is not None and (now <= bound or same(now, bound)) for now, bound in zip(value, bounds, strict=True)
    )


def _improve(search: _Search, seconds: float | None) -> bool:
    """Solve one part; whether that made the assignment better."""
    part = _pick(search)
    search.parts += 1
    if part is None:
        return False
    weights = search.instance.levels[0]
    found = _solved(draw(part, weights != 0), weights, seconds)
    if found is None:
        return False
    on = found[: len(part.to)] > 0.5
    leaf = search.leaf.copy()
    leaf[part.free] = search.instance.k
    leaf[part.free[part.unit[on]]] = part.to[on]
    tried = assignment_search(search.instance.problem, leaf, 0)
    value = search.instance.value_of(leaf)
    if tried.best_violation or value >= search.value:
        return False
    search.leaf, search.mask, search.value = leaf, tried.best_mask, value
    search.better += 1
    return True


def _pick(search: _Search) -> Part | None:
    """All units of a few clusters, and those of them where they may be."""
    problem, rng = search.instance.problem, search.rng
    count = int(rng.integers(2, min(PART_LEAVES, problem.k) + 1))
    leaves = rng.choice(problem.k, count, replace=False)
    free = np.flatnonzero(np.isin(search.leaf, leaves))
    if problem.optional.any():
        outside = np.flatnonzero(search.leaf == problem.k)
        free = np.union1d(free, rng.permutation(outside)[:20])
    while len(free) * count > PART_PAIRS and count > 2:
        count -= 1
        free = free[np.isin(search.leaf[free], [*leaves[:count].tolist(), problem.k])]
    if len(free) < 2:
        return None
    unit, to = everywhere(problem, free)
    inside = np.isin(to, leaves[:count])
    return part_of(search.frame, search.leaf, free, unit[inside], to[inside])


def _matrix(program: Program) -> Any:
    from scipy.sparse import csr_matrix

    shape = (len(program.row_lower), program.size)
    return csr_matrix((program.factor, (program.row, program.column)), shape=shape)


def _relaxed(program: Program, weights: Floats, seconds: float) -> float | None:
    """The optimum of the linear relaxation; None where it was not found in time."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    found = milp(
        weights @ program.cost, bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(_matrix(program), program.row_lower, program.row_upper),
        options={"time_limit": float(min(seconds, 1e6)), "presolve": True},
    )  # fmt: skip
    if found.status != 0 or found.fun is None:
        return None
    value = float(found.fun) + float(weights @ program.constant)
    # What the solver's tolerances may have taken too much of.
    return value - 1e-7 * max(1.0, abs(value))


def _solved(program: Program, weights: Floats, seconds: float | None) -> Floats | None:
    """Variables of a better solution than the known one; None where there is none, or none was found."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    options: dict[str, Any] = {"node_limit": PART_NODES} if seconds is None else {"time_limit": seconds}
    found = milp(
        weights @ program.cost, integrality=program.whole.astype(int), bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(_matrix(program), program.row_lower, program.row_upper), options=options,
    )  # fmt: skip
    values: Floats | None = found.x
    return values
