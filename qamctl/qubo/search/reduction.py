"""What `auto` does before it searches: the model is reduced, and parts that are small or thin are solved exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings, Samples
from qamctl.qubo.presolve import Part, Presolved, presolve
from qamctl.qubo.search.shared import Shared
from qamctl.qubo.treewidth import Optimum, eliminate, elimination_order

#: Shares of the time by which they are over: presolve; the look for an elimination order; the elimination itself.
PRESOLVE, ORDER, ELIMINATE = 0.05, 0.08, 0.3

#: Couplings that presolve looks at in a second, at worst; a model with more is searched as it is.
COUPLINGS_PER_SECOND = 1_000_000

#: Cells of the tables of an elimination: for each second, and under a step budget.
CELLS_PER_SECOND, CELLS_OF_STEPS = 5e7, 2**22


@dataclass(frozen=True)
class Rest:
    """What presolve and exact methods leave to a search.

    Attributes
    ----------
    model
        Its energies are those of the whole model.
    presolved
        None where the whole model is left.
    variables, settled
        [k] the presolved model's variables that are left; [m] the values of its others.
    figures
        What was done, for the metrics.
    """

    model: Couplings
    presolved: Presolved | None
    variables: np.ndarray
    settled: np.ndarray
    figures: dict[str, Any]

    def restore(self, samples: np.ndarray) -> Samples:
        """[s, n] samples of the whole model, of samples [s, k]."""
        if self.presolved is None:
            return np.asarray(samples, np.uint8)
        rows = np.repeat(self.settled[None, :], len(samples), axis=0)
        rows[:, self.variables] = samples
        return self.presolved.restore(rows)

    def project(self, sample: np.ndarray) -> Samples:
        """[k] the part of a whole sample [n] that is left."""
        if self.presolved is None:
            return np.asarray(sample, np.uint8)
        part: Samples = self.presolved.project(sample)[self.variables]
        return part


def reduce(shared: Shared) -> Rest:
    """Presolve the model of a run, and solve what can be solved; all of it, where `model` is left without variables."""
    model = shared.objective
    if shared.timed and model.pairs > COUPLINGS_PER_SECOND * shared.left(PRESOLVE):
        figures = {"variables_left": model.n, "skipped": ["presolve: too many couplings for the time"]}
        return Rest(model, None, np.arange(model.n), np.zeros(model.n, np.uint8), figures)
    presolved = presolve(model, seconds=shared.left(PRESOLVE) if shared.timed else None, stop=shared.interrupted)
    left = presolved.model
    values, hard, offset = np.zeros(left.n, np.uint8), [], [left.offset]
    for part in presolved.parts[::-1]:  # the small ones first
        found = _solve(shared, part.model)
        if found is None:
            hard.append(part)
        else:
            values[part.variables] = found.sample
            offset.append(found.energy)
    variables = np.sort(np.concatenate([part.variables for part in hard])) if hard else np.zeros(0, np.int64)
    figures = {
        "presolved": dict(presolved.counts), "skipped": list(presolved.skipped), "variables_left": len(variables),
        "parts_solved": len(presolved.parts) - len(hard),
    }  # fmt: skip
    return Rest(joined(left, hard, variables, float(np.sum(offset))), presolved, variables, values, figures)


def _solve(shared: Shared, model: Couplings) -> Optimum | None:
    """A part by dynamic programming, where it is thin enough for the time."""
    cells = CELLS_PER_SECOND * shared.left(ELIMINATE) if shared.timed else CELLS_OF_STEPS
    late = _late(shared, ORDER)
    order = None if late() else elimination_order(model, max_cells=int(cells), stop=late)
    return None if order is None else eliminate(model, order, _late(shared, ELIMINATE))


def _late(shared: Shared, share: float) -> Callable[[], bool]:
    if not shared.timed:
        return shared.interrupted
    return lambda: shared.interrupted() or shared.left(share) <= 0


def joined(model: Couplings, parts: list[Part], variables: np.ndarray, offset: float) -> Couplings:
    """Connected parts of a model as one model of their own; `variables` are theirs, ascending."""
    if len(variables) == model.n:
        return replace(model, offset=offset)
    place = np.full(model.n, -1, np.int64)
    place[variables] = np.arange(len(variables))
    size = np.diff(model.first)[variables]
    first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    entry = np.arange(first[-1]) + np.repeat(model.first[variables] - first[:-1], size)
    return Couplings(
        len(variables), model.linear[variables], first, place[model.other[entry]].astype(np.int32),
        model.weight[entry], model.scale, offset, model.exact,
    )  # fmt: skip
