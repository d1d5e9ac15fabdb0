"""One run of CP-SAT on a program, in whole numbers, for something better than what is known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.cluster.solvers.programs.program import Program
from qamctl.cluster.spec import Floats, Ints
from qamctl.errors import BackendError

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

#: Digits behind the point that factors keep, and the magnitude that they and what they make up may reach.
DIGITS: Final = 6
LARGEST: Final = 2.0**53


@dataclass(frozen=True, eq=False)
class Found:
    """What came of a run.

    Attributes
    ----------
    better
        [v] the variables of the best solution; None where none better than the known one was found.
    ended
        Nothing is better than this, or than the known one where none was found.
    exact
        Nothing had to be rounded: what ended is proved.
    effort
        Deterministic seconds that it took.
    bound
        How much less than the known solution any can cost, at most; inf where unknown.
    """

    better: Ints | None
    ended: bool
    exact: bool
    effort: float
    bound: float


@dataclass(frozen=True, eq=False)
class _Total:
    """An objective in whole numbers: [v] factors, how many times it was multiplied, whether nothing was rounded."""

    factor: Ints
    times: float
    exact: bool


@dataclass(eq=False)
class Run:
    """A model of a program and its solver; `stop` may be called from another thread at any time.

    Attributes
    ----------
    weights
        [7] of the terms.
    earlier
        [l, 7] of objective levels that may not get worse.
    effort
        Deterministic seconds, at most.
    first
        Any solution will do: what is known is none.
    """

    program: Program
    weights: Floats
    earlier: Floats
    effort: float
    seed: int
    first: bool = False
    stopped: bool = False
    _solver: Any = None

    def stop(self) -> None:
        """End the run; has no effect in the moment before the search begins, so ask until it has ended."""
        self.stopped = True
        if self._solver is not None:
            self._solver.stop_search()

    def solve(self) -> Found:
        """Look for a solution that costs less than the known one."""
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        program = self.program
        variables = _variables(program, model)
        exact = _rows(program, model, variables)
        known = np.rint(program.known).astype(np.int64)
        for weights in self.earlier:
            held = _total(program, weights)
            exact &= held.exact
            model.add(_sum(variables, held.factor) <= int(held.factor @ known))
        total = _total(program, self.weights)
        exact &= total.exact
        at = int(total.factor @ known)
        if not self.first:
            model.add(_sum(variables, total.factor) <= at - 1)
            model.minimize(_sum(variables, total.factor))
        self._solver = solver = _solver(self.effort, self.seed)
        status = cp_model.UNKNOWN if self.stopped else solver.solve(model)
        if status == cp_model.MODEL_INVALID:
            raise BackendError(f"CP-SAT refuses the model: {model.validate()}")
        if self.stopped and status == cp_model.UNKNOWN:
            return Found(None, False, exact, 0.0, np.inf)
        response = solver.response_proto
        some = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        ended = status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        less = 0 if status == cp_model.INFEASIBLE else at - int(response.inner_objective_lower_bound)
        return Found(
            np.array(response.solution, np.int64) if some else None, ended, exact,
            float(response.deterministic_time), less / total.times,
        )  # fmt: skip


def _variables(program: Program, model: cp_model.CpModel) -> list[Any]:
    lower = np.floor(program.lower + 1e-9).astype(np.int64)
    upper = np.ceil(program.upper - 1e-9).astype(np.int64)
    ends = zip(lower.tolist(), upper.tolist(), strict=True)
    return [model.new_bool_var("") if (a, b) == (0, 1) else model.new_int_var(a, max(a, b), "") for a, b in ends]


def _sum(variables: list[Any], factor: Ints) -> Any:
    from ortools.sat.python import cp_model

    some = np.flatnonzero(factor)
    return cp_model.LinearExpr.weighted_sum([variables[j] for j in some.tolist()], factor[some].tolist())


def _rows(program: Program, model: cp_model.CpModel, variables: list[Any]) -> bool:
    """Adds the rows in whole numbers; whether nothing had to be rounded."""
    import scipy.sparse as sp
    from ortools.sat.python import cp_model

    count = len(program.row_lower)
    matrix = sp.csr_array((program.factor, (program.row, program.column)), shape=(count, program.size))
    matrix.sum_duplicates()
    first, column = matrix.indptr, matrix.indices
    row = np.repeat(np.arange(count), np.diff(first))
    low, high = program.row_lower, program.row_upper
    limits = np.concatenate([np.where(np.isfinite(end), end, 0.0) for end in (low, high)])
    both = np.tile(np.arange(count), 2)
    reach = np.maximum(np.abs(program.lower), np.abs(program.upper))
    times, exact = _times(
        count, np.concatenate([row, both]), np.concatenate([matrix.data, limits]),
        np.bincount(row, weights=np.abs(matrix.data) * reach[column], minlength=count).astype(float),
    )  # fmt: skip
    factor = np.rint(matrix.data * times[row]).astype(np.int64)
    least = np.where(np.isfinite(low), np.ceil(np.where(np.isfinite(low), low, 0) * times - 1e-6), cp_model.INT_MIN)
    most = np.where(np.isfinite(high), np.floor(np.where(np.isfinite(high), high, 0) * times + 1e-6), cp_model.INT_MAX)
    ones = np.bincount(row, weights=factor == 1, minlength=count) == np.diff(first)
    columns, factors, starts = column.tolist(), factor.tolist(), first.tolist()
    for i, (a, b) in enumerate(pairwise(starts)):
        mine = [variables[j] for j in columns[a:b]]
        if a == b:
            if least[i] > 0 or most[i] < 0:
                model.add_bool_or([])
            continue
        if ones[i] and most[i] == 1 and least[i] in (1, cp_model.INT_MIN):
            (model.add_exactly_one if least[i] == 1 else model.add_at_most_one)(mine)
            continue
        ends = (int(least[i]) if np.isfinite(low[i]) else cp_model.INT_MIN,
                int(most[i]) if np.isfinite(high[i]) else cp_model.INT_MAX)  # fmt: skip
        model.add_linear_constraint(cp_model.LinearExpr.weighted_sum(mine, factors[a:b]), *ends)
    return exact


def _times(count: int, row: Ints, figure: Floats, mass: Floats) -> tuple[Floats, bool]:
    """([count] what each row is multiplied by so that its figures are whole numbers, whether they all are then).

    Parameters
    ----------
    mass
        [count] largest sum that a row can have.
    """
    digits = np.zeros(count, np.int64)
    rough = np.zeros(count, bool)
    for _ in range(DIGITS + 1):
        each = figure * 10.0 ** digits[row]
        broken = np.abs(each - np.rint(each)) > 1e-9 * np.maximum(1.0, np.abs(each))
        rough = np.bincount(row, weights=broken, minlength=count) > 0
        digits[rough & (digits < DIGITS)] += 1
    large = np.ceil(np.log10(np.maximum(1.0, mass * 10.0**digits / LARGEST)))
    times = np.power(10.0, digits - large).astype(np.float64)
    return times, not (rough.any() or (large > 0).any())


def _total(program: Program, weights: Floats) -> _Total:
    cost = weights @ program.cost
    reach = np.maximum(np.abs(program.lower), np.abs(program.upper))
    row = np.zeros(len(cost), np.int64)
    times, exact = _times(1, row, cost, np.array([float(np.abs(cost) @ reach)]))
    return _Total(np.rint(cost * times[0]).astype(np.int64), float(times[0]), exact)


def _solver(effort: float, seed: int) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.random_seed = seed % 2**31
    parameters.max_deterministic_time = effort
    parameters.catch_sigint_signal = False
    # Measured on parts of machine reassignment and of generalised assignment: linear relaxations pay, and long
    # presolves of models this small do not.
    parameters.linearization_level = 2
    parameters.cp_model_probing_level = 0
    parameters.symmetry_level = 0
    return solver
