"""A lower bound for any model without constraints: the methods in the order of their cost, each part by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings, Samples
from qamctl.qubo.bounds.ascent import ascend
from qamctl.qubo.bounds.effort import Effort
from qamctl.qubo.bounds.lattice import rounded_up, spacing
from qamctl.qubo.bounds.simple import rounding, simple_bound
from qamctl.qubo.presolve import Part, Presolved, presolve
from qamctl.qubo.presolve.roof import roof_dual
from qamctl.qubo.presolve.run import ROOF_DEGREE, ROOF_PAIRS
from qamctl.qubo.treewidth import eliminate, elimination_order

#: A part is solved outright when its tables have so many cells, a second's work, or less.
EASY_CELLS = 2**27
#: Sweeps of the mixing method where neither seconds nor steps are given.
STEPS = 2_000
#: Couplings that a maximum flow takes in a second, at worst.
FLOW_SPEED = 150_000


@dataclass(frozen=True)
class Bound:
    """No state has less energy than `value`.

    Attributes
    ----------
    value
        In the model's own units, offset included.
    method
        What proved most of it: "presolve", "tree decomposition", "simple", "roof dual", "semidefinite",
        "semidefinite with cuts", "cuts", "packed walks", "choices"; joined by commas where a relaxation was bounded.
    sample
        A state of least energy, where the model was solved outright; `value` is then its energy, for models that
        are not exact less the rounding that may be in it.
    info
        Figures: seconds, variables left, parts, sweeps, cuts.
    """

    value: float
    method: str
    sample: Samples | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


def lower_bound(
    model: Couplings,
    *,
    seconds: float | None = None,
    steps: int | None = None,
    upper: float | None = None,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Bound:
    """The best lower bound on the least energy that the budget gives.

    Presolve comes first; connected parts are bounded one by one, the thin ones solved by dynamic programming, the
    others by roof duality and by a semidefinite relaxation with cuts. Where coefficients are whole numbers bounds
    are rounded up to the next possible energy.

    Parameters
    ----------
    seconds
        By `clock`. A maximum flow and a sparse factorisation, tried only where they should take little of the time,
        are not interrupted.
    steps
        Sweeps of the relaxation, in place of seconds: the result then depends on the model, the seed and the steps
        alone. Without either, `STEPS`.
    upper
        An energy that is known to be reached: work ends when the bound gets there.
    clock
        What seconds are counted by.
    """
    effort = Effort(seconds, steps if steps is not None or seconds is not None else STEPS, stop, clock)
    reduced = presolve(model, seconds=effort.share(0.25), stop=stop, clock=clock)
    floors = [_Floor(part) for part in reduced.parts]
    solved = _solve_thin(floors, effort)
    if len(solved) == len(floors):
        samples = np.zeros(reduced.model.n, np.uint8)
        for floor, found in zip(floors, solved, strict=True):
            samples[floor.part.variables] = found
        sample = reduced.restore(samples)
        value = model.energy(sample) - rounding(model)
        method = "tree decomposition" if floors else "presolve"
        return Bound(value, method, sample, _info(effort, reduced))
    methods = ["simple"]
    step = spacing(model)

    def total() -> float:
        exact_sum = math.fsum([reduced.constant, *(floor.value for floor in floors)])
        scaled = rounded_up(exact_sum - rounding(model), step)
        return math.fsum([model.offset, scaled / model.scale]) if model.offset else scaled / model.scale

    def closed() -> bool:
        return upper is not None and total() >= upper

    figures: dict[str, Any] = {}
    open_floors = floors[len(solved) :]
    for floor in open_floors:
        better = not closed() and _may_flow(floor.part.model, effort) and floor.improve(_roof(floor.part.model))
        methods += ["roof dual"] if better else []
    weight = float(sum(floor.part.model.pairs for floor in open_floors))
    for floor in open_floors:
        if closed() or effort.over():
            break
        if floor.part.model.pairs == 0:
            continue
        others = total() * model.scale - floor.value

        def enough(value: float, floor: _Floor = floor, others: float = others) -> bool:
            return upper is not None and others + rounded_up(value, floor.step) >= upper * model.scale

        share = effort.part(floor.part.model.pairs / weight)
        weight -= floor.part.model.pairs
        result = ascend(floor.part.model, share, enough, seed)
        effort.use(share.sweeps)
        figures = {key: figures.get(key, 0) + value for key, value in result.figures.items()}
        if floor.improve(result.value):
            methods.append(result.method)
    return Bound(total(), methods[-1], None, _info(effort, reduced) | figures)


class _Floor:
    """A lower bound of one part, in scaled units."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.step = spacing(part.model)
        self.value = rounded_up(simple_bound(part.model), self.step)

    def improve(self, value: float) -> bool:
        """Takes a better bound; whether it was one."""
        value = rounded_up(value, self.step)
        better = value > self.value
        self.value = max(self.value, value)
        return better


def _solve_thin(floors: list[_Floor], effort: Effort) -> list[Samples]:
    """Solves parts whose tables are small, and puts them first; the optima of those parts."""
    late = _deadline(effort.share(0.3), effort)
    solved: list[tuple[_Floor, Samples]] = []
    for floor in floors:
        if late():
            break
        model = floor.part.model
        order = elimination_order(model, max_cells=EASY_CELLS, stop=late)
        found = None if order is None else eliminate(model, order, late)
        if found is not None:
            energy = found.energy * model.scale
            floor.value = round(energy) if model.exact else energy - rounding(model)
            solved.append((floor, found.sample))
    thin = {id(floor) for floor, _ in solved}
    floors[:] = [floor for floor, _ in solved] + [floor for floor in floors if id(floor) not in thin]
    return [sample for _, sample in solved]


def _deadline(seconds: float | None, effort: Effort) -> Callable[[], bool]:
    end = None if seconds is None else effort.clock() + seconds
    return lambda: effort.stop() or (end is not None and effort.clock() >= end)


def _may_flow(model: Couplings, effort: Effort) -> bool:
    """Whether a maximum flow is worth its time, and ends in time."""
    left = effort.share(0.5)
    small = model.pairs <= ROOF_PAIRS and 2 * model.pairs <= ROOF_DEGREE * model.n
    return small and (left is None or model.pairs <= left * FLOW_SPEED)


def _roof(model: Couplings) -> float:
    found = roof_dual(model, persistencies=False).bound * model.scale
    return math.nextafter(found, -math.inf) if model.scale != 1 else found


def _info(effort: Effort, reduced: Presolved) -> dict[str, Any]:
    return {
        "seconds": effort.seconds_used(),
        "sweeps": effort.sweeps,
        "variables": reduced.model.n,
        "couplings": reduced.model.pairs,
        "parts": len(reduced.parts),
        "presolve": dict(reduced.counts),
    }
